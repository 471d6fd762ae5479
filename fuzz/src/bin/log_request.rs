//! What clients of the transparency logs send: what is logged of it can be read by those who verify.

#![no_main]

use countersign_core::log::EntryKind;
use countersign_core::log::body::EntryBody;
use countersign_server::log_requests;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(body) = log_requests::body_of_rekor_2(bytes) {
        let kind = EntryKind::new("hashedrekord", "0.0.2");
        EntryBody::parse(&kind, &body).expect("a body as Rekor 2 writes it");
    }
    if let Some(body) = log_requests::body_of_rekor_1(bytes) {
        // What is stored of an entry is divided by line ends.
        assert!(!body.contains(&b'\n'));
        let value: serde_json::Value = serde_json::from_slice(&body).expect("a body is JSON");
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let kind = EntryKind::new(text("kind"), text("apiVersion"));
        match EntryBody::parse(&kind, &body) {
            Ok(_) => {}
            // Those who verify take one signature only, and a log may have several.
            Err(error) => assert!(error.to_string().contains("signatures"), "{error}"),
        }
    }
    let _ = log_requests::questions(bytes);
    let _ = log_requests::is_chain(bytes);
    let _ = log_requests::is_entry(bytes);
    if let Ok(path) = std::str::from_utf8(bytes)
        && log_requests::is_tile(path)
    {
        assert!(
            path.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.'))
        );
    }
});
