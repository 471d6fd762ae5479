use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{SIGN, VERIFY, signer};

/// A task as tkn's golden bundle has it.
const TASK: &str = include_str!("../../../../artifacts/tests/data/tekton/task.yaml");

fn task(name: &str) -> String {
    format!("apiVersion: tekton.dev/v1\nkind: Task\nmetadata:\n  name: {name}\n")
}

#[test]
fn objects_become_the_bundle_that_tkn_makes() {
    let registry = Registry::open();
    let user = User::new();
    user.write("task.yaml", TASK);
    let name = registry.name("bundle:v1");
    let outcome = user.run(&format!("tekton push {name} -f task.yaml"));
    // The digest is the one that tkn with Go 1.26 made of this file.
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
Creating Tekton Bundle:
	- Added Task: hello to image

Pushed Tekton Bundle to REGISTRY/bundle@sha256:6ee3f38f33059cb8cb186515c5cfb4fe1f54f71a6109f0943d7caa404dc71f09
--- exit 0

"#]]
    );
    let again = user.answering(TASK).run(&format!("tekton push -f - {name}"));
    assert!(again.text().contains("@sha256:6ee3f38f33059cb8"), "{again}");
}

#[test]
fn folders_and_lists_of_files_are_read() {
    let registry = Registry::open();
    let user = User::new();
    for folder in ["a", "a/within.yaml", "empty"] {
        std::fs::create_dir(user.path(folder)).expect("the folder is writable");
    }
    for (file, name) in [
        ("a/2.yml", "two"),
        ("a/1.yaml", "one"),
        ("3.yaml", "three"),
        ("a/no.txt", "no"),
    ] {
        user.write(file, task(name));
    }
    user.write(
        "a/4.json",
        r#"{"apiVersion":"tekton.dev/v1","kind":"Pipeline","metadata":{"name":"four"}}"#,
    );
    let name = registry.name("bundle:v1");
    let pushed = user.run(&format!("tekton push {name} -f a/,3.yaml"));
    assert_eq!(pushed.exit, 0, "{pushed}");
    let again = user.run(&format!("tekton push {name} -f 3.yaml -f a"));
    assert_eq!(pushed.text(), again.text());
    let listed = user.run(&format!("tekton list {name}"));
    let mut lines: Vec<&str> = listed.text().lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "pipeline.tekton.dev/four",
            "task.tekton.dev/one",
            "task.tekton.dev/three",
            "task.tekton.dev/two"
        ]
    );
    let outcome = user.run(&format!("tekton push {name} -f empty"));
    assert!(
        outcome.stderr.contains("empty has no files of YAML or JSON"),
        "{outcome}"
    );
}

#[test]
fn labels_annotations_and_the_time_are_kept() {
    let registry = Registry::open();
    let user = User::new().with_variable("SOURCE_DATE_EPOCH", "1600000000");
    user.write("task.yaml", TASK);
    let name = registry.name("bundle:v1");
    let config = |flags: &str| {
        let outcome = user.run(&format!("tekton push {name} -f task.yaml {flags}"));
        assert_eq!(outcome.exit, 0, "{outcome}");
        let reference = name.parse::<countersign_oci::Reference>().expect("this is a name");
        let manifest = registry.manifest(&reference).expect("it was pushed");
        let config = manifest.content().config.clone().expect("an image has one");
        let config = registry.blob(reference.repository(), &config.digest);
        let config: serde_json::Value = serde_json::from_slice(&config).expect("it is JSON");
        (manifest, config)
    };
    let (manifest, said) = config("--annotate a=1,b=2 --label x=y --label z= --ctime 2020-01-02T03:04:05+05:00");
    assert_eq!(said["created"], "2020-01-02T03:04:05+05:00");
    assert_eq!(said["config"]["Labels"], serde_json::json!({"x": "y", "z": ""}));
    assert_eq!(manifest.content().annotations["b"], "2");
    let (manifest, silent) = config("");
    assert_eq!(silent["created"], "2020-09-13T12:26:40Z");
    assert_eq!(silent["config"], serde_json::json!({}));
    assert!(manifest.content().annotations.is_empty());
}

#[test]
fn what_is_no_bundle_is_told() {
    let user = User::new();
    let many: String = (0..21)
        .map(|number| format!("{}---\n", task(&format!("t{number}"))))
        .collect();
    user.write("many.yaml", many);
    user.write("one.yaml", task("one"));
    user.write("other.yaml", format!("# other\n{}", task("one")));
    user.write("none.yaml", "---\n");
    user.write("map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    user.write("nameless.yaml", "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {}\n");
    user.write("broken.yaml", "a: [1\n");
    user.write("binary.yaml", b"\xff\xfe");
    for (files, message, cause) in [
        (
            "-f many.yaml",
            "bundle contains more than the maximum 20 allowed objects: found 21",
            "",
        ),
        ("-f one.yaml,other.yaml", "Task one (v1) is there twice: in ", ""),
        ("-f none.yaml", "the bundle would hold no object, expected 1 to 20", ""),
        (
            "-f map.yaml",
            "map.yaml: document 1",
            r#""ConfigMap" of "v1" is no kind of Tekton, expected one of"#,
        ),
        (
            "-f nameless.yaml",
            "nameless.yaml: document 1",
            "kubernetes resources should have a name",
        ),
        ("-f broken.yaml", "Error: broken.yaml", "caused by: line 2: "),
        ("-f binary.yaml", "reading binary.yaml", "invalid utf-8"),
        ("-f missing.yaml", "reading missing.yaml", ""),
        ("-f -", "failed to read bundle contents from stdin: empty input", ""),
        ("", r#"required flag(s) "filenames" not set"#, ""),
        (
            "-f one.yaml --ctime now",
            r#"--ctime: expected YYYY-MM-DD, YYYY-MM-DDTHH:MM:SS or RFC 3339, found "now""#,
            "",
        ),
        ("-f one.yaml --label x", "unable to parse annotation: x", ""),
    ] {
        let outcome = user.run(&format!("tekton push reg.local/bundle:v1 {files}"));
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert_eq!(outcome.text(), "");
        assert!(
            outcome.stderr.contains(message) && outcome.stderr.contains(cause),
            "{outcome}"
        );
    }
    let digest = countersign_core::Digest::sha256(b"");
    let outcome = user.run(&format!("tekton push reg.local/bundle@{digest} -f one.yaml"));
    assert!(outcome.stderr.contains("a bundle is pushed to a tag"), "{outcome}");
}

#[test]
fn a_bundle_is_signed_and_verified_as_any_image() {
    let registry = Registry::open();
    let user = signer();
    user.write("task.yaml", TASK);
    let name = registry.name("bundle:v1");
    assert_eq!(user.run(&format!("tekton push {name} -f task.yaml")).exit, 0);
    for format in ["bundle", "legacy"] {
        let signed = user.run(&format!("{SIGN} --format {format} {name}"));
        assert_eq!(signed.exit, 0, "{signed}");
        let verified = user.run(&format!("{VERIFY} {name}"));
        assert_eq!(verified.exit, 0, "{verified}");
    }
    // Another object makes another bundle, which nobody has signed.
    user.write("task.yaml", task("other"));
    assert_eq!(user.run(&format!("tekton push {name} -f task.yaml")).exit, 0);
    let refused = user.run(&format!("{VERIFY} {name}"));
    assert_eq!(refused.exit, 10, "{refused}");
}
