//! What is told of a chain: who signed what, as a tree for people and as edges for programs.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use countersign::chain::{Chain, Edge};
use countersign_core::Digest;
use countersign_core::chain::{Depth, Link};
use countersign_core::verify::VerifiedSignature;
use serde_json::{Value, json};

use crate::diagnostic;

/// The chain as a tree beneath the image.
pub(super) fn drawn(image: &Digest, chain: &Chain) -> String {
    let mut text = format!("Who signed what:\n{image}\n");
    let mut drawing = Drawing {
        chain,
        shown: BTreeSet::from([image.clone()]),
        text: &mut text,
    };
    drawing.beneath(image, "");
    for covered in chain.covered() {
        let mut how = match covered.by.as_slice() {
            [] => String::new(),
            by => format!(" by {}", by.join(", ")),
        };
        if covered.by.is_empty() || covered.depth > Depth::LEAST {
            let _infallible = write!(how, ", {} levels deep", covered.depth);
        }
        let _infallible = writeln!(text, "Signature {} is countersigned{how}.", covered.signature);
    }
    if let Some(stop) = chain.stop() {
        let _infallible = writeln!(text, "This is not all: {stop}.");
    }
    text
}

struct Drawing<'a> {
    chain: &'a Chain,
    shown: BTreeSet<Digest>,
    text: &'a mut String,
}

impl Drawing<'_> {
    fn beneath(&mut self, parent: &Digest, indent: &str) {
        let chain = self.chain;
        let edges: Vec<&Edge> = chain.edges().iter().filter(|edge| edge.parent == *parent).collect();
        for (place, edge) in edges.iter().enumerate() {
            let (branch, next) = match place + 1 == edges.len() {
                true => ("└── ", "    "),
                false => ("├── ", "│   "),
            };
            let is_new = self.shown.insert(edge.holder.clone());
            let again = if is_new { "" } else { " (see above)" };
            let line = format!("{} {}: {}", kind(edge), edge.holder, verdict(chain, edge));
            let _infallible = writeln!(self.text, "{indent}{branch}{line}{again}");
            // as deep as the walk went, which has a limit
            if is_new {
                self.beneath(&edge.holder, &format!("{indent}{next}"));
            }
        }
    }
}

/// A signature of what is beneath the image is a countersignature.
fn kind(edge: &Edge) -> String {
    match edge.kind.as_str() {
        "signature" if edge.depth > 1 => "countersignature".to_owned(),
        kind => kind.chars().filter(|character| !character.is_control()).collect(),
    }
}

fn verdict(chain: &Chain, edge: &Edge) -> String {
    if edge.links.is_empty() {
        return match edge.refused.first() {
            Some((_, reason)) => format!("not verified: {}", diagnostic::chain(reason)),
            // of what is attached to the image itself the reason is among what was not counted
            None if edge.depth == 1 => "not counted".to_owned(),
            None => "not verified".to_owned(),
        };
    }
    let by: Vec<String> = edge.links.iter().map(|link| signer(link.signature())).collect();
    let at = time(&edge.links).map(|at| format!(" at {at}")).unwrap_or_default();
    let older = match chain.is_older_than_parent(edge) {
        true => "; its proven time is before that of what it signs",
        false => "",
    };
    format!("verified, by {}{at}{older}", by.join(", "))
}

/// Whom a certificate names, or the key.
fn signer(signature: &VerifiedSignature) -> String {
    match signature
        .certificate()
        .and_then(|certificate| certificate.names().first())
    {
        Some(name) => name
            .to_string()
            .chars()
            .filter(|character| !character.is_control())
            .collect(),
        None => format!("key {}", signature.key().hint()),
    }
}

/// The first proven time.
fn time(links: &[Link]) -> Option<String> {
    let times = links.iter().flat_map(|link| link.signature().signed_at());
    times.min().map(ToString::to_string)
}

/// The chain for programs.
pub(super) fn object(chain: &Chain) -> Value {
    let edges = chain.edges().iter().map(|edge| {
        let refused = edge.refused.iter();
        json!({
            "parent": edge.parent,
            "digest": edge.holder,
            "kind": kind(edge),
            "depth": edge.depth,
            "verified": !edge.links.is_empty(),
            "signers": edge.links.iter().map(|link| signer(link.signature())).collect::<Vec<_>>(),
            "signedAt": time(&edge.links),
            "older": chain.is_older_than_parent(edge),
            "refused": refused.map(|(_, reason)| diagnostic::chain(reason)).collect::<Vec<_>>(),
        })
    });
    let covered = chain.covered().iter();
    json!({
        "truncated": chain.stop().is_some(),
        "reason": chain.stop().map(ToString::to_string),
        "edges": edges.collect::<Vec<_>>(),
        "countersigned": covered
            .map(|covered| json!({"signature": covered.signature, "by": covered.by, "depth": covered.depth}))
            .collect::<Vec<_>>(),
    })
}
