use std::fs::File;
use std::time::{Duration, SystemTime};

use snapbox::str;

use super::{CHART, data, pushed, user};
use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;

#[test]
fn a_chart_with_its_provenance_is_stored_as_helm_stores_it() {
    let user = user();
    let registry = Registry::open();
    let outcome = user.run(&format!("helm push {CHART} oci://{}/", registry.name("charts")));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
Pushed: REGISTRY/charts/mychart:1.2.3_build.4
Digest: sha256:88c50be0232421b556bdb8b156aef4f9db92aaef600aba4a225be483bc31a5fa
--- stderr
REGISTRY/charts/mychart:1.2.3_build.4 contains an underscore.

OCI artifact references (e.g. tags) do not support the plus sign (+). To support
storing semantic versions, Helm adopts the convention of changing plus (+) to
an underscore (_) in chart version tags when pushing to a registry and back to
a plus (+) when pulling from a registry.
--- exit 0

"#]]
    );
    let manifest = user.run(&format!("manifest {}", registry.name("charts/mychart:1.2.3_build.4")));
    assert_eq!(manifest.stdout, data("helm4.signed.manifest.json"));
}

#[test]
fn the_time_of_creation_is_that_of_the_archive() {
    let user = User::new();
    user.write("plain.tgz", data("plain-chart.tgz"));
    let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_580_702_706);
    let file = File::options()
        .write(true)
        .open(user.path("plain.tgz"))
        .expect("it is there");
    file.set_modified(written).expect("it is ours");
    let registry = Registry::open();
    let outcome = user.run(&format!("helm push plain.tgz oci://{}", registry.name("charts")));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let manifest = user.run(&format!("manifest {}", registry.name("charts/mychart:1.2.3_build.4")));
    assert_eq!(manifest.stdout, data("plain.manifest.json"));
}

#[test]
fn a_chart_can_be_signed_and_verified_as_any_artifact() {
    let user = user().with_key("a");
    let registry = pushed(&user);
    let name = registry.name("charts/mychart:1.2.3_build.4");
    let signed = user.run(&format!("sign --key a.key --tlog-upload=false -y {name}"));
    assert_eq!(signed.exit, 0, "{signed}");
    let verified = user.run(&format!("verify --key a.pub --insecure-ignore-tlog {name}"));
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn what_is_no_packed_chart_is_not_pushed() {
    let user = user();
    std::fs::create_dir(user.path("folder")).expect("the folder is writable");
    user.write("values.yaml", "a: 1\n");
    for (line, message) in [
        (
            "helm push folder oci://localhost:1/a",
            "cannot push directory, must provide chart archive (.tgz)",
        ),
        (
            "helm push values.yaml oci://localhost:1/a",
            "chart does not appear to be a gzipped archive",
        ),
        ("helm push missing.tgz oci://localhost:1/a", "reading missing.tgz"),
        (
            "helm push mychart-1.2.3+build.4.tgz localhost:1/a",
            "localhost:1/a: expected oci://REGISTRY/REPOSITORY",
        ),
        ("helm push mychart-1.2.3+build.4.tgz", "accepts 2 arg(s), received 1"),
    ] {
        let outcome = user.run(line);
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.starts_with(&format!("Error: {message}\n")), "{outcome}");
    }
}
