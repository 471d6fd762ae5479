//! What kind of claim an attestation makes.

use clap::Args;
use countersign_core::payload::predicate::PredicateType;

use super::usage::UsageError;
use crate::failure::Failure;

/// What kind of claim an attestation makes.
#[derive(Args, Clone, Debug)]
pub(crate) struct PredicateTypeArgs {
    /// The predicate type: slsaprovenance, slsaprovenance02, slsaprovenance1, link, spdx, spdxjson, cyclonedx, vuln, openvex,
    /// custom (the default), or a URI
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
}

impl PredicateTypeArgs {
    /// The predicate type; `custom` where none is given, as in cosign.
    pub(crate) fn parse(&self) -> Result<PredicateType, Failure> {
        let text = self.kind.as_deref().unwrap_or("custom");
        Ok(text
            .parse()
            .map_err(|error: countersign_core::payload::predicate::PredicateTypeError| {
                UsageError::because(error.to_string())
            })?)
    }

    /// Checks that the predicate type of a whole statement is the one that is given, where one is.
    pub(crate) fn check(&self, found: &str) -> Result<(), Failure> {
        if self.kind.is_some() {
            let wanted = self.parse()?;
            if wanted.uri() != found {
                return Err(UsageError::because(format!(
                    "--type: the statement has predicate type {found}, expected {}",
                    wanted.uri()
                ))
                .into());
            }
        }
        Ok(())
    }
}
