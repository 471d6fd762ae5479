//! A registry in a temporary folder, and a client that hides nothing.

use bytes::Bytes;
use countersign_core::Digest;
use countersign_server::{Durability, Running, Server, ServerOptions};
use http::Method;
use tempfile::TempDir;

pub(crate) use crate::answer::Answer;
use crate::answer::send;

pub(crate) const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A registry that is gone with its folder when the test ends.
pub(crate) struct Registry {
    pub(crate) running: Running,
    pub(crate) folder: TempDir,
    pub(crate) client: Client,
}

pub(crate) async fn registry() -> Registry {
    registry_with(|options| options).await
}

pub(crate) async fn registry_with(adjust: impl FnOnce(ServerOptions) -> ServerOptions) -> Registry {
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions::new(folder.path()).durability(Durability::ProcessCrash);
    let running = Server::start(adjust(options)).await.unwrap();
    let client = Client::new(running.address().to_string());
    Registry {
        running,
        folder,
        client,
    }
}

/// Sends each request on a connection of its own, unless told otherwise.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: String,
    headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status and the code of the specification.
    pub(crate) fn error(&self) -> (u16, String) {
        let code = self.json()["errors"][0]["code"].as_str().unwrap_or("none").to_owned();
        (self.status.as_u16(), code)
    }

    #[track_caller]
    pub(crate) fn expect_error(self, status: u16, code: &str) {
        assert_eq!(self.error(), (status, code.to_owned()), "{self:?}");
    }
}

impl Client {
    pub(crate) fn new(address: String) -> Self {
        Self {
            address,
            headers: Vec::new(),
        }
    }

    /// The same client, which sends another header.
    pub(crate) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name, value.to_owned()));
        client
    }

    /// Sends a request; an error where the server broke off.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (*name, &**value)).collect();
        send(&self.address, method, path, &headers, body.into()).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        self.try_send(method, path, body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    pub(crate) async fn head(&self, path: &str) -> Answer {
        self.send(Method::HEAD, path, "").await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send(Method::PUT, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send(Method::PATCH, path, body).await
    }

    /// Pushes a blob in one request.
    pub(crate) async fn push_blob(&self, name: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::sha256(bytes);
        let path = format!("/v2/{name}/blobs/uploads/?digest={digest}");
        self.post(&path, bytes.to_vec()).await.expect(201);
        digest
    }

    /// Starts an upload, and tells where it goes on.
    pub(crate) async fn begin(&self, name: &str) -> String {
        let answer = self.post(&format!("/v2/{name}/blobs/uploads/"), "").await.expect(202);
        answer.header("location").to_owned()
    }

    pub(crate) async fn put_manifest(&self, name: &str, reference: &str, media_type: &str, bytes: &str) -> Answer {
        self.with("content-type", media_type)
            .put(&format!("/v2/{name}/manifests/{reference}"), bytes.to_owned())
            .await
    }

    /// Pushes an image of one layer, and the manifest under a tag.
    pub(crate) async fn push_image(&self, name: &str, tag: &str, layer: &[u8]) -> Digest {
        self.push_blob(name, b"{}").await;
        self.push_blob(name, layer).await;
        let manifest = image(layer);
        self.put_manifest(name, tag, IMAGE, &manifest).await.expect(201);
        Digest::sha256(manifest.as_bytes())
    }
}

/// The manifest of an image of one layer, with an empty configuration.
pub(crate) fn image(layer: &[u8]) -> String {
    image_with(layer, "")
}

/// The manifest of an image of one layer, with more members.
pub(crate) fn image_with(layer: &[u8], members: &str) -> String {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{IMAGE}",{members}"config":{},"layers":[{}]}}"#,
        descriptor("application/vnd.oci.empty.v1+json", b"{}"),
        descriptor("application/octet-stream", layer),
    )
}

/// Members that make a manifest refer to another.
pub(crate) fn subject(digest: &Digest, artifact_type: &str) -> String {
    format!(r#""artifactType":"{artifact_type}","subject":{{"mediaType":"{IMAGE}","digest":"{digest}","size":1}},"#)
}

pub(crate) fn descriptor(media_type: &str, bytes: &[u8]) -> String {
    let digest = Digest::sha256(bytes);
    format!(
        r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{}}}"#,
        bytes.len()
    )
}
