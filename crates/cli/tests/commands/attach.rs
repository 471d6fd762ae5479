use snapbox::str;

use crate::assert_outcome;
use crate::attaching::{envelope, image};
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{self, VULNERABILITIES};

mod attestation;
mod sbom;
mod signature;

#[test]
fn help_of_a_nested_command_has_all_its_words() {
    let help = User::new().run("attach signature --help");
    assert!(
        help.text()
            .contains("Usage: countersign attach signature [flags] IMAGE"),
        "{help}"
    );
    assert!(help.text().contains("--timeout <DURATION>"), "{help}");
}

#[test]
fn complaints_of_a_nested_command_have_all_its_words() {
    assert_outcome!(
        User::new().run("attach sbom --tpye=spdx reg.local/a"),
        str![[r#"
--- stderr
Error: unknown flag: --tpye
help: did you mean --type?
help: `countersign attach sbom --help` shows how it is used
--- exit 1

"#]]
    );
    assert_outcome!(
        User::new().run("attach sbom reg.local/a reg.local/b"),
        str![[r#"
--- stderr
Error: accepts 1 arg(s), received 2
help: `countersign attach sbom --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn old_spellings_and_the_environment_work_in_a_nested_command() {
    let user = User::new().with_variable("COSIGN_TYPE", "wrong");
    let outcome = user.run("-t 5m attach --timeout 6m sbom -sbom x.json reg.local/a");
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
WARNING: the -sbom flag is deprecated and will be removed in a future release. Please use the --sbom flag instead.
Error: unknown flag: --type
help: `countersign attach sbom --help` shows how it is used
--- exit 1

"#]]
    );
    let wins = user.run("attach sbom --type syft --input-format text --sbom x reg.local/a");
    assert!(wins.stderr.contains("invalid SBOM input format"), "{wins}");
}

#[test]
fn what_is_attached_to_an_image_that_is_not_there_is_told() {
    let user = signing::signer();
    let (registry, digest, _) = image(&user);
    user.write("a.json", envelope(&digest, signing::A, VULNERABILITIES).to_json());
    user.write("a.sig", "AAAA");
    for line in ["attestation --attestation a.json", "signature --signature a.sig"] {
        let outcome = user.run(&format!("attach {line} {}", registry.name("app:v2")));
        assert_eq!(outcome.exit, 11, "{outcome}");
        assert!(outcome.stderr.contains("image tag not found"), "{outcome}");
    }
}

/// A registry with an artifact of one file.
fn artifact(user: &User) -> Registry {
    let registry = Registry::open();
    user.write("hi.txt", "hello\n");
    let created = "org.opencontainers.image.created=2020-01-01T00:00:00Z";
    let outcome = user.run(&format!("push -a {created} {} hi.txt", registry.name("app:v1")));
    assert_eq!(outcome.exit, 0, "{outcome}");
    registry
}

#[test]
fn a_file_is_attached_as_oras_attaches_it() {
    let user = User::new();
    let registry = artifact(&user);
    let created = "org.opencontainers.image.created=2020-01-01T00:00:00Z";
    let line = format!("attach --artifact-type doc/example -a {created} --export-manifest m.json");
    let outcome = user.run(&format!("{line} {} hi.txt:text/plain", registry.name("app:v1")));
    // the digests are those of the vectors that ORAS 1.3.6 made
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
REGISTRY/app@sha256:cadb272f2fdd0db2778b2166f6b7abc00028ceb09783b85a05c966b5a69eff92
--- stderr
Attached to REGISTRY/app@sha256:70cffe781c9f4b952374eb7c89ae2520a4f49e0e29687c997750195b1c8a33d2
--- exit 0

"#]]
    );
    let name = registry.name("app@sha256:cadb272f2fdd0db2778b2166f6b7abc00028ceb09783b85a05c966b5a69eff92");
    assert_eq!(user.read("m.json"), user.run(&format!("manifest {name}")).stdout);
}

#[test]
fn annotations_alone_can_be_attached_but_not_nothing() {
    let user = User::new();
    let registry = artifact(&user);
    let name = registry.name("app:v1");
    assert_eq!(user.run(&format!("attach --artifact-type a/b -a k=v {name}")).exit, 0);
    let told = |line: &str, message: &str| {
        let outcome = user.run(line);
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.starts_with(message), "{outcome}");
    };
    told(
        &format!("attach --artifact-type a/b {name}"),
        "Error: neither file nor annotation provided in the command\n",
    );
    told(
        &format!("attach {name} hi.txt"),
        "Error: required flag(s) \"artifact-type\" not set\n",
    );
    told("attach", "Error: requires at least 1 arg(s), only received 0\n");
    let missing = user.run(&format!(
        "attach --artifact-type a/b {} hi.txt",
        registry.name("app:v2")
    ));
    assert_eq!(missing.exit, 11, "{missing}");
}
