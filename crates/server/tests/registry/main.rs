//! The registry, over HTTP as its clients see it.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod access;
mod blobs;
mod client;
mod concurrency;
mod conformance;
mod crash;
mod damage;
mod limits;
mod listing;
mod manifests;
mod observe;
mod referrers;
mod stop;
mod tls;
mod ui;
mod uploads;

#[path = "../shared/answer.rs"]
mod answer;

#[path = "../shared/process.rs"]
mod process;
