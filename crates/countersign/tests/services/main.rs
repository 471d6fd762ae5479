//! The clients of Sigstore's services against servers that answer as none should; `interop/tests/services.rs` has the real ones.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod ambient;
mod browser;
mod device;
mod odd_answers;
mod scripted;
mod vouching;
