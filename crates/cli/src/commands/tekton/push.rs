//! `tekton push`: Tekton objects become a bundle, as tkn makes it.

use std::collections::BTreeMap;
use std::io;

use clap::Args;
use countersign_artifacts::tekton::{self, Bundle, BundleOptions, Input, OBJECT_LIMIT};

use crate::args::annotations::{pairs, split_list};
use crate::args::image::ImageArg;
use crate::args::registry::RegistryArgs;
use crate::args::usage::{UsageError, UsageKind};
use crate::commands::Subcommand;
use crate::env;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Pushes Tekton objects as a bundle
#[derive(Args)]
pub(crate) struct Push {
    #[command(flatten)]
    image: ImageArg,

    /// A file of objects, a folder of such files, or - for stdin; repeat it or separate several with commas
    #[arg(short, long, value_name = "FILE|DIR|-")]
    filenames: Vec<String>,

    /// Adds the annotation KEY=VALUE to the manifest; repeat it or separate several with commas
    #[arg(long, value_name = "KEY=VALUE")]
    annotate: Vec<String>,

    /// Adds the label KEY=VALUE to the configuration; repeat it or separate several with commas
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<String>,

    /// The time of creation: YYYY-MM-DD, YYYY-MM-DDTHH:MM:SS or RFC 3339; default SOURCE_DATE_EPOCH, else the start of 1970
    #[arg(long, value_name = "TIME")]
    ctime: Option<String>,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Push {
    const NAME: &'static str = "tekton push";
    const ABOUT: &'static str = "Pushes Tekton objects to a registry as a bundle";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let name = self.image.reference()?;
        if name.digest().is_some() {
            let reason = format!("{name}: a bundle is pushed to a tag; its digest is not known before");
            return Err(UsageError::because(reason).into());
        }
        let options = self.options(session)?;
        let bundle = Bundle::of(self.inputs(session)?)?;
        let registry = self.registry.open(session)?;
        let mut text = "Creating Tekton Bundle:\n".to_owned();
        for object in bundle.objects() {
            text.push_str(&format!("\t- Added {}: {} to image\n", object.kind(), object.name()));
        }
        session.ui().print(text.as_bytes())?;
        let manifest = session.wait(async { Ok(bundle.push(&options, &registry, &name).await?) })?;
        let pinned = name.repository().digest(manifest.digest().clone());
        session.ui().print_line(&format!("\nPushed Tekton Bundle to {pinned}"))
    }
}

impl Push {
    fn options(&self, session: &Session<'_>) -> Result<BundleOptions, Failure> {
        let created = match crate::args::given(&self.ctime) {
            Some(text) => tekton::created(text).ok_or_else(|| {
                let forms = "YYYY-MM-DD, YYYY-MM-DDTHH:MM:SS or RFC 3339";
                UsageError::because(format!("--ctime: expected {forms}, found {text:?}"))
            })?,
            None => env::source_date(session.environment())?
                .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
                .to_string(),
        };
        Ok(BundleOptions {
            created,
            labels: trimmed(&self.label)?,
            annotations: trimmed(&self.annotate)?,
        })
    }

    fn inputs(&self, session: &Session<'_>) -> Result<Vec<Input>, Failure> {
        let mut inputs = Vec::new();
        let mut is_stdin_read = false;
        for given in self.filenames.iter().flat_map(|text| split_list(text)) {
            if given == "-" {
                if !std::mem::replace(&mut is_stdin_read, true) {
                    inputs.push(stdin(session)?);
                }
                continue;
            }
            if session.path(&given).is_dir() {
                for path in files_of(&given, session)? {
                    inputs.push(input(path, session)?);
                }
            } else {
                inputs.push(input(given, session)?);
            }
        }
        if inputs.is_empty() {
            let flags = "filenames".to_owned();
            return Err(UsageError::new(UsageKind::Required { flags }).into());
        }
        Ok(inputs)
    }
}

fn trimmed(texts: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let pairs = pairs(texts)?.into_iter();
    let trimmed = pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()));
    Ok(trimmed.collect())
}

fn stdin(session: &Session<'_>) -> Result<Input, Failure> {
    let bytes = session.ui().read_stdin(OBJECT_LIMIT as u64)?;
    if bytes.is_empty() {
        let reason = "failed to read bundle contents from stdin: empty input";
        return Err(UsageError::because(reason).into());
    }
    text("standard input".to_owned(), bytes)
}

fn input(path: String, session: &Session<'_>) -> Result<Input, Failure> {
    let bytes = file::read(session.directory(), &path, OBJECT_LIMIT as u64)?;
    text(path, bytes)
}

fn text(name: String, bytes: Vec<u8>) -> Result<Input, Failure> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Input { name, text }),
        Err(error) => Err(unreadable(&name, io::Error::new(io::ErrorKind::InvalidData, error))),
    }
}

/// The files of a folder that are YAML or JSON by their names, sorted; folders within are not looked into.
fn files_of(folder: &str, session: &Session<'_>) -> Result<Vec<String>, Failure> {
    let on_read = |source| unreadable(folder, source);
    let mut paths = Vec::new();
    for entry in session.path(folder).read_dir().map_err(on_read)? {
        let name = entry.map_err(on_read)?.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_meant = [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end));
        let path = format!("{}/{name}", folder.trim_end_matches('/'));
        if is_meant && session.path(&path).is_file() {
            paths.push(path);
        }
        if paths.len() > FILES {
            return Err(UsageError::because(format!("{folder} has more than {FILES} files of YAML or JSON")).into());
        }
    }
    if paths.is_empty() {
        return Err(UsageError::because(format!("{folder} has no files of YAML or JSON")).into());
    }
    paths.sort_unstable();
    Ok(paths)
}

fn unreadable(path: &str, source: io::Error) -> Failure {
    Failure::File {
        action: "reading",
        path: path.to_owned(),
        source,
    }
}

/// The most files that are read of a folder: many more than a bundle has objects.
const FILES: usize = 1000;
