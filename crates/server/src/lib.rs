//! An OCI registry in one durable process.
