//! `sbom generate` beside the real syft 1.18.1: the same packages in the same images, and each other's documents attached.
//!
//! The images are made of what is on the machine: Debian's list of packages, Python's and Node's folders, the peers (which
//! are programs of Go), a program of Rust built here, and Java's archives where there are any.

#[path = "sbom/compare.rs"]
mod compare;
#[path = "sbom/contents.rs"]
mod contents;
#[path = "sbom/layout.rs"]
mod layout;

use std::io::Write as _;

use compare::{Score, packages, scores};
use countersign_interop::keys::generate;
use countersign_interop::{Ended, Kind, Peers, Registry, Run, Subject};
use layout::Layout;

#[test]
fn packages_of_real_images_are_those_that_syft_finds() {
    let Some(peers) = with_syft() else { return };
    let mut table = String::from(
        "| image | packages | names and versions | package URLs without qualifiers | whole package URLs |\n|---|--:|--:|--:|--:|\n",
    );
    let mut failed = Vec::new();
    for contents in contents::all(&peers) {
        let image = Layout::of(&peers, &contents);
        let syft = syft(&peers, &image.path, "cyclonedx-json");
        let ours = ours(
            &peers,
            &[
                "sbom",
                "generate",
                "-o",
                "cyclonedx-json",
                &format!("oci:{}", image.path),
            ],
        );
        let (syft, ours) = (packages(&syft), packages(&ours));
        assert!(
            syft.len() >= contents.least,
            "{}: syft finds {} only",
            contents.name,
            syft.len()
        );
        let scores = scores(&syft, &ours);
        let cells: Vec<String> = scores.iter().map(Score::to_string).collect();
        table.push_str(&format!(
            "| {} | {} | {} |\n",
            contents.name,
            syft.len(),
            cells.join(" | ")
        ));
        for score in scores.iter().filter(|score| !score.is_whole()) {
            let (missing, extra) = (score.missing(), score.extra());
            let said = format!("{}: {score}; missing {missing:?}, extra {extra:?}", contents.name);
            drop(writeln!(std::io::stderr(), "{said}"));
            failed.extend((!score.is_enough()).then_some(said));
        }
    }
    // past the test harness, so that the table can be read where the test passes
    drop(write!(std::io::stderr(), "{table}"));
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn what_an_upper_layer_removes_is_not_listed() {
    let Some(peers) = with_syft() else { return };
    let image = Layout::of(&peers, &contents::with_whiteouts());
    let names = |json: &str| -> Vec<String> {
        let mut names: Vec<String> = packages(json).into_iter().map(|package| package.name).collect();
        names.sort();
        names
    };
    let ours = ours(
        &peers,
        &[
            "sbom",
            "generate",
            "-o",
            "cyclonedx-json",
            &format!("oci:{}", image.path),
        ],
    );
    assert_eq!(names(&ours), ["kept", "replaced", "stays"]);
    assert_eq!(names(&ours), names(&syft(&peers, &image.path, "cyclonedx-json")));
}

#[test]
fn documents_are_the_same_each_time() {
    let Some(peers) = with_syft() else { return };
    let image = Layout::of(&peers, &contents::with_whiteouts());
    for form in ["spdx-json", "spdx-tag-value", "cyclonedx-json"] {
        let name = format!("oci:{}", image.path);
        let make = || ours(&peers, &["sbom", "generate", "-o", form, &name]);
        assert_eq!(make(), make(), "{form}");
    }
}

#[test]
fn every_form_of_syft_is_attached_signed_and_verified_by_cosign() {
    let Some(peers) = with_syft() else { return };
    let key = generate(&peers, "cosign3", "key");
    let registry = Registry::start(&peers, Kind::Memory);
    let source = Layout::of(&peers, &contents::with_whiteouts());
    for (number, (form, kind)) in [
        ("spdx-json", Some("spdxjson")),
        ("spdx-tag-value", Some("spdx")),
        ("cyclonedx-json", Some("cyclonedx")),
        ("cyclonedx-xml", None),
        ("syft-json", Some("https://syft.dev/bom")),
    ]
    .into_iter()
    .enumerate()
    {
        let digest = Subject::Image.push(registry.address(), &format!("app{number}"));
        let image = format!("{}/app{number}@{digest}", registry.address());
        let file = peers.path(&format!("bill{number}"));
        std::fs::write(&file, syft(&peers, &source.path, form)).expect("the folder can be written to");
        let flags = [
            "--key",
            &key.private,
            "--new-bundle-format=false",
            "--use-signing-config=false",
            "--tlog-upload=false",
        ];
        let mut line = vec!["sbom", "attach", "--sbom", &file, "--sign"];
        line.extend(kind.map(|_| "--attest"));
        line.extend(flags);
        line.push(&image);
        ours(&peers, &line);
        let verify = ["verify", "--key", &key.public, "--insecure-ignore-tlog"];
        let signed = [&verify[..], &["--attachment", "sbom", &image]].concat();
        drop(Run::new(&peers, "cosign2", &signed).end().expect_success());
        if let Some(kind) = kind {
            let attested = [
                "verify-attestation",
                "--key",
                &key.public,
                "--insecure-ignore-tlog",
                "--type",
                kind,
                &image,
            ];
            // cosign 3 verifies no predicate that is a text, its own neither (interop/tests/attestations.rs)
            let judges: &[&str] = if kind == "spdx" {
                &["cosign2"]
            } else {
                &["cosign2", "cosign3"]
            };
            for cosign in judges {
                drop(Run::new(&peers, cosign, &attested).end().expect_success());
            }
        }
        let downloaded = Run::new(&peers, "cosign2", &["download", "sbom", &image])
            .end()
            .expect_success();
        assert_eq!(
            downloaded.stdout,
            std::fs::read_to_string(&file).expect("it was written"),
            "{form}"
        );
    }
}

/// The peers, where syft is among them; with `CI=true` it must be.
fn with_syft() -> Option<Peers> {
    let peers = Peers::find()?;
    let is_there = peers.has_or_says("syft");
    assert!(
        is_there || std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "did not run: no syft"
    );
    is_there.then_some(peers)
}

fn syft(peers: &Peers, layout: &str, form: &str) -> String {
    let source = format!("oci-dir:{layout}");
    let run = Run::new(peers, "syft", &["scan", &source, "-q", "-o", form]);
    let run = run.env("SYFT_CHECK_FOR_APP_UPDATE", "false");
    told(&source, run.end())
}

fn ours(peers: &Peers, line: &[&str]) -> String {
    let source = line.last().copied().unwrap_or_default();
    told(source, Run::new(peers, "ours", line).end())
}

/// Says what a list took, past the test harness; nothing depends on it.
fn told(source: &str, ended: Ended) -> String {
    let ended = ended.expect_success();
    let program = ended.command.split(' ').next().unwrap_or_default();
    let (seconds, mib) = (ended.took.as_secs_f64(), ended.peak_mib);
    let said = format!("{source}: {program} took {seconds:.2} s and {mib} MiB");
    drop(writeln!(std::io::stderr(), "{said}"));
    ended.stdout
}
