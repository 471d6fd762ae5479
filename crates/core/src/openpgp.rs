//! Texts that are signed in clear with OpenPGP keys (RFC 9580 §7), as Helm's provenance files are.
//!
//! A small and strict part of OpenPGP: signatures of version 4 by RSA, ECDSA and Ed25519 keys with SHA-256, SHA-384 and
//! SHA-512. What is older, unusual or could be read in two ways is refused. A key counts only with what its owner says of
//! it: a self-signature, the binding of a subkey in both directions, no revocation, not expired.

mod armor;
mod clear;
mod error;
mod fields;
mod key;
mod keyring;
mod packet;
mod signature;
mod transferable;

use jiff::Timestamp;

pub use error::{ArmorError, KeyProblem, KeyringError, PacketError, Refusal};
pub use keyring::Keyring;

use fields::Fields;
use signature::Signature;

/// A text, and whose signature it bears. It is as it was signed: without what is left out of that, blanks at line ends.
#[derive(Clone, Debug)]
pub struct SignedText {
    text: String,
    names: Vec<String>,
    fingerprint: String,
    created: Timestamp,
}

impl SignedText {
    /// The text, each line but the last with a line feed at its end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names that the signer gives itself in the keyring.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The fingerprint of the signer's primary key, in upper-case hexadecimal.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// When it was signed, by the signer's own clock.
    pub fn created(&self) -> Timestamp {
        self.created
    }
}

/// Reads a text that is signed in clear by a key of `keyring`, and nothing else.
///
/// # Errors
/// [`Refusal`], one for each reason.
pub fn read(message: &[u8], keyring: &Keyring, now: Timestamp) -> Result<SignedText, Refusal> {
    let clear = clear::read(message)?;
    let mut fields = Fields::new(&clear.signature);
    let first = packet::read(&mut fields)?;
    if first.tag != packet::SIGNATURE {
        return Err(Refusal::NotASignature { found: first.tag });
    }
    if !fields.is_empty() {
        return Err(Refusal::SeveralSignatures);
    }
    let signature = Signature::parse(first.body)?;
    let created = acceptable(&signature, &clear.hashes, now)?;
    let issuer = signature.issuer()?;
    let (holder, place) = keyring.find(&issuer).ok_or_else(|| Refusal::UnknownKey {
        issuer: issuer.to_string(),
    })?;
    let problem = |problem| Refusal::Key {
        fingerprint: holder.fingerprint(),
        problem,
    };
    let signer = holder.signer(place, created, now).map_err(problem)?;
    if !signature.is_by(signer.key, &[clear.canonical.as_bytes()])? {
        return Err(Refusal::Mismatch);
    }
    Ok(SignedText {
        text: clear.canonical.replace("\r\n", "\n"),
        names: signer.names,
        fingerprint: holder.fingerprint(),
        created,
    })
}

/// Checks what can be checked of a signature over a text without its key; returns when it was made.
fn acceptable(signature: &Signature<'_>, named: &[&str], now: Timestamp) -> Result<Timestamp, Refusal> {
    if signature.kind() != signature::TEXT {
        return Err(Refusal::Kind {
            found: signature.kind(),
        });
    }
    let digest = signature.digest()?;
    if !named.is_empty() && !named.iter().any(|name| name.eq_ignore_ascii_case(digest.name())) {
        return Err(Refusal::HashNotNamed {
            found: digest.name(),
            named: named.join(", "),
        });
    }
    signature.refuse_critical()?;
    let created = signature.created().ok_or(Refusal::NoTime)?;
    if created > now {
        return Err(Refusal::FromTheFuture { created, now });
    }
    match signature.expires() {
        Some(at) if at <= now => Err(Refusal::Expired { at }),
        _ => Ok(created),
    }
}

/// The largest text that is read, in bytes; Helm's have a chart's description and a hash.
pub const LIMIT: usize = 1 << 20;
