use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;

const IMAGE: &str = "registry.example/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn the_payload_is_cosigns_to_the_byte() {
    let user = User::new();
    assert_outcome!(
        user.run(&format!("generate {IMAGE}")),
        str![[r#"
{"critical":{"identity":{"docker-reference":"registry.example/app"},"image":{"docker-manifest-digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},"type":"cosign container image signature"},"optional":null}--- exit 0

"#]]
    );
    assert_outcome!(
        user.run(&format!("generate -a b=2,a=<1> -a c=3 {IMAGE}")),
        str![[r#"
{"critical":{"identity":{"docker-reference":"registry.example/app"},"image":{"docker-manifest-digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},"type":"cosign container image signature"},"optional":{"a":"\u003c1\u003e","b":"2","c":"3"}}--- exit 0

"#]]
    );
}

#[test]
fn an_annotation_needs_an_equals_sign() {
    assert_outcome!(
        User::new().run(&format!("generate -a b {IMAGE}")),
        str![[r#"
--- stderr
Error: unable to parse annotation: b
help: `countersign generate --help` shows how it is used
--- exit 1

"#]]
    );
}
