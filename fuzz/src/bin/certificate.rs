//! Certificates, alone and in a path: what is read is written to what is read to the same, and nobody is believed.

#![no_main]

use countersign_core::Certificate;
use countersign_core::certificate::path::{Purpose, verify_path};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

const AUTHORITY: &[u8] = include_bytes!("../../../crates/core/tests/data/certificates/stack/authority-1.pem");
const LEAF: &[u8] = include_bytes!("../../../crates/core/tests/data/certificates/stack/leaf.pem");

fuzz_target!(|bytes: &[u8]| {
    let mut found = Certificate::chain_from_pem(bytes, 8).unwrap_or_default();
    found.extend(Certificate::from_der(bytes));
    for certificate in &found {
        let written = Certificate::from_pem(certificate.to_pem().as_bytes());
        assert_eq!(written.as_ref(), Ok(certificate));
        let names: Vec<_> = certificate.names().iter().map(ToString::to_string).collect();
        assert!(names.iter().all(|name| !name.is_empty()));
        assert!(!certificate.subject().to_string().is_empty());
    }
    let authority = Certificate::chain_from_pem(AUTHORITY, 2).expect("an authority as it was made");
    let leaf = Certificate::from_pem(LEAF).expect("a leaf as it was issued");
    let at = moment();
    verify_path(&leaf, &found, &authority, Purpose::CodeSigning, at).expect("what comes with a leaf does no harm");
    for certificate in found
        .iter()
        .filter(|found| **found != leaf && !authority.contains(found))
    {
        let error =
            verify_path(certificate, &found, &authority, Purpose::CodeSigning, at).expect_err("nobody issued it");
        assert!(!error.to_string().is_empty());
        // below an authority from outside nothing may panic or hang, whatever comes of it
        let _ = verify_path(certificate, &[], &found, Purpose::TimeStamping, at);
        let _ = verify_path(certificate, &[], &found, Purpose::CodeSigning, at);
    }
});

/// A moment at which the leaf was valid.
fn moment() -> Timestamp {
    "2026-11-22T18:30:00Z".parse().expect("a time of RFC 3339")
}
