use serde_json::json;

use super::*;
use crate::key::{KeyAlgorithm, PrivateKey};

fn parse(json: &Value) -> Result<PolicyFile, PolicyFileError<&'static str>> {
    PolicyFile::parse(json, &|_| Err("no such file"))
}

fn malformed(json: &Value) -> String {
    match parse(json) {
        Err(PolicyFileError::Malformed(malformed)) => malformed.to_string(),
        other => panic!("{other:?}"),
    }
}

fn pem() -> String {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256)
        .unwrap()
        .public_key()
        .to_pem()
}

fn identity() -> Value {
    json!({"identity": "ci@example.com", "issuer": "https://issuer"})
}

/// A policy with one signer, changed at `path`.
fn changed(path: &str, value: Value) -> Value {
    let mut policy = json!({"version": 1, "signers": [identity()], "deny": {}});
    let (parent, member) = path.rsplit_once('/').unwrap();
    match policy.pointer_mut(parent).unwrap() {
        Value::Array(items) => *items.get_mut(member.parse::<usize>().unwrap()).unwrap() = value,
        object => object[member] = value,
    }
    policy
}

#[test]
fn a_policy_says_who_and_how_many_and_what_else() {
    let policy = parse(&json!({
        "version": 1,
        "signers": [
            {"name": "release", "key": pem()},
            {"identityRegexp": "https://github\\.com/org/.*", "issuer": "https://issuer",
             "claims": {"githubWorkflowRef": "refs/heads/main"}},
        ],
        "threshold": 2,
        "logs": 2,
        "timestamps": 1,
        "certificateLogs": 0,
        "deny": {
            "digests": ["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
            "keys": [pem()],
            "identities": [{"identity": "old@example.com"}],
        },
    }))
    .unwrap();
    assert_eq!(policy.quorum().threshold(), 2);
    let one = policy.policy(Claim::Message);
    assert_eq!(
        one.log(),
        LogRule::Required {
            logs: NonZero::new(2).unwrap()
        }
    );
    let stamped = TimestampRule::Required {
        authorities: NonZero::<usize>::MIN,
    };
    assert_eq!(one.timestamps(), stamped);
    let TrustedSigner::AnyOf(signers) = one.signer() else {
        panic!("{one:?}")
    };
    assert!(matches!(signers.first().unwrap(), TrustedSigner::Key { .. }));
    let TrustedSigner::Identities {
        identities,
        certificate_log,
    } = signers.get(1).unwrap()
    else {
        panic!("{signers:?}")
    };
    assert_eq!(*certificate_log, CertificateLogRule::InsecurelyIgnored);
    // anchored: a part of a text is not the text
    let identity = identities.first().unwrap();
    assert!(identity.subject().matches("https://github.com/org/a"));
    assert!(!identity.subject().matches("x https://github.com/org/a"));
    assert_eq!(
        identity.claims(),
        [(FulcioExtension::GithubWorkflowRef, "refs/heads/main".to_owned())]
    );
    assert_eq!((one.denied().digests.len(), one.denied().keys.len()), (1, 1));
    assert!(one.denied().identities.first().unwrap().issuer().matches("whatever"));
}

#[test]
fn what_is_not_said_is_the_stricter() {
    let policy = parse(&json!({"version": 1, "signers": [identity()]})).unwrap();
    assert_eq!(policy.quorum().threshold(), 1);
    let one = policy.policy(Claim::Message);
    assert_eq!(
        one.log(),
        LogRule::Required {
            logs: NonZero::<usize>::MIN
        }
    );
    assert_eq!(one.timestamps(), TimestampRule::NotAsked);
    let TrustedSigner::AnyOf(signers) = one.signer() else {
        panic!("{one:?}")
    };
    let required = CertificateLogRule::Required {
        logs: NonZero::<usize>::MIN,
    };
    let only = signers.first().unwrap();
    assert!(matches!(only, TrustedSigner::Identities { certificate_log, .. } if *certificate_log == required));
}

#[test]
fn a_departure_is_named_by_its_path() {
    for (policy, told) in [
        (json!([]), "the policy is a list, expected an object"),
        (json!({}), "version is missing"),
        (json!({"version": 2}), "version is 2, expected 1"),
        (json!({"version": 1}), "signers is missing"),
        (
            json!({"version": 1, "signers": []}),
            "signers is empty, expected one at least",
        ),
        (changed("/treshold", json!(1)), "treshold is not known"),
        (changed("/threshold", json!(0)), "threshold is 0, expected 1 at least"),
        (
            changed("/threshold", json!(2)),
            "threshold is 2, and there are 1 signers",
        ),
        (changed("/threshold", json!(65)), "threshold is 65, expected 64 at most"),
        (changed("/logs", json!("1")), "logs is a text, expected a whole number"),
        (changed("/logs", json!(-1)), "logs is a number, expected a whole number"),
        (
            changed("/signers/0", json!({"identity": "x"})),
            "signers[0].issuer is missing",
        ),
        (
            changed("/signers/0", json!({"issuer": "x"})),
            "signers[0].identity is missing",
        ),
        (
            changed("/signers/0", json!({"key": "a", "issuer": "x"})),
            "signers[0].key and issuer exclude each other",
        ),
        (
            changed(
                "/signers/0",
                json!({"identity": "a", "identityRegexp": "a", "issuer": "x"}),
            ),
            "signers[0].identity and identityRegexp exclude each other",
        ),
        (
            changed("/signers/0/identity", json!("")),
            "signers[0].identity is missing",
        ),
        (
            changed("/signers/0/claims", json!({"issuer": "x"})),
            "signers[0].claims.issuer is not known",
        ),
        (
            changed("/signers/0/identity", json!(null)),
            "signers[0].identity is nothing, expected a text",
        ),
        (
            changed("/signers/0", json!({"key": "-----BEGIN PUBLIC KEY-----\n"})),
            "signers[0].key is no public key",
        ),
        (changed("/deny/digests", json!(["x"])), "deny.digests[0] is no digest"),
        (
            changed("/deny/identities", json!([{}])),
            "deny.identities[0].identity is missing",
        ),
        (
            changed("/deny/keys", json!({})),
            "deny.keys is an object, expected a list",
        ),
    ] {
        assert_eq!(malformed(&policy), told, "{policy}");
    }
    let open = changed("/signers/0", json!({"identityRegexp": "(", "issuer": "x"}));
    assert_eq!(malformed(&open), "signers[0].identityRegexp cannot be used");
    let two = json!({"version": 1, "signers": [identity(), {"key": pem()}]});
    assert_eq!(malformed(&two), "threshold is missing");
    let same = json!({"version": 1, "signers": [identity(), identity()], "threshold": 1});
    assert!(malformed(&same).ends_with("are the same"), "{}", malformed(&same));
}

#[test]
fn a_key_may_be_in_a_file_of_its_own() {
    let key = pem();
    let policy = json!({"version": 1, "signers": [{"key": "keys/a.pub"}]});
    let load = |path: &str| match path {
        "keys/a.pub" => Ok(key.clone().into_bytes()),
        other => panic!("{other}"),
    };
    let read = PolicyFile::parse::<&str>(&policy, &load).unwrap();
    assert!(!read.policy(Claim::Message).needs_no_trust(), "a log is asked for");
    assert!(matches!(parse(&policy), Err(PolicyFileError::Key("no such file"))));
}

#[test]
fn lists_have_limits() {
    let many: Vec<Value> = (0..=SIGNERS)
        .map(|number| json!({"identity": number.to_string(), "issuer": "x"}))
        .collect();
    assert_eq!(
        malformed(&json!({"version": 1, "signers": many, "threshold": 1})),
        "signers has 65 members, the limit is 64"
    );
    assert!(parse(&json!({"version": 1, "signers": many.get(1..), "threshold": 1})).is_ok());
}

#[test]
fn claims_are_called_as_fulcio_calls_them() {
    assert_eq!(member_of(FulcioExtension::GithubWorkflowSha), "githubWorkflowSha");
    assert_eq!(member_of(FulcioExtension::BuildSignerUri), "buildSignerUri");
    assert_eq!(
        member_of(FulcioExtension::SourceRepositoryVisibilityAtSigning),
        "sourceRepositoryVisibilityAtSigning"
    );
}

#[test]
fn a_policy_says_who_must_have_countersigned() {
    let with = |countersigners: Value| json!({"version": 1, "signers": [identity()], "countersigners": countersigners});
    assert!(
        parse(&with(json!({"signers": [{"key": pem()}]})))
            .unwrap()
            .countersigners()
            .is_some()
    );
    assert!(
        parse(&json!({"version": 1, "signers": [identity()]}))
            .unwrap()
            .countersigners()
            .is_none()
    );
    let two = json!([{"key": pem()}, {"key": pem()}]);
    assert_eq!(
        malformed(&with(json!({"signers": two}))),
        "countersigners.threshold is missing"
    );
    assert_eq!(malformed(&with(json!({}))), "countersigners.signers is missing");
    assert_eq!(
        malformed(&with(json!({"signers": two, "threshold": 2, "covers": "most"}))),
        "countersigners.covers is another text, expected all or any"
    );
    assert_eq!(
        malformed(&with(json!({"signers": two, "threshold": 3}))),
        "threshold is 3, and there are 2 signers"
    );
    let deep = |levels: Value| with(json!({"signers": [{"key": pem()}], "minDepth": levels}));
    let depth = parse(&deep(json!(3))).unwrap().countersigners().unwrap().depth();
    assert_eq!(depth.map(Depth::levels), Some(3));
    for (levels, found) in [
        (json!(1), "countersigners.minDepth is 1, expected 2 at least"),
        (json!(0), "countersigners.minDepth is 0, expected 2 at least"),
        (json!(65), "countersigners.minDepth is 65, expected 64 at most"),
        (json!("3"), "countersigners.minDepth is a text, expected a whole number"),
    ] {
        assert_eq!(malformed(&deep(levels)), found);
    }
    assert_eq!(
        malformed(&with(json!({"signers": two, "by": 1}))),
        "countersigners.by is not known"
    );
}
