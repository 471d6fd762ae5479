//! Files to OCI artifacts and back.
