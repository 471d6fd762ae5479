//! Archives of Helm charts, the texts in them, and versions.

#![no_main]

use countersign_artifacts::helm::{Chart, Version, latest, pack};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(chart) = Chart::parse(bytes.to_vec()) {
        let name = chart.file_name();
        assert!(!name.contains(['/', '\\', '\0']) && name != ".tgz");
        let packed = pack(&chart, None, Timestamp::UNIX_EPOCH).expect("what is read fits a manifest");
        let json: serde_json::Value = serde_json::from_slice(&chart.metadata().to_json()).expect("it is JSON");
        assert_eq!(json["name"], chart.metadata().name());
        assert_eq!(packed.manifest().layers().len(), 1);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let tags: Vec<&str> = text.lines().collect();
        if let Some(version) = latest(&tags) {
            assert!(Version::parse(&version).is_some_and(|version| !version.is_prerelease()));
        }
    }
});
