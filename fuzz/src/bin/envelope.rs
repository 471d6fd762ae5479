//! DSSE envelopes: what is read is written to what is read to the same.

#![no_main]

use countersign_core::envelope::Envelope;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(envelope) = Envelope::parse(bytes) {
        assert_eq!(
            Envelope::parse(&envelope.to_json()).expect("what is written is read"),
            envelope
        );
        assert!(envelope.pae().ends_with(envelope.payload()));
    }
});
