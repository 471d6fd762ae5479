//! Signed notes: a text and signatures over it (C2SP `signed-note`).

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::key::{PublicKey, Signature};
use crate::quoted::Quoted;
use crate::trust::checkpoint_id;

/// The longest note that is read, in bytes: as in Go's reader.
pub const LIMIT: usize = 1_000_000;

/// The most signatures that are read from a note: as in Go's reader.
pub const SIGNATURES: usize = 100;

/// A text with its signatures; *untrusted*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    text: &'a str,
    signatures: Vec<NoteSignature<'a>>,
}

/// One signature of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature<'a> {
    name: &'a str,
    key_id: KeyId,
    signature: Signature,
}

impl NoteSignature<'_> {
    /// Returns the name that the signer says it has.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Returns which key of that name the signer says it used.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Returns what stands after the key's id.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }
}

impl<'a> Note<'a> {
    /// Parses a note.
    ///
    /// # Errors
    ///
    /// [`NoteError`], naming the first rule it breaks.
    pub fn parse(note: &'a str) -> Result<Self, NoteError> {
        if note.len() > LIMIT {
            return Err(NoteError::TooLong {
                limit: LIMIT,
                found: note.len(),
            });
        }
        if let Some(found) = note.chars().find(|character| *character < ' ' && *character != '\n') {
            return Err(NoteError::ControlCharacter { found });
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::NoBlankLine)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::NoLineEnd)?;
        let found = lines.split('\n').count();
        if found > SIGNATURES {
            return Err(NoteError::TooManySignatures {
                limit: SIGNATURES,
                found,
            });
        }
        Ok(Self {
            // the line end before the blank line is signed too
            text: note.get(..=text.len()).ok_or(NoteError::NoBlankLine)?,
            signatures: lines.split('\n').map(signature).collect::<Result<_, _>>()?,
        })
    }

    /// Returns the text as it is signed, with the end of its last line.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Returns the signatures.
    pub fn signatures(&self) -> &[NoteSignature<'a>] {
        &self.signatures
    }

    /// Checks that the signatures by the key `id` of `name`, of which there must be one, are as `is_valid` wants them.
    ///
    /// Those of other keys are passed over, for anybody may add one.
    pub(super) fn check_signed_by(
        &self,
        name: &str,
        id: KeyId,
        is_valid: impl Fn(&Signature) -> bool,
    ) -> Result<(), SignerError> {
        let mut is_signed = false;
        for found in &self.signatures {
            if found.name == name && found.key_id == id {
                if !is_valid(&found.signature) {
                    return Err(SignerError::Mismatch {
                        name: Quoted::new(name),
                        id,
                    });
                }
                is_signed = true;
            }
        }
        if is_signed {
            return Ok(());
        }
        Err(SignerError::NotSigned {
            expected: Quoted::new(name),
            id,
            found: Signers(
                self.signatures
                    .iter()
                    .take(SHOWN)
                    .map(|found| (Quoted::new(found.name), found.key_id))
                    .collect(),
            ),
        })
    }
}

/// The start of a hash of a key and mostly of its name, which tells the keys of one name apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// Takes an id.
    pub fn new(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// Returns the id.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the id of a log's key under a name.
    ///
    /// ECDSA is the exception that hashes the key alone, so that Rekor's ids stay (C2SP `signed-note`, signature types).
    pub fn of_log(key: &PublicKey, name: &str) -> Self {
        let id = checkpoint_id(name, key);
        Self(id.as_bytes().first_chunk().copied().unwrap_or_default())
    }

    /// Returns the id of a key whatever its name, as Rekor 1 has it.
    pub fn of_key(key: &PublicKey) -> Self {
        Self::start_of(&[key.as_der()])
    }

    /// Returns the id of a witness's key under its name (C2SP `tlog-cosignature`).
    pub fn of_witness(key: &PublicKey, name: &str) -> Self {
        Self::hashed(name, &[COSIGNATURE], ed25519(key))
    }

    fn hashed(name: &str, kind: &[u8], key: &[u8]) -> Self {
        Self::start_of(&[name.as_bytes(), b"\n", kind, key])
    }

    fn start_of(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        Self(context.finish().as_ref().first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no note.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// It is longer than is read.
    #[error("note has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// It has a character that could hide or imitate others.
    #[error("note has the control character {found:?}")]
    ControlCharacter {
        /// The character.
        found: char,
    },
    /// Nothing divides the text from its signatures.
    #[error("note has no blank line before its signatures")]
    NoBlankLine,
    /// The last line does not end.
    #[error("note does not end with a line end")]
    NoLineEnd,
    /// There are more signatures than are read.
    #[error("note has {found} signatures, the limit is {limit}")]
    TooManySignatures {
        /// The limit.
        limit: usize,
        /// The number found.
        found: usize,
    },
    /// A line after the text is no signature.
    #[error("signature line is {found}, expected an em dash, a name, and a key id with a signature in base64")]
    SignatureLine {
        /// The line.
        found: Quoted,
    },
}

/// Why a note is not signed by a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// The signature that says it is by the key is not.
    #[error("signature by {name} with the key {id} does not verify")]
    Mismatch {
        /// The signer's name.
        name: Quoted,
        /// The key's id.
        id: KeyId,
    },
    /// No signature says that it is by the key.
    #[error("no signature by {expected} with the key {id}, found {found}")]
    NotSigned {
        /// The signer's name.
        expected: Quoted,
        /// The key's id.
        id: KeyId,
        /// Who says that they signed, as far as they are shown.
        found: Signers,
    },
}

/// Names and keys of those who say that they signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signers(Vec<(Quoted, KeyId)>);

impl fmt::Display for Signers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, id)) in self.0.iter().enumerate() {
            write!(f, "{}{name} with {id}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

fn signature(line: &str) -> Result<NoteSignature<'_>, NoteError> {
    signed(line).ok_or_else(|| NoteError::SignatureLine {
        found: Quoted::new(line),
    })
}

fn signed(line: &str) -> Option<NoteSignature<'_>> {
    let (name, blob) = line.strip_prefix("— ")?.split_once(' ')?;
    if name.is_empty() || name.contains(|character: char| character.is_whitespace() || character == '+') {
        return None;
    }
    let blob = STANDARD.decode(blob).ok()?;
    let (key_id, signature) = blob.split_first_chunk()?;
    (!signature.is_empty()).then(|| NoteSignature {
        name,
        key_id: KeyId(*key_id),
        signature: Signature::new(signature.to_vec()),
    })
}

/// The 32 bytes of an Ed25519 key, with which its DER ends (RFC 8410 §4).
fn ed25519(key: &PublicKey) -> &[u8] {
    key.as_der().last_chunk::<32>().map_or(&[], <[u8; 32]>::as_slice)
}

/// The type of signatures of witnesses (C2SP `signed-note`).
const COSIGNATURE: u8 = 4;

/// How many signers an error names.
const SHOWN: usize = 4;

#[cfg(test)]
mod tests;
