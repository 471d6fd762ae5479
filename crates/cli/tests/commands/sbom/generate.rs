use serde_json::Value;
use snapbox::str;

use super::{BY_A, DEBIAN, image, layout};
use crate::assert_outcome;
use crate::attaching::tagged;
use crate::harness::{Outcome, User};
use crate::signing;

fn document(outcome: &Outcome) -> Value {
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""), "{outcome}");
    serde_json::from_slice(&outcome.stdout).expect("it is JSON")
}

#[test]
fn packages_of_a_layout_are_listed_with_their_layers_and_files() {
    let user = User::new();
    let digest = layout(&user, "image", &DEBIAN);
    let spdx = document(&user.run("sbom generate oci:image"));
    let packages = spdx["packages"].as_array().expect("a list");
    let names: Vec<_> = packages.iter().map(|package| package["name"].as_str()).collect();
    assert_eq!(names, [Some("oci:image"), Some("app"), Some("libc6")]);
    assert_eq!(packages[0]["versionInfo"], digest.as_str());
    assert_eq!(packages[0]["sourceInfo"], "distribution: Debian 12");
    assert_eq!(
        packages[2]["externalRefs"][0]["referenceLocator"],
        "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12&upstream=glibc"
    );
    let found = packages[2]["sourceInfo"].as_str().expect("a text");
    assert!(found.starts_with("found in /var/lib/dpkg/status (sha256:"), "{found}");
    assert_eq!(packages[1]["licenseComments"], "declared as: MIT");
    // the time of the image, not of the machine
    assert_eq!(spdx["creationInfo"]["created"], "2026-11-20T10:00:00Z");
}

#[test]
fn a_document_is_the_same_whenever_it_is_made_and_from_wherever() {
    let user = User::new();
    let (_registry, _, name) = image(&user, &DEBIAN);
    for form in ["spdx-json", "spdx-tag-value", "cyclonedx-json"] {
        let line = format!("sbom generate -o {form} {name}");
        let first = user.run(&line);
        let later = user.clone().at("2027-01-01T00:00:00Z").run(&line);
        assert_eq!((first.exit, first.to_string()), (0, later.to_string()));
        let dated = user.clone().with_variable("SOURCE_DATE_EPOCH", "0").run(&line);
        assert!(dated.text().contains("1970-01-01T00:00:00Z"), "{dated}");
        assert_ne!(dated.to_string(), first.to_string());
    }
    let archive = user.run("save --archive image.tar oci:image");
    assert_eq!(archive.exit, 0, "{archive}");
    let places = ["oci:image", "oci-archive:image.tar", "./image", "./image.tar"];
    let packages = places
        .map(|place| document(&user.run(&format!("sbom generate -o cyclonedx-json {place}")))["components"].clone());
    assert!(packages.iter().all(|found| *found == packages[0]), "{packages:?}");
}

#[test]
fn tags_with_values_say_the_same() {
    let user = User::new();
    layout(&user, "image", &DEBIAN[..2]);
    let made = user.run("sbom generate -o spdx-tag-value oci:image").hiding_digests();
    let text: Vec<&str> = made
        .text()
        .lines()
        .filter(|line| !line.contains("Namespace") && !line.contains("Creator"))
        .collect();
    assert_outcome!(
        text.join("\n"),
        str![[r#"
SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: oci:image
Created: 2026-11-20T10:00:00Z

PackageName: oci:image
SPDXID: SPDXRef-Image
PackageVersion: DIGEST
PackageSupplier: NOASSERTION
PackageDownloadLocation: NOASSERTION
FilesAnalyzed: false
PackageChecksum: SHA256: f7b601dc113447683ce9669fa5a03756c85c950ff479847361c57b5eff13781a
PackageSourceInfo: <text>distribution: Debian 12</text>
PackageLicenseConcluded: NOASSERTION
PackageLicenseDeclared: NOASSERTION
PackageCopyrightText: NOASSERTION
PrimaryPackagePurpose: CONTAINER

PackageName: libc6
SPDXID: SPDXRef-Package-deb-d60a9d97651c6aa6
PackageVersion: 2.36-9
PackageSupplier: NOASSERTION
PackageDownloadLocation: NOASSERTION
FilesAnalyzed: false
PackageSourceInfo: <text>found in /var/lib/dpkg/status (DIGEST)</text>
PackageLicenseConcluded: NOASSERTION
PackageLicenseDeclared: NOASSERTION
PackageCopyrightText: NOASSERTION
ExternalRef: PACKAGE-MANAGER purl pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12&upstream=glibc

Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-Image
Relationship: SPDXRef-Image CONTAINS SPDXRef-Package-deb-d60a9d97651c6aa6
"#]]
    );
}

#[test]
fn a_folder_is_listed_by_its_lock_files() {
    let user = User::new();
    std::fs::create_dir_all(user.path("src/node_modules/a")).expect("the folder is writable");
    user.write("src/node_modules/a/package.json", r#"{"name":"a","version":"9"}"#);
    let lock = r#"{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1.0.0"}}}"#;
    user.write("src/package-lock.json", lock);
    for place in ["dir:src", "./src"] {
        let made = document(&user.run(&format!("sbom generate -o cyclonedx-json {place}")));
        assert_eq!(made["components"][0]["purl"], "pkg:npm/a@1.0.0");
        assert_eq!(made["components"][1], Value::Null);
        assert_eq!(made["metadata"]["timestamp"], "2026-11-22T12:00:00Z");
        assert_eq!(
            made["components"][0]["evidence"]["occurrences"][0]["location"],
            "/package-lock.json"
        );
    }
    let missing = user.run("sbom generate dir:nowhere");
    assert_eq!(missing.exit, 1, "{missing}");
    assert!(missing.stderr.contains("nowhere"), "{missing}");
}

#[test]
fn a_list_of_packages_that_cannot_be_read_is_a_failure_unless_allowed() {
    let user = User::new();
    layout(
        &user,
        "image",
        &[("var/lib/rpm/Packages", "x"), ("app/package.json", "{")],
    );
    let failed = user.run("sbom generate oci:image");
    assert_outcome!(
        failed.hiding_digests(),
        str![[r#"
--- stderr
WARNING: packages may be missing: /app/package.json (layer DIGEST): it is not JSON: EOF while parsing an object at line 1 column 1
Error: 1 of the lists of packages cannot be read
  /var/lib/rpm/Packages (layer DIGEST): an RPM database in the form of Berkeley DB, which RPM before 4.16 wrote, cannot be read
help: --allow-incomplete lists what could be read all the same
--- exit 21

"#]]
    );
    let allowed = user.run("sbom generate --allow-incomplete oci:image");
    assert_eq!(allowed.exit, 0, "{allowed}");
    assert_eq!(
        allowed.stderr.matches("packages may be missing").count(),
        2,
        "{allowed}"
    );
}

#[test]
fn it_is_attached_signed_and_attested_in_one_step() {
    let user = User::new().with_key("a");
    let (registry, digest, name) = image(&user, &DEBIAN);
    for (form, kind, media_type) in [
        ("spdx-json", "spdxjson", "text/spdx+json"),
        ("spdx-tag-value", "spdx", "text/spdx"),
        ("cyclonedx-json", "cyclonedx", "application/vnd.cyclonedx+json"),
    ] {
        let made = user.run(&format!(
            "sbom generate -o {form} --attach --sign --attest {BY_A} {name}"
        ));
        assert_eq!((made.exit, made.text()), (0, ""), "{made}");
        let (tag, manifest) = tagged(&registry, &digest, "sbom").expect("it is attached");
        assert_eq!(manifest.layers()[0].media_type, media_type);
        let attached = registry.blob(tag.repository(), &manifest.layers()[0].digest);
        let printed = user.run(&format!("sbom generate -o {form} {name}"));
        assert_eq!(attached, printed.stdout);
        let verify = "--key a.pub --insecure-ignore-tlog";
        let signed = user.run(&format!("verify --attachment sbom {verify} {name}"));
        assert_eq!(signed.exit, 0, "{signed}");
        let attested = user.run(&format!("verify-attestation --type {kind} {verify} {name}"));
        assert_eq!(attested.exit, 0, "{attested}");
    }
}

#[test]
fn an_attestation_alone_attaches_nothing_else() {
    let user = User::new().with_key("a");
    let (registry, digest, name) = image(&user, &DEBIAN);
    let made = user.run(&format!("sbom generate --attest --output-file bill.json {BY_A} {name}"));
    assert_eq!(made.exit, 0, "{made}");
    assert!(tagged(&registry, &digest, "sbom").is_none());
    assert!(tagged(&registry, &digest, "att").is_some());
    assert!(user.read("bill.json").starts_with(b"{"));
    assert_eq!(signing::referrers(&registry, "app", &digest).len(), 0);
}

#[test]
fn flags_that_would_have_no_effect_are_refused() {
    let user = User::new();
    layout(&user, "image", &DEBIAN);
    for (flags, reason) in [
        (
            "--sign --key a.key oci:image",
            "--sign signs the SBOM that is attached: pass --attach with it, or --attest",
        ),
        ("--key a.key oci:image", r#"required flag(s) "sign" not set"#),
        ("--tlog-upload=false oci:image", r#"required flag(s) "sign" not set"#),
        (
            "--registry-referrers-mode oci-1-1 oci:image",
            r#"required flag(s) "attach" not set"#,
        ),
        (
            "--attach dir:image",
            "image is a folder: --attach, --attest and --platform are of images",
        ),
        (
            "--platform linux/amd64 dir:image",
            "--attach, --attest and --platform are of images",
        ),
        ("", "accepts 1 arg(s), received 0"),
        (
            "-o xml oci:image",
            "expected cyclonedx-json or spdx-json or spdx-tag-value",
        ),
    ] {
        let refused = user.run(&format!("sbom generate {flags}"));
        assert_eq!(refused.exit, 1, "{refused}");
        assert!(refused.stderr.contains(reason), "{flags}: {refused}");
    }
}

#[test]
fn what_is_not_there_or_is_no_image_is_told() {
    let user = User::new();
    let (registry, _, name) = image(&user, &DEBIAN);
    let absent = user.run(&format!("sbom generate {}", registry.name("app:v9")));
    assert_eq!(absent.exit, 11, "{absent}");
    user.write("file", "x");
    let artifact = registry.name("artifact:v1");
    assert_eq!(user.run(&format!("push {artifact} file")).exit, 0);
    let refused = user.run(&format!("sbom generate {artifact}"));
    assert!(
        refused
            .stderr
            .contains("it is not an image: its configuration is application/vnd.oci.empty.v1+json"),
        "{refused}"
    );
    let platform = user.run(&format!("sbom generate --platform linux/arm64 {name}"));
    assert!(
        platform.stderr.contains("specified reference is not a multiarch image"),
        "{platform}"
    );
}
