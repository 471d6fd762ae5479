//! What we push is, byte for byte, what Helm pushes; each pulls and verifies what the other made, and refuses what was changed.

use std::fs;
use std::path::Path;
use std::process::Command;

use countersign_interop::{Ended, Kind, Peers, Registry, Run};

/// Helm 3 and 4, as far as they are there.
fn helms(peers: &Peers) -> Vec<&'static str> {
    ["helm3", "helm4"]
        .into_iter()
        .filter(|helm| peers.has_or_says(helm))
        .collect()
}

/// Runs a line; Helm writes times in the time zone of the machine, we do so in UTC.
fn end(peers: &Peers, program: &str, line: &str) -> Ended {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    Run::new(peers, program, &arguments).env("TZ", "UTC").end()
}

fn run(peers: &Peers, program: &str, line: &str) -> String {
    end(peers, program, line).expect_success().stdout
}

/// Our words for what Helm calls by its name alone.
fn helm(peers: &Peers, program: &str, line: &str) -> Ended {
    match program {
        "ours" => end(peers, program, &format!("helm {line}")),
        helm => end(peers, helm, line),
    }
}

fn write(peers: &Peers, name: &str, content: &str) {
    let path = peers.path(name);
    let folder = Path::new(&path).parent().expect("it is in the scratch folder");
    fs::create_dir_all(folder).unwrap_or_else(|error| panic!("cannot make {}: {error}", folder.display()));
    fs::write(&path, content).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
}

/// Packs a folder as tar does it.
fn pack(peers: &Peers, folder: &str, archive: &str) {
    let status = Command::new("tar")
        .args(["czf", archive, folder])
        .current_dir(peers.scratch())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "tar cannot pack {folder}");
}

/// A key of GnuPG, as Helm reads it: `secring.gpg` and `pubring.gpg`. Says so where there is no GnuPG.
fn key(peers: &Peers) -> bool {
    if !peers.has_or_says("gpg") {
        return false;
    }
    let home = peers.path("gnupg");
    fs::create_dir_all(&home).unwrap_or_else(|error| panic!("cannot make {home}: {error}"));
    let gpg = |line: &str| {
        let begin = format!("--homedir {home} --batch --yes --pinentry-mode loopback --no-tty ");
        let arguments: Vec<&str> = begin.split_whitespace().chain(["--passphrase", ""]).collect();
        let arguments: Vec<&str> = arguments.into_iter().chain(line.split_whitespace()).collect();
        drop(Run::new(peers, "gpg", &arguments).end().expect_success());
    };
    gpg("--quick-generate-key charts@example.com rsa2048 sign 0");
    gpg(&format!("--output {} --export-secret-keys", peers.path("secring.gpg")));
    gpg(&format!("--output {} --export", peers.path("pubring.gpg")));
    true
}

/// Charts with what differs between readers of YAML and writers of JSON.
const CHARTS: [(&str, &str, &str); 4] = [
    ("plain", "Chart.yaml", "apiVersion: v2\nname: plain\nversion: 1.2.3\n"),
    (
        "much",
        "Chart.yaml",
        "apiVersion: v2\nname: much\nversion: v1.2.3-rc.1+build.4\nappVersion: 1.10\nkubeVersion: '>=1.20 <2'\n\
         description: >\n  folded & <long>\n  text\u{200b} with\u{00a0}blanks and é\nhome: https://example.com/?a=1&b=2\n\
         icon: ''\nkeywords: [yes, 017, 1.0, ~]\nsources: [https://example.com/src, b]\ndeprecated: true\ntype: library\n\
         maintainers:\n- {email: a@example.com, name: A}\n- {url: https://b, name: B}\n- {email: c@example.com}\n\
         annotations:\n  z: 1\n  b: 'true'\n  org.opencontainers.image.title: evil\n  org.opencontainers.image.authors: mine\n\
         dependencies:\n- name: d\n  version: 1.x\n  repository: oci://example.com/d\n  condition: d.enabled\n  tags: [t]\n\
         \x20 import-values: [a, {child: c, parent: p}]\n  alias: e\n",
    ),
    (
        "old",
        "requirements.yaml",
        "dependencies:\n- name: d\n  version: 1.2.3\n  repository: https://example.com\n",
    ),
    (
        "odd",
        "Chart.yaml",
        "apiVersion: v1\nname: odd\nversion: '2'\nappVersion: 2026-01-02\nengine: gotpl\ndescription: |\n  a\n  b\n",
    ),
];

#[test]
fn what_is_pushed_is_what_helm_pushes() {
    let Some(peers) = Peers::find() else { return };
    let peers = &peers;
    write(peers, "old/Chart.yaml", "name: old\nversion: 1.2.3\n");
    for (name, file, content) in CHARTS {
        write(peers, &format!("{name}/{file}"), content);
        write(peers, &format!("{name}/values.yaml"), "a: 1\n");
        pack(peers, name, &format!("{name}.tgz"));
    }
    for kind in [Kind::Serve, Kind::DockerRegistry, Kind::Memory] {
        if !kind.is_there(peers) {
            continue;
        }
        let registry = Registry::start(peers, kind);
        let address = registry.address();
        for (name, ..) in CHARTS {
            run(
                peers,
                "ours",
                &format!("helm push {name}.tgz oci://{address}/ours --plain-http"),
            );
            let tags = run(peers, "ours", &format!("ls {address}/ours/{name}"));
            for helm in helms(peers) {
                run(
                    peers,
                    helm,
                    &format!("push {name}.tgz oci://{address}/{helm} --plain-http"),
                );
                assert_eq!(
                    run(peers, "ours", &format!("ls {address}/{helm}/{name}")),
                    tags,
                    "{name}"
                );
                let manifest = |who: &str| {
                    run(
                        peers,
                        "ours",
                        &format!("manifest {address}/{who}/{name}:{}", tags.trim()),
                    )
                };
                assert_eq!(manifest("ours"), manifest(helm), "{kind}: {helm} {name}");
            }
        }
    }
}

#[test]
fn what_one_pushes_the_other_pulls_and_verifies() {
    let Some(peers) = Peers::find() else { return };
    let peers = &peers;
    if !key(peers) {
        return;
    }
    write(
        peers,
        "a/Chart.yaml",
        "apiVersion: v2\nname: a\nversion: 1.2.3+build.4\ndescription: '- a -'\n",
    );
    write(peers, "a/values.yaml", "a: 1\n");
    let registry = Registry::start(peers, Kind::Serve);
    let address = registry.address();
    for helm_program in helms(peers) {
        let file = "a-1.2.3+build.4.tgz";
        run(
            peers,
            helm_program,
            "package --sign --key charts --keyring secring.gpg a",
        );
        let said = |program: &str| helm(peers, program, &format!("verify {file} --keyring pubring.gpg"));
        assert_eq!(
            said("ours").expect_success().stdout,
            said(helm_program).expect_success().stdout,
            "{helm_program}"
        );
        for (pushes, pulls) in [("ours", helm_program), (helm_program, "ours")] {
            let folder = format!("{pulls}-from-{pushes}");
            fs::create_dir_all(peers.path(&folder)).expect("the scratch folder is ours");
            let place = format!("oci://{address}/{helm_program}/{pushes}");
            drop(helm(peers, pushes, &format!("push {file} {place} --plain-http")).expect_success());
            let pull = format!("pull {place}/a --version 1.2.3+build.4 --plain-http --destination {folder}");
            drop(helm(peers, pulls, &format!("{pull} --verify --keyring pubring.gpg")).expect_success());
            for name in [file.to_owned(), format!("{file}.prov")] {
                let read = |name: &str| fs::read(peers.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(read(&format!("{folder}/{name}")), read(&name), "{pulls} {name}");
            }
        }
        let manifest = |who: &str| {
            let name = format!("{address}/{helm_program}/{who}/a:1.2.3_build.4");
            run(peers, "ours", &format!("manifest {name}"))
        };
        assert_eq!(manifest("ours"), manifest(helm_program));
        refused(peers, helm_program, file);
    }
}

/// What was changed after it was signed is refused by both.
fn refused(peers: &Peers, helm_program: &str, file: &str) {
    let provenance = fs::read_to_string(peers.path(&format!("{file}.prov"))).expect("it was made");
    fs::create_dir_all(peers.path("changed")).expect("the scratch folder is ours");
    for (from, to) in [
        ("name: a", "name: b"),
        ("sha256:", "sha256:0"),
        ("\nHash: SHA512", "\nHash: SHA256"),
    ] {
        let changed = provenance.replacen(from, to, 1);
        assert_ne!(changed, provenance, "{from}");
        write(peers, &format!("changed/{file}.prov"), &changed);
        fs::copy(peers.path(file), peers.path(&format!("changed/{file}"))).expect("it is there");
        for program in ["ours", helm_program] {
            let verified = helm(peers, program, &format!("verify changed/{file} --keyring pubring.gpg"));
            // Helm does not compare the hash that the text names with the one of its signature
            let is_ours_alone = from.contains("Hash") && program != "ours";
            assert_eq!(
                verified.succeeded(),
                is_ours_alone,
                "{program}: {to}: {}",
                verified.verdict()
            );
        }
    }
}

/// The files below a folder, with their content.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let path = entry.expect("the scratch folder is ours").path();
            match path.is_dir() {
                true => waiting.push(path),
                false => {
                    let name = path.strip_prefix(folder).expect("it is below").display().to_string();
                    found.push((name, fs::read(&path).expect("it is there")));
                }
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_chart_is_unpacked_as_helm_unpacks_it() {
    let Some(peers) = Peers::find() else { return };
    let peers = &peers;
    write(peers, "a/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.2.3\n");
    write(peers, "a/values.yaml", "a: 1\n");
    write(peers, "a/templates/deep/b.yaml", "b: 1\n");
    write(
        peers,
        "a/charts/c/Chart.yaml",
        "apiVersion: v2\nname: c\nversion: 1.0.0\n",
    );
    pack(peers, "a", "a-1.2.3.tgz");
    let registry = Registry::start(peers, Kind::Serve);
    let address = registry.address();
    drop(run(
        peers,
        "ours",
        &format!("helm push a-1.2.3.tgz oci://{address}/charts --plain-http"),
    ));
    for program in ["ours"].into_iter().chain(helms(peers)) {
        fs::create_dir_all(peers.path(program)).expect("the scratch folder is ours");
        let pull = format!(
            "pull oci://{address}/charts/a --version 1.2.3 --plain-http --destination {program} --untar --untardir to"
        );
        drop(helm(peers, program, &pull).expect_success());
        assert_eq!(
            files(Path::new(&peers.path(&format!("{program}/to")))),
            files(Path::new(&peers.path("a")))
                .into_iter()
                .map(|(name, content)| (format!("a/{name}"), content))
                .collect::<Vec<_>>(),
            "{program}"
        );
        assert!(
            !Path::new(&peers.path(&format!("{program}/a-1.2.3.tgz"))).exists(),
            "{program}"
        );
        // nobody writes over what is there
        let again = helm(peers, program, &pull);
        assert!(!again.succeeded(), "{program}");
        assert!(
            again.stderr.contains("a file or directory with the name"),
            "{program}: {}",
            again.stderr
        );
    }
}
