//! What `sign` refuses, before anything is asked of a registry.

use snapbox::str;

use super::exit;
use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{LEGACY, SIGN, push, referrers, signer};

/// Nothing listens here: what is refused is refused before anything is asked.
const IMAGE: &str = "localhost:1/app:v1";

#[test]
fn a_log_is_not_forgotten_in_silence() {
    assert_outcome!(
        signer().run(&format!("sign --key a.key {IMAGE}")),
        str![[r#"
--- stderr
Error: the services to sign with could not be had
  caused by: neither TUF_ROOT nor HOME says where what is known of TUF repositories is kept
help: without the network: --signing-config and --trusted-root name services in files, and --key with --tlog-upload=false signs with a key alone
--- exit 1

"#]]
    );
}

#[test]
fn a_flag_that_would_be_without_effect_is_refused_by_name() {
    let user = signer();
    for flag in [
        "--rekor-url=https://rekor.example",
        "--fulcio-url=https://fulcio.example",
        "--oidc-issuer=https://issuer.example",
        "--oidc-client-id=id",
        "--oidc-client-secret-file=secret",
        "--oidc-redirect-url=https://redirect.example",
        "--oidc-provider=envvar",
        "--oidc-disable-ambient-providers",
        "--identity-token=token",
        "--fulcio-auth-flow=device",
        "--issue-certificate",
        "--insecure-skip-verify",
        "--timestamp-client-cacert=c.pem",
        "--timestamp-client-cert=c.pem",
        "--timestamp-client-key=c.pem",
        "--timestamp-server-name=tsa.example",
        "--use-signing-config",
        "--sk",
    ] {
        let outcome = user.run(&format!("{SIGN} {flag} {IMAGE}"));
        let name = flag.split('=').next().expect("there is a first part");
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.starts_with(&format!("Error: {name}")), "{outcome}");
    }
}

#[test]
fn a_flag_that_would_be_without_effect_is_refused_from_the_environment_too() {
    let user = signer().with_variable("COSIGN_REKOR_URL", "https://rekor.example");
    assert_outcome!(
        user.run(&format!("{SIGN} {IMAGE}")),
        str![[r#"
--- stderr
Error: --rekor-url names a transparency log, and --tlog-upload=false says not to use one
help: `countersign sign --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn the_log_of_a_signing_configuration_gets_nothing_without_consent() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let media_type = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
    user.write("none.json", format!(r#"{{"mediaType":"{media_type}"}}"#));
    let service = r#"{"url":"https://rekor.example","majorApiVersion":1,"validFor":{"start":"2024-01-01T00:00:00Z"},"operator":"example"}"#;
    user.write(
        "some.json",
        format!(r#"{{"mediaType":"{media_type}","rekorTlogUrls":[{service}],"rekorTlogConfig":{{"selector":"ANY"}}}}"#),
    );
    let image = registry.name("app:v1");
    let refused = user.run(&format!("sign --key a.key --signing-config some.json {image}"));
    assert_outcome!(
        refused.redacted(registry.host()),
        str![[r#"
--- stderr
WARNING: no --trusted-root is given: what the services answer is written without being verified
WARNING: Image reference REGISTRY/app:v1 uses a tag, not a digest, to identify the image to sign.
    This can lead you to sign a different image than the intended one. Please use a
    digest (example.com/ubuntu@sha256:abc123...) rather than tag
    (example.com/ubuntu:latest) for the input to countersign. The digest that the tag has now is signed.
This makes public, for ever and for everybody to see: the signature, the digest of what is signed and the public key. It will be in https://rekor.example.
Are you sure you would like to continue? [y/N] Error: user declined the prompt
--- exit 1

"#]]
    );
    assert!(referrers(&registry, "app", &digest).is_empty());
    let accepted = user.run(&format!("sign --key a.key --signing-config none.json {image}"));
    assert_eq!(accepted.exit, 0, "{accepted}");
    assert_eq!(referrers(&registry, "app", &digest).len(), 1);
}

#[test]
fn what_a_format_cannot_hold_is_refused() {
    let user = signer();
    user.write("p.json", "{}");
    for line in [
        "--payload p.json",
        "--sign-container-identity example.com/app",
        "--format both --payload p.json",
        "--new-bundle-format=false --bundle b.json",
        "--format legacy --new-bundle-format=false",
        "--new-bundle-format=false --skip-existing --payload p.json",
        "--new-bundle-format=false --payload p.json -r",
        "--registry-referrers-mode oci-1-1",
        "--max-workers 0",
        "--format docker",
    ] {
        assert_eq!(exit(&user, &format!("{line} {IMAGE}")), 1, "{line}");
    }
    let two = user.run(&format!("{SIGN} {LEGACY} --payload p.json {IMAGE} {IMAGE}"));
    assert_outcome!(
        two,
        str![[r#"
--- stderr
Error: --payload is about one image
help: `countersign sign --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn a_key_is_needed() {
    let user = User::new();
    assert_outcome!(
        user.run(&format!("sign --tlog-upload=false {IMAGE}")),
        str![[r#"
--- stderr
Error: a key is needed: pass --key with a file, env://NAME or https://…; or, to sign without one, --signing-config with a file, or --fulcio-url
help: `countersign sign --help` shows how it is used
--- exit 1

"#]]
    );
    let absent = user.run(&format!("sign --key no.key --tlog-upload=false {IMAGE}"));
    assert_eq!(absent.exit, 1);
    assert!(absent.stderr.contains("no.key"), "{absent}");
    let kms = user.run(&format!("sign --key awskms://alias/x --tlog-upload=false {IMAGE}"));
    assert_outcome!(
        kms,
        str![[r#"
--- stderr
Error: key references of kind "awskms" are not supported: expected a file, env://NAME or https://…
--- exit 1

"#]]
    );
}

#[test]
fn an_image_is_needed() {
    assert_outcome!(
        signer().run(SIGN),
        str![[r#"
--- stderr
Error: requires at least 1 arg(s), only received 0
help: `countersign sign --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn a_wrong_password_signs_nothing() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let forgetful = user.with_variable("COSIGN_PASSWORD", "wrong");
    let outcome = forgetful.run(&format!("{SIGN} {}", registry.name(&format!("app@{digest}"))));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Error: private key FOLDER/a.key
  caused by: password does not open the private key
--- exit 1

"#]]
    );
    assert!(referrers(&registry, "app", &digest).is_empty());
}

#[test]
fn a_tag_that_does_not_exist_is_not_found() {
    let registry = Registry::open();
    let outcome = signer().run(&format!("{SIGN} {}", registry.name("app:v1")));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
WARNING: Image reference REGISTRY/app:v1 uses a tag, not a digest, to identify the image to sign.
    This can lead you to sign a different image than the intended one. Please use a
    digest (example.com/ubuntu@sha256:abc123...) rather than tag
    (example.com/ubuntu:latest) for the input to countersign. The digest that the tag has now is signed.
Error: image tag not found: REGISTRY/app:v1
--- exit 11

"#]]
    );
}

#[test]
fn a_registry_that_wants_credentials_is_another_error_than_one_that_is_down() {
    let registry = Registry::private("user", "password");
    let outcome = signer().run(&format!("{SIGN} {}", registry.name("app:v1")));
    assert_eq!(outcome.exit, 22, "{outcome}");
    let image = registry.name("app:v1");
    drop(registry);
    let outcome = signer().run(&format!("{SIGN} {image}"));
    assert_eq!(outcome.exit, 20, "{outcome}");
}
