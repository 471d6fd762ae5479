//! Who is trusted to have signed, and what else must vouch for it.

mod terms;

use std::num::NonZero;

use clap::Args;
use countersign::key_reference::KeyReference;
use countersign_core::bundle::Beside;
use countersign_core::chain::Countersigners;
use countersign_core::key::{PublicKey, SignatureDigest};
use countersign_core::policy::{CertificateLogRule, Claim, LogRule, Policy, TimestampRule, TrustedSigner};
use countersign_core::trust::TrustedRoot;
use countersign_core::tuf::Reach;
use countersign_oci::http::Http;

use super::beside::BesideArgs;
use super::chain::ChainArgs;
use super::identity::IdentityArgs;
use super::key::KeyArgs;
use super::registry::plain_client;
use super::trusted_root::TrustedRootArgs;
use super::usage::UsageError;
use super::{given, trust_policy};
use crate::failure::Failure;
use crate::published::{Published, What};
use crate::session::Session;
use terms::Asked;
pub(crate) use terms::Terms;

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

    #[command(flatten)]
    beside: BesideArgs,

    /// The transparency log, a Rekor 1, that is asked for the entry of a signature that comes without one
    #[arg(long, value_name = "URL")]
    rekor_url: Option<String>,

    /// The policy, a file in YAML or JSON: who must have signed, how many of them, and who may not
    #[arg(long, value_name = "FILE")]
    trust_policy: Option<String>,

    /// The digest that was signed: sha256, sha384 or sha512; without it, those usual for the key
    #[arg(long, value_name = "DIGEST")]
    signature_digest_algorithm: Option<SignatureDigest>,
}

/// Refuses a policy that asks for more than a command judges.
fn without_bases(terms: Terms) -> Result<Terms, Failure> {
    match terms.bases {
        None => Ok(terms),
        Some(_) => Err(UsageError::because(
            "--trust-policy: its section `bases` is about images, and only verify and base verify judge it",
        )
        .into()),
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
        let terms = self.terms_with_bases(claim, thing, session, http).await?;
        without_bases(terms)
    }

    /// As [`terms`](Self::terms), for a command that judges on which bases an image stands too.
    pub(crate) async fn terms_with_bases(
        &self,
        claim: Claim,
        thing: &str,
        session: &Session<'_>,
        http: &Http,
    ) -> Result<Terms, Failure> {
        let terms = self.terms_of_chain(claim, thing, None, session, http).await?;
        countersigned_only_by_verify(&terms.countersigners)?;
        Ok(terms)
    }

    /// As [`terms_with_bases`](Self::terms_with_bases), and who must have countersigned.
    pub(crate) async fn terms_of_chain(
        &self,
        claim: Claim,
        thing: &str,
        chain: Option<&ChainArgs>,
        session: &Session<'_>,
        http: &Http,
    ) -> Result<Terms, Failure> {
        self.warn(thing, session);
        let key = match self.reference(session)? {
            Some(reference) => Some(reference.public_key(&session.variables(), http).await?),
            None => None,
        };
        let beside = self.beside.read(self.offline, session, http).await?;
        let mut asked = self.policy(key, claim, session)?;
        let by_flags = match chain {
            Some(chain) => chain.countersigners(self.certificate_log(), session, http).await?,
            None => None,
        };
        if by_flags.is_some() && asked.countersigners.is_some() {
            return Err(UsageError::because(
                "--require-countersign and --min-depth: the policy says it, as countersigners; pass --trust-policy without them",
            )
            .into());
        }
        asked.countersigners = asked.countersigners.or(by_flags);
        let root = match self.root(&asked, session)? {
            Some(root) => root,
            None => self.published(session).await?,
        };
        Ok(self.terms_of(asked, beside, root))
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
        let beside = match self.beside.is_given() {
            true => {
                let http = plain_client(session);
                session.wait(self.beside.read(self.offline, session, &http))?
            }
            false => Beside::default(),
        };
        let asked = self.policy(key, claim, session)?;
        countersigned_only_by_verify(&asked.countersigners)?;
        let root = match self.root(&asked, session)? {
            Some(root) => root,
            None => session.wait(self.published(session))?,
        };
        without_bases(self.terms_of(asked, beside, root))
    }

    fn terms_of(&self, asked: Asked, beside: Beside, root: TrustedRoot) -> Terms {
        Terms {
            log: self.asked_log(&root),
            beside: self.beside.is_given().then_some(beside),
            policy: asked.policy,
            root,
            quorum: asked.quorum,
            bases: asked.bases,
            countersigners: asked.countersigners,
        }
    }

    /// The log that is asked for what is missing: that of the flag, or cosign's own where the trusted root is of it.
    fn asked_log(&self, root: &TrustedRoot) -> Option<String> {
        if self.offline {
            return None;
        }
        let is_public = root
            .logs()
            .iter()
            .any(|log| log.url().trim_end_matches('/') == PUBLIC_LOG);
        let named = given(&self.rekor_url);
        named.or(is_public.then_some(PUBLIC_LOG)).map(str::to_owned)
    }

    /// Says whether anyone is named who may have signed.
    pub(crate) fn names_anyone(&self) -> bool {
        self.key.is_given() || self.identity.is_given() || self.has_policy()
    }

    /// Says whether there is a policy file.
    pub(crate) fn has_policy(&self) -> bool {
        given(&self.trust_policy).is_some()
    }

    fn policy(&self, key: Option<PublicKey>, claim: Claim, session: &Session<'_>) -> Result<Asked, Failure> {
        if let Some(path) = given(&self.trust_policy) {
            let file = trust_policy::read(path, session)?;
            return Ok(Asked {
                policy: file.policy(claim),
                quorum: Some(file.quorum().clone()),
                bases: file.bases().cloned(),
                countersigners: file.countersigners().cloned(),
            });
        }
        let signer = match key {
            Some(key) => self.trusting(key),
            None => self.identities(session)?,
        };
        let log = match self.is_unlogged() {
            true => LogRule::InsecurelyIgnored,
            false => LogRule::Required { logs: ONE },
        };
        let timestamps = match self.use_signed_timestamps || self.beside.is_stamped() {
            true => TimestampRule::Required { authorities: ONE },
            false => TimestampRule::NotAsked,
        };
        Ok(Asked {
            policy: Policy::new(signer, claim, log).stamped(timestamps),
            quorum: None,
            bases: None,
            countersigners: None,
        })
    }

    /// Whether no entry in a log is asked for.
    fn is_unlogged(&self) -> bool {
        self.insecure_ignore_tlog || self.private_infrastructure
    }

    /// Whom to believe, as flags and variables say, or nobody where a key alone decides; nothing where that is to be looked
    /// up.
    fn root(&self, asked: &Asked, session: &Session<'_>) -> Result<Option<TrustedRoot>, Failure> {
        Ok(match self.root.load(session)? {
            None if asked.needs_no_trust() => Some(TrustedRoot::default()),
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
        self.check(reference.is_some())?;
        if self.offline && reference.as_ref().is_some_and(KeyReference::is_remote) {
            return Err(UsageError::because("--offline: the key is on the network").into());
        }
        Ok(reference)
    }

    /// Checks the flags against each other: none is passed over.
    fn check(&self, has_key: bool) -> Result<(), Failure> {
        let reason = if given(&self.trust_policy).is_some() {
            let others = [
                (has_key, "--key"),
                (self.identity.is_given(), "--certificate-identity"),
                (self.insecure_ignore_tlog, "--insecure-ignore-tlog"),
                (self.private_infrastructure, "--private-infrastructure"),
                (self.insecure_ignore_sct, "--insecure-ignore-sct"),
                (self.use_signed_timestamps, "--use-signed-timestamps"),
                (
                    self.signature_digest_algorithm.is_some(),
                    "--signature-digest-algorithm",
                ),
            ];
            let other = others.into_iter().find_map(|(is_given, flag)| is_given.then_some(flag));
            other.map(|flag| format!("{flag}: the policy says it; pass --trust-policy without it"))
        } else if let (true, Some(flag)) = (has_key, self.beside.of_certificate()) {
            Some(format!(
                "{flag} and --key exclude each other: a signature is by a key or by a certificate"
            ))
        } else if self.insecure_ignore_sct && self.beside.is_promised() {
            Some("--sct and --insecure-ignore-sct exclude each other".to_owned())
        } else if self.offline && given(&self.rekor_url).is_some() {
            Some("--offline: --rekor-url is on the network".to_owned())
        } else if self.is_unlogged() && given(&self.rekor_url).is_some() {
            Some("--rekor-url is asked for log entries, and none are asked for".to_owned())
        } else {
            None
        };
        reason.map_or(Ok(()), |reason| Err(UsageError::because(reason).into()))
    }

    fn identities(&self, session: &Session<'_>) -> Result<TrustedSigner, Failure> {
        Ok(TrustedSigner::Identities {
            identities: vec![self.identity.parse(session)?],
            certificate_log: self.certificate_log(),
        })
    }

    /// Whether logs must witness certificates.
    fn certificate_log(&self) -> CertificateLogRule {
        match self.insecure_ignore_sct {
            true => CertificateLogRule::InsecurelyIgnored,
            false => CertificateLogRule::Required { logs: ONE },
        }
    }

    fn trusting(&self, key: PublicKey) -> TrustedSigner {
        match self.signature_digest_algorithm {
            Some(digest) => TrustedSigner::key_with_digest(key, digest),
            None => TrustedSigner::key(key),
        }
    }
}

/// Refuses a policy that asks for countersignatures where none are looked for.
fn countersigned_only_by_verify(countersigners: &Option<Countersigners>) -> Result<(), UsageError> {
    match countersigners {
        None => Ok(()),
        Some(_) => Err(UsageError::because(
            "--trust-policy: the policy asks for countersigners, whom only the signatures of images have: `verify` looks for them",
        )),
    }
}

/// The log that cosign asks where it is not told of another.
const PUBLIC_LOG: &str = "https://rekor.sigstore.dev";

/// How many logs and authorities must vouch, as in cosign.
const ONE: NonZero<usize> = NonZero::<usize>::MIN;
