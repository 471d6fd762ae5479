//! The files: state, lock, set.

use super::*;

fn fresh(candidate: &Candidate) -> Fresh<'_> {
    Fresh {
        candidate,
        dated: TrustedTime {
            at: at(0),
            source: TimeSource::Signer,
        },
        recalled: Recalled::Nothing,
    }
}

fn state() -> State {
    let mut state = State::default();
    state.note(&fresh(&said("app", 7, 0, 3600)), at(10));
    state.note_set(&set());
    state
}

fn set() -> TagSet {
    let first = TagSet::new(REPOSITORY);
    let mut set = first.following(digest("first set")).unwrap();
    let sequence = Sequence::new(7).unwrap();
    set.list(
        "v1",
        Listed::At {
            digest: digest("app"),
            sequence,
        },
    );
    set.list("old", Listed::Removed { sequence });
    set
}

#[test]
fn a_state_is_read_as_it_was_written() {
    let state = state();
    let written = state.to_json();
    assert_eq!(State::parse(&written), Ok(state));
    let text = String::from_utf8(written).unwrap();
    assert_eq!(
        text,
        format!(
            r#"{{
  "last_time": "2026-11-22T12:00:10Z",
  "sets": {{
    "{REPOSITORY}": {{
      "seq": 2,
      "tags": {{
        "old": 7,
        "v1": 7
      }}
    }}
  }},
  "tags": {{
    "{REPOSITORY}:v1": {{
      "digest": "{}",
      "seq": 7,
      "signer": "key a",
      "statement": "{}"
    }}
  }},
  "v": 1
}}
"#,
            digest("app"),
            said("app", 7, 0, 3600).statement.id()
        )
    );
    let empty = State::default();
    assert_eq!(State::parse(&empty.to_json()), Ok(empty));
}

#[test]
fn a_state_that_is_torn_or_of_another_version_is_no_state() {
    let written = state().to_json();
    // The last byte is the line end.
    for length in 0..written.len() - 2 {
        let torn = State::parse(written.get(..length).unwrap()).unwrap_err().to_string();
        assert!(
            torn.starts_with("expected JSON of a state file, found "),
            "{length}: {torn}"
        );
    }
    let text = String::from_utf8(written).unwrap();
    let text = text.as_str();
    for (from, to, expected) in [
        (
            "\"v\": 1",
            "\"v\": 2",
            "expected a state file with \"v\": 1, found \"2\"",
        ),
        ("\"seq\": 7", "\"seq\": 0", "expected a sequence number, found \"0\""),
        (
            "\"seq\": 7",
            "\"seq\": \"7\"",
            "expected a sequence number, found \"\\\"7\\\"\"",
        ),
        ("\"old\": 7", "\"old\": -7", "expected a sequence number, found \"-7\""),
        ("\"digest\": \"sha256:", "\"digest\": \"x", "expected a digest, found "),
        ("demo:v1", "demo", "expected "),
        (":10Z", ":10", "expected a time, found "),
        (
            "\"tags\": {\n    \"reg",
            "\"tog\": {\n    \"reg",
            "expected an object with a row for each tag, found \"null\"",
        ),
        ("\"signer\"", "\"singer\"", "expected a text, found \"null\""),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let found = State::parse(changed.as_bytes()).unwrap_err().to_string();
        assert!(found.starts_with(expected), "{to}: {found}");
    }
}

#[test]
fn what_is_noted_never_goes_back() {
    let mut state = state();
    let known = state.known(&name()).cloned();
    state.note(&fresh(&said("old", 6, 0, 3600)), at(5));
    assert_eq!(state.known(&name()).cloned(), known);
    assert_eq!(state.last_time(), Some(at(10)));
}

#[test]
fn a_lock_is_sorted_and_read_as_it_was_written() {
    let mut lock = TagsLock::default();
    for tag in ["v2", "latest"] {
        let mut statement = said("app", 7, 0, 3600).statement;
        statement.name = name().sibling(tag).unwrap();
        lock.update(&statement).unwrap();
    }
    let text = lock.to_text();
    let digest = digest("app");
    assert_eq!(
        text,
        format!("# countersign tags 1\n{REPOSITORY}:latest {digest} 7\n{REPOSITORY}:v2 {digest} 7\n")
    );
    assert_eq!(TagsLock::parse(&text), Ok(lock.clone()));
    assert_eq!(TagsLock::parse(&format!("{text}\n# a comment\n")), Ok(lock));
}

#[test]
fn a_wrong_line_of_a_lock_is_named() {
    let digest = digest("app");
    let line = format!("{REPOSITORY}:v1 {digest} 7");
    let table = [
        (String::new(), 1, "the line `# countersign tags 1`"),
        (line.clone(), 1, "the line `# countersign tags 1`"),
        (format!("# countersign tags 1\n{line}\n{line}"), 3, "each tag once"),
        (
            format!("# countersign tags 1\n\n{line} 8"),
            3,
            "REPOSITORY:TAG DIGEST SEQUENCE",
        ),
        (
            format!("# countersign tags 1\n{REPOSITORY} {digest} 7"),
            2,
            "REPOSITORY:TAG DIGEST SEQUENCE",
        ),
        (
            format!("# countersign tags 1\n{REPOSITORY}:v1 sha256:0 7"),
            2,
            "REPOSITORY:TAG DIGEST SEQUENCE",
        ),
        (
            format!("# countersign tags 1\n{REPOSITORY}:v1 {digest} 0"),
            2,
            "REPOSITORY:TAG DIGEST SEQUENCE",
        ),
        (
            format!("# countersign tags 1\n{}", line.to_uppercase()),
            2,
            "REPOSITORY:TAG DIGEST SEQUENCE",
        ),
    ];
    for (text, number, expected) in table {
        let found = text.lines().nth(number - 1).unwrap_or_default();
        let expected = (number, Unreadable::new(expected, found));
        assert_eq!(TagsLock::parse(&text), Err(expected), "{text}");
    }
}

#[test]
fn a_lock_takes_what_is_newer_only() {
    let mut lock = TagsLock::default();
    lock.update(&said("app", 7, 0, 3600).statement).unwrap();
    lock.update(&said("app", 7, 9, 3600).statement).unwrap();
    let seven = Sequence::new(7).unwrap();
    assert_eq!(
        lock.update(&said("app", 6, 0, 3600).statement),
        Err(TagRefusal::Rollback {
            name: name(),
            known: seven,
            digest: digest("app"),
            found: Sequence::new(6).unwrap(),
        })
    );
    assert_eq!(
        lock.update(&said("other", 7, 0, 3600).statement),
        Err(TagRefusal::NotAsLocked {
            name: name(),
            expected: digest("app"),
            locked: seven,
            found: digest("other"),
            sequence: seven,
        })
    );
    lock.update(&said("other", 8, 0, 3600).statement).unwrap();
    assert_eq!(lock.locked(&name()).unwrap().digest, digest("other"));
}

#[test]
fn a_set_is_read_as_it_was_written() {
    let set = set();
    let json = set.to_json();
    assert_eq!(
        String::from_utf8(json.clone()).unwrap(),
        format!(
            r#"{{"prev":"{}","repo":"{REPOSITORY}","seq":2,"spec":1,"tags":{{"old":{{"removed":true,"seq":7}},"v1":{{"digest":"{}","seq":7}}}}}}"#,
            digest("first set"),
            digest("app")
        )
    );
    assert_eq!(TagSet::parse(&json), Ok(set));
    let first = TagSet::new(REPOSITORY);
    assert_eq!(TagSet::parse(&first.to_json()), Ok(first));
}

#[test]
fn what_is_no_set_is_refused() {
    let text = String::from_utf8(set().to_json()).unwrap();
    for (from, to, expected) in [
        (
            "\"spec\":1",
            "\"spec\":2",
            "expected a tag set with \"spec\": 1, found \"2\"",
        ),
        (
            "\"tags\":{",
            "\"tog\":{",
            "expected an object with at most 100000 tags, found ",
        ),
        ("\"seq\":2", "\"seq\":0", "expected a sequence number, found \"0\""),
        (
            "\"removed\":true",
            "\"removed\":false",
            "expected \"removed\": true, or no such member, found \"false\"",
        ),
        (
            "\"digest\":\"sha256:",
            "\"digest\":\"sha1:",
            "expected a digest, found ",
        ),
        ("\"prev\":\"sha256:", "\"prev\":\"x", "expected a digest, found "),
        ("\"repo\":\"", "\"repo\":7,\"x\":\"", "expected a text, found \"7\""),
        ("}}}", "}}", "expected a tag set, JSON, found "),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let found = TagSet::parse(changed.as_bytes()).unwrap_err().to_string();
        assert!(found.starts_with(expected), "{to}: {found}");
    }
}

#[test]
fn a_set_lists_the_tag_as_it_is_or_refuses_it() {
    let set = set();
    assert_eq!(set.check_tag(&said("app", 7, 0, 3600).statement), Ok(()));
    // renewed since
    assert_eq!(set.check_tag(&said("app", 8, 0, 3600).statement), Ok(()));
    for statement in [said("other", 8, 0, 3600).statement, said("app", 6, 0, 3600).statement] {
        let expected = TagRefusal::NotAsInSet {
            name: name(),
            expected: digest("app"),
            listed: Sequence::new(7).unwrap(),
            found: statement.digest.clone(),
            sequence: statement.sequence,
        };
        assert_eq!(set.check_tag(&statement), Err(expected));
    }
    let mut statement = said("app", 7, 0, 3600).statement;
    let number = set.sequence();
    statement.name = name().sibling("old").unwrap();
    let expected = TagRefusal::RemovedInSet {
        name: statement.name.clone(),
        set: number,
    };
    assert_eq!(set.check_tag(&statement), Err(expected));
    statement.name = name().sibling("unknown").unwrap();
    let expected = TagRefusal::NotInSet {
        name: statement.name.clone(),
        set: number,
    };
    assert_eq!(set.check_tag(&statement), Err(expected));
}

#[test]
fn a_set_takes_nothing_back() {
    let known = set().to_known();
    let set_name = name().sibling(SET_TAG).unwrap();
    assert_eq!(set().check(&set_name, Some(&known)), Ok(()));
    let sequence = Sequence::new(6).unwrap();
    let went_back = |set: &TagSet, tag: &str, found: &str, known: u64| TagRefusal::SetWentBack {
        name: name().sibling(tag).unwrap(),
        set: set.sequence(),
        found: found.to_owned(),
        known: Sequence::new(known).unwrap(),
    };
    let older = TagSet::new(REPOSITORY);
    let expected = went_back(&older, SET_TAG, "sequence 1", 2);
    assert_eq!(older.check(&set_name, Some(&known)), Err(expected));
    let lost = TagSet::new(REPOSITORY).following(digest("x")).unwrap();
    let expected = went_back(&lost, "old", "no such tag", 7);
    assert_eq!(lost.check(&set_name, Some(&known)), Err(expected));
    let mut lower = set();
    lower.list(
        "v1",
        Listed::At {
            digest: digest("app"),
            sequence,
        },
    );
    let expected = went_back(&lower, "v1", "sequence 6", 7);
    assert_eq!(lower.check(&set_name, Some(&known)), Err(expected));
    let mut undeleted = set();
    undeleted.list(
        "old",
        Listed::At {
            digest: digest("app"),
            sequence,
        },
    );
    let expected = went_back(&undeleted, "old", "sequence 6", 7);
    assert_eq!(undeleted.check(&set_name, Some(&known)), Err(expected));
    let other = TagSet::new("registry.example/other");
    let expected = TagRefusal::OtherSet {
        expected: REPOSITORY.to_owned(),
        found: "registry.example/other".into(),
    };
    assert_eq!(other.check(&set_name, None), Err(expected));
}
