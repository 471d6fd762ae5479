//! Runs the real tools: peers, registries, Sigstore's servers, a fault proxy and our own program, as processes on this machine.
//!
//! The peers are built by `interop/peers.sh` and found through `COUNTERSIGN_PEERS`. Where they are missing the tests say
//! so and pass, unless `CI` is `true`: there a test that did not run is a test that failed.

pub mod http;
pub mod image;
pub mod keys;
pub mod peers;
pub mod proxy;
pub mod registry;
pub mod run;
pub mod sigstore;
pub mod stack;
pub mod tool;
pub mod work;

pub use image::Subject;
pub use keys::{Key, Keys};
pub use peers::Peers;
pub use proxy::FaultProxy;
pub use registry::{Kind, Registry};
pub use run::{Ended, Run};
pub use sigstore::Sigstore;
pub use stack::Stack;
pub use tool::{Format, Tool};
