//! What somebody may do to an image or to the marks of its base, and why it does not help.

use super::*;

/// An image of four layers on a base of three.
fn image() -> (Layers, Layers) {
    (layers(&["a", "b", "c"]), layers(&["a", "b", "c", "d"]))
}

fn both(base: &Layers) -> [Candidate; 2] {
    [
        statement(&said(base), base, &DISTRIBUTION),
        signature(base, base.len(), &DISTRIBUTION),
    ]
}

const MISMATCH: &str = "signature does not verify with key";

/// The layer in which the image departs, for the statement; a signature over layers alone only does not verify.
fn assert_departs(image: &[&str], layer: usize) {
    let (base, _) = self::image();
    let image = layers(image);
    let [statement, signature] = both(&base);
    let expected = &base.diff_ids()[layer - 1];
    let found = &image.diff_ids()[layer - 1];
    assert_eq!(
        reason(&image, statement, &debian()),
        format!("layer {layer} is {found}, signed is {expected}")
    );
    let refused = standing(&image, &[signature], &debian()).unwrap_err();
    let BaseRefusal::Missing { refused, .. } = refused else {
        panic!("{refused}");
    };
    assert!(
        matches!(
            refused[0].reasons[0].1,
            BaseRejection::Signature(crate::verify::Rejection::SignatureMismatch { .. })
        ),
        "{}",
        refused[0]
    );
}

#[test]
fn a_swapped_layer_is_refused() {
    assert_departs(&["a", "x", "c", "d"], 2);
}

#[test]
fn reordered_layers_are_refused() {
    assert_departs(&["b", "a", "c", "d"], 1);
    assert_departs(&["a", "c", "b", "d"], 2);
}

#[test]
fn a_dropped_layer_is_refused() {
    assert_departs(&["a", "c", "d"], 2);
}

#[test]
fn an_inserted_layer_is_refused() {
    assert_departs(&["a", "b", "x", "c", "d"], 3);
}

#[test]
fn an_image_with_fewer_layers_than_the_base_is_refused() {
    let (base, _) = image();
    let cut = layers(&["a", "b"]);
    for candidate in both(&base) {
        assert_eq!(reason(&cut, candidate, &debian()), "base has 3 layers, the image has 2");
    }
}

#[test]
fn a_mark_on_another_layer_is_refused() {
    let (base, image) = image();
    let Mark::Statement { bundle, .. } = statement(&said(&base), &base, &DISTRIBUTION).mark else {
        panic!("it is a statement");
    };
    for layer in [1, 2, 4] {
        let moved = Candidate {
            place: "annotation".to_owned(),
            mark: Mark::Statement {
                bundle: bundle.clone(),
                count: Some(layer),
            },
        };
        assert_eq!(
            reason(&image, moved, &debian()),
            format!("is on layer {layer}, expected layer 3, the last that is signed")
        );
        let moved = reason(&image, signature(&base, layer, &DISTRIBUTION), &debian());
        assert!(moved.contains(MISMATCH), "{moved}");
    }
}

#[test]
fn what_a_stranger_signs_is_no_base() {
    let (base, image) = image();
    for candidate in [
        statement(&said(&base), &base, &STRANGER),
        signature(&base, 3, &STRANGER),
    ] {
        let reason = reason(&image, candidate, &debian());
        assert!(reason.contains("key"), "{reason}");
    }
}

#[test]
fn an_unsigned_base_is_none() {
    let (_, image) = image();
    let refused = standing(&image, &[], &debian()).unwrap_err();
    assert_eq!(refused.to_string(), "image does not stand on debian");
    assert!(refused.refused().is_empty());
}

/// Whatever else the key has signed: an image, an attestation, a file.
#[test]
fn a_signature_of_another_purpose_is_refused() {
    use crate::payload::simple_signing;
    use crate::payload::statement::{attestation_statement, sign_statement};

    let (base, image) = image();
    let chain_id = base.chain_id(3).unwrap();
    let beside = |bundle| Candidate {
        place: "referrer".to_owned(),
        mark: Mark::Statement {
            bundle: Box::new(bundle),
            count: None,
        },
    };
    let of_image = sealed(sign_statement(chain_id, &BTreeMap::new()), &DISTRIBUTION);
    assert_eq!(reason(&image, beside(of_image), &debian()), "is no statement of a base");
    let predicate = serde_json::value::RawValue::from_string("{}".to_owned()).unwrap();
    let attested = attestation_statement("x", chain_id, "https://example.com/t", &predicate);
    let attested = sealed(attested, &DISTRIBUTION);
    assert_eq!(reason(&image, beside(attested), &debian()), "is no statement of a base");
    let empty = attestation_statement("x", chain_id, PREDICATE_TYPE, &predicate);
    let empty = sealed(empty, &DISTRIBUTION);
    assert_eq!(
        reason(&image, beside(empty), &debian()),
        r#"layers in the statement of a base is "nothing", expected a list"#
    );
    let payload = simple_signing::payload("reg.example/debian", chain_id, &BTreeMap::new());
    let payload_alone = base.diff_ids().iter().map(Digest::as_str).collect::<Vec<_>>().join(" ");
    for other in [payload, payload_alone.into_bytes()] {
        let signed = Candidate {
            place: "annotation".to_owned(),
            mark: Mark::Signature {
                signature: Box::new(Bundle::of_signature(DISTRIBUTION.sign(&other).unwrap())),
                count: 3,
            },
        };
        let reason = reason(&image, signed, &debian());
        assert!(reason.contains(MISMATCH), "{reason}");
    }
}

/// A statement that names the layers of an image and was signed about another chain.
#[test]
fn a_statement_that_is_not_about_the_layers_it_lists_is_refused() {
    let (base, image) = image();
    let other = layers(&["x"]);
    let lying = sealed(said(&base).to_statement(&manifest(), &other), &DISTRIBUTION);
    let candidate = Candidate {
        place: "referrer".to_owned(),
        mark: Mark::Statement {
            bundle: Box::new(lying),
            count: None,
        },
    };
    let reason = reason(&image, candidate, &debian());
    assert!(reason.starts_with("signed digest is "), "{reason}");
}

/// A chain id is a digest of text, and a layer may have that text in it: only the number of layers tells them apart.
#[test]
fn a_layer_whose_content_hashes_to_a_chain_id_is_no_base() {
    let base = layers(&["a", "b"]);
    let text = format!("{} {}", base.diff_ids()[0], base.diff_ids()[1]);
    let forged = layers(&[&text, "c"]);
    assert_eq!(forged.chain_id(1), base.chain_id(2));
    let candidate = statement(&said(&base), &base, &DISTRIBUTION);
    assert!(reason(&forged, candidate, &debian()).starts_with("layer 1 is "));
}

#[test]
fn what_has_expired_is_refused() {
    let (base, image) = image();
    let until = |expires: &str| {
        let said = BaseStatement {
            expires: Some(at(expires)),
            ..said(&base)
        };
        statement(&said, &base, &DISTRIBUTION)
    };
    assert!(standing(&image, &[until(NOW)], &debian()).is_ok());
    assert_eq!(
        reason(&image, until("2026-11-22T11:59:59Z"), &debian()),
        "expired at 2026-11-22T11:59:59Z, now it is 2026-11-22T12:00:00Z"
    );
}

#[test]
fn what_is_issued_in_a_time_to_come_is_refused() {
    let (base, image) = image();
    let issued = |issued: &str| {
        let said = BaseStatement {
            issued: at(issued),
            ..said(&base)
        };
        statement(&said, &base, &DISTRIBUTION)
    };
    assert!(standing(&image, &[issued("2026-11-22T12:05:00Z")], &debian()).is_ok());
    assert_eq!(
        reason(&image, issued("2026-11-22T12:05:01Z"), &debian()),
        "was issued at 2026-11-22T12:05:01Z, now it is 2026-11-22T12:00:00Z"
    );
}

/// An old base is replayed: signed once, and full of holes by now.
#[test]
fn an_old_base_is_refused_by_its_age() {
    let (base, image) = image();
    let mut policy = debian();
    policy.bases[0].max_age = Some("21d".parse().unwrap());
    assert_eq!(
        reason(&image, statement(&said(&base), &base, &DISTRIBUTION), &policy),
        "was issued at 2026-11-01T00:00:00Z, expected within 21d before 2026-11-22T12:00:00Z"
    );
    policy.bases[0].max_age = Some("22d".parse().unwrap());
    assert!(standing(&image, &[statement(&said(&base), &base, &DISTRIBUTION)], &policy).is_ok());
    assert_eq!(
        reason(&image, signature(&base, 3, &DISTRIBUTION), &policy),
        "has no date, expected one within 22d: a signature over layers alone never ends"
    );
}

#[test]
fn a_base_is_denied_by_its_chain_id_also_where_nothing_marks_it() {
    let (base, image) = image();
    let old = base.chain_id(2).unwrap().clone();
    let mut policy = debian();
    policy.denied = vec![old.clone()];
    for candidates in [vec![], both(&base).to_vec()] {
        let refused = standing(&image, &candidates, &policy).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("policy denies the base {old}, which is the lowest 2 layers")
        );
    }
}

#[test]
fn a_base_is_denied_by_the_digest_of_its_manifest() {
    let (base, image) = image();
    let expected = format!("policy denies the base {}", manifest());
    let candidate = || statement(&said(&base), &base, &DISTRIBUTION);
    let mut policy = debian();
    policy.denied = vec![manifest()];
    assert_eq!(reason(&image, candidate(), &policy), expected);
    let mut policy = debian();
    policy.bases[0].denied = vec![manifest()];
    assert_eq!(reason(&image, candidate(), &policy), expected);
    let chain_id = base.chain_id(3).unwrap().clone();
    policy.bases[0].denied = vec![chain_id.clone()];
    for candidate in both(&base) {
        assert_eq!(
            reason(&image, candidate, &policy),
            format!("policy denies the base {chain_id}")
        );
    }
}

/// The configuration says that the base's layers are there, and the blobs are others.
#[test]
fn a_blob_that_is_not_what_the_configuration_says_is_refused() {
    let (base, image) = image();
    for candidate in both(&base) {
        let found = judge(&image, &[candidate], &debian(), &TrustedRoot::default(), at(NOW)).unwrap();
        let mut blobs = blobs(&image);
        blobs[1] = Digest::sha256(b"evil");
        let unbound = found.unbound(&blobs);
        assert!(unbound.contains(&1));
        let evil = Digest::sha256(b"evil, unpacked");
        let unpacked = unbound.into_iter().map(|layer| match layer {
            1 => (1, evil.clone()),
            other => (other, image.diff_ids()[other].clone()),
        });
        let refused = found.settle(&image, &blobs, &unpacked.collect(), Bound::Unpacked, &debian());
        assert_eq!(
            refused.unwrap_err().to_string(),
            format!(
                "layer 2 unpacks to {evil}, its configuration says {}",
                image.diff_ids()[1]
            )
        );
    }
}

#[test]
fn a_blob_that_nobody_looked_into_is_refused_unless_the_configuration_is_trusted() {
    let (base, image) = image();
    let judged = || {
        let candidates = [signature(&base, 3, &DISTRIBUTION)];
        judge(&image, &candidates, &debian(), &TrustedRoot::default(), at(NOW)).unwrap()
    };
    let settle = |unchecked| judged().settle(&image, &blobs(&image), &BTreeMap::new(), unchecked, &debian());
    assert_eq!(
        settle(Bound::Unpacked).unwrap_err().to_string(),
        "layer 1 was not compared with the configuration"
    );
    let trusted = settle(Bound::InsecurelyTrusted).unwrap();
    assert_eq!(trusted.bound, [Bound::InsecurelyTrusted; 3]);
}

#[test]
fn more_marks_than_are_judged_are_refused() {
    let (base, image) = image();
    let many = vec![signature(&base, 3, &STRANGER); CANDIDATES + 1];
    assert_eq!(
        standing(&image, &many, &debian()).unwrap_err().to_string(),
        "image has 513 marks of bases, the limit is 512"
    );
}

#[test]
fn what_cannot_be_read_is_told_and_does_not_count() {
    let (base, image) = image();
    let broken = Candidate {
        place: "annotation of layer 3".to_owned(),
        mark: Mark::Unreadable {
            reason: "signature is not base64".to_owned(),
        },
    };
    assert_eq!(reason(&image, broken.clone(), &debian()), "signature is not base64");
    let beside = [broken, signature(&base, 3, &DISTRIBUTION)];
    let standing = standing(&image, &beside, &debian()).unwrap();
    assert_eq!(
        standing.refused[0].to_string(),
        "annotation of layer 3: signature is not base64"
    );
}

#[test]
fn of_several_bases_each_says_why_a_mark_is_not_its_own() {
    let (base, image) = image();
    let mut old = signed_by("old", &DISTRIBUTION);
    old.max_age = Some("1d".parse().unwrap());
    let policy = policy(vec![old, signed_by("other", &STRANGER)]);
    let refused = standing(&image, &[statement(&said(&base), &base, &DISTRIBUTION)], &policy).unwrap_err();
    assert_eq!(refused.to_string(), "image does not stand on old or other");
    let text = refused.refused()[0].to_string();
    assert!(text.starts_with("referrer: not old: was issued at "), "{text}");
    assert!(text.contains("; not other: "), "{text}");
}
