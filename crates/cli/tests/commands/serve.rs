//! `serve`: the program itself, started and stopped as a user does it.

mod token;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;

/// A program that serves until it is told to end.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: String,
    greeting: String,
}

impl Serving {
    pub(crate) fn start(folder: &Path, flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "off"])
            .args(flags)
            .current_dir(folder)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stderr = child.stderr.take().expect("it is piped");
        let mut greeting = String::new();
        for line in BufReader::new(stderr).lines() {
            let line = line.expect("messages are text");
            greeting.push_str(&line);
            greeting.push('\n');
            if line.starts_with("Ctrl-C") {
                break;
            }
        }
        let (_, rest) = greeting.split_once("://").expect("it greets with its address");
        let address = rest.split(',').next().expect("there is a first part").to_owned();
        Self {
            child,
            address,
            greeting,
        }
    }

    fn end(mut self, signal: &str) -> ExitStatus {
        let told = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(told.success());
        self.child.wait().expect("the program ends")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn what_was_pushed_is_there_after_a_restart() {
    let user = User::new();
    user.write("hello.txt", "hello\n");
    let folder = user.path("");
    let serving = Serving::start(&folder, &["--root", "data", "--registry-only"]);
    let pushed = user.run(&format!("push {}/app:v1 hello.txt", serving.address));
    assert_eq!(pushed.exit, 0, "{pushed}");
    let greeting = serving.greeting.replace(&serving.address, "ADDRESS");
    snapbox::assert_data_eq!(
        greeting,
        str![[r#"
Serving a registry at http://ADDRESS, from data
Try, in another terminal:
  countersign push ADDRESS/demo/hello:v1 FILE
  countersign sign --key cosign.key --tlog-upload=false ADDRESS/demo/hello:v1
  countersign verify --key cosign.pub --insecure-ignore-tlog ADDRESS/demo/hello:v1
Ctrl-C stops it; what was pushed stays.

"#]]
    );
    assert!(serving.end("-TERM").success());
    assert!(!user.path("data/keys").exists());
    let serving = Serving::start(&folder, &["--root", "data", "--registry-only", "--read-only"]);
    let digest = user.run(&format!("digest {}/app:v1", serving.address));
    assert_eq!(digest.exit, 0, "{digest}");
    let refused = user.run(&format!("push {}/app:v2 hello.txt", serving.address));
    assert_eq!(refused.exit, 1, "{refused}");
    assert!(serving.end("-INT").success());
}

#[test]
fn whoever_has_a_token_signs_without_a_key() {
    let user = User::new().today();
    user.write("hello.txt", "hello\n");
    let folder = user.path("").canonicalize().expect("the folder is there");
    let serving = Serving::start(&folder, &["--root", "data"]);
    let greeting = serving.greeting.replace(&serving.address, "ADDRESS");
    snapbox::assert_data_eq!(
        greeting.replace(&folder.display().to_string(), "FOLDER"),
        str![[r#"
Serving a registry at http://ADDRESS, from data
and a Sigstore: Fulcio, Rekor 1 and 2, a certificate log, timestamps, TUF
Certificates are for the tokens of http://ADDRESS/oidc
Its OpenID provider believes any address: for development only.
Try, in another terminal:
  . FOLDER/data/sigstore/env
  countersign push ADDRESS/demo/hello:v1 FILE
  countersign sign --signing-config $SIGNING_CONFIG --trusted-root $TRUSTED_ROOT -y --identity-token $(countersign serve token --root data --email you@example.com) ADDRESS/demo/hello:v1
  countersign verify --trusted-root $TRUSTED_ROOT --certificate-identity you@example.com --certificate-oidc-issuer $OIDC_ISSUER ADDRESS/demo/hello:v1
What cosign 2 and 3 need is in FOLDER/data/sigstore/commands
Ctrl-C stops it; what was pushed stays.

"#]]
    );
    let token = user.run("serve token --root data --email you@example.com");
    assert_eq!((token.exit, token.stderr.as_str()), (0, ""));
    let token = String::from_utf8(token.stdout).expect("a token is text");
    let trust = "--trusted-root data/sigstore/trusted_root.json";
    let config = "--signing-config data/sigstore/signing_config.v0.2.json";
    let sign = format!(
        "sign-blob -y --bundle b.json {config} {trust} --identity-token {} hello.txt",
        token.trim()
    );
    let signed = user.run(&sign);
    assert_eq!(signed.exit, 0, "{signed}");
    let verify = |who: &str| {
        let identity = format!(
            "--certificate-identity {who} --certificate-oidc-issuer http://{}/oidc",
            serving.address
        );
        user.run(&format!("verify-blob --bundle b.json {trust} {identity} hello.txt"))
    };
    assert_eq!(verify("you@example.com").exit, 0);
    assert_eq!(verify("mallory@example.com").exit, 12);
}

#[test]
fn a_server_that_believes_nobody_says_so() {
    let user = User::new();
    let serving = Serving::start(&user.path(""), &["--root", "data", "--no-development-issuer"]);
    let expected = "Nobody's identity tokens are taken: pass --oidc-issuer.";
    assert!(
        serving.greeting.lines().any(|line| line == expected),
        "{}",
        serving.greeting
    );
    assert_outcome!(
        user.run("serve token --root data --email you@example.com"),
        str![[r#"
--- stderr
Error: --root data: no OpenID provider is, or was last, served from there
help: `countersign serve token --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn what_describes_no_issuer_is_told() {
    let user = User::new();
    for (flags, expected) in [
        (
            "--oidc-issuer example.com",
            "--oidc-issuer example.com: issuer is \"example.com\", expected a URL of https without ? and #",
        ),
        (
            "--oidc-issuer https://example.com=mail",
            "--oidc-issuer https://example.com=mail: kind of issuer is \"mail\", expected email, uri:URL, spiffe:DOMAIN, \
             username:DOMAIN, github-workflow, gitlab-pipeline or buildkite-job",
        ),
        (
            "--url example.com",
            "--url example.com: expected an address of http or https",
        ),
    ] {
        let outcome = user.run(&format!("serve --listen 127.0.0.1:0 {flags}"));
        assert_eq!(outcome.exit, 1);
        assert!(outcome.stderr.starts_with(&format!("Error: {expected}\n")), "{outcome}");
    }
    for flag in [
        "--oidc-issuer https://a.example",
        "--url http://a.example",
        "--no-development-issuer",
    ] {
        let outcome = user.run(&format!("serve --registry-only {flag}"));
        assert_eq!(outcome.exit, 1, "{outcome}");
    }
}

#[test]
fn users_need_their_password() {
    let user = User::new();
    user.write("users", "mary:secret\n");
    user.write("hello.txt", "hello\n");
    let serving = Serving::start(&user.path(""), &["--users", "users"]);
    let push = format!("push {}/app:v1 hello.txt", serving.address);
    assert_eq!(user.run(&push).exit, 22);
    let with_password = format!("{push} --registry-username mary --registry-password secret");
    let outcome = user.run(&with_password);
    assert_eq!(outcome.exit, 0, "{outcome}");
}

#[test]
fn requests_are_logged_to_the_file() {
    let user = User::new();
    let serving = Serving::start(&user.path(""), &["--log", "log.json"]);
    assert_eq!(user.run(&format!("digest {}/app:v1", serving.address)).exit, 11);
    assert!(serving.end("-TERM").success());
    let log = String::from_utf8(user.read("log.json")).expect("the log is text");
    assert!(log.contains("/v2/app/manifests/v1"), "{log}");
}

#[test]
fn an_address_that_is_taken_is_told() {
    let user = User::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = taken.local_addr().expect("it listens").to_string();
    let outcome = user.run(&format!("serve --root data --listen {address}"));
    assert_outcome!(
        outcome.redacted(&address),
        str![[r#"
--- stderr
Error: cannot listen on REGISTRY
  caused by: Address already in use (os error 98)
--- exit 1

"#]]
    );
}

#[test]
fn a_file_of_users_that_is_none_is_told() {
    let user = User::new();
    user.write("users", "mary\n");
    assert_outcome!(
        user.run("serve --users users"),
        str![[r#"
--- stderr
Error: --users users: line 1 is not user:password
help: `countersign serve --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn a_certificate_needs_its_key() {
    assert_outcome!(
        User::new().run("serve --tls-cert c.pem"),
        str![[r#"
--- stderr
Error: required flag(s) "tls-key" not set
help: `countersign serve --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn an_address_without_a_port_is_none() {
    assert_outcome!(
        User::new().run("serve --listen localhost"),
        str![[r#"
--- stderr
Error: invalid argument "localhost" for "--listen" flag: invalid socket address syntax
help: `countersign serve --help` shows how it is used
--- exit 1

"#]]
    );
}
