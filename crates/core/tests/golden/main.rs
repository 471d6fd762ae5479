//! What cosign 2.6.1 and 3.1.2 wrote is read and judged as it should be; `data/golden/ORIGIN.md` says where it is from.

mod attestations;
mod blobs;
mod data;
mod reading;
mod signatures;
