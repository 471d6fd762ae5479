use countersign_oci::Manifest;
use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;

fn manifest(registry: &Registry, name: &str) -> Manifest {
    let name = registry.name(name).parse().expect("this is a name");
    registry.manifest(&name).expect("it was uploaded")
}

fn text(manifest: &Manifest) -> &str {
    std::str::from_utf8(manifest.bytes()).expect("JSON is text")
}

#[test]
fn a_file_becomes_the_image_that_cosign_makes() {
    let registry = Registry::open();
    let user = User::new();
    user.write("hello.txt", "hello\n");
    let outcome = user.run(&format!("upload blob -f hello.txt {}", registry.name("app:v1")));
    // The digest of the manifest is the one that cosign 2.6.1 makes of this file.
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
REGISTRY/app@sha256:58e5ad0966f26e37881bf955d9a675d9e74b49e3b94b882a9d7f686447f7eede
--- stderr
Uploading file from [hello.txt] to [REGISTRY/app:v1] with media type [text/plain]
File [hello.txt] is available directly at [REGISTRY/v2/app/blobs/sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03]
Uploaded image to:
--- exit 0

"#]]
    );
    assert_eq!(
        manifest(&registry, "app:v1").digest().as_str(),
        "sha256:58e5ad0966f26e37881bf955d9a675d9e74b49e3b94b882a9d7f686447f7eede"
    );
}

#[test]
fn files_for_several_platforms_become_an_index() {
    let registry = Registry::open();
    let user = User::new();
    user.write("a", "a");
    user.write("b:c", "b");
    let name = registry.name("app:v1");
    let outcome = user.run(&format!(
        "upload blob -f a:linux/amd64,b:c:linux/arm/v7 -a x=1,y=2 {name}"
    ));
    assert_outcome!(
        outcome.redacted(registry.host()).hiding_digests(),
        str![[r#"
--- stderr
Uploading file from [a] to [REGISTRY/app:v1] with media type [text/plain]
File [a] is available directly at [REGISTRY/v2/app/blobs/DIGEST]
Uploading file from [b:c] to [REGISTRY/app:v1] with media type [text/plain]
File [b:c] is available directly at [REGISTRY/v2/app/blobs/DIGEST]
Uploading multi-platform index to REGISTRY/app@DIGEST
--- exit 0

"#]]
    );
    let index = manifest(&registry, "app:v1");
    let entries: Vec<String> = index
        .manifests()
        .iter()
        .map(|entry| format!("{}@{}", entry.size, entry.digest))
        .collect();
    let written = text(&index).to_owned();
    let written = entries.iter().fold(written, |text, entry| {
        let (size, digest) = entry.split_once('@').expect("it was joined with it");
        text.replace(&format!(r#""size":{size},"digest":"{digest}""#), "ENTRY")
    });
    assert_eq!(
        written,
        r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",ENTRY,"platform":{"architecture":"amd64","os":"linux"}},{"mediaType":"application/vnd.oci.image.manifest.v1+json",ENTRY,"platform":{"architecture":"arm","os":"linux","variant":"v7"}}],"annotations":{"x":"1","y":"2"}}"#
    );
    for entry in index.manifests() {
        let child = manifest(&registry, &format!("app@{}", entry.digest));
        assert_eq!(child.content().annotations, index.content().annotations);
    }
}

#[test]
fn a_platform_without_architecture_has_an_empty_one() {
    let registry = Registry::open();
    let user = User::new();
    user.write("a", "a");
    user.write("b", "b");
    let outcome = user.run(&format!("upload blob -f a:darwin -f b:linux {}", registry.name("app")));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let index = manifest(&registry, "app:latest");
    assert!(
        text(&index).contains(r#""platform":{"architecture":"","os":"darwin"}"#),
        "{}",
        text(&index)
    );
}

#[test]
fn the_platform_of_a_single_file_is_in_its_configuration() {
    let registry = Registry::open();
    let user = User::new();
    user.write("a", "a");
    let outcome = user.run(&format!("upload blob -f a:linux/arm/v7 {}", registry.name("app:v1")));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let image = manifest(&registry, "app:v1");
    let config = image.content().config.as_ref().expect("an image has one");
    let repository = registry.name("app").parse().expect("this is a repository");
    let config: serde_json::Value =
        serde_json::from_slice(&registry.blob(&repository, &config.digest)).expect("it is JSON");
    assert_eq!(
        (config["os"].as_str(), config["architecture"].as_str()),
        (Some("linux"), Some("arm"))
    );
    assert_eq!(config["variant"], "v7");
}

#[test]
fn the_media_type_is_the_given_one_or_what_the_content_tells() {
    let registry = Registry::open();
    let user = User::new();
    user.write("a", b"\x00asm\x01");
    for (flags, expected) in [("", "application/wasm"), ("--ct application/x", "application/x")] {
        let outcome = user.run(&format!("upload blob {flags} -f a {}", registry.name("app:v1")));
        assert_eq!(outcome.exit, 0, "{outcome}");
        assert_eq!(manifest(&registry, "app:v1").layers()[0].media_type, expected);
    }
}

#[test]
fn each_of_several_files_needs_a_platform_of_its_own() {
    let user = User::new();
    user.write("a", "a");
    user.write("b", "b");
    for (files, reason) in [
        (
            "-f a:linux -f b",
            "each file must include a unique platform, b had no platform",
        ),
        (
            "-f a:linux/arm -f b:linux/arm",
            "each file must include a unique platform, b has the one of a",
        ),
    ] {
        let outcome = user.run(&format!("upload blob {files} reg.local/app"));
        assert_eq!(outcome.exit, 1);
        assert!(outcome.stderr.contains(reason), "{outcome}");
    }
}

#[test]
fn what_cannot_be_uploaded_is_told() {
    let user = User::new();
    std::fs::create_dir(user.path("folder")).expect("the folder is writable");
    let digest = countersign_core::Digest::sha256(b"");
    user.write("a", "a");
    for (line, reason) in [
        ("reg.local/app".to_owned(), r#"required flag(s) "files" not set"#),
        ("-f none reg.local/app".to_owned(), "Error: reading none"),
        ("-f folder reg.local/app".to_owned(), "caused by: not a regular file"),
        ("-f a -a x reg.local/app".to_owned(), "unable to parse annotation: x"),
        (format!("-f a reg.local/app@{digest}"), "a file is uploaded to a tag"),
    ] {
        let outcome = user.run(&format!("upload blob {line}"));
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(reason), "{outcome}");
    }
}
