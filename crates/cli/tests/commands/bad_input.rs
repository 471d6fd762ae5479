//! Whatever a registry or a file says that is wrong: one error that names it, and an exit code that is not "unsigned".
//!
//! Elsewhere are: signature tags of a thousand and one layers and layers without a signature (`verify/attached.rs`), a
//! wrong password (`sign/refusals.rs`, `public_key.rs`), keys of other kinds (`import_key_pair.rs`), damaged bundles and
//! payloads, and a registry that is down (`verify/failures.rs`).

use snapbox::str;

use crate::assert_outcome;
use crate::harness::{Outcome, User};
use crate::hostile::{Answer, Hostile};
use crate::signing::{VERIFY, signer};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// What `manifest` says of a registry that answers every request in this way.
fn manifest(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Outcome {
    let registry = Hostile::answering(answer);
    let outcome = User::new().run(&format!("manifest {}/app:v1", registry.host()));
    outcome.redacted(registry.host()).hiding_digests()
}

/// What `verify` says of an image whose referrers and signature tag are answered in this way.
fn verify(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Outcome {
    let registry = Hostile::answering(answer);
    let outcome = signer().run(&format!("{VERIFY} --timeout 20s {}/app@{DIGEST}", registry.host()));
    let mut outcome = outcome.redacted(registry.host()).hiding_digests();
    let rest = outcome
        .stderr
        .split_once("for the signature.\n")
        .map(|(_, rest)| rest.to_owned());
    outcome.stderr = rest.expect("the warning comes first");
    outcome
}

/// A registry that has nothing attached but what `answer` says to one path.
fn only(part: &'static str, answer: impl Fn() -> Answer + Send + Sync + 'static) -> impl Fn(&str) -> Answer {
    move |request| {
        if request.contains(part) {
            answer()
        } else {
            Answer::of(404, "text/plain", "")
        }
    }
}

#[test]
fn a_manifest_that_ends_too_early_is_malformed() {
    assert_outcome!(
        manifest(|_| Answer::of(200, MANIFEST, r#"{"schemaVersion":2,"layers":["#)),
        str![[r#"
--- stderr
Error: manifest DIGEST is malformed
  caused by: EOF while parsing a list at line 1 column 29
--- exit 21

"#]]
    );
}

#[test]
fn a_manifest_that_is_cut_off_on_the_way_is_no_manifest() {
    assert_outcome!(
        manifest(|_| Answer::Cut {
            length: 500,
            sent: b"{\"schemaVersion\":2}".to_vec(),
        }),
        str![[r#"
--- stderr
Error: GET http://REGISTRY/v2/app/manifests/v1: the connection closed before the whole body had arrived
--- exit 20

"#]]
    );
}

#[test]
fn a_manifest_of_a_hundred_megabytes_is_not_read_to_its_end() {
    let registry = Hostile::answering(|_| Answer::Blanks(100_000_000));
    let outcome = User::new().run(&format!("manifest {}/app:v1", registry.host()));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Error: manifest is larger than 4194304 bytes
--- exit 21

"#]]
    );
    assert!(registry.sent() < 16_000_000, "{} bytes were taken", registry.sent());
}

#[test]
fn json_nested_ten_thousand_deep_is_malformed() {
    let deep = || format!("{{\"layers\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_outcome!(
        manifest(move |_| Answer::of(200, MANIFEST, deep())),
        str![[r#"
--- stderr
Error: manifest DIGEST is malformed
  caused by: invalid type: sequence, expected a string at line 1 column 12
--- exit 21

"#]]
    );
    let aside = format!(
        "{{\"schemaVersion\":2,\"x\":{}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    assert_eq!(manifest(move |_| Answer::of(200, MANIFEST, aside.clone())).exit, 0);
    let deep = || format!("{{\"manifests\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_outcome!(
        verify(only("/referrers/", move || Answer::of(200, INDEX, deep()))),
        str![[r#"
--- stderr
Error: REGISTRY/app@DIGEST: what is attached could not be read
  caused by: referrers of REGISTRY/app@DIGEST is malformed: invalid type: sequence, expected a string at line 1 column 15
--- exit 21

"#]]
    );
}

#[test]
fn what_a_parser_says_of_a_long_text_is_cut() {
    let long = format!("{{\"layers\":\"{}\"}}", "a".repeat(100_000));
    let outcome = manifest(move |_| Answer::of(200, MANIFEST, long.clone()));
    assert_eq!(outcome.exit, 21, "{outcome}");
    assert!(outcome.stderr.len() < 3000, "{} bytes of error", outcome.stderr.len());
}

#[test]
fn bytes_of_another_digest_are_refused() {
    let registry = Hostile::answering(|_| Answer::of(200, MANIFEST, r#"{"schemaVersion":2}"#));
    let outcome = User::new().run(&format!("manifest {}/app@{DIGEST}", registry.host()));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Error: manifest REGISTRY/app@sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a: content does not match its digest: expected sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a, found sha256:bafebd36189ad3688b7b3915ea55d461e0bfcfbdde11e54b0a123999fb6be50f
--- exit 21

"#]]
    );
}

#[test]
fn a_page_of_a_portal_is_no_manifest_and_no_list() {
    let page = || Answer::of(200, "text/html", "<html>Please log in</html>");
    assert_outcome!(
        manifest(move |_| page()),
        str![[r#"
--- stderr
Error: manifest DIGEST is malformed
  caused by: expected value at line 1 column 1
--- exit 21

"#]]
    );
    assert_outcome!(
        verify(only("/referrers/", page)),
        str![[r#"
--- stderr
Error: REGISTRY/app@DIGEST: what is attached could not be read
  caused by: referrers of REGISTRY/app@DIGEST is malformed: expected value at line 1 column 1
--- exit 21

"#]]
    );
    assert_outcome!(
        verify(only(".sig", page)),
        str![[r#"
--- stderr
Error: REGISTRY/app@DIGEST: what is attached could not be read
  caused by: manifest DIGEST is malformed
  caused by: expected value at line 1 column 1
--- exit 21

"#]]
    );
}

#[test]
fn an_index_under_a_signature_tag_is_no_list_of_signatures() {
    let index = || Answer::of(200, INDEX, r#"{"schemaVersion":2,"manifests":[]}"#);
    assert_outcome!(
        verify(only(".sig", index)),
        str![[r#"
--- stderr
Error: REGISTRY/app@DIGEST: what is attached could not be read
  caused by: signature manifest DIGEST is malformed: it has no layers, as an image manifest has
--- exit 21

"#]]
    );
}

#[test]
fn an_answer_that_is_no_list_is_not_an_empty_list() {
    let error = || Answer::of(200, "application/json", r#"{"errors":[{"code":"UNAVAILABLE"}]}"#);
    assert_outcome!(
        verify(only("/referrers/", error)),
        str![[r#"
--- stderr
Error: REGISTRY/app@DIGEST: what is attached could not be read
  caused by: referrers of REGISTRY/app@DIGEST is malformed: missing field `manifests` at line 1 column 35
--- exit 21

"#]]
    );
    assert_outcome!(
        verify(only(".sig", error)),
        str![[r#"
--- stderr
Error: REGISTRY/app@DIGEST: what is attached could not be read
  caused by: signature manifest DIGEST is malformed: it has no layers, as an image manifest has
--- exit 21

"#]]
    );
    let fallback = move |request: &str| match request.ends_with(&DIGEST.replace(':', "-")) {
        true => error(),
        false => Answer::of(404, "text/plain", ""),
    };
    assert_outcome!(
        verify(fallback),
        str![[r#"
--- stderr
Error: REGISTRY/app@DIGEST: what is attached could not be read
  caused by: referrers of REGISTRY/app@DIGEST is malformed: under the fallback tag is neither a list nor an image
--- exit 21

"#]]
    );
}

#[test]
fn endless_401_is_a_denial_with_and_without_a_password() {
    let refusal = || Answer::Reply {
        status: 401,
        headers: vec![("www-authenticate", "Basic realm=\"r\"".to_owned())],
        body: br#"{"errors":[{"code":"UNAUTHORIZED","message":"who are you?"}]}"#.to_vec(),
    };
    assert_outcome!(
        manifest(move |_| refusal()),
        str![[r#"
--- stderr
Error: REGISTRY refuses manifest REGISTRY/app:v1: UNAUTHORIZED: who are you? (no credentials: no place to look for them)
help: `countersign login REGISTRY` stores credentials for this registry
--- exit 22

"#]]
    );
    let registry = Hostile::answering(move |_| refusal());
    let line = format!(
        "--registry-username me --registry-password wrong {}/app:v1",
        registry.host()
    );
    let outcome = User::new().run(&format!("manifest {line}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Error: REGISTRY refuses manifest REGISTRY/app:v1: UNAUTHORIZED: who are you? (with the credentials given)
help: `countersign login REGISTRY` stores credentials for this registry
--- exit 22

"#]]
    );
    assert!(registry.heads().len() <= 3, "{} requests", registry.heads().len());
    assert_outcome!(
        verify(only("/referrers/", refusal)),
        str![[r#"
--- stderr
Error: REGISTRY/app@DIGEST: what is attached could not be read
  caused by: REGISTRY refuses referrers of REGISTRY/app@DIGEST: UNAUTHORIZED: who are you? (no credentials: no place to look for them)
help: `countersign login REGISTRY` stores credentials for this registry
--- exit 22

"#]]
    );
}

#[test]
fn answers_that_pass_are_waited_for_and_then_told() {
    let passing = |status| move |_: &str| Answer::of(status, "text/plain", "later\x1b[2J");
    assert_outcome!(
        manifest(passing(429)),
        str![[r#"
--- stderr
Error: GET http://REGISTRY/v2/app/manifests/v1: registry answered 429
--- exit 20

"#]]
    );
    assert_outcome!(
        verify(only(".sig", || Answer::of(500, "text/plain", "later"))),
        str![[r#"
--- stderr
Error: REGISTRY/app@DIGEST: what is attached could not be read
  caused by: GET http://REGISTRY/v2/app/manifests/sha256-44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a.sig: registry answered 500
--- exit 20

"#]]
    );
}

#[test]
fn a_connection_that_is_reset_is_told() {
    assert_outcome!(
        manifest(|_| Answer::Reset),
        str![[r#"
--- stderr
Error: GET http://REGISTRY/v2/app/manifests/v1: connection closed before message completed
--- exit 20

"#]]
    );
    assert_outcome!(
        verify(only(".sig", || Answer::Reset)),
        str![[r#"
--- stderr
Error: REGISTRY/app@DIGEST: what is attached could not be read
  caused by: GET http://REGISTRY/v2/app/manifests/sha256-44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a.sig: connection closed before message completed
--- exit 20

"#]]
    );
}

#[test]
fn silence_ends_with_the_time_limit() {
    let registry = Hostile::answering(|_| Answer::Silence);
    let outcome = User::new().run(&format!("manifest --timeout 500ms {}/app:v1", registry.host()));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Error: GET http://REGISTRY/v2/app/manifests/v1: not done within the time limit of 500ms
help: give it more time with --timeout, for example --timeout 10m
--- exit 20

"#]]
    );
}

#[test]
fn another_host_is_followed_without_the_password() {
    let other = Hostile::answering(|_| Answer::of(200, MANIFEST, r#"{"schemaVersion":2}"#));
    let target = format!("http://{}/elsewhere", other.host());
    let registry = Hostile::answering(move |_| Answer::redirect(&target));
    let line = format!(
        "--registry-username me --registry-password secret {}/app:v1",
        registry.host()
    );
    let outcome = User::new().run(&format!("manifest {line}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let heads = other.heads().join("\n").to_ascii_lowercase();
    assert!(
        heads.starts_with("get /elsewhere") && !heads.contains("authorization"),
        "{heads}"
    );
}

#[test]
fn an_address_with_a_password_in_it_is_not_followed() {
    let answer = |_: &str| Answer::redirect("http://me:secret@127.0.0.1:1/x");
    assert_outcome!(
        manifest(answer),
        str![[r#"
--- stderr
Error: http://REGISTRY/v2/app/manifests/v1: refusing to follow to http://127.0.0.1:1/x: it carries a user name
--- exit 20

"#]]
    );
}

#[test]
fn a_list_that_goes_on_at_another_host_is_not_half_a_list() {
    let page = || Answer::Reply {
        status: 200,
        headers: vec![
            ("content-type", INDEX.to_owned()),
            ("link", "<http://127.0.0.1:1/next>; rel=\"next\"".to_owned()),
        ],
        body: br#"{"schemaVersion":2,"manifests":[]}"#.to_vec(),
    };
    assert_outcome!(
        verify(only("/referrers/", page)),
        str![[r#"
--- stderr
Error: REGISTRY/app@DIGEST: what is attached could not be read
  caused by: http://REGISTRY/v2/app/referrers/DIGEST: refusing to follow to http://127.0.0.1:1/next: the next page of a list is on another host
--- exit 20

"#]]
    );
}

#[test]
fn a_key_file_that_holds_none_is_told_as_such() {
    let user = signer();
    user.write("empty", "");
    user.write(
        "garbage",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    );
    user.write("large", "a".repeat(10_000_000));
    for (key, expected) in [
        (
            "empty",
            str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: public key FOLDER/empty
  caused by: public key is empty
--- exit 1

"#]],
        ),
        (
            "garbage",
            str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: public key FOLDER/garbage
  caused by: public key is malformed
  caused by: unknown/unsupported ASN.1 DER tag: 0x00
--- exit 1

"#]],
        ),
        (
            "a.key",
            str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: public key FOLDER/a.key
  caused by: expected a public key, found a private one (PEM block "ENCRYPTED SIGSTORE PRIVATE KEY")
--- exit 1

"#]],
        ),
        (
            "large",
            str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: key FOLDER/large is larger than 65536 bytes
--- exit 1

"#]],
        ),
    ] {
        let outcome = user.run(&format!(
            "verify --key {key} --insecure-ignore-tlog localhost:1/app@{DIGEST}"
        ));
        assert_outcome!(outcome, expected);
    }
    for (key, expected) in [
        (
            "empty",
            str![[r#"
--- stderr
Error: private key FOLDER/empty
  caused by: private key is empty
--- exit 1

"#]],
        ),
        (
            "a.pub",
            str![[r#"
--- stderr
Error: private key FOLDER/a.pub
  caused by: expected a private key, found a public one
--- exit 1

"#]],
        ),
    ] {
        let outcome = user.run(&format!(
            "sign --key {key} --tlog-upload=false localhost:1/app@{DIGEST}"
        ));
        assert_outcome!(outcome, expected);
    }
}
