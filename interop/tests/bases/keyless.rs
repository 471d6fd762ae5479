//! Bases that are signed without a key, by a certificate of `countersign serve`, with an entry in its log and its timestamp.

use countersign_interop::{Ended, Kind, Peers, Registry, Run, Sigstore};

use super::place::Place;

const MAKER: &str = "maker@example.com";

#[test]
fn a_base_that_is_signed_without_a_key_is_known_by_the_identity_of_its_maker() {
    let Some(peers) = Peers::find() else { return };
    let (sigstore, registry) = (Sigstore::start(&peers), Registry::start(&peers, Kind::Serve));
    let place = Place::new(&peers, &registry, "keyless");
    place.push("base:v1", &["one", "two"]);
    let ours = |arguments: &[&str], flags: &[String], name: &str| -> Ended {
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        Run::new(&peers, "ours", arguments)
            .with(&flags)
            .with(&[&place.name(name)])
            .end()
    };
    let sign = ["base", "sign", "-y", "--embed"];
    let flags = sigstore.by_files(&sigstore.token(MAKER));
    drop(ours(&sign, &flags, "base:v1").expect_success());
    place.append("base:v1", "three", "app:v1");
    // an image with nothing on it, as buildah and BuildKit leave it
    place.push("bare:v1", &["one", "two", "three"]);
    let root = sigstore.file("trusted_root.json");
    let verify = |who: &str, name: &str, more: &[&str]| {
        let arguments = ["base", "verify", "--trusted-root", &root];
        ours(&[&arguments[..], more].concat(), &sigstore.identity(who), name)
    };
    let repository = ["--base-repository", &place.name("base")];
    for (name, more) in [("app:v1", &[][..]), ("bare:v1", &repository)] {
        let verified = verify(MAKER, name, more).expect_success();
        let expected = format!("  layers 1-2: a signed base, signed by {MAKER:?} as ");
        assert!(verified.stdout.contains(&expected), "{verified:#?}");
        let other = verify("other@example.com", name, more);
        assert_eq!(other.code, Some(12), "{other:#?}");
        assert!(other.stderr.contains("other@example.com"), "{other:#?}");
    }
    // nothing but the bundle: a signature over layers alone has no certificate
    let (manifest, _) = place.read("base:v1");
    let annotations = manifest["layers"][1]["annotations"].as_object();
    let names: Vec<&str> = annotations
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["dev.cosign.signature.baseimage.bundle"]);
    // what the maker says goes along
    place.ours(&["copy", &place.name("base:v1"), &place.name("far:v1")]);
    drop(verify(MAKER, "bare:v1", &["--base-repository", &place.name("far")]).expect_success());
}

#[test]
fn an_identity_is_asked_for_by_a_policy_file() {
    let Some(peers) = Peers::find() else { return };
    let (sigstore, registry) = (Sigstore::start(&peers), Registry::start(&peers, Kind::Serve));
    let place = Place::new(&peers, &registry, "policy");
    place.push("base:v1", &["one", "two"]);
    let flags = sigstore.by_files(&sigstore.token(MAKER));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let run = Run::new(&peers, "ours", &["base", "sign", "-y"]).with(&flags);
    drop(run.with(&[&place.name("base:v1")]).end().expect_success());
    place.push("bare:v1", &["one", "two", "three"]);
    let verified = |who: &str| {
        let policy = format!(
            "version: 1\nsigners: [{{identity: nobody@example.com, issuer: {issuer}}}]\nbases: {{authorised: [{{name: distribution, \
             identity: {who}, issuer: {issuer}, repositories: [{}]}}]}}\n",
            place.name("base"),
            issuer = sigstore.url("/oidc"),
        );
        let policy = place.file("policy.yaml", &policy);
        let root = sigstore.file("trusted_root.json");
        let arguments = ["base", "verify", "--trust-policy", &policy, "--trusted-root", &root];
        Run::new(&peers, "ours", &arguments)
            .with(&[&place.name("bare:v1")])
            .end()
    };
    let right = verified(MAKER).expect_success();
    assert!(
        right.stdout.contains("  layers 1-2: distribution, signed by"),
        "{right:#?}"
    );
    let wrong = verified("other@example.com");
    assert_eq!(wrong.code, Some(12), "{wrong:#?}");
}
