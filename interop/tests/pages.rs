//! The pages that draw what is attached, in a real browser: Chromium, where there is one.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign_interop::keys::generate;
use countersign_interop::{Kind, Peers, Registry, Run, image};

/// Finds the browser; says so where there is none.
fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("COUNTERSIGN_BROWSER").map(PathBuf::from);
    let usual = ["/usr/bin/chromium", "/usr/bin/google-chrome"].map(PathBuf::from);
    let found = named.into_iter().chain(usual).find(|path| path.is_file());
    if found.is_none() {
        let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!is_ci, "did not run: there is no Chromium");
        drop(writeln!(std::io::stderr(), "skipped: there is no Chromium"));
    }
    found
}

/// What the browser makes of an address: the document after everything in it ran and was loaded.
fn looked_at(peers: &Peers, browser: &Path, address: &str, more: &[&str]) -> String {
    let profile = peers.path("profile");
    let _absent = fs::remove_dir_all(&profile);
    let profile = format!("--user-data-dir={profile}");
    let run = Run::new(
        peers,
        &browser.display().to_string(),
        &[
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-proxy-server",
            "--disable-dev-shm-usage",
            &profile,
        ],
    );
    let ended = run.with(more).with(&[address]).within(Duration::from_secs(90)).end();
    ended.expect_success().stdout
}

fn ok(peers: &Peers, line: &str) -> String {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    Run::new(peers, "ours", &arguments).end().expect_success().stdout
}

/// An index whose image is signed and countersigned, with something attached whose type is markup.
fn scene(peers: &Peers) -> (Registry, String) {
    let registry = Registry::start(peers, Kind::Serve);
    let name = format!("{}/demo/app:v1", registry.address());
    image::image(registry.address(), "demo/app", "amd64", "v1");
    let [release, qa] = ["release", "qa"].map(|name| generate(peers, "ours", name));
    let sign = "sign -y --tlog-upload=false --use-signing-config=false";
    ok(peers, &format!("{sign} --key {} --format both {name}", release.private));
    ok(
        peers,
        &format!(
            "{sign} --key {} --countersign --countersign-signer key={} --insecure-ignore-tlog {name}",
            qa.private, release.public
        ),
    );
    fs::write(peers.path("predicate.json"), r#"{"builder":{"id":"x"}}"#).expect("the folder is writable");
    ok(
        peers,
        &format!(
            "attest -y --tlog-upload=false --use-signing-config=false --key {} --type https://example.com/scan/v1 --predicate predicate.json {name}",
            release.private
        ),
    );
    let markup = "<img/src=x/onerror=document.title=1>&\"'";
    let digest = ok(peers, &format!("digest {name}"));
    image::referrer(registry.address(), "demo/app", digest.trim(), markup);
    (registry, name)
}

#[test]
fn the_page_of_an_artifact_shows_in_a_browser_and_runs_nothing() {
    let Some(peers) = Peers::find() else { return };
    let Some(browser) = browser() else { return };
    let (registry, name) = scene(&peers);
    let served = format!("http://{}/ui/demo/app/v1", registry.address());
    let page = peers.path("page.html");
    fs::write(&page, ok(&peers, &format!("tree -o html {name}"))).expect("the folder is writable");
    for address in [served, format!("file://{page}")] {
        let document = looked_at(&peers, &browser, &address, &["--dump-dom"]);
        let title = document
            .split("<title>")
            .nth(1)
            .and_then(|rest| rest.split("</title>").next());
        assert!(
            title.is_some_and(|title| title.contains("demo/app:v1")),
            "{address}: {document}"
        );
        // two signatures, the countersignature beside them and beneath each, the attestation, and the markup
        for (class, count) in [("a", 1), ("s", 2), ("c", 3), ("t", 1), ("o", 1)] {
            let found = document.matches(&format!("<g class=\"{class}\"")).count();
            assert_eq!(found, count, "{address} {class}: {document}");
        }
        assert!(!document.contains("<img"), "{document}");
        assert!(document.contains("&lt;img/src=x"), "{document}");
        pictures(&peers, &browser, &address);
    }
}

/// Has the browser draw the page, by day and by night; keeps the pictures where that is asked for.
fn pictures(peers: &Peers, browser: &Path, address: &str) {
    for (scheme, setting) in [("light", 1), ("dark", 0)] {
        let picture = peers.path(&format!("{scheme}.png"));
        let setting = format!("--blink-settings=preferredColorScheme={setting}");
        let shot = format!("--screenshot={picture}");
        looked_at(peers, browser, address, &[&shot, &setting, "--window-size=1400,1000"]);
        let size = fs::metadata(&picture).expect("there is a picture").len();
        assert!(size > 10_000, "{scheme}: {size} bytes");
        if let Some(folder) = std::env::var_os("COUNTERSIGN_PICTURES") {
            let kind = if address.starts_with("file") { "tree" } else { "serve" };
            let to = PathBuf::from(folder).join(format!("{kind}-{scheme}.png"));
            fs::copy(&picture, to).expect("the folder is writable");
        }
    }
}

#[test]
fn the_list_leads_to_every_artifact() {
    let Some(peers) = Peers::find() else { return };
    let Some(browser) = browser() else { return };
    let (registry, _) = scene(&peers);
    let at = |path: &str| format!("http://{}{path}", registry.address());
    let list = looked_at(&peers, &browser, &at("/ui/"), &["--dump-dom"]);
    assert!(list.contains("href=\"/ui/demo/app/\""), "{list}");
    let tags = looked_at(&peers, &browser, &at("/ui/demo/app/"), &["--dump-dom"]);
    assert!(tags.contains("href=\"/ui/demo/app/v1\""), "{tags}");
    let page = looked_at(&peers, &browser, &at("/ui/demo/app/v1"), &["--dump-dom"]);
    let link = page.split("<a href=\"").nth(2).and_then(|rest| rest.split('"').next());
    let link = link.expect("a signature has a page of its own").to_owned();
    let page = looked_at(&peers, &browser, &at(&link), &["--dump-dom"]);
    assert!(page.contains("Nothing on this page is verified"), "{page}");
}
