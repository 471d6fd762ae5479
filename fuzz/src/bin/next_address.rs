//! `Link` and `Location`: pages stay at their host, uploads never leave TLS.

#![no_main]

use countersign_oci::registry::fuzzing;
use http::{HeaderMap, HeaderValue, Uri, header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(value) = HeaderValue::from_str(text) else { return };
    let headers: HeaderMap = [(header::LINK, value.clone()), (header::LOCATION, value)]
        .into_iter()
        .collect();
    for asked in [
        "http://registry.local:5000/v2/a/tags/list?n=1",
        "https://registry.example/v2/a/blobs/uploads/",
    ] {
        let asked = Uri::from_static(asked);
        if let Ok(Some(next)) = fuzzing::next_page(&asked, headers.clone()) {
            assert_eq!(next.scheme(), asked.scheme());
            assert!(
                next.host()
                    .expect("a host")
                    .eq_ignore_ascii_case(asked.host().expect("a host")),
                "{next}"
            );
        }
        if let Ok(Some(next)) = fuzzing::upload_address(&asked, &headers) {
            assert!(matches!(next.scheme_str(), Some("http" | "https")), "{next}");
            assert!(
                asked.scheme_str() == Some("http") || next.scheme_str() == Some("https"),
                "{next}"
            );
        }
    }
});
