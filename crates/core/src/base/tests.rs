#![expect(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod attacks;
mod properties;
mod require;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;

use super::*;
use crate::bundle::Bundle;
use crate::digest::Digest;
use crate::envelope::Envelope;
use crate::key::{KeyAlgorithm, PrivateKey, PublicKey, Signature};
use crate::payload::statement::PAYLOAD_TYPE;
use crate::policy::{Claim, LogRule, Policy, TrustedSigner};
use crate::signer::Signer;
use crate::trust::TrustedRoot;

/// Who signs bases, and who has no business with them.
static DISTRIBUTION: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap());
static STRANGER: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap());

const NOW: &str = "2026-11-22T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Layers by what is in them.
fn layers(contents: &[&str]) -> Layers {
    Layers::new(
        contents
            .iter()
            .map(|content| Digest::sha256(content.as_bytes()))
            .collect(),
    )
    .unwrap()
}

/// The blob that a layer is stored as.
fn blob(diff_id: &Digest) -> Digest {
    Digest::sha256(format!("gzip of {diff_id}").as_bytes())
}

fn blobs(layers: &Layers) -> Vec<Digest> {
    layers.diff_ids().iter().map(blob).collect()
}

/// What is said of a base, to be changed by the test.
fn said(base: &Layers) -> BaseStatement {
    let signed = base.diff_ids().iter().map(|diff_id| SignedLayer {
        diff_id: diff_id.clone(),
        digest: blob(diff_id),
        size: 7,
        media_type: "application/vnd.oci.image.layer.v1.tar+gzip".to_owned(),
    });
    BaseStatement {
        name: "reg.example/debian".to_owned(),
        platform: Some("linux/amd64".to_owned()),
        layers: signed.collect(),
        issued: at("2026-11-01T00:00:00Z"),
        expires: None,
    }
}

fn manifest() -> Digest {
    Digest::sha256(b"manifest of the base")
}

fn sealed(statement: Vec<u8>, key: &PrivateKey) -> Bundle {
    let envelope = Envelope::seal(PAYLOAD_TYPE, statement, key).unwrap();
    Bundle::assemble(envelope, key.public_key()).unwrap()
}

/// A statement of a base beside an image.
fn statement(said: &BaseStatement, base: &Layers, key: &PrivateKey) -> Candidate {
    Candidate {
        place: "referrer".to_owned(),
        mark: Mark::Statement {
            bundle: Box::new(sealed(said.to_statement(&manifest(), base), key)),
            count: None,
        },
    }
}

/// A signature over the layers alone, on the layer with this number.
fn signature(base: &Layers, layer: usize, key: &PrivateKey) -> Candidate {
    Candidate {
        place: format!("annotation of layer {layer}"),
        mark: Mark::Signature {
            signature: Box::new(Bundle::of_signature(key.sign(&base.payload()).unwrap())),
            count: layer,
        },
    }
}

fn signed_by(name: &str, key: &PrivateKey) -> AuthorisedBase {
    let claim = Claim::signature(BTreeMap::new());
    let policy = Policy::new(
        TrustedSigner::key(key.public_key().clone()),
        claim,
        LogRule::InsecurelyIgnored,
    );
    AuthorisedBase {
        name: name.to_owned(),
        authority: Authority::Signed(Box::new(policy)),
        max_age: None,
        denied: Vec::new(),
        repositories: Vec::new(),
        current: Vec::new(),
    }
}

fn known(name: &str, base: &Layers) -> AuthorisedBase {
    AuthorisedBase {
        authority: Authority::Known(vec![base.chain_id(base.len()).unwrap().clone()]),
        ..signed_by(name, &DISTRIBUTION)
    }
}

fn policy(bases: Vec<AuthorisedBase>) -> BasePolicy {
    BasePolicy {
        bases,
        require: Require::Any,
        layers_above: None,
        denied: Vec::new(),
        forbid_overrides: Vec::new(),
    }
}

fn debian() -> BasePolicy {
    policy(vec![signed_by("debian", &DISTRIBUTION)])
}

/// Judges an image whose layers are what its configuration says.
fn standing(image: &Layers, candidates: &[Candidate], policy: &BasePolicy) -> Result<Standing, BaseRefusal> {
    let found = judge(image, candidates, policy, &TrustedRoot::default(), at(NOW))?;
    let unpacked = found.unbound(&blobs(image)).into_iter();
    let unpacked = unpacked.map(|layer| (layer, image.diff_ids()[layer].clone())).collect();
    found.settle(image, &blobs(image), &unpacked, Bound::Unpacked, policy)
}

/// Which layers are whose.
fn seams(standing: &Standing) -> Vec<(&str, usize)> {
    let seams = standing.seams.iter();
    seams.map(|seam| (seam.name.as_str(), seam.count)).collect()
}

/// The only reason why the only mark does not count.
fn reason(image: &Layers, candidate: Candidate, policy: &BasePolicy) -> String {
    match standing(image, &[candidate], policy) {
        Err(BaseRefusal::Missing { refused, .. }) => {
            assert_eq!(refused.len(), 1);
            refused[0].to_string().split_once(": ").unwrap().1.to_owned()
        }
        other => panic!("{other:?}"),
    }
}

/// Made with `cosign sign-blob`, put on an image that `crane append` built upon (`tests/data/base/ORIGIN.md`).
#[test]
fn the_signature_on_a_real_image_verifies() {
    let image = Layers::of_configuration(include_bytes!("../../tests/data/base/derived.config.json"), 3).unwrap();
    let base = image.lowest(2).unwrap();
    assert_eq!(base.payload(), include_bytes!("../../tests/data/base/p.json"));
    assert_eq!(
        base.chain_id(2).unwrap().as_str(),
        "sha256:b4c6105c4fe99851ec2258c1138ad34522057e5676e5862fab8b361990da17ae"
    );
    assert_eq!(base.chain_id(1), base.diff_ids().first());
    let text = include_str!("../../tests/data/base/baseimage.annotation.txt");
    let signature = Signature::from_base64(text.trim()).unwrap();
    let candidate = |count| Candidate {
        place: "annotation".to_owned(),
        mark: Mark::Signature {
            signature: Box::new(Bundle::of_signature(signature.clone())),
            count,
        },
    };
    let key = PublicKey::from_pem(include_bytes!("../../tests/data/base/cosign.pub")).unwrap();
    let claim = Claim::signature(BTreeMap::new());
    let mut policy = debian();
    policy.bases[0].authority = Authority::Signed(Box::new(Policy::new(
        TrustedSigner::key(key),
        claim,
        LogRule::InsecurelyIgnored,
    )));
    assert_eq!(
        seams(&standing(&image, &[candidate(2)], &policy).unwrap()),
        [("debian", 2)]
    );
    for other in [1, 3] {
        assert!(reason(&image, candidate(other), &policy).starts_with("signature does not verify with key"));
    }
}

#[test]
fn an_image_stands_on_a_base_by_its_statement_and_by_its_signature() {
    let base = layers(&["a", "b"]);
    let image = layers(&["a", "b", "c"]);
    for candidate in [
        statement(&said(&base), &base, &DISTRIBUTION),
        signature(&base, 2, &DISTRIBUTION),
    ] {
        let standing = standing(&image, &[candidate], &debian()).unwrap();
        assert_eq!(seams(&standing), [("debian", 2)]);
        assert_eq!((standing.layers, standing.bound.len()), (3, 2));
        assert_eq!(standing.seams[0].chain_id, *base.chain_id(2).unwrap());
    }
}

#[test]
fn the_base_itself_stands_on_itself() {
    let base = layers(&["a"]);
    let candidate = statement(&said(&base), &base, &DISTRIBUTION);
    assert_eq!(
        seams(&standing(&base, &[candidate], &debian()).unwrap()),
        [("debian", 1)]
    );
}

#[test]
fn a_base_may_be_known_by_its_chain_id() {
    let base = layers(&["a", "b"]);
    let image = layers(&["a", "b", "c"]);
    let policy = policy(vec![known("debian", &base)]);
    assert_eq!(seams(&standing(&image, &[], &policy).unwrap()), [("debian", 2)]);
    let other = standing(&layers(&["b", "a", "c"]), &[], &policy).unwrap_err();
    assert_eq!(other.to_string(), "image does not stand on debian");
}

#[test]
fn statements_are_read_as_they_are_written() {
    let base = layers(&["a", "b"]);
    for expires in [None, Some(at("2027-01-01T00:00:00Z"))] {
        let said = BaseStatement { expires, ..said(&base) };
        let bundle = sealed(said.to_statement(&manifest(), &base), &DISTRIBUTION);
        assert_eq!(peek(&bundle).unwrap(), Some(said));
    }
}

#[test]
fn layers_are_only_unpacked_where_no_statement_names_the_blob() {
    let base = layers(&["a", "b"]);
    let image = layers(&["a", "b", "c"]);
    let judged = |candidate| {
        let candidates = [candidate];
        judge(&image, &candidates, &debian(), &TrustedRoot::default(), at(NOW)).unwrap()
    };
    let named = judged(statement(&said(&base), &base, &DISTRIBUTION));
    assert!(named.unbound(&blobs(&image)).is_empty());
    let mut recompressed = blobs(&image);
    recompressed[1] = Digest::sha256(b"another compression");
    assert_eq!(named.unbound(&recompressed), [1]);
    assert_eq!(
        judged(signature(&base, 2, &DISTRIBUTION)).unbound(&blobs(&image)),
        [0, 1]
    );
}

#[test]
fn configurations_that_go_reads_otherwise_are_refused() {
    let id = Digest::sha256(b"a");
    let refused = |json: String, count| {
        Layers::of_configuration(json.as_bytes(), count)
            .unwrap_err()
            .to_string()
    };
    for (json, count, expected) in [
        (
            format!(r#"{{"rootfs":{{"diff_ids":["{id}"]}},"RootFS":{{"diff_ids":[]}}}}"#),
            1,
            r#""RootFS" is there twice, or in another case too: programs differ on which one counts"#,
        ),
        (
            format!(r#"{{"rootfs":{{"diff_ids":["{id}"],"Diff_IDs":[]}}}}"#),
            1,
            r#""Diff_IDs" is there twice, or in another case too: programs differ on which one counts"#,
        ),
        (
            format!(r#"{{"rootfs":{{"diff_ids":["{id}"]}}}}"#),
            2,
            "configuration has 1 diff ids, expected 2, one for each layer of the manifest",
        ),
        (
            r#"{"rootfs":{"diff_ids":[]}}"#.to_owned(),
            0,
            "configuration names no layers",
        ),
        ("{}".to_owned(), 0, "configuration names no layers"),
        (
            r#"{"rootfs":{"diff_ids":["x"]}}"#.to_owned(),
            1,
            "configuration is malformed",
        ),
        ("[]".to_owned(), 1, "configuration is malformed"),
    ] {
        assert_eq!(refused(json, count), expected);
    }
    let many = vec![id; LAYERS + 1];
    assert_eq!(
        Layers::new(many).unwrap_err().to_string(),
        "image has 1001 layers, the limit is 1000"
    );
}
