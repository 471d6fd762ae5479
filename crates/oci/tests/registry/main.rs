//! The registry client against a real registry, and against a server that does what no registry should.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod append;
mod auth;
mod calls;
mod content;
mod faults;
mod foresight;
mod proxies;
mod pulls;
mod pushes;
mod redirects;
mod referrers;
mod removals;
mod scripted;
mod served;
