//! What is signed, and that it is about the artifact (client-spec §4.5).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::signer::AcceptedSigner;
use super::{ClaimedDigests, Rejection};
use crate::Digest;
use crate::artifact::Artifact;
use crate::bundle::{Bundle, Content, SignedEnvelope};
use crate::key::Signature;
use crate::payload::simple_signing::SimpleSigning;
use crate::payload::statement::{PAYLOAD_TYPE, SIGN_PREDICATE_TYPE, Statement, Subject};
use crate::policy::{Claim, ClaimBinding, Policy, PredicateRule};
use crate::quoted::Quoted;

/// A claim that is signed and, where the policy asks for it, about the artifact.
#[derive(Clone, Debug)]
pub(super) struct BoundClaim {
    digest: Option<Digest>,
    claimed_digest: Option<String>,
    payload: Vec<u8>,
    claimed: Claimed,
}

/// What a signed payload claims.
#[derive(Clone, Debug)]
enum Claimed {
    SimpleSigning(SimpleSigning),
    Statement {
        predicate_type: String,
        annotations: Option<Map<String, Value>>,
    },
}

impl BoundClaim {
    pub(super) fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    pub(super) fn claimed_digest(&self) -> Option<&str> {
        self.claimed_digest.as_deref()
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(super) fn docker_reference(&self) -> Option<&str> {
        match &self.claimed {
            Claimed::SimpleSigning(payload) => Some(payload.docker_reference()),
            Claimed::Statement { .. } => None,
        }
    }

    pub(super) fn kind(&self) -> &str {
        match &self.claimed {
            Claimed::SimpleSigning(payload) => payload.kind(),
            Claimed::Statement { predicate_type, .. } => predicate_type,
        }
    }

    pub(super) fn predicate_type(&self) -> Option<&str> {
        match &self.claimed {
            Claimed::SimpleSigning(_) => None,
            Claimed::Statement { predicate_type, .. } => Some(predicate_type),
        }
    }

    pub(super) fn annotations(&self) -> Option<&Map<String, Value>> {
        match &self.claimed {
            Claimed::SimpleSigning(payload) => payload.optional(),
            Claimed::Statement { annotations, .. } => annotations.as_ref(),
        }
    }
}

/// What the policy asks of a signature.
#[derive(Clone, Copy)]
struct Asked<'a> {
    annotations: &'a BTreeMap<String, String>,
    binding: ClaimBinding,
    predicate: PredicateRule,
}

/// Checks the signature, then that what it covers is the claim that the policy asks for.
///
/// The payload is read only after the signature over its bytes has been checked.
pub(super) fn bind(
    bundle: &Bundle,
    artifact: &Artifact,
    signer: &AcceptedSigner,
    policy: &Policy,
) -> Result<BoundClaim, Rejection> {
    let Claim::Signature {
        annotations,
        binding,
        predicate,
    } = policy.claim();
    let asked = Asked {
        annotations,
        binding: *binding,
        predicate: *predicate,
    };
    match bundle.content() {
        Content::Envelope(envelope) => statement(envelope, artifact, signer, asked),
        Content::SimpleSigning { payload, signature } => simple_signing(payload, signature, artifact, signer, asked),
        Content::Message(_) => Err(Rejection::MessageSignature),
    }
}

fn statement(
    signed: &SignedEnvelope,
    artifact: &Artifact,
    signer: &AcceptedSigner,
    asked: Asked<'_>,
) -> Result<BoundClaim, Rejection> {
    let envelope = signed.envelope();
    signer.verify(&envelope.pae(), signed.signature())?;
    if envelope.payload_type() != PAYLOAD_TYPE {
        return Err(Rejection::PayloadType {
            expected: PAYLOAD_TYPE,
            found: Quoted::new(envelope.payload_type()),
        });
    }
    let statement = Statement::parse(envelope.payload())?;
    match asked.predicate {
        PredicateRule::Signature if statement.predicate_type() != SIGN_PREDICATE_TYPE => {
            return Err(Rejection::PredicateType {
                expected: SIGN_PREDICATE_TYPE,
                found: Quoted::new(statement.predicate_type()),
            });
        }
        PredicateRule::Signature | PredicateRule::InsecurelyAny => {}
    }
    let (digest, subject) = match asked.binding {
        ClaimBinding::Required => {
            let subject = subject(&statement, artifact, asked.annotations)?;
            (Some(artifact.digest().clone()), Some(subject))
        }
        ClaimBinding::InsecurelyIgnored => (None, statement.subjects().first()),
    };
    let claimed_digest = match &digest {
        Some(digest) => Some(digest.to_string()),
        None => subject.and_then(|subject| texts_of(subject).next()),
    };
    Ok(BoundClaim {
        digest,
        claimed_digest,
        payload: envelope.payload().to_vec(),
        claimed: Claimed::Statement {
            predicate_type: statement.predicate_type().to_owned(),
            annotations: subject.and_then(Subject::annotations).cloned(),
        },
    })
}

/// Returns the subject that is the artifact and carries the annotations.
///
/// Both are asked of *one* subject, so that no annotation is lent by a neighbour; of several that are the artifact, any may
/// carry them.
fn subject<'a>(
    statement: &'a Statement,
    artifact: &Artifact,
    annotations: &BTreeMap<String, String>,
) -> Result<&'a Subject, Rejection> {
    let mut rejection = None;
    for subject in statement.subjects() {
        if !subject.is(artifact.digest()) {
            continue;
        }
        match carries(subject.annotations(), annotations) {
            Ok(()) => return Ok(subject),
            Err(reason) => rejection = rejection.or(Some(reason)),
        }
    }
    Err(rejection.unwrap_or_else(|| Rejection::DigestMismatch {
        expected: artifact.digest().clone(),
        found: ClaimedDigests::new(statement.subjects().iter().flat_map(texts_of)),
    }))
}

fn texts_of(subject: &Subject) -> impl Iterator<Item = String> {
    subject.digests().map(|(algorithm, hex)| format!("{algorithm}:{hex}"))
}

fn simple_signing(
    payload: &[u8],
    signature: &Signature,
    artifact: &Artifact,
    signer: &AcceptedSigner,
    asked: Asked<'_>,
) -> Result<BoundClaim, Rejection> {
    signer.verify(payload, signature)?;
    let claimed = SimpleSigning::parse(payload)?;
    let digest = match asked.binding {
        ClaimBinding::Required => {
            if claimed.digest() != artifact.digest().as_str() {
                return Err(Rejection::DigestMismatch {
                    expected: artifact.digest().clone(),
                    found: ClaimedDigests::new([claimed.digest()]),
                });
            }
            carries(claimed.optional(), asked.annotations)?;
            Some(artifact.digest().clone())
        }
        ClaimBinding::InsecurelyIgnored => None,
    };
    Ok(BoundClaim {
        digest,
        claimed_digest: Some(claimed.digest().to_owned()),
        payload: payload.to_vec(),
        claimed: Claimed::SimpleSigning(claimed),
    })
}

/// Checks that every annotation asked for is there with its value; a number never equals a text, as in cosign.
fn carries(found: Option<&Map<String, Value>>, wanted: &BTreeMap<String, String>) -> Result<(), Rejection> {
    for (key, expected) in wanted {
        match found.and_then(|found| found.get(key)) {
            Some(Value::String(value)) if value == expected => {}
            Some(other) => {
                return Err(Rejection::AnnotationMismatch {
                    key: key.clone(),
                    expected: expected.clone(),
                    found: Quoted::new(&shown(other)),
                });
            }
            None => {
                return Err(Rejection::AnnotationMissing {
                    key: key.clone(),
                    expected: expected.clone(),
                });
            }
        }
    }
    Ok(())
}

/// Shows a text bare and anything else as JSON.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
