//! Decides: bytes in, judgement out.
//!
//! Nothing here does IO, reads a clock or draws from the environment; what a judgement needs is an argument.
//! (AWS-LC draws its own randomness for key generation and for ECDSA nonces.)

#![deny(clippy::as_conversions, clippy::indexing_slicing, clippy::unwrap_used)]
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may stop at the first surprise"))]

pub mod artifact;
mod bounded;
pub mod bundle;
pub mod certificate;
pub mod digest;
pub mod envelope;
pub mod go_json;
pub mod key;
pub mod log;
pub mod message;
pub mod openpgp;
pub mod payload;
pub mod percent;
pub mod policy;
pub mod protocol;
pub mod quoted;
pub mod secret;
pub mod signer;
pub mod timestamp;
pub mod trust;
pub mod tuf;
pub mod verify;

pub use artifact::Artifact;
pub use bundle::Bundle;
pub use certificate::Certificate;
pub use digest::{Algorithm, Digest};
pub use key::{PrivateKey, PublicKey, Signature};
pub use message::Message;
pub use policy::Policy;
pub use secret::Secret;
pub use signer::{Signer, SignerError};
pub use trust::TrustedRoot;
pub use verify::verify;
