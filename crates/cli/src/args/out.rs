//! Where a document goes: a file, or standard output.

use clap::Args;

use super::given;
use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::session::Session;

/// Where a document goes.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutArgs {
    /// Writes to FILE, mode 0600, instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<String>,
}

impl OutArgs {
    /// Writes a document whole, with a line end on stdout; returns the file, if it was one.
    pub(crate) fn write(&self, document: &[u8], session: &Session<'_>) -> Result<Option<&str>, Failure> {
        match given(&self.out) {
            Some(path) => {
                file::write(session.directory(), path, document, Mode::Private, Existing::Replace)?;
                Ok(Some(path))
            }
            None => {
                session.ui().print(document)?;
                session.ui().print(b"\n")?;
                Ok(None)
            }
        }
    }
}
