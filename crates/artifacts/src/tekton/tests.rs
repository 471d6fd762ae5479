use countersign_core::Digest;
use countersign_oci::manifest::Descriptor;
use serde_json::json;

use super::{Bundle, BundleError, Input, Object, ObjectError, content, created, to_yaml};

fn bundle(texts: &[&str]) -> Result<Bundle, BundleError> {
    let inputs = (1..).zip(texts).map(|(number, text)| Input {
        name: format!("file {number}"),
        text: (*text).to_owned(),
    });
    Bundle::of(inputs.collect())
}

fn objects(texts: &[&str]) -> Vec<Object> {
    bundle(texts).expect("a bundle").objects().to_vec()
}

/// Why the one document of a text is no object.
fn refused(text: &str) -> ObjectError {
    match bundle(&[text]) {
        Err(BundleError::Object { source, .. }) => source,
        other => panic!("{other:?}"),
    }
}

fn task(name: &str) -> String {
    format!("apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {{name: {name}}}\n---\n")
}

#[test]
fn documents_of_yaml_and_json_are_objects() {
    let found = objects(&[
        "---\n# nothing\n---\napiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: a}\nx: yes\n---\n\
                          {apiVersion: tekton.dev/v1alpha1, kind: Run, metadata: {name: b}}\n",
    ]);
    let shown: Vec<String> = found
        .iter()
        .map(|object| format!("{} {} {}", object.version(), object.kind(), object.name()))
        .collect();
    assert_eq!(shown, ["v1 Task a", "v1alpha1 Run b"]);
    assert_eq!(
        found[0].json(),
        br#"{"apiVersion":"tekton.dev/v1","kind":"Task","metadata":{"name":"a"},"x":true}"#
    );
}

#[test]
fn json_is_kept_as_it_is_given() {
    let one = r#"{ "kind":"Task","apiVersion":"tekton.dev/v1", "metadata":{"name":"a"}, "n": 1.00 }"#;
    let other = one.replace("\"a\"", "\"b\"");
    let found = objects(&[&format!("\n{one}\n{other}\n")]);
    assert_eq!(found[0].json(), one.as_bytes());
    assert_eq!(found[1].json(), other.as_bytes());
}

#[test]
fn yaml_may_follow_the_first_value_of_json() {
    let one = r#"{"kind":"Task","apiVersion":"tekton.dev/v1","metadata":{"name":"a"}}"#;
    let found = objects(&[&format!("{one}\n---\n{}", task("b"))]);
    assert_eq!(found[0].json(), one.as_bytes());
    assert_eq!(found[1].name(), "b");
    let flow = objects(&["{kind: Task, apiVersion: tekton.dev/v1, metadata: {name: a}}"]);
    assert_eq!(
        flow[0].json(),
        br#"{"apiVersion":"tekton.dev/v1","kind":"Task","metadata":{"name":"a"}}"#
    );
}

#[test]
fn the_order_of_files_does_not_count() {
    let texts = [task("a"), task("b"), task("c")];
    let there = objects(&[&texts[0], &texts[1], &texts[2]]);
    let back = objects(&[&texts[2], &texts[1], &texts[0]]);
    assert_eq!(there, back);
}

#[test]
fn what_tekton_does_not_have_is_refused() {
    let of =
        |kind: &str, version: &str| refused(&format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}"));
    for (kind, version) in [
        ("ClusterTask", "tekton.dev/v1beta1"),
        ("StepAction", "tekton.dev/v1"),
        ("ConfigMap", "v1"),
        ("task", "tekton.dev/v1"),
        ("Task", "tekton.dev/v2"),
        ("Task, Pipeline", "tekton.dev/v1"),
    ] {
        let expected = ObjectError::Kind {
            kind: kind.to_owned(),
            api_version: version.to_owned(),
        };
        assert_eq!(of(kind, version), expected);
    }
    let text = of("ConfigMap", "v1").to_string();
    assert!(
        text.starts_with(r#""ConfigMap" of "v1" is no kind of Tekton, expected one of tekton.dev/v1 Task, Pipeline,"#),
        "{text}"
    );
}

#[test]
fn what_has_the_wrong_type_or_no_name_is_refused() {
    let head = "apiVersion: tekton.dev/v1\nkind: Task\n";
    let wrong = |member: &str, expected, found| ObjectError::Type {
        member: member.to_owned(),
        expected,
        found,
    };
    for (rest, expected) in [
        ("", wrong("metadata", "an object", "nothing")),
        ("metadata: {}", ObjectError::NoName),
        ("metadata: {name: ''}", ObjectError::NoName),
        ("metadata: {generateName: a-}", ObjectError::NoName),
        (
            "metadata: {name: yes}",
            wrong("metadata.name", "a text", "a truth value"),
        ),
        (
            "metadata: {name: a, labels: [1]}",
            wrong("metadata.labels", "an object", "a list"),
        ),
        (
            "metadata: {name: a, annotations: {b: 1}}",
            wrong("metadata.annotations[\"b\"]", "a text", "a number"),
        ),
        ("metadata: {name: a}\nspec: b", wrong("spec", "an object", "a text")),
    ] {
        assert_eq!(refused(&format!("{head}{rest}")), expected, "{rest}");
    }
    assert_eq!(refused("[]"), wrong("the document", "an object", "a list"));
    assert_eq!(refused("{}"), wrong("apiVersion", "a text", "nothing"));
    let long = "a".repeat(254);
    let limit = ObjectError::LongName { found: 254, limit: 253 };
    assert_eq!(refused(&format!("{head}metadata: {{name: {long}}}")), limit);
}

#[test]
fn objects_are_counted_not_files() {
    let many = |count: usize| (0..count).map(|number| task(&format!("t{number}"))).collect::<String>();
    assert_eq!(objects(&[&many(20)]).len(), 20);
    let found = bundle(&[&many(21)]);
    assert!(matches!(found, Err(BundleError::TooMany { found: 21 })), "{found:?}");
    for empty in ["", "---\n---\n", "# nothing\n"] {
        let found = bundle(&[empty]);
        assert!(matches!(found, Err(BundleError::Empty)), "{found:?}");
    }
}

#[test]
fn two_objects_of_one_name_kind_and_version_are_refused() {
    let beta = task("a").replace("v1", "v1beta1");
    assert_eq!(objects(&[&task("a"), &beta]).len(), 2);
    let found = bundle(&[&task("a"), &format!("# other\n{}", task("a"))]).map(drop);
    let Err(BundleError::Duplicate { object, first, second }) = found else {
        panic!("{found:?}")
    };
    assert_eq!(object, "Task a (v1)");
    let mut places = [first, second];
    places.sort();
    assert_eq!(places, ["file 1", "file 2"]);
}

#[test]
fn times_are_those_that_tkn_takes() {
    for (text, expected) in [
        ("2020-01-02", Some("2020-01-02T00:00:00Z")),
        ("2020-01-02T03:04:05", Some("2020-01-02T03:04:05Z")),
        ("2020-01-02T03:04:05+05:00", Some("2020-01-02T03:04:05+05:00")),
        ("2020-01-02T03:04:05+00:00", Some("2020-01-02T03:04:05Z")),
        ("2020-01-02T03:04:05.120Z", Some("2020-01-02T03:04:05.12Z")),
        ("2020-01-02T03:04:05.000Z", Some("2020-01-02T03:04:05Z")),
        ("2020-1-2", None),
        ("2020-13-02", None),
        ("now", None),
        ("2020-01-02 03:04:05Z", None),
    ] {
        assert_eq!(created(text).as_deref(), expected, "{text}");
    }
}

fn layer(content: &[u8], annotations: [&str; 3]) -> Descriptor {
    let keys = [
        "dev.tekton.image.name",
        "dev.tekton.image.kind",
        "dev.tekton.image.apiVersion",
    ];
    let pairs = keys.iter().zip(annotations).filter(|(_, value)| !value.is_empty());
    Descriptor {
        annotations: pairs
            .map(|(key, value)| ((*key).to_owned(), value.to_owned()))
            .collect(),
        ..Descriptor::of("application/vnd.oci.image.layer.v1.tar+gzip", content)
    }
}

#[test]
fn a_layer_is_an_archive_or_the_object_itself_compressed_or_not() {
    let object = task("a");
    let archive = crate::folder::archive(&[("any", 0o600, object.as_bytes()), ("other", 0o600, b"x")]);
    for bytes in [
        object.clone().into_bytes(),
        crate::gzip::compress(object.as_bytes()),
        archive.clone(),
        crate::gzip::compress(&archive),
    ] {
        for version in ["v1", "tekton.dev/v1"] {
            let found = content(&layer(&bytes, ["a", "task", version]), &bytes).expect("an object");
            assert_eq!((found.kind(), found.name()), ("Task", "a"));
        }
    }
}

#[test]
fn a_layer_must_hold_what_its_annotations_say() {
    let bytes = task("a").into_bytes();
    for (annotations, annotation, expected, found) in [
        (["b", "task", "v1"], "dev.tekton.image.name", "a", Some("b")),
        (["a", "Task", "v1"], "dev.tekton.image.kind", "task", Some("Task")),
        (
            ["a", "task", "v1beta1"],
            "dev.tekton.image.apiVersion",
            "v1",
            Some("v1beta1"),
        ),
        (["a", "task", ""], "dev.tekton.image.apiVersion", "v1", None),
    ] {
        let error = content(&layer(&bytes, annotations), &bytes).map(drop);
        let Err(BundleError::Annotation {
            layer,
            annotation: on,
            expected: wanted,
            found: there,
        }) = error
        else {
            panic!("{error:?}")
        };
        assert_eq!(layer, Digest::sha256(&bytes));
        assert_eq!((on, &*wanted, there.as_deref()), (annotation, expected, found));
    }
}

#[test]
fn a_layer_that_cannot_be_read_is_an_error() {
    let right = ["a", "task", "v1"];
    let many = format!("{}{}", task("a"), task("b"));
    let found = content(&layer(many.as_bytes(), right), many.as_bytes());
    assert!(matches!(found, Err(BundleError::Layer { found: 2, .. })), "{found:?}");
    let found = content(&layer(b"", right), b"");
    assert!(matches!(found, Err(BundleError::Layer { found: 0, .. })), "{found:?}");
    let cut = &crate::gzip::compress(many.as_bytes())[..40];
    let found = content(&layer(cut, right), cut);
    assert!(matches!(found, Err(BundleError::Unpack { .. })), "{found:?}");
    let bomb = crate::gzip::compress(&vec![b' '; super::OBJECT_LIMIT + 1]);
    let found = content(&layer(&bomb, right), &bomb);
    assert!(
        matches!(
            found,
            Err(BundleError::TooLarge {
                limit: super::OBJECT_LIMIT,
                ..
            })
        ),
        "{found:?}"
    );
}

#[test]
fn yaml_that_is_written_means_the_same() {
    let value = json!({
        "metadata": {"name": "a", "labels": {"on": "yes", "empty": ""}},
        "spec": {"steps": [{"image": "a@b", "args": ["-c", "x", []]}, {}], "none": null, "n": 1.5, "list": [[1, 2], {"k": "v"}]},
        "text": "two\nlines: # \"quoted\"\n",
        "1": true,
    });
    let written = to_yaml(&value);
    assert_eq!(crate::yaml::documents(&written), Ok(vec![value]), "{written}");
    assert!(
        written.contains("spec:\n  list:\n  - - 1\n    - 2\n  - k: v\n"),
        "{written}"
    );
}

#[test]
fn a_long_key_is_written_on_a_line_of_its_own() {
    let (long, longer) = ("k".repeat(129), "\u{16}".repeat(400));
    let value = json!({"a": [{long.clone(): {longer: [1]}}], "k".repeat(128): 1});
    let written = to_yaml(&value);
    assert_eq!(crate::yaml::documents(&written), Ok(vec![value]), "{written}");
    assert!(
        written.starts_with(&format!("a:\n- ? {long}\n  :\n    ? \"")),
        "{written}"
    );
}
