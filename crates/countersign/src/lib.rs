//! Sign and verify anything in an OCI registry.
