//! Who is trusted to have signed, and what else must vouch for it.

use std::num::NonZero;

use clap::Args;
use countersign::key_reference::KeyReference;
use countersign::verify::Rules;
use countersign_core::key::{PublicKey, SignatureDigest};
use countersign_core::policy::{CertificateLogRule, Claim, LogRule, Policy, TimestampRule, TrustedSigner};
use countersign_core::trust::TrustedRoot;
use countersign_core::tuf::Reach;
use countersign_oci::http::Http;

use super::identity::IdentityArgs;
use super::key::KeyArgs;
use super::registry::plain_client;
use super::trusted_root::TrustedRootArgs;
use super::usage::UsageError;
use crate::failure::Failure;
use crate::published::{Published, What};
use crate::session::Session;

/// Who is trusted to have signed, and what else must vouch for it.
#[derive(Args, Clone, Debug)]
pub(crate) struct TrustedSignerArgs {
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    identity: IdentityArgs,
    #[command(flatten)]
    root: TrustedRootArgs,

    /// Does not ask for an entry in a transparency log
    #[arg(long)]
    insecure_ignore_tlog: bool,

    /// Does not ask for an entry in a transparency log, because there is a private one
    #[arg(long)]
    private_infrastructure: bool,

    /// Does not ask that a log has witnessed the certificate
    #[arg(long)]
    insecure_ignore_sct: bool,

    /// Asks for a timestamp by a trusted authority
    #[arg(long)]
    use_signed_timestamps: bool,

    /// Contacts nothing but the registry
    #[arg(long)]
    offline: bool,

    /// The digest that was signed: sha256, sha384 or sha512; without it, those usual for the key
    #[arg(long, value_name = "DIGEST")]
    signature_digest_algorithm: Option<SignatureDigest>,
}

/// Who is trusted to claim what, what must vouch for the signature, and whom to believe that.
#[derive(Debug)]
pub(crate) struct Terms {
    policy: Policy,
    root: TrustedRoot,
}

impl Terms {
    /// What evidence is judged by.
    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules {
            policy: &self.policy,
            trust: &self.root,
        }
    }
}

impl TrustedSignerArgs {
    /// Reads what a signature of `thing` that makes the `claim` must show; warns of what is not asked.
    pub(crate) async fn terms(
        &self,
        claim: Claim,
        thing: &str,
        session: &Session<'_>,
        http: &Http,
    ) -> Result<Terms, Failure> {
        self.warn(thing, session);
        let key = match self.reference(session)? {
            Some(reference) => Some(reference.public_key(&session.variables(), http).await?),
            None => None,
        };
        let policy = self.policy(key, claim, session)?;
        let root = match self.root(&policy, session)? {
            Some(root) => root,
            None => self.published(session).await?,
        };
        Ok(Terms { policy, root })
    }

    /// As [`terms`](Self::terms), for a command that needs no registry, and so no client where the key is here.
    pub(crate) fn terms_alone(&self, claim: Claim, thing: &str, session: &Session<'_>) -> Result<Terms, Failure> {
        self.warn(thing, session);
        let key = match self.reference(session)? {
            Some(reference) => Some(match reference.read_here(&session.variables())? {
                Some(pem) => reference.parse_public(&pem)?,
                None => {
                    let http = plain_client(session);
                    session.wait(async { Ok(reference.public_key(&session.variables(), &http).await?) })?
                }
            }),
            None => None,
        };
        let policy = self.policy(key, claim, session)?;
        let root = match self.root(&policy, session)? {
            Some(root) => root,
            None => session.wait(self.published(session))?,
        };
        Ok(Terms { policy, root })
    }

    fn policy(&self, key: Option<PublicKey>, claim: Claim, session: &Session<'_>) -> Result<Policy, Failure> {
        let signer = match key {
            Some(key) => self.trusting(key),
            None => self.identities(session)?,
        };
        let log = match self.insecure_ignore_tlog || self.private_infrastructure {
            true => LogRule::InsecurelyIgnored,
            false => LogRule::Required { logs: ONE },
        };
        let timestamps = match self.use_signed_timestamps {
            true => TimestampRule::Required { authorities: ONE },
            false => TimestampRule::NotAsked,
        };
        Ok(Policy::new(signer, claim, log).stamped(timestamps))
    }

    /// Whom to believe, as flags and variables say, or nobody where a key alone decides; nothing where that is to be looked
    /// up.
    fn root(&self, policy: &Policy, session: &Session<'_>) -> Result<Option<TrustedRoot>, Failure> {
        let is_key_alone = matches!(policy.signer(), TrustedSigner::Key { .. })
            && policy.log() == LogRule::InsecurelyIgnored
            && policy.timestamps() == TimestampRule::NotAsked;
        Ok(match self.root.load(session)? {
            None if is_key_alone => Some(TrustedRoot::default()),
            root => root,
        })
    }

    /// Whom a TUF repository says to believe.
    async fn published(&self, session: &Session<'_>) -> Result<TrustedRoot, Failure> {
        let reach = match self.offline {
            true => Reach::Kept,
            false => Reach::Published,
        };
        Published::look(What::Trust, reach, session).await?.trusted_root().await
    }

    /// Whether nothing but the registry may be contacted.
    pub(crate) fn is_offline(&self) -> bool {
        self.offline
    }

    /// Says what is not asked of the `thing` that is verified.
    fn warn(&self, thing: &str, session: &Session<'_>) {
        if self.insecure_ignore_tlog {
            session.ui().warn(&format!(
                "Skipping tlog verification is an insecure practice that lacks transparency and auditability \
                 verification for the {thing}."
            ));
        }
    }

    /// Where the key is, if one is trusted.
    fn reference(&self, session: &Session<'_>) -> Result<Option<KeyReference>, Failure> {
        let reference = self.key.reference(session)?;
        if reference.is_some() && self.identity.is_given() {
            return Err(UsageError::because(
                "--key and --certificate-identity exclude each other: a signature is by a key or by an identity",
            )
            .into());
        }
        if self.offline && reference.as_ref().is_some_and(KeyReference::is_remote) {
            return Err(UsageError::because("--offline: the key is on the network").into());
        }
        Ok(reference)
    }

    fn identities(&self, session: &Session<'_>) -> Result<TrustedSigner, Failure> {
        Ok(TrustedSigner::Identities {
            identities: vec![self.identity.parse(session)?],
            certificate_log: match self.insecure_ignore_sct {
                true => CertificateLogRule::InsecurelyIgnored,
                false => CertificateLogRule::Required { logs: ONE },
            },
        })
    }

    fn trusting(&self, key: PublicKey) -> TrustedSigner {
        match self.signature_digest_algorithm {
            Some(digest) => TrustedSigner::key_with_digest(key, digest),
            None => TrustedSigner::key(key),
        }
    }
}

/// How many logs and authorities must vouch, as in cosign.
const ONE: NonZero<usize> = NonZero::<usize>::MIN;
