//! We verify what cosign attests, cosign verifies what we attest: every type of predicate, every kind of key, both formats, and
//! the registries of every kind.

use std::fmt;
use std::path::Path;

use countersign_core::Digest;
use countersign_interop::{Format, Key, Keys, Kind, Peers, Registry, Run, Subject, Tool, http, keys, work};
use serde_json::Value;

/// `--type`, and a predicate as cosign wants it.
const CLAIMS: [(&str, &str); 12] = [
    ("custom", r#"{ "n": 1.0 }"#),
    (
        "slsaprovenance",
        r#"{"builder":{"id":"https://b"},"buildType":"https://t","metadata":{"reproducible":true}}"#,
    ),
    (
        "slsaprovenance02",
        r#"{"builder":{"id":"https://b"},"buildType":"https://t"}"#,
    ),
    (
        "slsaprovenance1",
        r#"{"buildDefinition":{"buildType":"https://t","externalParameters":{}},"runDetails":{"builder":{"id":"https://b"}}}"#,
    ),
    (
        "link",
        r#"{"_type":"link","name":"x","materials":{},"products":{},"byproducts":{},"command":[],"environment":{}}"#,
    ),
    ("spdx", "SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\n"),
    ("spdxjson", r#"{"spdxVersion": "SPDX-2.3", "packages": []}"#),
    ("cyclonedx", r#"{"bomFormat": "CycloneDX", "specVersion": "1.5"}"#),
    (
        "vuln",
        r#"{"invocation":{"uri":"","event_id":"","builder.id":""},"scanner":{"uri":"x","version":"1","db":{"uri":"","version":""},"result":{}},"metadata":{"scanStartedOn":"2026-01-01T00:00:00Z","scanFinishedOn":"2026-01-01T00:00:01Z"}}"#,
    ),
    ("openvex", r#"{"@context": "https://openvex.dev/ns", "statements": []}"#),
    ("https://example.com/t/v1", r#"{ "n": 1, "s": "<&>" }"#),
    ("urn:example:claim", r#"{}"#),
];

/// What a tool of another make does not do: its verdict must be this one, so that we notice when it changes.
///
/// A predicate that is a JSON string is no protobuf Struct, so cosign 3 takes it nowhere, and cosign 2 not from a bundle.
const EXCEPTIONS: [(Format, &str, Tool, Tool); 3] = [
    (Format::Bundle, "spdx", Tool::Ours, Tool::Cosign3),
    (Format::Bundle, "spdx", Tool::Ours, Tool::Cosign2),
    (Format::Legacy, "spdx", Tool::Ours, Tool::Cosign3),
];

#[test]
fn everyone_verifies_what_the_others_attest() {
    let Some(peers) = Peers::find() else { return };
    for (index, (_, predicate)) in CLAIMS.iter().enumerate() {
        write(&claim_path(&peers, index), predicate);
    }
    let keys = Keys::import(&peers, "cosign3");
    let mut cells = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_there(&peers)) {
        let registry = Registry::start(&peers, kind);
        let items = items(kind, &keys);
        let done = work::on_threads(work::cores(), &items, |item| item.run(&peers, &registry));
        cells.extend(done.into_iter().flatten().map(|cell| format!("{kind}: {cell}")));
    }
    assert!(
        cells.is_empty(),
        "{} cells are wrong:\n{}",
        cells.len(),
        cells.join("\n")
    );
}

/// One thing attested by one tool.
struct Item<'a> {
    key: &'a Key,
    format: Format,
    claim: usize,
    signer: Tool,
}

/// Every type and every kind of key with one registry, two types with the others.
fn items<'a>(kind: Kind, keys: &'a Keys) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    for format in Format::ALL {
        for signer in [Tool::Ours, Tool::Cosign3, Tool::Cosign2] {
            for (number, key) in keys.all().iter().enumerate() {
                for claim in 0..CLAIMS.len() {
                    let is_wanted = matches!(
                        (kind, number, claim),
                        (Kind::Memory, 0, _) | (Kind::Memory, _, 10) | (_, 0, 0 | 10)
                    );
                    if is_wanted {
                        items.push(Item {
                            key,
                            format,
                            claim,
                            signer,
                        });
                    }
                }
            }
        }
    }
    items
}

impl Item<'_> {
    /// Says whether the signer refuses to attest this: cosign does not verify what it has just signed.
    fn is_refused(&self) -> bool {
        let is_unlike_itself = CLAIMS[self.claim].0 == "spdx" || self.key.kind == "ed25519";
        self.signer != Tool::Ours && self.format == Format::Bundle && is_unlike_itself
    }

    /// Attests and verifies; returns what is wrong.
    fn run(&self, peers: &Peers, registry: &Registry) -> Vec<String> {
        let (kind, predicate) = CLAIMS[self.claim];
        let store = if self.format == Format::Bundle {
            "bundle"
        } else {
            "legacy"
        };
        let repository = format!("{}/{store}/{}/{}", self.key.kind, self.claim, self.signer.program());
        let digest = Subject::Image.push(registry.address(), &repository);
        let image = format!("{}/{repository}@{digest}", registry.address());
        let claim = (kind, &*claim_path(peers, self.claim));
        let attested = self.signer.attest(peers, self.format, self.key, claim, &image);
        if attested.succeeded() == self.is_refused() {
            return vec![format!("{self}: {}", attested.verdict())];
        }
        if self.is_refused() {
            return Vec::new();
        }
        let mut wrong = Vec::new();
        let verifiers: &[Tool] = match self.signer {
            Tool::Ours => &[Tool::Cosign3, Tool::Cosign2],
            _ => &[],
        };
        for verifier in verifiers {
            let verified = verifier.verify_attestation(peers, self.format, self.key, kind, &image, &[]);
            let is_excepted = EXCEPTIONS.contains(&(self.format, kind, self.signer, *verifier));
            if verified.succeeded() == is_excepted {
                wrong.push(format!("{self} → {verifier}: {}", verified.verdict()));
            }
        }
        let ours = Tool::Ours.verify_attestation(peers, self.format, self.key, kind, &image, &["-o", "predicate"]);
        if !ours.succeeded() {
            wrong.push(format!("{self} → countersign: {}", ours.verdict()));
        } else if let Some(difference) = difference(self.signer, kind, predicate, &ours.stdout) {
            wrong.push(format!("{self}: {difference}"));
        }
        wrong
    }
}

impl fmt::Display for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} by {}",
            self.key.kind, self.format, CLAIMS[self.claim].0, self.signer
        )
    }
}

/// Compares what came out with what went in: what we attest to the letter, what cosign attests as far as it keeps it.
fn difference(signer: Tool, kind: &str, predicate: &str, printed: &str) -> Option<String> {
    let parsed: Value = serde_json::from_str(printed).unwrap_or_else(|error| panic!("{kind}: {error}: {printed}"));
    let is_same = match (signer, kind) {
        (_, "custom") => parsed["Data"] == predicate,
        (_, "spdx") => parsed == predicate,
        (Tool::Ours, _) => printed.trim_end() == predicate,
        (_, "spdxjson" | "cyclonedx" | "openvex" | "https://example.com/t/v1" | "urn:example:claim") => {
            serde_json::from_str::<Value>(predicate).is_ok_and(|wanted| wanted == parsed)
        }
        // cosign drops members and renames some, but keeps what it keeps
        _ => serde_json::from_str::<Value>(predicate).is_ok_and(|wanted| is_part(&parsed, &wanted)),
    };
    (!is_same).then(|| format!("went in as {predicate}, came out as {printed}"))
}

/// Says whether two values agree in what both have, and have something in common.
fn is_part(found: &Value, wanted: &Value) -> bool {
    let (Value::Object(found), Value::Object(wanted)) = (found, wanted) else {
        return found == wanted;
    };
    let mut shared = wanted
        .iter()
        .filter_map(|(name, value)| Some((found.get(name)?, value)))
        .peekable();
    (wanted.is_empty() || shared.peek().is_some()) && shared.all(|(found, wanted)| is_part(found, wanted))
}

#[test]
fn what_is_replaced_is_gone_for_cosign_too() {
    let Some(peers) = Peers::find() else { return };
    let key = keys::generate(&peers, "ours", "replacing");
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_there(&peers)) {
        let registry = Registry::start(&peers, kind);
        for format in Format::ALL {
            let repository = format!(
                "replaced/{}",
                if format == Format::Bundle { "bundle" } else { "legacy" }
            );
            let digest = Subject::Image.push(registry.address(), &repository);
            let image = format!("{}/{repository}@{digest}", registry.address());
            for (version, kind) in [(1, "openvex"), (1, "cyclonedx"), (2, "cyclonedx")] {
                let path = peers.path("next.json");
                write(&path, &format!(r#"{{"version":{version}}}"#));
                let flags = match format {
                    Format::Bundle => "--format=bundle",
                    Format::Legacy => "--format=legacy",
                };
                let arguments = [
                    "attest",
                    "--key",
                    &key.private,
                    "--tlog-upload=false",
                    "--replace",
                    flags,
                ];
                let more = ["--type", kind, "--predicate", &path, &image];
                let run = Run::new(&peers, "ours", &arguments).with(&more);
                drop(run.end().expect_success());
            }
            for (kind_of_claim, wanted) in [("openvex", 1), ("cyclonedx", 1)] {
                let verified = Tool::Cosign3
                    .verify_attestation(&peers, format, &key, kind_of_claim, &image, &[])
                    .expect_success();
                assert_eq!(
                    verified.stdout.lines().count(),
                    wanted,
                    "{kind}, {format}: {verified:#?}"
                );
            }
            assert_eq!(listed(&registry, &repository, &digest, format), 2, "{kind}, {format}");
        }
    }
}

/// How many attestations a registry lists: by its list of referrers or the tag in its stead, or in the tag of attestations.
fn listed(registry: &Registry, repository: &str, digest: &Digest, format: Format) -> usize {
    let ask = |path: String, member: &str| {
        let accept = [(
            "Accept",
            "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json",
        )];
        let answer = http::request(registry.address(), "GET", &path, &accept, b"");
        let parsed: Option<Value> = serde_json::from_slice(&answer.body).ok();
        parsed.and_then(|parsed| parsed[member].as_array().map(Vec::len))
    };
    let hex = digest.hex();
    match format {
        Format::Legacy => ask(format!("/v2/{repository}/manifests/sha256-{hex}.att"), "layers"),
        Format::Bundle => ask(format!("/v2/{repository}/referrers/{digest}"), "manifests")
            .or_else(|| ask(format!("/v2/{repository}/manifests/sha256-{hex}"), "manifests")),
    }
    .unwrap_or_default()
}

/// Policies on which everyone must agree, and whether they allow the claim `{"bomFormat": "CycloneDX", …}`.
const POLICIES: [(&str, bool); 5] = [
    (
        "package signature\nallow {\n  input.predicate.bomFormat == \"CycloneDX\"\n}\n",
        true,
    ),
    (
        "package signature\nallow {\n  input.predicate.bomFormat == \"SPDX\"\n}\n",
        false,
    ),
    (
        "package signature\ndefault allow = false\nallow {\n  input.subject[_].digest.sha256 != \"\"\n}\n",
        true,
    ),
    ("package signature\nallow[msg] {\n  msg := \"no\"\n}\n", false),
    ("package other\nallow = true\n", false),
];

#[test]
fn policies_have_the_verdict_that_cosign_gives() {
    let Some(peers) = Peers::find() else { return };
    let has_plugin = peers
        .program("ours")
        .with_file_name("countersign-policy-rego")
        .is_file();
    if !has_plugin {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "did not run: no plug-in beside our program"
        );
        return;
    }
    let key = keys::generate(&peers, "ours", "judging");
    let registry = Registry::start(&peers, Kind::Memory);
    let image = judged(&peers, &registry, &key);
    for (number, (policy, is_allowed)) in POLICIES.iter().enumerate() {
        let path = peers.path(&format!("{number}.rego"));
        write(&path, policy);
        for tool in [Tool::Ours, Tool::Cosign3] {
            let judged =
                tool.verify_attestation(&peers, Format::Bundle, &key, "cyclonedx", &image, &["--policy", &path]);
            assert_eq!(judged.succeeded(), *is_allowed, "{tool}: {policy}\n{judged:#?}");
            assert_eq!(judged.stdout.is_empty(), !is_allowed, "{tool}: {policy}\n{judged:#?}");
        }
    }
}

/// Policies in CUE, whether cosign and whether we allow the claim: what a policy constrains must be there, for us.
const CUE_POLICIES: [(&str, bool, bool); 3] = [
    ("predicate: bomFormat: \"CycloneDX\"\n", true, true),
    ("predicate: bomFormat: \"SPDX\"\n", false, false),
    (
        "predicate: components: [...] & [_, ...]\npredicate: version: <5\n",
        true,
        false,
    ),
];

#[test]
fn cue_policies_have_the_verdict_that_cosign_gives_where_all_they_constrain_is_there() {
    let Some(peers) = Peers::find() else { return };
    if !peers.has("cue") {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "did not run: no cue among the peers"
        );
        return;
    }
    let key = keys::generate(&peers, "ours", "judging");
    let registry = Registry::start(&peers, Kind::Memory);
    let image = judged(&peers, &registry, &key);
    let folder = peers.program("cue").with_file_name("");
    for (number, (policy, by_cosign, by_us)) in CUE_POLICIES.iter().enumerate() {
        let path = peers.path(&format!("{number}.cue"));
        write(&path, policy);
        let more = ["--policy", &path];
        let cosign = Tool::Cosign3.verify_attestation(&peers, Format::Bundle, &key, "cyclonedx", &image, &more);
        assert_eq!(cosign.succeeded(), *by_cosign, "{policy}\n{cosign:#?}");
        let arguments = [
            "verify-attestation",
            "--key",
            &key.public,
            "--insecure-ignore-tlog",
            "--type",
            "cyclonedx",
            &image,
        ];
        let ours = Run::new(&peers, "ours", &arguments)
            .with(&more)
            .env("PATH", &folder)
            .end();
        assert_eq!(ours.code, Some(if *by_us { 0 } else { 12 }), "{policy}\n{ours:#?}");
    }
}

/// Pushes an image with an attestation of type `cyclonedx`; returns its name.
fn judged(peers: &Peers, registry: &Registry, key: &Key) -> String {
    let digest = Subject::Image.push(registry.address(), "judged");
    let image = format!("{}/judged@{digest}", registry.address());
    let path = peers.path("judged.json");
    write(&path, CLAIMS[7].1);
    let attested = Tool::Ours.attest(peers, Format::Bundle, key, ("cyclonedx", &path), &image);
    drop(attested.expect_success());
    image
}

fn claim_path(peers: &Peers, index: usize) -> String {
    peers.path(&format!("claim-{index}"))
}

fn write(path: &str, text: &str) {
    std::fs::write(Path::new(path), text).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
}
