//! An OCI registry in one durable process.
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
mod body;
mod connection;
mod error;
#[expect(dead_code, unreachable_pub, reason = "the services that need it are not started yet")]
mod keys;
mod observe;
mod options;
mod registry;
mod server;
mod store;
mod tls;
#[expect(dead_code, unreachable_pub, reason = "Server::start does not open it yet")]
mod tuf;

pub use auth::{AuthError, BasicAuth};
pub use error::ServerError;
pub use options::{Access, Durability, Limits, LogSink, MissingContent, ServerOptions, TlsFiles};
#[cfg(fuzzing)]
pub use registry::fuzzing;
pub use server::{Running, Server};
pub use store::{Collected, StoreError, collect_garbage};
