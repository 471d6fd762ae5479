//! Every change of one place in a bundle, the same at each run.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A way to a value.
#[derive(Clone)]
enum Step {
    Member(String),
    Place(usize),
}

/// Returns the bundle with each of its values left out, or changed, or there twice.
pub(crate) fn of(bundle: &str) -> Vec<(String, String)> {
    let bundle: Value = serde_json::from_str(bundle).expect("what is changed is JSON");
    let mut paths = Vec::new();
    walk(&bundle, &mut Vec::new(), &mut paths);
    let mut changed = Vec::new();
    for path in &paths {
        let name: String = path.iter().map(Step::to_string).collect();
        for (kind, value) in changes(at(&bundle, path)) {
            let mut copy = bundle.clone();
            put(&mut copy, path, value);
            changed.push((format!("{name} {kind}"), copy.to_string()));
        }
    }
    changed
}

fn walk(value: &Value, path: &mut Vec<Step>, paths: &mut Vec<Vec<Step>>) {
    let below: Vec<(Step, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (Step::Member(name.clone()), member))
            .collect(),
        Value::Array(members) => members
            .iter()
            .enumerate()
            .map(|(place, member)| (Step::Place(place), member))
            .collect(),
        _ => return,
    };
    for (step, member) in below {
        path.push(step);
        paths.push(path.clone());
        walk(member, path, paths);
        path.pop();
    }
}

/// What becomes of a value; without one it is left out.
fn changes(value: &Value) -> Vec<(&'static str, Option<Value>)> {
    let mut changes = vec![
        ("absent", None),
        ("null", Some(Value::Null)),
        ("another type", Some(json!(true))),
    ];
    match value {
        Value::String(text) => changes.extend(of_text(text)),
        Value::Array(members) => {
            changes.push(("empty", Some(json!([]))));
            if let Some(last) = members.last() {
                let twice = members.iter().chain([last]).cloned().collect();
                changes.push(("the last twice", Some(Value::Array(twice))));
            }
        }
        Value::Object(members) => {
            changes.push(("empty", Some(json!({}))));
            let mut more = members.clone();
            more.insert("unknown".to_owned(), json!(1));
            changes.push(("a member more", Some(Value::Object(more))));
        }
        _ => {}
    }
    changes
}

/// What becomes of a text, which is a number, base64 or neither.
fn of_text(text: &str) -> Vec<(&'static str, Option<Value>)> {
    let mut changes = vec![("empty", Some(json!(""))), ("longer", Some(json!(format!("{text}x"))))];
    if let Ok(number) = text.parse::<i64>() {
        changes.push(("one more", Some(json!((number + 1).to_string()))));
        changes.push(("negative", Some(json!("-1"))));
        changes.push(("a number", Some(json!(number))));
        return changes;
    }
    let bytes = STANDARD.decode(text).unwrap_or_default();
    if bytes.is_empty() {
        return changes;
    }
    for (kind, place) in [
        ("first bit", 0),
        ("middle bit", bytes.len() / 2),
        ("last bit", bytes.len() - 1),
    ] {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1;
        changes.push((kind, Some(json!(STANDARD.encode(bytes)))));
    }
    changes.push(("a byte more", Some(json!(STANDARD.encode([&bytes[..], &[0]].concat())))));
    changes.push(("a byte less", Some(json!(STANDARD.encode(&bytes[..bytes.len() - 1])))));
    changes
}

fn at<'a>(value: &'a Value, path: &[Step]) -> &'a Value {
    path.iter().fold(value, |value, step| match step {
        Step::Member(name) => &value[name.as_str()],
        Step::Place(place) => &value[*place],
    })
}

fn put(value: &mut Value, path: &[Step], changed: Option<Value>) {
    let Some((last, above)) = path.split_last() else { return };
    let parent = above.iter().fold(value, |value, step| match step {
        Step::Member(name) => &mut value[name.as_str()],
        Step::Place(place) => &mut value[*place],
    });
    match (last, parent, changed) {
        (Step::Member(name), Value::Object(members), Some(changed)) => {
            members.insert(name.clone(), changed);
        }
        (Step::Member(name), Value::Object(members), None) => {
            members.shift_remove(name);
        }
        (Step::Place(place), Value::Array(members), Some(changed)) => members[*place] = changed,
        (Step::Place(place), Value::Array(members), None) => {
            members.remove(*place);
        }
        _ => {}
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Member(name) => write!(f, "/{name}"),
            Self::Place(place) => write!(f, "/{place}"),
        }
    }
}
