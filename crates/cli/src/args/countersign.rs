//! Which signatures of an image are signed, and what is asked of them before.

use clap::Args;
use countersign::sign::signatures::Chosen;
use countersign_core::Digest;
use countersign_core::policy::{CertificateLogRule, Claim, LogRule, Policy, Quorum, TrustedSigner};
use countersign_core::trust::TrustedRoot;
use countersign_core::tuf::Reach;
use countersign_oci::http::Http;

use super::annotations::split_list;
use super::services::ServiceArgs;
use super::usage::UsageError;
use super::{given, signer_spec, trust_policy};
use crate::failure::Failure;
use crate::published::{Published, What};
use crate::session::Session;

/// Which signatures of an image are signed, and what is asked of them before.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Flags of countersignatures")]
pub(crate) struct CountersignArgs {
    /// Signs the image's signatures: all that count, or those with these digests, with commas
    #[arg(
        long,
        value_name = "SIGNATURES",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "all"
    )]
    countersign: Option<String>,

    /// Whose signatures count: key=KEY or identity=IDENTITY,issuer=ISSUER; of several any
    #[arg(long, value_name = "SIGNER", requires = "countersign")]
    countersign_signer: Vec<String>,

    /// Which signatures count: a policy, a file in YAML or JSON
    #[arg(long, value_name = "FILE", requires = "countersign")]
    countersign_policy: Option<String>,

    /// Signs whatever is attached as a signature, by whomever
    #[arg(long, requires = "countersign")]
    countersign_unverified: bool,

    /// Does not ask that the signatures of --countersign-signer are in a transparency log
    #[arg(long, requires = "countersign_signer")]
    insecure_ignore_tlog: bool,

    /// The tag that keeps the signature manifest, which the next signer replaces in its own tag
    #[arg(long, value_name = "TAG", requires = "countersign")]
    name: Option<String>,
}

/// What is asked of signatures before they are countersigned.
pub(crate) struct Asked {
    pub(crate) policy: Policy,
    pub(crate) root: TrustedRoot,
    pub(crate) quorum: Option<Quorum>,
}

impl CountersignArgs {
    /// Says whether signatures are signed, rather than images.
    pub(crate) fn is_given(&self) -> bool {
        self.countersign.is_some()
    }

    /// The tag that keeps the signature manifest.
    pub(crate) fn name(&self) -> Option<&str> {
        given(&self.name)
    }

    /// Checks that it is said which signatures count, in one way.
    pub(crate) fn check(&self) -> Result<(), UsageError> {
        let ways = [
            !self.countersign_signer.is_empty(),
            given(&self.countersign_policy).is_some(),
            self.countersign_unverified,
        ];
        match ways.into_iter().filter(|is_given| *is_given).count() {
            _ if !self.is_given() => Ok(()),
            1 => self.chosen().map(drop),
            _ => Err(UsageError::because(
                "--countersign: pass one of --countersign-signer, --countersign-policy and --countersign-unverified, \
                 which say whose signatures are signed",
            )),
        }
    }

    /// Which signatures are signed.
    pub(crate) fn chosen(&self) -> Result<Chosen, UsageError> {
        match self.countersign.as_deref() {
            None | Some("all") => Ok(Chosen::All),
            Some(list) => split_list(list)
                .iter()
                .map(|text| {
                    let digest = text.parse::<Digest>();
                    digest.map_err(|error| UsageError::because(format!("--countersign: {text:?}: {error}")))
                })
                .collect::<Result<_, _>>()
                .map(Chosen::These),
        }
    }

    /// Reads what is asked of the signatures; nothing where anything is signed.
    pub(crate) async fn asked(
        &self,
        services: &ServiceArgs,
        session: &Session<'_>,
        http: &Http,
    ) -> Result<Option<Asked>, Failure> {
        if self.countersign_unverified {
            session
                .ui()
                .warn("--countersign-unverified: whatever is attached is signed, whoever attached it");
            return Ok(None);
        }
        let claim = Claim::signature(Default::default());
        let (policy, quorum) = match given(&self.countersign_policy) {
            Some(path) => {
                let file = trust_policy::read(path, session)?;
                (file.policy(claim), Some(file.quorum().clone()))
            }
            None => (self.policy(claim, session, http).await?, None),
        };
        let root = match services.trusted_root(session)? {
            Some(root) => root,
            None if policy.needs_no_trust() => TrustedRoot::default(),
            None => {
                let mut published = Published::look(What::Trust, Reach::Published, session).await?;
                published.trusted_root().await?
            }
        };
        Ok(Some(Asked { policy, root, quorum }))
    }

    async fn policy(&self, claim: Claim, session: &Session<'_>, http: &Http) -> Result<Policy, Failure> {
        let certificate_log = CertificateLogRule::Required {
            logs: std::num::NonZero::<usize>::MIN,
        };
        let mut signers = Vec::new();
        for text in &self.countersign_signer {
            let signer = signer_spec::read("--countersign-signer", text, certificate_log, session, http).await?;
            signers.push(signer.1);
        }
        let log = match self.insecure_ignore_tlog {
            true => LogRule::InsecurelyIgnored,
            false => LogRule::Required {
                logs: std::num::NonZero::<usize>::MIN,
            },
        };
        Ok(Policy::new(TrustedSigner::AnyOf(signers), claim, log))
    }
}
