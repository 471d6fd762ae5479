//! Times that timestamps prove.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::trust::{Authority, CountedAs};

/// A moment at which a message was there, as one trusted authority proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenTime {
    time: Timestamp,
    accuracy: Option<Duration>,
    authority: String,
    counted_as: CountedAs,
}

impl ProvenTime {
    pub(super) fn new(time: Timestamp, accuracy: Option<Duration>, authority: &Authority) -> Self {
        Self {
            time,
            accuracy,
            authority: authority.uri().to_owned(),
            counted_as: authority.counted_as(),
        }
    }

    /// Returns the moment.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// Returns by how much the moment may be off, if the authority says so.
    pub fn accuracy(&self) -> Option<Duration> {
        self.accuracy
    }

    /// Returns the address of the authority.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

/// Counts the authorities of these times towards a threshold, each of them once.
///
/// Those of one operator are one; without an operator an authority is known by its address and, without that too, by
/// the certificate that is trusted (`sigstore_trustroot.proto`, `CertificateAuthority.operator`).
pub fn count_authorities(times: &[ProvenTime]) -> usize {
    times.iter().map(|time| &time.counted_as).collect::<BTreeSet<_>>().len()
}
