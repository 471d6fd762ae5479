use crate::harness::User;

#[test]
fn every_command_gets_a_page() {
    let user = User::new();
    let outcome = user.run("man pages");
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""));
    for page in [
        "countersign.1",
        "countersign-version.1",
        "countersign-env.1",
        "countersign-attach-sbom.1",
    ] {
        let text = user.read(&format!("pages/{page}"));
        assert!(String::from_utf8_lossy(&text).contains(".TH"), "{page}");
    }
}
