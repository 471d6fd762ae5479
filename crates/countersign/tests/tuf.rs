//! What is kept of a TUF repository when several look at it at a time, and when one of them is killed.

#[path = "../../core/tests/tuf/simulator.rs"]
#[expect(dead_code, reason = "core's tests use all of it")]
mod simulator;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use countersign::tuf::{Mirror, Repository, TufFailure};
use countersign_core::tuf::{Reach, Refusal};
use countersign_oci::http::{Http, HttpOptions};
use countersign_server::{Server, ServerOptions};
use jiff::Timestamp;
use serde_json::Value;

use simulator::Repository as Published;

fn now() -> Timestamp {
    "2029-01-01T00:00:00Z".parse().unwrap()
}

fn http() -> Http {
    Http::new(HttpOptions::default())
}

/// A repository in the folder `repo` of a folder, each version of which says which it is.
struct Served {
    folder: tempfile::TempDir,
    published: Published,
}

impl Served {
    fn new() -> Self {
        let mut served = Self {
            folder: tempfile::tempdir().unwrap(),
            published: Published::new(),
        };
        served.publish(1);
        served
    }

    fn publish(&mut self, edition: u32) {
        self.published
            .add_target("targets", "file", edition.to_string().as_bytes());
        self.published.publish(&["root", "targets", "snapshot", "timestamp"]);
        // The timestamp last, so that whoever looks meanwhile finds what it names.
        let (timestamp, others): (Vec<_>, Vec<_>) = self
            .published
            .published
            .iter()
            .partition(|(path, _)| *path == "timestamp.json");
        for (path, bytes) in others.into_iter().chain(timestamp) {
            let path = self.folder.path().join("repo").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let aside = path.with_extension("aside");
            std::fs::write(&aside, bytes).unwrap();
            std::fs::rename(&aside, &path).unwrap();
        }
    }

    fn mirror(&self) -> String {
        format!("file://{}", self.folder.path().join("repo").display())
    }

    fn anchor(&self) -> Vec<u8> {
        self.published.published["1.root.json"].clone()
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// Whether the timestamp that is kept is the last one.
    fn is_kept(&self) -> bool {
        let repository = Repository::at(&self.mirror(), &self.cache()).unwrap();
        let kept = std::fs::read(repository.folder().join("timestamp.json"));
        kept.is_ok_and(|kept| kept == self.published.published["timestamp.json"])
    }

    async fn find(&self, reach: Reach) -> Result<u32, TufFailure> {
        let repository = Repository::at(&self.mirror(), &self.cache())?;
        let mut view = repository.update(&self.anchor(), reach, now(), &http()).await?;
        let found = view.target("file").await?;
        Ok(String::from_utf8(found).unwrap().parse().unwrap())
    }
}

#[tokio::test]
async fn many_who_look_at_a_time_find_what_is_published_and_leave_it_whole() {
    let mut served = Served::new();
    for edition in 2..6 {
        served.publish(edition);
        let looks = (0..8).map(|_| served.find(Reach::Published));
        let found = futures_util::future::join_all(looks).await;
        assert!(
            found
                .iter()
                .all(|found| matches!(found, Ok(found) if *found == edition)),
            "{found:?}"
        );
        assert_eq!(served.find(Reach::Kept).await.unwrap(), edition);
    }
}

#[tokio::test]
async fn whoever_looks_waits_for_the_one_before() {
    let served = Served::new();
    let repository = Repository::at(&served.mirror(), &served.cache()).unwrap();
    let view = repository
        .update(&served.anchor(), Reach::Published, now(), &http())
        .await
        .unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(200), served.find(Reach::Published)).await;
    assert_eq!(
        waiting.map(drop).map_err(|elapsed| elapsed.to_string()),
        Err("deadline has elapsed".to_owned())
    );
    drop(view);
    assert_eq!(served.find(Reach::Published).await.unwrap(), 1);
}

/// Runs in a process of its own, which is killed: begins anew and looks, again and again.
#[test]
fn looks_until_it_is_killed() {
    let Ok(folder) = std::env::var("COUNTERSIGN_TEST_FOLDER") else {
        return;
    };
    let folder = Path::new(&folder);
    let anchor = std::fs::read(folder.join("repo/1.root.json")).unwrap();
    let repository = Repository::at(
        &format!("file://{}", folder.join("repo").display()),
        &folder.join("cache"),
    )
    .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    loop {
        runtime.block_on(async {
            repository.initialize(&anchor, &["file"], now(), &http()).await.unwrap();
            let mut view = repository
                .update(&anchor, Reach::Published, now(), &http())
                .await
                .unwrap();
            view.target("file").await.unwrap();
        });
    }
}

#[tokio::test]
async fn what_is_kept_is_whole_whenever_one_is_killed() {
    let mut served = Served::new();
    for edition in 2..22 {
        served.publish(edition);
        let mut looking = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "looks_until_it_is_killed"])
            .env("COUNTERSIGN_TEST_FOLDER", served.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Once it has found this edition it begins anew, and is killed at another moment of that each time.
        let begun = Instant::now();
        while !served.is_kept() && begun.elapsed() < Duration::from_secs(20) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(served.is_kept());
        tokio::time::sleep(Duration::from_micros(u64::from(edition) * 777)).await;
        looking.kill().unwrap();
        looking.wait().unwrap();
        for path in files(&served.cache()) {
            let is_whole = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).is_ok();
            let is_metadata = path.extension().is_some_and(|extension| extension == "json");
            assert!(
                !is_metadata || is_whole(std::fs::read(&path).unwrap()),
                "{}",
                path.display()
            );
        }
        assert_eq!(served.find(Reach::Published).await.unwrap(), edition);
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

#[tokio::test]
async fn a_target_that_was_kept_is_not_fetched_and_one_that_was_changed_is() {
    let served = Served::new();
    assert_eq!(served.find(Reach::Published).await.unwrap(), 1);
    let kept = files(&served.cache())
        .into_iter()
        .find(|path| path.ends_with("targets/file"))
        .unwrap();
    std::fs::remove_dir_all(served.folder.path().join("repo/targets")).unwrap();
    assert_eq!(served.find(Reach::Published).await.unwrap(), 1);
    for changed in [&b"2"[..], b"longer than it was"] {
        std::fs::write(&kept, changed).unwrap();
        for reach in [Reach::Published, Reach::Kept] {
            let refused = served.find(reach).await.unwrap_err();
            let is_absent = matches!(&refused, TufFailure::Refused { source, .. } if source.refusal == Refusal::Absent);
            assert!(is_absent, "{refused:?}");
        }
    }
}

#[tokio::test]
async fn what_a_repository_over_http_does_not_have_is_missed_and_what_it_fails_at_is_told() {
    let served = Served::new();
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions::new(root.path())).await.unwrap();
    // A server that is up and has no such file.
    let repository = Repository::at(&format!("{}/v2/nobody", server.url()), &served.cache()).unwrap();
    let refused = repository
        .update(&served.anchor(), Reach::Published, now(), &http())
        .await
        .err()
        .unwrap();
    let is_absent = matches!(&refused, TufFailure::Refused { source, .. }
        if source.refusal == Refusal::Absent && source.file.as_str() == "timestamp.json");
    assert!(is_absent, "{refused:?}");
    assert!(!refused.is_unreachable());
    server.stop().await.unwrap();
    let unreachable = repository
        .update(&served.anchor(), Reach::Published, now(), &http())
        .await
        .err()
        .unwrap();
    assert!(unreachable.is_unreachable(), "{unreachable:?}");
}

#[test]
fn addresses_are_of_the_web_or_of_this_machine() {
    for address in ["https://tuf.test/", "http://127.0.0.1:1/tuf", "file:///srv/tuf"] {
        let mirror = Mirror::parse(address).unwrap();
        assert_eq!(mirror.to_string(), address.trim_end_matches('/'));
    }
    for address in ["", "tuf.test", "file://relative", "ftp://tuf.test"] {
        let refused = Mirror::parse(address).unwrap_err();
        assert!(
            matches!(&refused, TufFailure::Address { address: found } if found == address),
            "{refused:?}"
        );
    }
}

#[test]
fn a_mirror_is_kept_where_cosign_keeps_it() {
    for (mirror, folder) in [
        ("https://tuf-repo-cdn.sigstore.dev", "tuf-repo-cdn.sigstore.dev"),
        ("http://127.0.0.1:5000/tuf", "127.0.0.1-5000-tuf"),
        ("https://GitHub.test/Prod/", "github.test-prod-"),
    ] {
        let repository = Repository::at(mirror, Path::new("root")).unwrap();
        assert_eq!(repository.folder(), Path::new("root").join(folder));
    }
}
