//! The services beside the registry, over HTTP as their clients see them.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod certificates;
mod crash;
mod issuers;
mod logins;
mod restart;
mod scene;
mod timestamps;
mod tokens;

#[path = "../shared/answer.rs"]
mod answer;
#[path = "../shared/process.rs"]
mod process;
#[path = "../shared/tree.rs"]
mod tree;
