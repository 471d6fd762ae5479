//! Signers of an artifact whose attachments are taken away at the same time.

use countersign::attachment::Location;
use countersign::clean::{Attachment, Outcome, Scope, attached, remove, unlist};
use countersign::sign::Formats;
use countersign::verify::VerifyError;
use countersign_core::key::PrivateKey;
use countersign_core::signer::Signer;
use countersign_oci::Store;
use countersign_oci::manifest::Manifest;
use countersign_oci::store::Condition;
use futures_util::future::join_all;
use serde_json::json;

use crate::attesting;
use crate::served::{Served, client, key, options};

async fn listed(served: &Served, scope: Scope) -> Vec<Attachment> {
    let (image, location) = (&served.subject.image, Location::beside(&served.subject.image));
    let listed = attached(image, scope, &client(), &location).await;
    listed.expect("the server answers")
}

/// Removes as the `clean` command does.
async fn cleaned(listed: &[Attachment]) -> Vec<Outcome> {
    let client = client();
    unlist(listed, &client).await.expect("the server answers");
    let mut outcomes = Vec::new();
    for attachment in listed {
        outcomes.push(remove(attachment, &client).await.expect("the server deletes"));
    }
    outcomes
}

async fn signed(served: &Served, key: &PrivateKey, formats: Formats) {
    let signed = served.sign(key, &options(formats)).await;
    signed.expect("every signer is told of success");
}

#[tokio::test]
async fn what_is_signed_after_the_list_was_made_stays() {
    for formats in [Formats::Bundle, Formats::Legacy] {
        let served = Served::start().await;
        let (old, new) = (key(), key());
        signed(&served, &old, formats).await;
        let listed = listed(&served, Scope::Signatures).await;
        signed(&served, &new, formats).await;
        let outcome = match formats {
            Formats::Legacy => Outcome::OthersKept,
            _ => Outcome::Removed,
        };
        assert_eq!(cleaned(&listed).await, [outcome]);
        let verified = served.verify(&client(), Signer::public_key(&new)).await;
        let verified = verified.expect("it was signed after the list was made");
        assert_eq!((verified.accepted.len(), verified.refused.len()), (1, 0), "{formats:?}");
        served.stop().await;
    }
}

#[tokio::test]
async fn signers_lose_nothing_to_cleaners_at_the_same_time() {
    for formats in [Formats::Bundle, Formats::Legacy] {
        let served = Served::start().await;
        let (old, keys) = (key(), (0..SIGNERS).map(|_| key()).collect::<Vec<_>>());
        signed(&served, &old, formats).await;
        let listed = listed(&served, Scope::Signatures).await;
        let cleaners = join_all((0..CLEANERS).map(|_| cleaned(&listed)));
        let signers = join_all(keys.iter().map(|key| signed(&served, key, formats)));
        tokio::join!(signers, cleaners);
        for key in &keys {
            let verified = served.verify(&client(), Signer::public_key(key)).await;
            let verified = verified.expect("a signature that was reported as written is there");
            assert_eq!(
                (verified.accepted.len(), verified.refused.len()),
                (1, SIGNERS - 1),
                "{formats:?}"
            );
        }
        let gone = served.verify(&client(), Signer::public_key(&old)).await;
        assert!(matches!(gone, Err(VerifyError::NoneAccepted { .. })), "{gone:?}");
        served.stop().await;
    }
}

#[tokio::test]
async fn cleaners_of_one_kind_leave_the_other_to_those_who_write_it() {
    for formats in [Formats::Bundle, Formats::Legacy] {
        let served = Served::start().await;
        let keys: Vec<_> = (0..SIGNERS).map(|_| key()).collect();
        let attester = key();
        attesting::attested_in(&served, &attester, formats).await;
        let signers = join_all(keys.iter().map(|key| signed(&served, key, formats)));
        let cleaners = join_all((0..CLEANERS).map(|_| async {
            cleaned(&listed(&served, Scope::Attestations).await).await;
        }));
        tokio::join!(signers, cleaners);
        for key in &keys {
            let verified = served.verify(&client(), Signer::public_key(key)).await;
            assert_eq!(verified.expect("it is there").accepted.len(), 1, "{formats:?}");
        }
        assert!(listed(&served, Scope::Attestations).await.is_empty(), "{formats:?}");
        served.stop().await;
    }
}

#[tokio::test]
async fn a_list_that_gets_an_entry_is_not_deleted() {
    let served = Served::start().await;
    let (client, image) = (client(), served.subject.image.digest());
    let tag = served.repository().tag(&image.as_str().replacen(':', "-", 1));
    let tag = tag.expect("this is a tag");
    let push = async |manifests: serde_json::Value| {
        let list = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests
        });
        let list = Manifest::parse(list.to_string().into(), "").expect("this is an index");
        let pushed = client.push_manifest(&tag, &list, Condition::Always).await;
        pushed.expect("the server takes it");
        list.digest().clone()
    };
    let empty = push(json!([])).await;
    let subject = json!(served.subject.descriptor);
    push(json!([subject])).await;
    let refused = client.delete_unchanged(&tag, &empty).await;
    assert!(
        matches!(refused, Err(countersign_oci::StoreError::Changed { .. })),
        "{refused:?}"
    );
    let now = push(json!([])).await;
    client.delete_unchanged(&tag, &now).await.expect("it did not change");
    assert_eq!(client.describe(&tag).await.expect("the server answers"), None);
    served.stop().await;
}

const SIGNERS: usize = 12;
const CLEANERS: usize = 4;
