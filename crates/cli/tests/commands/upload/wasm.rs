use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;

const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// A component that imports an instance and exports a function.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0\x0a\x0a\x01\0\x05a:b/c\x05\0\x0b\x09\x01\0\x03run\x01\0\0";

fn user() -> User {
    let user = User::new();
    user.write("hello.wasm", MODULE);
    user.write("part.wasm", COMPONENT);
    user
}

#[test]
fn a_module_becomes_the_image_that_cosign_makes() {
    let registry = Registry::open();
    let user = user();
    // The digests of the manifests are those that cosign 3.1.2 and 2.6.1 made of this file.
    let outcome = user.run(&format!("upload wasm -f hello.wasm {}", registry.name("app:v1")));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
REGISTRY/app@sha256:53e605c2c8b3ffebfc58c3ea2ebc5f89b8ebe1d2c409fd4abbdae2a47c7b0e28
--- stderr
Uploading wasm file from [hello.wasm] to [REGISTRY/app:v1].
--- exit 0

"#]]
    );
    let name = registry.name("app");
    let outcome = user.run(&format!("upload wasm --format cosign-2 -f hello.wasm {name}"));
    assert_eq!(
        outcome.redacted(registry.host()).text(),
        "REGISTRY/app@sha256:eb47c8a3dd1d463b74e605b11a9a8d1ed2889136c2631c2e7e8195a6f9221a17\n"
    );
}

#[test]
fn a_component_becomes_an_artifact_with_its_imports_and_exports() {
    let registry = Registry::open();
    let user = user();
    let name = registry.name("app:v1");
    let outcome = user.run(&format!("upload wasm --format wasm-oci -f part.wasm {name}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let reference = name.parse::<countersign_oci::Reference>().expect("this is a name");
    let manifest = registry.manifest(&reference).expect("it was uploaded");
    let config = manifest.content().config.clone().expect("an image has one");
    let config: serde_json::Value =
        serde_json::from_slice(&registry.blob(reference.repository(), &config.digest)).expect("it is JSON");
    assert_eq!(
        config,
        serde_json::json!({
            "created": "2026-11-22T12:00:00Z",
            "author": null,
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [manifest.layers()[0].digest],
            "component": {"exports": ["run"], "imports": ["a:b/c"], "target": null},
        })
    );
    let again = user.with_variable("SOURCE_DATE_EPOCH", "0");
    again.run(&format!("upload wasm --format wasm-oci -f part.wasm {name}"));
    let manifest = registry.manifest(&reference).expect("it was uploaded");
    let config = manifest.content().config.clone().expect("an image has one");
    let config = registry.blob(reference.repository(), &config.digest);
    assert!(config.starts_with(br#"{"created":"1970-01-01T00:00:00Z""#));
}

#[test]
fn what_was_uploaded_is_pulled_as_it_was() {
    let registry = Registry::open();
    let user = user();
    user.write("runtime.json", r#"{"type":"envoy_proxy"}"#);
    for (format, expected) in [
        ("cosign", "pulled/app.wasm\n"),
        ("wasm-oci", "pulled/hello.wasm\n"),
        (
            "oci --runtime-config runtime.json",
            "pulled/runtime-config.json\npulled/filter.wasm\n",
        ),
    ] {
        let name = registry.name("some/app:v1");
        let outcome = user.run(&format!("upload wasm --format {format} -f hello.wasm {name}"));
        assert_eq!(outcome.exit, 0, "{outcome}");
        let pulled = user.run(&format!("pull -o pulled {name}"));
        assert_eq!(pulled.text(), expected, "{pulled}");
        let file = expected.lines().last().expect("there is one");
        assert_eq!(user.read(file), MODULE);
    }
}

#[test]
fn what_is_no_webassembly_is_not_uploaded() {
    let registry = Registry::open();
    let user = user();
    user.write("script.wasm", "#!/bin/sh\n");
    user.write("cut.wasm", b"\0asm\x01\0\0\0\x01\x05\0");
    user.write("list.json", "[]");
    for (line, message, cause) in [
        (
            "-f script.wasm",
            "script.wasm is no WebAssembly module or component",
            "at byte 0: the file begins with [23, 21, 2f, 62], expected [00, 61, 73, 6d]",
        ),
        (
            "-f cut.wasm",
            "cut.wasm is no WebAssembly module or component",
            "at byte 10: 5 bytes are announced, 1 are there",
        ),
        (
            "-f part.wasm --format compat",
            "it is a component, expected a module",
            "",
        ),
        (
            "-f hello.wasm --format oci",
            "the format has a layer with the configuration of the runtime, and none is given",
            "",
        ),
        (
            "-f hello.wasm --runtime-config list.json",
            "list.json is no object of JSON",
            "",
        ),
        ("-f none.wasm", "reading none.wasm", ""),
        ("", r#"required flag(s) "file" not set"#, ""),
    ] {
        let name = registry.name("app:v1");
        let outcome = user.run(&format!("upload wasm {line} {name}"));
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(
            outcome.stderr.contains(message) && outcome.stderr.contains(cause),
            "{outcome}"
        );
        assert!(registry.manifest(&name.parse().expect("this is a name")).is_none());
    }
    let digest = countersign_core::Digest::sha256(b"");
    let outcome = user.run(&format!(
        "upload wasm -f hello.wasm {}",
        registry.name(&format!("app@{digest}"))
    ));
    assert!(outcome.stderr.contains("a file is uploaded to a tag"), "{outcome}");
}
