//! Entries in transparency logs (client-spec §2.1.6).

use countersign_core::log::LogEntry;
use countersign_core::protocol::rekor::{
    LIMIT, PATH_1, PATH_2, Proposal, SEARCH_1, entries_of_rekor_1, entry_of_rekor_1, entry_of_rekor_2,
};
use countersign_oci::http::{Answered, Call, Http};
use serde::Deserialize;

use crate::service::{JSON, Place, Service, ServiceError};

/// A transparency log: where it is and which of the two it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Log {
    /// Rekor 1, which promises at once.
    Rekor1 {
        /// Its address.
        url: String,
    },
    /// Rekor 2, which answers once the entry is in the log, and knows no time.
    Rekor2 {
        /// Its address.
        url: String,
    },
}

impl Log {
    /// Returns its address.
    pub fn url(&self) -> &str {
        match self {
            Self::Rekor1 { url } | Self::Rekor2 { url } => url,
        }
    }

    /// Has a signature logged; where it is already, that entry is fetched. The entry is *untrusted*.
    ///
    /// # Errors
    /// [`ServiceError`]; Rekor 2 only tells that an entry is there, so that this is one.
    pub async fn append(&self, proposal: &Proposal<'_>, http: &Http) -> Result<LogEntry, ServiceError> {
        let place = Place {
            service: Service::TransparencyLog,
            url: self.url(),
        };
        match self {
            Self::Rekor1 { .. } => append_1(&place, proposal, http).await,
            Self::Rekor2 { .. } => append_2(&place, proposal, http).await,
        }
    }
}

/// Asks the Rekor 1 at `url` for the earliest entry that `search` means; there may be none. It is *untrusted*.
///
/// # Errors
/// [`ServiceError`]; a log that does not answer has not said that there is none.
pub async fn find(url: &str, search: Vec<u8>, http: &Http) -> Result<Option<LogEntry>, ServiceError> {
    let place = Place {
        service: Service::TransparencyLog,
        url,
    };
    let answered = propose(&place, SEARCH_1, search, http).await?;
    let content = place.content(answered, JSON, None)?;
    let found = entries_of_rekor_1(&content).map_err(|error| place.unusable(error))?;
    Ok(found.into_iter().next())
}

/// Asks the Rekor 1 at `url` for the entry at a place of the log. It is *untrusted*.
///
/// # Errors
/// [`ServiceError`].
pub async fn at_index(url: &str, index: u64, http: &Http) -> Result<LogEntry, ServiceError> {
    let place = Place {
        service: Service::TransparencyLog,
        url,
    };
    let address = format!("{}?logIndex={index}", place.join(PATH_1));
    let call = Call::get(&address, LIMIT as u64)
        .with_header("accept", JSON)
        .with_attempts(ATTEMPTS);
    let content = place.content(place.call(&call, http).await?, JSON, None)?;
    entry_of_rekor_1(&content).map_err(|error| place.unusable(error))
}

async fn append_1(place: &Place<'_>, proposal: &Proposal<'_>, http: &Http) -> Result<LogEntry, ServiceError> {
    let request = proposal.to_rekor_1().map_err(|error| place.unaskable(error))?;
    let mut answered = propose(place, PATH_1, request, http).await?;
    if answered.status == CONFLICT {
        let id = entry_id(&answered).ok_or_else(|| place.unusable(NoEntryId))?;
        let address = format!("{}/{id}", place.join(PATH_1));
        let call = Call::get(&address, LIMIT as u64)
            .with_header("accept", JSON)
            .with_attempts(ATTEMPTS);
        answered = place.call(&call, http).await?;
    }
    let content = place.content(answered, JSON, None)?;
    entry_of_rekor_1(&content).map_err(|error| place.unusable(error))
}

async fn append_2(place: &Place<'_>, proposal: &Proposal<'_>, http: &Http) -> Result<LogEntry, ServiceError> {
    let request = proposal.to_rekor_2().map_err(|error| place.unaskable(error))?;
    let answered = propose(place, PATH_2, request, http).await?;
    if answered.status == CONFLICT {
        return Err(place.unusable(AlreadyLogged));
    }
    let content = place.content(answered, JSON, None)?;
    entry_of_rekor_2(&content).map_err(|error| place.unusable(error))
}

async fn propose(place: &Place<'_>, path: &str, request: Vec<u8>, http: &Http) -> Result<Answered, ServiceError> {
    let address = place.join(path);
    let call = Call::post(&address, JSON, request, LIMIT as u64)
        .with_header("accept", JSON)
        .with_attempts(ATTEMPTS);
    place.call(&call, http).await
}

/// The id of the entry that is there already: at the end of where the answer points to, or of what it says.
fn entry_id(answered: &Answered) -> Option<String> {
    let said = serde_json::from_slice::<WireConflict>(&answered.body).ok();
    [answered.location.clone(), said.map(|wire| wire.message)]
        .into_iter()
        .flatten()
        .find_map(|text| {
            let id = text.rsplit(['/', ' ']).next()?;
            let is_id = ID_DIGITS.contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_id.then(|| id.to_owned())
        })
}

/// Why an entry that is there already is not fetched from Rekor 1.
#[derive(Debug, thiserror::Error)]
#[error("it has an equal entry already, but does not say which")]
pub struct NoEntryId;

/// Why an entry that is there already is not fetched from Rekor 2.
#[derive(Debug, thiserror::Error)]
#[error("it has an equal entry already, and hands out no entry a second time")]
pub struct AlreadyLogged;

#[derive(Deserialize)]
struct WireConflict {
    message: String,
}

const CONFLICT: u16 = 409;

/// The hash of an entry, and before it perhaps the id of the part of the log that has it.
const ID_DIGITS: [usize; 2] = [64, 80];

/// An entry that was taken though the answer was lost is there at the second attempt.
const ATTEMPTS: u32 = 3;
