//! Many signers of one digest at the same time.

use countersign::sign::Formats;
use countersign_core::signer::Signer;
use futures_util::future::join_all;

use crate::served::{Served, client, key, options};

#[tokio::test]
async fn fifty_signers_of_one_digest_lose_no_bundle() {
    all_are_there(Formats::Bundle).await;
}

#[tokio::test]
async fn fifty_signers_of_one_digest_lose_no_layer() {
    all_are_there(Formats::Legacy).await;
}

async fn all_are_there(formats: Formats) {
    let served = Served::start().await;
    let keys: Vec<_> = (0..SIGNERS).map(|_| key()).collect();
    let options = options(formats);
    let outcomes = join_all(keys.iter().map(|key| served.sign(key, &options))).await;
    for outcome in outcomes {
        outcome.expect("every signer is told of success");
    }
    let client = client();
    for key in &keys {
        let verified = served.verify(&client, Signer::public_key(key)).await;
        let verified = verified.expect("a signature that was reported as written is there");
        assert_eq!(verified.accepted.len(), 1);
        assert_eq!(verified.refused.len(), SIGNERS - 1);
    }
    served.stop().await;
}

const SIGNERS: usize = 50;
