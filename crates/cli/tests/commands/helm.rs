use crate::harness::User;
use crate::registry::Registry;

mod pull;
mod push;
mod verify;

/// A file that Helm made.
fn data(name: &str) -> Vec<u8> {
    let path = format!("{}/../artifacts/tests/data/helm/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

const CHART: &str = "mychart-1.2.3+build.4.tgz";
const PROVENANCE: &str = "mychart-1.2.3+build.4.tgz.prov";

/// A user with a chart that Helm 4 signed, and the key, a day later.
fn user() -> User {
    let user = User::new().at("2026-11-23T12:00:00Z");
    user.write(CHART, data(CHART));
    user.write(PROVENANCE, data("helm4.prov"));
    user.write("pubring.gpg", data("pubring.gpg"));
    user
}

/// A registry with the chart.
fn pushed(user: &User) -> Registry {
    let registry = Registry::open();
    let outcome = user.run(&format!("helm push {CHART} oci://{}", registry.name("charts")));
    assert_eq!(outcome.exit, 0, "{outcome}");
    registry
}
