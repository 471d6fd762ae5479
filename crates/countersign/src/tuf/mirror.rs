//! Where a repository is published.

use std::fmt;
use std::path::PathBuf;

use countersign_oci::http::{Call, Http};

use super::TufFailure;
use super::folder;
use crate::service::{Place, Service};

/// Where a repository is published: an address, or a folder of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Http(String),
    Folder(PathBuf),
}

impl Mirror {
    /// Takes `https://`, `http://` or `file:///`.
    ///
    /// # Errors
    /// [`TufFailure::Address`].
    pub fn parse(address: &str) -> Result<Self, TufFailure> {
        if address.starts_with("https://") || address.starts_with("http://") {
            return Ok(Self(Kind::Http(address.trim_end_matches('/').to_owned())));
        }
        match address.strip_prefix("file://") {
            Some(path) if path.starts_with('/') => Ok(Self(Kind::Folder(path.into()))),
            _ => Err(TufFailure::Address {
                address: address.to_owned(),
            }),
        }
    }

    pub(super) fn join(&self, path: &str) -> Self {
        Self(match &self.0 {
            Kind::Http(url) => Kind::Http(format!("{url}/{path}")),
            Kind::Folder(folder) => Kind::Folder(folder.join(path)),
        })
    }

    /// Reads a file of the repository; none where it does not have it, which some file stores call forbidden.
    pub(super) async fn fetch(&self, path: &str, limit: u64, http: &Http) -> Result<Option<Vec<u8>>, TufFailure> {
        let url = match &self.0 {
            Kind::Http(url) => format!("{url}/{path}"),
            Kind::Folder(folder) => return folder::read(&folder.join(path), limit),
        };
        let place = Place {
            service: Service::TufRepository,
            url: &url,
        };
        // What comes is believed for its signatures, so it may come from anywhere.
        let call = Call::get(&url, limit).with_attempts(ATTEMPTS).following_redirects();
        let answered = place.call(&call, http).await?;
        match answered.status {
            200 => Ok(Some(answered.body.to_vec())),
            403 | 404 | 410 => Ok(None),
            _ => Err(place.failure(&answered, None).into()),
        }
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Http(url) => f.write_str(url),
            Kind::Folder(folder) => write!(f, "file://{}", folder.display()),
        }
    }
}

const ATTEMPTS: u32 = 3;
