//! What the user gives by name: a file, or an address on the network.

use countersign_oci::http::Http;

use super::usage::UsageError;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Reads the file that is `given`, or what is at the address; `what` it is, messages say.
pub(crate) async fn read(
    given: &str,
    what: &str,
    limit: u64,
    offline: bool,
    session: &Session<'_>,
    http: &Http,
) -> Result<Vec<u8>, Failure> {
    if !is_url(given) || file::exists(session.directory(), given) {
        return file::read(session.directory(), given, limit);
    }
    if offline {
        return Err(UsageError::because(format!("--offline: the {what} is on the network")).into());
    }
    Ok(http.get(given, limit).await?.to_vec())
}

/// Says whether a name is one of the web.
pub(crate) fn is_url(name: &str) -> bool {
    name.starts_with("https://") || name.starts_with("http://")
}
