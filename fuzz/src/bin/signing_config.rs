//! Signing configurations and trusted roots.

#![no_main]

use countersign_core::TrustedRoot;
use countersign_core::trust::signing_config::SigningConfig;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(config) = SigningConfig::parse(bytes) {
        assert_eq!(config.is_empty_of_services(), services(&config) == 0);
    }
    if let Ok(root) = TrustedRoot::parse(bytes) {
        let written = root.to_json();
        let read = TrustedRoot::parse(&written).expect("what is written is read again");
        assert_eq!(read.to_json(), written);
    }
});

fn services(config: &SigningConfig) -> usize {
    config.certificate_authorities().len()
        + config.identity_providers().len()
        + config.logs().len()
        + config.timestampers().len()
}
