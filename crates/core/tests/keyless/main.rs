//! Whole bundles of a private Sigstore, each wrong in one place, judged as a whole (client-spec §4).

#[macro_use]
#[path = "../data/read.rs"]
mod read;

#[path = "../certificates/builder.rs"]
#[expect(dead_code, reason = "certificates have more parts than are needed here")]
mod builder;
mod claims;
mod identities;
mod materials;
mod published;
mod sigstore;
#[path = "../timestamps/stamper.rs"]
#[expect(dead_code, reason = "timestamps have more parts than are needed here")]
mod stamper;
mod times;
mod witnesses;
