//! What is read of bundles and layers before anything is judged.

use countersign_core::bundle::{Bundle, BundleError};

use crate::data::{bundle, bundle_file, evidence, file};

#[test]
fn log_entries_and_timestamps_are_kept_for_those_who_ask() {
    let bundle_of_3 = bundle("v3-key", 1);
    let [entry] = bundle_of_3.log_entries() else {
        panic!("{bundle_of_3:?}")
    };
    assert_eq!((entry.kind().name(), entry.kind().version()), ("hashedrekord", "0.0.2"));
    assert_eq!((entry.log_index(), entry.integrated_time()), (3, None));
    let proof = entry.proof().unwrap();
    assert_eq!((proof.tree_size(), proof.hashes().len()), (4, 2));
    assert_eq!(bundle_of_3.timestamps().len(), 1);

    let layer = evidence("v2-annotations", 1);
    let [entry] = layer.log_entries() else {
        panic!("{layer:?}")
    };
    assert_eq!((entry.kind().name(), entry.kind().version()), ("hashedrekord", "0.0.1"));
    assert_eq!((entry.log_index(), entry.integrated_time()), (20, Some(1_795_371_887)));
    assert!(entry.promise().is_some() && entry.proof().is_none());
    assert_eq!(evidence("v2-key-tsa", 1).timestamps().len(), 1);
}

#[test]
fn broken_bundles_are_refused_with_their_reason() {
    let refused = |path: &str| Bundle::from_json(&file(path)).unwrap_err();
    let json = |error: BundleError| matches!(error, BundleError::Json { member: "bundle", .. });
    let damaged = bundle_file("damaged-v3-bundle-not-json", 1);
    assert!(json(Bundle::from_json(&damaged).unwrap_err()));
    assert!(json(refused("blobs/damaged-truncated.json")));
    assert!(matches!(
        refused("blobs/damaged-empty-object.json"),
        BundleError::Missing { member: "mediaType" }
    ));
    assert!(matches!(
        refused("blobs/damaged-media-type-unknown.json"),
        BundleError::MediaType { .. }
    ));
    assert!(matches!(
        refused("blobs/damaged-dsse-two-signatures.json"),
        BundleError::SignatureCount { found: 2 }
    ));
    for path in [
        "blobs/damaged-no-inclusion-proof.json",
        "blobs/damaged-rekor1-no-proof.json",
    ] {
        assert!(
            matches!(
                refused(path),
                BundleError::Missing {
                    member: "inclusionProof"
                }
            ),
            "{path}"
        );
    }
}
