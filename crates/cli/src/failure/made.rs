//! Failures that are made in several places.

use countersign_core::payload::predicate::PredicateError;
use countersign_core::payload::statement::StatementError;
use countersign_core::tag::TagRefusal;
use countersign_core::trust::TrustError;
use countersign_core::trust::signing_config::SelectionError;
use countersign_oci::{Reference, StoreError};

use super::Failure;
use crate::published::{PublishedError, What};

impl Failure {
    /// What keeps a name from being found: that there is none, or that we could not tell.
    pub(crate) fn absent(error: StoreError, reference: &Reference) -> Self {
        match error {
            StoreError::NotFound { .. } => Self::NoTag {
                image: reference.to_string(),
            },
            other => other.into(),
        }
    }

    /// The tag is not believed, because of `refusal` alone.
    pub(crate) fn tag(refusal: TagRefusal) -> Self {
        Self::Tag {
            refusal: Box::new(refusal),
            found: Vec::new(),
        }
    }

    /// The file `path` holds no predicate, because of `source`.
    pub(crate) fn predicate(path: &str, source: PredicateError) -> Self {
        Self::Predicate {
            path: path.to_owned(),
            source,
        }
    }

    /// The file `path` holds no statement, because of `source`.
    pub(crate) fn statement(path: &str, source: StatementError) -> Self {
        Self::Statement {
            path: path.to_owned(),
            source,
        }
    }

    /// The file `path` is no trust or service data, because of `source`.
    pub(crate) fn trust(path: &str, source: TrustError) -> Self {
        Self::Trust {
            path: path.to_owned(),
            source,
        }
    }

    /// What a TUF repository publishes could not be had, because of `source`.
    pub(crate) fn published(what: What, source: PublishedError) -> Self {
        Self::Published { what, source }
    }

    /// Services cannot be chosen from the file `path`, because of `source`.
    pub(crate) fn selection(path: &str, source: SelectionError) -> Self {
        Self::Selection {
            path: path.to_owned(),
            source,
        }
    }
}
