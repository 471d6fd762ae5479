//! Fifty pipelines sign one digest at once: every signature that was reported as written is there.
//!
//! `COUNTERSIGN_ROUNDS` (default 1) repeats each case, `COUNTERSIGN_SIGNERS` (default 50) changes the crowd,
//! `COUNTERSIGN_CASES` (default all) chooses those with this in their names: `docker-registry`, `bundle, 20 ms`.

use std::env;

use countersign_core::Digest;
use countersign_interop::{FaultProxy, Format, Key, Kind, Peers, Registry, Subject, Tool, http, keys, work};
use serde_json::Value;

#[test]
fn every_signature_reported_as_written_is_there() {
    let Some(peers) = Peers::find() else { return };
    let crowd = number("COUNTERSIGN_SIGNERS", 50);
    let numbers: Vec<usize> = (0..crowd).collect();
    let signers = work::on_threads(work::cores(), &numbers, |n| {
        keys::generate(&peers, "ours", &format!("signer{n}"))
    });
    let wanted = env::var("COUNTERSIGN_CASES").unwrap_or_default();
    let mut lost = Vec::new();
    let mut run = 0;
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_there(&peers)) {
        let registry = Registry::start(&peers, kind);
        let proxy = FaultProxy::start(&peers, registry.address());
        for format in Format::ALL {
            for delay in [0, 20] {
                proxy.delay(delay);
                for round in 1..=number("COUNTERSIGN_ROUNDS", 1) {
                    let case = Case {
                        kind,
                        format,
                        delay,
                        round,
                    };
                    if !case.to_string().contains(&wanted) {
                        continue;
                    }
                    run += 1;
                    let found = case.run(&peers, &registry, &proxy, &signers);
                    say(&format!("{case}: {found}"));
                    if !found.is_whole(signers.len()) {
                        lost.push(format!("{case}: {found}"));
                    }
                }
            }
        }
    }
    assert!(run > 0, "no case has {wanted:?} in its name");
    assert!(lost.is_empty(), "signatures were lost:\n{}", lost.join("\n"));
}

#[derive(Clone, Copy)]
struct Case {
    kind: Kind,
    format: Format,
    delay: u32,
    round: usize,
}

/// What was there after everyone had signed.
struct Found {
    reported: usize,
    listed: usize,
    verified: usize,
    complaints: Vec<String>,
}

impl Case {
    fn run(self, peers: &Peers, registry: &Registry, proxy: &FaultProxy, signers: &[Key]) -> Found {
        let store = if self.format == Format::Bundle {
            "bundle"
        } else {
            "legacy"
        };
        let repository = format!("crowd/{store}/{}/{}", self.delay, self.round);
        let digest = Subject::Image.push(registry.address(), &repository);
        let address = if self.delay == 0 {
            registry.address()
        } else {
            proxy.address()
        };
        let image = format!("{address}/{repository}@{digest}");
        let ended = work::on_threads(signers.len(), signers, |key| {
            Tool::Ours.sign(peers, self.format, key, &image)
        });
        let image = format!("{}/{repository}@{digest}", registry.address());
        let verified = work::on_threads(work::cores(), signers, |key| {
            Tool::Ours.verify(peers, self.format, key, &image).succeeded()
        });
        Found {
            reported: ended.iter().filter(|ended| ended.succeeded()).count(),
            listed: listed(registry.address(), &repository, &digest, self.format),
            verified: verified.into_iter().filter(|verified| *verified).count(),
            complaints: ended
                .iter()
                .filter(|ended| !ended.succeeded())
                .map(|ended| ended.verdict())
                .take(2)
                .collect(),
        }
    }
}

impl Found {
    fn is_whole(&self, crowd: usize) -> bool {
        self.reported == crowd && self.listed == crowd && self.verified == crowd
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            kind,
            format,
            delay,
            round,
        } = self;
        write!(f, "{kind}, {format}, {delay} ms a request, round {round}")
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            reported,
            listed,
            verified,
            complaints,
        } = self;
        write!(
            f,
            "{reported} reported, {listed} listed, {verified} verified {}",
            complaints.join("; ")
        )
    }
}

/// Counts the signatures as any reader would find them, without our client.
fn listed(address: &str, repository: &str, digest: &Digest, format: Format) -> usize {
    let tag = digest.as_str().replace(':', "-");
    if format == Format::Legacy {
        return members(address, &format!("/v2/{repository}/manifests/{tag}.sig"), "layers").unwrap_or(0);
    }
    members(address, &format!("/v2/{repository}/referrers/{digest}"), "manifests")
        .or_else(|| members(address, &format!("/v2/{repository}/manifests/{tag}"), "manifests"))
        .unwrap_or(0)
}

fn members(address: &str, path: &str, list: &str) -> Option<usize> {
    const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
    let answer = http::request(address, "GET", path, &[("Accept", ACCEPT)], b"");
    let found: Value = serde_json::from_slice(&answer.body)
        .ok()
        .filter(|_| answer.status == 200)?;
    Some(found.get(list)?.as_array()?.len())
}

fn number(variable: &str, otherwise: usize) -> usize {
    env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

fn say(line: &str) {
    use std::io::Write as _;
    // past the test harness, so that a long run shows where it is; it is no loss if nobody listens
    drop(writeln!(std::io::stderr(), "{line}"));
}
