//! The door for the fuzz target of timestamps, which can put none into a certificate that is signed.

use super::{SctError, SeenByLogs};
use crate::certificate::path::VerifiedPath;
use crate::trust::TransparencyLog;

/// Verifies `list` as if the leaf of `path` held it.
pub fn verify_list(list: &[u8], path: &VerifiedPath, logs: &[TransparencyLog]) -> Result<SeenByLogs, SctError> {
    super::verify_list(list, path, logs)
}
