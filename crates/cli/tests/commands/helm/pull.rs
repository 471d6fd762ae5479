use snapbox::str;

use super::{CHART, PROVENANCE, data, pushed, user};
use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;

fn other() -> User {
    let user = User::new().at("2026-11-23T12:00:00Z");
    user.write("pubring.gpg", data("pubring.gpg"));
    user
}

#[test]
fn a_chart_comes_back_as_it_was() {
    let registry = pushed(&user());
    let name = format!("oci://{}", registry.name("charts/mychart"));
    for line in [
        format!("{name} --version 1.2.3+build.4"),
        name.clone(),
        format!("{name}:1.2.3+build.4"),
        format!("{name}:1.2.3_build.4"),
    ] {
        let user = other();
        let outcome = user.run(&format!("helm pull {line}"));
        assert_eq!(outcome.exit, 0, "{outcome}");
        let first = format!(
            "Pulled: {}\nDigest: sha256:",
            registry.name("charts/mychart:1.2.3_build.4")
        );
        assert!(outcome.text().starts_with(&first), "{outcome}");
        assert_eq!(user.read(CHART), data(CHART), "{line}");
        assert!(!user.path(PROVENANCE).exists(), "{line}");
    }
}

#[test]
fn a_chart_comes_by_its_digest_and_to_a_folder() {
    let user = user();
    let registry = pushed(&user);
    let digest = user.run(&format!("digest {}", registry.name("charts/mychart:1.2.3_build.4")));
    let name = format!("oci://{}@{}", registry.name("charts/mychart"), digest.text().trim_end());
    std::fs::create_dir(user.path("to")).expect("the folder is writable");
    let outcome = user.run(&format!("helm pull {name} --destination to --prov"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert_eq!(user.read(&format!("to/{CHART}")), data(CHART));
    assert_eq!(user.read(&format!("to/{PROVENANCE}")), data("helm4.prov"));
    let outcome = user.run(&format!("helm pull {name} --version 1.2.3"));
    assert!(
        outcome
            .stderr
            .starts_with("Error: --version: the chart is named by its digest\n"),
        "{outcome}"
    );
}

#[test]
fn a_verified_chart_says_who_signed_it() {
    let registry = pushed(&user());
    let user = other();
    let name = registry.name("charts/mychart:1.2.3_build.4");
    let outcome = user.run(&format!("helm pull oci://{name} --verify --keyring pubring.gpg"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
Pulled: REGISTRY/charts/mychart:1.2.3_build.4
Digest: sha256:88c50be0232421b556bdb8b156aef4f9db92aaef600aba4a225be483bc31a5fa
Signed by: Test <t@example.com>
Using Key With Fingerprint: 18DE4AD039A8F76C70C18BF289F75F7EC7043A25
Chart Hash Verified: sha256:4518e5dece760123a22269dac8f1aa2667599c6b2439f594e0f9713afba9f874
--- stderr
REGISTRY/charts/mychart:1.2.3_build.4 contains an underscore.

OCI artifact references (e.g. tags) do not support the plus sign (+). To support
storing semantic versions, Helm adopts the convention of changing plus (+) to
an underscore (_) in chart version tags when pushing to a registry and back to
a plus (+) when pulling from a registry.
--- exit 0

"#]]
    );
    assert_eq!(user.read(CHART), data(CHART));
    assert_eq!(user.read(PROVENANCE), data("helm4.prov"));
}

#[test]
fn a_chart_that_is_not_verified_is_not_written() {
    let user = user();
    // the provenance file of another archive
    let forged = String::from_utf8(data("helm4.prov"))
        .expect("it is text")
        .replace("sha256:45", "sha256:46");
    for (provenance, exit, message) in [
        (
            Some(forged),
            12,
            " is not verified\n  caused by: the provenance file is not signed by a key of the keyring\n  caused by: the signature does not match the text\n",
        ),
        (
            None,
            1,
            "manifest does not contain one layer with mediatype application/vnd.cncf.helm.chart.provenance.v1.prov, but 0\n",
        ),
    ] {
        match provenance {
            Some(forged) => user.write(PROVENANCE, forged),
            None => std::fs::remove_file(user.path(PROVENANCE)).expect("it is there"),
        }
        let registry = pushed(&user);
        let other = other();
        let name = registry.name("charts/mychart:1.2.3_build.4");
        let outcome = other.run(&format!("helm pull oci://{name} --verify --keyring pubring.gpg"));
        assert_eq!(outcome.exit, exit, "{outcome}");
        assert!(outcome.stderr.contains(message), "{outcome}");
        assert!(!other.path(CHART).exists() && !other.path(PROVENANCE).exists());
    }
}

#[test]
fn versions_that_are_not_there_or_none_are_told() {
    let user = user();
    let registry = pushed(&user);
    let name = format!("oci://{}", registry.name("charts/mychart"));
    for (line, exit, message) in [
        (format!("{name} --version 1.2.4"), 11, "charts/mychart:1.2.4"),
        (
            format!("{name} --version latest"),
            1,
            "latest: expected a version such as 1.2.3",
        ),
        (
            format!("{name}:1.2.3 --version 1.2.4"),
            1,
            "chart reference and version mismatch: 1.2.4 is not 1.2.3",
        ),
        (
            format!("{name} --keyring pubring.gpg"),
            1,
            "--keyring is for --verify, which is not given",
        ),
        (name.replace("oci://", ""), 1, "expected oci://REGISTRY/REPOSITORY"),
    ] {
        let outcome = user.run(&format!("helm pull {line}"));
        assert_eq!(outcome.exit, exit, "{outcome}");
        assert!(outcome.stderr.contains(message), "{outcome}");
    }
}

#[test]
fn the_latest_release_is_pulled_where_no_version_is_given() {
    let user = user();
    let registry = pushed(&user);
    user.write("hi.txt", "hello\n");
    // no versions, or not of a chart that is released
    for tag in ["latest", "9.0.0-rc.1", "v9.0.0"] {
        let pushed = user.run(&format!(
            "push {} hi.txt",
            registry.name(&format!("charts/mychart:{tag}"))
        ));
        assert_eq!(pushed.exit, 0, "{pushed}");
    }
    let outcome = user.run(&format!("helm pull oci://{}", registry.name("charts/mychart")));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let none = Registry::open();
    assert_eq!(
        user.run(&format!("push {} hi.txt", none.name("charts/a:latest"))).exit,
        0
    );
    let outcome = user.run(&format!("helm pull oci://{}", none.name("charts/a")));
    assert!(
        outcome
            .stderr
            .contains("unable to locate any tags in provided repository"),
        "{outcome}"
    );
}

#[test]
fn a_chart_is_unpacked_to_a_folder_of_its_name() {
    let registry = pushed(&user());
    let name = format!("oci://{}", registry.name("charts/mychart"));
    for (flags, folder) in [
        ("--untar", "mychart"),
        ("--untar --destination to", "to/mychart"),
        ("--untar --destination to --untardir below/it", "to/below/it/mychart"),
        ("--untar --verify --keyring pubring.gpg --untardir v", "v/mychart"),
    ] {
        let user = other();
        let outcome = user.run(&format!("helm pull {name} {flags}"));
        assert_eq!(outcome.exit, 0, "{outcome}");
        assert_eq!(
            outcome.text().contains("Signed by: Test"),
            flags.contains("--verify"),
            "{outcome}"
        );
        let metadata = String::from_utf8(user.read(&format!("{folder}/Chart.yaml"))).expect("it is text");
        assert!(metadata.contains("name: mychart"), "{metadata}");
        assert!(!user.path(CHART).exists() && !user.path(PROVENANCE).exists(), "{flags}");
        let parent = user.path(folder).parent().expect("it is in a folder").to_owned();
        let beside = std::fs::read_dir(parent)
            .expect("it is there")
            .map(|entry| entry.expect("it is read").file_name());
        let beside: Vec<_> = beside.filter(|name| name != "pubring.gpg").collect();
        assert_eq!(beside, ["mychart"], "{flags}");
        // and not over what is there
        let again = user.run(&format!("helm pull {name} {flags}"));
        assert_eq!(again.exit, 1, "{again}");
        let message = format!("a file or directory with the name FOLDER/{folder} already exists");
        assert!(again.stderr.contains(&message), "{message}: {again}");
    }
}

#[test]
fn what_is_not_verified_is_not_unpacked_and_no_flag_is_passed_over() {
    let user = user();
    let forged = String::from_utf8(data("helm4.prov"))
        .expect("it is text")
        .replace("sha256:45", "sha256:46");
    user.write(PROVENANCE, forged);
    let registry = pushed(&user);
    let other = other();
    let name = format!("oci://{}", registry.name("charts/mychart"));
    for (flags, exit, message) in [
        (
            "--untar --verify --keyring pubring.gpg",
            12,
            "the signature does not match the text",
        ),
        (
            "--untar --prov",
            1,
            "--prov writes a file beside the archive, which --untar does not write",
        ),
        ("--untardir to", 1, "required flag(s) \"untar\" not set"),
    ] {
        let outcome = other.run(&format!("helm pull {name} {flags}"));
        assert_eq!(outcome.exit, exit, "{flags}: {outcome}");
        assert!(outcome.stderr.contains(message), "{flags}: {outcome}");
        assert!(!other.path("mychart").exists() && !other.path("to").exists(), "{flags}");
    }
}
