//! Signs and verifies anything in an OCI registry.
//!
//! Joins `countersign-core`, which decides, with `countersign-oci`, which stores.

pub mod attachment;
pub mod attest;
pub mod blob;
pub mod clean;
pub mod copy;
pub mod credential;
pub mod fulcio;
pub mod key_reference;
pub mod mentions;
pub mod oidc;
pub mod policy_file;
pub mod policy_program;
pub mod provenance;
pub mod rekor;
pub mod service;
pub mod services;
pub mod sign;
pub mod tsa;
pub mod tuf;
pub mod verify;
