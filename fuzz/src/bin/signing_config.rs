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
        TrustedRoot::parse(root.as_json().as_bytes()).expect("what is kept is read again");
    }
});

fn services(config: &SigningConfig) -> usize {
    config.certificate_authorities().len()
        + config.identity_providers().len()
        + config.logs().len()
        + config.timestampers().len()
}
