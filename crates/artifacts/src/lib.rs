//! Files to OCI artifacts and back, byte for byte as ORAS does it; Tekton bundles and WebAssembly as their own tools do it.
//!
//! [`Plan::of`] looks at files and folders, [`push`](push::push) stores them as one artifact in any
//! [`Store`](countersign_oci::Store), and [`pull`](pull::pull) writes them back. [`helm`] has charts. Nothing here knows of signatures.

pub mod annotations;
pub mod file;
mod folder;
pub mod gzip;
pub mod helm;
mod image;
pub mod overrides;
pub mod plan;
pub mod pull;
pub mod push;
pub mod sbom;
pub mod sniff;
pub mod tekton;
mod title;
pub mod upload;
pub mod wasm;
pub mod yaml;

pub use annotations::Annotations;
pub use file::FileSpec;
pub use plan::{PackError, PackOptions, Plan};
pub use pull::{PullError, PullOptions, Pulled, pull};
pub use push::{PushError, Pushed, push};
pub use upload::{BlobFile, BlobImage};
