//! Images that a file names: verified as those of a command line, and then pinned in the file.

use std::collections::{HashMap, HashSet};

use clap::Args;
use countersign::mentions::{self, Mention};
use countersign_oci::Pinned;

use super::VerifyFlags;
use crate::args::image::exactly_one;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::session::Session;

/// The file, and where it goes with its images pinned.
#[derive(Args)]
pub(in crate::commands) struct FileArgs {
    /// The file; - for standard input
    #[arg(value_name = "FILE", id = "file")]
    files: Vec<String>,

    /// Writes the file with each image by the digest that was verified, once all of them are
    #[arg(long, value_name = "FILE")]
    resolve: Option<String>,
}

impl FileArgs {
    /// Reads the file; returns its path as it was given too.
    pub(in crate::commands) fn read(&self, session: &Session<'_>) -> Result<(&str, Vec<u8>), Failure> {
        let path = exactly_one(&self.files)?;
        let limit = mentions::LIMIT as u64;
        let bytes = match path {
            "-" => session.ui().read_stdin(limit)?,
            path => file::read(session.directory(), path, limit)?,
        };
        Ok((path, bytes))
    }
}

/// A file and the images that it names.
pub(in crate::commands) struct Mentioned<'a> {
    /// What kind of file it is, for messages.
    pub(in crate::commands) what: &'static str,
    pub(in crate::commands) bytes: &'a [u8],
    pub(in crate::commands) mentions: Vec<Mention>,
}

impl Mentioned<'_> {
    /// Verifies the images, each once, and writes the file that `--resolve` asks for.
    pub(in crate::commands) fn verify(
        &self,
        flags: &VerifyFlags,
        file: &FileArgs,
        session: &Session<'_>,
    ) -> Result<(), Failure> {
        if file.resolve.is_some() && !flags.is_about_names_only() {
            return Err(UsageError::because(
                "--resolve pins what is named: not with --recursive, --platform, --attachment or --local-image",
            )
            .into());
        }
        let mut known = HashSet::new();
        let named = self.mentions.iter().map(|mention| &mention.image);
        let names: Vec<String> = named.filter(|name| known.insert(*name)).cloned().collect();
        if names.is_empty() {
            return Err(Failure::NoImages { what: self.what });
        }
        session.ui().info(&format!("Extracted image(s): {}", names.join(", ")));
        let pinned = flags.verify(&names, session)?;
        match &file.resolve {
            Some(path) => self.write(path, &names, &pinned, session),
            None => Ok(()),
        }
    }

    fn write(&self, path: &str, names: &[String], pinned: &[Pinned], session: &Session<'_>) -> Result<(), Failure> {
        let pinned: HashMap<&String, &Pinned> = names.iter().zip(pinned).collect();
        let by_digest = |mention: &Mention| Some(with_digest(&mention.image, pinned.get(&mention.image)?));
        let replacements: Option<Vec<String>> = self.mentions.iter().map(by_digest).collect();
        let text = String::from_utf8_lossy(self.bytes);
        let replaced = mentions::replace(
            &text,
            &self.mentions,
            &replacements.expect("every image that is named was verified, or this is not reached"),
        );
        file::write(
            session.directory(),
            path,
            replaced.as_bytes(),
            Mode::Public,
            Existing::Replace,
        )?;
        session.ui().info(&format!("Wrote {path} with its images by digest"));
        Ok(())
    }
}

/// The name as it was written, its tag too for whoever reads it, and the digest.
fn with_digest(name: &str, image: &Pinned) -> String {
    match name.contains('@') {
        true => name.to_owned(),
        false => format!("{name}@{}", image.digest()),
    }
}
