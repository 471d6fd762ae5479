//! Tekton bundles: up to twenty objects of Tekton, each a layer of an image, as `tkn bundle push` makes them
//! (Tekton bundle contract v0.1).

mod error;
mod object;
mod pack;
mod read;
mod yaml_text;

pub use error::{BundleError, ObjectError};
pub use object::{KINDS, Object};
pub use pack::{Bundle, BundleOptions, Input, created};
pub use read::{content, read};
pub use yaml_text::to_yaml;

/// The most objects of a bundle.
pub const OBJECTS: usize = 20;

/// The largest object, in bytes: Kubernetes takes 1.5 MiB.
pub const OBJECT_LIMIT: usize = crate::yaml::LIMIT;

/// The annotation with an object's name.
const NAME: &str = "dev.tekton.image.name";

/// The annotation with an object's kind, in lower case.
const KIND: &str = "dev.tekton.image.kind";

/// The annotation with the version of an object's kind, without its group.
const API_VERSION: &str = "dev.tekton.image.apiVersion";

#[cfg(test)]
mod tests;
