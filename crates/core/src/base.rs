//! Base images: whose the lowest layers of an image are.
//!
//! A base is signed by its layers, not by its manifest: their diff ids stay what they are when layers are compressed anew, pushed
//! elsewhere or built upon. `docs/base-images.md` tells the format, the checks, and what they do not prove.

mod judge;
mod layers;
mod paths;
mod policy;
mod rejection;
mod settle;
mod statement;

pub use judge::{Authorised, Candidate, Found, Mark, Seam, judge};
pub use layers::{LAYERS, Layers, LayersError};
pub use paths::{PathPattern, PathPatternError};
pub use policy::{AuthorisedBase, Authority, BasePolicy, CurrentTag, Require, TagState};
pub use rejection::{BaseRefusal, BaseRejection, Refused};
pub use settle::{Bound, Standing};
pub use statement::{BaseStatement, PREDICATE_TYPE, SignedLayer, StatementFault, peek};

/// The annotation of a base's last layer with signatures over [`Layers::payload`], base64, with commas.
pub const SIGNATURE_ANNOTATION: &str = "dev.cosign.signature.baseimage";

/// The annotation of a base's last layer with Sigstore bundles, base64, with commas.
pub const BUNDLE_ANNOTATION: &str = "dev.cosign.signature.baseimage.bundle";

/// The most candidates that are judged of one image.
pub const CANDIDATES: usize = 512;

#[cfg(test)]
mod tests;
