//! `verify-blob`.

mod beside;
mod identity;
mod policy;
mod refusals;

use countersign_core::Digest;
use snapbox::str;

use crate::assert_outcome;
use crate::registry::Registry;
use crate::sign_blob::{SIGN_BLOB, VERIFY_BLOB, ecdsa_writer, writer};
use crate::signing::push;

#[test]
fn what_was_signed_is_verified_and_said_on_stderr() {
    let user = writer();
    assert_eq!(user.run(&format!("{SIGN_BLOB} hello.txt")).exit, 0);
    assert_outcome!(
        user.run(&format!("{VERIFY_BLOB} --bundle hello.txt.sigstore.json hello.txt")),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the blob.
Verified OK
--- exit 0

"#]]
    );
    let private = user.run("verify-blob --key a.pub --private-infrastructure hello.txt");
    assert_eq!((private.exit, private.stderr.as_str()), (0, "Verified OK\n"));
}

#[test]
fn a_signature_is_a_file_or_base64_or_a_url() {
    let (user, registry) = (writer(), Registry::open());
    for (flag, name) in [("", "text"), ("--b64=false", "raw")] {
        let signed = user.run(&format!("{SIGN_BLOB} {flag} --output-signature {name} hello.txt"));
        assert_eq!(signed.exit, 0, "{signed}");
    }
    let text = String::from_utf8(user.read("text")).expect("base64 is text");
    push(&user, &registry, "signature:v1", &text);
    let address = format!(
        "http://{}/v2/signature/blobs/{}",
        registry.host(),
        Digest::sha256(text.as_bytes())
    );
    user.write("lines", format!("{text}\n"));
    for signature in ["text", "raw", "lines", text.as_str(), address.as_str()] {
        let verified = user.run(&format!("{VERIFY_BLOB} --signature {signature} hello.txt"));
        assert_eq!(verified.exit, 0, "{signature}: {verified}");
    }
    let offline = user.run(&format!("{VERIFY_BLOB} --offline --signature {address} hello.txt"));
    assert!(
        offline.stderr.contains("--offline: the signature is on the network"),
        "{offline}"
    );
}

#[test]
fn a_file_may_be_on_the_network() {
    let (user, registry) = (writer(), Registry::open());
    assert_eq!(user.run(&format!("{SIGN_BLOB} --bundle b.json hello.txt")).exit, 0);
    push(&user, &registry, "app:v1", "hello\n");
    let digest = Digest::sha256(b"hello\n");
    let address = format!("http://{}/v2/app/blobs/{digest}", registry.host());
    let verify = format!("{VERIFY_BLOB} --bundle b.json");
    let verified = user.run(&format!("{verify} {address}"));
    assert_eq!(verified.exit, 0, "{verified}");
    let offline = user.run(&format!("{verify} --offline {address}"));
    assert!(
        offline.stderr.contains("--offline: the file is on the network"),
        "{offline}"
    );
    let short = user.with_variable("COSIGN_MAX_ATTACHMENT_SIZE", "5");
    let outcome = short.run(&format!("{verify} {address}"));
    assert_eq!(outcome.exit, 21, "{outcome}");
}

#[test]
fn a_file_may_be_named_by_the_digest_that_its_key_signs() {
    let user = ecdsa_writer();
    assert_eq!(user.run(&format!("{SIGN_BLOB} --bundle b.json hello.txt")).exit, 0);
    let verify = format!("{VERIFY_BLOB} --bundle b.json");
    let verified = user.run(&format!("{verify} {}", Digest::sha256(b"hello\n")));
    assert_eq!(verified.exit, 0, "{verified}");
    let another = user.run(&format!("{verify} {}", Digest::sha256(b"another")));
    assert_eq!(another.exit, 12, "{another}");
    user.write("sha256:file", "another");
    let file = user.run(&format!("{verify} sha256:file"));
    assert_eq!(file.exit, 12, "a file of such a name goes first: {file}");
}

#[test]
fn a_bundle_file_and_its_signature_may_be_given_together() {
    let user = writer();
    let old = "--new-bundle-format=false --bundle b.json --output-signature s";
    assert_eq!(user.run(&format!("{SIGN_BLOB} {old} hello.txt")).exit, 0);
    let verified = user.run(&format!("{VERIFY_BLOB} --bundle b.json --signature s hello.txt"));
    assert_eq!(verified.exit, 0, "{verified}");
    assert_eq!(
        user.run(&format!("{SIGN_BLOB} --bundle c.json --output-signature t a.pub"))
            .exit,
        0
    );
    for (bundle, signature, told) in [
        ("b.json", "t", "hold different signatures"),
        ("c.json", "t", "the Sigstore bundle holds the signature"),
    ] {
        let outcome = user.run(&format!(
            "{VERIFY_BLOB} --bundle {bundle} --signature {signature} hello.txt"
        ));
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(told), "{outcome}");
    }
}
