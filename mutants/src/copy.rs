//! A copy of the project whose verification has switches.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use quote::ToTokens;
use syn::visit_mut::VisitMut;

use crate::change::Change;
use crate::switch::Switches;

/// Copies what git knows of the project, as it lies there now.
pub(crate) fn workspace(root: &Path) -> Result<PathBuf, String> {
    let tree = root.join("target/mutants/tree");
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached"])
        .current_dir(root)
        .output();
    let listed = listed.map_err(|error| format!("git ls-files: {error}"))?;
    for path in String::from_utf8_lossy(&listed.stdout)
        .split('\0')
        .filter(|path| !path.is_empty())
    {
        let (from, to) = (root.join(path), tree.join(path));
        let Ok(content) = fs::read(&from) else { continue };
        if fs::read(&to).is_ok_and(|old| old == content) {
            continue;
        }
        write(&to, &content)?;
    }
    Ok(tree)
}

/// Puts switches into the parts of the copy's `core`.
pub(crate) fn instrument(tree: &Path, parts: &[&str]) -> Result<Vec<Change>, String> {
    let source = tree.join("crates/core/src");
    let mut changes = Vec::new();
    for path in sources(&source, parts)? {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut file = syn::parse_file(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let shown = path.strip_prefix(tree).unwrap_or(&path).display().to_string();
        let mut switches = Switches::new(&shown, &mut changes);
        switches.visit_file_mut(&mut file);
        let text = syn::parse2(file.into_token_stream()).map(|file| prettyplease::unparse(&file));
        write(&path, text.map_err(|error| format!("{shown}: {error}"))?.as_bytes())?;
    }
    let root = source.join("lib.rs");
    let text = fs::read_to_string(&root).map_err(|error| format!("{}: {error}", root.display()))?;
    write(&root, format!("{text}\n#[doc(hidden)]\npub mod switch;\n").as_bytes())?;
    write(&source.join("switch.rs"), SWITCH.as_bytes())?;
    Ok(changes)
}

/// Every file of the parts but tests and errors' texts.
fn sources(source: &Path, parts: &[&str]) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for part in parts {
        let file = source.join(part).with_extension("rs");
        if file.is_file() {
            found.push(file);
        }
        collect(&source.join(part), &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    if !folder.is_dir() {
        return Ok(());
    }
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            collect(&path, found)?;
        } else if name.ends_with(".rs") && !["tests.rs", "fuzzing.rs", "error.rs"].contains(&name.as_str()) {
            found.push(path);
        }
    }
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, content))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// What the copy asks: is the switch on? The first time that each is asked can be written down.
const SWITCH: &str = r#"
use std::io::Write;
use std::sync::{Mutex, OnceLock};

static CHOSEN: OnceLock<Option<usize>> = OnceLock::new();
static TRACE: OnceLock<Option<Mutex<(Vec<bool>, std::fs::File)>>> = OnceLock::new();

pub fn on(number: usize) -> bool {
    let chosen = CHOSEN.get_or_init(|| std::env::var("MUTANT").ok().and_then(|text| text.parse().ok()));
    if let Some(trace) = TRACE.get_or_init(open) {
        let mut trace = trace.lock().unwrap();
        if trace.0.len() <= number {
            trace.0.resize(number + 1, false);
        }
        if !trace.0[number] {
            trace.0[number] = true;
            writeln!(trace.1, "{number}").unwrap();
        }
    }
    *chosen == Some(number)
}

fn open() -> Option<Mutex<(Vec<bool>, std::fs::File)>> {
    let path = std::env::var_os("MUTANT_TRACE")?;
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    Some(Mutex::new((Vec::new(), file)))
}
"#;
