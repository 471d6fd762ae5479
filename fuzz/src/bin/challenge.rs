//! `WWW-Authenticate`: wherever it sends us with a password, that place may have it.

#![no_main]

use countersign_oci::registry::fuzzing;
use http::{HeaderMap, HeaderValue, Uri, header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let lines = text.lines().filter_map(|line| HeaderValue::from_str(line).ok());
    let headers: HeaderMap = lines.map(|line| (header::WWW_AUTHENTICATE, line)).collect();
    for registry in ["http://registry.local:5000/v2/", "https://registry.example/v2/"] {
        let registry = Uri::from_static(registry);
        let Some(Ok(address)) = fuzzing::token_address(&headers, &registry) else {
            continue;
        };
        let authority = address.authority().expect("a token server has a host");
        assert!(!authority.as_str().contains('@'), "{address} carries a user name");
        let is_own = authority.host().eq_ignore_ascii_case("registry.local") && authority.port_u16() == Some(5000);
        let is_plain = address.scheme_str() == Some("http") && registry.scheme_str() == Some("http");
        assert!(
            address.scheme_str() == Some("https") || is_plain && is_own,
            "{address} would get the password of {registry}"
        );
    }
});
