//! A registry with one image in it, and signers.

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign::attachment::Location;
use countersign::attachment::discover::Limits;
use countersign::attachment::legacy::MediaTypes;
use countersign::sign::{Attachment, Existing, Formats, SignError, SignOptions, Subject, attach, find, prepare, sign};
use countersign::verify::{Rules, Verified, VerifyError, verify_image};
use countersign_core::key::{KeyAlgorithm, PrivateKey, PublicKey};
use countersign_core::policy::{Claim, LogRule, Policy, TrustedSigner};
use countersign_core::signer::Signer;
use countersign_core::trust::TrustedRoot;
use countersign_oci::http::{Http, HttpOptions};
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::store::{Condition, Store};
use countersign_oci::{Reference, Registry, RegistryOptions, Repository, Upload, media_type};
use countersign_server::{Durability, Running, Server, ServerOptions};
use jiff::Timestamp;
use tempfile::TempDir;

/// A registry that serves the image `app:v1`.
pub(crate) struct Served {
    running: Running,
    pub(crate) subject: Subject,
    _folder: TempDir,
}

impl Served {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let options = ServerOptions::new(folder.path()).durability(Durability::ProcessCrash);
        let running = Server::start(options).await.expect("the server starts");
        let repository: Repository = format!("{}/app", running.address()).parse().expect("this is a name");
        let name = repository.tag("v1").expect("this is a tag");
        push_image(&name).await;
        let subject = find(&client(), &name).await.expect("the image was pushed");
        Self {
            running,
            subject,
            _folder: folder,
        }
    }

    pub(crate) fn repository(&self) -> &Repository {
        self.subject.image.repository()
    }

    pub(crate) fn signature_tag(&self) -> Reference {
        let hex = self.subject.image.digest().hex();
        self.repository()
            .tag(&format!("sha256-{hex}.sig"))
            .expect("this is a tag")
    }

    /// Signs and attaches as the `sign` command does, with a client of its own.
    pub(crate) async fn sign(&self, key: &PrivateKey, options: &SignOptions) -> Result<(), SignError> {
        let client = client();
        let location = Location::beside(&self.subject.image);
        let signatures = sign(&self.subject.image, &client, &location, key, options, now()).await?;
        let ready = prepare(&client, &location, options.formats).await;
        let attachment = Attachment {
            ready: ready.expect("the server takes it"),
            image: &self.subject.image,
            subject: &self.subject.descriptor,
            location: &location,
        };
        let public_key = Signer::public_key(key);
        attach(&attachment, &client, public_key, &signatures, options, now()).await
    }

    /// Verifies with what `store` has.
    pub(crate) async fn verify(&self, store: &impl Store, key: &PublicKey) -> Result<Verified, VerifyError> {
        let policy = Policy::new(
            TrustedSigner::key(key.clone()),
            Claim::signature(BTreeMap::new()),
            LogRule::InsecurelyIgnored,
        );
        let location = Location::beside(&self.subject.image);
        let trust = TrustedRoot::default();
        let rules = Rules::new(&policy, &trust);
        verify_image(&self.subject.image, store, &location, rules, &Limits::default(), now()).await
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await.expect("the server stops");
    }
}

async fn push_image(name: &Reference) {
    let client = client();
    let (config, layer) = (&b"{}"[..], &b"hello"[..]);
    for blob in [config, layer] {
        let pushed = client.push_blob(name.repository(), &Upload::bytes(blob)).await;
        pushed.expect("the server takes it");
    }
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "config": Descriptor::of(media_type::OCI_EMPTY, config),
        "layers": [Descriptor::of("text/plain", layer)],
    });
    let manifest = Manifest::parse(manifest.to_string().into(), media_type::OCI_MANIFEST).expect("a manifest");
    let pushed = client.push_manifest(name, &manifest, Condition::Always).await;
    pushed.expect("the server takes it");
}

/// A client that shares nothing with others.
pub(crate) fn client() -> Registry {
    Registry::new(RegistryOptions::new(Http::new(HttpOptions::default())))
}

pub(crate) fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::Ed25519).expect("the machine has randomness")
}

pub(crate) fn options(formats: Formats) -> SignOptions {
    SignOptions {
        formats,
        annotations: BTreeMap::new(),
        identities: Vec::new(),
        payload: None::<Bytes>,
        created: None,
        media_types: MediaTypes::Oci,
        existing: Existing::SignAgain,
        limits: Limits::default(),
    }
}

/// The options with an annotation.
pub(crate) fn annotated(formats: Formats, name: &str, value: &str) -> SignOptions {
    let mut options = options(formats);
    options.annotations.insert(name.to_owned(), value.to_owned());
    options
}

pub(crate) fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("this is a time")
}
