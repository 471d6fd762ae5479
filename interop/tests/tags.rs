//! What we say of tags cosign verifies with `-a tag=…`; what cosign signs so says too little, unless it says all of it.

use countersign_interop::{Format, Key, Kind, Peers, Registry, Run, Subject, Tool, keys};

/// An image under the tag `v1` in a repository of its own.
fn image(peers: &Peers, registry: &Registry, repository: &str) -> String {
    let digest = Subject::Image.push(registry.address(), repository);
    let name = format!("{}/{repository}", registry.address());
    drop(
        Run::new(peers, "ours", &["tag", &format!("{name}@{digest}"), "v1"])
            .end()
            .expect_success(),
    );
    format!("{name}:v1")
}

/// Verifies with annotations, as a tool does in the format.
fn verifies(peers: &Peers, tool: Tool, format: Format, key: &Key, image: &str, annotations: &str) -> bool {
    let (_, root) = peers.no_services();
    let mut line = vec![
        "verify",
        "--key",
        &key.public,
        "--insecure-ignore-tlog",
        "-a",
        annotations,
    ];
    if (tool, format) == (Tool::Cosign2, Format::Bundle) {
        line.extend(["--new-bundle-format", "--trusted-root", &root]);
    }
    line.push(image);
    Run::new(peers, tool.program(), &line).end().succeeded()
}

#[test]
fn cosign_verifies_what_we_say_of_tags() {
    let Some(peers) = Peers::find() else { return };
    let key = keys::import(&peers, "cosign3", "ecdsa-p256");
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_there(&peers)) {
        let registry = Registry::start(&peers, kind);
        for (format, flag) in [
            (Format::Bundle, "--new-bundle-format=true"),
            (Format::Legacy, "--new-bundle-format=false"),
        ] {
            let image = image(&peers, &registry, &format!("ours-{}", flag.len()));
            let line = [
                "tags",
                "sign",
                "--key",
                &key.private,
                "--tlog-upload=false",
                "--stateless",
                flag,
            ];
            drop(Run::new(&peers, "ours", &line).with(&[&image]).end().expect_success());
            let repository = image.trim_end_matches(":v1");
            for tool in [Tool::Cosign2, Tool::Cosign3, Tool::Ours] {
                let said = format!("tag=v1,tag.seq=1,tag.spec=1,tag.repo={repository}");
                assert!(
                    verifies(&peers, tool, format, &key, &image, &said),
                    "{kind}: {}",
                    tool.program()
                );
                // cosign 2 does not look at the annotations of a bundle, whatever is asked of them.
                let looks = (tool, format) != (Tool::Cosign2, Format::Bundle);
                for other in ["tag=v2", "tag.seq=2", "tag.prev=x"] {
                    let verified = verifies(&peers, tool, format, &key, &image, other);
                    assert_eq!(verified, !looks, "{kind}: {} {other}", tool.program());
                }
            }
        }
    }
}

#[test]
fn what_cosign_says_of_a_tag_counts_where_it_says_all() {
    let Some(peers) = Peers::find() else { return };
    let key = keys::import(&peers, "cosign3", "ecdsa-p256");
    let registry = Registry::start(&peers, Kind::Memory);
    for (tool, format) in [
        (Tool::Cosign3, Format::Bundle),
        (Tool::Cosign3, Format::Legacy),
        (Tool::Cosign2, Format::Legacy),
    ] {
        let image = image(
            &peers,
            &registry,
            &format!("{}-{format:?}", tool.program()).to_lowercase(),
        );
        let verify = [
            "tags",
            "verify",
            "--key",
            &key.public,
            "--insecure-ignore-tlog",
            "--stateless",
            &image,
        ];
        let sign = tool.sign_arguments(&peers, format, &key, &image);
        let sign: Vec<&str> = sign.iter().map(String::as_str).collect();
        let signed = Run::new(&peers, tool.program(), &sign).with(&["-a", "tag=v1"]).end();
        drop(signed.expect_success());
        let refused = Run::new(&peers, "ours", &verify).end();
        assert_eq!(refused.code, Some(30), "{refused:?}");
        let reason = "it names a tag and has no annotation tag.spec";
        assert!(refused.stderr.contains(reason), "{refused:?}");
        let said = format!(
            "tag=v1,tag.repo={},tag.seq=3,tag.issued=2020-01-01T00:00:00Z,tag.expires=2120-01-01T00:00:00Z,tag.spec=1",
            image.trim_end_matches(":v1")
        );
        let signed = Run::new(&peers, tool.program(), &sign).with(&["-a", &said]).end();
        drop(signed.expect_success());
        let accepted = Run::new(&peers, "ours", &verify).end().expect_success();
        assert!(accepted.stderr.contains("  - sequence 3, by key "), "{accepted:?}");
    }
}
