//! The tree in cosign's lines, with what is attached to attachments beneath them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use countersign::attachment::list::{Beneath, Child};
use countersign::attachment::{Kind, Location};
use countersign_core::Digest;
use countersign_oci::Pinned;

use crate::args::pinned;

/// The tree of `image`, which was asked for as `name`.
pub(super) fn drawn(name: &str, image: &Pinned, location: &Location, beneath: &Beneath, program: &str) -> String {
    let mut drawing = Drawing {
        beneath,
        repository: location.repository().to_string(),
        image: image.repository().to_string(),
        shown: BTreeSet::new(),
        text: format!("📦 Supply Chain Security Related artifacts for an image: {name}\n"),
    };
    let listing = beneath.listing(image.digest());
    let is_bare = listing.is_none_or(|listing| listing.tags.is_empty() && listing.referrers.is_empty());
    if is_bare {
        let _infallible = write!(
            drawing.text,
            "No Supply Chain Security Related Artifacts found for image {name},\n \
             start creating one with simply running$ {program} sign <img>\n"
        );
    }
    drawing.beneath(image.digest(), "");
    drawing.text
}

struct Drawing<'a> {
    beneath: &'a Beneath,
    repository: String,
    image: String,
    shown: BTreeSet<Digest>,
    text: String,
}

impl Drawing<'_> {
    /// Lists are looked at to a depth that has a limit, so this ends; what was shown is not shown again.
    fn beneath(&mut self, digest: &Digest, indent: &str) {
        let beneath = self.beneath;
        if !self.shown.insert(digest.clone()) {
            return self.line(indent, "↑ see above");
        }
        let next = format!("{indent}   ");
        let Some(listing) = beneath.listing(digest) else {
            return self.line(indent, "… not looked at");
        };
        for tag in &listing.tags {
            let heading = match tag.kind {
                Kind::Signature => "🔐 Signatures",
                Kind::Attestation => "💾 Attestations",
                Kind::Sbom => "📦 SBOMs",
                _ => "📎 Attachments",
            };
            self.line(indent, &format!("{heading} for an image tag: {}", tag.name));
            for (index, layer) in tag.layers.iter().enumerate() {
                let branch = match index + 1 == tag.layers.len() {
                    true => "└──",
                    false => "├──",
                };
                let _infallible = writeln!(self.text, "{next}{branch} 🍒 {layer}");
            }
            self.beneath(&tag.digest, &next);
        }
        for referrer in &listing.referrers {
            let mut kind = plain(&referrer.kind);
            if referrer.countersigns.is_some() {
                kind.push_str(" (countersignature)");
            }
            let line = format!(
                "🔗 {kind} artifacts via OCI referrer: {}@{}",
                self.repository, referrer.digest
            );
            self.line(indent, &line);
            self.beneath(&referrer.digest, &next);
        }
        for child in beneath.children(digest) {
            let line = format!("{}: {}@{}", named(child), self.image, child.digest);
            self.line(indent, &line);
            self.beneath(&child.digest, &next);
        }
    }

    fn line(&mut self, indent: &str, line: &str) {
        let _infallible = writeln!(self.text, "{indent}└── {line}");
    }
}

/// What a child of an index is.
fn named(child: &Child) -> String {
    match (&child.attests, &child.platform) {
        (Some(about), _) => format!("📜 BuildKit attestations of {}", plain(about)),
        (None, Some(platform)) => format!("🧩 {}", plain(&pinned::shown(platform))),
        (None, None) => "🧩 manifest of the index".to_owned(),
    }
}

/// A text that steers no terminal.
fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}
