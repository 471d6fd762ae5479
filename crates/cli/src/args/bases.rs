//! On which bases an image must stand.

use clap::Args;
use countersign_core::Digest;
use countersign_core::age::Age;
use countersign_core::base::{AuthorisedBase, Authority, BasePolicy, CurrentTag, PathPattern, Require, TagState};
use countersign_core::policy::Policy;
use countersign_oci::{AnyStore, Reference, Repository};

use super::current;
use super::usage::UsageError;
use crate::failure::Failure;

/// On which bases an image must stand, besides whom to believe.
#[derive(Args, Clone, Debug)]
pub(crate) struct BaseArgs {
    /// A base that is authorised as it is, signed or not: an image by digest, or the chain id of its layers; several may be given
    #[arg(long, value_name = "IMAGE|DIGEST")]
    base: Vec<String>,

    /// A repository in which signatures of bases are looked for, besides those on the image and beside it; several may be given
    #[arg(long, value_name = "REPOSITORY")]
    base_repository: Vec<Repository>,

    /// How long ago a base may have been signed: 90d, 12h
    #[arg(long, value_name = "AGE")]
    base_max_age: Option<Age>,

    /// The tag at whose present layers a signed base must be, by a statement of `tags sign` that is fresh and by the same signer; of
    /// several one must be
    #[arg(long, value_name = "REPOSITORY:TAG")]
    base_current: Vec<Reference>,

    /// The chain id or digest of a base that nothing may stand on, whoever signed it; several may be given
    #[arg(long, value_name = "DIGEST")]
    base_deny: Vec<Digest>,

    /// A path of the outermost base that the layers above may neither replace nor delete: /usr/bin/**; several may be given
    #[arg(long, value_name = "PATTERN")]
    forbid_overrides: Vec<PathPattern>,

    /// The most layers above the outermost base
    #[arg(long, value_name = "N")]
    max_layers_above: Option<usize>,
}

impl BaseArgs {
    /// More repositories in which bases are looked for.
    pub(crate) fn repositories(&self) -> &[Repository] {
        &self.base_repository
    }

    /// Says whether any base is authorised by what it is.
    pub(crate) fn is_given(&self) -> bool {
        !self.base.is_empty()
    }

    /// The policy of the flags: whom `signed` trusts, and the bases that are named.
    pub(crate) async fn policy(&self, signed: Option<Policy>, store: &AnyStore) -> Result<BasePolicy, Failure> {
        let mut bases = Vec::new();
        if let Some(policy) = signed {
            bases.push(AuthorisedBase {
                name: "a signed base".to_owned(),
                authority: Authority::Signed(Box::new(policy)),
                max_age: self.base_max_age,
                denied: Vec::new(),
                repositories: Vec::new(),
                current: self.base_current.iter().map(unseen).collect::<Result<_, _>>()?,
            });
        } else if let Some(flag) = self.of_what_is_signed() {
            let reason = format!("{flag} is of what is signed: pass --key or an identity with it");
            return Err(UsageError::because(reason).into());
        }
        for name in &self.base {
            bases.push(AuthorisedBase {
                name: name.clone(),
                authority: Authority::Known(known(name, store).await?),
                max_age: None,
                denied: Vec::new(),
                repositories: Vec::new(),
                current: Vec::new(),
            });
        }
        Ok(BasePolicy {
            bases,
            require: Require::Any,
            layers_above: self.max_layers_above,
            denied: self.base_deny.clone(),
            forbid_overrides: self.forbid_overrides.clone(),
        })
    }

    /// A flag that is given and says something of signatures only.
    fn of_what_is_signed(&self) -> Option<&'static str> {
        match (self.base_max_age, self.base_current.is_empty()) {
            (Some(_), _) => Some("--base-max-age"),
            (None, false) => Some("--base-current"),
            (None, true) => None,
        }
    }

    /// What the flags add to the policy of a file.
    pub(crate) fn narrowed(&self, mut policy: BasePolicy) -> Result<BasePolicy, Failure> {
        let others = [
            (self.is_given(), "--base"),
            (self.base_max_age.is_some(), "--base-max-age"),
            (!self.base_current.is_empty(), "--base-current"),
            (self.max_layers_above.is_some(), "--max-layers-above"),
        ];
        if let Some((_, flag)) = others.into_iter().find(|(is_given, _)| *is_given) {
            let reason = format!("{flag}: the policy says it; pass --trust-policy without it");
            return Err(UsageError::because(reason).into());
        }
        policy.denied.extend(self.base_deny.iter().cloned());
        policy.forbid_overrides.extend(self.forbid_overrides.iter().cloned());
        Ok(policy)
    }
}

/// A tag that nobody has looked at yet.
fn unseen(tag: &Reference) -> Result<CurrentTag, UsageError> {
    match tag.digest() {
        None => Ok(CurrentTag {
            name: tag.to_string(),
            state: TagState::Unknown,
        }),
        Some(_) => Err(UsageError::because(format!(
            "--base-current {tag}: a digest never changes; give the tag, REPOSITORY:TAG"
        ))),
    }
}

/// The chain ids of a base: as given, or those of the layers of an image, on each platform.
async fn known(name: &str, store: &AnyStore) -> Result<Vec<Digest>, Failure> {
    if let Ok(chain_id) = name.parse::<Digest>() {
        return Ok(vec![chain_id]);
    }
    let reference: Reference = name.parse()?;
    let Some(digest) = reference.digest().cloned() else {
        let reason = format!("--base {name}: a tag says of no base which one it is; give a digest");
        return Err(UsageError::because(reason).into());
    };
    current::chain_ids(&reference.pin(digest), store).await
}
