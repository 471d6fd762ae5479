use crate::registry::Registry;
use crate::signing::{LEGACY, SIGN, push, signer};

const VERIFY: &str = "dockerfile verify --key a.pub --insecure-ignore-tlog";

#[test]
fn images_of_both_formats_are_verified_and_pinned() {
    let (registry, user) = (Registry::open(), signer());
    let (bundle, legacy) = (registry.name("bundle:v1"), registry.name("legacy:v1"));
    push(&user, &registry, "bundle:v1", "bundle");
    push(&user, &registry, "legacy:v1", "legacy");
    assert_eq!(user.run(&format!("{SIGN} {bundle}")).exit, 0);
    assert_eq!(user.run(&format!("{SIGN} {LEGACY} {legacy}")).exit, 0);
    let text = format!(
        "ARG REG={}\nFROM ${{REG}}/bundle:v1 \\\n  AS one\nFROM scratch\nCOPY --from=one /a /a\nRUN --mount=from={legacy},target=/x true\n",
        registry.host()
    );
    user.write("Dockerfile", text);
    let outcome = user.run(&format!("{VERIFY} --resolve pinned Dockerfile"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let told = [
        "- scratch image ignored\n- stage reference ignored: one\n".to_owned(),
        format!("Extracted image(s): {bundle}, {legacy}\n"),
        "Wrote pinned with its images by digest\n".to_owned(),
    ];
    for text in told {
        assert!(outcome.stderr.contains(&text), "{text:?}: {outcome}");
    }
    let digest = |name: &str| String::from_utf8(user.run(&format!("digest {name}")).stdout).expect("a digest");
    assert_eq!(
        String::from_utf8(user.read("pinned")).expect("text"),
        format!(
            "ARG REG={}\nFROM {bundle}@{} \\\n  AS one\nFROM scratch\nCOPY --from=one /a /a\nRUN --mount=from={legacy}@{},target=/x true\n",
            registry.host(),
            digest(&bundle).trim(),
            digest(&legacy).trim()
        )
    );
}

#[test]
fn nothing_is_written_where_one_image_is_not_signed() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "signed:v1", "signed");
    push(&user, &registry, "unsigned:v1", "unsigned");
    let (signed, unsigned) = (registry.name("signed:v1"), registry.name("unsigned:v1"));
    assert_eq!(user.run(&format!("{SIGN} {signed}")).exit, 0);
    user.write("Dockerfile", format!("FROM {unsigned}\nFROM {signed}\n"));
    let outcome = user.run(&format!("{VERIFY} --resolve pinned Dockerfile"));
    assert_eq!(outcome.exit, 10, "{outcome}");
    assert!(!user.path("pinned").exists());
    // The base alone is signed.
    let outcome = user.run(&format!("{VERIFY} --base-image-only --resolve pinned Dockerfile"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert!(
        String::from_utf8(user.read("pinned"))
            .expect("text")
            .starts_with(&format!("FROM {unsigned}\nFROM {signed}@sha256:"))
    );
}

#[test]
fn a_file_without_images_and_a_name_without_value_are_errors() {
    let user = signer();
    user.write("Dockerfile", "FROM scratch\n");
    let outcome = user.run(&format!("{VERIFY} Dockerfile"));
    assert_eq!(
        (outcome.exit, outcome.stderr.as_str()),
        (1, "- scratch image ignored\nError: no images found in Dockerfile\n")
    );
    user.write("Dockerfile", "\nFROM a/$TAG\n");
    let outcome = user.run(&format!("{VERIFY} Dockerfile"));
    assert_eq!(
        (outcome.exit, outcome.stderr.as_str()),
        (
            1,
            "Error: Dockerfile\n  caused by: line 2: \"a/$TAG\" has the variable TAG, which has no value\n"
        )
    );
}

#[test]
fn what_is_not_named_cannot_be_pinned() {
    let user = signer();
    user.write("Dockerfile", "FROM a\n");
    let outcome = user.run(&format!("{VERIFY} --recursive --resolve pinned Dockerfile"));
    assert_eq!(outcome.exit, 1, "{outcome}");
    assert!(
        outcome.stderr.starts_with(
            "Error: --resolve pins what is named: not with --recursive, --platform, --attachment or --local-image"
        ),
        "{outcome}"
    );
}
