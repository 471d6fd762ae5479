//! Stores: registries, image layouts and archives behind one trait.
//!
//! Implements the OCI distribution specification 1.1 and the OCI image specification 1.1.
//! From `countersign-core` it uses digests and secrets, nothing else.

pub mod any_store;
pub mod append;
pub mod archive;
pub mod blob;
pub mod error;
pub mod gzip;
pub mod http;
pub mod layout;
pub mod manifest;
pub mod media_type;
pub mod reference;
mod referrer_list;
pub mod registry;
pub mod saving;
pub mod store;
pub mod zstd;

pub use any_store::AnyStore;
pub use archive::Archive;
pub use blob::{BlobStream, Meter, Upload};
pub use error::StoreError;
pub use layout::Layout;
pub use manifest::{Descriptor, Manifest};
pub use reference::{Pinned, Reference, Repository};
pub use registry::{Registry, RegistryOptions};
pub use saving::Saving;
pub use store::Store;
