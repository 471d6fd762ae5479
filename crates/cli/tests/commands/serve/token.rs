//! `serve token`: whom a token can be for, and whose it is.

use snapbox::str;

use super::Serving;
use crate::assert_outcome;
use crate::harness::User;

#[test]
fn a_token_is_for_an_address() {
    let user = User::new();
    let serving = Serving::start(&user.path(""), &["--root", "data"]);
    assert_outcome!(
        user.run("serve token --root data --email you"),
        str![[r#"
--- stderr
Error: --email: e-mail address is "you", expected NAME@HOST
help: `countersign serve token --help` shows how it is used
--- exit 1

"#]]
    );
    drop(serving);
    assert_outcome!(
        user.run("serve token --root elsewhere --email you@example.com"),
        str![[r#"
--- stderr
Error: --root elsewhere: no OpenID provider is, or was last, served from there
help: `countersign serve token --help` shows how it is used
--- exit 1

"#]]
    );
}
