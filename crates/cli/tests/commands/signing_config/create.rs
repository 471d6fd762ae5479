use crate::harness::User;

const EMPTY: &str = concat!(
    r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}"#,
    "\n"
);

/// What cosign 3.1.2 wrote for the same flags.
const EVERYTHING: &str = concat!(
    r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","#,
    r#""caUrls":[{"url":"https://f","majorApiVersion":1,"validFor":{"start":"2024-01-01T00:00:00Z"},"operator":"me"}],"#,
    r#""oidcUrls":[{"url":"https://o","majorApiVersion":1,"validFor":{"start":"2024-01-01T00:00:00Z"},"operator":"me"}],"#,
    r#""rekorTlogUrls":[{"url":"https://r2","majorApiVersion":2,"validFor":{"start":"2026-01-01T00:00:00Z","#,
    r#""end":"2027-01-01T00:00:00Z"},"operator":"me"},{"url":"https://r1","majorApiVersion":1,"#,
    r#""validFor":{"start":"2025-01-01T00:00:00Z"},"operator":"you"}],"rekorTlogConfig":{"selector":"EXACT","count":1},"#,
    r#""tsaUrls":[{"url":"https://t","majorApiVersion":1,"validFor":{"start":"2024-01-01T00:00:00Z"},"operator":"me"}],"#,
    r#""tsaConfig":{"selector":"ANY"}}"#,
    "\n"
);

const FLAGS: &str = "--fulcio url=https://f,api-version=1,start-time=2024-01-01T00:00:00Z,operator=me \
                     --rekor url=https://r2,api-version=2,start-time=2026-01-01T00:00:00Z,end-time=2027-01-01T00:00:00Z,operator=me \
                     --rekor url=https://r1,api-version=1,start-time=2025-01-01T00:00:00Z,operator=you \
                     --rekor-config EXACT:1 \
                     --oidc-provider url=https://o,api-version=1,start-time=2024-01-01T00:00:00Z,operator=me \
                     --tsa url=https://t,api-version=1,start-time=2024-01-01T00:00:00Z,operator=me --tsa-config ANY";

#[test]
fn the_configuration_is_the_one_that_cosign_makes() {
    let user = User::new();
    for (flags, expected) in [("", EMPTY), (FLAGS, EVERYTHING)] {
        let made = user.run(&format!("signing-config create {flags}"));
        assert_eq!((made.exit, made.text()), (0, expected), "{made}");
    }
}

#[test]
fn services_that_are_given_take_the_place_of_those_of_the_base() {
    let user = User::new();
    let out = user.run(&format!("signing-config create {FLAGS} --out base.json"));
    assert_eq!((out.exit, out.stdout.len()), (0, 0), "{out}");
    let other = "--tsa url=https://u,api-version=1,start-time=2024-01-01T00:00:00Z,operator=me --tsa-config ALL";
    let made = user.run(&format!("signing-config create --base-config base.json {other}"));
    let expected = EVERYTHING.replace("https://t", "https://u").replace("ANY", "ALL");
    assert_eq!((made.exit, made.text()), (0, &*expected), "{made}");
}

#[test]
fn what_is_missing_unknown_or_wrong_is_told() {
    let service = "url=u,api-version=1,start-time=2024-01-01T00:00:00Z,operator=me";
    for (line, told) in [
        (
            format!("--rekor {service}"),
            "--rekor-config must be provided when --rekor is specified",
        ),
        (
            "--tsa-config ANY".to_owned(),
            "--tsa-config says how many of the services of --tsa to use",
        ),
        (
            format!("--tsa {service} --tsa-config EXACT:0"),
            "--tsa-config is \"EXACT:0\", expected ANY, ALL or EXACT:",
        ),
        (
            "--fulcio url=u".to_owned(),
            "parsing fulcio spec: missing required key 'api-version' in service spec",
        ),
        (format!("--fulcio {service},origin=o"), "unknown key \"origin\""),
        ("--fulcio url=u,api-version=one".to_owned(), "api-version is \"one\""),
        ("--base-config absent.json".to_owned(), "reading absent.json"),
        (
            "--with-default-services".to_owned(),
            "neither TUF_ROOT nor HOME says where what is known of TUF repositories is kept",
        ),
    ] {
        let outcome = User::new().run(&format!("signing-config create {line}"));
        assert_eq!(outcome.exit, 1, "{line}: {outcome}");
        assert!(outcome.stderr.contains(told), "{line}: {outcome}");
    }
}
