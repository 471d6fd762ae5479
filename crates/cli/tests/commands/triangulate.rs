use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;

const IMAGE: &str = "alpine@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn the_tags_are_cosigns_and_need_no_network_for_a_digest() {
    let user = User::new();
    assert_outcome!(
        user.run(&format!("triangulate {IMAGE}")),
        str![[r#"
index.docker.io/library/alpine:sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.sig
--- exit 0

"#]]
    );
    assert_outcome!(
        user.run(&format!("triangulate --type attestation {IMAGE}")),
        str![[r#"
index.docker.io/library/alpine:sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.att
--- exit 0

"#]]
    );
    assert_outcome!(
        user.run(&format!("triangulate --type=sbom {IMAGE}")),
        str![[r#"
index.docker.io/library/alpine:sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.sbom
--- exit 0

"#]]
    );
    assert_outcome!(
        user.run(&format!("triangulate --type digest {IMAGE}")),
        str![[r#"
index.docker.io/library/alpine@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
--- exit 0

"#]]
    );
}

#[test]
fn another_repository_and_a_prefix_are_honoured() {
    let user = User::new().with_variable("COSIGN_REPOSITORY", "registry.example/signatures");
    assert_outcome!(
        user.run(&format!("triangulate --attachment-tag-prefix team- {IMAGE}")),
        str![[r#"
registry.example/signatures:team-sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.sig
--- exit 0

"#]]
    );
}

#[test]
fn another_type_is_refused() {
    assert_outcome!(
        User::new().run(&format!("triangulate --type x {IMAGE}")),
        str![[r#"
--- stderr
Error: unknown attachment type x
help: `countersign triangulate --help` shows how it is used
--- exit 1

"#]]
    );
    assert_outcome!(
        User::new().run("triangulate"),
        str![[r#"
--- stderr
Error: accepts 1 arg(s), received 0
help: `countersign triangulate --help` shows how it is used
--- exit 1

"#]]
    );
}
