//! The cases of the conformance suite and bundles of real builds, as they are and changed in one place, are judged by us and
//! by `sigstore-verify`. Where the verdicts differ, `decided.rs` says who is right and why; any other difference is an error.

mod cases;
mod changes;
mod decided;
mod ours;
mod theirs;

use std::collections::BTreeMap;
use std::process::ExitCode;

use crate::cases::Case;
use crate::decided::DECIDED;

/// What somebody says of a bundle: nothing when it is accepted, else why it is not.
type Verdict = Result<(), String>;

fn main() -> ExitCode {
    let (mut judged, mut agreed) = (0_usize, 0_usize);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut undecided = Vec::new();
    for case in cases::all() {
        for (change, bundle, root) in variants(&case) {
            judged += 1;
            let (ours, theirs) = (ours::judge(&case, &bundle, &root), theirs::judge(&case, &bundle, &root));
            if ours.is_ok() == theirs.is_ok() {
                agreed += 1;
                continue;
            }
            match DECIDED
                .iter()
                .find(|known| known.is_about(&case, &change, &ours, &theirs))
            {
                Some(known) => *seen.entry(known.name).or_default() += 1,
                None => undecided.push(told(&case, &change, &ours, &theirs)),
            }
        }
    }
    println!(
        "{judged} judged, {agreed} with the same verdict, {} without a decision",
        undecided.len()
    );
    undecided.extend(stale(&seen));
    for difference in &undecided {
        println!("{difference}");
    }
    match undecided.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Tells how often each decision was needed; returns what is wrong with those that were not, or are not on the page.
fn stale(seen: &BTreeMap<&str, usize>) -> Vec<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/conformance.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let mut wrong = Vec::new();
    for known in DECIDED {
        let times = seen.get(known.name).copied().unwrap_or(0);
        println!("  {times:4} {}: {}", known.name, known.reason);
        if !page.contains(&known.row()) {
            wrong.push(format!("docs/conformance.md lacks {}", known.row()));
        }
        if times == 0 {
            wrong.push(format!("{}: decided, and nothing is about it any more", known.name));
        }
    }
    wrong
}

/// The bundle and the root of a case as they are, and each with every change of one place.
fn variants(case: &Case) -> Vec<(String, String, String)> {
    let mut variants = vec![("as it is".to_owned(), case.bundle.clone(), case.root.clone())];
    if case.is_changed() {
        let of_bundle = changes::of(&case.bundle).into_iter();
        variants.extend(of_bundle.map(|(change, bundle)| (change, bundle, case.root.clone())));
    }
    if case.is_root_changed() {
        let of_root = changes::of(&case.root).into_iter();
        variants.extend(of_root.map(|(change, root)| (format!("root{change}"), case.bundle.clone(), root)));
    }
    variants
}

fn told(case: &Case, change: &str, ours: &Verdict, theirs: &Verdict) -> String {
    let said = |verdict: &Verdict| match verdict {
        Ok(()) => "accepted".to_owned(),
        Err(reason) => format!("refused ({reason})"),
    };
    format!("{} [{change}]: we {}, they {}", case.name, said(ours), said(theirs))
}
