use snapbox::str;

use crate::assert_outcome;
use crate::attaching::{bundle, bundles, envelope, image, tagged};
use crate::signing::{A, B, VULNERABILITIES, signer};

const OTHER: &str = "https://example.com/other/v1";

#[test]
fn envelopes_become_layers_byte_for_byte() {
    let user = signer();
    let (registry, digest, name) = image(&user);
    let first = envelope(&digest, A, VULNERABILITIES).to_json();
    let spaced = String::from_utf8(envelope(&digest, B, OTHER).to_json()).expect("JSON is text");
    let spaced = spaced.replace(":", ": ");
    user.write("two.jsonl", [&first[..], b"\n", spaced.as_bytes(), b"\n"].concat());
    let third = envelope(&digest, B, VULNERABILITIES).to_json();
    user.write("one.json", &third);
    assert_outcome!(
        user.run(&format!(
            "attach attestation --attestation two.jsonl --attestation one.json {name}"
        )),
        str![[r#"
--- stderr
Using payload from: two.jsonl
Using payload from: one.json
--- exit 0

"#]]
    );
    let (tag, manifest) = tagged(&registry, &digest, "att").expect("the tag is there");
    let layers: Vec<_> = manifest
        .layers()
        .iter()
        .map(|layer| {
            assert_eq!(layer.media_type, "application/vnd.dsse.envelope.v1+json");
            assert_eq!(layer.annotations["dev.cosignproject.cosign/signature"], "");
            let content = registry.blob(tag.repository(), &layer.digest);
            (layer.annotations["predicateType"].as_str(), content)
        })
        .collect();
    assert_eq!(
        layers,
        [
            (VULNERABILITIES, first),
            (OTHER, spaced.into_bytes()),
            (VULNERABILITIES, third)
        ]
    );
}

#[test]
fn attestations_that_are_there_are_kept_and_none_is_added_twice() {
    let user = signer();
    let (registry, digest, name) = image(&user);
    user.write("a.json", envelope(&digest, A, VULNERABILITIES).to_json());
    user.write("b.json", envelope(&digest, B, VULNERABILITIES).to_json());
    for file in ["a.json", "b.json", "a.json"] {
        let attached = user.run(&format!("attach attestation --attestation {file} {name}"));
        assert_eq!(attached.exit, 0, "{attached}");
    }
    let (_, manifest) = tagged(&registry, &digest, "att").expect("the tag is there");
    assert_eq!(manifest.layers().len(), 2);
}

#[test]
fn every_file_counts_bundles_too() {
    let user = signer();
    let (registry, digest, name) = image(&user);
    let json = bundle(&digest, A, VULNERABILITIES);
    user.write("a.json", &json);
    user.write("b.json", envelope(&digest, B, VULNERABILITIES).to_json());
    user.write("c.json", bundle(&digest, B, OTHER));
    let attached = user.run(&format!(
        "attach attestation --attestation a.json --attestation b.json --attestation c.json {name}"
    ));
    assert_eq!(attached.exit, 0, "{attached}");
    let stored = bundles(&registry, &digest);
    assert_eq!(stored.len(), 2);
    assert!(stored.iter().any(|(_, bytes)| bytes == json.as_bytes()));
    let (_, manifest) = tagged(&registry, &digest, "att").expect("the tag is there");
    assert_eq!(manifest.layers().len(), 1);
}

#[test]
fn what_is_no_attestation_is_refused_before_anything_is_attached() {
    let user = signer();
    let (registry, digest, name) = image(&user);
    user.write("good.json", envelope(&digest, A, VULNERABILITIES).to_json());
    let good = String::from_utf8(user.read("good.json")).expect("JSON is text");
    for (content, reason) in [
        (String::new(), "bad.json: there is no envelope in it"),
        ("{".to_owned(), "bad.json: expected signed envelopes, JSON"),
        ("{}".to_owned(), "envelope is malformed"),
        (
            good.replace("application/vnd.in-toto+json", "text/plain"),
            "invalid payloadType text/plain on envelope. Expected application/vnd.in-toto+json",
        ),
        (
            r#"{"payload":"","payloadType":"application/vnd.in-toto+json","signatures":[]}"#.to_owned(),
            "envelope has no signature",
        ),
    ] {
        user.write("bad.json", content);
        let attached = user.run(&format!(
            "attach attestation --attestation good.json --attestation bad.json {name}"
        ));
        assert_eq!(attached.exit, 1, "{attached}");
        assert!(attached.stderr.contains(reason), "{attached}");
    }
    let missing = user.run(&format!("attach attestation {name}"));
    assert!(
        missing.stderr.contains(r#"required flag(s) "attestation" not set"#),
        "{missing}"
    );
    assert!(tagged(&registry, &digest, "att").is_none());
}
