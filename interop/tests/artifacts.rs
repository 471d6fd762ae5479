//! What we push, attach and discover is, byte for byte, what ORAS pushes, attaches and discovers; each pulls what the other made.

use std::fs;

use countersign_interop::{Kind, Peers, Registry, Run};
use serde_json::Value;

const CREATED: &str = "org.opencontainers.image.created=2020-01-01T00:00:00Z";

/// Runs a line and returns what it printed.
fn run(peers: &Peers, program: &str, line: &str) -> String {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    Run::new(peers, program, &arguments).end().expect_success().stdout
}

/// The peers, with files to push, and a registry of every kind.
fn on_every_registry(test: impl Fn(&Peers, Kind, &Registry)) {
    let Some(peers) = Peers::find() else { return };
    let write = |name: &str, content: &str| {
        let path = peers.path(name);
        fs::write(&path, content).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
    };
    write("hi.txt", "hello\n");
    write("bye.txt", "bye\n");
    write("config.json", "{\"a\":1}\n");
    write(
        "annotations.json",
        r#"{"$manifest":{"org.opencontainers.image.created":"2020-01-01T00:00:00Z","<m>":"&"},"$config":{"c":"1"},"hi.txt":{"f":"2"}}"#,
    );
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_there(&peers)) {
        test(&peers, kind, &Registry::start(&peers, kind));
    }
}

#[test]
fn what_is_pushed_is_what_oras_pushes() {
    on_every_registry(|peers, kind, registry| {
        for (number, line) in [
            format!("-a {CREATED} TARGET hi.txt"),
            format!("-a {CREATED} -a k=v --artifact-type application/vnd.x TARGET hi.txt:text/plain bye.txt"),
            format!("-a {CREATED} TARGET"),
            format!("-a {CREATED} --config config.json:a/b TARGET hi.txt"),
            format!("-a {CREATED} --config config.json --artifact-type a/c TARGET hi.txt"),
            format!("-a {CREATED} --image-spec v1.0 --artifact-type a/c TARGET hi.txt"),
            format!("-a {CREATED} --artifact-platform linux/arm64 TARGET hi.txt"),
            "--annotation-file annotations.json TARGET hi.txt bye.txt".to_owned(),
        ]
        .into_iter()
        .enumerate()
        {
            let name = |who: &str| format!("{}/{who}/app:v{number},w{number}", registry.address());
            for (program, target) in [("oras", name("theirs")), ("ours", name("ours"))] {
                let line = line.replace("TARGET", &target);
                run(peers, program, &format!("push --plain-http {line}"));
            }
            let manifest = |who: &str, tag: char| {
                let name = format!("{}/{who}/app:{tag}{number}", registry.address());
                run(peers, "ours", &format!("manifest {name}"))
            };
            assert_eq!(manifest("ours", 'v'), manifest("theirs", 'v'), "{kind}: {line}");
            assert_eq!(manifest("ours", 'w'), manifest("theirs", 'w'), "{kind}: {line}");
        }
    });
}

#[test]
fn what_one_pushes_the_other_pulls() {
    on_every_registry(|peers, kind, registry| {
        let folder = peers.path("folder/inner");
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("cannot make {folder}: {error}"));
        fs::write(format!("{folder}/a.txt"), "a\n").unwrap_or_else(|error| panic!("cannot write: {error}"));
        let name = |who: &str| format!("{}/{who}/folder:v1", registry.address());
        for (pushes, pulls) in [("ours", "oras"), ("oras", "ours")] {
            let target = name(pushes);
            run(peers, pushes, &format!("push --plain-http {target} folder hi.txt"));
            let output = format!("{pulls}-{}", registry.address().replace(':', "-"));
            run(peers, pulls, &format!("pull --plain-http -o {output} {target}"));
            for file in ["folder/inner/a.txt", "hi.txt"] {
                let [pushed, pulled] =
                    [file.to_owned(), format!("{output}/{file}")].map(|file| fs::read(peers.path(&file)));
                assert_eq!(
                    pulled.expect("the file is there"),
                    pushed.expect("the file is there"),
                    "{kind}: {pulls} {file}"
                );
            }
        }
    });
}

#[test]
fn what_is_attached_is_what_oras_attaches_and_both_discover_it() {
    on_every_registry(|peers, kind, registry| {
        let name = |who: &str| format!("{}/{who}/app:v1", registry.address());
        for (program, target) in [("oras", name("theirs")), ("ours", name("ours"))] {
            let run = |line: String| run(peers, program, &line);
            run(format!("push --plain-http -a {CREATED} {target} hi.txt"));
            let attach = "attach --plain-http --export-manifest";
            let manifest = |number: usize| format!("{program}-{number}.json");
            run(format!(
                "{attach} {} -a {CREATED} --artifact-type doc/example {target} hi.txt:text/plain",
                manifest(1)
            ));
            run(format!(
                "{attach} {} -a {CREATED} --artifact-type doc/note {target} --config config.json bye.txt",
                manifest(2)
            ));
            let first = fs::read(peers.path(&manifest(1))).expect("it was written");
            let by_digest = target.replace(":v1", &format!("@{}", countersign_core::Digest::sha256(&first)));
            run(format!(
                "{attach} {} -a {CREATED} --artifact-type doc/deep {by_digest}",
                manifest(3)
            ));
        }
        for number in 1..=3 {
            let [ours, theirs] =
                ["ours", "oras"].map(|who| fs::read_to_string(peers.path(&format!("{who}-{number}.json"))));
            assert_eq!(
                ours.expect("it is there"),
                theirs.expect("it is there"),
                "{kind}: {number}"
            );
        }
        if matches!(kind, Kind::Memory) {
            // it lists the configuration's media type as the artifact's, which oras believes
            return;
        }
        for target in [name("ours"), name("theirs")] {
            let found =
                |program: &str, flags: &str| run(peers, program, &format!("discover --plain-http {flags} {target}"));
            for flags in ["", "--depth 1", "--artifact-type doc/example"] {
                let json = |program| sorted(&found(program, &format!("--format json {flags}")));
                assert_eq!(json("ours"), json("oras"), "{kind}: {flags}");
            }
            // a chain has one order only
            let flags = "--artifact-type doc/example";
            assert_eq!(found("ours", flags), found("oras", flags), "{kind}");
            assert_eq!(
                found("ours", "--depth 1").lines().count(),
                found("oras", "--depth 1").lines().count()
            );
        }
    });
}

/// The tree with what refers to each manifest in the order of digests.
fn sorted(json: &str) -> Value {
    fn sort(node: &mut Value) {
        let Some(referrers) = node["referrers"].as_array_mut() else {
            return;
        };
        referrers.iter_mut().for_each(sort);
        referrers.sort_by_key(|referrer| referrer["digest"].to_string());
    }
    let mut tree: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    sort(&mut tree);
    tree
}
