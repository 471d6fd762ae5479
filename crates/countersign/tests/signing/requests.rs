//! How many requests each operation takes, and which of them wait for which.

use std::sync::{Arc, Mutex};

use countersign::attachment::legacy::MediaTypes;
use countersign::attachment::list::list;
use countersign::attachment::{Kind, Location};
use countersign::attest::{self, AttestOptions, Claimed, Earlier};
use countersign::sign::{Attachment, Formats, attach, find, look_ahead, prepare, sign};
use countersign_core::payload::predicate::{Predicate, PredicateType};
use countersign_core::signer::Signer;
use countersign_oci::http::{Http, HttpOptions};
use countersign_oci::{Registry, RegistryOptions};

use crate::served::{Served, key, now, options};

/// A client that notes its requests.
struct Noted {
    client: Registry,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Noted {
    fn new() -> Self {
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&requests);
        let http = HttpOptions {
            observer: Some(Arc::new(move |exchange| {
                noted
                    .lock()
                    .expect("nothing panics with it")
                    .push(shown(exchange.method, exchange.url));
            })),
            ..HttpOptions::default()
        };
        Self {
            client: Registry::new(RegistryOptions::new(Http::new(http))),
            requests,
        }
    }

    /// The requests since the last call, sorted: those that do not wait for each other come in any order.
    fn take(&self) -> Vec<String> {
        let mut requests = std::mem::take(&mut *self.requests.lock().expect("nothing panics with it"));
        requests.sort();
        requests
    }
}

/// `METHOD what`, the way an attachment is reached.
fn shown(method: &str, url: &str) -> String {
    let path = url.split('?').next().unwrap_or(url);
    let kinds = [
        ("/uploads/", "upload"),
        ("/blobs/", "blob"),
        ("/referrers/", "referrers"),
        (".sig", ".sig"),
        (".att", ".att"),
        (".sbom", ".sbom"),
        ("/manifests/sha256-", "fallback tag"),
    ];
    let kind = kinds.into_iter().find(|(part, _)| path.contains(part));
    format!("{method} {}", kind.map_or("manifest", |(_, kind)| kind))
}

/// The requests of `sign` by digest: before the key is open, and after.
async fn signed(served: &Served, formats: Formats) -> [Vec<String>; 2] {
    let noted = Noted::new();
    let (client, image) = (&noted.client, &served.subject.image);
    let (location, name) = (Location::beside(image), image.reference());
    let (ready, subject, ()) = tokio::join!(
        prepare(client, &location, formats),
        find(client, &name),
        look_ahead(client, &location, image.digest(), Kind::Signature, formats)
    );
    let before = noted.take();
    let (key, options) = (key(), options(formats));
    let signatures = sign(image, client, &location, &key, &options, now()).await;
    let attachment = Attachment {
        ready: ready.expect("the server takes it"),
        image,
        subject: &subject.expect("the server has it").descriptor,
        location: &location,
    };
    let public_key = Signer::public_key(&key);
    let signatures = signatures.expect("the key signs");
    let attached = attach(&attachment, client, public_key, &signatures, &options, now()).await;
    attached.expect("the server takes it");
    [before, noted.take()]
}

#[tokio::test]
async fn a_bundle_takes_six_requests_in_three_rounds() {
    let served = Served::start().await;
    for _ in 0..2 {
        let [before, after] = signed(&served, Formats::Bundle).await;
        assert_eq!(before, ["GET manifest", "POST upload", "POST upload"]);
        // The blob goes out while the list is asked for; the manifest waits for the blob.
        assert_eq!(after, ["GET referrers", "PUT manifest", "PUT upload"]);
    }
    served.stop().await;
}

#[tokio::test]
async fn a_layer_takes_nine_requests_in_four_rounds() {
    let served = Served::start().await;
    for _ in 0..2 {
        let [before, after] = signed(&served, Formats::Legacy).await;
        assert_eq!(before, ["GET .sig", "GET manifest", "POST upload", "POST upload"]);
        // Both blobs go out while the tag is looked at again. This server checks conditions, so the tag is written twice
        // (first to find that out) and not read back.
        assert_eq!(after, ["HEAD .sig", "PUT .sig", "PUT .sig", "PUT upload", "PUT upload"]);
    }
    served.stop().await;
}

/// The requests of `attest` by digest: before the key is open, and after.
async fn attested(served: &Served, formats: Formats, count: usize) -> [Vec<String>; 2] {
    let noted = Noted::new();
    let (client, image) = (&noted.client, &served.subject.image);
    let (location, name) = (Location::beside(image), image.reference());
    let (ready, subject, ()) = tokio::join!(
        prepare(client, &location, formats),
        find(client, &name),
        look_ahead(client, &location, image.digest(), Kind::Attestation, formats)
    );
    let before = noted.take();
    let kind: PredicateType = "https://example.com/count".parse().expect("it is a URI");
    let predicate = Predicate::new(&kind, format!(r#"{{"count":{count}}}"#).into(), now()).expect("it is JSON");
    let claimed = Claimed::Predicate {
        predicate_type: kind,
        predicate,
    };
    let made = attest::attest(image, &claimed, &key(), formats, now()).expect("the key signs");
    let attachment = Attachment {
        ready: ready.expect("the server takes it"),
        image,
        subject: &subject.expect("the server has it").descriptor,
        location: &location,
    };
    let options = AttestOptions {
        formats,
        media_types: MediaTypes::Oci,
        created: None,
    };
    let attached = attest::attach(&attachment, client, &made, options, &Earlier::none(), now()).await;
    attached.expect("the server takes it");
    [before, noted.take()]
}

#[tokio::test]
async fn an_attestation_takes_as_many_rounds_as_a_signature() {
    let served = Served::start().await;
    for count in 0..2 {
        let [before, after] = attested(&served, Formats::Bundle, count).await;
        assert_eq!(before, ["GET manifest", "POST upload", "POST upload"]);
        assert_eq!(after, ["GET referrers", "PUT manifest", "PUT upload"]);
        let [before, after] = attested(&served, Formats::Legacy, count).await;
        assert_eq!(before, ["GET .att", "GET manifest", "POST upload", "POST upload"]);
        assert_eq!(after, ["HEAD .att", "PUT .att", "PUT .att", "PUT upload", "PUT upload"]);
    }
    served.stop().await;
}

#[tokio::test]
async fn verifying_a_bundle_takes_three_questions_and_two_fetches() {
    let served = Served::start().await;
    let key = key();
    served
        .sign(&key, &options(Formats::Bundle))
        .await
        .expect("it is signed");
    let noted = Noted::new();
    let verified = served.verify(&noted.client, Signer::public_key(&key)).await;
    assert_eq!(verified.expect("it is signed").accepted.len(), 1);
    let expected = [
        "GET .sig",
        "GET blob",
        "GET fallback tag",
        "GET manifest",
        "GET referrers",
    ];
    assert_eq!(noted.take(), expected);
    served.stop().await;
}

#[tokio::test]
async fn a_listing_asks_its_five_questions_at_once_and_nothing_more() {
    let served = Served::start().await;
    for _ in 0..3 {
        served
            .sign(&key(), &options(Formats::Both))
            .await
            .expect("it is signed");
    }
    let noted = Noted::new();
    let location = Location::beside(&served.subject.image);
    let listing = list(&served.subject.image, &noted.client, &location).await;
    assert_eq!(listing.expect("the server answers").referrers.len(), 3);
    let expected = ["GET .att", "GET .sbom", "GET .sig", "GET fallback tag", "GET referrers"];
    assert_eq!(noted.take(), expected);
    served.stop().await;
}
