//! Attesters of one digest at the same time, and stores that do not answer.

use countersign::attachment::discover::Limits;
use countersign::attachment::legacy::MediaTypes;
use countersign::attachment::{Location, Place};
use countersign::attest::{AttestError, AttestOptions, Claimed, Earlier, attach, attest};
use countersign::sign::{Attachment, Formats, prepare};
use countersign::verify::{Rules, Verified, VerifyError, verify_image};
use countersign_core::key::PrivateKey;
use countersign_core::payload::predicate::Predicate;
use countersign_core::policy::{Claim, LogRule, Policy, TrustedSigner};
use countersign_core::signer::Signer;
use countersign_core::trust::TrustedRoot;
use countersign_oci::Store;
use futures_util::future::join_all;

use crate::served::{Served, client, key, now};

const KIND: &str = "https://example.com/t";

fn claimed(number: usize) -> Claimed {
    let predicate_type = KIND.parse().expect("a URI");
    let content = format!(r#"{{"n":{number}}}"#).into_bytes();
    Claimed::Predicate {
        predicate: Predicate::new(&predicate_type, content, now()).expect("an object"),
        predicate_type,
    }
}

/// Attests and attaches as the `attest` command does, with a client of its own.
async fn attested(
    served: &Served,
    key: &PrivateKey,
    number: usize,
    formats: Formats,
    earlier: &Earlier,
) -> Result<Vec<Place>, AttestError> {
    let client = client();
    let location = Location::beside(&served.subject.image);
    let ready = prepare(&client, &location, formats).await;
    let attestation = attest(&served.subject.image, &claimed(number), key, formats, now())?;
    let attachment = Attachment {
        ready: ready.expect("the server takes it"),
        image: &served.subject.image,
        subject: &served.subject.descriptor,
        location: &location,
    };
    let options = AttestOptions {
        formats,
        media_types: MediaTypes::Oci,
        created: None,
    };
    attach(&attachment, &client, &attestation, options, earlier, now()).await
}

/// Attests once.
pub(crate) async fn attested_in(served: &Served, key: &PrivateKey, formats: Formats) {
    let attested = attested(served, key, 0, formats, &Earlier::none()).await;
    attested.expect("it is attached");
}

pub(crate) async fn verify(served: &Served, store: &impl Store, key: &PrivateKey) -> Result<Verified, VerifyError> {
    let policy = Policy::new(
        TrustedSigner::key(Signer::public_key(key).clone()),
        Claim::attestation(KIND.parse().expect("a URI")),
        LogRule::InsecurelyIgnored,
    );
    let (image, location) = (&served.subject.image, Location::beside(&served.subject.image));
    let trust = TrustedRoot::default();
    let rules = Rules::new(&policy, &trust);
    verify_image(image, store, &location, rules, &Limits::default(), now()).await
}

async fn numbers(served: &Served, key: &PrivateKey) -> Vec<String> {
    let verified = verify(served, &client(), key).await.expect("there are attestations");
    let mut found: Vec<String> = verified
        .accepted
        .iter()
        .map(|(_, attestation)| attestation.predicate().expect("there is one").get().to_owned())
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn attesters_of_one_digest_lose_nothing_in_either_format() {
    for formats in [Formats::Bundle, Formats::Legacy] {
        let (served, key) = (Served::start().await, key());
        let none = Earlier::none();
        let outcomes = join_all((0..ATTESTERS).map(|number| attested(&served, &key, number, formats, &none))).await;
        for outcome in outcomes {
            assert!(outcome.expect("every attester is told of success").is_empty());
        }
        assert_eq!(numbers(&served, &key).await.len(), ATTESTERS);
        served.stop().await;
    }
}

#[tokio::test]
async fn two_who_replace_at_the_same_time_keep_each_others() {
    for formats in [Formats::Bundle, Formats::Legacy] {
        let (served, key) = (Served::start().await, key());
        let old = attested(&served, &key, 0, formats, &Earlier::none()).await;
        old.expect("the first is attached");
        let location = Location::beside(&served.subject.image);
        let earlier = Earlier::of_type(&served.subject.image, &client(), &location, KIND, formats).await;
        let earlier = earlier.expect("the server lists it");
        let (first, second) = tokio::join!(
            attested(&served, &key, 1, formats, &earlier),
            attested(&served, &key, 2, formats, &earlier)
        );
        let replaced = first.expect("it is attached").len() + second.expect("it is attached").len();
        assert!(replaced >= 1, "the old one is told of");
        assert_eq!(
            numbers(&served, &key).await,
            [r#"{"n":1}"#, r#"{"n":2}"#],
            "{formats:?}"
        );
        served.stop().await;
    }
}

const ATTESTERS: usize = 20;
