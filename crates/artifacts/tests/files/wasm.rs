//! WebAssembly in registries, beside what cosign pushed of the same file.

use std::fs;

use bytes::Bytes;
use countersign_artifacts::wasm::{Format, Image, LayoutError, Wasm};
use countersign_artifacts::{PullOptions, pull};
use countersign_oci::{Layout, Manifest, Store};

use crate::world::World;

const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// A component that imports an instance and exports another.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0\x0a\x0a\x01\0\x05a:b/c\x05\0\x0b\x09\x01\0\x03run\x01\0\0";

fn image<'a>(wasm: &'a Wasm, bytes: &'static [u8], runtime_config: Option<&'static str>) -> Image<'a> {
    Image {
        wasm,
        bytes: Bytes::from_static(bytes),
        title: "hello.wasm",
        runtime_config: runtime_config.map(|text| Bytes::from_static(text.as_bytes())),
        created: "2020-01-01T00:00:00Z",
    }
}

async fn push(world: &World, image: &Image<'_>, format: Format) -> (Manifest, String) {
    let name = Layout::repository().tag("v1").unwrap();
    let manifest = image.push(format, &world.layout, &name).await.unwrap();
    let config = &manifest.content().config.as_ref().unwrap().digest;
    let stream = world.layout.blob(&Layout::repository(), config, None).await.unwrap();
    let config = stream.read(1 << 20).await.unwrap();
    (manifest, String::from_utf8(config.to_vec()).unwrap())
}

fn data(name: &str) -> String {
    fs::read_to_string(format!("{}/tests/data/wasm/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[tokio::test]
async fn images_are_those_of_both_cosigns() {
    let wasm = Wasm::parse(MODULE).unwrap();
    for (format, golden) in [
        (Format::Cosign, "cosign-upload-v1"),
        (Format::Cosign2, "cosign-upload-v2"),
    ] {
        let world = World::new().await;
        let (manifest, config) = push(&world, &image(&wasm, MODULE, None), format).await;
        assert_eq!(config, data(&format!("{golden}.config")));
        assert_eq!(
            std::str::from_utf8(manifest.bytes()).unwrap(),
            data(&format!("{golden}.manifest"))
        );
    }
}

#[tokio::test]
async fn the_oci_artifact_has_what_a_component_imports_and_exports() {
    let world = World::new().await;
    let wasm = Wasm::parse(COMPONENT).unwrap();
    let (manifest, config) = push(&world, &image(&wasm, COMPONENT, None), Format::WasmOci).await;
    let layer = &manifest.layers()[0];
    assert_eq!(
        config,
        format!(
            r#"{{"created":"2020-01-01T00:00:00Z","author":null,"architecture":"wasm","os":"wasip2","layerDigests":["{}"],"component":{{"exports":["run"],"imports":["a:b/c"],"target":null}}}}"#,
            layer.digest
        )
    );
    assert_eq!(layer.media_type, "application/wasm");
    assert_eq!(layer.annotations["org.opencontainers.image.title"], "hello.wasm");
    assert_eq!(
        manifest.content().config.as_ref().unwrap().media_type,
        "application/vnd.wasm.config.v0+json"
    );

    let wasm = Wasm::parse(MODULE).unwrap();
    let (manifest, config) = push(&world, &image(&wasm, MODULE, None), Format::WasmOci).await;
    assert_eq!(
        config,
        format!(
            r#"{{"created":"2020-01-01T00:00:00Z","author":null,"architecture":"wasm","os":"wasip1","layerDigests":["{}"],"component":null}}"#,
            manifest.layers()[0].digest
        )
    );
}

#[tokio::test]
async fn proxies_find_the_module_beside_its_configuration() {
    let world = World::new().await;
    let wasm = Wasm::parse(MODULE).unwrap();
    let with = image(&wasm, MODULE, Some(r#"{"type":"envoy_proxy"}"#));
    let (manifest, _) = push(&world, &with, Format::Oci).await;
    let layers: Vec<(&str, &str)> = manifest
        .layers()
        .iter()
        .map(|layer| {
            (
                &*layer.media_type,
                &*layer.annotations["org.opencontainers.image.title"],
            )
        })
        .collect();
    assert_eq!(
        layers,
        [
            ("application/vnd.module.wasm.config.v1+json", "runtime-config.json"),
            ("application/vnd.module.wasm.content.layer.v1+wasm", "filter.wasm"),
        ]
    );

    let (manifest, config) = push(&world, &with, Format::Compat).await;
    assert_eq!(manifest.content().annotations["module.wasm.image/variant"], "compat");
    let [layer] = manifest.layers() else {
        panic!("{manifest:?}")
    };
    let stream = world
        .layout
        .blob(&Layout::repository(), &layer.digest, None)
        .await
        .unwrap();
    let packed = stream.read(1 << 20).await.unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&*packed));
    let names: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    assert_eq!(names, ["plugin.wasm", "runtime-config.json"]);
    assert!(
        config.starts_with(r#"{"architecture":"","created":"2020-01-01T00:00:00Z""#),
        "{config}"
    );
}

#[tokio::test]
async fn a_layout_takes_only_what_its_loaders_do() {
    let world = World::new().await;
    let name = Layout::repository().tag("v1").unwrap();
    let module = Wasm::parse(MODULE).unwrap();
    let component = Wasm::parse(COMPONENT).unwrap();
    for format in [Format::Oci, Format::Compat] {
        let found = image(&component, COMPONENT, Some("{}"))
            .push(format, &world.layout, &name)
            .await;
        assert!(matches!(found, Err(LayoutError::Component)), "{found:?}");
    }
    let found = image(&module, MODULE, None)
        .push(Format::Oci, &world.layout, &name)
        .await;
    assert!(matches!(found, Err(LayoutError::NoRuntimeConfig)), "{found:?}");
    for format in [Format::Cosign, Format::Cosign2, Format::WasmOci] {
        let found = image(&module, MODULE, Some("{}"))
            .push(format, &world.layout, &name)
            .await;
        assert!(matches!(found, Err(LayoutError::RuntimeConfig)), "{found:?}");
    }
}

#[tokio::test]
async fn what_is_pulled_has_its_title_or_the_name_of_its_repository() {
    let wasm = Wasm::parse(MODULE).unwrap();
    for (format, expected) in [(Format::Cosign, "image.wasm"), (Format::WasmOci, "hello.wasm")] {
        let world = World::new().await;
        push(&world, &image(&wasm, MODULE, None), format).await;
        let name = Layout::repository().tag("v1").unwrap();
        let pinned = world.layout.resolve(&name).await.unwrap();
        pull(&world.layout, &pinned, &world.output(), &PullOptions::new())
            .await
            .unwrap();
        assert_eq!(world.found(), [expected]);
        assert_eq!(fs::read(world.output().join(expected)).unwrap(), MODULE);
    }
}
