//! What policies say of a statement, asked as cosign asks them: `data.signature.allow` must be `true`.

use regorus::{Engine, Value};
use serde::Serialize;

use crate::heads;

/// A policy file.
pub(crate) struct Policy {
    /// Its path, for messages.
    pub(crate) path: String,
    /// The Rego in it.
    pub(crate) text: String,
}

/// What the policies say together.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Verdict {
    /// Whether they allow the statement.
    pub(crate) allowed: bool,
    /// Why not.
    pub(crate) reasons: Vec<String>,
}

/// Judges `input`, a statement in JSON. What `data.signature.deny` holds is added to the reasons where it is not allowed.
pub(crate) fn judge(policies: Vec<Policy>, input: &str) -> Result<Verdict, String> {
    let mut engine = Engine::new();
    for policy in policies {
        add(&mut engine, policy)?;
    }
    let input = Value::from_json_str(input).map_err(|error| format!("the statement is not JSON: {error}"))?;
    engine.set_input(input);
    let found = ask(&mut engine, ALLOW)?;
    if found.as_deref() == Some(&[Value::Bool(true)]) {
        return Ok(Verdict {
            allowed: true,
            reasons: Vec::new(),
        });
    }
    let mut reasons = match found {
        None => vec![format!("result is undefined for query '{ALLOW}'")],
        Some(values) => values
            .iter()
            .map(|value| format!("expression value, {value}, is not true"))
            .collect(),
    };
    for value in ask(&mut engine, DENY)?.unwrap_or_default() {
        reasons.extend(messages(&value));
    }
    Ok(Verdict {
        allowed: false,
        reasons,
    })
}

/// Adds a policy in the syntax of Rego v1, or else of v0, which cosign expects.
///
/// v1 comes first and both are looked at before the interpreter: read as v0, it takes `allow if {…}` for a rule `allow` that
/// always holds, followed by another one.
fn add(engine: &mut Engine, policy: Policy) -> Result<(), String> {
    let Policy { path, text } = policy;
    if let Some(line) = heads::bare_rule(&text) {
        return Err(format!("{path}: line {line} is a rule without value or body"));
    }
    engine.set_rego_v0(false);
    let Err(as_v1) = engine.add_policy(path.clone(), text.clone()) else {
        return Ok(());
    };
    if heads::needs_v1(&text) {
        return Err(format!("{path} is no Rego v1: {as_v1}"));
    }
    engine.set_rego_v0(true);
    match engine.add_policy(path.clone(), text) {
        Ok(_) => Ok(()),
        Err(as_v0) => Err(format!(
            "{path} is no Rego, neither v1 nor v0\nas v1: {as_v1}\nas v0: {as_v0}"
        )),
    }
}

/// The values of a query; none where it is undefined.
fn ask(engine: &mut Engine, query: &str) -> Result<Option<Vec<Value>>, String> {
    let results = match engine.eval_query(query.to_owned(), false) {
        Ok(results) => results,
        // a rule that no policy has is as undefined as one that does not hold
        Err(error) if query == DENY && error.to_string().contains("not a valid rule path") => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let values: Vec<Value> = results
        .result
        .into_iter()
        .flat_map(|result| result.expressions)
        .map(|expression| expression.value)
        .filter(|value| *value != Value::Undefined)
        .collect();
    Ok((!values.is_empty()).then_some(values))
}

/// The texts in a set or a list, bare; anything else as JSON.
fn messages(value: &Value) -> Vec<String> {
    let shown = |value: &Value| match value {
        Value::String(text) => text.to_string(),
        other => other.to_string(),
    };
    match value {
        Value::Set(values) => values.iter().map(shown).collect(),
        Value::Array(values) => values.iter().map(shown).collect(),
        other => vec![shown(other)],
    }
}

const ALLOW: &str = "data.signature.allow";
const DENY: &str = "data.signature.deny";

#[cfg(test)]
mod tests;
