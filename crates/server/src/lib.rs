//! An OCI registry in one durable process.
//!
//! Implements the OCI distribution specification 1.1 — pull, push, content discovery, content management and
//! referrers — on a folder that survives a crash, for many writers at a time. [`Server::start`] runs it inside a tokio
//! runtime that exists.

mod auth;
mod body;
mod connection;
mod error;
mod observe;
mod options;
mod registry;
mod server;
mod store;
mod tls;

pub use auth::{AuthError, BasicAuth};
pub use error::ServerError;
pub use options::{Access, Durability, Limits, LogSink, MissingContent, ServerOptions, TlsFiles};
pub use server::{Running, Server};
pub use store::{Collected, StoreError, collect_garbage};
