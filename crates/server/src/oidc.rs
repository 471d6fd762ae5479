//! Who signs, as OpenID providers say: those that are configured, and one of this server's own for development.

pub(crate) mod claims;
pub(crate) mod development;
pub(crate) mod fetch;
pub(crate) mod jwks;
pub(crate) mod kind;
pub(crate) mod provider;
pub(crate) mod token;

pub use kind::UnknownKind;
pub use provider::{OidcIssuer, OidcIssuerError};

/// The audience of the tokens that are taken.
pub(crate) const AUDIENCE: &str = "sigstore";
