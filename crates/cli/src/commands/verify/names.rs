//! Which images are named: on the command line, and in a file.

use clap::Args;

use crate::args::image::at_least;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// The images, by tag or digest.
#[derive(Args)]
pub(super) struct NamesArgs {
    /// The images, by tag or digest
    #[arg(value_name = "IMAGE", id = "images")]
    images: Vec<String>,

    /// Verifies the images that a file names too, one a line; - is standard input
    #[arg(long, value_name = "FILE")]
    images_from: Option<String>,
}

impl NamesArgs {
    /// The names in the order given, those of the file last. Empty lines and lines that begin with # name none.
    pub(super) fn read(&self, session: &Session<'_>) -> Result<Vec<String>, Failure> {
        let mut names = self.images.clone();
        let Some(path) = &self.images_from else {
            at_least(1, &names)?;
            return Ok(names);
        };
        let bytes = match path.as_str() {
            "-" => session.ui().read_stdin(LIMIT)?,
            path => file::read(session.directory(), path, LIMIT)?,
        };
        let text = String::from_utf8(bytes)
            .map_err(|_| UsageError::because(format!("--images-from {path}: expected UTF-8 text")))?;
        let lines = text.lines().map(str::trim);
        names.extend(
            lines
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(str::to_owned),
        );
        if names.len() > IMAGES {
            let reason = format!(
                "--images-from {path}: it names {} images, the limit is {IMAGES}",
                names.len()
            );
            return Err(UsageError::because(reason).into());
        }
        if names.is_empty() {
            return Err(UsageError::because(format!("--images-from {path}: it names no image")).into());
        }
        Ok(names)
    }
}

/// The largest list of images that is read, in bytes.
const LIMIT: u64 = 64 * 1024 * 1024;

/// The most images of one run.
const IMAGES: usize = 200_000;
