//! The client against a real registry.

use std::path::PathBuf;

use countersign_core::Digest;
use countersign_core::secret::Secret;
use countersign_oci::blob::{Source, UploadOutcome};
use countersign_oci::http::{Http, ServerProof};
use countersign_oci::registry::credentials::Credential;
use countersign_oci::store::{Condition, Store};
use countersign_oci::{Registry, RegistryOptions, Repository, StoreError, Upload};
use countersign_server::{BasicAuth, Durability, Running, Server, ServerOptions, TlsFiles};

use crate::content::{artifact, image, noise};
use crate::scripted::{client, http};

struct Served {
    running: Running,
    _root: tempfile::TempDir,
}

impl Served {
    async fn start(change: impl FnOnce(ServerOptions) -> ServerOptions) -> Self {
        let root = tempfile::tempdir().unwrap();
        let options = ServerOptions::new(root.path()).durability(Durability::ProcessCrash);
        Self {
            running: Server::start(change(options)).await.unwrap(),
            _root: root,
        }
    }

    fn repository(&self, path: &str) -> Repository {
        format!("{}/{path}", self.running.address()).parse().unwrap()
    }
}

async fn push_image(registry: &Registry, repository: &Repository, text: &str) -> countersign_oci::Manifest {
    let (manifest, layer) = image(text);
    registry.push_blob(repository, &layer).await.unwrap();
    registry.push_blob(repository, &Upload::bytes("{}")).await.unwrap();
    let tag = repository.tag("v1").unwrap();
    registry
        .push_manifest(&tag, &manifest, Condition::Always)
        .await
        .unwrap();
    manifest
}

#[tokio::test]
async fn what_is_pushed_is_pulled() {
    let served = Served::start(|options| options).await;
    let (registry, repository) = (client(), served.repository("team/app"));
    let manifest = push_image(&registry, &repository, "layer").await;
    let tag = repository.tag("v1").unwrap();
    assert_eq!(registry.resolve(&tag).await.unwrap().digest(), manifest.digest());
    assert_eq!(registry.manifest(&tag).await.unwrap().bytes(), manifest.bytes());
    let described = registry.head(&tag).await.unwrap().unwrap();
    assert_eq!(
        (described.size, described.media_type.as_str()),
        (manifest.bytes().len() as u64, manifest.media_type())
    );
    let layer = &manifest.layers()[0];
    let blob = registry
        .blob(&repository, &layer.digest, Some(layer.size))
        .await
        .unwrap();
    assert_eq!(&blob.read(100).await.unwrap()[..], b"layer");
    assert_eq!(registry.tags(&repository).await.unwrap(), ["v1"]);
    registry.delete(&tag).await.unwrap();
    assert!(matches!(registry.resolve(&tag).await, Err(StoreError::NotFound { .. })));
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn artifacts_are_listed_with_their_subject() {
    let served = Served::start(|options| options).await;
    let (registry, repository) = (client(), served.repository("team/app"));
    let subject = push_image(&registry, &repository, "layer").await;
    for text in ["one", "two"] {
        let (manifest, layer) = artifact(text, &subject);
        registry.push_blob(&repository, &layer).await.unwrap();
        let name = repository.digest(manifest.digest().clone());
        registry
            .push_manifest(&name, &manifest, Condition::Always)
            .await
            .unwrap();
    }
    let listed = registry.referrers(&repository, subject.digest()).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(
        listed
            .iter()
            .all(|entry| entry.artifact_type.as_deref() == Some("test/artifact"))
    );
    assert_eq!(
        registry.tags(&repository).await.unwrap(),
        ["v1"],
        "no fallback tag is written"
    );
}

#[tokio::test]
async fn large_blobs_go_both_ways_and_are_mounted() {
    let served = Served::start(|options| options).await;
    let (registry, repository) = (client(), served.repository("team/app"));
    let content = noise(20_000_000);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &content).unwrap();
    let upload = Upload::file(file.path().to_owned(), content.len() as u64);
    let uploaded = registry.push_blob(&repository, &upload).await.unwrap();
    assert_eq!(uploaded.digest, Digest::sha256(&content));

    let other = served.repository("team/other");
    assert!(registry.mount(&other, &uploaded.digest, &repository).await.unwrap());
    let third = served.repository("team/third");
    assert!(
        !registry
            .mount(&third, &Digest::sha256(b"absent"), &repository)
            .await
            .unwrap()
    );

    // From one repository into another as a stream.
    let (from, digest, source) = (other.clone(), uploaded.digest.clone(), registry.clone());
    let upload = Upload {
        source: Source::Stream(std::sync::Arc::new(move || {
            let (source, from, digest) = (source.clone(), from.clone(), digest.clone());
            Box::pin(async move { source.blob(&from, &digest, None).await })
        })),
        digest: Some(uploaded.digest.clone()),
        size: Some(uploaded.size),
        mount_from: None,
        meter: None,
    };
    let copied = registry.push_blob(&third, &upload).await.unwrap();
    assert_eq!(
        (copied.digest.clone(), copied.how),
        (uploaded.digest, UploadOutcome::Sent)
    );
    let mut sink = Vec::new();
    let blob = registry.blob(&third, &copied.digest, Some(copied.size)).await.unwrap();
    assert_eq!(blob.copy_to(&mut sink).await.unwrap(), 20_000_000);
    assert!(sink == content);
}

#[tokio::test]
async fn a_replacement_is_checked_by_a_registry_that_can() {
    let served = Served::start(|options| options).await;
    let (registry, repository) = (client(), served.repository("team/app"));
    let manifest = push_image(&registry, &repository, "layer").await;
    let tag = repository.tag("v1").unwrap();
    let stale = Condition::Unchanged(Digest::sha256(b"stale"));
    let replaced = registry.push_manifest(&tag, &manifest, stale).await;
    assert!(matches!(replaced, Err(StoreError::Changed { .. })));
    let held = Condition::Unchanged(manifest.digest().clone());
    registry.push_manifest(&tag, &manifest, held).await.unwrap();
    let absent = registry.push_manifest(&tag, &manifest, Condition::Absent).await;
    assert!(matches!(absent, Err(StoreError::Changed { .. })));
}

#[tokio::test]
async fn the_right_password_opens_and_the_wrong_one_does_not() {
    let password = Secret::new("secret".to_owned());
    let auth = BasicAuth::user("ann", &password).unwrap();
    let served = Served::start(|options| options.auth(auth)).await;
    let repository = served.repository("team/app");
    let with = |password: &str| {
        let mut options = RegistryOptions::new(http(|_| {}));
        options.credentials.explicit = Some(Credential::Basic {
            username: "ann".to_owned(),
            password: Secret::new(password.to_owned()),
        });
        Registry::new(options)
    };
    push_image(&with("secret"), &repository, "layer").await;
    let refused = with("wrong").manifest(&repository.tag("v1").unwrap()).await;
    assert!(matches!(refused, Err(StoreError::Denied { .. })));
    let refused = client().manifest(&repository.tag("v1").unwrap()).await;
    assert!(matches!(refused, Err(StoreError::Denied { reason, .. }) if reason.contains("no credentials")));
}

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../server/tests/data")
        .join(name)
}

fn over_tls(change: impl FnOnce(&mut countersign_oci::http::HttpOptions)) -> Http {
    http(change)
}

#[tokio::test]
async fn tls_is_found_out_and_the_server_must_prove_itself() {
    let served = Served::start(|options| {
        options.tls(TlsFiles {
            certificate: data("certificate.pem"),
            key: data("key.pem"),
        })
    })
    .await;
    let repository = served.repository("team/app");
    let trusting = over_tls(|options| options.tls.authorities = Some(data("certificate.pem")));
    push_image(&Registry::new(RegistryOptions::new(trusting)), &repository, "layer").await;
    let careless = over_tls(|options| options.tls.server_proof = ServerProof::InsecurelySkipped);
    let careless = Registry::new(RegistryOptions::new(careless));
    assert!(careless.manifest(&repository.tag("v1").unwrap()).await.is_ok());
    let strict = Registry::new(RegistryOptions::new(over_tls(|_| {})));
    let refused = strict.manifest(&repository.tag("v1").unwrap()).await;
    assert!(
        matches!(&refused, Err(StoreError::Connection { reason, .. }) if reason.contains("certificate")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_file_without_certificates_is_named() {
    let served = Served::start(|options| {
        options.tls(TlsFiles {
            certificate: data("certificate.pem"),
            key: data("key.pem"),
        })
    })
    .await;
    let empty = tempfile::NamedTempFile::new().unwrap();
    let path = empty.path().to_owned();
    let http = over_tls(|options| options.tls.authorities = Some(path));
    let registry = Registry::new(RegistryOptions::new(http));
    let refused = registry.manifest(&served.repository("a").tag("v1").unwrap()).await;
    assert!(
        matches!(&refused, Err(StoreError::Tls { place, .. }) if *place == empty.path().display().to_string()),
        "{refused:?}"
    );
}

#[tokio::test]
async fn many_requests_at_once_go_over_http_2() {
    let served = Served::start(|options| {
        options.tls(TlsFiles {
            certificate: data("certificate.pem"),
            key: data("key.pem"),
        })
    })
    .await;
    let repository = served.repository("team/app");
    let http = over_tls(|options| options.tls.authorities = Some(data("certificate.pem")));
    let registry = Registry::new(RegistryOptions::new(http));
    let manifest = push_image(&registry, &repository, "layer").await;
    let content = noise(2_000_000);
    let uploaded = registry
        .push_blob(&repository, &Upload::bytes(content.clone()))
        .await
        .unwrap();
    let pulls = (0..20).map(|_| async {
        let blob = registry
            .blob(&repository, &uploaded.digest, Some(2_000_000))
            .await
            .unwrap();
        assert!(blob.read(3_000_000).await.unwrap() == content);
        registry
            .manifest(&repository.tag("v1").unwrap())
            .await
            .unwrap()
            .digest()
            .clone()
    });
    let digests = futures_util::future::join_all(pulls).await;
    assert!(digests.iter().all(|digest| digest == manifest.digest()));
}
