//! When a statement was made, by the word of a timestamp authority or a log; statements without a key.

use super::{assert_refused, done, remembering, signer, verified};
use crate::harness::User;
use crate::serve::Serving;

/// A Sigstore with an image, `app:v1`, and a user in its time.
fn sigstore() -> (User, Serving, String) {
    let user = signer().today();
    user.write("hello.txt", "hello\n");
    let folder = user.path("").canonicalize().expect("the folder is there");
    let serving = Serving::start(&folder, &["--root", "data"]);
    let image = format!("{}/app:v1", serving.address);
    done(&user, &format!("push {image} hello.txt"));
    (user, serving, image)
}

/// The flags of a signer without a key.
fn keyless(user: &User) -> String {
    let token = done(user, "serve token --root data --email you@example.com");
    let files =
        "--signing-config data/sigstore/signing_config.v0.2.json --trusted-root data/sigstore/trusted_root.json";
    format!("-y {files} --identity-token {}", token.text().trim())
}

/// The flags of whoever believes that signer.
fn believing(serving: &Serving) -> String {
    format!(
        "--trusted-root data/sigstore/trusted_root.json --certificate-identity you@example.com \
         --certificate-oidc-issuer http://{}/oidc",
        serving.address
    )
}

#[test]
fn a_statement_without_a_key_is_dated_by_the_authority_and_renewed_by_the_same_identity() {
    let (user, serving, image) = sigstore();
    let sign = keyless(&user);
    done(&user, &format!("tags sign {sign} {image}"));
    let verify = format!("tags verify {} --require-timestamp {image}", believing(&serving));
    let object = verified(&user, &verify);
    assert_eq!(object["time"]["by"], "timestamp-authority", "{object}");
    let signer = object["signer"].as_str().expect("it is text");
    assert_eq!(signer, format!("you@example.com by http://{}/oidc", serving.address));
    done(&user, &format!("tags renew {sign} --stateless {image}"));
    assert_eq!(verified(&user, &verify)["sequence"], 2);
}

/// A key that was stolen can write any time, and have none proven but its own.
#[test]
fn a_statement_that_is_dated_otherwise_than_it_says_is_refused_where_time_must_be_proven() {
    let (user, serving, image) = sigstore();
    let sign = keyless(&user);
    done(
        &user,
        &format!("tags sign {sign} --issued 2026-01-01T00:00:00Z --expires 2100-01-01T00:00:00Z {image}"),
    );
    let verify = format!("tags verify {} {image}", believing(&serving));
    let client = remembering(user.clone());
    assert_refused(&client, &format!("{verify} --require-timestamp"), 38, "tag-undated");
    let outcome = client.run(&format!("{verify} --require-timestamp"));
    assert!(
        outcome.stderr.contains("by a timestamp authority was signed "),
        "{outcome}"
    );
    // Its age is what the authority says, too.
    done(&client, &format!("{verify} --max-age 1h"));
}

#[test]
fn the_time_of_a_log_is_told_as_such() {
    let (user, serving, image) = sigstore();
    let log = format!("http://{}", serving.address);
    let sign = "--key a.key -y --trusted-root data/sigstore/trusted_root.json";
    done(&user, &format!("tags sign {sign} --rekor-url {log} {image}"));
    let verify = "tags verify --key a.pub --trusted-root data/sigstore/trusted_root.json --require-timestamp";
    let object = verified(&user, &format!("{verify} {image}"));
    assert_eq!(object["time"]["by"], "log", "{object}");
    let log = object["time"]["of"].as_str().expect("it is told which");
    let outcome = done(&user, &format!("{verify} {image}"));
    assert!(outcome.stderr.contains(&format!(" by the log {log}\n")), "{outcome}");
}
