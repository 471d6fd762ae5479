use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::*;
use crate::Digest;
use crate::artifact::Artifact;
use crate::bundle::Bundle;
use crate::key::PublicKey;
use crate::policy::{Claim, LogRule, Policy, TrustedSigner};
use crate::trust::TrustedRoot;
use crate::verify::verify;

mod files;
mod judged;
mod random;

pub(super) const REPOSITORY: &str = "registry.example:5000/user/demo";

pub(super) fn name() -> TagName {
    TagName::new(REPOSITORY, "v1").unwrap()
}

pub(super) fn digest(content: &str) -> Digest {
    Digest::sha256(content.as_bytes())
}

/// A moment, in seconds after noon of a day.
pub(super) fn at(seconds: i64) -> Timestamp {
    let noon: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    noon.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

/// That the image `content` has the tag, for a time in seconds after noon.
pub(super) fn said(content: &str, sequence: u64, issued: i64, expires: i64) -> Candidate {
    Candidate {
        statement: TagStatement {
            name: name(),
            digest: digest(content),
            sequence: Sequence::new(sequence).unwrap(),
            period: Period::new(at(issued), at(expires)).unwrap(),
            previous: None,
        },
        time: None,
        signer: "key a".to_owned(),
    }
}

fn annotations(statement: &TagStatement) -> Map<String, Value> {
    let annotations = statement.annotations();
    annotations
        .into_iter()
        .map(|(key, value)| (key, value.into()))
        .collect()
}

#[test]
fn what_is_written_is_read_back_beside_other_annotations() {
    let mut statement = said("app", 7, 0, 3600).statement;
    for previous in [None, Some(digest("before"))] {
        statement.previous = previous;
        let mut written = annotations(&statement);
        written.insert("env".to_owned(), "prod".into());
        assert_eq!(
            TagStatement::read(Some(&written), &digest("app")),
            Ok(statement.clone())
        );
    }
}

#[test]
fn the_annotations_are_those_of_the_page() {
    let mut statement = said("app", 7, 0, 3600).statement;
    statement.previous = Some(digest("before"));
    assert_eq!(
        Value::Object(annotations(&statement)),
        json!({
            "tag": "v1",
            "tag.repo": REPOSITORY,
            "tag.seq": "7",
            "tag.issued": "2026-11-22T12:00:00Z",
            "tag.expires": "2026-11-22T13:00:00Z",
            "tag.prev": digest("before").to_string(),
            "tag.spec": "1",
        })
    );
}

#[test]
fn everything_that_is_said_is_in_the_id_but_what_came_before() {
    let statement = said("app", 7, 0, 3600).statement;
    let others = [
        said("other", 7, 0, 3600).statement,
        said("app", 8, 0, 3600).statement,
        said("app", 7, 1, 3600).statement,
        said("app", 7, 0, 3601).statement,
        TagStatement {
            name: name().sibling("v2").unwrap(),
            ..statement.clone()
        },
    ];
    for other in others {
        assert_ne!(statement.id(), other.id(), "{other:?}");
        assert!(!statement.says_the_same_as(&other), "{other:?}");
    }
    let mut after = statement.clone();
    after.previous = Some(digest("before"));
    assert_eq!(statement.id(), after.id());
    assert!(statement.says_the_same_as(&after));
}

#[test]
fn what_is_no_statement_is_refused_for_its_reason() {
    let whole = annotations(&said("app", 7, 0, 3600).statement);
    let with = |key: &str, value: Value| {
        let mut changed = whole.clone();
        changed.insert(key.to_owned(), value);
        TagStatement::read(Some(&changed), &digest("app")).unwrap_err()
    };
    let without = |key: &str| {
        let mut changed = whole.clone();
        changed.remove(key);
        TagStatement::read(Some(&changed), &digest("app")).unwrap_err()
    };
    assert_eq!(TagStatement::read(None, &digest("app")), Err(NotAStatement::NoTag));
    assert_eq!(without("tag"), NotAStatement::NoTag);
    assert_eq!(without("tag.spec"), NotAStatement::NoVersion);
    let found = "2".into();
    assert_eq!(with("tag.spec", "2".into()), NotAStatement::OtherVersion { found });
    for key in ["tag.repo", "tag.seq", "tag.issued", "tag.expires"] {
        assert_eq!(without(key), NotAStatement::Missing { key });
    }
    let time = "a time such as 2026-11-22T00:00:00Z";
    let number = "a number from 1 to 9223372036854775807";
    let table: [(&'static str, &str, &'static str); 15] = [
        ("tag", "", "a tag"),
        ("tag", "a,b", "a tag"),
        ("tag.repo", "Registry.example/user", "a repository in lower case"),
        ("tag.repo", "registry.example", "a repository, HOST/PATH"),
        ("tag.repo", "registry.example//app", "a repository, HOST/PATH"),
        ("tag.repo", "registry.example/a,b", "a repository, HOST/PATH"),
        ("tag.seq", "0", number),
        ("tag.seq", "07", number),
        ("tag.seq", "+7", number),
        ("tag.seq", "9223372036854775808", number),
        ("tag.issued", "2026-11-22T12:00:00+00:00", time),
        ("tag.issued", "2026-11-22T12:00:00.5Z", time),
        ("tag.expires", "2026-11-22 13:00:00Z", time),
        ("tag.expires", "2026-11-22T24:00:00Z", time),
        ("tag.prev", "sha256:0", "a digest"),
    ];
    for (key, value, expected) in table {
        let source = Unreadable::new(expected, value);
        assert_eq!(
            with(key, value.into()),
            NotAStatement::Malformed { key, source },
            "{value}"
        );
    }
    let source = Unreadable::new("a text", "7");
    let key = "tag.seq";
    assert_eq!(with(key, json!(7)), NotAStatement::Malformed { key, source });
    let issued = at(0);
    let reason = NotAStatement::NoTime {
        issued,
        expires: issued,
    };
    assert_eq!(with("tag.expires", "2026-11-22T12:00:00Z".into()), reason);
}

#[test]
fn the_last_sequence_number_has_none_after_it() {
    let last: Sequence = "9223372036854775807".parse().unwrap();
    assert_eq!(last.next(), None);
    assert_eq!(Sequence::FIRST.next(), Sequence::new(2));
}

/// What cosign signs with these annotations verifies, and is a statement but for the version that it lacks.
#[test]
fn what_cosign_signs_verifies_and_is_a_statement_once_it_says_its_version() {
    let key = PublicKey::from_pem(include_bytes!("../../tests/data/tags/cosign.pub")).unwrap();
    let image: Digest = "sha256:9b63ea3249f84d0c0fa8ceecfbbf9fb4a847e61ac843092a029fff83cec49353"
        .parse()
        .unwrap();
    let bundles: [(&str, &[u8]); 2] = [
        ("1", include_bytes!("../../tests/data/tags/tag-statement1.bundle.json")),
        ("2", include_bytes!("../../tests/data/tags/tag-statement2.bundle.json")),
    ];
    for (sequence, json) in bundles {
        let bundle = Bundle::from_json(json).unwrap();
        let asked = [("tag", "latest"), ("tag.seq", sequence)];
        let asked = asked.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let policy = Policy::new(
            TrustedSigner::key(key.clone()),
            Claim::signature(asked.into_iter().collect()),
            LogRule::InsecurelyIgnored,
        );
        let artifact = Artifact::new(image.clone());
        let verified = verify(&bundle, &artifact, &policy, &TrustedRoot::default(), at(0)).unwrap();
        let read = TagStatement::read(verified.annotations(), &image);
        assert_eq!(read, Err(NotAStatement::NoVersion));
        let mut versioned = verified.annotations().unwrap().clone();
        versioned.insert("tag.spec".to_owned(), "1".into());
        let statement = TagStatement::read(Some(&versioned), &image).unwrap();
        assert_eq!(statement.sequence.to_string(), sequence);
        assert_eq!(statement.name.to_string(), "127.0.0.1:5763/b/base:latest");
        assert_eq!(statement.period.length(), SignedDuration::from_hours(7 * 24));
    }
}
