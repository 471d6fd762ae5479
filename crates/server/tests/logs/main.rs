//! The transparency logs, over HTTP as their clients see them.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod certificates;
mod client;
mod crash;
mod rekor_1;
mod rekor_1_refusals;
mod rekor_2;
mod restart;

#[path = "../shared/answer.rs"]
mod answer;

#[path = "../shared/process.rs"]
mod process;
#[path = "../shared/tree.rs"]
mod tree;
