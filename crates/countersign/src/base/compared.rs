//! How an image's configuration differs from that of its base, which no signature of the base speaks of.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::Digest;
use countersign_core::base::{Authorised, LayersError, Seam};
use countersign_core::json_object::JsonObject;
use countersign_core::payload::statement::Statement;
use countersign_core::quoted::Quoted;
use countersign_oci::{Reference, Repository, Store, StoreError};
use serde_json::Value;

use super::{BaseError, Image, images};
use crate::sign::find;

/// A member of the configuration that is not as the base has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The member: `Entrypoint`, `Env`.
    pub member: String,
    /// The name of the variable, label, port or volume, where it is one of several.
    pub name: Option<String>,
    /// What the base has; null where it has nothing.
    pub base: Value,
    /// What the image has; null where it has nothing.
    pub image: Value,
}

/// Fetches the base of seams that are at one place: what the statements that count, or the policy, name; looked for in
/// `repositories`, and where the statements say.
///
/// # Errors
/// [`BaseError::NoManifest`] where nothing that counts names it, [`BaseError::NotReachable`] where it is in no repository.
pub async fn base_of<S: Store>(
    seams: &[&Seam],
    image: &Image,
    repositories: &[Repository],
    store: &S,
) -> Result<Image, BaseError> {
    let own = &image.subject.image;
    let all: Vec<Reference> = seams.iter().flat_map(|seam| names(seam, repositories)).collect();
    let Some(seam) = seams.first().filter(|_| !all.is_empty()) else {
        let mut names: Vec<&str> = seams.iter().map(|seam| seam.name.as_str()).collect();
        names.dedup();
        return Err(BaseError::NoManifest {
            image: own.clone(),
            name: names.join(" or "),
        });
    };
    for name in &all {
        let found = match find(store, name).await {
            Ok(found) => found,
            Err(StoreError::NotFound { .. }) => continue,
            Err(error) => return Err(BaseError::store(own)(error)),
        };
        for one in images(&found, store).await? {
            let base = Image::read(one, store).await?;
            if base.layers.chain_id(base.layers.len()) == Some(&seam.chain_id) {
                return Ok(base);
            }
        }
    }
    Err(BaseError::NotReachable {
        image: own.clone(),
        looked: all.iter().map(ToString::to_string).collect(),
    })
}

/// Where the base may be.
fn names(seam: &Seam, repositories: &[Repository]) -> Vec<Reference> {
    let Authorised::Signature(signature) = &seam.by else {
        // the policy says which one, and may name an image
        let known = seam.name.parse::<Reference>().ok();
        return known.into_iter().filter(|name| name.digest().is_some()).collect();
    };
    let said = seam
        .statement
        .as_ref()
        .and_then(|statement| statement.name.parse().ok());
    let mut places: Vec<Repository> = repositories.iter().cloned().chain(said).collect();
    places.dedup();
    let statement = Statement::parse(signature.payload_bytes());
    let subjects = statement
        .map(|statement| statement.subjects().to_vec())
        .unwrap_or_default();
    let manifests: Vec<Digest> = subjects
        .iter()
        .filter(|subject| seam.statement.is_some() && !subject.is(&seam.chain_id))
        .flat_map(|subject| subject.digests().map(|(algorithm, hex)| format!("{algorithm}:{hex}")))
        .filter_map(|digest| digest.parse().ok())
        .collect();
    let each = places.iter().flat_map(|place| {
        let digests = manifests.iter().take(MANIFESTS);
        digests.map(move |digest| place.digest(digest.clone()))
    });
    each.collect()
}

/// What of the configuration of `image` is not as `base` has it, sorted. Nothing, an empty list and an empty text are the same.
///
/// # Errors
/// [`BaseError::Layers`] where programs in Go would read another configuration.
pub fn differences(base: &Image, image: &Image) -> Result<Vec<Difference>, BaseError> {
    let (of_base, of_image) = (members(base)?, members(image)?);
    let keys: BTreeSet<_> = of_base.keys().chain(of_image.keys()).collect();
    let mut found = Vec::new();
    for key in keys {
        let value = |members: &Members| members.get(key).cloned().unwrap_or_default();
        let (base, image) = (value(&of_base), value(&of_image));
        if base != image {
            found.push(Difference {
                member: key.0.clone(),
                name: key.1.clone(),
                base,
                image,
            });
        }
    }
    Ok(found)
}

/// What a configuration says, by member, and by name where a member has several.
type Members = BTreeMap<(String, Option<String>), Value>;

fn members(image: &Image) -> Result<Members, BaseError> {
    unambiguous(image)?;
    let configuration = image.configuration();
    let mut found = Members::new();
    for member in PLATFORM {
        let value = configuration.get(*member).cloned().unwrap_or_default();
        found.insert(((*member).to_owned(), None), value);
    }
    let run = configuration.get("config").and_then(Value::as_object);
    for (member, value) in run.into_iter().flatten() {
        match value {
            Value::Object(entries) if NAMED.contains(&member.as_str()) => {
                for (name, value) in entries {
                    // what has no value is there all the same
                    let value = if is_empty(value) {
                        Value::from("")
                    } else {
                        value.clone()
                    };
                    found.insert((member.clone(), Some(name.clone())), value);
                }
            }
            Value::Array(variables) if member == "Env" => {
                for variable in variables {
                    add_variable(&mut found, variable.as_str().unwrap_or_default());
                }
            }
            value => drop(found.insert((member.clone(), None), value.clone())),
        }
    }
    found.retain(|(_, name), value| name.is_some() || !is_empty(value));
    Ok(found)
}

/// Adds a variable, `NAME=VALUE`; where there is one of that name, with both values: which one counts is up to the program that runs.
fn add_variable(found: &mut Members, text: &str) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let several = found.entry(("Env".to_owned(), Some(name.to_owned()))).or_default();
    *several = match several.take() {
        Value::Null => value.into(),
        Value::Array(mut all) => {
            all.push(value.into());
            all.into()
        }
        one => vec![one, value.into()].into(),
    };
}

/// Checks that everyone reads the same members.
fn unambiguous(image: &Image) -> Result<(), BaseError> {
    let refused = |source| BaseError::Layers {
        image: image.subject.image.clone(),
        source,
    };
    let check = || -> Result<(), LayersError> {
        let Some(run) = JsonObject::parse(image.configuration_bytes())?
            .get("config")
            .map(|run| run.get().to_owned())
        else {
            return Ok(());
        };
        if run == "null" {
            return Ok(());
        }
        match JsonObject::parse(run.as_bytes())?.twin() {
            Some(twin) => Err(LayersError::Twin {
                member: Quoted::new(twin),
            }),
            None => Ok(()),
        }
    };
    check().map_err(refused)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

/// What an image runs on, beside its `config`.
const PLATFORM: &[&str] = &["architecture", "os", "os.features", "os.version", "variant"];

/// The members of `config` that have names in them.
const NAMED: &[&str] = &["ExposedPorts", "Labels", "Volumes"];

/// The most manifests of a base that are asked for; a statement of ours names one.
const MANIFESTS: usize = 4;
