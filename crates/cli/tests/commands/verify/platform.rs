//! `verify --platform`: which image of an index is meant, and whose signature covers it.

use serde_json::{Value, json};

use crate::registry::Registry;
use crate::signing::{SIGN, VERIFY, push, push_manifest, signer};

/// Pushes an index of platforms, given as `ARCHITECTURE[/VARIANT][:VERSION]` (of Windows), and returns the digests of its images.
fn index(registry: &Registry, user: &crate::harness::User, platforms: &[&str]) -> Vec<String> {
    let mut digests = Vec::new();
    let entries: Vec<Value> = platforms
        .iter()
        .enumerate()
        .map(|(number, platform)| {
            let digest = push(user, registry, &format!("app:{number}"), &format!("{number}"));
            let name = registry.name(&format!("app@{digest}"));
            let manifest = registry.manifest(&name.parse().expect("a name")).expect("it is there");
            let (platform, version) = platform.split_once(':').unwrap_or((platform, ""));
            let (architecture, variant) = platform.split_once('/').unwrap_or((platform, ""));
            let mut platform = json!({"os": "linux", "architecture": architecture});
            if !variant.is_empty() {
                platform["variant"] = variant.into();
            }
            if !version.is_empty() {
                platform["os"] = "windows".into();
                platform["os.version"] = version.into();
            }
            digests.push(digest);
            json!({"mediaType": manifest.media_type(), "size": manifest.bytes().len(), "digest": manifest.digest(),
                   "platform": platform})
        })
        .collect();
    let media_type = "application/vnd.oci.image.index.v1+json";
    let content = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": entries});
    let name = registry.name("app:v1").parse().expect("a name");
    push_manifest(registry, &name, &content, media_type);
    digests
}

#[test]
fn a_variant_that_is_not_there_stands_for_the_next_that_runs_on_it() {
    for (platforms, wanted, found) in [
        (&["arm/v6", "arm/v7"][..], "arm/v8", Some(1)),
        (&["arm/v6", "arm/v7"], "arm", Some(1)),
        (&["arm/v5", "arm/v6"], "arm/v7", Some(1)),
        (&["arm/v7"], "arm/v6", None),
        (&["arm64/v8"], "arm64", Some(0)),
        (&["arm64"], "arm64/v8", Some(0)),
        (&["amd64/v3", "amd64"], "amd64", Some(1)),
        (&["amd64/v2", "amd64"], "amd64/v3", Some(0)),
        (&["amd64/v4"], "amd64/v3", None),
        (&["riscv64"], "riscv64", Some(0)),
    ] {
        let (registry, user) = (Registry::open(), signer());
        let digests = index(&registry, &user, platforms);
        let outcome = user.run(&format!("digest --platform linux/{wanted} {}", registry.name("app:v1")));
        let found = found.map(|place: usize| digests[place].as_str());
        match found {
            Some(digest) => assert!(outcome.text().contains(digest), "{platforms:?} {wanted}: {outcome}"),
            None => assert!(
                outcome
                    .stderr
                    .contains(&format!("has no image for linux/{wanted}, it has ")),
                "{platforms:?} {wanted}: {outcome}"
            ),
        }
    }
}

#[test]
fn a_version_of_windows_is_meant_by_its_beginning() {
    let (registry, user) = (Registry::open(), signer());
    let versions = [
        "amd64:10.0.17763.6054",
        "amd64:10.0.20348.2582",
        "amd64:10.0.20348.9",
        "amd64",
    ];
    let digests = index(&registry, &user, &versions);
    let name = registry.name("app:v1");
    let run = |wanted: &str| user.run(&format!("digest --platform windows/amd64{wanted} {name}"));
    for (wanted, place) in [
        (":10.0.17763", 0),
        (":10.0.17763.6054", 0),
        (":10.0.20348.2582", 1),
        (":10.0.20348.9", 2),
    ] {
        let outcome = run(wanted);
        assert!(outcome.text().contains(&digests[place]), "{wanted}: {outcome}");
    }
    let listed =
        "windows/amd64:10.0.17763.6054, windows/amd64:10.0.20348.2582, windows/amd64:10.0.20348.9, linux/amd64";
    for (wanted, expected) in [
        (
            ":10.0.20348",
            format!("has several images for windows/amd64:10.0.20348, expected one; it has {listed}"),
        ),
        (
            "",
            format!("has several images for windows/amd64, expected one; it has {listed}"),
        ),
        // a part of a number is no beginning of a version
        (
            ":10.0.177",
            format!("has no image for windows/amd64:10.0.177, it has {listed}"),
        ),
        (":11", format!("has no image for windows/amd64:11, it has {listed}")),
        (
            ":",
            "expected OS/ARCHITECTURE[/VARIANT][:VERSION], for example linux/arm64".to_owned(),
        ),
    ] {
        let outcome = run(wanted);
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(&expected), "{wanted}: {outcome}");
    }
    // the version decides, and the signature is that image's own
    assert_eq!(
        user.run(&format!("{SIGN} {}", registry.name(&format!("app@{}", digests[0]))))
            .exit,
        0
    );
    let verify = |wanted: &str| {
        user.run(&format!(
            "{VERIFY} --child own --platform windows/amd64:{wanted} {name}"
        ))
    };
    assert_eq!(verify("10.0.17763").exit, 0);
    assert_eq!(verify("10.0.20348.9").exit, 10);
}

#[test]
fn a_platform_that_is_there_twice_is_refused() {
    let (registry, user) = (Registry::open(), signer());
    index(&registry, &user, &["arm64", "arm64/v8"]);
    let name = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} -r {name}")).exit, 0);
    let outcome = user.run(&format!("{VERIFY} --platform linux/arm64 {name}"));
    assert_eq!(outcome.exit, 1, "{outcome}");
    let expected = "has several images for linux/arm64, expected one; it has linux/arm64, linux/arm64/v8";
    assert!(outcome.stderr.contains(expected), "{outcome}");
}

#[test]
fn it_is_said_whose_signature_counts() {
    let (registry, user) = (Registry::open(), signer());
    let digests = index(&registry, &user, &["amd64", "arm64"]);
    let (name, own) = (registry.name("app:v1"), registry.name(&format!("app@{}", digests[1])));
    assert_eq!(user.run(&format!("{SIGN} {own}")).exit, 0);
    let run = |child: &str, platform: &str| {
        let line = format!("{VERIFY} -o json --platform linux/{platform} {child} {name}");
        let outcome = user.run(&line);
        let object: Value = serde_json::from_slice(&outcome.stdout).expect("it is JSON");
        (outcome.exit, object["images"][0]["covered"].clone())
    };
    assert_eq!(run("--child own", "arm64"), (0, json!("own signature")));
    assert_eq!(run("--child either", "arm64"), (0, json!("own signature")));
    assert_eq!(run("--child via-index", "arm64"), (10, Value::Null));
    assert_eq!(user.run(&format!("{SIGN} {name}")).exit, 0);
    let of_index = registry.manifest(&name.parse().expect("a name")).expect("it is there");
    let via = json!(format!("via index {}", of_index.digest()));
    assert_eq!(run("--child via-index", "arm64"), (0, via.clone()));
    assert_eq!(run("", "amd64"), (0, via));
    assert_eq!(run("--child own", "amd64"), (10, Value::Null));
    let text = user.run(&format!("{VERIFY} --platform linux/arm64 {name}"));
    assert!(text.stderr.contains("Covered: own signature\n"), "{text}");
    let alone = user.run(&format!("{VERIFY} --child own {name}"));
    assert_eq!(alone.exit, 1, "{alone}");
}
