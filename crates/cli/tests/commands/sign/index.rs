//! `sign -r`: what is in an index, and what of it is left alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_oci::{Store, Upload, media_type};
use serde_json::{Value, json};

use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{SIGN, VERIFY, push, push_manifest, referrers, signer};

/// Pushes an index as BuildKit does: an image, and a manifest with statements about it; of another type if asked.
/// Returns the digests of the two.
pub(crate) fn push_buildkit(registry: &Registry, user: &User, layer: &str) -> [String; 2] {
    let image = push(user, registry, "app:amd64", "amd64");
    let repository = registry.name("app").parse().expect("a repository");
    let client = registry.client();
    for content in ["{}", "{\"_type\":\"x\"}"] {
        registry
            .wait(client.push_blob(&repository, &Upload::bytes(content)))
            .expect("it is taken");
    }
    let blob = |media_type: &str, content: &str| {
        json!({"mediaType": media_type, "size": content.len(),
               "digest": countersign_core::Digest::sha256(content.as_bytes())})
    };
    let statements = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST,
        "config": blob("application/vnd.oci.image.config.v1+json", "{}"),
        "layers": [blob(layer, "{\"_type\":\"x\"}")],
    });
    let name = registry.name("app:statements").parse().expect("a name");
    let attestation = push_manifest(registry, &name, &statements, media_type::OCI_MANIFEST);
    let entry = |digest: &str| {
        let name = registry.name(&format!("app@{digest}")).parse().expect("a name");
        let manifest = registry.manifest(&name).expect("it is there");
        json!({"mediaType": manifest.media_type(), "size": manifest.bytes().len(), "digest": digest})
    };
    let mut entries = [entry(&image), entry(&attestation)];
    entries[0]["platform"] = json!({"os": "linux", "architecture": "amd64"});
    entries[1]["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    entries[1]["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image,
    });
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries});
    let name = registry.name("app:v1").parse().expect("a name");
    push_manifest(registry, &name, &index, media_type::OCI_INDEX);
    [image, attestation]
}

/// The bundle in the manifest of a referrer.
fn bundle(registry: &Registry, referrer: &str) -> (String, Value) {
    let name = registry.name(&format!("app@{referrer}")).parse().expect("a name");
    let manifest = registry.manifest(&name).expect("it is there");
    let digest = manifest.layers()[0].digest.clone();
    let repository = registry.name("app").parse().expect("a repository");
    let bundle: Value = serde_json::from_slice(&registry.blob(&repository, &digest)).expect("a bundle is JSON");
    let payload = bundle["dsseEnvelope"]["payload"].as_str().expect("a text");
    let payload = STANDARD.decode(payload).expect("it is base64");
    (
        digest.to_string(),
        serde_json::from_slice(&payload).expect("a statement is JSON"),
    )
}

#[test]
fn one_bundle_is_about_an_index_and_what_is_beneath_it() {
    let (registry, user) = (Registry::open(), signer());
    let [image, attestation] = push_buildkit(&registry, &user, STATEMENT);
    let name = registry.name("app:v1");
    let index = registry.manifest(&name.parse().expect("a name")).expect("it is there");
    let index = index.digest().to_string();
    let signed = user.run(&format!(
        "{SIGN} -r --one-bundle --include-attestation-manifests -a n=1 {name}"
    ));
    assert_eq!(signed.exit, 0, "{signed}");
    assert_eq!(signed.stderr.matches("Pushing signature to").count(), 1, "{signed}");
    let all = [&index, &image, &attestation].map(|digest| {
        let found = referrers(&registry, "app", digest);
        assert_eq!(found.len(), 1, "{digest}");
        bundle(&registry, found[0].digest.as_str())
    });
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    let subject =
        |digest: &str| json!({"digest": {"sha256": digest.trim_start_matches("sha256:")}, "annotations": {"n": "1"}});
    assert_eq!(
        all[0].1["subject"],
        json!([subject(&index), subject(&image), subject(&attestation)])
    );
    let verified = user.run(&format!("{VERIFY} -r --include-attestation-manifests -a n=1 {name}"));
    assert_eq!(verified.exit, 0, "{verified}");
    for digest in [&index, &image, &attestation] {
        let at = registry.name(&format!("app@{digest}"));
        let verified = user.run(&format!("{VERIFY} {at}"));
        assert!(
            verified
                .text()
                .contains(&format!(r#""docker-manifest-digest":"{digest}""#)),
            "{verified}"
        );
        assert_eq!(user.run(&format!("{VERIFY} -a n=2 {at}")).exit, 12);
    }
}

#[test]
fn one_bundle_is_signed_and_logged_once_for_each_name() {
    let (registry, user) = (Registry::open(), signer());
    let names: Vec<String> = ["one", "two"]
        .map(|repository| {
            for tag in ["a", "b"] {
                push(
                    &user,
                    &registry,
                    &format!("{repository}:{tag}"),
                    &format!("{repository} {tag}"),
                );
            }
            let entry = |tag: &str| {
                let name = registry.name(&format!("{repository}:{tag}")).parse().expect("a name");
                registry.manifest(&name).expect("it is there").descriptor()
            };
            let index =
                json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [entry("a"), entry("b")]});
            let name = registry.name(&format!("{repository}:v1"));
            push_manifest(&registry, &name.parse().expect("a name"), &index, media_type::OCI_INDEX);
            name
        })
        .into();
    let line = format!(
        "{SIGN} -r --one-bundle --upload=false --bundle b.json {}",
        names.join(" ")
    );
    let signed = user.run(&line);
    assert_eq!(signed.exit, 0, "{signed}");
    assert_eq!(
        signed.stderr.matches("Wrote bundle to file b.json-sha256-").count(),
        2,
        "{signed}"
    );
    let verify = format!("{VERIFY} -r {}", names.join(" "));
    assert_eq!(user.run(&verify).exit, 10, "nothing is attached");
    let signed = user.run(&format!("{SIGN} -r --one-bundle {}", names.join(" ")));
    assert_eq!(signed.exit, 0, "{signed}");
    let verified = user.run(&verify);
    assert_eq!(verified.exit, 0, "{verified}");
    assert_eq!(verified.stderr.matches("Verification for").count(), 6, "{verified}");
}

#[test]
fn one_bundle_is_for_bundles_and_for_all_of_an_index() {
    let (registry, user) = (Registry::open(), signer());
    push_buildkit(&registry, &user, STATEMENT);
    for (flags, message) in [
        (
            "-r --new-bundle-format=false",
            "--one-bundle: in the signature tag's format each signature is about one manifest; pass it for bundles only",
        ),
        ("-r --format both", "--one-bundle: in the signature tag's format"),
        (
            "-r --skip-existing",
            "--one-bundle signs all or nothing: not with --skip-existing",
        ),
        ("", "required flag(s) \"recursive\" not set"),
    ] {
        let outcome = user.run(&format!("{SIGN} --one-bundle {flags} {}", registry.name("app:v1")));
        assert_eq!(outcome.exit, 1, "{flags}: {outcome}");
        assert!(outcome.stderr.contains(message), "{flags}: {outcome}");
    }
}

const STATEMENT: &str = "application/vnd.in-toto+json";

#[test]
fn attestations_of_buildkit_are_left_alone_and_told_of() {
    let (registry, user) = (Registry::open(), signer());
    let [image, attestation] = push_buildkit(&registry, &user, STATEMENT);
    let name = registry.name("app:v1");
    let outcome = user.run(&format!("{SIGN} -r {name}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let told = format!(
        "Leaving alone {}@{attestation}, which holds attestations of BuildKit; --include-attestation-manifests takes it too",
        registry.name("app")
    );
    assert!(outcome.stderr.lines().any(|line| line == told), "{outcome}");
    assert_eq!(referrers(&registry, "app", &image).len(), 1);
    assert_eq!(referrers(&registry, "app", &attestation).len(), 0);
    let verified = user.run(&format!("{VERIFY} -r {name}"));
    assert_eq!(verified.exit, 0, "{verified}");
    assert_eq!(verified.stderr.matches("Verification for").count(), 2, "{verified}");
    let all = user.run(&format!("{VERIFY} -r --include-attestation-manifests {name}"));
    assert_eq!(all.exit, 10, "{all}");
    let included = user.run(&format!("{SIGN} -r --include-attestation-manifests {name}"));
    assert_eq!(included.exit, 0, "{included}");
    let all = user.run(&format!("{VERIFY} -r --include-attestation-manifests {name}"));
    assert_eq!(all.exit, 0, "{all}");
    assert_eq!(all.stderr.matches("Verification for").count(), 3, "{all}");
}

#[test]
fn an_image_is_not_passed_over_for_what_the_index_says() {
    let (registry, user) = (Registry::open(), signer());
    let [image, pretended] = push_buildkit(&registry, &user, "application/vnd.oci.image.layer.v1.tar");
    let name = registry.name("app:v1");
    for digest in [
        &image,
        &registry
            .manifest(&name.parse().expect("a name"))
            .expect("there")
            .digest()
            .to_string(),
    ] {
        assert_eq!(
            user.run(&format!("{SIGN} {}", registry.name(&format!("app@{digest}"))))
                .exit,
            0
        );
    }
    let verified = user.run(&format!("{VERIFY} -r {name}"));
    assert_eq!(verified.exit, 10, "{verified}");
    assert!(verified.stderr.contains(&pretended), "{verified}");
}

#[test]
fn a_child_of_a_foreign_type_is_signed_by_its_digest() {
    let (registry, user) = (Registry::open(), signer());
    let foreign = "application/vnd.example.thing+json";
    let name = registry.name("app:thing").parse().expect("a name");
    let digest = push_manifest(&registry, &name, &json!({"what": "ever"}), foreign);
    let size = json!({"what": "ever"}).to_string().len();
    let entries = json!([{"mediaType": foreign, "size": size, "digest": digest}]);
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries});
    let name = registry.name("app:v1").parse().expect("a name");
    push_manifest(&registry, &name, &index, media_type::OCI_INDEX);
    let signed = user.run(&format!("{SIGN} -r {}", registry.name("app:v1")));
    assert_eq!(signed.exit, 0, "{signed}");
    let attached = referrers(&registry, "app", &digest);
    assert_eq!(attached.len(), 1);
    let manifest = registry
        .name(&format!("app@{}", attached[0].digest))
        .parse()
        .expect("a name");
    let manifest = registry.manifest(&manifest).expect("it is there");
    let manifest: Value = serde_json::from_slice(manifest.bytes()).expect("it is JSON");
    assert_eq!(
        manifest["subject"],
        json!({"mediaType": foreign, "size": size, "digest": digest})
    );
    let verified = user.run(&format!("{VERIFY} -r {}", registry.name("app:v1")));
    assert_eq!(verified.exit, 0, "{verified}");
}
