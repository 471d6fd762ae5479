//! What the layers above a base do to it, where a policy forbids some of that.

use countersign::base::{BaseError, Image};
use countersign_artifacts::overrides::{Override, Overrides, overrides};
use countersign_core::base::{BasePolicy, BaseRefusal, Standing};
use countersign_core::quoted::Quoted;
use countersign_oci::AnyStore;
use serde_json::{Value, json};

use crate::failure::Failure;

/// Looks at what the layers above the outermost base replace and delete of it, where some of that is forbidden; fails where it is.
pub(crate) async fn overridden(
    image: &Image,
    standing: &Standing,
    policy: &BasePolicy,
    store: &AnyStore,
) -> Result<Option<Overrides>, Failure> {
    if policy.forbid_overrides.is_empty() {
        return Ok(None);
    }
    let patterns = policy.forbid_overrides.clone();
    let forbidden = move |path: &str| patterns.iter().any(|pattern| pattern.is_of(path));
    let (subject, base) = (&image.subject, standing.bound.len());
    let layers = subject.manifest.layers();
    let found = overrides(store, &subject.image, layers, base, Box::new(forbidden)).await?;
    match refusal(&found, policy) {
        None => Ok(Some(found)),
        Some(source) => Err(BaseError::Refused {
            image: subject.image.clone(),
            source,
        }
        .into()),
    }
}

fn refusal(found: &Overrides, policy: &BasePolicy) -> Option<BaseRefusal> {
    let (first, others) = found.forbidden.split_first()?;
    let patterns = &policy.forbid_overrides;
    let pattern = patterns.iter().find(|pattern| pattern.is_of(&first.path));
    Some(BaseRefusal::Overridden {
        layer: first.layer,
        verb: first.fate.verb(),
        path: Quoted::new(&first.path),
        pattern: pattern.or(patterns.first())?.clone(),
        others: others.iter().map(line).collect(),
    })
}

/// What was found, for people.
pub(super) fn to_text(found: &Overrides) -> String {
    let mut text = String::new();
    for one in found.listed.iter().take(SHOWN) {
        text.push_str(&format!("  {}\n", line(one)));
    }
    if found.count > SHOWN {
        let more = found.count - SHOWN;
        text.push_str(&format!(
            "  and {more} more paths of the base are replaced or deleted\n"
        ));
    }
    text
}

/// What was found, for programs: as many as there are, and the first thousand.
pub(super) fn to_json(found: &Overrides) -> Value {
    let listed = found.listed.iter();
    let listed: Vec<Value> = listed
        .map(|one| json!({"layer": one.layer, "path": one.path, "fate": one.fate.name()}))
        .collect();
    json!({"count": found.count, "listed": listed})
}

fn line(one: &Override) -> String {
    format!("layer {} {} {}", one.layer, one.fate.verb(), Quoted::new(&one.path))
}

/// How many paths people are shown.
const SHOWN: usize = 50;
