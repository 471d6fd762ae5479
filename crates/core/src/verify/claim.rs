//! What is signed, and that it is about the artifact (client-spec §4.5).

mod message;

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::material::Material;
use super::{ClaimedDigests, Rejection};
use crate::Digest;
use crate::artifact::Artifact;
use crate::bundle::{Bundle, Content, SignedEnvelope};
use crate::envelope::Envelope;
use crate::key::Signature;
use crate::payload::simple_signing::SimpleSigning;
use crate::payload::statement::{PAYLOAD_TYPE, SIGN_PREDICATE_TYPE, Statement, Subject};
use crate::policy::{Claim, ClaimBinding, Policy, PredicateRule};
use crate::quoted::Quoted;

pub(super) use message::needs;

/// A claim that is signed and, where the policy asks for it, about the artifact.
#[derive(Clone, Debug)]
pub(super) struct BoundClaim {
    digest: Option<Digest>,
    claimed_digest: Option<String>,
    claimed: Claimed,
}

/// What is signed, and what it claims.
#[derive(Clone, Debug)]
enum Claimed {
    Message,
    SimpleSigning {
        payload: Vec<u8>,
        parsed: SimpleSigning,
    },
    Statement {
        envelope: Envelope,
        predicate_type: String,
        predicate: Option<Box<RawValue>>,
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
        match &self.claimed {
            Claimed::Message => &[],
            Claimed::SimpleSigning { payload, .. } => payload,
            Claimed::Statement { envelope, .. } => envelope.payload(),
        }
    }

    pub(super) fn envelope(&self) -> Option<&Envelope> {
        match &self.claimed {
            Claimed::Message | Claimed::SimpleSigning { .. } => None,
            Claimed::Statement { envelope, .. } => Some(envelope),
        }
    }

    pub(super) fn docker_reference(&self) -> Option<&str> {
        match &self.claimed {
            Claimed::SimpleSigning { parsed, .. } => Some(parsed.docker_reference()),
            Claimed::Message | Claimed::Statement { .. } => None,
        }
    }

    pub(super) fn kind(&self) -> &str {
        match &self.claimed {
            Claimed::Message => "message",
            Claimed::SimpleSigning { parsed, .. } => parsed.kind(),
            Claimed::Statement { predicate_type, .. } => predicate_type,
        }
    }

    pub(super) fn predicate_type(&self) -> Option<&str> {
        match &self.claimed {
            Claimed::Message | Claimed::SimpleSigning { .. } => None,
            Claimed::Statement { predicate_type, .. } => Some(predicate_type),
        }
    }

    pub(super) fn predicate(&self) -> Option<&RawValue> {
        match &self.claimed {
            Claimed::Message | Claimed::SimpleSigning { .. } => None,
            Claimed::Statement { predicate, .. } => predicate.as_deref(),
        }
    }

    pub(super) fn annotations(&self) -> Option<&Map<String, Value>> {
        match &self.claimed {
            Claimed::Message => None,
            Claimed::SimpleSigning { parsed, .. } => parsed.optional(),
            Claimed::Statement { annotations, .. } => annotations.as_ref(),
        }
    }
}

/// Checks the signature, then that what it covers is the claim that the policy asks for.
///
/// The payload is read only after the signature over its bytes has been checked.
pub(super) fn bind(
    bundle: &Bundle,
    artifact: &Artifact,
    material: &Material<'_>,
    policy: &Policy,
) -> Result<BoundClaim, Rejection> {
    if let Claim::Message = policy.claim() {
        return message::bind(bundle.content(), artifact, material);
    }
    match bundle.content() {
        Content::Envelope(envelope) => statement(envelope, artifact, material, policy.claim()),
        Content::SimpleSigning { payload, signature } => {
            simple_signing(payload, signature, artifact, material, policy.claim())
        }
        Content::Message(_) => Err(Rejection::MessageSignature),
    }
}

fn statement(
    signed: &SignedEnvelope,
    artifact: &Artifact,
    material: &Material<'_>,
    asked: &Claim,
) -> Result<BoundClaim, Rejection> {
    let envelope = signed.envelope();
    material.verify(&envelope.pae(), signed.signature())?;
    if envelope.payload_type() != PAYLOAD_TYPE {
        return Err(Rejection::PayloadType {
            expected: PAYLOAD_TYPE,
            found: Quoted::new(envelope.payload_type()),
        });
    }
    let statement = Statement::parse(envelope.payload())?;
    check_predicate_type(statement.predicate_type(), asked)?;
    let none = BTreeMap::new();
    let (annotations, binding) = match asked {
        Claim::Signature {
            annotations, binding, ..
        } => (annotations, *binding),
        Claim::Attestation { binding, .. } => (&none, *binding),
        Claim::Message => return Err(Rejection::NoMessageSignature),
    };
    let (digest, subject) = match binding {
        ClaimBinding::Required => {
            let subject = subject(&statement, artifact, annotations)?;
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
        claimed: Claimed::Statement {
            envelope: envelope.clone(),
            predicate_type: statement.predicate_type().to_owned(),
            predicate: statement.predicate().map(RawValue::to_owned),
            annotations: subject.and_then(Subject::annotations).cloned(),
        },
    })
}

/// Checks that a statement makes the kind of claim that is asked for: a signature is no attestation, nor the reverse.
fn check_predicate_type(found: &str, asked: &Claim) -> Result<(), Rejection> {
    match asked {
        Claim::Signature {
            predicate: PredicateRule::Signature,
            ..
        } if found != SIGN_PREDICATE_TYPE => Err(Rejection::PredicateType {
            expected: SIGN_PREDICATE_TYPE,
            found: Quoted::new(found),
        }),
        Claim::Attestation {
            predicate_type: Some(wanted),
            ..
        } if found == wanted.uri() => Ok(()),
        Claim::Attestation { .. } if found == SIGN_PREDICATE_TYPE => Err(Rejection::NotAnAttestation),
        Claim::Attestation {
            predicate_type: Some(wanted),
            ..
        } => Err(Rejection::OtherPredicateType {
            expected: wanted.uri().to_owned(),
            found: Quoted::new(found),
        }),
        Claim::Message => Err(Rejection::NoMessageSignature),
        Claim::Signature { .. } | Claim::Attestation { .. } => Ok(()),
    }
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
    let digests: Vec<_> = artifact.digests().collect();
    let mut rejection = None;
    for subject in statement.subjects() {
        if !digests.iter().any(|digest| subject.is(digest)) {
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
    material: &Material<'_>,
    asked: &Claim,
) -> Result<BoundClaim, Rejection> {
    let Claim::Signature {
        annotations, binding, ..
    } = asked
    else {
        return Err(Rejection::NotAnAttestation);
    };
    material.verify(payload, signature)?;
    let parsed = SimpleSigning::parse(payload)?;
    let digest = match binding {
        ClaimBinding::Required => {
            if parsed.digest() != artifact.digest().as_str() {
                return Err(Rejection::DigestMismatch {
                    expected: artifact.digest().clone(),
                    found: ClaimedDigests::new([parsed.digest()]),
                });
            }
            carries(parsed.optional(), annotations)?;
            Some(artifact.digest().clone())
        }
        ClaimBinding::InsecurelyIgnored => None,
    };
    Ok(BoundClaim {
        digest,
        claimed_digest: Some(parsed.digest().to_owned()),
        claimed: Claimed::SimpleSigning {
            payload: payload.to_vec(),
            parsed,
        },
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
