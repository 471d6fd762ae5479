//! Why a store did not give or take something.

use std::time::Duration;

use countersign_core::Digest;

use crate::reference::ReferenceError;

/// Why a store did not give or take something.
///
/// "It is not there" ([`NotFound`](Self::NotFound)) is one variant; all others mean that we could not tell.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store answered that it has no such thing.
    #[error("{what} not found")]
    NotFound {
        /// What was asked for, with its full name.
        what: String,
    },
    /// A manifest is larger than the limit.
    #[error("manifest is larger than {limit} bytes")]
    ManifestTooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// A manifest's bytes are not a manifest.
    #[error("manifest {digest} is malformed")]
    ManifestMalformed {
        /// The digest of the bytes received.
        digest: Digest,
        /// What the JSON parser found.
        source: serde_json::Error,
    },
    /// A body or list is larger than the limit.
    #[error("{what} is larger than the limit of {limit}")]
    TooLarge {
        /// What was read.
        what: String,
        /// The limit with its unit.
        limit: String,
    },
    /// The bytes are not those that the digest names.
    #[error("{what}: content does not match its digest: expected {expected}, found {found}")]
    DigestMismatch {
        /// What was read.
        what: String,
        /// The digest asked for.
        expected: Digest,
        /// The digest of the bytes received.
        found: Digest,
    },
    /// The number of bytes is not the one announced.
    #[error("{what}: expected {expected} bytes, found {found}")]
    SizeMismatch {
        /// What was read.
        what: String,
        /// The size announced.
        expected: u64,
        /// The size found.
        found: u64,
    },
    /// The content has a shape that the specification does not allow.
    #[error("{what} is malformed: {reason}")]
    Malformed {
        /// What was read.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The registry wants credentials, or refuses those it got.
    #[error("{registry} refuses {what}: {reason}")]
    Denied {
        /// The registry's host.
        registry: String,
        /// What was asked for.
        what: String,
        /// The registry's words, and which credentials were used or looked for.
        reason: String,
    },
    /// The registry answered with a status that we do not expect.
    #[error("{method} {url}: registry answered {status}{detail}")]
    Status {
        /// The HTTP method.
        method: String,
        /// The URL, without credentials or query.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The registry's error code and message, `": CODE: message"`, or nothing.
        detail: String,
    },
    /// The connection could not be made or broke.
    #[error("{method} {url}: {reason}")]
    Connection {
        /// The HTTP method.
        method: String,
        /// The URL, without credentials or query.
        url: String,
        /// What happened.
        reason: String,
    },
    /// Nothing moved for too long.
    #[error("{method} {url}: no progress for {after:?}")]
    Stalled {
        /// The HTTP method.
        method: String,
        /// The URL, without credentials or query.
        url: String,
        /// How long nothing moved.
        after: Duration,
    },
    /// The time limit for everything together has passed.
    #[error("{method} {url}: not done within the time limit of {after:?}")]
    TimedOut {
        /// The HTTP method.
        method: String,
        /// The URL, without credentials or query.
        url: String,
        /// The limit.
        after: Duration,
    },
    /// TLS could not be set up.
    #[error("TLS: {place}: {reason}")]
    Tls {
        /// The file, name or setting.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The registry sends us to a place we do not follow.
    #[error("{url}: refusing to follow to {target}: {reason}")]
    Redirect {
        /// The URL asked, without credentials or query.
        url: String,
        /// Where it points, without credentials or query.
        target: String,
        /// Why it is not followed.
        reason: String,
    },
    /// Another writer changed the manifest since it was read (HTTP 412).
    #[error("{what} was changed by another writer")]
    Changed {
        /// The tag that was written.
        what: String,
    },
    /// The registry refused a manifest for what it had not finished writing itself; it goes away.
    #[error("{what}: the digest is right, and the registry answered {reason}")]
    Unsettled {
        /// What was written.
        what: String,
        /// The registry's words.
        reason: String,
    },
    /// Other writers kept replacing what was written.
    #[error("{what}: other writers replaced the entry {attempts} times")]
    Contended {
        /// The tag that was written.
        what: String,
        /// How often it was written.
        attempts: u32,
    },
    /// The store said that it took something, and does not have it.
    #[error("{what}: the registry acknowledged the manifest but does not have it")]
    NotStored {
        /// What was written.
        what: String,
    },
    /// The store does not allow this (an immutable tag, a read-only store, deletion switched off).
    #[error("{what}: not allowed: {reason}")]
    NotAllowed {
        /// What was asked for.
        what: String,
        /// The store's words.
        reason: String,
    },
    /// The name fits several things.
    #[error("{what} could be any of {}", candidates.join(", "))]
    Ambiguous {
        /// What was asked for.
        what: String,
        /// What it could be.
        candidates: Vec<String>,
    },
    /// The name is not one.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// Credentials could not be read.
    #[error("credentials: {place}: {reason}")]
    Credentials {
        /// The file, variable or helper program.
        place: String,
        /// What is wrong, without any secret.
        reason: String,
    },
    /// A local file could not be read or written.
    #[error("{path}")]
    File {
        /// The path.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}
