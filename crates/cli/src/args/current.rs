//! Where the tags are that say which bases are the present ones.

use std::collections::BTreeMap;

use clap::Args;
use countersign::attachment::Location;
use countersign::attachment::discover::Limits;
use countersign::base::{Image, images};
use countersign::sign::find;
use countersign::tags::statements;
use countersign::verify::{Rules, VerifyError};
use countersign_core::Digest;
use countersign_core::base::{Authority, BasePolicy, CurrentTag, TagState};
use countersign_core::policy::{Claim, Policy};
use countersign_core::tag::{TagName, TagRules, judge};
use countersign_oci::{AnyStore, Pinned, Reference, Registry, Store};

use super::tag_state::TagStateArgs;
use super::usage::UsageError;
use crate::diagnostic::chain;
use crate::failure::Failure;
use crate::session::Session;

/// What was seen before of the tags that say which bases are the present ones.
#[derive(Args, Clone, Debug)]
pub(crate) struct CurrentArgs {
    #[command(flatten)]
    seen: TagStateArgs,
}

/// What tags are looked at with.
#[derive(Clone, Copy)]
pub(crate) struct Looking<'a, 'w> {
    pub(crate) session: &'a Session<'w>,
    pub(crate) registry: &'a Registry,
    pub(crate) rules: Rules<'a>,
    pub(crate) limits: &'a Limits,
}

impl CurrentArgs {
    /// Checks that what was seen before is of use.
    pub(crate) fn check(&self, policy: Option<&BasePolicy>) -> Result<(), UsageError> {
        let bases = policy.iter().flat_map(|policy| &policy.bases);
        match self
            .seen
            .flag()
            .filter(|_| bases.clone().all(|base| base.current.is_empty()))
        {
            None => Ok(()),
            Some(flag) => Err(UsageError::because(format!(
                "{flag} is about tags of bases: nothing asks that a base is the present one"
            ))),
        }
    }

    /// The policy with what its tags are at now. Whoever signs a base says that of its tags too.
    pub(crate) async fn look(&self, mut policy: BasePolicy, looking: Looking<'_, '_>) -> Result<BasePolicy, Failure> {
        for base in &mut policy.bases {
            let Authority::Signed(signers) = &base.authority else {
                continue;
            };
            let signers = signers.claiming(Claim::signature(BTreeMap::new()));
            for tag in &mut base.current {
                self.look_at(tag, &signers, looking).await?;
            }
        }
        Ok(policy)
    }

    async fn look_at(&self, tag: &mut CurrentTag, signers: &Policy, looking: Looking<'_, '_>) -> Result<(), Failure> {
        let reference: Reference = tag.name.parse()?;
        let name = TagName::new(&reference.repository().to_string(), &reference.target().to_string());
        let name = name.map_err(|reason| UsageError::because(format!("{reference} cannot be signed: {reason}")))?;
        let store = AnyStore::Registry(looking.registry.clone());
        let resolved = store.resolve(&reference).await;
        let image = resolved.map_err(|error| Failure::absent(error, &reference))?;
        let rules = Rules {
            policy: signers,
            quorum: None,
            ..looking.rules
        };
        let location = Location::within(reference.repository().clone());
        let now = looking.session.now();
        let said = match statements(&name, &image, &store, &location, rules, looking.limits, now).await {
            Ok(said) => said,
            Err(error @ (VerifyError::NoSignature { .. } | VerifyError::NoneAccepted { .. })) => {
                tag.state = TagState::NotBelieved { reason: chain(&error) };
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let chain_ids = chain_ids(&image, &store).await?;
        let mut seen = self.seen.open(looking.session).await?;
        let state = seen.state.clone();
        tag.state = match judge(&name, image.digest(), &said.candidates, &TagRules::NONE, &state, now) {
            Ok(fresh) => {
                seen.state.note(&fresh, now);
                seen.write(looking.session)?;
                TagState::At {
                    digest: image.digest().clone(),
                    chain_ids,
                }
            }
            Err(refusal) => TagState::NotBelieved {
                reason: chain(&refusal),
            },
        };
        Ok(())
    }
}

/// The chain ids of all layers of an image, or of each image in an index.
pub(super) async fn chain_ids(image: &Pinned, store: &AnyStore) -> Result<Vec<Digest>, Failure> {
    let reference = image.reference();
    let found = find(store, &reference).await;
    let found = found.map_err(|error| Failure::absent(error, &reference))?;
    let mut chain_ids = Vec::new();
    for image in images(&found, store).await? {
        let image = Image::read(image, store).await?;
        chain_ids.extend(image.layers.chain_id(image.layers.len()).cloned());
    }
    Ok(chain_ids)
}
