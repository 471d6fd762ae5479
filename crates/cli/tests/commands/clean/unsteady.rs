//! Signature tags that change, cannot be read, or are kept by registries with conditions of their own.

use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_core::Digest;
use countersign_oci::media_type;

use crate::harness::{Outcome, User};
use crate::hostile::{Answer, Hostile};

const IMAGE: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// What `clean` says of an image whose signature tag holds `manifest`, and the conditions of its deletions; the first
/// deletions are answered with `refusals`.
fn clean(manifest: &'static str, refusals: &'static [u16]) -> (Outcome, Vec<Option<String>>) {
    let deletions = AtomicUsize::new(0);
    let registry = Hostile::answering(move |request| match request.split_once(' ') {
        Some(("DELETE", _)) => {
            let number = deletions.fetch_add(1, Ordering::Relaxed);
            Answer::of(refusals.get(number).copied().unwrap_or(202), "text/plain", "")
        }
        Some((_, path)) if path.ends_with(".sig") => Answer::Reply {
            status: 200,
            headers: vec![
                ("content-type", media_type::OCI_MANIFEST.to_owned()),
                ("docker-content-digest", Digest::sha256(manifest.as_bytes()).to_string()),
            ],
            body: manifest.as_bytes().to_vec(),
        },
        Some((_, path)) if path.contains("/referrers/") => {
            Answer::of(200, media_type::OCI_INDEX, r#"{"schemaVersion":2,"manifests":[]}"#)
        }
        _ => Answer::of(404, "text/plain", ""),
    });
    let outcome = User::new().run(&format!("clean -f --type signature {}/app@{IMAGE}", registry.host()));
    let heads = registry.heads();
    let deletions = heads.iter().filter(|head| head.starts_with("DELETE "));
    let condition = |head: &String| {
        let line = head.lines().find_map(|line| line.strip_prefix("if-match: "));
        line.map(str::to_owned)
    };
    (outcome.redacted(registry.host()), deletions.map(condition).collect())
}

/// The condition under which what `manifest` is deleted.
fn unchanged(manifest: &str) -> Option<String> {
    Some(format!("\"{}\"", Digest::sha256(manifest.as_bytes())))
}

const EMPTY: &str = r#"{"schemaVersion":2,"layers":[]}"#;

#[test]
fn a_tag_is_deleted_on_condition_that_it_did_not_change() {
    let (outcome, conditions) = clean(EMPTY, &[]);
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert_eq!(conditions, [unchanged(EMPTY)]);
}

#[test]
fn a_registry_that_refuses_conditions_that_hold_is_asked_without_one() {
    let (outcome, conditions) = clean(EMPTY, &[412]);
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert_eq!(conditions, [unchanged(EMPTY), None]);
}

#[test]
fn a_tag_that_holds_what_cannot_be_read_is_deleted() {
    let unreadable = r#"{"schemaVersion":2,"layers":3}"#;
    let (outcome, conditions) = clean(unreadable, &[]);
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert_eq!(conditions, [unchanged(unreadable)]);
}
