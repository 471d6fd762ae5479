//! Charts are stored, byte for byte, as Helm 3.17.3 and 4.1.4 store them, and what is pulled belongs together.

use std::io::Write;

use countersign_artifacts::helm::{self, Chart, ChartError, Provenance};
use countersign_artifacts::pull::UnpackError;
use countersign_oci::store::Condition;
use countersign_oci::{Descriptor, Layout, Manifest, Reference, Store, Upload};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use tempfile::TempDir;

const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const CONTENT: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

fn data(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/helm/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

async fn layout() -> (TempDir, Layout) {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path().join("layout")).await.unwrap();
    (folder, layout)
}

fn tagged(tag: &str) -> Reference {
    Layout::repository().tag(tag).unwrap()
}

/// An archive with these files.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_cksum();
        tar.append(&header, content.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn refusal(files: &[(&str, &str)]) -> ChartError {
    Chart::parse(archive(files)).map(drop).unwrap_err()
}

#[test]
fn manifest_and_configuration_are_helms() {
    let chart = Chart::parse(data("plain-chart.tgz")).unwrap();
    let created = "2020-02-03T04:05:06.7Z".parse().unwrap();
    let packed = helm::pack(&chart, None, created).unwrap();
    assert_eq!(text(&chart.metadata().to_json()), text(&data("plain.config.json")));
    assert_eq!(text(packed.manifest().bytes()), text(&data("plain.manifest.json")));
}

#[test]
fn chart_that_says_much_is_stored_as_helm_stores_it() {
    let chart = Chart::parse(data("much-chart.tgz")).unwrap();
    let created = "2026-11-26T22:44:58Z".parse().unwrap();
    let packed = helm::pack(&chart, None, created).unwrap();
    assert_eq!(text(&chart.metadata().to_json()), text(&data("much.config.json")));
    assert_eq!(text(packed.manifest().bytes()), text(&data("much.manifest.json")));
}

#[test]
fn manifest_with_provenance_is_helms() {
    let chart = Chart::parse(data("mychart-1.2.3+build.4.tgz")).unwrap();
    assert_eq!(chart.file_name(), "mychart-1.2.3+build.4.tgz");
    assert_eq!(
        text(&chart.metadata().to_json()),
        text(&data("helm4.signed.config.json"))
    );
    for version in ["helm3", "helm4"] {
        let provenance = data(&format!("{version}.prov")).into();
        let packed = helm::pack(&chart, Some(provenance), Timestamp::UNIX_EPOCH).unwrap();
        let expected = data(&format!("{version}.signed.manifest.json"));
        assert_eq!(text(packed.manifest().bytes()), text(&expected), "{version}");
    }
}

#[tokio::test]
async fn what_is_pushed_is_pulled() {
    let (_folder, layout) = layout().await;
    let chart = Chart::parse(data("mychart-1.2.3+build.4.tgz")).unwrap();
    let provenance = data("helm4.prov");
    let packed = helm::pack(&chart, Some(provenance.clone().into()), Timestamp::UNIX_EPOCH).unwrap();
    let name = tagged(&helm::tag(chart.metadata().version()));
    assert_eq!(name.target().to_string(), "1.2.3_build.4");
    helm::push(&layout, &name, &packed).await.unwrap();
    let pulled = helm::pull(&layout, &name, Provenance::Needed).await.unwrap();
    assert_eq!(pulled.manifest().bytes(), packed.manifest().bytes());
    assert_eq!(pulled.chart().archive(), chart.archive());
    assert_eq!(pulled.provenance().unwrap(), &provenance);
    assert_eq!(pulled.deprecated_media_type(), None);
    let by_digest = Layout::repository().digest(packed.manifest().digest().clone());
    let pulled = helm::pull(&layout, &by_digest, Provenance::Ignored).await.unwrap();
    assert_eq!(pulled.provenance(), None);
}

/// Stores a manifest with a configuration and layers under the tag 1.2.3, and pulls it.
async fn pulled(
    config: (&str, &str),
    layers: &[(&str, Vec<u8>)],
    wanted: Provenance,
) -> Result<helm::Pulled, ChartError> {
    let (_folder, layout) = layout().await;
    let store = async |media_type: &str, content: Vec<u8>| {
        let descriptor = Descriptor::of(media_type, &content);
        layout
            .push_blob(&Layout::repository(), &Upload::bytes(content))
            .await
            .unwrap();
        serde_json::to_string(&descriptor).unwrap()
    };
    let config = store(config.0, config.1.as_bytes().to_vec()).await;
    let mut listed = Vec::new();
    for (media_type, content) in layers {
        listed.push(store(media_type, content.clone()).await);
    }
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{config},"layers":[{}]}}"#,
        listed.join(",")
    );
    let manifest = Manifest::parse(manifest.into(), "").unwrap();
    let name = tagged("1.2.3");
    layout.push_manifest(&name, &manifest, Condition::Always).await.unwrap();
    helm::pull(&layout, &name, wanted).await
}

fn small() -> Vec<u8> {
    archive(&[("a/Chart.yaml", "name: a\nversion: 1.2.3\n")])
}

const SMALL: (&str, &str) = (CONFIG, r#"{"name":"a","version":"1.2.3"}"#);

#[tokio::test]
async fn layers_are_found_by_their_type_in_any_order() {
    for layers in [
        [(CONTENT, small()), (PROVENANCE, b"p".to_vec())],
        [(PROVENANCE, b"p".to_vec()), (CONTENT, small())],
    ] {
        let pulled = pulled(SMALL, &layers, Provenance::Needed).await.unwrap();
        assert_eq!(pulled.chart().archive(), &small());
        assert_eq!(pulled.provenance().unwrap(), "p");
    }
}

#[tokio::test]
async fn old_media_type_is_read_where_there_is_no_other() {
    let old = [("application/tar+gzip", small())];
    let read = pulled(SMALL, &old, Provenance::Ignored).await.unwrap();
    assert_eq!(read.deprecated_media_type(), Some("application/tar+gzip"));
    let both = [("application/tar+gzip", b"x".to_vec()), (CONTENT, small())];
    let read = pulled(SMALL, &both, Provenance::Ignored).await.unwrap();
    assert_eq!(read.deprecated_media_type(), None);
}

#[tokio::test]
async fn chart_with_none_or_two_of_a_layer_is_refused() {
    for (layers, wanted, expected) in [
        (vec![], Provenance::Ignored, (CONTENT, 0)),
        (
            vec![(CONTENT, small()), (CONTENT, small())],
            Provenance::Ignored,
            (CONTENT, 2),
        ),
        (vec![(CONTENT, small())], Provenance::Needed, (PROVENANCE, 0)),
        (
            vec![(CONTENT, small()), (PROVENANCE, vec![1]), (PROVENANCE, vec![2])],
            Provenance::Needed,
            (PROVENANCE, 2),
        ),
    ] {
        match pulled(SMALL, &layers, wanted).await {
            Err(ChartError::Layers { media_type, found }) => assert_eq!((media_type, found), expected),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn name_version_tag_and_archive_belong_together() {
    let layers = |chart: &str| [(CONTENT, archive(&[("a/Chart.yaml", chart)]))];
    for (config, chart, reason) in [
        (
            r#"{"name":"b","version":"1.2.3"}"#,
            "{name: a, version: 1.2.3}",
            r#"the chart's name is "b" in its configuration, and "a" in the Chart.yaml of its archive"#,
        ),
        (
            r#"{"name":"a","version":"1.2.4"}"#,
            "{name: a, version: 1.2.3}",
            r#"the chart's version is "1.2.4" in its configuration, and "1.2.3" in the Chart.yaml of its archive"#,
        ),
        (
            r#"{"name":"a","version":"1.2.4"}"#,
            "{name: a, version: 1.2.4}",
            r#"the chart's tag is "1.2.3" in its name, and "1.2.4" in the Chart.yaml of its archive"#,
        ),
    ] {
        let refused = pulled((CONFIG, config), &layers(chart), Provenance::Ignored).await;
        assert_eq!(refused.map(drop).unwrap_err().to_string(), reason);
    }
    let other = pulled(("a/b", "{}"), &layers("{name: a, version: 1.2.3}"), Provenance::Ignored).await;
    match other {
        Err(ChartError::NotAChart { expected, found, .. }) => assert_eq!((expected, &*found), (CONFIG, "a/b")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn archives_that_are_no_charts_are_refused() {
    let chart = ("a/Chart.yaml", "name: a\nversion: 1.2.3\n");
    for name in [
        "../Chart.yaml",
        "a/../../b",
        "a//etc/passwd",
        "a/..\\..\\b",
        "a/c:/b",
        "Chart.yaml",
        "a/./.",
    ] {
        match refusal(&[chart, (name, "")]) {
            ChartError::Outside { name: found } => assert_eq!(found, name),
            other => panic!("{name}: {other}"),
        }
    }
    assert!(matches!(refusal(&[("a/b", "")]), ChartError::NoChart));
    assert!(matches!(
        refusal(&[chart, ("b/Chart.yaml", "")]),
        ChartError::Twice { .. }
    ));
    assert!(matches!(
        Chart::parse(&b"PK\x03\x04"[..]).map(drop),
        Err(ChartError::NotGzip)
    ));
    let mut cut = small();
    cut.truncate(cut.len() / 2);
    assert!(matches!(
        Chart::parse(cut).map(drop),
        Err(ChartError::Archive(
            UnpackError::Compressed(_) | UnpackError::Malformed { .. }
        ))
    ));
    let large = "a".repeat((5 << 20) + 1);
    assert!(matches!(
        refusal(&[("a/Chart.yaml", &large)]),
        ChartError::FileTooLarge { limit: 5_242_880, .. }
    ));
}

#[test]
fn archive_that_becomes_too_large_is_refused() {
    let mut compressed = GzEncoder::new(Vec::new(), Compression::fast());
    let mut header = tar::Header::new_ustar();
    header.set_path("a/zeros").unwrap();
    header.set_size(101 << 20);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_cksum();
    compressed.write_all(header.as_bytes()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..101 {
        compressed.write_all(&zeros).unwrap();
    }
    let bomb = compressed.finish().unwrap();
    assert!(matches!(
        Chart::parse(bomb).map(drop),
        Err(ChartError::TooLarge { limit: 104_857_600 })
    ));
}
