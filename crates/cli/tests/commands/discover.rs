use snapbox::str;

use crate::assert_outcome;
use crate::harness::{Outcome, User};
use crate::registry::Registry;

const CREATED: &str = "org.opencontainers.image.created=2020-01-01T00:00:00Z";

/// An artifact to which one of each of these types refers; `c/d` refers to the first `a/b`.
fn artifact(user: &User) -> Registry {
    let registry = Registry::open();
    user.write("hi.txt", "hello\n");
    let name = registry.name("app:v1");
    let run = |line: &str| {
        let outcome = user.run(line);
        assert_eq!(outcome.exit, 0, "{outcome}");
        outcome.text().trim_end().to_owned()
    };
    run(&format!("push -a {CREATED} {name} hi.txt"));
    let first = run(&format!("attach --artifact-type a/b -a {CREATED} {name} hi.txt"));
    run(&format!(
        "attach --artifact-type a/b -a {CREATED} -a yes=no -a note=a:b {name} hi.txt"
    ));
    run(&format!("attach --artifact-type e/f -a {CREATED} {name} hi.txt"));
    run(&format!("attach --artifact-type c/d -a {CREATED} {first} hi.txt"));
    registry
}

fn discovered(user: &User, registry: &Registry, flags: &str) -> Outcome {
    let outcome = user.run(&format!("discover {flags} {}", registry.name("app:v1")));
    outcome.redacted(registry.host()).hiding_digests()
}

#[test]
fn all_levels_are_drawn_as_oras_draws_them() {
    let user = User::new();
    let registry = artifact(&user);
    assert_outcome!(
        discovered(&user, &registry, ""),
        str![[r#"
REGISTRY/app@DIGEST
├── a/b
│   ├── DIGEST
│   │   └── [annotations]
│   │       ├── note: a:b
│   │       ├── org.opencontainers.image.created: "2020-01-01T00:00:00Z"
│   │       └── "yes": "no"
│   └── DIGEST
│       ├── [annotations]
│       │   └── org.opencontainers.image.created: "2020-01-01T00:00:00Z"
│       └── c/d
│           └── DIGEST
│               └── [annotations]
│                   └── org.opencontainers.image.created: "2020-01-01T00:00:00Z"
└── e/f
    └── DIGEST
        └── [annotations]
            └── org.opencontainers.image.created: "2020-01-01T00:00:00Z"
--- exit 0

"#]]
    );
}

#[test]
fn depth_and_type_are_limits() {
    let user = User::new();
    let registry = artifact(&user);
    let shown = |flags: &str| discovered(&user, &registry, flags).text().to_owned();
    assert!(shown("").contains("c/d"));
    assert!(!shown("--depth 1").contains("c/d"));
    assert!(shown("--depth 2").contains("c/d"));
    let of_type = shown("--artifact-type e/f");
    assert!(of_type.contains("e/f") && !of_type.contains("a/b"), "{of_type}");
    // what refers to an artifact of another type is not looked for
    assert_eq!(shown("--artifact-type c/d"), "REGISTRY/app@DIGEST\n");
    let outcome = discovered(&user, &registry, "--depth 0");
    assert!(
        outcome.stderr.starts_with("Error: depth value should be at least 1\n"),
        "{outcome}"
    );
}

#[test]
fn json_is_that_of_oras() {
    let user = User::new();
    let registry = artifact(&user);
    assert_outcome!(
        discovered(&user, &registry, "--format json --artifact-type e/f"),
        str![[r#"
{
  "reference": "REGISTRY/app@DIGEST",
  "mediaType": "application/vnd.oci.image.manifest.v1+json",
  "digest": "DIGEST",
  "size": 584,
  "referrers": [
    {
      "reference": "REGISTRY/app@DIGEST",
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "digest": "DIGEST",
      "size": 715,
      "annotations": {
        "org.opencontainers.image.created": "2020-01-01T00:00:00Z"
      },
      "artifactType": "e/f",
      "referrers": []
    }
  ]
}
--- exit 0

"#]]
    );
    let all = discovered(&user, &registry, "-o json");
    let parsed: serde_json::Value = serde_json::from_slice(&all.stdout).expect("it is JSON");
    let first = &parsed["referrers"];
    assert_eq!(first.as_array().map(Vec::len), Some(3), "{parsed}");
    let nested = first
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|one| one["referrers"].as_array());
    assert_eq!(nested.map(Vec::len).sum::<usize>(), 1, "{parsed}");
}

#[test]
fn an_artifact_that_is_not_there_is_told() {
    let registry = Registry::open();
    let outcome = User::new().run(&format!("discover {}", registry.name("app:v1")));
    assert_eq!(outcome.exit, 11, "{outcome}");
}
