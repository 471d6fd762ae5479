//! A store that answers all questions but one.

use std::time::Duration;

use countersign::attachment::discover::is_about_content;
use countersign::sign::{Existing, Formats, SignError};
use countersign::verify::VerifyError;
use countersign_core::Digest;
use countersign_core::signer::Signer;
use countersign_oci::blob::{BlobStream, Uploaded};
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::store::{Condition, Store};
use countersign_oci::{Pinned, Reference, Registry, Repository, StoreError, Upload};

use crate::served::{Served, client, key, options};

/// The question that is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Referrers,
    SignatureTag,
    Referrer,
    Blob,
}

/// A registry that fails at one question.
struct Failing {
    registry: Registry,
    question: Question,
    error: fn() -> StoreError,
}

impl Failing {
    fn at(&self, question: Question) -> Result<(), StoreError> {
        if self.question == question {
            return Err((self.error)());
        }
        Ok(())
    }
}

impl Store for Failing {
    async fn resolve(&self, reference: &Reference) -> Result<Pinned, StoreError> {
        self.registry.resolve(reference).await
    }

    async fn manifest(&self, reference: &Reference) -> Result<Manifest, StoreError> {
        self.at(match reference.digest() {
            Some(_) => Question::Referrer,
            None => Question::SignatureTag,
        })?;
        self.registry.manifest(reference).await
    }

    async fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<BlobStream, StoreError> {
        self.at(Question::Blob)?;
        self.registry.blob(repository, digest, size).await
    }

    async fn referrers(&self, repository: &Repository, digest: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        self.at(Question::Referrers)?;
        self.registry.referrers(repository, digest).await
    }

    async fn push_blob(&self, repository: &Repository, upload: &Upload) -> Result<Uploaded, StoreError> {
        self.registry.push_blob(repository, upload).await
    }

    async fn push_manifest(
        &self,
        reference: &Reference,
        manifest: &Manifest,
        condition: Condition,
    ) -> Result<(), StoreError> {
        self.registry.push_manifest(reference, manifest, condition).await
    }
}

#[tokio::test]
async fn a_store_that_fails_at_one_question_is_never_an_unsigned_image() {
    let served = Served::start().await;
    let (signer, stranger) = (key(), key());
    served
        .sign(&signer, &options(Formats::Both))
        .await
        .expect("it is signed");
    for question in [
        Question::Referrers,
        Question::SignatureTag,
        Question::Referrer,
        Question::Blob,
    ] {
        for error in ERRORS {
            let store = Failing {
                registry: client(),
                question,
                error,
            };
            // Both keys: a failure must not depend on what the other half would have shown.
            for key in [&signer, &stranger] {
                let outcome = served.verify(&store, Signer::public_key(key)).await;
                let Err(VerifyError::Store { source, .. }) = outcome else {
                    panic!("{question:?} {}: {outcome:?}", error());
                };
                assert_eq!(source.to_string(), error().to_string(), "{question:?}");
                assert!(!is_about_content(&source));
            }
        }
    }
    served.stop().await;
}

#[tokio::test]
async fn what_is_there_already_is_not_guessed_when_the_store_fails() {
    let served = Served::start().await;
    let key = key();
    let mut options = options(Formats::Both);
    options.existing = Existing::Skip;
    let store = Failing {
        registry: client(),
        question: Question::Referrers,
        error: ERRORS[0],
    };
    let image = &served.subject.image;
    let location = countersign::attachment::Location::beside(image);
    let outcome = countersign::sign::sign(image, &store, &location, &key, &options, crate::served::now()).await;
    assert!(matches!(
        outcome,
        Err(SignError::Existing(VerifyError::Store {
            source: StoreError::Status { status: 429, .. },
            ..
        }))
    ));
    served.stop().await;
}

/// What a store may say instead of an answer.
const ERRORS: [fn() -> StoreError; 5] = [
    || status(429),
    || status(500),
    || StoreError::Connection {
        method: "GET".to_owned(),
        url: "http://registry.example/v2/".to_owned(),
        reason: "connection reset".to_owned(),
    },
    || StoreError::Stalled {
        method: "GET".to_owned(),
        url: "http://registry.example/v2/".to_owned(),
        after: Duration::from_secs(30),
    },
    || StoreError::Denied {
        registry: "registry.example".to_owned(),
        what: "GET".to_owned(),
        reason: "no credentials".to_owned(),
    },
];

fn status(status: u16) -> StoreError {
    StoreError::Status {
        method: "GET".to_owned(),
        url: "http://registry.example/v2/".to_owned(),
        status,
        detail: String::new(),
    }
}
