use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;

#[test]
fn each_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let outcome = User::new().run(&format!("completion {shell}"));
        let script = String::from_utf8_lossy(&outcome.stdout);
        assert!(script.contains("completion"), "{shell}");
        assert!(script.contains("rekor-response"), "{shell}");
        assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""), "{shell}");
    }
}

#[test]
fn a_script_for_cosign_completes_cosign() {
    let outcome = User::new().run_as("/usr/bin/cosign", &["completion", "bash"]);
    let script = String::from_utf8_lossy(&outcome.stdout);
    assert!(script.contains("_cosign()"));
    // our name is in words of ours only
    let script = script.replace("-countersign", "").replace("countersign.", "");
    let found: Vec<&str> = script.lines().filter(|line| line.contains("countersign")).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn another_shell_is_refused() {
    assert_outcome!(
        User::new().run("completion tcsh"),
        str![[r#"
--- stderr
Error: invalid argument "tcsh" for "countersign completion"
help: `countersign completion --help` shows how it is used
--- exit 1

"#]]
    );
}
