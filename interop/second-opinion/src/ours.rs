//! Our verdict: `countersign-core`, as `verify-blob` and `verify-blob-attestation` ask it.

use std::num::NonZero;

use countersign_core::bundle::{Bundle, Content};
use countersign_core::key::{PublicKey, SignatureDigest};
use countersign_core::message::{Bytes, Message, Needs};
use countersign_core::payload::statement::Statement;
use countersign_core::policy::{
    CertificateLogRule, Claim, ClaimBinding, IdentityPattern, LogRule, Pattern, Policy, TrustedSigner,
};
use countersign_core::{Artifact as Judged, TrustedRoot, verify};
use jiff::Timestamp;

use crate::Verdict;
use crate::cases::{Artifact, Case, Signer};

pub(crate) fn judge(case: &Case, bundle: &str, root: &str) -> Verdict {
    let bundle = Bundle::from_json(bundle.as_bytes()).map_err(|error| error.to_string())?;
    let trust = TrustedRoot::parse(root.as_bytes()).map_err(|error| error.to_string())?;
    let logs = LogRule::Required {
        logs: NonZero::<usize>::MIN,
    };
    let policy = Policy::new(signer(&case.signer)?, claim(&bundle), logs);
    verify(&bundle, &artifact(&case.artifact), &policy, &trust, Timestamp::now())
        .map(|_| ())
        .map_err(|rejection| {
            let mut text = rejection.to_string();
            let mut source = std::error::Error::source(&rejection);
            while let Some(cause) = source {
                text.push_str(&format!(": {cause}"));
                source = cause.source();
            }
            text
        })
}

fn signer(signer: &Signer) -> Result<TrustedSigner, String> {
    Ok(match signer {
        Signer::Key(pem) => TrustedSigner::key(PublicKey::from_pem(pem.as_bytes()).map_err(|error| error.to_string())?),
        Signer::Identity { subject, issuer } => {
            let [subject, issuer] = [subject, issuer].map(|text| Pattern::Exact(text.clone()));
            TrustedSigner::Identities {
                identities: vec![IdentityPattern::new(subject, issuer)],
                certificate_log: CertificateLogRule::Required {
                    logs: NonZero::<usize>::MIN,
                },
            }
        }
    })
}

/// An attestation of the type that it has, as the suite's protocol cannot ask for one.
fn claim(bundle: &Bundle) -> Claim {
    match bundle.content() {
        Content::Envelope(signed) => Claim::Attestation {
            predicate_type: Statement::parse(signed.envelope().payload())
                .ok()
                .and_then(|statement| statement.predicate_type().parse().ok()),
            binding: ClaimBinding::Required,
        },
        _ => Claim::Message,
    }
}

fn artifact(artifact: &Artifact) -> Judged {
    let digests = [
        SignatureDigest::Sha256,
        SignatureDigest::Sha384,
        SignatureDigest::Sha512,
    ];
    match artifact {
        Artifact::Bytes(bytes) => Judged::message(Message::of(bytes, &Needs::new(&digests, Bytes::Kept))),
        Artifact::Digest(digest) => Judged::message(Message::named(digest.clone())),
    }
}
