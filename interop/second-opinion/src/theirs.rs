//! Their verdict: `sigstore-verify`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Artifact as Judged, ArtifactDigest, Bundle, DerPublicKey, HashAlgorithm};
use sigstore_verify::{Policy, PublicKeyVerificationPolicy, VerificationPolicy, verify};

use crate::Verdict;
use crate::cases::{Artifact, Case, Signer};

pub(crate) fn judge(case: &Case, bundle: &str, root: &str) -> Verdict {
    let judged = AssertUnwindSafe(|| of(case, bundle, root));
    catch_unwind(judged).unwrap_or_else(|_| Err("it panicked".to_owned()))
}

fn of(case: &Case, bundle: &str, root: &str) -> Verdict {
    let bundle = Bundle::from_json(bundle).map_err(|error| error.to_string())?;
    let trust = TrustedRoot::from_json(root).map_err(|error| error.to_string())?;
    let policy: Box<dyn Policy> = match &case.signer {
        Signer::Key(pem) => {
            let key = DerPublicKey::from_pem(pem).map_err(|error| error.to_string())?;
            Box::new(PublicKeyVerificationPolicy::new(key))
        }
        Signer::Identity { subject, issuer } => Box::new(VerificationPolicy::new(subject.as_str(), issuer.as_str())),
    };
    let artifact = match &case.artifact {
        Artifact::Bytes(bytes) => Judged::from_blob(bytes),
        Artifact::Digest(digest) => {
            let digest = ArtifactDigest::new(HashAlgorithm::Sha2256, digest.bytes());
            Judged::Digest(digest.map_err(|error| error.to_string())?)
        }
    };
    verify(artifact, &bundle, policy.as_ref(), &trust)
        .map(|_| ())
        .map_err(|error| error.to_string())
}
