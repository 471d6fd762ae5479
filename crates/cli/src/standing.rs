//! What is told of the bases that an image stands on: which layers are whose, and how that is known.

mod compared;
mod overrides;

use countersign::base::Image;
use countersign_artifacts::overrides::Overrides;
use countersign_core::base::{Authorised, Bound, Seam, Standing};
use countersign_core::quoted::Quoted;
use countersign_core::verify::VerifiedSignature;
use serde_json::{Value, json};

pub(crate) use compared::{Compared, compared};
pub(crate) use overrides::overridden;

/// An image and the bases that it stands on.
pub(crate) struct Told {
    image: Image,
    standing: Standing,
    overrides: Option<Overrides>,
    compared: Option<Compared>,
}

impl Told {
    pub(crate) fn new(image: Image, standing: Standing) -> Self {
        Self {
            image,
            standing,
            overrides: None,
            compared: None,
        }
    }

    /// With what the layers above the base do to it, where somebody has looked.
    pub(crate) fn overriding(self, overrides: Option<Overrides>) -> Self {
        Self { overrides, ..self }
    }

    /// With the configuration beside that of the base, where somebody has looked.
    pub(crate) fn comparing(self, compared: Option<Compared>) -> Self {
        Self { compared, ..self }
    }

    /// The bases in one line, for the check list of an image's signatures.
    pub(crate) fn summary(&self) -> String {
        let seams = self.standing.seams.iter();
        let mut named: Vec<String> = seams
            .map(|seam| format!("{} ({})", seam.name, layers(1, seam.count)))
            .collect();
        named.dedup();
        format!("{} stands on {}", self.image.subject.image.digest(), named.join(", "))
    }

    pub(crate) fn to_text(&self) -> String {
        let all = self.standing.layers;
        let mut text = format!("{} of {all} layers stands on\n", self.image.subject.image);
        for seam in &self.standing.seams {
            text.push_str(&format!(
                "  {}: {}{} ({})\n",
                layers(1, seam.count),
                seam.name,
                by(seam),
                seam.place
            ));
        }
        let covered = self.standing.bound.len();
        if covered < all {
            text.push_str(&format!("  {}: no base\n", layers(covered + 1, all)));
        }
        let trusted = self
            .standing
            .bound
            .iter()
            .filter(|bound| **bound == Bound::InsecurelyTrusted)
            .count();
        if trusted > 0 {
            text.push_str(&format!("  {trusted} layers on the word of the configuration\n"));
        }
        text.extend(self.overrides.as_ref().map(overrides::to_text));
        text.extend(self.compared.as_ref().map(Compared::to_text));
        for refused in &self.standing.refused {
            text.push_str(&format!("  not counted: {refused}\n"));
        }
        text
    }

    pub(crate) fn to_json(&self) -> Value {
        let standing = &self.standing;
        let blobs = self.image.blobs();
        let described = self.image.layers.diff_ids().iter().zip(blobs).enumerate();
        let layers = described.map(|(number, (diff_id, digest))| {
            let covering = standing.seams.iter().filter(|seam| seam.count > number);
            let mut bases: Vec<&str> = covering.map(|seam| seam.name.as_str()).collect();
            bases.dedup();
            json!({
                "diffId": diff_id,
                "digest": digest,
                "bases": bases,
                "known": standing.bound.get(number).map(|bound| match bound {
                    Bound::Named => "by its digest in a statement",
                    Bound::Unpacked => "by its content",
                    Bound::InsecurelyTrusted => "by the configuration",
                }),
            })
        });
        json!({
            "image": self.image.subject.image.to_string(),
            "verified": true,
            "bases": standing.seams.iter().map(seam_object).collect::<Vec<_>>(),
            "layers": layers.collect::<Vec<_>>(),
            "overrides": self.overrides.as_ref().map(overrides::to_json),
            "configuration": self.compared.as_ref().map(Compared::to_json),
            "refused": standing.refused.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }
}

fn seam_object(seam: &Seam) -> Value {
    let statement = seam.statement.as_ref();
    json!({
        "base": seam.name,
        "layers": seam.count,
        "chainId": seam.chain_id,
        "place": seam.place,
        "signer": match &seam.by {
            Authorised::Signature(signature) => Some(signer(signature)),
            Authorised::Digest => None,
        },
        "name": statement.map(|statement| &statement.name),
        "issued": statement.map(|statement| statement.issued.to_string()),
        "expires": statement.and_then(|statement| statement.expires).map(|at| at.to_string()),
    })
}

/// Who has signed, and when.
fn by(seam: &Seam) -> String {
    let mut text = match &seam.by {
        Authorised::Signature(signature) => format!(", signed by {}", Quoted::new(&signer(signature))),
        Authorised::Digest => return ", by its chain id".to_owned(),
    };
    if let Some(statement) = &seam.statement {
        text.push_str(&format!(
            " as {}, issued {}",
            Quoted::new(&statement.name),
            statement.issued
        ));
        if let Some(at) = statement.expires {
            text.push_str(&format!(", expires {at}"));
        }
    }
    text
}

fn signer(signature: &VerifiedSignature) -> String {
    let names = signature.certificate().map(|certificate| certificate.names());
    match names.and_then(|names| names.first()) {
        Some(name) => name.to_string(),
        None => format!("key {}", signature.key().hint()),
    }
}

fn layers(first: usize, last: usize) -> String {
    match first == last {
        true => format!("layer {first}"),
        false => format!("layers {first}-{last}"),
    }
}
