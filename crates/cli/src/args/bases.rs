//! On which bases an image must stand.

use clap::Args;
use countersign::base::{Image, images};
use countersign::sign::find;
use countersign_core::Digest;
use countersign_core::age::Age;
use countersign_core::base::{AuthorisedBase, Authority, BasePolicy, Require};
use countersign_core::policy::Policy;
use countersign_oci::{AnyStore, Reference, Repository};

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

    /// The chain id or digest of a base that nothing may stand on, whoever signed it; several may be given
    #[arg(long, value_name = "DIGEST")]
    base_deny: Vec<Digest>,

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
            });
        } else if self.base_max_age.is_some() {
            return Err(
                UsageError::because("--base-max-age is of what is signed: pass --key or an identity with it").into(),
            );
        }
        for name in &self.base {
            bases.push(AuthorisedBase {
                name: name.clone(),
                authority: Authority::Known(known(name, store).await?),
                max_age: None,
                denied: Vec::new(),
                repositories: Vec::new(),
            });
        }
        Ok(BasePolicy {
            bases,
            require: Require::Any,
            layers_above: self.max_layers_above,
            denied: self.base_deny.clone(),
        })
    }

    /// What the flags add to the policy of a file.
    pub(crate) fn narrowed(&self, mut policy: BasePolicy) -> Result<BasePolicy, Failure> {
        let others = [
            (self.is_given(), "--base"),
            (self.base_max_age.is_some(), "--base-max-age"),
            (self.max_layers_above.is_some(), "--max-layers-above"),
        ];
        if let Some((_, flag)) = others.into_iter().find(|(is_given, _)| *is_given) {
            let reason = format!("{flag}: the policy says it; pass --trust-policy without it");
            return Err(UsageError::because(reason).into());
        }
        policy.denied.extend(self.base_deny.iter().cloned());
        Ok(policy)
    }
}

/// The chain ids of a base: as given, or those of the layers of an image, on each platform.
async fn known(name: &str, store: &AnyStore) -> Result<Vec<Digest>, Failure> {
    if let Ok(chain_id) = name.parse::<Digest>() {
        return Ok(vec![chain_id]);
    }
    let reference: Reference = name.parse()?;
    if reference.digest().is_none() {
        let reason = format!("--base {name}: a tag says of no base which one it is; give a digest");
        return Err(UsageError::because(reason).into());
    }
    let found = find(store, &reference).await;
    let found = found.map_err(|error| Failure::absent(error, &reference))?;
    let mut chain_ids = Vec::new();
    for image in images(&found, store).await? {
        let image = Image::read(image, store).await?;
        chain_ids.extend(image.layers.chain_id(image.layers.len()).cloned());
    }
    Ok(chain_ids)
}
