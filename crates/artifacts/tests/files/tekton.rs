//! Bundles of Tekton objects, beside what tkn pushed of the same files.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use countersign_artifacts::tekton::{self, Bundle, BundleOptions, Input};
use countersign_oci::{Layout, Store};

use crate::world::World;

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/tekton")
        .join(name)
}

fn inputs(names: &[&str]) -> Vec<Input> {
    let input = |name: &&str| Input {
        name: (*name).to_owned(),
        text: fs::read_to_string(data(name)).unwrap(),
    };
    names.iter().map(input).collect()
}

fn options(created: &str, labels: &[(&str, &str)], annotations: &[(&str, &str)]) -> BundleOptions {
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let owned = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        owned.collect()
    };
    BundleOptions {
        created: created.to_owned(),
        labels: map(labels),
        annotations: map(annotations),
    }
}

async fn check(files: &[&str], options: &BundleOptions, golden: &str) {
    let world = World::new().await;
    let bundle = Bundle::of(inputs(files)).unwrap();
    let name = Layout::repository().tag("v1").unwrap();
    let manifest = bundle.push(options, &world.layout, &name).await.unwrap();
    let config = &manifest.content().config.as_ref().unwrap().digest;
    let stream = world.layout.blob(&Layout::repository(), config, None).await.unwrap();
    let config = stream.read(1 << 20).await.unwrap();
    // The digests in both files are those of the archives and of the layers.
    let expected = |part: &str| fs::read_to_string(data(&format!("{golden}.{part}.json"))).unwrap();
    assert_eq!(std::str::from_utf8(&config).unwrap(), expected("config"));
    assert_eq!(std::str::from_utf8(manifest.bytes()).unwrap(), expected("manifest"));

    let read = tekton::read(&world.layout, &Layout::repository(), &manifest)
        .await
        .unwrap();
    assert_eq!(read, bundle.objects());
}

#[tokio::test]
async fn bundles_are_those_of_tkn() {
    let plain = options("1970-01-01T00:00:00Z", &[], &[]);
    check(&["task.yaml"], &plain, "one").await;
    check(&["y.yaml"], &plain, "y").await;
    check(&["ln.yaml"], &plain, "ln").await;
    check(&["t.json"], &plain, "js").await;
    let created = tekton::created("2023-09-22T01:02:03").unwrap();
    let said = options(
        &created,
        &[("version", "1.0")],
        &[("org.opencontainers.image.license", "Apache-2.0")],
    );
    check(&["task.yaml", "multi2.yaml", "runname.yaml"], &said, "multi").await;
}
