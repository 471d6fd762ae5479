//! What a timestamp covers, and how it is written.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::Certificate;
use countersign_core::certificate::path::{Purpose, VerifiedPath, verify_path};
use countersign_core::certificate::sct::{
    LIMIT, SctError, SeenByLogs, SignedCertificateTimestamp, precertificate_tbs, verify_detached, verify_embedded,
};
use countersign_core::key::{KeyAlgorithm, SignatureDigest};
use countersign_core::trust::TransparencyLog;

use super::builder::{Draft, Party, extension, long_opaque, opaque, precertificate, timestamp, timestamps};
use super::published_timestamps::{always, trusted};
use super::world::noon;

/// An authority, a leaf of it and a log.
struct Logged {
    authority: Party,
    leaf: Draft,
    log: Party,
}

const ENTRY: u64 = 1_780_000_000_000;

impl Logged {
    fn new() -> Self {
        Self {
            authority: Party::new("authority"),
            leaf: Party::new("signer").leaf(),
            log: Party::new("log"),
        }
    }

    /// Issues the leaf with these timestamps in it.
    fn path(&self, timestamps: &[Vec<u8>]) -> VerifiedPath {
        let members: Vec<u8> = timestamps.iter().flat_map(|timestamp| opaque(timestamp)).collect();
        self.path_with(&opaque(&members))
    }

    fn path_with(&self, list: &[u8]) -> VerifiedPath {
        self.issue(&self.leaf.clone().with(timestamps(list)))
    }

    fn issue(&self, leaf: &Draft) -> VerifiedPath {
        let root = self.authority.sign(&self.authority.authority());
        verify_path(&self.authority.sign(leaf), &[], &[root], Purpose::CodeSigning, noon()).unwrap()
    }

    fn judge(&self, timestamps: &[Vec<u8>]) -> Result<SeenByLogs, SctError> {
        verify_embedded(&self.path(timestamps), &[self.trusted()])
    }

    fn trusted(&self) -> TransparencyLog {
        trusted("log", self.log.key.public_key(), always())
    }

    fn precertificate(&self) -> Vec<u8> {
        precertificate(&self.leaf, &self.authority)
    }

    fn timestamp(&self) -> Vec<u8> {
        timestamp(&self.log, &self.precertificate(), ENTRY, &[], [4, 3])
    }
}

#[test]
fn a_timestamp_is_about_the_certificate_before_it_had_timestamps() {
    let logged = Logged::new();
    let found = logged.judge(&[logged.timestamp()]).unwrap();
    assert_eq!(found.logs()[0].at().as_millisecond(), 1_780_000_000_000);
    assert_eq!(found.logs()[0].id(), logged.trusted().id());
}

#[test]
fn timestamps_that_are_the_only_extension_leave_no_list() {
    let mut logged = Logged::new();
    logged.leaf.extensions.clear();
    assert_matches!(logged.judge(&[logged.timestamp()]), Ok(_));
}

#[test]
fn a_log_with_an_rsa_key_signs_too() {
    let mut logged = Logged::new();
    logged.log = Party::with_key("log", KeyAlgorithm::Rsa2048);
    let right = timestamp(&logged.log, &logged.precertificate(), ENTRY, &[], [4, 1]);
    assert_matches!(logged.judge(&[right]), Ok(_));
}

#[test]
fn what_a_timestamp_covers_cannot_be_changed() {
    let logged = Logged::new();
    let mismatch = |entry: &[u8], at: u64, extensions: &[u8]| {
        let mut timestamp = timestamp(&logged.log, entry, ENTRY, &[], [4, 3]);
        let signature = timestamp.split_off(43);
        let mut changed = timestamp[..33].to_vec();
        changed.extend(at.to_be_bytes());
        changed.extend(opaque(extensions));
        changed.extend(signature);
        assert_matches!(logged.judge(&[changed]), Err(SctError::SignatureMismatch { .. }));
    };
    let right = logged.precertificate();
    // another time, extensions, entry type, issuer's key, certificate
    mismatch(&right, ENTRY + 1, &[]);
    mismatch(&right, ENTRY, &[1]);
    mismatch(&[&[0, 0], &right[34..]].concat(), ENTRY, &[]);
    for place in [2, right.len() - 1] {
        let mut wrong = right.clone();
        wrong[place] ^= 1;
        mismatch(&wrong, ENTRY, &[]);
    }
}

#[test]
fn extensions_of_a_timestamp_are_covered() {
    let logged = Logged::new();
    let timestamp = timestamp(&logged.log, &logged.precertificate(), ENTRY, &[1, 2, 3], [4, 3]);
    assert_matches!(logged.judge(&[timestamp]), Ok(_));
}

#[test]
fn a_timestamp_names_the_algorithm_of_its_log() {
    let logged = Logged::new();
    for [hash, signature] in [[5, 3], [4, 1], [0, 0]] {
        let wrong = timestamp(&logged.log, &logged.precertificate(), ENTRY, &[], [hash, signature]);
        assert_matches!(
            logged.judge(&[wrong]),
            Err(SctError::Algorithm { hash: found, signature: name, .. }) if [found, name] == [hash, signature]
        );
    }
    let mut logged = Logged::new();
    logged.log = Party::with_key("log", KeyAlgorithm::EcdsaP384).with_digest(SignatureDigest::Sha384);
    let right = timestamp(&logged.log, &logged.precertificate(), ENTRY, &[], [5, 3]);
    assert_matches!(logged.judge(&[right]), Ok(_));
}

#[test]
fn a_log_counts_once_and_each_log_counts() {
    let logged = Logged::new();
    let second = Party::new("second");
    let timestamps = [
        logged.timestamp(),
        timestamp(&second, &logged.precertificate(), ENTRY, &[], [4, 3]),
        timestamp(&logged.log, &logged.precertificate(), ENTRY + 1, &[], [4, 3]),
    ];
    let path = logged.path(&timestamps);
    let logs = [logged.trusted(), trusted("second", second.key.public_key(), always())];
    let found = verify_embedded(&path, &logs).unwrap();
    let urls: Vec<_> = found.logs().iter().map(|log| log.url()).collect();
    assert_eq!(urls, ["log", "second"]);
    // one of two that is known is enough, and the other is told
    let found = verify_embedded(&path, &logs[1..]).unwrap();
    assert_eq!(found.logs().len(), 1);
    assert_matches!(
        found.refusals(),
        [SctError::UnknownLog { .. }, SctError::UnknownLog { .. }]
    );
    assert_matches!(
        verify_embedded(&path, &[]),
        Err(SctError::NoneProven { refusals }) if refusals.len() == 3
    );
}

#[test]
fn a_timestamp_of_a_later_version_proves_nothing_and_spoils_nothing() {
    let logged = Logged::new();
    let later = vec![1, 2, 3];
    assert_matches!(
        logged.judge(std::slice::from_ref(&later)),
        Err(SctError::Version { found: 1 })
    );
    let found = logged.judge(&[later, logged.timestamp()]).unwrap();
    assert_matches!(found.refusals(), [SctError::Version { found: 1 }]);
}

#[test]
fn a_time_past_all_telling_is_refused() {
    let logged = Logged::new();
    for at in [u64::MAX, 1 << 62] {
        let wrong = timestamp(&logged.log, &logged.precertificate(), at, &[], [4, 3]);
        assert_matches!(logged.judge(&[wrong]), Err(SctError::Time { found }) if found == at);
    }
}

#[test]
fn a_list_is_nothing_but_its_timestamps() {
    let logged = Logged::new();
    let right = logged.timestamp();
    let list = opaque(&opaque(&right));
    let judge = |list: &[u8]| verify_embedded(&logged.path_with(list), &[logged.trusted()]);
    assert_matches!(judge(&list), Ok(_));
    let short = opaque(&opaque(&right[..right.len() - 1]));
    let long = opaque(&opaque(&[&right[..], &[0]].concat()));
    for (list, part) in [
        (&[][..], "list"),
        (&list[..list.len() - 1], "list"),
        (&[&list[..], &[0]].concat(), "list"),
        (&opaque(&[0]), "member of the list"),
        (&opaque(&[0, 2, 0]), "member of the list"),
        (&opaque(&opaque(&[])), "version"),
        (&opaque(&opaque(&[0])), "log id"),
        (&opaque(&opaque(&right[..40])), "time"),
        (&opaque(&opaque(&right[..42])), "extensions"),
        (&opaque(&opaque(&right[..44])), "signature algorithm"),
        (&short, "signature"),
        (&long, "end"),
    ] {
        assert_matches!(judge(list), Err(SctError::Malformed { part: found }) if found == part);
    }
    assert_matches!(judge(&opaque(&[])), Err(SctError::Absent));
}

#[test]
fn only_so_many_timestamps_are_verified() {
    let logged = Logged::new();
    assert_matches!(logged.judge(&vec![logged.timestamp(); 16]), Ok(_));
    assert_matches!(
        logged.judge(&vec![logged.timestamp(); 17]),
        Err(SctError::TooMany { limit: 16 })
    );
}

#[test]
fn a_trusted_leaf_that_another_issued_has_no_issuer_to_be_logged_with() {
    let logged = Logged::new();
    let leaf = logged.path(&[logged.timestamp()]).leaf().clone();
    let path = verify_path(&leaf, &[], std::slice::from_ref(&leaf), Purpose::CodeSigning, noon()).unwrap();
    assert_matches!(
        verify_embedded(&path, &[logged.trusted()]),
        Err(SctError::IssuerUnknown)
    );
}

/// What is logged of a certificate as it is.
pub(crate) fn entry_of(leaf: &Certificate) -> Vec<u8> {
    [&[0, 0][..], &long_opaque(leaf.as_der())].concat()
}

/// The answer of a log to `add-chain` that says the same as a timestamp of TLS without extensions.
fn answer(timestamp: &[u8]) -> String {
    format!(
        r#"{{"sct_version":0,"id":"{}","timestamp":{ENTRY},"extensions":"","signature":"{}"}}"#,
        STANDARD.encode(&timestamp[1..33]),
        STANDARD.encode(&timestamp[43..])
    )
}

#[test]
fn a_timestamp_beside_a_certificate_is_about_it_as_it_is() {
    let logged = Logged::new();
    let path = logged.issue(&logged.leaf);
    let tls = timestamp(&logged.log, &entry_of(path.leaf()), ENTRY, &[], [4, 3]);
    for file in [
        tls.clone(),
        answer(&tls).into_bytes(),
        format!("\n{}\n", answer(&tls)).into_bytes(),
    ] {
        let timestamp = SignedCertificateTimestamp::parse(&file).unwrap();
        assert_eq!(timestamp.log(), logged.trusted().id());
        let found = verify_detached(&path, &timestamp, &[logged.trusted()]).unwrap();
        assert_eq!(found.logs()[0].at().as_millisecond(), 1_780_000_000_000);
    }
    // over the same certificate as it would be logged before
    let other = SignedCertificateTimestamp::parse(&logged.timestamp()).unwrap();
    assert_matches!(
        verify_detached(&path, &other, &[logged.trusted()]),
        Err(SctError::SignatureMismatch { .. })
    );
    assert_matches!(verify_detached(&path, &other, &[]), Err(SctError::UnknownLog { .. }));
}

#[test]
fn a_file_that_is_no_timestamp_is_refused() {
    let logged = Logged::new();
    let tls = logged.timestamp();
    let right = answer(&tls);
    assert_matches!(SignedCertificateTimestamp::parse(right.as_bytes()), Ok(_));
    for (from, to, part) in [
        (r#""id":""#, r#""id":"AAAA"#, "log id"),
        (r#""id":""#, r#""id":"!"#, "log id"),
        (r#""signature":"BAM"#, r#""signature":"BAN"#, "signature"),
        (r#""extensions":""#, r#""extensions":"!"#, "extensions"),
    ] {
        assert_matches!(
            SignedCertificateTimestamp::parse(right.replace(from, to).as_bytes()),
            Err(SctError::Malformed { part: found }) if found == part
        );
    }
    assert_matches!(
        SignedCertificateTimestamp::parse(right.replace(r#"version":0"#, r#"version":1"#).as_bytes()),
        Err(SctError::Version { found: 1 })
    );
    assert_matches!(SignedCertificateTimestamp::parse(b"{}"), Err(SctError::Json { .. }));
    let followed = answer(&[&tls[..], &[0]].concat());
    assert_matches!(
        SignedCertificateTimestamp::parse(followed.as_bytes()),
        Err(SctError::Malformed { part: "signature" })
    );
    assert_matches!(
        SignedCertificateTimestamp::parse(&tls[..tls.len() - 1]),
        Err(SctError::Malformed { part: "signature" })
    );
    assert_matches!(
        SignedCertificateTimestamp::parse(&vec![0; LIMIT + 1]),
        Err(SctError::TooLong { limit: LIMIT, .. })
    );
}

#[test]
fn a_log_has_a_precertificate_without_its_poison() {
    let logged = Logged::new();
    let poison = extension("1.3.6.1.4.1.11129.2.4.3", true, &[5, 0]);
    let poisoned = logged.authority.sign(&logged.leaf.clone().with(poison));
    let tbs = precertificate_tbs(&poisoned).unwrap();
    assert_eq!(tbs, Some(logged.leaf.tbs(&logged.authority.name)));
    let believed = logged.authority.sign(&logged.leaf);
    assert_eq!(precertificate_tbs(&believed).unwrap(), None);
}
