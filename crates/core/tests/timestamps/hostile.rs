//! Whatever the bytes, a timestamp is judged, and no change to one makes another time of it.

use countersign_core::key::SignatureDigest;
use countersign_core::timestamp::{ProvenTime, TimestampRequest, TimestampToken};
use countersign_core::trust::{Authority, Validity};
use proptest::prelude::{any, prop, proptest};
use proptest::sample::Index;

const TOKENS: [&[u8]; 3] = [
    include_bytes!("../data/timestamps/rfc3161-client/sigstage-response-sha384.tsr"),
    include_bytes!("../data/timestamps/rfc3161-client/sigstage-response-no-embedded-cert.tsr"),
    include_bytes!("../data/timestamps/rfc3161-client/identrust-issue-104.tsr"),
];

fn authority() -> Authority {
    let chain = include_bytes!("../data/timestamps/rfc3161-client/sigstage-ts-chain.pem");
    Authority::from_pem("https://tsa.example", chain, Validity::ALWAYS).unwrap()
}

fn judge(token: &[u8]) -> Option<ProvenTime> {
    TimestampToken::new(token.to_vec())
        .verify(b"hello", &[authority()])
        .ok()
}

proptest! {
    #[test]
    fn bytes_never_panic_a_judgement(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let token = TimestampToken::new(bytes);
        assert_eq!(judge(token.as_der()), None);
        let request = TimestampRequest::new(b"hello", SignatureDigest::Sha256, [1; 16]);
        assert_ne!(request.check_answer(&token), Ok(()));
    }

    #[test]
    fn a_changed_byte_proves_no_other_time(which in any::<Index>(), place in any::<Index>(), byte in any::<u8>()) {
        let original = which.get(&TOKENS);
        let mut changed = original.to_vec();
        changed[place.index(original.len())] = byte;
        if let Some(proven) = judge(&changed) {
            assert_eq!(Some(proven), judge(original));
        }
    }

    #[test]
    fn a_cut_timestamp_proves_nothing(which in any::<Index>(), place in any::<Index>()) {
        let original = which.get(&TOKENS);
        let cut = original[..place.index(original.len())].to_vec();
        assert_eq!(judge(&cut), None);
    }
}
