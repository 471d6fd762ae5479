//! Addresses: which belong together, where we let ourselves be sent, and how they are shown.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::error::StoreError;

/// The port, also where the scheme implies it.
pub(crate) fn port(url: &Uri) -> u16 {
    url.port_u16()
        .unwrap_or(if url.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 })
}

/// Says whether two addresses have the same scheme, host and port. Only then may one get the credentials of the other.
pub(crate) fn is_same_origin(a: &Uri, b: &Uri) -> bool {
    a.scheme() == b.scheme() && is_same_host(a, b) && port(a) == port(b)
}

/// Says whether two addresses have the same host, whatever the port.
pub(crate) fn is_same_host(a: &Uri, b: &Uri) -> bool {
    match (a.host(), b.host()) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => false,
    }
}

/// Says whether the host is this machine.
pub(crate) fn is_loopback(url: &Uri) -> bool {
    let Some(host) = url.host() else { return false };
    match ip(host) {
        Some(IpAddr::V4(v4)) => v4.is_loopback(),
        Some(IpAddr::V6(v6)) => v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback()),
        None => is_loopback_name(host),
    }
}

/// Says whether the host is, by its spelling, not on the public internet. Names are not resolved.
fn is_private(url: &Uri) -> bool {
    let Some(host) = url.host() else { return true };
    match ip(host) {
        Some(IpAddr::V4(v4)) => is_private_v4(v4),
        Some(IpAddr::V6(v6)) => is_private_v6(v6),
        None => is_loopback_name(host) || crate::reference::is_local_host(host),
    }
}

fn is_loopback_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

fn ip(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn is_private_v4(v4: Ipv4Addr) -> bool {
    let [a, b, ..] = v4.octets();
    let is_carrier_grade = a == 100 && (64..128).contains(&b);
    v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || v4.is_unspecified()
        || v4.is_broadcast()
        || v4.is_multicast()
        || is_carrier_grade
        || a == 0
}

fn is_private_v6(v6: Ipv6Addr) -> bool {
    let first = v6.segments()[0];
    let is_unique_local = first & 0xfe00 == 0xfc00;
    let is_link_local = first & 0xffc0 == 0xfe80;
    v6.is_loopback()
        || v6.is_unspecified()
        || v6.is_multicast()
        || is_unique_local
        || is_link_local
        || v6.to_ipv4_mapped().is_some_and(is_private_v4)
}

/// Checks that going from `from` to `target` neither leaves TLS nor enters a private network from a public host.
///
/// # Errors
/// [`StoreError::Redirect`] with the reason.
pub(crate) fn check_step(from: &Uri, target: &Uri) -> Result<(), StoreError> {
    let refuse = |reason: &str| {
        Err(StoreError::Redirect {
            url: shown(from),
            target: shown(target),
            reason: reason.to_owned(),
        })
    };
    if target.scheme() != Some(&Scheme::HTTPS) && target.scheme() != Some(&Scheme::HTTP) {
        return refuse("neither http nor https");
    }
    if target
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return refuse("it carries a user name");
    }
    if from.scheme() == Some(&Scheme::HTTPS) && target.scheme() == Some(&Scheme::HTTP) {
        return refuse("from https to http");
    }
    if is_private(target) && !is_private(from) {
        return refuse("from a public host into a private network");
    }
    Ok(())
}

/// Resolves a `Location` or `Link` against the address that gave it (RFC 3986 §5, without a base's fragment).
///
/// # Errors
/// [`StoreError::Malformed`] where it is no address.
pub(crate) fn resolve(base: &Uri, location: &str) -> Result<Uri, StoreError> {
    let malformed = || StoreError::Malformed {
        what: format!("address given by {}", shown(base)),
        reason: format!("{:?}", location.chars().take(SHOWN).collect::<String>()),
    };
    let location = location.split('#').next().unwrap_or_default();
    if location.is_empty() || location.len() > LIMIT {
        return Err(malformed());
    }
    if location.starts_with("http://") || location.starts_with("https://") {
        return location.parse().map_err(|_| malformed());
    }
    let scheme = base.scheme().ok_or_else(malformed)?.clone();
    if let Some(rest) = location.strip_prefix("//") {
        return format!("{scheme}://{rest}").parse().map_err(|_| malformed());
    }
    let path = match location.as_bytes() {
        [b'/', ..] => location.to_owned(),
        [b'?', ..] => format!("{}{location}", base.path()),
        _ if location
            .split(['/', '?'])
            .next()
            .is_some_and(|first| first.contains(':')) =>
        {
            return Err(malformed());
        }
        _ => {
            let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            without_dots(&format!("{folder}/{location}"))
        }
    };
    let authority: Authority = base.authority().ok_or_else(malformed)?.clone();
    Uri::builder()
        .scheme(scheme)
        .authority(authority)
        .path_and_query(path.parse::<PathAndQuery>().map_err(|_| malformed())?)
        .build()
        .map_err(|_| malformed())
}

/// Removes `.` and `..` (RFC 3986 §5.2.4).
fn without_dots(path: &str) -> String {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    format!("/{}{query}", kept.join("/"))
}

/// The address without user name and query, for errors.
pub(crate) fn shown(url: &Uri) -> String {
    format!(
        "{}://{}{}",
        url.scheme_str().unwrap_or("http"),
        url.authority().map_or("", |authority| host_part(authority.as_str())),
        url.path()
    )
}

/// The address without user name, with those members of the query that are known to hold no secret; the others are masked.
pub(crate) fn shown_with_query(url: &Uri) -> String {
    let Some(query) = url.query() else { return shown(url) };
    let members: Vec<String> = query
        .split('&')
        .map(|member| match member.split_once('=') {
            Some((name, _)) if !PLAIN_MEMBERS.contains(&name) => format!("{name}=***"),
            _ => member.to_owned(),
        })
        .collect();
    format!("{}?{}", shown(url), members.join("&"))
}

fn host_part(authority: &str) -> &str {
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// Members of a query that hold no secret.
const PLAIN_MEMBERS: [&str; 8] = [
    "digest",
    "mount",
    "from",
    "n",
    "last",
    "artifactType",
    "scope",
    "service",
];

/// How much of a bad address an error repeats, in characters.
const SHOWN: usize = 200;

/// The longest address followed, in bytes: signed addresses of object stores stay well below it.
const LIMIT: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().expect("an address")
    }

    #[test]
    fn locations_are_resolved_as_rfc_3986_says() {
        let base = uri("https://h:5/v2/a/blobs/uploads/?x=1");
        for (location, resolved) in [
            ("https://other/x", "https://other/x"),
            ("//other/x", "https://other/x"),
            ("/v2/a?b=c", "https://h:5/v2/a?b=c"),
            ("id?state=/../s", "https://h:5/v2/a/blobs/uploads/id?state=/../s"),
            ("../x", "https://h:5/v2/a/blobs/x"),
            ("?y=2", "https://h:5/v2/a/blobs/uploads/?y=2"),
        ] {
            assert_eq!(
                resolve(&base, location).map(|url| url.to_string()).ok().as_deref(),
                Some(resolved)
            );
        }
        assert!(matches!(
            resolve(&base, "file:/etc/passwd"),
            Err(StoreError::Malformed { .. })
        ));
        assert!(matches!(resolve(&base, ""), Err(StoreError::Malformed { .. })));
    }

    #[test]
    fn steps_out_of_tls_or_into_private_networks_are_refused() {
        for (from, target) in [
            ("https://ghcr.io/a", "http://ghcr.io/a"),
            ("https://ghcr.io/a", "https://127.0.0.1/a"),
            ("https://ghcr.io/a", "https://169.254.169.254/a"),
            ("https://ghcr.io/a", "https://[::ffff:10.0.0.1]/a"),
            ("https://ghcr.io/a", "https://localhost/a"),
            ("http://127.0.0.1:1/a", "http://user:pw@127.0.0.1:1/a"),
        ] {
            assert!(
                matches!(check_step(&uri(from), &uri(target)), Err(StoreError::Redirect { .. })),
                "{from} {target}"
            );
        }
        for (from, target) in [
            ("https://ghcr.io/a", "https://cdn.example/a"),
            ("http://127.0.0.1:1/a", "http://127.0.0.1:2/a"),
            ("http://reg.local/a", "https://s3.amazonaws.com/a"),
        ] {
            assert!(check_step(&uri(from), &uri(target)).is_ok(), "{from} {target}");
        }
    }

    #[test]
    fn the_port_is_part_of_the_origin() {
        assert!(is_same_origin(&uri("https://H/a"), &uri("https://h:443/b")));
        assert!(!is_same_origin(&uri("http://h:1/a"), &uri("http://h:2/a")));
        assert!(!is_same_origin(&uri("http://h/a"), &uri("https://h/a")));
    }

    #[test]
    fn shown_addresses_hold_no_secret() {
        let url = uri("https://me:pw@h/p?digest=sha256:1&X-Amz-Signature=abc");
        assert_eq!(shown(&url), "https://h/p");
        assert_eq!(
            shown_with_query(&url),
            "https://h/p?digest=sha256:1&X-Amz-Signature=***"
        );
    }
}
