//! Services that answer in form and falsely: what they say is not believed, and no log has what an authority falsified.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign::credential::{Credential, CredentialError};
use countersign::oidc::IdentityToken;
use countersign::rekor::Log;
use countersign::service::ServiceError;
use countersign::services::{Connections, Services, VouchError};
use countersign_core::artifact::Artifact;
use countersign_core::bundle::Bundle;
use countersign_core::certificate::sct::SctError;
use countersign_core::key::{PublicKey, Signature, SignatureDigest};
use countersign_core::log::LogRejection;
use countersign_core::message::{Message, Needs};
use countersign_core::policy::Claim;
use countersign_core::timestamp::{TimestampError, TimestampRequest};
use countersign_core::verify::Rejection;
use countersign_core::{Certificate, Digest, Secret, Signer, SignerError};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::builder::{Draft, Party, alternative_names, email, identifier, sequence, tlv};
use crate::scripted::{Answer, Scripted, http};
use crate::sigstore::{ARTIFACT, Evidence, LOG, Sigstore, at, base64, rekor_2_of};
use crate::stamper::{Draft as Stamp, SHA256, Stamper};

/// A token of somebody at an address that is verified; its signature is nobody's.
fn token() -> IdentityToken {
    let claims = br#"{"iss":"https://issuer.example","email":"somebody@example.com","email_verified":true}"#;
    let text = format!("e30.{}.c2VjcmV0", base64(claims).trim_end_matches('='));
    IdentityToken::parse(Secret::new(text), noon()).unwrap()
}

fn noon() -> Timestamp {
    at("2026-06-01T12:00:00Z")
}

fn connections() -> Connections {
    Connections {
        http: http(),
        timestamp_http: http(),
        seed: [7; 32],
    }
}

/// What Fulcio answers with these certificates.
fn issued(certificates: &[Certificate]) -> Answer {
    let chain: Vec<_> = certificates.iter().map(Certificate::to_pem).collect();
    let body = json!({ "signedCertificateEmbeddedSct": { "chain": { "certificates": chain } } });
    crate::scripted::json(200, &body.to_string())
}

/// The certificate that the token's holder should get.
fn draft(sigstore: &Sigstore, address: &str) -> Draft {
    let mut draft = sigstore.leaf();
    draft.extensions[2] = alternative_names(&[email(address)]);
    draft
}

/// The key of the one who signs in this Sigstore.
struct Holder(Arc<Sigstore>);

impl Signer for Holder {
    fn public_key(&self) -> &PublicKey {
        self.0.signer.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignerError> {
        self.0.signer.key.sign(message)
    }

    fn needs(&self) -> Needs {
        self.0.signer.key.needs()
    }

    fn sign_message(&self, message: &Message) -> Result<Signature, SignerError> {
        self.0.signer.key.sign_message(message)
    }
}

/// Signs with what a Fulcio answers, and has it logged; returns the error and how often the log was asked.
async fn refused(sigstore: &Arc<Sigstore>, certificate: Vec<u8>) -> (VouchError, usize) {
    let mut chain = vec![Certificate::from_der(&certificate).unwrap()];
    chain.extend(sigstore.authority().chain().iter().cloned());
    let fulcio = Scripted::start(vec![issued(&chain)]);
    let credential = Credential::issued(Arc::new(Holder(Arc::clone(sigstore))), &fulcio.url, &token(), &http())
        .await
        .unwrap();
    let log = Scripted::start(vec![crate::scripted::json(500, "{}")]);
    let services = Services::new(vec![Log::Rekor2 { url: log.url.clone() }], Vec::new(), connections());
    let error = vouched(&services.trusting(sigstore.trust()), &credential)
        .await
        .unwrap_err();
    (error, log.seen().len())
}

async fn vouched(services: &Services, credential: &Credential) -> Result<Bundle, VouchError> {
    let (message, bundle) = signed(credential);
    services
        .vouch(bundle, &Artifact::message(message), Claim::Message, credential, noon)
        .await
}

fn signed(credential: &Credential) -> (Message, Bundle) {
    let signer = credential.signer();
    let message = Message::of(ARTIFACT, &signer.needs());
    let signature = signer.sign_message(&message).unwrap();
    let bundle = Bundle::of_message(&message, SignatureDigest::Sha256, signature, signer.public_key()).unwrap();
    (message, bundle)
}

/// The certificate that a good Fulcio would give.
fn credential(sigstore: &Arc<Sigstore>) -> Credential {
    let certificate = sigstore.certify(&draft(sigstore, SOMEBODY));
    let holder = Arc::new(Holder(Arc::clone(sigstore)));
    Credential::certified(holder, Certificate::from_der(&certificate).unwrap(), Vec::new()).unwrap()
}

#[tokio::test]
async fn a_certificate_for_another_key_or_address_is_no_credential() {
    let sigstore = Arc::new(Sigstore::new());
    let issue = async |certificate: Vec<u8>| {
        let fulcio = Scripted::start(vec![issued(&[Certificate::from_der(&certificate).unwrap()])]);
        let holder = Arc::new(Holder(Arc::clone(&sigstore)));
        let credential = Credential::issued(holder, &fulcio.url, &token(), &http()).await;
        (credential.err(), fulcio.url)
    };
    assert!(issue(sigstore.certify(&draft(&sigstore, SOMEBODY))).await.0.is_none());
    let mut other_key = draft(&sigstore, SOMEBODY);
    other_key.key_info = Party::new("other").key.public_key().as_der().to_vec();
    match issue(sigstore.certify(&other_key)).await {
        (Some(CredentialError::Service(ServiceError::Answer { url: found, source, .. })), url) => {
            assert_eq!(found, url);
            assert!(source.to_string().contains("another key"), "{source}");
        }
        other => panic!("{other:?}"),
    }
    match issue(sigstore.certify(&draft(&sigstore, "nobody@example.com"))).await.0 {
        Some(CredentialError::OtherIdentity { expected, found }) => {
            assert_eq!(expected.as_str(), SOMEBODY);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].as_str(), "nobody@example.com");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_a_certificate_authority_falsified_is_in_no_log() {
    let sigstore = Arc::new(Sigstore::new());
    let right = draft(&sigstore, SOMEBODY);
    match refused(&sigstore, sigstore.issuing.signed(&right)).await {
        (VouchError::Untrusted(Rejection::CertificateLog(SctError::Absent)), 0) => {}
        other => panic!("{other:?}"),
    }
    let over = right.clone().valid("260601114000Z", "260601115000Z");
    let to_come = right.clone().valid("260601121000Z", "260601122000Z");
    for draft in [over, to_come] {
        match refused(&sigstore, sigstore.certify(&draft)).await {
            (VouchError::Untrusted(Rejection::UntrustedCertificate { at, .. }), 0) => assert_eq!(at, noon()),
            other => panic!("{other:?}"),
        }
    }
    // of the same names, and of another root
    let stranger = Sigstore::new();
    match refused(&sigstore, stranger.certify(&right)).await {
        (VouchError::Untrusted(Rejection::UntrustedCertificate { reasons, .. }), 0) => {
            assert!(reasons.to_string().contains("is not signed by the key of"), "{reasons}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_clock_that_is_some_minutes_off_is_no_reason_to_doubt_a_certificate() {
    let sigstore = Arc::new(Sigstore::new());
    for (start, end) in [("260601120459Z", "260601121459Z"), ("260601114501Z", "260601115501Z")] {
        let certificate = sigstore.certify(&draft(&sigstore, SOMEBODY).valid(start, end));
        match refused(&sigstore, certificate).await {
            (VouchError::Service(ServiceError::Status { status: 500, .. }), 3) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Has a signature stamped by an authority, or a stranger in its place, that answers with a timestamp of it, or of another
/// message, with the nonce that it was asked with, but for one change.
async fn stamped(
    stranger: Option<&Stamper>,
    message: Option<&[u8]>,
    change: impl Fn(Stamp) -> Stamp,
) -> (Result<Bundle, VouchError>, String) {
    let sigstore = Arc::new(Sigstore::new());
    let credential = credential(&sigstore);
    let (artifact, bundle) = signed(&credential);
    let signature = bundle.content().signature().as_bytes().to_vec();
    let stamper = stranger.unwrap_or(&sigstore.stamper);
    let server = Scripted::start_knowing_itself(|url| {
        let asked = Digest::sha256(&[&[7; 32], url.as_bytes(), &signature].concat()).bytes();
        let nonce = asked[..16].try_into().unwrap();
        let request = TimestampRequest::new(&signature, SignatureDigest::Sha256, nonce);
        let imprint = Digest::sha256(message.unwrap_or(&signature)).bytes();
        let draft = stamper.draft().with_info(|info| {
            info[2] = sequence(&[identifier(SHA256), tlv(4, &imprint)]);
            info.push(nonce_of(request.as_der()));
        });
        let reply = stamper.stamp(&change(draft)).as_der().to_vec();
        vec![(200, "content-type: application/timestamp-reply\r\n", reply)]
    });
    let services = Services::new(Vec::new(), vec![server.url.clone()], connections());
    let artifact = Artifact::message(artifact);
    let vouched = services
        .trusting(sigstore.trust())
        .vouch(bundle, &artifact, Claim::Message, &credential, noon)
        .await;
    (vouched, server.url)
}

/// The number in a request, which has nothing after it but that certificates are wanted.
fn nonce_of(request: &[u8]) -> Vec<u8> {
    let (before, _) = request.split_at(request.len() - 3);
    let is_number =
        |length: &usize| before[before.len() - length - 2..].starts_with(&[2, u8::try_from(*length).unwrap()]);
    let length = (12..=17).find(is_number).unwrap();
    before[before.len() - length - 2..].to_vec()
}

#[tokio::test]
async fn what_a_timestamp_authority_falsified_is_not_handed_out() {
    let as_it_is = |draft| draft;
    assert_eq!(stamped(None, None, as_it_is).await.0.unwrap().timestamps().len(), 1);
    match stamped(None, Some(b"another"), as_it_is).await.0 {
        Err(VouchError::Unverifiable(Rejection::Timestamp(TimestampError::Imprint { .. }))) => {}
        other => panic!("{other:?}"),
    }
    match stamped(Some(&Stamper::new()), None, as_it_is).await.0 {
        Err(VouchError::Unverifiable(Rejection::Timestamp(TimestampError::Untrusted { .. }))) => {}
        other => panic!("{other:?}"),
    }
    let unusable = |(vouched, url): (Result<Bundle, VouchError>, String)| match vouched {
        Err(VouchError::Service(ServiceError::Answer { url: found, source, .. })) => {
            assert_eq!(found, url);
            source.downcast_ref::<TimestampError>().unwrap().clone()
        }
        other => panic!("{other:?}"),
    };
    let other_nonce = |draft: Stamp| draft.with_info(|info| info[5] = tlv(2, &[1]));
    match unusable(stamped(None, None, other_nonce).await) {
        TimestampError::Nonce { found, .. } => assert_eq!(found, "01"),
        other => panic!("{other:?}"),
    }
    let refused = |draft: Stamp| Stamp {
        status: Some(sequence(&[tlv(2, &[2])])),
        ..draft
    };
    match unusable(stamped(None, None, refused).await) {
        TimestampError::NotGranted { .. } => {}
        other => panic!("{other:?}"),
    }
}

/// Has a signature logged by a log of this version that answers with an entry which is right but for one change.
async fn logged(
    version: fn(String) -> Log,
    change: impl Fn(&Sigstore, &Evidence, &mut Value),
) -> Result<Bundle, VouchError> {
    let sigstore = Arc::new(Sigstore::new());
    let credential = credential(&sigstore);
    let (artifact, bundle) = signed(&credential);
    let evidence = Evidence {
        certificates: vec![credential.certificate().unwrap().as_der().to_vec()],
        signature: bundle.content().signature().as_bytes().to_vec(),
        stamps: Vec::new(),
        entries: Vec::new(),
    };
    let is_first = matches!(version(String::new()), Log::Rekor1 { .. });
    let mut entry = match is_first {
        true => sigstore.rekor_1(&evidence, noon().as_second()),
        false => sigstore.rekor_2(&evidence),
    };
    change(&sigstore, &evidence, &mut entry);
    let answer = match is_first {
        true => of_rekor_1(&entry),
        false => entry,
    };
    let log = Scripted::start(vec![crate::scripted::json(201, &answer.to_string())]);
    let services = Services::new(vec![version(log.url.clone())], Vec::new(), connections());
    let artifact = Artifact::message(artifact);
    services
        .trusting(sigstore.trust())
        .vouch(bundle, &artifact, Claim::Message, &credential, noon)
        .await
}

/// An entry of a bundle as Rekor 1 answers with it.
fn of_rekor_1(entry: &Value) -> Value {
    let hex = |text: &Value| hex_of(&decoded(text));
    let number = |text: &Value| text.as_str().unwrap().parse::<u64>().unwrap();
    let proof = &entry["inclusionProof"];
    let id = hex(&entry["logId"]["keyId"]);
    json!({ format!("{:0>80}", 1): {
        "body": entry["canonicalizedBody"],
        "integratedTime": number(&entry["integratedTime"]),
        "logID": id,
        "logIndex": number(&entry["logIndex"]),
        "verification": {
            "signedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            "inclusionProof": {
                "checkpoint": proof["checkpoint"]["envelope"],
                "hashes": [],
                "logIndex": number(&proof["logIndex"]),
                "rootHash": hex(&proof["rootHash"]),
                "treeSize": number(&proof["treeSize"]),
            },
        },
    } })
}

fn decoded(text: &Value) -> Vec<u8> {
    STANDARD.decode(text.as_str().unwrap()).unwrap()
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn rekor_1(url: String) -> Log {
    Log::Rekor1 { url }
}

fn rekor_2(url: String) -> Log {
    Log::Rekor2 { url }
}

/// Why what a log answered is not believed.
fn unverifiable(vouched: Result<Bundle, VouchError>) -> LogRejection {
    match vouched {
        Err(VouchError::Unverifiable(Rejection::Log(reason))) => reason,
        other => panic!("{other:?}"),
    }
}

/// Makes it an entry for another signature.
fn for_another(sigstore: &Sigstore, evidence: &Evidence, entry: &mut Value) {
    let mut other = evidence.clone();
    other.signature = sigstore.sign().signature;
    *entry = match entry.get("inclusionPromise") {
        Some(_) => sigstore.rekor_1(&other, noon().as_second()),
        None => sigstore.rekor_2(&other),
    };
}

#[tokio::test]
async fn what_a_log_falsified_is_not_handed_out() {
    let as_it_is = |_: &Sigstore, _: &Evidence, _: &mut Value| {};
    assert_eq!(logged(rekor_1, as_it_is).await.unwrap().log_entries().len(), 1);
    // who signs without a promise needs a timestamp
    match logged(rekor_2, as_it_is).await {
        Err(VouchError::Unverifiable(Rejection::NoTime)) => {}
        other => panic!("{other:?}"),
    }
    for version in [rekor_1, rekor_2] {
        match unverifiable(logged(version, for_another).await) {
            LogRejection::Body(_) => {}
            other => panic!("{other:?}"),
        }
        let other_proof = |_: &Sigstore, _: &Evidence, entry: &mut Value| {
            entry["inclusionProof"]["rootHash"] = json!(base64(&[1; 32]));
        };
        match unverifiable(logged(version, other_proof).await) {
            LogRejection::OtherTree { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let other_time = |_: &Sigstore, _: &Evidence, entry: &mut Value| {
        entry["integratedTime"] = json!((noon().as_second() + 1).to_string());
    };
    match unverifiable(logged(rekor_1, other_time).await) {
        LogRejection::Promise(_) => {}
        other => panic!("{other:?}"),
    }
    let other_log = |_: &Sigstore, evidence: &Evidence, entry: &mut Value| {
        *entry = rekor_2_of(&Party::new("another"), LOG, evidence);
    };
    match unverifiable(logged(rekor_2, other_log).await) {
        LogRejection::UnknownLog { .. } => {}
        other => panic!("{other:?}"),
    }
}

const SOMEBODY: &str = "somebody@example.com";
