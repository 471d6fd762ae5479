//! What is remembered: whole whatever happens, and nothing of it is lost.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use snapbox::str;

use super::{TAGS_SIGN, TAGS_VERIFY, assert_refused, done, point, signer, two_images};
use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing;

const STATE: &str = "state/countersign/tags.json";

/// A registry with tags `t0`, `t1` … of which something is said.
fn tags(user: &User, count: usize) -> (Registry, Vec<String>) {
    let (registry, one, _) = two_images(user);
    let names: Vec<String> = (0..count)
        .map(|number| {
            point(user, &registry, &format!("t{number}"), &one);
            registry.name(&format!("app:t{number}"))
        })
        .collect();
    done(user, &format!("{TAGS_SIGN} --stateless {}", names.join(" ")));
    (registry, names)
}

fn rows(user: &User) -> usize {
    let state: Value = serde_json::from_slice(&user.read(STATE)).expect("it is JSON");
    state["tags"].as_object().expect("there are rows").len()
}

#[test]
fn a_state_that_is_torn_is_refused_and_left_alone() {
    let user = signer();
    let (_registry, names) = tags(&user, 1);
    done(&user, &format!("{TAGS_VERIFY} {}", names[0]));
    let whole = user.read(STATE);
    let torn = &whole[..whole.len() / 2];
    user.write(STATE, torn);
    assert_refused(&user, &format!("{TAGS_VERIFY} {}", names[0]), 21, "corrupt");
    let outcome = user.run(&format!("{TAGS_SIGN} {}", names[0]));
    assert_eq!(outcome.exit, 21, "{outcome}");
    assert_eq!(user.read(STATE), torn);
    user.write(STATE, r#"{"v":2}"#);
    assert_outcome!(
        user.run(&format!("tags status --key a.pub --insecure-ignore-tlog {}", names[0])),
        str![[r#"
--- stderr
Error: FOLDER/state/countersign/tags.json cannot be read
  caused by: expected a state file with "v": 1, found "2"
--- exit 21

"#]]
    );
}

#[test]
fn a_state_is_private_and_a_file_that_is_left_beside_it_does_not_matter() {
    let user = signer();
    let (_registry, names) = tags(&user, 1);
    std::fs::create_dir_all(user.path("state/countersign")).expect("it can be made");
    user.write("state/countersign/.countersign-killed", "{\"v\":1,");
    user.write("state/countersign/tags.json.lock", "");
    done(&user, &format!("{TAGS_VERIFY} {}", names[0]));
    assert_eq!(user.mode(STATE), 0o600);
    assert_eq!(rows(&user), 1);
}

#[test]
fn nothing_is_remembered_of_what_is_refused() {
    let user = signer();
    let (_registry, names) = tags(&user, 1);
    let later = user.at("2027-11-22T12:00:00Z");
    assert_refused(&later, &format!("{TAGS_VERIFY} {}", names[0]), 31, "tag-expired");
    assert!(!later.path(STATE).exists());
}

#[test]
fn verifiers_that_share_a_state_lose_no_row() {
    let user = signer();
    let (_registry, names) = tags(&user, 12);
    let state = user.path("shared.json").display().to_string();
    std::thread::scope(|scope| {
        for names in names.chunks(3) {
            let state = &state;
            scope.spawn(move || {
                let user = signing::signer();
                for name in names {
                    done(&user, &format!("{TAGS_VERIFY} --state {state} {name}"));
                }
            });
        }
    });
    let state: Value = serde_json::from_slice(&user.read("shared.json")).expect("it is JSON");
    assert_eq!(state["tags"].as_object().map(serde_json::Map::len), Some(12));
}

/// The program itself, killed at whatever it does: what is there can be read, and what a run has said it has seen is in it.
#[test]
fn a_state_survives_processes_that_are_killed() {
    let user = signer().today();
    let (_registry, names) = tags(&user, 4);
    let mut told = 0;
    for round in 0..24_u64 {
        let children: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(place, name)| {
                let child = Command::new(env!("CARGO_BIN_EXE_countersign"))
                    .args(TAGS_VERIFY.split(' '))
                    .args(["--state", "killed.json", name])
                    .current_dir(user.path(""))
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .expect("the program starts");
                (place, child)
            })
            .collect();
        for (place, mut child) in children {
            // One is let live, so that something is written in each round.
            if place as u64 != round % 4 {
                std::thread::sleep(Duration::from_millis(round / 2));
                let _ended_already = child.kill();
            }
            let ended = child.wait().expect("it was started");
            if ended.success() {
                told |= 1 << place;
            }
        }
        let state: Value = serde_json::from_slice(&user.read("killed.json")).expect("it is whole");
        let rows = state["tags"].as_object().expect("there are rows");
        for (place, name) in names.iter().enumerate() {
            assert!(told & (1 << place) == 0 || rows.contains_key(name), "{name}: {state}");
        }
    }
    assert_eq!(told, 0b1111);
}
