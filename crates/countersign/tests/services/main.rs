//! The clients of Sigstore's services against servers that answer as none should; `interop/tests/services.rs` has the real ones.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod ambient;
mod browser;
#[path = "../../../core/tests/certificates/builder.rs"]
#[expect(dead_code, reason = "certificates have more parts than are needed here")]
mod builder;
mod device;
mod falsified;
mod odd_answers;
mod scripted;
#[path = "../../../core/tests/keyless/sigstore.rs"]
#[expect(dead_code, reason = "whole bundles have more parts than are needed here")]
mod sigstore;
mod spiffe;
#[path = "../../../core/tests/timestamps/stamper.rs"]
#[expect(dead_code, reason = "timestamps have more parts than are needed here")]
mod stamper;
mod vouching;
