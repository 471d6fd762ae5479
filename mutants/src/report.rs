//! Compares what survived with what is explained.

use std::collections::BTreeMap;
use std::path::Path;

use crate::change::Change;
use crate::run::Outcome;

/// `survivors.toml`.
#[derive(serde::Deserialize)]
struct Explained {
    survivor: Vec<Survivor>,
}

/// Changes that no test can notice, with the reason.
#[derive(serde::Deserialize)]
struct Survivor {
    because: String,
    changes: Vec<String>,
}

/// Says what survived; true where all of it is explained and, in a whole run, nothing else is.
pub(crate) fn judge(changes: &[&Change], outcomes: &[Outcome], root: &Path, is_whole: bool) -> Result<bool, String> {
    let path = root.join("mutants/survivors.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let explained: Explained = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut reasons = BTreeMap::new();
    for survivor in &explained.survivor {
        for change in &survivor.changes {
            reasons.insert(change.clone(), (&survivor.because, 0));
        }
    }
    let (mut noticed, mut known, mut unknown) = (0, 0, 0);
    for (change, outcome) in changes.iter().zip(outcomes) {
        if *outcome == Outcome::Noticed {
            noticed += 1;
        } else if let Some((_, count)) = reasons.get_mut(&change.name()) {
            known += 1;
            *count += 1;
        } else {
            unknown += 1;
            println!("{outcome:?} {}:{} {}", change.path, change.line, change.name());
        }
    }
    let mut stale = 0;
    for (name, _) in reasons.iter().filter(|(_, (_, count))| is_whole && *count == 0) {
        stale += 1;
        println!("explained, but noticed or gone: {name}");
    }
    println!(
        "{noticed} noticed, {known} survive and are explained, {unknown} survive, {stale} are explained for nothing"
    );
    Ok(unknown == 0 && stale == 0)
}
