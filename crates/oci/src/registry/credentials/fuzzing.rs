//! Doors for the fuzz targets: files of credentials and the answers of helper programs.

use std::path::Path;

use super::file::AuthFile;
use super::key::Spelling;
use super::program;
use crate::error::StoreError;
use crate::reference::Repository;

/// Looks for the credential for `repository` in the bytes of a file, as Docker and as Podman spell it; says whether
/// there is one.
pub fn is_found(bytes: &[u8], repository: &Repository) -> [Result<bool, StoreError>; 2] {
    [Spelling::Docker, Spelling::Podman].map(|spelling| {
        let file = AuthFile::parse(Path::new("config.json"), bytes)?;
        let helper = file.helper_for(repository, spelling);
        Ok(helper.is_some() || file.entry_for(repository, spelling)?.is_some())
    })
}

/// Says whether the output of a helper program is an answer.
pub fn is_answer(output: &[u8]) -> bool {
    program::read(output).is_some()
}
