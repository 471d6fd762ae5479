use super::super::tests::{NAME, SHARD, URL, at, key, line, line_of, log_at};
use super::*;
use crate::key::{KeyAlgorithm, PrivateKey};
use crate::signer::Signer;

const ROOT: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const KINDS: [KeyAlgorithm; 3] = [KeyAlgorithm::EcdsaP256, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa2048];

fn text(origin: &str) -> String {
    format!("{origin}\n7\n{ROOT}\n")
}

fn read(text: &str) -> Result<(), CheckpointError> {
    let note = format!("{text}\n— n AAAAAAA=\n");
    Checkpoint::parse(&note).map(|_| ())
}

/// Checks a checkpoint that `key` signed as `name` against the log at `url`.
fn check(url: &str, origin: &str, name: &str, key: &PrivateKey) -> Result<(), CheckpointError> {
    let id = match origin {
        SHARD => KeyId::of_key(key.public_key()),
        _ => KeyId::of_log(key.public_key(), name),
    };
    let note = format!("{}\n{}", text(origin), line(name, id, key, &text(origin)));
    Checkpoint::parse(&note).unwrap().check_signed_by(&log_at(url, key))
}

#[test]
fn a_checkpoint_has_its_origin_its_tree_and_what_its_log_adds() {
    let note = format!("{}Timestamp: 5\nx\n\n— n AAAAAAA=\n", text(SHARD));
    let checkpoint = Checkpoint::parse(&note).unwrap();
    assert_eq!(checkpoint.origin(), SHARD);
    assert_eq!(
        *checkpoint.head(),
        TreeHead {
            size: 7,
            root: TreeHash::new([1; 32])
        }
    );
    assert_eq!(checkpoint.extensions(), ["Timestamp: 5", "x"]);
    assert_eq!(checkpoint.note().signatures().len(), 1);
}

#[test]
fn what_is_no_checkpoint_is_refused_with_its_reason() {
    assert_eq!(read("n\n"), Err(CheckpointError::NoLine { expected: "tree size" }));
    assert_eq!(read("n\n7\n"), Err(CheckpointError::NoLine { expected: "root hash" }));
    assert_eq!(read(&text("")), Err(CheckpointError::NoLine { expected: "origin" }));
    assert_eq!(
        read(&format!("{}\nx\n", text("n"))),
        Err(CheckpointError::EmptyExtension)
    );
    assert_eq!(
        Checkpoint::parse("n"),
        Err(CheckpointError::Note(NoteError::NoBlankLine))
    );
    for size in ["", "07", "+7", "-7", "7.0", "x", "18446744073709551616"] {
        assert_eq!(
            read(&format!("n\n{size}\n{ROOT}\n")),
            Err(CheckpointError::Size { found: size.into() })
        );
    }
    assert_eq!(read(&format!("n\n0\n{ROOT}\n")), Ok(()));
    for root in ["", "AAEC", "%", &ROOT.replace('=', "")] {
        assert_eq!(
            read(&format!("n\n7\n{root}\n")),
            Err(CheckpointError::Root { found: root.into() })
        );
    }
}

#[test]
fn logs_sign_with_every_kind_of_key() {
    for kind in KINDS {
        let key = key(kind);
        assert_eq!(check(URL, NAME, NAME, &key), Ok(()), "{kind}");
        assert_eq!(check(URL, SHARD, NAME, &key), Ok(()), "{kind}");
    }
}

#[test]
fn the_origin_is_the_logs_address_or_its_host() {
    let key = key(KeyAlgorithm::Ed25519);
    for (url, origin) in [
        ("https://log.example", "log.example"),
        ("https://log.example/", "log.example"),
        ("log.example", "log.example"),
        ("http://log.example:3003", "log.example:3003"),
        ("http://log.example:3003", "log.example"),
        ("https://log.example/2026/a", "log.example/2026/a"),
        ("https://log.example/2026/a", "log.example"),
    ] {
        assert_eq!(check(url, origin, origin, &key), Ok(()), "{url} {origin}");
    }
    for (url, origin) in [
        ("https://log.example", "other.example"),
        ("https://log.example", "log.example/2026"),
        ("https://log.example/2026/a", "log.example/2026"),
        ("https://log.example", "og.example"),
        ("", "log.example"),
    ] {
        let expected = url.trim_start_matches("https://");
        assert_eq!(
            check(url, origin, origin, &key),
            Err(CheckpointError::Origin {
                expected: expected.into(),
                found: origin.into()
            })
        );
    }
}

#[test]
fn the_signature_is_under_the_name_of_the_origin() {
    for origin in [NAME, SHARD] {
        let key = key(KeyAlgorithm::EcdsaP256);
        let error = check(URL, origin, "other.example", &key).unwrap_err();
        assert!(
            matches!(&error, CheckpointError::Signer(SignerError::NotSigned { expected, .. }) if expected.as_str() == NAME),
            "{error:?}"
        );
    }
}

#[test]
fn the_key_id_is_the_one_that_the_trusted_root_says() {
    let key = key(KeyAlgorithm::Ed25519);
    let said = KeyId::new([1, 2, 3, 4]);
    let log = log_at(URL, &key).with_checkpoint_key_id(Some([1, 2, 3, 4]));
    for origin in [NAME, SHARD] {
        let check = |id| {
            let note = format!("{}\n{}", text(origin), line(NAME, id, &key, &text(origin)));
            Checkpoint::parse(&note).unwrap().check_signed_by(&log)
        };
        assert_eq!(check(said), Ok(()));
        for other in [KeyId::of_log(key.public_key(), NAME), KeyId::of_key(key.public_key())] {
            assert!(matches!(
                check(other),
                Err(CheckpointError::Signer(SignerError::NotSigned { id, .. })) if id == said
            ));
        }
    }
}

#[test]
fn a_shard_is_named_by_a_number() {
    let key = key(KeyAlgorithm::Ed25519);
    for origin in ["log.example - ", "log.example - 7a", "log.example -7"] {
        let error = check(URL, origin, NAME, &key).unwrap_err();
        assert!(matches!(error, CheckpointError::Origin { .. }), "{error:?}");
    }
}

#[test]
fn a_signature_over_another_text_is_refused() {
    for kind in KINDS {
        let key = key(kind);
        let id = KeyId::of_log(key.public_key(), NAME);
        let note = format!("{}\n{}", text(NAME), line(NAME, id, &key, &text("other")));
        let mismatch = SignerError::Mismatch { name: NAME.into(), id };
        assert_eq!(
            Checkpoint::parse(&note).unwrap().check_signed_by(&log_at(URL, &key)),
            Err(mismatch.into())
        );
    }
}

#[test]
fn a_witness_says_when_it_saw_the_tree() {
    let key = key(KeyAlgorithm::Ed25519);
    let witness = Witness::new("w.example/1".to_owned(), key.public_key().clone()).unwrap();
    let id = KeyId::of_witness(key.public_key(), "w.example/1");
    let cosigned = |signed_time: u64, time: u64| {
        let message = format!("cosignature/v1\ntime {signed_time}\n{}", text(NAME));
        let signature = key.sign(message.as_bytes()).unwrap();
        let blob = [&time.to_be_bytes()[..], signature.as_bytes()].concat();
        format!("{}\n{}", text(NAME), line_of("w.example/1", id, &blob))
    };
    let seen = |note: &str| Checkpoint::parse(note).unwrap().cosigned_by(&witness);
    assert_eq!(seen(&cosigned(5, 5)), Ok(at(5)));
    // the same key under another name is another witness
    let [earlier, later] = [cosigned(5, 5), cosigned(6, 6)];
    let foreign = earlier.replace("— w.example/1 ", "— w.example/2 ");
    let (_, line_of_later) = later.split_once("\n\n").unwrap();
    assert_eq!(seen(&format!("{foreign}{line_of_later}")), Ok(at(6)));
    let mismatch = CheckpointError::Signer(SignerError::Mismatch {
        name: "w.example/1".into(),
        id,
    });
    assert_eq!(seen(&cosigned(5, 6)), Err(mismatch.clone()));
    assert_eq!(seen(&cosigned(u64::MAX, u64::MAX)), Err(mismatch.clone()));
    let short = format!("{}\n{}", text(NAME), line_of("w.example/1", id, b"x"));
    assert_eq!(seen(&short), Err(mismatch));
    let of_log = format!("{}\n{}", text(NAME), line(NAME, id, &key, &text(NAME)));
    assert!(matches!(
        seen(&of_log),
        Err(CheckpointError::Signer(SignerError::NotSigned { .. }))
    ));
}

#[test]
fn a_witness_has_an_ed25519_key() {
    let key = key(KeyAlgorithm::EcdsaP256);
    assert_eq!(
        Witness::new("w".to_owned(), key.public_key().clone()),
        Err(CheckpointError::WitnessKey {
            found: key.public_key().algorithm()
        })
    );
}
