use snapbox::str;

use crate::assert_outcome;
use crate::attaching::{envelope, image};
use crate::harness::User;
use crate::signing::{self, VULNERABILITIES};

mod attestation;
mod sbom;
mod signature;

#[test]
fn a_group_alone_shows_its_commands() {
    let alone = User::new().run("attach");
    assert_eq!((alone.exit, alone.stderr.as_str()), (0, ""));
    assert_eq!(alone.stdout, User::new().run("attach --help").stdout);
    assert_eq!(alone.stdout, User::new().run("attach -t 5m").stdout);
    assert_eq!(alone.stdout, User::new().run("help attach").stdout);
    for line in [
        "Usage: countersign attach [command]",
        "attestation  Attaches",
        "signature    Attaches",
    ] {
        assert!(alone.text().contains(line), "{alone}");
    }
}

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
fn a_word_that_is_not_in_the_group_is_named() {
    assert_outcome!(
        User::new().run("attach singature"),
        str![[r#"
--- stderr
Error: unknown command "singature" for "countersign attach"
help: did you mean signature?
help: `countersign attach --help` shows how it is used
--- exit 1

"#]]
    );
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
Error: unknown SBOM type: "wrong", expected (spdx|cyclonedx|syft)
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
