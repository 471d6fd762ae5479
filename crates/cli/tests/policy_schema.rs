//! `docs/policy.schema.json` agrees with the parser of policies: what one takes, the other takes.

use std::fs;

use countersign::policy_file::{self, ReadError};
use countersign_core::age::Age;
use countersign_core::base::PathPattern;
use countersign_core::certificate::FulcioExtension;
use countersign_core::key::{KeyAlgorithm, PrivateKey};
use countersign_core::policy::file::member_of;
use serde_json::{Value, json};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");

fn schema() -> Value {
    let text = fs::read(format!("{DOCS}/policy.schema.json")).expect("it is there");
    serde_json::from_slice(&text).expect("it is JSON")
}

/// Says whether a value follows a schema, as far as this schema's words go; an unknown word is an error of the test.
fn follows(value: &Value, schema: &Value, root: &Value) -> bool {
    let words = schema.as_object().expect("a schema is an object");
    words.iter().all(|(word, rule)| {
        let all = |rules: &Value| -> Vec<bool> {
            let rules = rules.as_array().expect("a list of schemas");
            rules.iter().map(|rule| follows(value, rule, root)).collect()
        };
        let (object, list, text) = (value.as_object(), value.as_array(), value.as_str());
        let size = |number: &Value| usize::try_from(number.as_u64().expect("a size")).expect("it is small");
        match word.as_str() {
            "$schema" | "title" | "description" | "$defs" => true,
            "$ref" => {
                let path = rule.as_str().expect("a text").trim_start_matches('#');
                follows(value, root.pointer(path).expect("it is defined"), root)
            }
            "type" => match rule.as_str().expect("a text") {
                "object" => object.is_some(),
                "array" => list.is_some(),
                "string" => text.is_some(),
                "integer" => value.is_u64() || value.is_i64(),
                other => panic!("{other}"),
            },
            "const" => value == rule,
            "enum" => rule.as_array().expect("a list").contains(value),
            "required" => {
                let names = rule.as_array().expect("a list");
                object.is_none_or(|object| {
                    names
                        .iter()
                        .all(|name| object.contains_key(name.as_str().expect("a text")))
                })
            }
            "properties" => object.is_none_or(|object| {
                let known = rule.as_object().expect("an object");
                object
                    .iter()
                    .all(|(name, value)| known.get(name).is_none_or(|rule| follows(value, rule, root)))
            }),
            "additionalProperties" => object.is_none_or(|object| {
                let known = words.get("properties").and_then(Value::as_object);
                let mut others = object
                    .iter()
                    .filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)));
                others.all(|(_, value)| rule != &Value::Bool(false) && follows(value, rule, root))
            }),
            "propertyNames" => object.is_none_or(|object| {
                object
                    .keys()
                    .all(|name| follows(&Value::from(name.as_str()), rule, root))
            }),
            "minProperties" => object.is_none_or(|object| object.len() >= size(rule)),
            "items" => list.is_none_or(|list| list.iter().all(|item| follows(item, rule, root))),
            "minItems" => list.is_none_or(|list| list.len() >= size(rule)),
            "maxItems" => list.is_none_or(|list| list.len() <= size(rule)),
            "minLength" => text.is_none_or(|text| text.len() >= size(rule)),
            "maxLength" => text.is_none_or(|text| text.len() <= size(rule)),
            "minimum" => value
                .as_i64()
                .is_none_or(|number| number >= rule.as_i64().expect("a number")),
            "maximum" => value
                .as_i64()
                .is_none_or(|number| number <= rule.as_i64().expect("a number")),
            "pattern" if rule.as_str().is_some_and(|pattern| pattern.contains("dhms")) => {
                text.is_none_or(|text| text.parse::<Age>().is_ok())
            }
            "pattern" if rule.as_str().is_some_and(|pattern| pattern.starts_with("^(/")) => {
                text.is_none_or(|text| text.parse::<PathPattern>().is_ok())
            }
            "pattern" => text.is_none_or(|text| {
                let (_, hex) = text.split_once(':').unwrap_or_default();
                let is_lower = hex
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
                is_lower
                    && ((text.starts_with("sha256:") && hex.len() == 64)
                        || (text.starts_with("sha512:") && hex.len() == 128))
            }),
            "oneOf" => all(rule).into_iter().filter(|follows| *follows).count() == 1,
            "anyOf" => all(rule).contains(&true),
            "not" => !follows(value, rule, root),
            other => panic!("{other}"),
        }
    })
}

/// Says whether the parser takes a policy.
fn is_read(policy: &Value) -> bool {
    let load = |_: &str| {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).expect("a key can be made");
        Ok(key.public_key().to_pem().into_bytes())
    };
    let read = policy_file::read::<()>(policy.to_string().as_bytes(), &load);
    !matches!(
        read,
        Err(ReadError::Malformed(_) | ReadError::Yaml(_) | ReadError::TooLong { .. })
    )
}

/// Every member of the section on bases, and each with several values, of which some are none.
fn with_bases(base: &Value, odd: &[Value]) -> Vec<Value> {
    let digests = json!([format!("sha256:{}", "a".repeat(64))]);
    let section = |section: Value| {
        let mut policy = base.clone();
        policy["bases"] = section;
        policy
    };
    let mut all = Vec::new();
    let authorised = json!([{"key": "x"}]);
    for (member, right) in [
        ("authorised", authorised.clone()),
        ("require", json!("innermost")),
        ("maxLayersAbove", json!(1000)),
        ("maxLayersAbove", json!(1001)),
        ("forbidOverrides", json!(["/usr/**", "/etc/ssl/?*"])),
        ("forbidOverrides", json!(["/usr/../etc"])),
        ("deny", digests.clone()),
        ("other", json!(1)),
    ] {
        for value in odd.iter().chain([&right]) {
            let mut with = json!({"authorised": authorised});
            with[member] = value.clone();
            all.push(section(with));
        }
    }
    let members = [
        ("name", json!("y")),
        ("key", json!("x")),
        ("identity", json!("x")),
        ("identityRegexp", json!("x")),
        ("issuer", json!("x")),
        ("issuerRegexp", json!("x")),
        ("claims", json!({"tokenSubject": "x"})),
        ("digests", digests.clone()),
        ("repositories", json!(["reg.example/a"])),
        ("maxAge", json!("90d")),
        ("current", json!(["reg.example/a:12"])),
        ("deny", digests),
    ];
    for choice in 0..1_u32 << members.len() {
        let chosen = members
            .iter()
            .enumerate()
            .filter(|(place, _)| choice & (1 << place) != 0);
        let chosen = chosen.map(|(_, (name, value))| ((*name).to_owned(), value.clone()));
        all.push(section(json!({"authorised": [Value::Object(chosen.collect())]})));
    }
    for (member, _) in members {
        for value in odd {
            let mut one = json!({"key": "x"});
            one[member] = value.clone();
            all.push(section(json!({"authorised": [one]})));
        }
    }
    all
}

/// Every member of a policy, and each with several values, of which some are none.
fn policies() -> Vec<Value> {
    let identity = json!({"identity": "a", "issuer": "b"});
    let base = json!({"version": 1, "signers": [identity]});
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(64),
        json!(65),
        json!(1.5),
        json!(""),
        json!("x"),
        json!([]),
        json!(["x"]),
        json!({}),
        json!({"x": "y"}),
    ];
    let mut all = vec![json!({}), json!([]), json!("x"), base.clone()];
    for member in [
        "version",
        "signers",
        "threshold",
        "logs",
        "timestamps",
        "certificateLogs",
        "deny",
        "countersigners",
        "treshold",
    ] {
        for value in &odd {
            let mut policy = base.clone();
            policy[member] = value.clone();
            // how many signers there are is beyond a schema
            if member != "threshold" || value != 64 {
                all.push(policy);
            }
        }
    }
    let names = [
        "name",
        "key",
        "identity",
        "identityRegexp",
        "issuer",
        "issuerRegexp",
        "claims",
    ];
    for choice in 0..1_u32 << names.len() {
        let mut signer = json!({});
        for (place, name) in names.iter().enumerate().filter(|(place, _)| choice & (1 << place) != 0) {
            signer[*name] = if place == 6 {
                json!({"tokenSubject": "x"})
            } else {
                json!("x")
            };
        }
        all.push(json!({"version": 1, "signers": [signer]}));
        let mut denying = base.clone();
        denying["deny"] = json!({"identities": [signer]});
        all.push(denying);
    }
    for member in names {
        for value in &odd {
            let mut policy = base.clone();
            policy["signers"][0][member] = value.clone();
            all.push(policy);
        }
    }
    for member in ["signers", "threshold", "covers", "minDepth", "other"] {
        for value in odd.iter().chain([&json!("all"), &json!("any")]) {
            let mut policy = base.clone();
            policy["countersigners"] = json!({ "signers": [identity], member: value });
            if member != "threshold" || value != 64 {
                all.push(policy);
            }
        }
    }
    for member in ["digests", "keys", "identities", "other"] {
        for value in &odd {
            let mut policy = base.clone();
            policy["deny"] = json!({ member: value });
            all.push(policy);
        }
    }
    for digest in [
        format!("sha256:{}", "a".repeat(64)),
        format!("sha256:{}", "A".repeat(64)),
        format!("sha512:{}", "0".repeat(128)),
    ] {
        let mut policy = base.clone();
        policy["deny"] = json!({"digests": [digest]});
        all.push(policy);
    }
    all.extend(with_bases(&base, &odd));
    for claim in FulcioExtension::ALL {
        let mut policy = base.clone();
        policy["signers"][0]["claims"] = json!({ member_of(claim): "x" });
        all.push(policy);
    }
    all
}

#[test]
fn the_schema_takes_what_the_parser_takes_and_no_more() {
    let schema = schema();
    let (mut taken, mut refused) = (0, 0);
    for policy in policies() {
        let read = is_read(&policy);
        assert_eq!(follows(&policy, &schema, &schema), read, "{policy}");
        if read { taken += 1 } else { refused += 1 }
    }
    assert!(taken > 40 && refused > 200, "{taken} taken, {refused} refused");
}

#[test]
fn the_policies_of_the_documentation_follow_the_schema() {
    let schema = schema();
    let page = fs::read_to_string(format!("{DOCS}/policy.md")).expect("it is there");
    let mut blocks = page
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let mut read = 0;
    for block in blocks.by_ref() {
        let json = policy_file::to_json(block.as_bytes()).expect("it is YAML");
        assert!(follows(&json, &schema, &schema), "{block}");
        assert!(is_read(&json), "{block}");
        read += 1;
    }
    assert_eq!(read, 4);
}
