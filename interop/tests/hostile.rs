//! A registry that means harm: whatever it serves, we say what is wrong, in bounded time and memory, and tell it nothing.

#![expect(clippy::print_stdout, reason = "with --nocapture the test shows its table")]

use std::fs;
use std::io::Write as _;
use std::time::Duration;

use countersign_interop::image::{INDEX, MANIFEST};
use countersign_interop::{FaultProxy, Format, Key, Kind, Peers, Registry, Run, Subject, Tool, http, keys};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

#[test]
fn hostile_content_is_refused_in_bounded_memory() {
    let Some(peers) = Peers::find() else { return };
    let scene = Scene::new(&peers);
    let mut wrong = Vec::new();
    for (name, format, rules, exits) in scene.cases() {
        scene.proxy.faults(&rules);
        let image = if format == Format::Bundle {
            &scene.bundle
        } else {
            &scene.legacy
        };
        let arguments = ["verify", "--key", &scene.key.public, "--insecure-ignore-tlog", image];
        let ended = Run::new(&peers, "ours", &arguments)
            .within(Duration::from_secs(90))
            .end();
        scene.proxy.faults(&json!([]));
        let found = format!(
            "{name}, {format}: {} MiB, exit {exits:?} expected: {}",
            ended.peak_mib,
            ended.verdict()
        );
        println!("{found}");
        if !ended.code.is_some_and(|code| exits.contains(&code)) || ended.peak_mib > MOST_MIB {
            wrong.push(found);
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The most memory a verification may hold, whatever is served.
const MOST_MIB: u64 = 32;
const BIG: u64 = 1 << 30;
const CORRUPT: &[i32] = &[21];
const DONE: &[i32] = &[0];

const REFERRERS: &str = "^GET /v2/.+/referrers/";
const SIG: &str = r"^(GET|HEAD) /v2/.+/manifests/sha256-.+\.sig";
const BLOB: &str = "^GET /v2/.+/blobs/";

/// Two signed images, one in each format, behind a proxy.
struct Scene<'a> {
    peers: &'a Peers,
    key: Key,
    _registry: Registry,
    proxy: FaultProxy,
    bundle: String,
    legacy: String,
    /// What the registry says of their signatures.
    referrers: Value,
    sig: Value,
    referrers_path: String,
}

impl<'a> Scene<'a> {
    fn new(peers: &'a Peers) -> Self {
        let key = keys::generate(peers, "ours", "key");
        let registry = Registry::start(peers, Kind::Memory);
        let proxy = FaultProxy::start(peers, registry.address());
        let signed = |format: Format, repository: &str| {
            let digest = Subject::Image.push(registry.address(), repository);
            let image = format!("{repository}@{digest}");
            drop(
                Tool::Ours
                    .sign(peers, format, &key, &format!("{}/{image}", registry.address()))
                    .expect_success(),
            );
            (format!("{}/{image}", proxy.address()), digest)
        };
        let (bundle, bundle_digest) = signed(Format::Bundle, "hostile/bundle");
        let (legacy, legacy_digest) = signed(Format::Legacy, "hostile/legacy");
        let get = |path: &str| -> Value {
            let answer = http::request(registry.address(), "GET", path, &[("Accept", MANIFEST)], b"");
            serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        let referrers_path = format!("/v2/hostile/bundle/referrers/{bundle_digest}");
        let tag = legacy_digest.as_str().replace(':', "-");
        let (referrers, sig) = (
            get(&referrers_path),
            get(&format!("/v2/hostile/legacy/manifests/{tag}.sig")),
        );
        Self {
            peers,
            key,
            _registry: registry,
            proxy,
            bundle,
            legacy,
            referrers,
            sig,
            referrers_path,
        }
    }

    fn cases(&self) -> Vec<(&'static str, Format, Value, &'static [i32])> {
        let mut cases = Vec::new();
        let entry = self.referrers.pointer("/manifests/0").cloned().unwrap_or_default();
        let layer = self.sig.pointer("/layers/0").cloned().unwrap_or_default();
        let bomb = bomb();
        for (format, matching, media_type, list, member, whole) in [
            (Format::Bundle, REFERRERS, INDEX, "manifests", &entry, &self.referrers),
            (Format::Legacy, SIG, MANIFEST, "layers", &layer, &self.sig),
        ] {
            let serve = |name: &str, bytes: &[u8], encoding: Option<&str>| {
                let file = self.peers.path(&format!("{list}-{name}"));
                fs::write(&file, bytes).unwrap_or_else(|error| panic!("cannot write {file}: {error}"));
                let mut header = json!({"Content-Type": media_type});
                if let (Some(encoding), Some(header)) = (encoding, header.as_object_mut()) {
                    header.insert("Content-Encoding".to_owned(), encoding.into());
                }
                json!([{"match": matching, "action": "file", "file": file, "header": header}])
            };
            let big_body =
                json!([{"match": matching, "action": "gen", "bytes": BIG, "header": {"Content-Type": media_type}}]);
            cases.extend([
                (
                    "100 MB of valid JSON",
                    format,
                    serve("100mb", &filled(whole, list, member, 100_000_000), None),
                    CORRUPT,
                ),
                ("a manifest of 1 GiB", format, big_body, CORRUPT),
                ("a gzip bomb", format, serve("bomb", &bomb, Some("gzip")), CORRUPT),
                (
                    "JSON 10,000 deep",
                    format,
                    serve("deep", &deep(media_type, list, 10_000), None),
                    CORRUPT,
                ),
                (
                    "JSON 5,000,000 deep",
                    format,
                    serve("deeper", &deep(media_type, list, 5_000_000), None),
                    CORRUPT,
                ),
                (
                    "a blob of 1 GiB under a small descriptor",
                    format,
                    json!([{"match": BLOB, "action": "gen", "bytes": BIG}]),
                    CORRUPT,
                ),
                ("other bytes of the same size", format, action(BLOB, "corrupt"), CORRUPT),
            ]);
        }
        let layers = filled(&self.sig, "layers", &layer, 1_001 * (layer.to_string().len() + 1));
        let file = self.peers.path("layers-1001");
        fs::write(&file, layers).unwrap_or_else(|error| panic!("cannot write {file}: {error}"));
        let header = json!({"Content-Type": MANIFEST});
        let crowd = json!([{"match": SIG, "action": "file", "file": file, "header": header}]);
        cases.push(("a .sig of 1,001 layers", Format::Legacy, crowd, CORRUPT));
        cases.push((
            "a referrer that is not what its digest says",
            Format::Bundle,
            action("^GET /v2/.+/manifests/sha256:", "corrupt"),
            CORRUPT,
        ));
        cases.push(("a second page of referrers", Format::Bundle, self.second_page(), DONE));
        let circle = format!("<{}?page=1>; rel=\"next\"", self.referrers_path);
        let circle = json!([{"match": REFERRERS, "action": "header", "header": {"Link": circle}}]);
        cases.push(("pages without end", Format::Bundle, circle, &[20, 21]));
        cases
    }

    /// The first page is empty and the signature is on the second.
    fn second_page(&self) -> Value {
        let (first, second) = (self.peers.path("page1"), self.peers.path("page2"));
        let mut empty = self.referrers.clone();
        empty["manifests"] = json!([]);
        for (file, page) in [(&first, &empty), (&second, &self.referrers)] {
            fs::write(file, page.to_string()).unwrap_or_else(|error| panic!("cannot write {file}: {error}"));
        }
        let next = format!("<{}?page=2>; rel=\"next\"", self.referrers_path);
        json!([
            {"match": "/referrers/.*page=2", "action": "file", "file": second, "header": {"Content-Type": INDEX}},
            {"match": "/referrers/", "action": "file", "file": first, "header": {"Content-Type": INDEX, "Link": next}},
        ])
    }
}

fn action(matching: &str, action: &str) -> Value {
    json!([{"match": matching, "action": action}])
}

/// A document whose list is filled with copies of a member, up to about `size` bytes.
fn filled(whole: &Value, list: &str, member: &Value, size: usize) -> Vec<u8> {
    let mut whole = whole.clone();
    whole[list] = json!(["@"]);
    let member = member.to_string();
    let members = vec![member.as_str(); size / (member.len() + 1)].join(",");
    whole.to_string().replace("\"@\"", &members).into_bytes()
}

fn deep(media_type: &str, list: &str, levels: usize) -> Vec<u8> {
    let (open, close) = ("[".repeat(levels), "]".repeat(levels));
    format!(r#"{{"schemaVersion":2,"mediaType":"{media_type}","{list}":{open}{close}}}"#).into_bytes()
}

/// A gibibyte of JSON that is a megabyte on the wire: the same compressed mebibyte again and again (RFC 1952 §2.2).
fn bomb() -> Vec<u8> {
    let member = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder
            .write_all(bytes)
            .and_then(|()| encoder.finish())
            .unwrap_or_else(|error| panic!("gzip: {error}"))
    };
    let mebibyte = member(&vec![b'A'; 1 << 20]);
    [
        member(br#"{"schemaVersion":2,"x":""#),
        mebibyte.repeat(1024),
        member(br#""}"#),
    ]
    .concat()
}
