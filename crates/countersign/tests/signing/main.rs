//! Signing and verifying against our registry, with nothing in between.

mod attesting;
mod cleaning;
mod concurrent;
mod failing;
mod layers;
mod requests;
mod served;
