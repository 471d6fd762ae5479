use super::super::note::KeyId;
use super::super::tests::{NAME, SHARD, URL, at, key, line, log_at};
use super::*;
use crate::bundle::Bundle;
use crate::digest::Digest;
use crate::go_json::encode_bytes;
use crate::key::{KeyAlgorithm, PrivateKey, Signature};
use crate::log::Verifier;
use crate::log::note::SignerError;
use crate::message::Message;
use crate::signer::Signer;

const V01: Format = Format::Bundle(Version::V01);
const V03: Format = Format::Bundle(Version::V03);

/// A signature, and a log of our own that takes it as its second entry, at second 150.
struct Case {
    signer: PrivateKey,
    log_key: PrivateKey,
    bundle: Bundle,
    message: Message,
}

impl Case {
    fn new(log_key: KeyAlgorithm) -> Self {
        Self {
            signer: key(KeyAlgorithm::EcdsaP256),
            log_key: key(log_key),
            bundle: Bundle::of_signature(Signature::new(vec![1])),
            message: Message::named(Digest::sha256(b"artifact")),
        }
    }

    fn logged(&self) -> Logged<'_> {
        let verifier = Verifier::Key(self.signer.public_key());
        Logged::new(self.bundle.content(), &self.message, verifier)
    }

    fn log(&self) -> TransparencyLog {
        log_at(URL, &self.log_key)
    }

    fn entry(&self, version: &str, body: Vec<u8>) -> LogEntry {
        LogEntry {
            log_id: self.log().id(),
            log_index: 1,
            kind: EntryKind::new(HASHEDREKORD, version),
            integrated_time: None,
            promise: None,
            proof: None,
            body,
        }
    }

    /// An entry of Rekor 1 with a promise.
    fn promised(&self) -> LogEntry {
        let mut entry = self.entry("0.0.1", self.hashedrekord());
        entry.integrated_time = Some(150);
        let promised = format!(
            r#"{{"body":"{}","integratedTime":150,"logID":"{}","logIndex":1}}"#,
            encode_bytes(&entry.body),
            hex::encode(entry.log_id.as_bytes())
        );
        entry.promise = Some(self.log_key.sign(promised.as_bytes()).unwrap().as_bytes().to_vec());
        entry
    }

    /// The same with a proof.
    fn proven_1(&self) -> LogEntry {
        let mut entry = self.promised();
        entry.proof = Some(self.proof(&entry.body, SHARD, KeyId::of_key(self.log_key.public_key())));
        entry
    }

    /// An entry of Rekor 2.
    fn proven_2(&self) -> LogEntry {
        let mut entry = self.entry("0.0.2", self.logged().to_rekor_2().unwrap());
        let id = KeyId::of_log(self.log_key.public_key(), NAME);
        entry.proof = Some(self.proof(&entry.body, NAME, id));
        entry
    }

    fn hashedrekord(&self) -> Vec<u8> {
        format!(
            r#"{{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{{"data":{{"hash":{{"algorithm":"sha256","value":"{}"}}}},"signature":{{"content":"AQ==","publicKey":{{"content":"{}"}}}}}}}}"#,
            self.message.digest().hex(),
            encode_bytes(self.signer.public_key().to_pem().as_bytes()),
        )
        .into_bytes()
    }

    /// The proof of the second of two entries.
    fn proof(&self, body: &[u8], origin: &str, id: KeyId) -> InclusionProof {
        let first = TreeHash::of_leaf(b"first");
        let root = merkle::root_of(TreeHash::of_leaf(body), 1, 2, &[first]).unwrap();
        let text = format!("{origin}\n2\n{}\n", encode_bytes(root.as_bytes()));
        let signature = line(NAME, id, &self.log_key, &text);
        InclusionProof {
            log_index: 1,
            root_hash: *root.as_bytes(),
            tree_size: 2,
            hashes: vec![*first.as_bytes()],
            checkpoint: Some(format!("{text}\n{signature}")),
        }
    }

    fn prove(&self, entry: &LogEntry, format: Format) -> Result<ProvenEntry, LogRejection> {
        prove(entry, &self.logged(), format, &[self.log()], &[])
    }
}

fn changed(entry: &LogEntry, change: impl FnOnce(&mut LogEntry)) -> LogEntry {
    let mut entry = entry.clone();
    change(&mut entry);
    entry
}

fn proof_of(entry: &mut LogEntry) -> &mut InclusionProof {
    entry.proof.as_mut().unwrap()
}

macro_rules! assert_matches {
    ($value:expr, $pattern:pat $(if $guard:expr)?) => {
        match $value {
            $pattern $(if $guard)? => {}
            other => panic!("{other:?} is not {}", stringify!($pattern)),
        }
    };
}

#[test]
fn only_a_promise_gives_a_time() {
    let case = Case::new(KeyAlgorithm::EcdsaP256);
    for entry in [case.promised(), case.proven_1()] {
        assert_eq!(case.prove(&entry, V01).unwrap().integrated_time(), Some(at(150)));
    }
    let entry = changed(&case.proven_1(), |entry| entry.promise = None);
    assert_eq!(entry.integrated_time(), Some(150));
    let proven = case.prove(&entry, V03).unwrap();
    assert_eq!(proven.integrated_time(), None);
    assert_eq!((proven.entry(), proven.log().id()), (&entry, case.log().id()));
}

#[test]
fn old_formats_want_a_promise_and_new_ones_a_proof() {
    let case = Case::new(KeyAlgorithm::EcdsaP256);
    let proven_only = changed(&case.proven_1(), |entry| entry.promise = None);
    for format in [V01, Format::LegacyFile, Format::LegacyLayer, Format::Signature] {
        assert_matches!(case.prove(&case.promised(), format), Ok(_));
        assert_matches!(
            case.prove(&proven_only, format),
            Err(LogRejection::Promise(PromiseError::Missing))
        );
    }
    for format in [Format::Bundle(Version::V02), V03] {
        assert_matches!(case.prove(&proven_only, format), Ok(_));
        assert_matches!(case.prove(&case.promised(), format), Err(LogRejection::NoProof));
    }
}

#[test]
fn rekor_2_wants_a_proof_in_every_format() {
    let case = Case::new(KeyAlgorithm::Ed25519);
    let entry = changed(&case.proven_2(), |entry| {
        entry.promise = Some(vec![1]);
        entry.proof = None;
    });
    assert_matches!(case.prove(&entry, V01), Err(LogRejection::NoProof));
    for kind in [KeyAlgorithm::Ed25519, KeyAlgorithm::EcdsaP256, KeyAlgorithm::Rsa2048] {
        let case = Case::new(kind);
        assert_matches!(case.prove(&case.proven_2(), V03), Ok(_));
    }
}

#[test]
fn what_is_there_must_verify_though_the_other_would_do() {
    let case = Case::new(KeyAlgorithm::EcdsaP256);
    let entry = changed(&case.proven_1(), |entry| entry.promise = Some(vec![1]));
    assert_matches!(
        case.prove(&entry, V03),
        Err(LogRejection::Promise(PromiseError::Mismatch))
    );
    let entry = changed(&case.proven_1(), |entry| proof_of(entry).hashes.clear());
    assert_matches!(
        case.prove(&entry, V01),
        Err(LogRejection::NotIncluded(MerkleError::PathLength {
            expected: 1,
            found: 0
        }))
    );
    let entry = changed(&case.proven_1(), |entry| proof_of(entry).checkpoint = None);
    assert_matches!(case.prove(&entry, V01), Err(LogRejection::NoCheckpoint));
}

#[test]
fn the_proof_is_for_the_tree_that_the_log_signed() {
    let case = Case::new(KeyAlgorithm::Ed25519);
    let entry = case.proven_2();
    let larger = changed(&entry, |entry| proof_of(entry).tree_size = 3);
    assert_matches!(
        case.prove(&larger, V03),
        Err(LogRejection::OtherTree { expected, found }) if (expected.size, found.size) == (2, 3)
    );
    let rerooted = changed(&entry, |entry| proof_of(entry).root_hash = [0; 32]);
    assert_matches!(
        case.prove(&rerooted, V03),
        Err(LogRejection::OtherTree { found, .. }) if found.root == TreeHash::new([0; 32])
    );
    let elsewhere = changed(&entry, |entry| {
        if let Some(hash) = proof_of(entry).hashes.first_mut() {
            *hash = [0; 32];
        }
    });
    assert_matches!(
        case.prove(&elsewhere, V03),
        Err(LogRejection::NotIncluded(MerkleError::Root { .. }))
    );
    let unsigned = changed(&entry, |entry| {
        let checkpoint = proof_of(entry).checkpoint.as_mut().unwrap();
        *checkpoint = checkpoint.replacen("\n2\n", "\n3\n", 1);
    });
    assert_matches!(
        case.prove(&unsigned, V03),
        Err(LogRejection::Checkpoint(CheckpointError::Signer(
            SignerError::Mismatch { .. }
        )))
    );
}

#[test]
fn the_place_of_an_entry_is_that_of_its_proof_but_for_the_shards_of_rekor_1() {
    let case = Case::new(KeyAlgorithm::Ed25519);
    let entry = changed(&case.proven_2(), |entry| entry.log_index = 0);
    assert_matches!(
        case.prove(&entry, V03),
        Err(LogRejection::OtherPlace { expected: 0, found: 1 })
    );
    let entry = changed(&case.proven_1(), |entry| {
        entry.promise = None;
        entry.log_index = 1000;
    });
    assert_matches!(case.prove(&entry, V03), Ok(_));
}

#[test]
fn a_body_that_is_left_out_is_rebuilt() {
    let case = Case::new(KeyAlgorithm::Ed25519);
    let entry = changed(&case.proven_2(), |entry| entry.body.clear());
    assert_matches!(case.prove(&entry, V03), Ok(_));
    let other = Case::new(KeyAlgorithm::Ed25519);
    assert_matches!(
        prove(&entry, &other.logged(), V03, &[case.log()], &[]),
        Err(LogRejection::NotIncluded(MerkleError::Root { .. }))
    );
    let of_rekor_1 = changed(&case.proven_1(), |entry| {
        entry.promise = None;
        entry.body.clear();
    });
    assert_matches!(
        case.prove(&of_rekor_1, V03),
        Err(LogRejection::Body(BodyError::Json { .. }))
    );
}

#[test]
fn an_entry_about_something_else_is_refused() {
    let (case, other) = (Case::new(KeyAlgorithm::EcdsaP256), Case::new(KeyAlgorithm::EcdsaP256));
    assert_matches!(
        prove(&case.promised(), &other.logged(), V01, &[case.log()], &[]),
        Err(LogRejection::Body(BodyError::Verifier { .. }))
    );
}

#[test]
fn the_log_is_one_that_is_trusted() {
    let (case, other) = (Case::new(KeyAlgorithm::EcdsaP256), Case::new(KeyAlgorithm::EcdsaP256));
    let entry = case.promised();
    for logs in [&[][..], &[other.log()]] {
        assert_matches!(
            prove(&entry, &case.logged(), V01, logs, &[]),
            Err(LogRejection::UnknownLog { found }) if found == case.log().id()
        );
    }
    let both = [other.log(), case.log()];
    assert_matches!(prove(&entry, &case.logged(), V01, &both, &[]), Ok(_));
}

/// The log, trusted from one second to another.
fn trusted(case: &Case, start: Option<i64>, end: Option<i64>) -> TransparencyLog {
    let log = case.log();
    let validity = Validity::new(start.map(at), end.map(at));
    TransparencyLog::new(log.url().to_owned(), log.key().clone(), log.id(), validity)
}

#[test]
fn a_promised_entry_is_of_a_time_at_which_its_log_is_trusted() {
    let case = Case::new(KeyAlgorithm::EcdsaP256);
    let prove = |start, end, known: &[Timestamp]| {
        let log = trusted(&case, start, end);
        prove(&case.promised(), &case.logged(), V01, &[log], known)
    };
    assert_matches!(prove(Some(150), Some(150), &[]), Ok(_));
    assert_matches!(prove(Some(0), None, &[]), Ok(_));
    for (start, end) in [(Some(151), None), (Some(0), Some(149))] {
        assert_matches!(
            prove(start, end, &[at(151), at(149)]),
            Err(LogRejection::NotTrusted { found, .. }) if found == at(150)
        );
    }
    assert_matches!(prove(None, Some(150), &[]), Err(LogRejection::NoStart));
}

#[test]
fn an_entry_without_a_promise_is_of_a_time_that_is_known_from_elsewhere() {
    let case = Case::new(KeyAlgorithm::Ed25519);
    let prove = |start, end, known: &[Timestamp]| {
        let log = trusted(&case, start, end);
        prove(&case.proven_2(), &case.logged(), V03, &[log], known)
    };
    for known in [&[][..], &[at(100)], &[at(200)], &[at(99), at(150)]] {
        assert_matches!(prove(Some(100), Some(200), known), Ok(_));
    }
    for known in [&[at(99)][..], &[at(201)], &[at(99), at(201)]] {
        assert_matches!(
            prove(Some(100), Some(200), known),
            Err(LogRejection::NotTrusted { found, .. }) if Some(&found) == known.first()
        );
    }
    assert_matches!(prove(None, None, &[]), Err(LogRejection::NoStart));
}

#[test]
fn of_logs_with_one_id_the_one_that_is_trusted_then_counts() {
    let case = Case::new(KeyAlgorithm::EcdsaP256);
    let logs = [trusted(&case, Some(0), Some(100)), trusted(&case, Some(101), None)];
    let prove = |logs| prove(&case.promised(), &case.logged(), V01, logs, &[]);
    assert_eq!(
        prove(&logs).unwrap().log().validity(),
        Validity::new(Some(at(101)), None)
    );
    let logs = [trusted(&case, Some(0), Some(100)), trusted(&case, Some(200), None)];
    assert_matches!(
        prove(&logs),
        Err(LogRejection::NotTrusted { validity, .. }) if validity.contains(at(0))
    );
}

#[test]
fn the_same_entry_twice_is_refused() {
    let case = Case::new(KeyAlgorithm::EcdsaP256);
    let entry = case.promised();
    let next = changed(&entry, |entry| entry.log_index = 2);
    let other = changed(&entry, |entry| entry.log_id = LogId::new([0; 32]));
    assert_matches!(check_distinct(&[entry.clone(), next.clone(), other.clone()]), Ok(()));
    let repeated = changed(&entry, |entry| entry.promise = None);
    assert_matches!(
        check_distinct(&[entry, next, other, repeated]),
        Err(LogRejection::Repeated { log, index: 1 }) if log == case.log().id()
    );
}

#[test]
fn logs_count_once_and_so_do_operators() {
    let case = Case::new(KeyAlgorithm::EcdsaP256);
    let proven = |id: u8, operator: Option<&str>| ProvenEntry {
        entry: case.promised(),
        log: TransparencyLog::new(
            URL.to_owned(),
            case.log().key().clone(),
            LogId::new([id; 32]),
            case.log().validity(),
        )
        .run_by(operator.map(str::to_owned)),
        integrated_time: None,
    };
    assert_eq!(count_logs(&[]), 0);
    assert_eq!(count_logs(&[proven(1, None), proven(2, None), proven(1, None)]), 2);
    assert_eq!(count_logs(&[proven(1, Some("a")), proven(2, Some("a"))]), 1);
    assert_eq!(
        count_logs(&[proven(1, Some("a")), proven(2, Some("b")), proven(3, None)]),
        3
    );
}
