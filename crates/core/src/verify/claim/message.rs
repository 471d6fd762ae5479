//! That the artifact itself is the message that is signed.

use super::{BoundClaim, Claimed};
use crate::artifact::Artifact;
use crate::bundle::{Bundle, Content, MessageDigest, MessageSignature};
use crate::key::SignatureDigest;
use crate::log::EntryBody;
use crate::message::{Bytes, Message, Needs};
use crate::payload::statement::{Statement, Subject};
use crate::policy::Policy;
use crate::quoted::Quoted;
use crate::verify::Rejection;
use crate::verify::material::Material;

/// Returns what must be known of a message to judge `bundle` by `policy`; of one that will be refused, nothing.
pub(in crate::verify) fn needs(bundle: &Bundle, policy: &Policy) -> Needs {
    let Ok(material) = Material::of(bundle, policy) else {
        return Needs::new(&[], Bytes::Dropped);
    };
    let signed = match bundle.content() {
        Content::Message(signed) => signed,
        Content::Envelope(signed) => return named(signed.envelope().payload()),
        Content::SimpleSigning { .. } => return Needs::new(&[], Bytes::Dropped),
    };
    let needs = material.key().needs(material.digest());
    let logged = bundle.log_entries().iter();
    let bodies = logged.filter_map(|entry| EntryBody::parse(entry.kind(), entry.body()).ok());
    let needs = bodies.fold(needs, |needs, body| needs.and(body.algorithm()));
    match signed.digest().and_then(MessageDigest::signature_digest) {
        Some(digest) => needs.and(digest),
        None => needs,
    }
}

/// Returns which hashes a statement names its subjects by, when SHA-256, which is always known, is not among them.
fn named(statement: &[u8]) -> Needs {
    let none = Needs::new(&[], Bytes::Dropped);
    let Ok(statement) = Statement::parse(statement) else {
        return none;
    };
    let has = |wanted| {
        let mut digests = statement.subjects().iter().flat_map(Subject::digests);
        digests.any(|(algorithm, _)| algorithm == wanted)
    };
    match !has("sha256") && has("sha512") {
        true => none.and(SignatureDigest::Sha512),
        false => none,
    }
}

/// Checks that the bundle names the artifact and that the signature covers it.
pub(super) fn bind(content: &Content, artifact: &Artifact, material: &Material<'_>) -> Result<BoundClaim, Rejection> {
    let Content::Message(signed) = content else {
        return Err(Rejection::NoMessageSignature);
    };
    let message = artifact.as_message();
    is_named(signed, &message)?;
    material.verify_message(&message, signed.signature())?;
    Ok(BoundClaim {
        digest: Some(artifact.digest().clone()),
        claimed_digest: Some(artifact.digest().to_string()),
        claimed: Claimed::Message,
    })
}

/// Checks the digest in the bundle, if there is one. It is not signed, so it only ever rejects: it tells a mixed-up file
/// from a bad signature, and a bundle whose digest lies would mislead whoever looks bundles up by it.
fn is_named(signed: &MessageSignature, message: &Message) -> Result<(), Rejection> {
    let Some(claimed) = signed.digest() else {
        return Ok(());
    };
    let Some(algorithm) = claimed.signature_digest() else {
        return Err(Rejection::MessageDigestAlgorithm {
            found: Quoted::new(claimed.algorithm()),
        });
    };
    match message.hash(algorithm) {
        Some(hash) if hash != claimed.as_bytes() => Err(Rejection::MessageDigest {
            algorithm,
            expected: hex::encode(hash),
            found: hex::encode(claimed.as_bytes().get(..SHOWN).unwrap_or(claimed.as_bytes())),
        }),
        // Of a message that is named by another digest this one is not known; the signature decides.
        Some(_) | None => Ok(()),
    }
}

/// The most bytes of a digest that an error repeats: those of the longest.
const SHOWN: usize = 64;

#[cfg(test)]
mod tests;
