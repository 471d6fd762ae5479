use countersign_core::policy::Claim;

use super::*;

const POLICY: &str = "
version: 1   # a comment
signers:
  - name: ci
    identity: &who ci@example.com
    issuer: 'https://issuer'
  - identity: other@example.com
    issuer: \"https://issuer\"
threshold: 2
logs: 1
deny:
  identities: [{identity: old@example.com}, {identityRegexp: '.*@evil\\.example'}]
";

fn read_text(text: &str) -> Result<PolicyFile, ReadError<&'static str>> {
    read(text.as_bytes(), &|_| Err("no such file"))
}

fn told(text: &str) -> String {
    read_text(text).unwrap_err().to_string()
}

#[test]
fn yaml_and_the_json_that_it_means_are_the_same_policy() {
    let json = to_json(POLICY.as_bytes()).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["signers"][0]["identity"], "ci@example.com");
    let of = |text: &str| {
        let policy = read_text(text).unwrap();
        (
            policy.quorum().threshold(),
            format!("{:?}", policy.policy(Claim::Message)),
        )
    };
    assert_eq!(of(POLICY), of(&json.to_string()));
}

#[test]
fn what_is_no_policy_says_where_it_departs() {
    for (text, expected) in [
        ("", "line 1: nothing, expected a policy"),
        ("version: 1\nversion: 1", "line 1: the key \"version\" twice"),
        ("{a: 1, a: 2}", "line 1: the key \"a\" twice"),
        ("version: 1\n---\nversion: 1", "line 3: a second document, expected one"),
        ("version: 1\n[]: x", "line 1: a key that is no text"),
        ("version: yes", "version is a text, expected a whole number"),
        ("version: '1'", "version is a text, expected a whole number"),
        ("version: 1\nsigners: ~", "signers is nothing, expected a list"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
    assert!(told(&format!("# {}", "x".repeat(LIMIT))).starts_with("the policy has 1048578 bytes"));
    assert!(matches!(
        read_text("version: 1\nsigners: [{key: a.pub}]"),
        Err(ReadError::Key("no such file"))
    ));
}

#[test]
fn what_aliases_stand_for_is_counted_each_time() {
    let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x,x]\n");
    for (name, of) in [("b", "a"), ("c", "b"), ("d", "c"), ("e", "d"), ("f", "e")] {
        let items = vec![format!("*{of}"); 10].join(",");
        bomb.push_str(&format!("{name}: &{name} [{items}]\n"));
    }
    assert!(told(&bomb).ends_with("more values than are read"), "{}", told(&bomb));
    let deep = format!("{}{}", "[".repeat(20), "]".repeat(20));
    assert!(told(&deep).ends_with("more values than are read"), "{}", told(&deep));
}
