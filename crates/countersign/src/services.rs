//! The services that vouch for signatures, and what they add to one.

use std::borrow::Cow;
use std::num::NonZero;
use std::sync::Arc;

use countersign_core::artifact::Artifact;
use countersign_core::bundle::Bundle;
use countersign_core::digest::Digest;
use countersign_core::key::{Signature, SignatureDigest};
use countersign_core::message::Bytes;
use countersign_core::policy::{
    CertificateLogRule, Claim, IdentityPattern, LogRule, Pattern, Policy, TimestampRule, TrustedSigner,
};
use countersign_core::protocol::rekor::{Kept, Proposal, Verifier};
use countersign_core::trust::signing_config::{SelectionError, Service, SigningConfig};
use countersign_core::trust::{TrustedRoot, Validity};
use countersign_core::verify::{Rejection, verify};
use countersign_oci::http::Http;
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use crate::credential::Credential;
use crate::rekor::Log;
use crate::service::ServiceError;
use crate::tsa;

/// The services that vouch for signatures.
#[derive(Clone)]
pub struct Services {
    logs: Vec<Log>,
    timestamp_authorities: Vec<String>,
    connections: Option<Arc<Connections>>,
    trust: Option<Arc<TrustedRoot>>,
    kept: Kept,
}

/// How the services are reached, and what makes questions to them unpredictable.
pub struct Connections {
    /// Reaches logs.
    pub http: Http,
    /// Reaches timestamp authorities, which may ask who we are.
    pub timestamp_http: Http,
    /// Random bytes.
    pub seed: [u8; 32],
}

impl Services {
    /// None: nobody vouches but the key.
    pub fn none() -> Self {
        Self {
            logs: Vec::new(),
            timestamp_authorities: Vec::new(),
            connections: None,
            trust: None,
            kept: Kept::Hashes,
        }
    }

    /// These.
    pub fn new(logs: Vec<Log>, timestamp_authorities: Vec<String>, connections: Connections) -> Self {
        Self {
            logs,
            timestamp_authorities,
            connections: Some(Arc::new(connections)),
            trust: None,
            kept: Kept::Hashes,
        }
    }

    /// Those that a signing configuration chooses `now`.
    ///
    /// # Errors
    /// [`SelectionError`].
    pub fn of(config: &SigningConfig, now: Timestamp, connections: Connections) -> Result<Self, SelectionError> {
        let log = |service: &Service| {
            let url = service.url().to_owned();
            match service.major_api_version() {
                REKOR_1 => Log::Rekor1 { url },
                _ => Log::Rekor2 { url },
            }
        };
        let logs = config.select_logs(&[REKOR_1, REKOR_2], now)?;
        let authorities = config.select_timestampers(&[TIMESTAMPS], now)?;
        Ok(Self::new(
            logs.into_iter().map(log).collect(),
            authorities
                .into_iter()
                .map(|authority| authority.url().to_owned())
                .collect(),
            connections,
        ))
    }

    /// Judges what the services answer by `trust`.
    #[must_use]
    pub fn trusting(mut self, trust: TrustedRoot) -> Self {
        self.trust = Some(Arc::new(trust));
        self
    }

    /// Has Rekor 1 keep this of envelopes.
    #[must_use]
    pub fn keeping(mut self, kept: Kept) -> Self {
        self.kept = kept;
        self
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.logs.is_empty() && self.timestamp_authorities.is_empty()
    }

    /// Returns the logs: what is signed becomes public there, and who signed it.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// Returns the addresses of the timestamp authorities.
    pub fn timestamp_authorities(&self) -> &[String] {
        &self.timestamp_authorities
    }

    /// Says whether one of them tells the time of a signature, without which a certificate of minutes soon proves nothing.
    pub fn tell_the_time(&self) -> bool {
        let promises = |log: &Log| matches!(log, Log::Rekor1 { .. });
        !self.timestamp_authorities.is_empty() || self.logs.iter().any(promises)
    }

    /// Adds to `bundle` what vouches for its signature over `artifact`, and verifies all of it if there is a trusted root to
    /// judge by: what a verifier would refuse is never handed out (client-spec §2.1.8), and what a certificate authority
    /// answered is judged before a log has it for ever (§2.1.3).
    ///
    /// # Errors
    /// [`VouchError`].
    pub async fn vouch(
        &self,
        bundle: Bundle,
        artifact: &Artifact,
        claim: Claim,
        credential: &Credential,
        now: impl Fn() -> Timestamp,
    ) -> Result<Bundle, VouchError> {
        let trust = self.trusted_for(credential);
        if let (Some(trust), Some(certificate)) = (&trust, credential.certificate()) {
            let alone = Policy::new(trusted(credential, trust), claim.clone(), LogRule::InsecurelyIgnored);
            let bundle = bundle.clone().with_certificate(certificate, credential.issuers());
            let at = within(certificate.validity(), now());
            verify(&bundle, artifact, &alone, trust, at).map_err(VouchError::Untrusted)?;
        }
        let bundle = self.witness(bundle, credential).await?;
        if let Some(trust) = &trust {
            let policy = self.policy(credential, claim, trust);
            verify(&bundle, artifact, &policy, trust, now()).map_err(VouchError::Unverifiable)?;
        }
        Ok(bundle)
    }

    /// Whom to believe: the trusted root, and the authority of one's own that the credential is of.
    fn trusted_for(&self, credential: &Credential) -> Option<Cow<'_, TrustedRoot>> {
        let trust = self.trust.as_deref()?;
        Some(match credential.own_authority() {
            Some(authority) => Cow::Owned(trust.clone().with_certificate_authorities([authority])),
            None => Cow::Borrowed(trust),
        })
    }

    /// What earlier signatures by whoever holds the credential must show, and whom to believe: a key is enough by itself, a
    /// certificate needs a trusted root. Nothing where there is none.
    pub fn earlier(&self, credential: &Credential, claim: Claim) -> Option<(Policy, TrustedRoot)> {
        if credential.certificate().is_none() {
            let trust = TrustedRoot::default();
            let signer = trusted(credential, &trust);
            return Some((Policy::new(signer, claim, LogRule::InsecurelyIgnored), trust));
        }
        let trust = self.trusted_for(credential)?.into_owned();
        Some((self.policy(credential, claim, &trust), trust))
    }

    /// What a verifier with this trusted root would ask for: the holder of the credential, and each of the services.
    fn policy(&self, credential: &Credential, claim: Claim, trust: &TrustedRoot) -> Policy {
        let log = NonZero::new(self.logs.len()).map_or(LogRule::InsecurelyIgnored, |logs| LogRule::Required { logs });
        let policy = Policy::new(trusted(credential, trust), claim, log);
        match NonZero::new(self.timestamp_authorities.len()) {
            Some(authorities) => policy.stamped(TimestampRule::Required { authorities }),
            None => policy,
        }
    }

    /// Adds to `bundle` what vouches for its signature: the credential's certificate, an entry of each log and a timestamp of
    /// each authority. What they answer is *untrusted*.
    ///
    /// # Errors
    /// [`ServiceError`] of the first service that fails.
    pub async fn witness(&self, bundle: Bundle, credential: &Credential) -> Result<Bundle, ServiceError> {
        let (entries, timestamps) = match &self.connections {
            None => (Vec::new(), Vec::new()),
            Some(connections) => {
                let digests = credential.signer().needs();
                let proposal = Proposal {
                    content: bundle.content(),
                    digest: digests.digests().first().copied().unwrap_or(SignatureDigest::Sha256),
                    verifier: match credential.certificate() {
                        Some(certificate) => Verifier::Certificate(certificate),
                        None => Verifier::Key(credential.signer().public_key()),
                    },
                    kept: self.kept,
                };
                // what a timestamp is of (client-spec §2.1.4)
                let signature = bundle.content().signature();
                let entries = self.logs.iter().map(|log| log.append(&proposal, &connections.http));
                let stamps = self.timestamp_authorities.iter().map(|url| {
                    let nonce = connections.nonce(url, signature);
                    tsa::stamp(url, signature.as_bytes(), nonce, &connections.timestamp_http)
                });
                tokio::try_join!(try_join_all(entries), try_join_all(stamps))?
            }
        };
        let bundle = match credential.certificate() {
            Some(certificate) => bundle.with_certificate(certificate, credential.issuers()),
            None => bundle,
        };
        Ok(bundle.with_log_entries(entries).with_timestamps(timestamps))
    }
}

/// A moment within a validity, if `now` is nearly: the clocks of two machines are never the same.
fn within(validity: Validity, now: Timestamp) -> Timestamp {
    let is_near = |end: &Timestamp| now.duration_since(*end).abs() <= CLOCKS;
    match (validity.start(), validity.end()) {
        (Some(start), _) if now < start => Some(start).filter(is_near).unwrap_or(now),
        (_, Some(end)) if now > end => Some(end).filter(is_near).unwrap_or(now),
        _ => now,
    }
}

/// Whose signature it must be.
fn trusted(credential: &Credential, trust: &TrustedRoot) -> TrustedSigner {
    let key = credential.signer().public_key().clone();
    let Some(certificate) = credential.certificate() else {
        let needs = credential.signer().needs();
        return match (needs.bytes(), needs.digests()) {
            (Bytes::Dropped, [digest]) => TrustedSigner::key_with_digest(key, *digest),
            _ => TrustedSigner::key(key),
        };
    };
    let issuer = certificate.extensions().issuer().unwrap_or_default();
    let pattern = |name: &str| IdentityPattern::new(Pattern::Exact(name.to_owned()), Pattern::Exact(issuer.to_owned()));
    TrustedSigner::Identities {
        identities: certificate
            .names()
            .iter()
            .map(|name| pattern(&name.to_string()))
            .collect(),
        certificate_log: match trust.certificate_logs() {
            _ if credential.own_authority().is_some() => CertificateLogRule::InsecurelyIgnored,
            [] => CertificateLogRule::InsecurelyIgnored,
            _ => CertificateLogRule::Required {
                logs: NonZero::<usize>::MIN,
            },
        },
    }
}

/// Why nothing vouches for a signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VouchError {
    /// A service did not.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The certificate is not believed, and no log has been asked.
    #[error("what the certificate authority answered does not verify")]
    Untrusted(#[source] Rejection),
    /// What the services answered is not believed.
    #[error("what the services answered does not verify")]
    Unverifiable(#[source] Rejection),
}

impl Connections {
    /// A number that nobody can foresee and that is another for each question.
    fn nonce(&self, url: &str, signature: &Signature) -> [u8; 16] {
        let digest = Digest::sha256(&[&self.seed, url.as_bytes(), signature.as_bytes()].concat());
        let bytes = digest.bytes();
        std::array::from_fn(|at| bytes[at])
    }
}

/// How much a clock may be off.
const CLOCKS: SignedDuration = SignedDuration::from_mins(5);

const REKOR_1: u32 = 1;
const REKOR_2: u32 = 2;
const TIMESTAMPS: u32 = 1;
