//! An OCI registry and a Sigstore in one durable process.
//!
//! Implements the OCI distribution specification 1.1 — pull, push, content discovery, content management and
//! referrers — on a folder that survives a crash, for many writers at a time. [`Server::start`] runs it inside a tokio
//! runtime that exists.
//!
//! # What a push promises
//!
//! A push that was answered is whole after the process was killed, and with [`Durability::PowerCut`] after the power
//! failed. One that was not answered is there whole or not at all. An upload goes on after a restart where it was.
//!
//! # Many writers
//!
//! A manifest's entity tag is its quoted digest. `If-Match` and `If-None-Match` are kept on pushes and deletions of
//! tags and manifests: of two writers who read the same tag, one gets 412. Lists of referrers need no such care: each
//! referrer that was pushed is in them, however many are pushed at a time.
//!
//! # Services
//!
//! With [`ServerOptions::services`] the server is what signing without keys needs, too: it certifies who shows an identity
//! token ([`OidcIssuer`]), logs certificates and signatures, stamps the time, and publishes whom to believe by TUF. Keys and
//! authorities are made at the first start.
//!
//! # Other storage
//!
//! The store asks three things of a disk: read, list, and a batch of changes that each appear whole. The module
//! `store::folder` is all that would differ for an object store.
//!
//! # What it does not do
//!
//! Content that no repository has any more stays until [`collect_garbage`] is run, while no server is. All users of
//! [`BasicAuth`] may do everything, and their passwords are listed in plain text. File names keep case apart, as tags
//! do, so the folder must be on a file system that does too.

mod auth;
mod authority;
mod body;
mod connection;
mod ct;
mod der;
mod error;
mod keys;
mod log;
mod logs;
mod observe;
mod oidc;
mod options;
mod published;
mod registry;
mod rekor_1;
mod rekor_2;
mod reply;
mod server;
mod services;
mod site;
mod store;
mod timestamp;
mod tls;
mod tuf;

pub use auth::{AuthError, BasicAuth};
pub use error::{ServerError, ServicesError};
pub use keys::KeysError;
pub use log::LogError;
#[cfg(fuzzing)]
pub use logs::fuzzing as log_requests;
pub use oidc::development::token_of_folder as development_token;
pub use oidc::{OidcIssuer, OidcIssuerError, UnknownKind};
pub use options::{Access, Durability, Limits, LogSink, MissingContent, ServerOptions, TlsFiles};
#[cfg(fuzzing)]
pub use registry::fuzzing;
pub use server::{Running, Server};
#[cfg(fuzzing)]
pub use services::fuzzing as service_fuzzing;
pub use services::{DevelopmentIssuer, ServiceOptions, Summary};
pub use store::{Collected, StoreError, collect_garbage};
pub use tuf::TufError;
