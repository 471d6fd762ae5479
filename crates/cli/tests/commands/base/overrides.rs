//! What the layers above a base may neither replace nor delete.

use serde_json::{Value, json};

use super::{Layer, SIGN, VERIFY, expect, push, refused};
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{self, signer};

/// A signed base with a shell, and `app:v1` upon it with these layers.
fn image(user: &User, above: &[&[&str]]) -> Registry {
    let registry = Registry::open();
    let base = [
        "usr/",
        "usr/bin/",
        "usr/bin/sh",
        "usr/bin/ls",
        "etc/",
        "etc/passwd",
        "etc/ssl/cert.pem",
    ];
    let mut layers = vec![Layer::with_files(&base)];
    push(&registry, "base:v1", &layers);
    expect(user, &format!("{SIGN} --embed {}", registry.name("base:v1")), 0);
    layers = with_marks(&registry, layers);
    layers.extend(above.iter().map(|names| Layer::with_files(names)));
    push(&registry, "app:v1", &layers);
    registry
}

/// The layers of the base as `base sign --embed` left them.
fn with_marks(registry: &Registry, layers: Vec<Layer>) -> Vec<Layer> {
    let marked = super::manifest(registry, "base:v1");
    let marks = marked["layers"][0]["annotations"]
        .as_object()
        .expect("it has marks")
        .clone();
    let all = layers.into_iter().map(|layer| {
        let mut marks = marks.iter();
        marks.by_ref().fold(layer, |layer, (name, value)| {
            layer.annotated(name, value.as_str().expect("a text"))
        })
    });
    all.collect()
}

fn line(registry: &Registry, patterns: &[&str]) -> String {
    let flags: Vec<String> = patterns
        .iter()
        .map(|pattern| format!("--forbid-overrides {pattern}"))
        .collect();
    format!("{VERIFY} {} {}", flags.join(" "), registry.name("app:v1"))
}

#[test]
fn what_is_replaced_or_deleted_of_a_base_is_told_and_what_must_stay_is_refused() {
    let user = signer();
    let registry = image(&user, &[&["opt/app", "usr/bin/app"], &["etc/passwd", "usr/bin/.wh.ls"]]);
    let told = expect(&user, &line(&registry, &["/etc/ssl/**", "/usr/bin/sh"]), 0);
    let expected = "  layer 3 replaces \"/etc/passwd\"\n  layer 3 deletes \"/usr/bin/ls\"\n";
    assert!(told.text().contains(expected), "{told}");
    let json = expect(&user, &format!("{} -o json", line(&registry, &["/etc/ssl/**"])), 0);
    let object: Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    assert_eq!(
        object["images"][0]["overrides"],
        json!({"count": 2, "listed": [
            {"layer": 3, "path": "/etc/passwd", "fate": "replaced"},
            {"layer": 3, "path": "/usr/bin/ls", "fate": "deleted"},
        ]})
    );
    let line_of = |pattern| line(&registry, &["/etc/ssl/**", pattern]);
    refused(
        &user,
        &line_of("/usr/bin/**"),
        12,
        "caused by: layer 3 deletes \"/usr/bin/ls\", which /usr/bin/** keeps as the base has it",
    );
    let both = expect(&user, &line_of("/**"), 12);
    for text in [
        "layer 3 replaces \"/etc/passwd\", which /** keeps as the base has it",
        "  layer 3 deletes \"/usr/bin/ls\"\n",
    ] {
        assert!(both.stderr.contains(text), "{text}: {both}");
    }
    // nobody asks, and nobody looks
    let plain = expect(&user, &format!("{} -o json", line(&registry, &[])), 0);
    assert!(plain.text().contains(r#""overrides":null"#), "{plain}");
}

#[test]
fn an_opaque_folder_and_a_link_in_the_place_of_a_folder_are_seen_through() {
    let user = signer();
    for (above, expected) in [
        (
            &["etc/.wh..wh..opq", "etc/hosts"][..],
            "layer 2 deletes \"/etc/ssl/cert.pem\"",
        ),
        (&[".wh.etc"], "layer 2 deletes \"/etc/ssl/cert.pem\""),
        (&["etc/ssl"], "layer 2 deletes \"/etc/ssl/cert.pem\""),
    ] {
        let registry = image(&user, &[above]);
        refused(&user, &line(&registry, &["/etc/ssl/**"]), 12, expected);
    }
}

#[test]
fn a_layer_that_cannot_be_read_is_an_error_and_no_pass() {
    let user = signer();
    let registry = image(&user, &[&["x"]]);
    let broken = [
        with_marks(
            &registry,
            vec![Layer::with_files(&[
                "usr/",
                "usr/bin/",
                "usr/bin/sh",
                "usr/bin/ls",
                "etc/",
                "etc/passwd",
                "etc/ssl/cert.pem",
            ])],
        )
        .remove(0),
        Layer::of("this is no archive"),
    ];
    push(&registry, "app:v1", &broken);
    expect(&user, &line(&registry, &[]), 0);
    refused(&user, &line(&registry, &["/etc/ssl/**"]), 21, "layer sha256:");
}

#[test]
fn a_pattern_that_can_mean_no_path_is_refused() {
    let user = User::new();
    for pattern in ["usr/bin", "/usr/../etc", "/usr/", "/x**"] {
        let line = format!("{VERIFY} --forbid-overrides {pattern} reg.local/app");
        refused(
            &user,
            &line,
            1,
            "expected a path from the root, with *, ? and ** in it: /usr/bin/**",
        );
    }
}

#[test]
fn a_policy_file_says_what_must_stay_for_verify_too() {
    let user = signer();
    let registry = image(&user, &[&["etc/passwd"]]);
    let name = registry.name("app:v1");
    expect(&user, &format!("{} {name}", signing::SIGN), 0);
    let write = |patterns: Value| {
        let policy = json!({
            "version": 1, "signers": [{"name": "alice", "key": "a.pub"}], "logs": 0,
            "bases": {"forbidOverrides": patterns, "authorised": [{"name": "debian", "key": "a.pub"}]},
        });
        user.write("p.yaml", policy.to_string());
    };
    for command in ["verify", "base verify"] {
        let line = format!("{command} --trust-policy p.yaml {name}");
        write(json!(["/usr/bin/**"]));
        expect(&user, &line, 0);
        write(json!(["/usr/bin/**", "/etc/*"]));
        let expected = "layer 2 replaces \"/etc/passwd\", which /etc/* keeps as the base has it";
        refused(&user, &line, 12, expected);
        write(json!(["etc"]));
        refused(
            &user,
            &line,
            1,
            "bases.forbidOverrides[0]: expected a path from the root",
        );
    }
    // a flag adds to it
    write(json!(["/usr/bin/**"]));
    let line = format!("base verify --trust-policy p.yaml --forbid-overrides /etc/* {name}");
    refused(&user, &line, 12, "which /etc/* keeps");
}
