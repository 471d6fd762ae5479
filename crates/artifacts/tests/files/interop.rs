//! The same with real `oras`, in both directions; runs where `COUNTERSIGN_PEERS` is a folder with the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign_artifacts::plan::Times;
use countersign_artifacts::{FileSpec, PackOptions, Plan, PullOptions, pull, push};
use countersign_oci::{Layout, Store};

use crate::world::{AT_ONCE, World};

/// The program, or `None` where there are none; in CI there must be.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn peer(name: &str) -> Option<PathBuf> {
    match std::env::var_os("COUNTERSIGN_PEERS").filter(|folder| !folder.is_empty()) {
        Some(folder) => Some(Path::new(&folder).join(name)),
        None if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("COUNTERSIGN_PEERS is not set"),
        None => {
            eprintln!("skipped: COUNTERSIGN_PEERS is not set");
            None
        }
    }
}

fn run(program: &Path, folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

const CREATED: &str = "org.opencontainers.image.created=2020-01-01T00:00:00Z";

fn make_files(folder: &Path) {
    fs::create_dir_all(folder.join("d/sub/empty")).unwrap();
    for (name, content) in [("hi.txt", "hello\n"), ("d/a", ""), ("d/sub/b", "b"), ("d.b", "between")] {
        fs::write(folder.join(name), content).unwrap();
    }
    for name in [
        "n".repeat(99),
        "m".repeat(101),
        "é".to_owned(),
        format!("{}é", "k".repeat(120)),
    ] {
        fs::write(folder.join("d").join(name), "long").unwrap();
    }
    #[cfg(unix)]
    for (name, target) in [
        ("short", "sub/b".to_owned()),
        ("long", "t".repeat(101)),
        ("ü", "ö".to_owned()),
    ] {
        std::os::unix::fs::symlink(target, folder.join("d").join(name)).unwrap();
    }
}

#[tokio::test]
async fn oras_makes_the_same_artifact_and_reads_ours() {
    let Some(oras) = peer("oras") else { return };
    let world = World::new().await;
    let folder = world.folder.path();
    make_files(folder);
    let arguments = [
        "push",
        "--oci-layout",
        "theirs:v1",
        "-a",
        CREATED,
        "hi.txt:text/plain",
        "d",
        "d.b",
    ];
    run(&oras, folder, &arguments);
    let theirs = Layout::open(folder.join("theirs")).await.unwrap();
    let name = Layout::repository().tag("v1").unwrap();
    let expected = theirs.manifest(&name).await.unwrap();

    let mut options = PackOptions::new("2020-01-01T00:00:00Z".parse().unwrap());
    options.folder = folder.to_owned();
    options.times = Times::Preserved;
    let files: Vec<FileSpec> = ["hi.txt:text/plain", "d", "d.b"]
        .iter()
        .map(|name| name.parse().unwrap())
        .collect();
    let plan = Plan::of(&files, &options).await.unwrap();
    let pushed = push(&world.layout, &Layout::repository(), &["v1"], &plan, AT_ONCE)
        .await
        .unwrap();
    // The folder's archive is the same; its compression is by another library.
    for (ours, theirs) in pushed.manifest().layers().iter().zip(expected.layers()) {
        assert_eq!(
            (&ours.annotations, &ours.media_type),
            (&theirs.annotations, &theirs.media_type)
        );
    }
    assert_eq!(pushed.manifest().layers()[0], expected.layers()[0]);
    assert_eq!(pushed.manifest().layers()[2], expected.layers()[2]);

    run(&oras, folder, &["pull", "--oci-layout", "layout:v1", "-o", "output"]);
    let by_oras = world.found();
    fs::remove_dir_all(world.output()).unwrap();
    let pinned = theirs.resolve(&name).await.unwrap();
    pull(&theirs, &pinned, &world.output(), &PullOptions::new())
        .await
        .unwrap();
    assert_eq!(world.found(), by_oras);
    assert_eq!(by_oras.len(), if cfg!(unix) { 11 } else { 8 });
}

#[tokio::test]
async fn what_one_attaches_the_other_discovers() {
    let Some(oras) = peer("oras") else { return };
    let world = World::new().await;
    let folder = world.folder.path();
    make_files(folder);
    let mut options = PackOptions::new("2020-01-01T00:00:00Z".parse().unwrap());
    options.folder = folder.to_owned();
    let files: [FileSpec; 1] = ["hi.txt".parse().unwrap()];
    let plan = Plan::of(&files, &options).await.unwrap();
    let first = push(&world.layout, &Layout::repository(), &["v1"], &plan, AT_ONCE)
        .await
        .unwrap();

    run(
        &oras,
        folder,
        &[
            "attach",
            "--oci-layout",
            "--artifact-type",
            "their/s",
            "layout:v1",
            "hi.txt",
        ],
    );
    options.subject = Some(first.manifest().descriptor());
    options.artifact_type = Some("our/s".to_owned());
    let plan = Plan::of(&files, &options).await.unwrap();
    push(&world.layout, &Layout::repository(), &[], &plan, AT_ONCE)
        .await
        .unwrap();

    let found = world
        .layout
        .referrers(&Layout::repository(), first.digest())
        .await
        .unwrap();
    let mut types: Vec<_> = found
        .iter()
        .filter_map(|entry| entry.artifact_type.as_deref())
        .collect();
    types.sort_unstable();
    assert_eq!(types, ["our/s", "their/s"]);
    let tree = run(&oras, folder, &["discover", "--oci-layout", "layout:v1"]);
    assert!(tree.contains("our/s") && tree.contains("their/s"), "{tree}");
}
