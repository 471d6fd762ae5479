//! `tekton list`: the objects of a bundle.

use clap::{Args, ValueEnum};
use countersign_artifacts::tekton::{self, BundleError, KINDS, Object};
use countersign_oci::{Reference, Store};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::args::registry::RegistryArgs;
use crate::args::usage::UsageError;
use crate::commands::Subcommand;
use crate::failure::Failure;
use crate::session::Session;

/// Lists the objects of a Tekton bundle
#[derive(Args)]
pub(crate) struct List {
    /// The bundle, by tag or digest; then the kind and the name of the objects
    #[arg(value_name = "IMAGE [KIND [NAME]]")]
    arguments: Vec<String>,

    /// What is printed of each object
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "name")]
    output: Form,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// What is printed of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// All of it, as it is kept.
    Json,
    /// Kind and name.
    Name,
    /// All of it.
    Yaml,
}

impl Subcommand for List {
    const NAME: &'static str = "tekton list";
    const ABOUT: &'static str = "Lists the objects of a Tekton bundle";
    const ARGUMENTS: &'static str = "IMAGE [KIND [NAME]]";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let (image, kind, name) = match &self.arguments[..] {
            [image] => (image, None, None),
            [image, kind] => (image, Some(kind_of(kind)?), None),
            [image, kind, name] => (image, Some(kind_of(kind)?), Some(name)),
            other => {
                let reason = format!("accepts between 1 and 3 arg(s), received {}", other.len());
                return Err(UsageError::because(reason).into());
            }
        };
        let reference: Reference = image.parse()?;
        let registry = self.registry.open(session)?;
        let mut objects = session.wait(async {
            let manifest = registry.manifest(&reference).await;
            let manifest = manifest.map_err(|error| Failure::absent(error, &reference))?;
            Ok(tekton::read(&registry, reference.repository(), &manifest).await?)
        })?;
        objects.retain(|object| {
            kind.as_ref().is_none_or(|kind| object.lower_kind() == *kind)
                && name.is_none_or(|name| object.name() == name)
        });
        if objects.is_empty() {
            return Err(Failure::Tekton(BundleError::NoneFound {
                kind: kind.unwrap_or_default(),
                name: name.cloned().unwrap_or_default(),
            }));
        }
        session.ui().print(self.text(&objects)?.as_bytes())
    }
}

impl List {
    fn text(&self, objects: &[Object]) -> Result<String, Failure> {
        let mut text = String::new();
        for (number, object) in objects.iter().enumerate() {
            let value = serde_json::from_slice::<serde_json::Value>(object.json());
            let value = value.map_err(|error| Failure::Output(error.into()))?;
            match self.output {
                Form::Name => text.push_str(&format!("{}.tekton.dev/{}\n", object.lower_kind(), object.name())),
                Form::Json => text.push_str(&indented(&value)),
                Form::Yaml => {
                    if number > 0 {
                        text.push_str("---\n");
                    }
                    text.push_str(&tekton::to_yaml(&value));
                }
            }
        }
        Ok(text)
    }
}

/// JSON with four blanks a level, as Kubernetes' programs print it.
fn indented(value: &serde_json::Value) -> String {
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(b"    ");
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, formatter))
        .expect("a vector takes every write");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("JSON is text")
}

/// A kind in any case, singular or plural, as bundles have it.
fn kind_of(text: &str) -> Result<String, Failure> {
    let kind = text.to_ascii_lowercase();
    let kind = kind.strip_suffix('s').unwrap_or(&kind);
    let mut known: Vec<String> = Vec::new();
    for one in KINDS.iter().flat_map(|(_, kinds)| kinds.split(", ")) {
        let one = one.to_ascii_lowercase();
        if !known.contains(&one) {
            known.push(one);
        }
    }
    if known.iter().any(|known| known == kind) {
        return Ok(kind.to_owned());
    }
    let reason = format!("second argument {text} is not a valid kind: {known:?}");
    Err(UsageError::because(reason).into())
}
