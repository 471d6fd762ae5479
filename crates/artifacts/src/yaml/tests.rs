use countersign_core::go_json;

use super::{YamlError, documents};

/// The documents as Go writes them in JSON, a line each.
fn json(text: &str) -> String {
    let documents = documents(text).expect("it is YAML");
    let lines = documents.iter().map(go_json::to_vec);
    let lines: Vec<String> = lines
        .map(|line| String::from_utf8(line).expect("JSON is text"))
        .collect();
    lines.join("\n")
}

#[test]
fn scalars_are_those_of_yaml_1_1() {
    for (yaml, expected) in [
        ("yes", "true"),
        ("'yes'", "\"yes\""),
        ("OFF", "false"),
        ("y", "true"),
        ("yES", "\"yES\""),
        ("~", "null"),
        ("", ""),
        ("017", "15"),
        ("0o17", "15"),
        ("0x_1F", "31"),
        ("-0b11", "-3"),
        ("08", "8"),
        ("0", "0"),
        ("-0", "0"),
        ("1_000", "1000"),
        ("1.10", "1.1"),
        ("1.0", "1"),
        ("-1.0", "-1"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("1e21", "1e+21"),
        ("1e-7", "1e-7"),
        ("0.000001", "0.000001"),
        ("18446744073709551615", "18446744073709551615"),
        ("18446744073709551616", "18446744073709552000"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("+9223372036854775807", "9223372036854775807"),
        ("1e400", "\"1e400\""),
        ("2020-01-02", "\"2020-01-02\""),
        ("1:30", "\"1:30\""),
        ("0x", "\"0x\""),
        ("1.2.3", "\"1.2.3\""),
        ("-", "[null]"),
        ("+", "\"+\""),
        (".", "\".\""),
        ("!!str 1", "\"1\""),
        ("!!str .inf", "\".inf\""),
        ("!!float 1", "1"),
        ("!!int 1", "1"),
    ] {
        assert_eq!(json(yaml), expected, "{yaml}");
    }
}

#[test]
fn keys_become_texts() {
    assert_eq!(
        json("on: 1\n017: 2\n'x': 3\n-1: 4\n"),
        r#"{"-1":4,"15":2,"true":1,"x":3}"#
    );
}

#[test]
fn documents_are_read_one_by_one() {
    assert_eq!(
        json("a: 1\n---\n# nothing\n---\n{b: [2]}\n"),
        "{\"a\":1}\nnull\n{\"b\":[2]}"
    );
}

#[test]
fn aliases_and_merges_are_resolved() {
    let text = "base: &b {p: 1, q: 2}\na: {<<: *b, q: 3}\nl: {<<: [*b, {p: 9, r: 4}]}\nc: *b\n";
    assert_eq!(
        json(text),
        r#"{"a":{"p":1,"q":3},"base":{"p":1,"q":2},"c":{"p":1,"q":2},"l":{"p":1,"q":2,"r":4}}"#
    );
}

#[test]
fn what_has_no_one_meaning_is_refused() {
    let refused = |line, found| YamlError::Refused { line, found };
    for (yaml, expected) in [
        ("a: .inf", refused(1, "a tag or a number that JSON does not have")),
        (
            "a: !!binary aGk=",
            refused(1, "a tag or a number that JSON does not have"),
        ),
        ("a: !mine 1", refused(1, "a tag or a number that JSON does not have")),
        ("a: !mine {}", refused(1, "a tag that is not one of JSON's types")),
        ("{a: 1}: 2", refused(1, "a key that is no text")),
        ("null: 2", refused(1, "a key that is no text")),
        ("1.5: 2", refused(1, "a key that is no text")),
        ("<<: 1", refused(1, "a merge of what is no mapping")),
        (
            "a: 1\na: 2",
            YamlError::Twice {
                line: 2,
                key: "a".to_owned(),
            },
        ),
    ] {
        assert_eq!(documents(yaml), Err(expected), "{yaml}");
    }
}

#[test]
fn a_small_text_does_not_become_a_large_value() {
    let mut text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
    for level in 1..10 {
        let alias = format!("*a{}", level - 1);
        let items = [&*alias; 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert!(matches!(
        documents(&text),
        Err(YamlError::Refused {
            found: "more values than are read",
            ..
        })
    ));
    assert!(matches!(
        documents(&"[".repeat(200)),
        Err(YamlError::Refused {
            line: 1,
            found: "more levels than are read"
        })
    ));
}
