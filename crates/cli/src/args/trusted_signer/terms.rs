//! What was asked, read whole: who must have signed, what must vouch for it, and whom to believe that.

use countersign::verify::{AskedLog, Rules, look_up};
use countersign_core::Artifact;
use countersign_core::base::{Authority, BasePolicy};
use countersign_core::bundle::{Beside, Bundle};
use countersign_core::chain::Countersigners;
use countersign_core::message::{Bytes, Message, Needs};
use countersign_core::policy::{Policy, Quorum, TrustedSigner};
use countersign_core::trust::TrustedRoot;
use countersign_core::verify::{needs, verify};
use countersign_oci::http::Http;

use crate::args::blob::BlobSource;
use crate::args::registry::plain_client;
use crate::failure::Failure;
use crate::session::Session;

/// Who is trusted to claim what, what must vouch for the signature, and whom to believe that.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(super) policy: Policy,
    pub(super) root: TrustedRoot,
    pub(super) quorum: Option<Quorum>,
    pub(super) bases: Option<BasePolicy>,
    pub(super) beside: Option<Beside>,
    pub(super) log: Option<String>,
    pub(super) countersigners: Option<Countersigners>,
}

impl Terms {
    /// Who must have countersigned.
    pub(crate) fn countersigners(&self) -> Option<&Countersigners> {
        self.countersigners.as_ref()
    }

    /// What evidence is judged by.
    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules {
            quorum: self.quorum.as_ref(),
            beside: self.beside.as_ref(),
            ..Rules::new(&self.policy, &self.root)
        }
    }

    /// On which bases an image must stand, where a policy file says so.
    pub(crate) fn bases(&self) -> Option<&BasePolicy> {
        self.bases.as_ref()
    }

    /// As [`rules`](Self::rules), and the log may be asked.
    pub(crate) fn rules_online<'a>(&'a self, http: &'a Http) -> Rules<'a> {
        Rules {
            log: self.log.as_deref().map(|url| AskedLog { url, http }),
            ..self.rules()
        }
    }

    /// Adds what lies beside a signature.
    pub(crate) fn complete(&self, bundle: Bundle) -> Bundle {
        match &self.beside {
            Some(beside) => bundle.with_beside(beside),
            None => bundle,
        }
    }

    /// What must be known of a file to judge these signatures.
    pub(crate) fn needs(&self, bundles: &[Bundle]) -> Needs {
        let each = bundles.iter().map(|bundle| needs(bundle, &self.policy));
        each.fold(Needs::new(&[], Bytes::Dropped), |all, one| all.joined(&one))
    }

    /// Reads a file for what these signatures need of it. Of a short one everything is known at once, for to find out what
    /// they need takes longer.
    pub(crate) fn read(
        &self,
        source: &BlobSource,
        bundles: &[Bundle],
        session: &Session<'_>,
    ) -> Result<Message, Failure> {
        let needs = match source.is_short() {
            true => Needs::everything(),
            false => self.needs(bundles),
        };
        source.read(&needs, session)
    }

    /// Judges the signatures of a file, of which there must be as many as the policy asks for.
    pub(crate) fn judge_file(
        &self,
        file: &str,
        bundles: Vec<Bundle>,
        artifact: &Artifact,
        session: &Session<'_>,
    ) -> Result<(), Failure> {
        let rejected = |source| Failure::Rejected {
            blob: file.to_owned(),
            source,
        };
        let mut verified = Vec::new();
        for bundle in bundles {
            let outcome = match verify(&bundle, artifact, &self.policy, &self.root, session.now()) {
                Err(rejection) if self.log.is_some() && rejection.is_unlogged() => {
                    let http = plain_client(session);
                    let rules = self.rules_online(&http);
                    session.wait(async {
                        look_up(bundle, rejection, artifact, rules, session.now())
                            .await
                            .map_err(Failure::LookUp)
                    })?
                }
                outcome => outcome,
            };
            verified.push(outcome.map_err(rejected)?);
        }
        match &self.quorum {
            None => Ok(()),
            Some(quorum) => quorum.judge(&verified).map(drop).map_err(|source| Failure::Quorum {
                blob: file.to_owned(),
                source,
            }),
        }
    }
}

/// What is asked of a signature, of who countersigned it, and of what the artifact stands on.
pub(super) struct Asked {
    pub(super) policy: Policy,
    pub(super) quorum: Option<Quorum>,
    pub(super) bases: Option<BasePolicy>,
    pub(super) countersigners: Option<Countersigners>,
}

impl Asked {
    /// Says whether nobody is to be believed but holders of keys.
    pub(super) fn needs_no_trust(&self) -> bool {
        let bases = self.bases.iter().flat_map(|policy| &policy.bases);
        let mut signed = bases.filter_map(|base| match &base.authority {
            Authority::Signed(policy) => Some(policy),
            Authority::Known(_) => None,
        });
        // what countersigns may need to be vouched for where what signs need not
        let countersigners = self.countersigners.as_ref().map(Countersigners::anyone);
        let signers = countersigners.into_iter().chain([self.policy.signer().clone()]);
        let all = self.policy.of_signer(&TrustedSigner::AnyOf(signers.collect()));
        all.needs_no_trust() && signed.all(|policy| policy.needs_no_trust())
    }
}
