use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::store::Condition;
use countersign_oci::{Reference, Store, Upload, media_type};
use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;

const OBJECTS: &str = "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: hello}\nspec:\n  steps:\n  - {name: a, image: \"x@y\", script: \"echo\\n\"}\n---\n\
                       apiVersion: tekton.dev/v1beta1\nkind: Pipeline\nmetadata: {name: pipe}\n---\n\
                       apiVersion: tekton.dev/v1beta1\nkind: Task\nmetadata: {name: old}\n";

fn pushed(registry: &Registry) -> (User, String) {
    let user = User::new();
    user.write("objects.yaml", OBJECTS);
    let name = registry.name("bundle:v1");
    let outcome = user.run(&format!("tekton push {name} -f objects.yaml"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    (user, name)
}

#[test]
fn objects_are_listed_by_kind_and_name() {
    let registry = Registry::open();
    let (user, name) = pushed(&registry);
    for (arguments, expected) in [
        (
            "",
            "task.tekton.dev/hello\npipeline.tekton.dev/pipe\ntask.tekton.dev/old\n",
        ),
        (
            "-o name",
            "task.tekton.dev/hello\npipeline.tekton.dev/pipe\ntask.tekton.dev/old\n",
        ),
        ("Tasks", "task.tekton.dev/hello\ntask.tekton.dev/old\n"),
        ("PIPELINE", "pipeline.tekton.dev/pipe\n"),
        ("task old", "task.tekton.dev/old\n"),
    ] {
        let outcome = user.run(&format!("tekton list {name} {arguments}"));
        assert_eq!((outcome.text(), outcome.exit), (expected, 0), "{outcome}");
    }
}

#[test]
fn objects_are_printed_as_json_and_yaml() {
    let registry = Registry::open();
    let (user, name) = pushed(&registry);
    assert_outcome!(
        user.run(&format!("tekton list {name} task -o yaml")),
        str![[r#"
apiVersion: tekton.dev/v1
kind: Task
metadata:
  name: hello
spec:
  steps:
  - image: "x@y"
    name: a
    script: "echo\n"
---
apiVersion: tekton.dev/v1beta1
kind: Task
metadata:
  name: old
--- exit 0

"#]]
    );
    assert_outcome!(
        user.run(&format!("tekton list {name} pipeline -o json")),
        str![[r#"
{
    "apiVersion": "tekton.dev/v1beta1",
    "kind": "Pipeline",
    "metadata": {
        "name": "pipe"
    }
}
--- exit 0

"#]]
    );
}

#[test]
fn what_is_not_there_is_told_in_the_words_of_tkn() {
    let registry = Registry::open();
    let (user, name) = pushed(&registry);
    for (arguments, message) in [
        (
            format!("{name} task nope"),
            r#"no objects of kind "task" named "nope" found in img"#,
        ),
        (format!("{name} run"), r#"no objects of kind "run" found in img"#),
        (
            format!("{name} clustertask"),
            "second argument clustertask is not a valid kind: [\"task\", \"pipeline\",",
        ),
        (String::new(), "accepts between 1 and 3 arg(s), received 0"),
        (format!("{name} task a b"), "accepts between 1 and 3 arg(s), received 4"),
    ] {
        let outcome = user.run(&format!("tekton list {arguments}"));
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(message), "{outcome}");
    }
    let outcome = user.run(&format!("tekton list {}", registry.name("bundle:none")));
    assert_eq!(outcome.exit, 11, "{outcome}");
}

/// Stores an image of one layer whose annotations say that it holds the task `hello`.
fn store(registry: &Registry, content: &[u8]) -> String {
    let name: Reference = registry.name("other:v1").parse().expect("this is a name");
    let layer = Descriptor {
        annotations: [("name", "hello"), ("kind", "task"), ("apiVersion", "v1")]
            .map(|(key, value)| (format!("dev.tekton.image.{key}"), value.to_owned()))
            .into(),
        ..Descriptor::of("application/vnd.oci.image.layer.v1.tar", content)
    };
    let config = Descriptor::of(media_type::OCI_EMPTY, b"{}");
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "config": config,
        "layers": [layer],
    });
    let manifest = Manifest::parse(manifest.to_string().into(), "").expect("a manifest");
    let client = registry.client();
    registry.wait(async {
        for blob in [b"{}", content] {
            let upload = Upload::bytes(blob.to_vec());
            client
                .push_blob(name.repository(), &upload)
                .await
                .expect("it is stored");
        }
        let pushed = client.push_manifest(&name, &manifest, Condition::Always).await;
        pushed.expect("it is stored");
    });
    name.to_string()
}

#[test]
fn a_layer_that_lies_about_its_object_is_refused() {
    let registry = Registry::open();
    let user = User::new();
    let honest = "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: hello}\n";
    let name = store(&registry, honest.as_bytes());
    assert_eq!(
        user.run(&format!("tekton list {name}")).text(),
        "task.tekton.dev/hello\n"
    );
    let name = store(&registry, honest.replace("hello", "evil").as_bytes());
    let outcome = user.run(&format!("tekton list {name}"));
    assert_eq!((outcome.text(), outcome.exit), ("", 21), "{outcome}");
    let message = r#"dev.tekton.image.name is "hello", expected "evil" as in the object"#;
    assert!(outcome.stderr.contains(message), "{outcome}");
}
