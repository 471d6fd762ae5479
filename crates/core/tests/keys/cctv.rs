//! Ed25519 where implementations differ (C2SP's CCTV): points of low order, points with a second spelling.

use countersign_core::key::Signature;
use countersign_core::trust::ServiceKey;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    number: usize,
    key: String,
    sig: String,
    msg: String,
    flags: Option<Vec<String>>,
}

/// As RFC 8032 §5.1.3 and FIPS 186-5 ask, without the cofactor; Go takes a second spelling of the key besides.
#[test]
fn ed25519_has_no_cofactor_and_no_second_spelling_of_a_point() {
    let cases: Vec<Case> = serde_json::from_slice(&super::data("cctv/ed25519vectors.json")).unwrap();
    assert_eq!(cases.len(), 914);
    for case in &cases {
        // RFC 8410 §4: the key is what ends the SubjectPublicKeyInfo
        let mut der = vec![0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
        der.extend(hex::decode(&case.key).unwrap());
        // a key that may also sign a hash would have two chances with a point of low order
        let key = ServiceKey::named("PKIX_ED25519", &der).unwrap();
        let signature = Signature::new(hex::decode(&case.sig).unwrap());
        let is_valid = key.verifies(case.msg.as_bytes(), &signature);
        let has = |flag: &str| case.flags.iter().flatten().any(|found| found == flag);
        let expected = !has("low_order_residue") && !has("non_canonical_R") && !has("non_canonical_A");
        assert_eq!(is_valid, expected, "case {}: {:?}", case.number, case.flags);
    }
}
