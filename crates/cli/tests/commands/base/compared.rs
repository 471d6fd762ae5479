//! How the configuration of an image differs from that of its base.

use countersign_core::Digest;
use serde_json::{Value, json};

use super::{SIGN, VERIFY, expect, layers, push, push_with, refused, signed_base};
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{push_index, signer};

fn config(contents: &[&str], run: &Value) -> Value {
    let diff_ids: Vec<Digest> = contents
        .iter()
        .map(|content| Digest::sha256(content.as_bytes()))
        .collect();
    json!({"architecture": "amd64", "os": "linux", "config": run, "rootfs": {"type": "layers", "diff_ids": diff_ids}})
}

/// A signed base that runs a shell.
fn base(user: &User) -> Registry {
    let registry = Registry::open();
    let run = json!({
        "Cmd": ["sh"], "Env": ["PATH=/usr/bin:/bin", "LANG=C"], "Labels": {"vendor": "debian"}, "User": "",
        "Volumes": {"/data": {}},
    });
    push_with(
        &registry,
        "base:v1",
        &layers(&["a", "b"]),
        &config(&["a", "b"], &run),
        json!({}),
    );
    expect(user, &format!("{SIGN} {}", registry.name("base:v1")), 0);
    registry
}

fn app(registry: &Registry, run: &Value) -> String {
    let contents = ["a", "b", "c"];
    push_with(
        registry,
        "app:v1",
        &layers(&contents),
        &config(&contents, run),
        json!({}),
    );
    let (base, image) = (registry.name("base"), registry.name("app:v1"));
    format!("{VERIFY} --config-diff --base-repository {base} {image}")
}

#[test]
fn each_member_that_is_not_as_in_the_base_is_told() {
    let user = signer();
    let registry = base(&user);
    let run = json!({
        "Cmd": null, "Entrypoint": ["/app"], "User": "1000", "WorkingDir": "/srv", "ExposedPorts": {"80/tcp": {}},
        "Env": ["PATH=/opt:/usr/bin:/bin", "LANG=C", "LD_PRELOAD=/tmp/x.so"], "Labels": {"vendor": "debian", "a\u{1b}": "b"},
    });
    let line = app(&registry, &run);
    let told = expect(&user, &line, 0);
    let name = registry.name("base");
    for text in [
        &format!("  the configuration is not as that of the base {name}@sha256:"),
        "    Cmd: [\"sh\"] -> nothing\n",
        "    Entrypoint: nothing -> [\"/app\"]\n",
        "    Env \"LD_PRELOAD\": nothing -> \"/tmp/x.so\"\n",
        "    Env \"PATH\": \"/usr/bin:/bin\" -> \"/opt:/usr/bin:/bin\"\n",
        "    ExposedPorts \"80/tcp\": nothing -> \"\"\n",
        "    Labels \"a\\u{1b}\": nothing -> \"b\"\n",
        "    User: nothing -> \"1000\"\n",
        "    Volumes \"/data\": \"\" -> nothing\n",
        "    WorkingDir: nothing -> \"/srv\"\n",
    ] {
        assert!(told.text().contains(text), "{text}: {told}");
    }
    let json = expect(&user, &format!("{line} -o json"), 0);
    let object: Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    let compared = &object["images"][0]["configuration"];
    let differences = compared["differences"].as_array().expect("a list");
    assert_eq!(differences.len(), 9, "{compared}");
    assert_eq!(
        differences[2],
        json!({"member": "Env", "name": "LD_PRELOAD", "base": null, "image": "/tmp/x.so"})
    );
    assert!(
        compared["base"]
            .as_str()
            .expect("a text")
            .starts_with(&format!("{name}@sha256:"))
    );
}

#[test]
fn what_is_not_there_and_what_is_empty_are_the_same() {
    let user = signer();
    let registry = base(&user);
    let run = json!({
        "Cmd": ["sh"], "Env": ["LANG=C", "PATH=/usr/bin:/bin"], "Labels": {"vendor": "debian"}, "Volumes": {"/data": {}},
        "Entrypoint": [], "OnBuild": null, "ArgsEscaped": false, "ExposedPorts": {},
    });
    let told = expect(&user, &app(&registry, &run), 0);
    let expected = "  the configuration is as that of the base ";
    assert!(told.text().contains(expected), "{told}");
}

/// Which one counts of two variables of one name is up to whatever runs.
#[test]
fn a_variable_that_is_there_twice_is_told_with_both_values() {
    let user = signer();
    let registry = base(&user);
    let run = json!({"Cmd": ["sh"], "Env": ["PATH=/usr/bin:/bin", "LANG=C", "PATH=/evil"], "Labels": {"vendor": "debian"},
                     "Volumes": {"/data": {}}});
    let told = expect(&user, &app(&registry, &run), 0);
    let expected = "    Env \"PATH\": \"/usr/bin:/bin\" -> [\"/usr/bin:/bin\",\"/evil\"]\n";
    assert!(told.text().contains(expected), "{told}");
}

#[test]
fn a_configuration_that_programs_read_differently_is_refused() {
    let user = signer();
    let registry = base(&user);
    let line = app(&registry, &json!({"Cmd": ["sh"], "cmd": ["evil"]}));
    refused(
        &user,
        &line,
        21,
        "is there twice, or in another case too: programs differ on which one counts",
    );
}

/// A base is an image for each platform, and the right one is compared.
#[test]
fn the_base_of_an_index_is_the_one_with_the_same_layers() {
    let (user, registry) = (signer(), Registry::open());
    let one = push(&registry, "base:amd64", &layers(&["a", "b"]));
    let other = push(&registry, "base:arm64", &layers(&["x", "b"]));
    let index = push_index(&registry, "base:v1", &[(&other, "arm64"), (&one, "amd64")]);
    expect(&user, &format!("{SIGN} {}", registry.name("base:v1")), 0);
    let expected = format!(
        "  the configuration is as that of the base {}@{one}\n",
        registry.name("base")
    );
    let line = app(&registry, &json!({}));
    let told = expect(&user, &line, 0);
    assert!(told.text().contains(&expected), "{told}");
    // known by what it is, and not signed
    let name = registry.name(&format!("base@{index}"));
    let known = format!("base verify --config-diff --base {name} {}", registry.name("app:v1"));
    let told = expect(&user, &known, 0);
    assert!(told.text().contains(&expected), "{told}");
}

#[test]
fn a_base_that_cannot_be_reached_or_is_not_named_is_an_error() {
    let user = signer();
    let registry = signed_base(&user, "--embed");
    let upon = |registry: &Registry, name: &str| {
        let mut upon = layers(&["a", "b", "c"]);
        let marks = super::manifest(registry, "base:v1")["layers"][1]["annotations"].clone();
        upon[1] = upon[1].clone().annotated(name, marks[name].as_str().expect("a text"));
        push(registry, "app:v1", &upon);
        format!("{VERIFY} --config-diff {}", registry.name("app:v1"))
    };
    let unnamed = "nothing that counts names the manifest of the base ";
    let line = upon(&registry, "dev.cosign.signature.baseimage");
    refused(
        &user,
        &line,
        1,
        &format!("{unnamed}a signed base, so that its configuration"),
    );
    let chain_id = format!("{} {}", Digest::sha256(b"a"), Digest::sha256(b"b"));
    let chain_id = Digest::sha256(chain_id.as_bytes());
    let known = format!(
        "base verify --config-diff --base {chain_id} {}",
        registry.name("app:v1")
    );
    refused(&user, &known, 1, &format!("{unnamed}{chain_id}, so that"));
    let registry = Registry::open();
    push(&registry, "base:v1", &layers(&["a", "b"]));
    let name = registry.name("nowhere");
    let sign = format!("{SIGN} --embed --name {name} {}", registry.name("base:v1"));
    expect(&user, &sign, 0);
    let line = upon(&registry, "dev.cosign.signature.baseimage.bundle");
    let expected = "its base is not there, so that its configuration is not known; looked for were ";
    refused(&user, &line, 1, &format!("{expected}{name}@sha256:"));
    // where whoever verifies says that it is
    let told = expect(&user, &format!("{line} --base-repository {}", registry.name("base")), 0);
    assert!(
        told.text().contains("  the configuration is as that of the base "),
        "{told}"
    );
}
