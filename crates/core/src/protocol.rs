//! What the services of Sigstore are asked, and what they answer: bytes both ways, whoever carries them.

pub mod fulcio;
pub mod rekor;
