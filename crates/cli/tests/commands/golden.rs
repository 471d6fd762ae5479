//! What the real cosign 2.6.1 and 3.1.2 wrote has the verdict that they gave it;
//! `crates/core/tests/data/golden/ORIGIN.md` says where it is from.

mod artefact;
mod expected;
mod printed;
mod repository;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use countersign_oci::Repository;

use crate::harness::{Outcome, User};
use crate::registry::Registry;

use artefact::{Artefact, Golden, Verification};
use expected::{DIFFERENT, Ours, REASONS};

/// The path of a golden file.
pub(crate) fn path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/data/golden");
    folder.join(name)
}

/// The content of a golden file.
pub(crate) fn file(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn each_artefact_has_the_verdict_and_the_output_that_cosign_gave_it() {
    let (golden, registry) = (Golden::read(), Registry::open());
    let mut wrong = Vec::new();
    let mut judged = 0;
    for artefact in &golden.artefacts {
        let repository: Repository = name(artefact, registry.host()).parse().expect("this is a name");
        if let Some(layout) = &artefact.layout {
            repository::fill(&registry, &repository, layout);
        }
        for (number, verification) in artefact.verify.iter().enumerate() {
            judged += 1;
            let outcome = run(&golden, artefact, verification, registry.host());
            if let Err(difference) = compare(artefact, number, verification, &outcome, registry.host()) {
                wrong.push(format!("{}[{number}]: {difference}\n{outcome}", artefact.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(judged, 228);
}

#[test]
fn what_is_listed_exists_and_each_difference_is_documented() {
    let golden = Golden::read();
    let differences = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cosign-differences.md");
    let differences = std::fs::read_to_string(differences).expect("it is text");
    let verification = |id: &str, number: usize| {
        let artefact = golden.artefacts.iter().find(|artefact| artefact.id == id);
        artefact.and_then(|artefact| artefact.verify.get(number))
    };
    for (id, numbers, ours, row) in DIFFERENT {
        assert!(differences.contains(row), "{row}");
        for number in *numbers {
            let verification = verification(id, *number).expect("what is listed exists");
            let is_other = match ours {
                Ours::Accepts => verification.exit != 0,
                Ours::Refuses => verification.exit == 0,
                Ours::Prints(_) => true,
            };
            assert!(is_other, "{id}[{number}]");
        }
    }
}

/// cosign 3 looks at `.sig` tags only where a file names images.
#[test]
fn a_file_that_names_images_of_either_cosign_is_verified() {
    let (golden, registry, user) = (Golden::read(), Registry::open(), User::new());
    let named = |id: &str| {
        let artefact = golden.artefacts.iter().find(|artefact| artefact.id == id);
        let artefact = artefact.expect("it is among them");
        let name = name(artefact, registry.host());
        let layout = artefact.layout.as_ref().expect("it is in a repository");
        repository::fill(&registry, &name.parse().expect("this is a name"), layout);
        format!("{name}@{}", artefact.subject)
    };
    let (bundle, layer, unsigned) = (named("v3-key"), named("v2-key"), named("damaged-v2-no-layers"));
    let key = path("keys/cosign.pub");
    for (images, exit) in [
        (vec![&bundle], 0),
        (vec![&layer], 0),
        (vec![&bundle, &layer], 0),
        (vec![&layer, &bundle], 0),
        (vec![&bundle, &unsigned], 10),
    ] {
        let from: String = images.iter().map(|image| format!("FROM {image}\n")).collect();
        let containers: Vec<_> = images.iter().map(|image| serde_json::json!({"image": image})).collect();
        user.write("Dockerfile", from);
        user.write("pod.json", serde_json::json!({"containers": containers}).to_string());
        for command in ["dockerfile verify", "manifest verify"] {
            let file = if command.starts_with("docker") {
                "Dockerfile"
            } else {
                "pod.json"
            };
            let flags = format!("--key {} --insecure-ignore-tlog", key.display());
            let outcome = user.run(&format!("{command} {flags} {file}"));
            assert_eq!(outcome.exit, exit, "{command} {images:?}: {outcome}");
        }
    }
}

/// Compares what we did with what the real cosign did.
fn compare(
    artefact: &Artefact,
    number: usize,
    verification: &Verification,
    outcome: &Outcome,
    host: &str,
) -> Result<(), String> {
    let mut different = DIFFERENT.iter();
    let ours = different.find(|(id, numbers, ..)| *id == artefact.id && numbers.contains(&number));
    let ours = ours.map(|(_, _, ours, _)| ours);
    let is_accepted = match ours {
        Some(Ours::Accepts) => true,
        Some(Ours::Refuses) => false,
        Some(Ours::Prints(_)) | None => verification.exit == 0,
    };
    if (outcome.exit == 0) != is_accepted {
        return Err(format!("exit {}, cosign {}", outcome.exit, verification.exit));
    }
    if !is_accepted {
        return refused_for_its_reason(artefact, number, outcome);
    }
    let wanted = match (ours, &verification.stdout) {
        (Some(Ours::Prints(wanted)), _) => (*wanted).to_owned(),
        (_, Some(path)) => text(path),
        (Some(Ours::Accepts), None) => return Ok(()),
        (_, None) => String::new(),
    };
    match printed::is_same(&wanted, &outcome.text().replace(&name(artefact, host), "{REPO}")) {
        true => Ok(()),
        false => Err(format!("printed something else than\n{wanted}")),
    }
}

fn refused_for_its_reason(artefact: &Artefact, number: usize, outcome: &Outcome) -> Result<(), String> {
    let mut reasons = REASONS.iter();
    let row = reasons.find(|(id, of, _)| {
        let is_about_it = *id == artefact.id || id.ends_with('-') && artefact.id.starts_with(id);
        is_about_it && of.is_none_or(|of| of == number)
    });
    let (.., reason) = row.ok_or("no reason is expected")?;
    match outcome.stderr.contains(reason) {
        true => Ok(()),
        false => Err(format!("the reason is not `{reason}`")),
    }
}

fn run(golden: &Golden, artefact: &Artefact, verification: &Verification, host: &str) -> Outcome {
    let mut user = User::new().at(LATER);
    for folder in ["blobs", "keys", "save", "trust"] {
        symlink(path(folder), user.path(folder)).expect("the folder is writable");
    }
    let of_tool = (verification.tool == "cosign2").then_some(&golden.env_cosign2);
    for (name, value) in of_tool.into_iter().chain([&artefact.env, &verification.env]).flatten() {
        user = user.with_variable(name, value);
    }
    let image = format!("{}@{}", name(artefact, host), artefact.subject);
    let arguments = verification.args.iter().map(|argument| {
        argument
            .replace("{IMAGE}", &image)
            .replace("{HTTP}", "--allow-http-registry")
    });
    let arguments: Vec<String> = arguments.collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    user.run_as("countersign", &arguments)
}

/// After the certificates that were given for minutes had expired.
const LATER: &str = "2026-11-23T00:00:00Z";

/// The repository of an artefact.
fn name(artefact: &Artefact, host: &str) -> String {
    format!("{host}/golden/{}", artefact.id.to_lowercase())
}

fn text(name: &str) -> String {
    String::from_utf8(file(name)).expect("what is printed is text")
}
