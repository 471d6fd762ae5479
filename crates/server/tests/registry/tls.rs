//! TLS, with HTTP/1.1 and HTTP/2.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use countersign_server::{Server, ServerError, ServerOptions, TlsFiles};
use http::Request;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::registry_with;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn files() -> TlsFiles {
    TlsFiles {
        certificate: file("certificate.pem"),
        key: file("key.pem"),
    }
}

async fn connect(address: &str, protocol: &[u8]) -> TlsStream<TcpStream> {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(file("certificate.pem")).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap()
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_over_tls() {
    let registry = registry_with(|options| options.tls(files())).await;
    assert!(registry.running.url().starts_with("https://127.0.0.1:"));
    let address = registry.running.address().to_string();
    let request = |uri: &str| {
        Request::get(uri)
            .header("host", "localhost")
            .body(Full::<Bytes>::default())
            .unwrap()
    };

    let stream = TokioIo::new(connect(&address, b"http/1.1").await);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(sender.send_request(request("/v2/")).await.unwrap().status(), 200);

    let stream = TokioIo::new(connect(&address, b"h2").await);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    let answer = sender.send_request(request("https://localhost/v2/")).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.version()),
        (200, http::Version::HTTP_2)
    );
    drop(sender);
    registry.running.stop().await.unwrap();
}

#[tokio::test]
async fn plain_http_gets_no_answer_from_a_tls_server() {
    let registry = registry_with(|options| options.tls(files())).await;
    let answer = registry.client.try_send(http::Method::GET, "/v2/", "").await;
    assert!(answer.is_err_and(|error| error.is::<hyper::Error>()));
}

#[tokio::test]
async fn unusable_certificates_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let start = |certificate: &str, key: &str| {
        let files = TlsFiles {
            certificate: file(certificate),
            key: file(key),
        };
        Server::start(ServerOptions::new(folder.path()).tls(files))
    };
    let path = |error: ServerError| match error {
        ServerError::TlsFile { path, .. } | ServerError::NoCertificate { path } => path,
        other => panic!("{other:?}"),
    };
    assert_eq!(path(start("none.pem", "key.pem").await.unwrap_err()), file("none.pem"));
    assert_eq!(
        path(start("certificate.pem", "certificate.pem").await.unwrap_err()),
        file("certificate.pem")
    );
    assert_eq!(path(start("key.pem", "key.pem").await.unwrap_err()), file("key.pem"));
}
