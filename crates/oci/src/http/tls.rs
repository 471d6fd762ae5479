//! TLS for the client, built when the first `https` connection is made: a plain run never reads the machine's roots.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper_rustls::{DefaultServerNameResolver, FixedServerNameResolver, ResolveServerName};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::error::StoreError;

/// How TLS connections are made.
#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    /// A file of certificate authorities, PEM, trusted beside the machine's own.
    pub authorities: Option<PathBuf>,
    /// The certificate and key, PEM, shown to servers that ask for one.
    pub client_certificate: Option<ClientCertificate>,
    /// The name expected in the server's certificate, instead of the host's.
    pub server_name: Option<String>,
    /// Whether the server must prove who it is.
    pub server_proof: ServerProof,
}

/// Files with the client's certificate and its key.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The certificate, with the chain above it, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// Whether the server must prove who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerProof {
    /// It must.
    #[default]
    Required,
    /// Any certificate is taken: whoever is on the way can read and change what is sent.
    InsecurelySkipped,
}

/// TLS, ready to connect.
#[derive(Clone)]
pub(super) struct Tls {
    pub(super) config: Arc<ClientConfig>,
    pub(super) names: Arc<dyn ResolveServerName + Send + Sync>,
}

impl Tls {
    /// Reads roots and files, and makes the configuration.
    pub(super) fn load(options: &TlsOptions) -> Result<Self, StoreError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| tls("protocol versions", &error))?;
        let builder = match options.server_proof {
            ServerProof::Required => builder.with_root_certificates(roots(options.authorities.as_deref())?),
            ServerProof::InsecurelySkipped => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))),
        };
        let mut config = match &options.client_certificate {
            Some(files) => builder
                .with_client_auth_cert(certificates(&files.certificate)?, key(&files.key)?)
                .map_err(|error| tls(&files.certificate.display().to_string(), &error))?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let names: Arc<dyn ResolveServerName + Send + Sync> = match &options.server_name {
            Some(name) => Arc::new(FixedServerNameResolver::new(
                ServerName::try_from(name.clone()).map_err(|error| tls(name, &error))?,
            )),
            None => Arc::new(DefaultServerNameResolver::default()),
        };
        Ok(Self {
            config: Arc::new(config),
            names,
        })
    }
}

fn roots(authorities: Option<&Path>) -> Result<RootCertStore, StoreError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if let Some(path) = authorities {
        for certificate in certificates(path)? {
            roots
                .add(certificate)
                .map_err(|error| tls(&path.display().to_string(), &error))?;
        }
    }
    match (roots.is_empty(), native.errors.first()) {
        (true, Some(error)) => Err(tls("the machine's certificate authorities", error)),
        (true, None) => Err(tls("the machine's certificate authorities", &"there are none")),
        (false, _) => Ok(roots),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, StoreError> {
    let place = path.display().to_string();
    let pem = read(path)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| tls(&place, &error))?;
    if found.is_empty() {
        return Err(tls(&place, &"there is no PEM certificate in it"));
    }
    Ok(found)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, StoreError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| tls(&path.display().to_string(), &error))
}

fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    let file = |source| StoreError::File {
        path: path.display().to_string(),
        source,
    };
    let size = std::fs::metadata(path).map_err(file)?.len();
    if size > FILE_LIMIT {
        return Err(StoreError::TooLarge {
            what: path.display().to_string(),
            limit: format!("{FILE_LIMIT} bytes"),
        });
    }
    std::fs::read(path).map_err(file)
}

fn tls(place: &str, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::Tls {
        place: place.to_owned(),
        reason: reason.to_string(),
    }
}

/// Takes any certificate, but still has the server prove that it holds its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The largest certificate or key file read, in bytes: the largest root bundles have 300 KiB.
const FILE_LIMIT: u64 = 4 * 1024 * 1024;
