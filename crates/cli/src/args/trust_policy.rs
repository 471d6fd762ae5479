//! The policy file: who must have signed, and what else must vouch for it.

use countersign::policy_file;
use countersign_core::key::KEY_FILE_LIMIT;
use countersign_core::policy::file::{LIMIT, PolicyFile};

use crate::diagnostic::chain;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Reads the policy at `path`; the keys that it names are looked for beside it.
pub(crate) fn read(path: &str, session: &Session<'_>) -> Result<PolicyFile, Failure> {
    let bytes = file::read(session.directory(), path, LIMIT as u64)?;
    let folder = std::path::Path::new(path).parent().unwrap_or(std::path::Path::new(""));
    let load = |key: &str| {
        let key = folder.join(key);
        file::read(session.directory(), &key.to_string_lossy(), KEY_FILE_LIMIT as u64)
    };
    policy_file::read(&bytes, &load).map_err(|error| match error {
        policy_file::ReadError::Key(failure) => failure,
        error => Failure::TrustPolicy {
            path: path.to_owned(),
            reason: chain(&error),
        },
    })
}
