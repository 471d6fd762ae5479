use super::*;

fn judged(policies: &[&str], input: &str) -> Result<Verdict, String> {
    let policies = policies.iter().enumerate().map(|(index, text)| Policy {
        path: format!("{index}.rego"),
        text: (*text).to_owned(),
    });
    judge(policies.collect(), input)
}

fn refused(policies: &[&str], input: &str) -> Vec<String> {
    let verdict = judged(policies, input).expect("there is a verdict");
    assert!(!verdict.allowed);
    verdict.reasons
}

const V0: &str = "package signature\n\nallow {\n  input.predicate.n == 1\n}\n";
const V1: &str = "package signature\n\nallow if {\n  input.predicate.n == 1\n}\n";
const V1_BY_IMPORT: &str = "package signature\nimport rego.v1\n\nallow if input.predicate.n == 1\n";

#[test]
fn a_statement_that_the_policy_allows_is_allowed_in_both_syntaxes() {
    for policy in [V0, V1, V1_BY_IMPORT] {
        let verdict = judged(&[policy], r#"{"predicate":{"n":1}}"#);
        let allowed = Verdict {
            allowed: true,
            reasons: Vec::new(),
        };
        assert_eq!(verdict, Ok(allowed), "{policy}");
    }
}

#[test]
fn a_rule_that_does_not_hold_is_undefined() {
    for policy in [V0, V1] {
        assert_eq!(
            refused(&[policy], r#"{"predicate":{"n":2}}"#),
            ["result is undefined for query 'data.signature.allow'"]
        );
    }
}

#[test]
fn a_default_of_false_and_a_set_of_messages_are_not_true() {
    let policy = "package signature\ndefault allow = false\n";
    assert_eq!(refused(&[policy], "{}"), ["expression value, false, is not true"]);
    let policy = "package signature\nallow[msg] {\n  msg := \"too old\"\n}\n";
    assert_eq!(
        refused(&[policy], "{}"),
        ["expression value, [\"too old\"], is not true"]
    );
}

#[test]
fn messages_of_deny_are_among_the_reasons() {
    let v0 = "package signature\ndefault allow = false\ndeny[msg] {\n  msg := sprintf(\"n is %v\", [input.n])\n}\n";
    let v1 = "package signature\ndefault allow := false\ndeny contains msg if {\n  msg := sprintf(\"n is %v\", [input.n])\n}\n";
    for policy in [v0, v1] {
        assert_eq!(
            refused(&[policy], r#"{"n":3}"#),
            ["expression value, false, is not true", "n is 3"],
            "{policy}"
        );
    }
}

#[test]
fn large_numbers_are_not_rounded() {
    let policy = "package signature\nallow {\n  input.n == 12345678901234567890\n}\n";
    assert!(judged(&[policy], r#"{"n":12345678901234567890}"#).is_ok_and(|verdict| verdict.allowed));
    assert_eq!(refused(&[policy], r#"{"n":12345678901234567891}"#).len(), 1);
}

#[test]
fn several_files_are_one_policy() {
    let rule = "package signature\nimport data.limits\nallow {\n  input.n < limits.most\n}\n";
    let limits = "package limits\nmost := 5\n";
    assert!(judged(&[rule, limits], r#"{"n":4}"#).is_ok_and(|verdict| verdict.allowed));
    assert_eq!(refused(&[rule, limits], r#"{"n":6}"#).len(), 1);
}

#[test]
fn the_functions_that_policies_use_are_there() {
    let policy = r#"package signature
allow {
  regex.match("^https://", input.uri)
  glob.match("*.example.com", ["."], "a.example.com")
  time.parse_rfc3339_ns("2026-01-01T00:00:00Z") > 0
  semver.compare("1.2.3", "1.2.4") == -1
  base64.decode("YQ==") == "a"
  net.cidr_contains("10.0.0.0/8", "10.1.1.1")
  json.unmarshal("{\"a\":1}").a == 1
}
"#;
    assert!(judged(&[policy], r#"{"uri":"https://x"}"#).is_ok_and(|verdict| verdict.allowed));
}

#[test]
fn what_is_no_rego_or_no_json_has_no_verdict() {
    let error = judged(&["package signature\nallow {"], "{}").expect_err("it is no Rego");
    assert!(
        error.starts_with("0.rego is no Rego, neither v1 nor v0\nas v1: "),
        "{error}"
    );
    let error = judged(&[V0], "{").expect_err("it is no JSON");
    assert!(error.starts_with("the statement is not JSON: "), "{error}");
}

#[test]
fn keywords_of_v1_are_never_read_as_rules_that_hold() {
    // the second rule is none in v1, so the file is no v1; in v0 the first would be two rules
    for first in ["allow if {\n  false\n}\n", "allow contains \"x\"\n"] {
        let policy = format!("package signature\n{first}other {{\n  true\n}}\n");
        let error = judged(&[&policy], "{}").expect_err("it is no policy");
        assert!(error.starts_with("0.rego is no Rego v1: "), "{error}");
    }
    for bare in ["allow\n", "allow # always\n"] {
        let error = judged(&[&format!("package signature\n{bare}")], "{}").expect_err("it is no policy");
        assert_eq!(error, "0.rego: line 2 is a rule without value or body");
    }
}

#[test]
fn keywords_that_a_v0_policy_imports_are_keywords() {
    let policy = "package signature\nimport future.keywords.if\nallow if {\n  input.n == 1\n}\nother {\n  true\n}\n";
    assert!(judged(&[policy], r#"{"n":1}"#).is_ok_and(|verdict| verdict.allowed));
    assert_eq!(refused(&[policy], r#"{"n":2}"#).len(), 1);
}

#[test]
fn a_policy_of_another_package_allows_nothing() {
    let policy = "package other\nallow = true\n";
    let verdict = judged(&[policy], "{}");
    assert!(!verdict.is_ok_and(|verdict| verdict.allowed));
}

#[test]
fn a_policy_reaches_neither_network_nor_environment() {
    for call in [
        "http.send({\"method\": \"get\", \"url\": \"http://127.0.0.1:1\"})",
        "opa.runtime().env.HOME",
    ] {
        let policy = format!("package signature\nallow {{\n  {call}\n}}\n");
        assert!(!judged(&[&policy], "{}").is_ok_and(|verdict| verdict.allowed), "{call}");
    }
}
