use crate::harness::User;

fn exit_codes(stdout: &str) -> Vec<&str> {
    stdout.lines().filter(|line| line.starts_with("(exit code ")).collect()
}

#[test]
fn the_walk_signs_verifies_and_shows_four_refusals() {
    let outcome = User::new().today().run("quickstart");
    let stdout = String::from_utf8_lossy(&outcome.stdout);
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""));
    assert_eq!(
        exit_codes(&stdout),
        ["(exit code 12)", "(exit code 10)", "(exit code 12)", "(exit code 21)"]
    );
    assert_eq!(stdout.matches("The cosign claims were validated").count(), 3);
    assert!(
        stdout.ends_with("Nothing is left behind; `--keep FOLDER` keeps it all.\n"),
        "{stdout}"
    );
}

#[test]
fn what_is_kept_is_all_in_one_folder() {
    let user = User::new().today();
    assert_eq!(user.run("quickstart --keep kept").exit, 0);
    for name in ["kept/cosign.key", "kept/cosign.pub", "kept/hello.txt", "kept/registry"] {
        assert!(user.path(name).exists(), "{name}");
    }
}
