//! `countersign-tuf-conformance`: speaks the protocol of the TUF conformance suite (theupdateframework/tuf-conformance,
//! `CLIENT-CLI.md`), with the client that the program uses.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use countersign::tuf::{Mirror, Repository};
use countersign_core::tuf::Reach;
use countersign_oci::http::{Http, HttpOptions};
use jiff::Timestamp;

fn main() -> ExitCode {
    let told = run();
    if let Err(error) = &told {
        let mut cause: Option<&dyn Error> = Some(error.as_ref());
        while let Some(error) = cause {
            tell(error);
            cause = error.source();
        }
    }
    if told.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[expect(clippy::print_stderr, reason = "the suite shows it where a test fails")]
fn tell(error: &dyn Error) {
    eprintln!("{error}");
}

fn run() -> Result<(), Box<dyn Error>> {
    let Line {
        flags,
        target_names,
        words,
    } = Line::read(env::args().skip(1))?;
    let flag = |name| flags.get(name).ok_or_else(|| format!("{name} is missing"));
    let folder = PathBuf::from(flag("--metadata-dir")?);
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["init", root] => Ok(fs::write(folder.join("root.json"), fs::read(root)?).map(drop)?),
        ["refresh"] => look(&folder, flag("--metadata-url")?, None, &[]),
        ["download"] => {
            let targets = (flag("--target-base-url")?.as_str(), Path::new(flag("--target-dir")?));
            look(&folder, flag("--metadata-url")?, Some(targets), &target_names)
        }
        _ => Err(format!("expected init, refresh or download, found {words:?}").into()),
    }
}

fn look(folder: &Path, url: &str, targets: Option<(&str, &Path)>, names: &[String]) -> Result<(), Box<dyn Error>> {
    let metadata = Mirror::parse(url)?;
    let (target_url, target_folder) = targets.unwrap_or((url, folder));
    let targets = (Mirror::parse(target_url)?, target_folder.to_owned());
    let repository = Repository::apart((metadata, folder.to_owned()), targets);
    let anchor = repository.kept_root()?.ok_or("there is no root.json")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let http = Http::new(HttpOptions::default());
        let mut view = repository
            .update(&anchor, Reach::Published, Timestamp::now(), &http)
            .await?;
        for name in names {
            view.target(name).await?;
        }
        Ok(())
    })
}

/// A line of the protocol: flags with values before and after the words.
struct Line {
    flags: BTreeMap<String, String>,
    target_names: Vec<String>,
    words: Vec<String>,
}

impl Line {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut flags, mut target_names, mut words) = (BTreeMap::new(), Vec::new(), Vec::new());
        while let Some(argument) = arguments.next() {
            if !argument.starts_with("--") {
                words.push(argument);
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("{argument} has no value"))?;
            if argument == "--target-name" {
                target_names.push(value);
            } else {
                flags.insert(argument, value);
            }
        }
        Ok(Self {
            flags,
            target_names,
            words,
        })
    }
}
