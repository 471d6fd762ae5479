//! Artifacts are, byte for byte, those that ORAS 1.3.6 makes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use countersign_artifacts::plan::{AbsolutePaths, Config, ImageSpec, Times};
use countersign_artifacts::{Annotations, FileSpec, PackError, PackOptions, Plan, Pushed, push};
use countersign_oci::manifest::Platform;
use countersign_oci::{Descriptor, Layout, Store};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::world::AT_ONCE;

fn files(names: &[&str]) -> Vec<FileSpec> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn options(folder: &Path) -> PackOptions {
    let mut options = PackOptions::new("2020-01-01T00:00:00.7Z".parse().unwrap());
    options.folder = folder.to_owned();
    options
}

/// A folder with the two files of the vectors and an empty layout.
async fn world() -> (TempDir, Layout) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hi.txt"), "hello\n").unwrap();
    fs::write(folder.path().join("bye.txt"), "bye\n").unwrap();
    fs::write(folder.path().join("config.json"), "{\"a\":1}\n").unwrap();
    let layout = Layout::create(folder.path().join("layout")).await.unwrap();
    (folder, layout)
}

async fn pushed(layout: &Layout, names: &[&str], options: &PackOptions) -> Pushed {
    let plan = Plan::of(&files(names), options).await.unwrap();
    push(layout, &Layout::repository(), &["v1", "v2"], &plan, AT_ONCE)
        .await
        .unwrap()
}

fn text(pushed: &Pushed) -> &str {
    str::from_utf8(pushed.manifest().bytes()).unwrap()
}

#[tokio::test]
async fn one_file_is_the_known_manifest() {
    let (folder, layout) = world().await;
    let pushed = pushed(&layout, &["./hi.txt"], &options(folder.path())).await;
    assert_eq!(
        pushed.digest().as_str(),
        "sha256:70cffe781c9f4b952374eb7c89ae2520a4f49e0e29687c997750195b1c8a33d2"
    );
    assert_eq!(layout.tags().await.unwrap(), ["v1", "v2"]);
    let name = Layout::repository().tag("v2").unwrap();
    assert_eq!(layout.manifest(&name).await.unwrap().bytes(), pushed.manifest().bytes());
}

#[tokio::test]
async fn types_and_annotations_are_the_known_manifest() {
    let (folder, layout) = world().await;
    let mut options = options(folder.path());
    options.artifact_type = Some("application/vnd.x".to_owned());
    options.annotations = Annotations::of_manifest(&["k=v"]).unwrap();
    let pushed = pushed(&layout, &["hi.txt:text/plain", "bye.txt"], &options).await;
    assert_eq!(
        pushed.digest().as_str(),
        "sha256:a08ddd5dad21ed1d3ac51b744658196c88d2125f9a4a9836d6920791552aa37f"
    );
}

#[tokio::test]
async fn no_file_is_the_known_manifest() {
    let (folder, layout) = world().await;
    let pushed = pushed(&layout, &[], &options(folder.path())).await;
    assert_eq!(
        pushed.digest().as_str(),
        "sha256:2f431c0a56b3eb2698d7aff50173f62f9063d92884587ab64642eb7b9d9f4f1e"
    );
}

#[tokio::test]
async fn artifact_with_a_subject_is_the_known_manifest() {
    let (folder, layout) = world().await;
    let first = pushed(&layout, &["hi.txt"], &options(folder.path())).await;
    let mut options = options(folder.path());
    options.artifact_type = Some("doc/example".to_owned());
    options.subject = Some(Descriptor {
        annotations: BTreeMap::from([("dropped".to_owned(), "yes".to_owned())]),
        ..first.manifest().descriptor()
    });
    let plan = Plan::of(&files(&["hi.txt:text/plain"]), &options).await.unwrap();
    let attached = push(&layout, &Layout::repository(), &[], &plan, AT_ONCE).await.unwrap();
    assert_eq!(
        attached.digest().as_str(),
        "sha256:cadb272f2fdd0db2778b2166f6b7abc00028ceb09783b85a05c966b5a69eff92"
    );
    let found = layout.referrers(&Layout::repository(), first.digest()).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].artifact_type.as_deref(), Some("doc/example"));
}

const CONFIGURED: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.me.config","digest":"sha256:e346432021b04179518d9614f3560ccd71354a4ee101ddcb893d6959a9d6301c","size":8},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","size":6,"annotations":{"org.opencontainers.image.title":"hi.txt"}}],"annotations":{"org.opencontainers.image.created":"2020-01-01T00:00:00Z"}}"#;

#[tokio::test]
async fn configuration_alone_makes_a_manifest_of_version_1_0() {
    let (folder, layout) = world().await;
    fs::write(folder.path().join("config.json"), "{\"x\":1}\n").unwrap();
    let mut options = options(folder.path());
    options.config = Config::File("config.json:application/vnd.me.config".parse().unwrap());
    let without_digest = |text: &str| {
        let start = text.find("\"digest\"").unwrap();
        format!("{}{}", &text[..start], &text[start + 82..])
    };
    let pushed_alone = pushed(&layout, &["hi.txt"], &options).await;
    assert_eq!(without_digest(text(&pushed_alone)), without_digest(CONFIGURED));

    options.artifact_type = Some("application/vnd.x".to_owned());
    let pushed_both = pushed(&layout, &["hi.txt"], &options).await;
    let expected = CONFIGURED.replace(r#""config":"#, r#""artifactType":"application/vnd.x","config":"#);
    assert_eq!(without_digest(text(&pushed_both)), without_digest(&expected));

    options.image_spec = Some(ImageSpec::V1_0);
    let both = Plan::of(&files(&["hi.txt"]), &options).await;
    assert!(matches!(both, Err(PackError::TwoTypes)));
    options.artifact_type = None;
    options.image_spec = Some(ImageSpec::V1_1);
    let none = Plan::of(&files(&["hi.txt"]), &options).await;
    assert!(matches!(none, Err(PackError::NoArtifactType)));
}

#[tokio::test]
async fn artifact_type_of_version_1_0_is_the_configurations_media_type() {
    let (folder, layout) = world().await;
    let mut options = options(folder.path());
    options.image_spec = Some(ImageSpec::V1_0);
    options.artifact_type = Some("application/vnd.me.config".to_owned());
    let pushed_one = pushed(&layout, &["hi.txt"], &options).await;
    assert!(
        text(&pushed_one).contains(
            r#""config":{"mediaType":"application/vnd.me.config","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers""#
        ),
        "{}",
        text(&pushed_one)
    );
    let none = pushed(&layout, &[], &options).await;
    assert!(text(&none).contains(r#""layers":[],"#));
    options.subject = Some(none.manifest().descriptor());
    let refused = Plan::of(&[], &options).await;
    assert!(matches!(refused, Err(PackError::SubjectUnsupported)));
}

#[tokio::test]
async fn platform_becomes_the_known_configuration() {
    let (folder, layout) = world().await;
    let mut options = options(folder.path());
    options.config = Config::Platform(Platform {
        architecture: "arm64".to_owned(),
        os: "linux".to_owned(),
        ..Platform::default()
    });
    let pushed = pushed(&layout, &["hi.txt"], &options).await;
    assert!(text(&pushed).contains(
        r#""artifactType":"application/vnd.unknown.artifact.v1","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:d6f56bc20064075ce319ac2e6fcef5de9ea21773b0a8a4398c4405222971f9c0","size":37}"#
    ));
}

#[tokio::test]
async fn annotation_file_reaches_manifest_config_and_files() {
    let (folder, layout) = world().await;
    let mut options = options(folder.path());
    options.annotations = Annotations::from_json(
        br#"{"$config":{"cfg":"1"},"$manifest":{"man":"2","org.opencontainers.image.created":"2026-11-22T17:25:43Z"},"hi.txt":{"lay":"<3>"}}"#,
    )
    .unwrap();
    let pushed = pushed(&layout, &["hi.txt"], &options).await;
    assert_eq!(
        text(&pushed),
        r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.unknown.artifact.v1","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"annotations":{"cfg":"1"},"data":"e30="},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","size":6,"annotations":{"lay":"\u003c3\u003e","org.opencontainers.image.title":"hi.txt"}}],"annotations":{"man":"2","org.opencontainers.image.created":"2026-11-22T17:25:43Z"}}"#
    );
}

#[tokio::test]
async fn title_in_the_annotation_file_renames_the_layer() {
    let (folder, layout) = world().await;
    let mut options = options(folder.path());
    options.annotations = Annotations::from_json(br#"{"hi.txt":{"org.opencontainers.image.title":"x"}}"#).unwrap();
    let pushed = pushed(&layout, &["hi.txt"], &options).await;
    assert!(text(&pushed).contains(r#"{"org.opencontainers.image.title":"x"}"#));
}

#[tokio::test]
async fn bad_input_is_refused_by_name() {
    let (folder, _) = world().await;
    let given = options(folder.path());
    let twice = Plan::of(&files(&["hi.txt", "./hi.txt"]), &given).await;
    assert!(matches!(twice, Err(PackError::DuplicateName { name }) if name == "hi.txt"));

    let absolute = folder.path().join("hi.txt").display().to_string();
    let specs = [FileSpec::new(&absolute, None).unwrap()];
    let refused = Plan::of(&specs, &given).await;
    assert!(matches!(refused, Err(PackError::AbsolutePaths { paths }) if paths == [absolute.as_str()]));
    let mut allowing = given.clone();
    allowing.absolute_paths = AbsolutePaths::Allowed;
    let plan = Plan::of(&specs, &allowing).await.unwrap();
    assert_eq!(plan.layers()[0].title(), Some(&*absolute));

    let mut bad_time = given.clone();
    bad_time.annotations = Annotations::of_manifest(&["org.opencontainers.image.created=yesterday"]).unwrap();
    assert!(matches!(Plan::of(&[], &bad_time).await, Err(PackError::Created { .. })));

    let mut bad_type = given.clone();
    bad_type.artifact_type = Some("nothing".to_owned());
    assert!(matches!(
        Plan::of(&[], &bad_type).await,
        Err(PackError::MediaType { .. })
    ));

    let missing = Plan::of(&files(&["none"]), &given).await;
    assert!(matches!(missing, Err(PackError::File { path, .. }) if path.ends_with("none")));
}

#[cfg(unix)]
fn set(path: &Path, mode: u32, seconds: u64) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn folder_with_its_times_is_the_known_archive() {
    let (folder, layout) = world().await;
    fs::create_dir_all(folder.path().join("dd/sub")).unwrap();
    for (name, content) in [("dd/a.txt", "a"), ("dd/sub/b.txt", "b")] {
        fs::write(folder.path().join(name), content).unwrap();
        set(&folder.path().join(name), 0o644, 1_700_000_000);
    }
    set(&folder.path().join("dd/sub"), 0o755, 1_700_000_000);
    set(&folder.path().join("dd"), 0o755, 1_700_000_000);
    let mut options = options(folder.path());
    options.times = Times::Preserved;
    let pushed_own = pushed(&layout, &["dd/"], &options).await;
    let layer = &pushed_own.manifest().layers()[0];
    assert_eq!(layer.media_type, "application/vnd.oci.image.layer.v1.tar+gzip");
    assert_eq!(
        layer.annotations,
        BTreeMap::from(
            [
                (
                    "io.deis.oras.content.digest",
                    "sha256:75914d0036de43ae4f742af58cc61dd59c1e2040ba8585ffc8bb51d99ba0363f"
                ),
                ("io.deis.oras.content.unpack", "true"),
                ("org.opencontainers.image.title", "dd"),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
        )
    );

    options.times = Times::Fixed(Timestamp::UNIX_EPOCH);
    let once = pushed(&layout, &["dd"], &options).await;
    set(&folder.path().join("dd/a.txt"), 0o644, 1_600_000_000);
    let again = pushed(&layout, &["dd"], &options).await;
    assert_eq!(once.digest(), again.digest());
}

#[tokio::test]
async fn large_file_is_hashed_while_it_is_sent() {
    let (folder, layout) = world().await;
    let content = vec![42; 9 * 1024 * 1024];
    fs::write(folder.path().join("large"), &content).unwrap();
    let plan = Plan::of(&files(&["large"]), &options(folder.path())).await.unwrap();
    assert_eq!(plan.layers()[0].digest(), None);
    let pushed = push(&layout, &Layout::repository(), &["v1"], &plan, AT_ONCE)
        .await
        .unwrap();
    assert_eq!(
        pushed.manifest().layers()[0].digest,
        countersign_core::Digest::sha256(&content)
    );
    assert_eq!(plan.layers()[0].meter().total(), content.len() as u64);
}
