//! How the configuration of an image differs from that of its base.

use countersign::base::{Difference, Image, base_of, differences};
use countersign_core::base::{BasePolicy, Seam, Standing};
use countersign_core::quoted::Quoted;
use countersign_oci::{AnyStore, Pinned, Repository};
use serde_json::{Value, json};

use crate::failure::Failure;

/// A configuration beside that of the base.
pub(crate) struct Compared {
    base: Pinned,
    differences: Vec<Difference>,
}

/// Compares with the outermost base, which is looked for in `repositories` and those of the policy.
pub(crate) async fn compared(
    image: &Image,
    standing: &Standing,
    (policy, repositories): (&BasePolicy, &[Repository]),
    store: &AnyStore,
) -> Result<Compared, Failure> {
    let outermost = standing.bound.len();
    let seams = standing.seams.iter().filter(|seam| seam.count == outermost);
    let seams: Vec<&Seam> = seams.collect();
    let own = seams.iter().filter_map(|seam| policy.bases.get(seam.base));
    let own = own.flat_map(|base| &base.repositories);
    let own = own.filter_map(|name| name.parse().ok());
    let places: Vec<Repository> = repositories.iter().cloned().chain(own).collect();
    let base = base_of(&seams, image, &places, store).await?;
    Ok(Compared {
        differences: differences(&base, image)?,
        base: base.subject.image,
    })
}

impl Compared {
    /// What differs, for people.
    pub(super) fn to_text(&self) -> String {
        let name = self.base.reference();
        if self.differences.is_empty() {
            return format!("  the configuration is as that of the base {name}\n");
        }
        let mut text = format!("  the configuration is not as that of the base {name}:\n");
        for one in &self.differences {
            let name = one.name.as_deref().map(|name| format!(" {}", Quoted::new(name)));
            let (base, image) = (shown(&one.base), shown(&one.image));
            text.push_str(&format!(
                "    {}{}: {base} -> {image}\n",
                safe(&one.member),
                name.unwrap_or_default()
            ));
        }
        text
    }

    /// What differs, for programs.
    pub(super) fn to_json(&self) -> Value {
        let differences = self.differences.iter();
        let differences: Vec<Value> = differences
            .map(|one| json!({"member": one.member, "name": one.name, "base": one.base, "image": one.image}))
            .collect();
        json!({"base": self.base.reference().to_string(), "differences": differences})
    }
}

/// A value as JSON, made safe for a terminal.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => Quoted::new(text).to_string(),
        other => safe(&other.to_string()),
    }
}

/// A text without what steers a terminal, cut to a length.
fn safe(text: &str) -> String {
    let quoted = Quoted::new(text);
    let plain = |character: char| matches!(character, ' '..='~');
    match quoted.as_str().chars().all(plain) && quoted.as_str().len() == text.len() {
        true => text.to_owned(),
        false => quoted.to_string(),
    }
}
