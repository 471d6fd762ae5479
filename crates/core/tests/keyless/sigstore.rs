//! A private instance of Sigstore, which certifies, logs and stamps to order.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::bundle::{Bundle, Content, MEDIA_TYPE};
use countersign_core::key::{KeyAlgorithm, SignatureDigest};
use countersign_core::log::{LogId, Logged, Verifier};
use countersign_core::message::{Bytes, Needs};
use countersign_core::policy::{CertificateLogRule, Claim, LogRule, TimestampRule, TrustedSigner};
use countersign_core::policy::{IdentityPattern, Pattern};
use countersign_core::trust::{Authority, ServiceKey, TransparencyLog, Validity};
use countersign_core::verify::{Rejection, VerifiedSignature};
use countersign_core::{Artifact, Certificate, Digest, Message, Policy, Signer, TrustedRoot, verify};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::builder::{
    Draft, Party, alternative_names, extension, generalized_time, identifier, opaque, precertificate, sequence,
    timestamp, timestamps, tlv, uri,
};
use super::stamper::{SHA256, Stamper};

pub(crate) const ARTIFACT: &[u8] = b"the artifact";
pub(crate) const IDENTITY: &str = "https://ci.example/job";
pub(crate) const ISSUER: &str = "https://issuer.example";

/// Within the ten minutes for which the certificate is.
pub(crate) const NOON: &str = "20260601120000Z";
/// An hour before.
pub(crate) const ELEVEN: &str = "20260601110000Z";

/// The services, and one who signs.
pub(crate) struct Sigstore {
    pub(crate) root: Party,
    pub(crate) issuing: Party,
    pub(crate) certificate_log: Party,
    pub(crate) log: Party,
    pub(crate) stamper: Stamper,
    pub(crate) signer: Party,
}

/// What a bundle is made of.
#[derive(Clone)]
pub(crate) struct Evidence {
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) signature: Vec<u8>,
    pub(crate) stamps: Vec<Vec<u8>>,
    pub(crate) entries: Vec<Value>,
}

impl Sigstore {
    pub(crate) fn new() -> Self {
        Self::with_signer(KeyAlgorithm::EcdsaP256)
    }

    pub(crate) fn with_signer(algorithm: KeyAlgorithm) -> Self {
        Self {
            root: Party::new("root"),
            issuing: Party::new("issuing"),
            certificate_log: Party::new("certificate log"),
            log: Party::new("log"),
            stamper: Stamper::new(),
            signer: Party::with_key("signer", algorithm),
        }
    }

    /// Drafts the certificate of the signer, for ten minutes around noon.
    pub(crate) fn leaf(&self) -> Draft {
        self.leaf_of(IDENTITY, ISSUER)
    }

    pub(crate) fn leaf_of(&self, identity: &str, issuer: &str) -> Draft {
        self.signer
            .leaf()
            .valid("260601115500Z", "260601120500Z")
            .with(alternative_names(&[uri(identity)]))
            .with(extension("1.3.6.1.4.1.57264.1.8", false, &tlv(0x0c, issuer.as_bytes())))
    }

    /// Issues a certificate that the log of certificates has seen.
    pub(crate) fn certify(&self, draft: &Draft) -> Vec<u8> {
        let seen = timestamp(
            &self.certificate_log,
            &precertificate(draft, &self.issuing),
            millisecond("2026-06-01T11:55:00Z"),
            &[],
            [4, 3],
        );
        self.certify_with(draft, &[seen])
    }

    /// Issues one with these timestamps of logs in it.
    pub(crate) fn certify_with(&self, draft: &Draft, seen: &[Vec<u8>]) -> Vec<u8> {
        let members: Vec<u8> = seen.iter().flat_map(|timestamp| opaque(timestamp)).collect();
        self.issuing.signed(&draft.clone().with(timestamps(&opaque(&members))))
    }

    /// Evidence that is right in everything: signed at noon, stamped, and in the log.
    pub(crate) fn sign(&self) -> Evidence {
        self.sign_as(&self.leaf())
    }

    pub(crate) fn sign_as(&self, leaf: &Draft) -> Evidence {
        self.sign_with(self.certify(leaf))
    }

    pub(crate) fn sign_with(&self, certificate: Vec<u8>) -> Evidence {
        let needs = self.signer.key.needs();
        let signature = self.signer.key.sign_message(&Message::of(ARTIFACT, &needs)).unwrap();
        let mut evidence = Evidence {
            certificates: vec![certificate],
            signature: signature.as_bytes().to_vec(),
            stamps: Vec::new(),
            entries: Vec::new(),
        };
        evidence.stamps.push(self.stamp(&evidence.signature, NOON));
        evidence.entries.push(self.rekor_2(&evidence));
        evidence
    }

    pub(crate) fn stamp(&self, signature: &[u8], at: &str) -> Vec<u8> {
        stamp_of(&self.stamper, signature, at)
    }

    /// An entry of Rekor 2, the only one of its log.
    pub(crate) fn rekor_2(&self, evidence: &Evidence) -> Value {
        rekor_2_of(&self.log, LOG, evidence)
    }

    /// An entry of Rekor 1, alone in its shard of the same log, with the promise that it was taken at this second.
    pub(crate) fn rekor_1(&self, evidence: &Evidence, second: i64) -> Value {
        let pem = Certificate::from_der(&evidence.certificates[0]).unwrap().to_pem();
        let body = format!(
            r#"{{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{{"data":{{"hash":{{"algorithm":"sha256","value":"{}"}}}},"signature":{{"content":"{}","publicKey":{{"content":"{}"}}}}}}}}"#,
            Digest::sha256(ARTIFACT).hex(),
            base64(&evidence.signature),
            base64(pem.as_bytes()),
        );
        let promised = format!(
            r#"{{"body":"{}","integratedTime":{second},"logID":"{}","logIndex":5}}"#,
            base64(body.as_bytes()),
            Digest::sha256(self.log.key.public_key().as_der()).hex(),
        );
        let promise = self.log.key.sign(promised.as_bytes()).unwrap();
        let mut entry = entry_of(&self.log, (LOG, SHARD), "0.0.1", body.as_bytes());
        entry["logIndex"] = json!("5");
        entry["integratedTime"] = json!(second.to_string());
        entry["inclusionPromise"] = json!({ "signedEntryTimestamp": base64(promise.as_bytes()) });
        entry
    }

    pub(crate) fn authority(&self) -> Authority {
        let chain = vec![
            self.root.sign(&self.issuing.authority()),
            self.root.sign(&self.root.authority()),
        ];
        Authority::new("https://fulcio.example".to_owned(), chain, since_may())
    }

    pub(crate) fn trust(&self) -> TrustedRoot {
        self.trust_with(self.authority(), since_may())
    }

    /// Trusts everybody, but of the certificates this authority, and their log for this time.
    pub(crate) fn trust_with(&self, authority: Authority, certificate_log: Validity) -> TrustedRoot {
        TrustedRoot::default()
            .with_certificate_authorities([authority])
            .with_certificate_logs([log(&self.certificate_log, "ctlog.example", certificate_log)])
            .with_logs([log(&self.log, LOG, since_may())])
            .with_timestamp_authorities([self.stamper.authority()])
    }

    pub(crate) fn judge(&self, evidence: &Evidence) -> Result<VerifiedSignature, Rejection> {
        judge(evidence, &policy(), &self.trust())
    }
}

impl Evidence {
    pub(crate) fn json(&self) -> Value {
        let digest = base64(&Digest::sha256(ARTIFACT).bytes());
        let certificates: Vec<_> = self
            .certificates
            .iter()
            .map(|der| json!({ "rawBytes": base64(der) }))
            .collect();
        let material = match certificates.as_slice() {
            [only] => ("certificate", only.clone()),
            several => ("x509CertificateChain", json!({ "certificates": several })),
        };
        let stamps: Vec<_> = self
            .stamps
            .iter()
            .map(|der| json!({ "signedTimestamp": base64(der) }))
            .collect();
        json!({
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {
                material.0: material.1,
                "tlogEntries": self.entries,
                "timestampVerificationData": { "rfc3161Timestamps": stamps },
            },
            "messageSignature": {
                "messageDigest": { "algorithm": "SHA2_256", "digest": digest },
                "signature": base64(&self.signature),
            },
        })
    }

    pub(crate) fn bundle(&self) -> Bundle {
        Bundle::from_json(self.json().to_string().as_bytes()).unwrap()
    }
}

/// Asks for the identity, one log, one timestamp and one log of certificates.
pub(crate) fn policy() -> Policy {
    policy_for(IDENTITY, ISSUER, 1, 1)
}

pub(crate) fn policy_for(identity: &str, issuer: &str, logs: usize, authorities: usize) -> Policy {
    let exact = |text: &str| Pattern::Exact(text.to_owned());
    let signer = TrustedSigner::Identities {
        identities: vec![IdentityPattern::new(exact(identity), exact(issuer))],
        certificate_log: CertificateLogRule::Required {
            logs: 1.try_into().unwrap(),
        },
    };
    let logs = LogRule::Required {
        logs: logs.try_into().unwrap(),
    };
    Policy::new(signer, Claim::Message, logs).stamped(TimestampRule::Required {
        authorities: authorities.try_into().unwrap(),
    })
}

pub(crate) fn judge(evidence: &Evidence, policy: &Policy, trust: &TrustedRoot) -> Result<VerifiedSignature, Rejection> {
    let artifact = Artifact::message(message());
    verify(&evidence.bundle(), &artifact, policy, trust, at("2026-11-01T00:00:00Z"))
}

pub(crate) fn stamp_of(stamper: &Stamper, signature: &[u8], at: &str) -> Vec<u8> {
    let draft = stamper.draft().with_info(|info| {
        info[2] = sequence(&[identifier(SHA256), tlv(4, &Digest::sha256(signature).bytes())]);
        info[4] = generalized_time(at);
    });
    stamper.stamp(&draft).as_der().to_vec()
}

/// An entry of Rekor 2 in the log of `party`, the only one there.
pub(crate) fn rekor_2_of(party: &Party, name: &str, evidence: &Evidence) -> Value {
    let unlogged = Evidence {
        entries: Vec::new(),
        ..evidence.clone()
    };
    let bundle = unlogged.bundle();
    let Content::Message(_) = bundle.content() else {
        panic!("{bundle:?}")
    };
    let certificate = Certificate::from_der(&evidence.certificates[0]).unwrap();
    let message = message();
    let verifier = Verifier::Certificate {
        key: certificate.public_key().unwrap(),
        certificate: &certificate,
    };
    let body = Logged::new(bundle.content(), &message, verifier).to_rekor_2().unwrap();
    entry_of(party, (name, name), "0.0.2", &body)
}

fn entry_of(party: &Party, (name, origin): (&str, &str), version: &str, body: &[u8]) -> Value {
    let der = party.key.public_key().as_der();
    let root = base64(&Digest::sha256(&[&[0], body].concat()).bytes());
    let text = format!("{origin}\n1\n{root}\n");
    let signature = party.key.sign(text.as_bytes()).unwrap();
    let id = Digest::sha256(der).bytes();
    let line = base64(&[&id[..4], signature.as_bytes()].concat());
    json!({
        "logIndex": "0",
        "logId": { "keyId": base64(&id) },
        "kindVersion": { "kind": "hashedrekord", "version": version },
        "inclusionProof": {
            "logIndex": "0", "rootHash": root, "treeSize": "1", "hashes": [],
            "checkpoint": { "envelope": format!("{text}\n— {name} {line}\n") },
        },
        "canonicalizedBody": base64(body),
    })
}

/// The log of `party`, known by the hash of its key.
pub(crate) fn log(party: &Party, name: &str, validity: Validity) -> TransparencyLog {
    let key = party.key.public_key();
    let id = Digest::sha256(key.as_der()).bytes().try_into().unwrap();
    TransparencyLog::new(
        format!("https://{name}"),
        ServiceKey::usual(key.clone()),
        LogId::new(id),
        validity,
    )
}

fn message() -> Message {
    let digests = [
        SignatureDigest::Sha256,
        SignatureDigest::Sha384,
        SignatureDigest::Sha512,
    ];
    Message::of(ARTIFACT, &Needs::new(&digests, Bytes::Kept))
}

pub(crate) fn since_may() -> Validity {
    Validity::new(Some(at("2026-05-01T00:00:00Z")), None)
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn millisecond(text: &str) -> u64 {
    at(text).as_millisecond().try_into().unwrap()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) const LOG: &str = "rekor.example";
const SHARD: &str = "rekor.example - 77";
