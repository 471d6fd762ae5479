//! A registry that throttles, breaks, stalls or damages: each fault ends with its right exit code, in time, and never
//! as "no signatures found".

#![expect(clippy::print_stdout, reason = "with --nocapture the test shows its table")]

use std::time::Duration;

use countersign_interop::{Ended, FaultProxy, Format, Key, Kind, Peers, Registry, Run, Subject, Tool, keys, work};
use serde_json::{Value, json};

#[test]
fn every_fault_has_its_exit_code() {
    let Some(peers) = Peers::find() else { return };
    let key = keys::generate(&peers, "ours", "key");
    let operations = [
        (Operation::Verify, Format::Bundle),
        (Operation::Verify, Format::Legacy),
        (Operation::Sign, Format::Bundle),
        (Operation::Sign, Format::Legacy),
    ];
    let wrong: Vec<String> = work::on_threads(operations.len(), &operations, |(operation, format)| {
        let faults = if *operation == Operation::Verify {
            read_faults()
        } else {
            write_faults()
        };
        let stage = Stage::new(&peers, &key, *operation, *format);
        faults
            .iter()
            .filter_map(|fault| stage.play(fault))
            .collect::<Vec<String>>()
    })
    .into_iter()
    .flatten()
    .collect();
    assert!(wrong.is_empty(), "{} misreports:\n{}", wrong.len(), wrong.join("\n"));
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Verify,
    Sign,
}

struct Fault {
    name: &'static str,
    rules: Value,
    /// The exit codes that are right.
    exits: &'static [i32],
    /// The least and the most seconds it may take.
    seconds: (u64, u64),
    flags: &'static [&'static str],
}

/// A registry behind a proxy of its own, with one signed image.
struct Stage<'a> {
    peers: &'a Peers,
    key: &'a Key,
    operation: Operation,
    format: Format,
    registry: Registry,
    proxy: FaultProxy,
}

impl<'a> Stage<'a> {
    fn new(peers: &'a Peers, key: &'a Key, operation: Operation, format: Format) -> Self {
        let registry = Registry::start(peers, Kind::Memory);
        let proxy = FaultProxy::start(peers, registry.address());
        Self {
            peers,
            key,
            operation,
            format,
            registry,
            proxy,
        }
    }

    /// Returns what is wrong with how the fault was taken.
    fn play(&self, fault: &Fault) -> Option<String> {
        let repository: String = fault.name.chars().filter(char::is_ascii_alphanumeric).collect();
        let repository = format!("f/{}", repository.to_lowercase());
        let digest = Subject::Image.push(self.registry.address(), &repository);
        if self.operation == Operation::Verify {
            let image = format!("{}/{repository}@{digest}", self.registry.address());
            drop(
                Tool::Ours
                    .sign(self.peers, self.format, self.key, &image)
                    .expect_success(),
            );
        }
        self.proxy.forget();
        self.proxy.faults(&fault.rules);
        let ended = self.run(&format!("{}/{repository}@{digest}", self.proxy.address()), fault);
        let acted = self
            .proxy
            .requests()
            .iter()
            .filter(|request| request.get("fault").is_some())
            .count();
        self.proxy.faults(&json!([]));
        let seconds = ended.took.as_secs();
        let in_time = (fault.seconds.0..=fault.seconds.1).contains(&seconds);
        let right = ended.code.is_some_and(|code| fault.exits.contains(&code));
        let found = format!(
            "{:?} {}, {}: {} ({acted} faults; exit {:?} within {:?} s expected)",
            self.operation,
            self.format,
            fault.name,
            ended.verdict(),
            fault.exits,
            fault.seconds
        );
        println!("{found}");
        (!right || !in_time).then_some(found)
    }

    fn run(&self, image: &str, fault: &Fault) -> Ended {
        let mut arguments = match self.operation {
            Operation::Sign => Tool::Ours.sign_arguments(self.peers, self.format, self.key, image),
            Operation::Verify => ["verify", "--key", &self.key.public, "--insecure-ignore-tlog", image]
                .map(str::to_owned)
                .to_vec(),
        };
        arguments.extend(fault.flags.iter().map(|flag| (*flag).to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Run::new(self.peers, "ours", &arguments)
            .within(Duration::from_secs(fault.seconds.1 + 5))
            .end()
    }
}

const MANIFEST: &str = "^(GET|HEAD) /v2/.+/(manifests|referrers)/";
const BLOB: &str = "^GET /v2/.+/blobs/";
const PUT_MANIFEST: &str = "^PUT /v2/.+/manifests/";
const UPLOAD: &str = "^(PATCH|PUT) /v2/.+/blobs/|^POST /v2/.+digest=";
const START_UPLOAD: &str = "^POST /v2/.+/blobs/uploads/";

const DONE: &[i32] = &[0];
const COULD_NOT_TELL: &[i32] = &[20];
const CORRUPT: &[i32] = &[21];
const DENIED: &[i32] = &[22];
/// An answer that ends early is a broken connection or, after the retries, content that is not whole.
const BROKEN: &[i32] = &[20, 21];
/// Either it was possible without, or it could not be told: but never "no signatures", and never a crash.
const DONE_OR_COULD_NOT_TELL: &[i32] = &[0, 20];

fn read_faults() -> Vec<Fault> {
    let quick = (0, 60);
    vec![
        fault("nothing", json!([]), DONE, (0, 5)),
        fault(
            "429 once, Retry-After 1",
            status(MANIFEST, 429, 1, Some("1")),
            DONE,
            (1, 30),
        ),
        fault(
            "429 for ever, Retry-After 1",
            status(MANIFEST, 429, 0, Some("1")),
            COULD_NOT_TELL,
            quick,
        ),
        fault(
            "429 once, Retry-After 3600",
            status(MANIFEST, 429, 1, Some("3600")),
            DONE_OR_COULD_NOT_TELL,
            quick,
        ),
        fault("500 once", status(MANIFEST, 500, 1, None), DONE, quick),
        fault("500 for ever", status(MANIFEST, 500, 0, None), COULD_NOT_TELL, quick),
        fault(
            "503 once, Retry-After 1",
            status(MANIFEST, 503, 1, Some("1")),
            DONE,
            (1, 30),
        ),
        fault("502 for ever", status(MANIFEST, 502, 0, None), COULD_NOT_TELL, quick),
        fault("403", status(MANIFEST, 403, 0, None), DENIED, quick),
        fault("401 without a challenge", status(MANIFEST, 401, 0, None), DENIED, quick),
        fault("reset once", action(MANIFEST, "reset", 1), DONE, quick),
        fault("reset for ever", action(MANIFEST, "reset", 0), COULD_NOT_TELL, quick),
        fault("manifest cut short once", action(MANIFEST, "truncate", 1), DONE, quick),
        fault(
            "manifest cut short for ever",
            action(MANIFEST, "truncate", 0),
            BROKEN,
            quick,
        ),
        fault("blob cut short once", action(BLOB, "truncate", 1), DONE, quick),
        fault("blob cut short for ever", action(BLOB, "truncate", 0), BROKEN, quick),
        fault(
            "manifest with a flipped bit",
            action("^GET /v2/.+/manifests/sha256", "corrupt", 0),
            CORRUPT,
            quick,
        ),
        fault("blob with a flipped bit", action(BLOB, "corrupt", 0), CORRUPT, quick),
        fault("blob 500 once", status(BLOB, 500, 1, None), DONE, quick),
        fault("blob 500 for ever", status(BLOB, 500, 0, None), COULD_NOT_TELL, quick),
        fault("blob reset once", action(BLOB, "reset", 1), DONE, quick),
        fault("no answer to a manifest", stall(MANIFEST), COULD_NOT_TELL, (5, 20)).with(&["--timeout=8s"]),
        fault("no answer to a blob", stall(BLOB), COULD_NOT_TELL, (5, 20)).with(&["--timeout=8s"]),
        fault("no answer, no timeout given", stall(MANIFEST), COULD_NOT_TELL, (5, 180)),
        fault(
            "30 bytes a second",
            json!([{"match": MANIFEST, "action": "slow", "bytes": 30}]),
            DONE,
            (5, 170),
        ),
        fault("/v2/ 500", status("^GET /v2/$", 500, 0, None), DONE, quick),
        fault("/v2/ 404", status("^GET /v2/$", 404, 0, None), DONE, quick),
    ]
}

fn write_faults() -> Vec<Fault> {
    let quick = (0, 60);
    vec![
        fault("nothing", json!([]), DONE, (0, 10)),
        fault("manifest 500 once", status(PUT_MANIFEST, 500, 1, None), DONE, quick),
        fault(
            "manifest 500 for ever",
            status(PUT_MANIFEST, 500, 0, None),
            COULD_NOT_TELL,
            quick,
        ),
        fault(
            "manifest 429 once",
            status(PUT_MANIFEST, 429, 1, Some("1")),
            DONE,
            (1, 30),
        ),
        fault(
            "manifest 201, not stored",
            status(PUT_MANIFEST, 201, 0, None),
            &[1, 20, 21],
            quick,
        ),
        fault("upload 503 once", status(START_UPLOAD, 503, 1, None), DONE, quick),
        fault("upload reset once", action(UPLOAD, "reset", 1), DONE, quick),
        fault(
            "upload reset for ever",
            action(UPLOAD, "reset", 0),
            COULD_NOT_TELL,
            quick,
        ),
        fault("upload 500 once", status(UPLOAD, 500, 1, None), DONE, quick),
        fault("no answer to an upload", stall(UPLOAD), COULD_NOT_TELL, (5, 20)).with(&["--timeout=8s"]),
        // without the list it cannot be told whether the registry shows the signature to readers
        fault(
            "referrers 500",
            status("^GET /v2/.+/referrers/", 500, 0, None),
            DONE_OR_COULD_NOT_TELL,
            quick,
        ),
    ]
}

fn fault(name: &'static str, rules: Value, exits: &'static [i32], seconds: (u64, u64)) -> Fault {
    Fault {
        name,
        rules,
        exits,
        seconds,
        flags: &[],
    }
}

impl Fault {
    fn with(self, flags: &'static [&'static str]) -> Self {
        Self { flags, ..self }
    }
}

fn status(matching: &str, status: u16, count: u32, retry_after: Option<&str>) -> Value {
    let header = retry_after.map_or_else(|| json!({}), |seconds| json!({"Retry-After": seconds}));
    let body = r#"{"errors":[{"code":"UNKNOWN","message":"injected"}]}"#;
    json!([{"match": matching, "action": "status", "status": status, "count": count, "header": header, "body": body}])
}

fn action(matching: &str, action: &str, count: u32) -> Value {
    json!([{"match": matching, "action": action, "count": count}])
}

fn stall(matching: &str) -> Value {
    json!([{"match": matching, "action": "stall", "seconds": 600}])
}
