use proptest::prelude::*;

use super::super::tests::{key, line, line_of};
use super::*;
use crate::key::KeyAlgorithm;

/// The example of Go's `golang.org/x/mod/sumdb/note`.
const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\
    \n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const KEY: &str = "1a5cd907143c384c41e830c5bce12aa8817ec5649aaabf2c31388b35b2d744d6";

fn neumann() -> PublicKey {
    let der = format!("302a300506032b6570032100{KEY}");
    PublicKey::from_der(&hex::decode(der).unwrap()).unwrap()
}

#[test]
fn the_example_is_read_and_is_signed_by_its_key() {
    let note = Note::parse(NOTE).unwrap();
    assert!(note.text().ends_with("problem is.\n"));
    let id = KeyId::of_log(&neumann(), "PeterNeumann");
    assert_eq!(id.to_string(), "c74f20a3");
    let is_valid = |signature: &Signature| neumann().verifies_whole(note.text().as_bytes(), signature);
    assert_eq!(note.check_signed_by("PeterNeumann", id, is_valid), Ok(()));
}

#[test]
fn ids_of_keys_are_made_as_the_kind_of_key_wants() {
    let start = |parts: &[&[u8]]| {
        let hash = aws_lc_rs::digest::digest(&SHA256, &parts.concat());
        KeyId::new(*hash.as_ref().first_chunk().unwrap())
    };
    let of = |algorithm| key(algorithm).public_key().clone();
    let rsa = of(KeyAlgorithm::Rsa2048);
    assert_eq!(
        KeyId::of_log(&rsa, "n"),
        start(&[b"n\n\xffPKIX-RSA-PKCS#1v1.5", rsa.as_der()])
    );
    let ecdsa = of(KeyAlgorithm::EcdsaP256);
    assert_eq!(KeyId::of_log(&ecdsa, "n"), start(&[ecdsa.as_der()]));
    let raw = hex::decode(KEY).unwrap();
    assert_eq!(KeyId::of_witness(&neumann(), "n"), start(&[b"n\n\x04", &raw]));
    assert_eq!(KeyId::of_key(&neumann()), start(&[neumann().as_der()]));
}

#[test]
fn the_last_blank_line_divides_and_signatures_keep_their_order() {
    let id = KeyId::new([1, 2, 3, 4]);
    let note = format!("a\n\nb\n\n{}{}", line_of("one", id, b"x"), line_of("two", id, b"y"));
    let note = Note::parse(&note).unwrap();
    assert_eq!(note.text(), "a\n\nb\n");
    let found: Vec<_> = note
        .signatures()
        .iter()
        .map(|one| (one.name(), one.key_id(), one.signature().as_bytes()))
        .collect();
    assert_eq!(found, [("one", id, &b"x"[..]), ("two", id, b"y")]);
}

#[test]
fn what_is_no_note_is_refused_with_its_reason() {
    let refused = |note: &str| Note::parse(note).unwrap_err();
    assert_eq!(refused("text\n— n AAAAAAA=\n"), NoteError::NoBlankLine);
    assert_eq!(refused("text\n\n— n AAAAAAA="), NoteError::NoLineEnd);
    assert_eq!(refused("text\n\n"), NoteError::NoLineEnd);
    assert_eq!(refused("te\txt\n\n"), NoteError::ControlCharacter { found: '\t' });
    assert_eq!(refused("text\r\n\n"), NoteError::ControlCharacter { found: '\r' });
    let long = "x".repeat(LIMIT + 1);
    assert_eq!(
        refused(&long),
        NoteError::TooLong {
            limit: LIMIT,
            found: LIMIT + 1
        }
    );
    let many = format!("text\n\n{}", "— n AAAAAAA=\n".repeat(SIGNATURES + 1));
    assert_eq!(
        refused(&many),
        NoteError::TooManySignatures {
            limit: SIGNATURES,
            found: SIGNATURES + 1
        }
    );
    let most = format!("text\n\n{}", "— n AAAAAAA=\n".repeat(SIGNATURES));
    assert_eq!(Note::parse(&most).unwrap().signatures().len(), SIGNATURES);
}

#[test]
fn what_is_no_signature_line_is_refused() {
    for line in [
        "n AAAAAAA=",
        "— n",
        "—  AAAAAAA=",
        "— n+m AAAAAAA=",
        "— n\u{a0}m AAAAAAA=",
        "— n AAAAAAA",
        "— n AAAAAA-=",
        "— n AAAAAA==",
        "— n AAAAAAA= ",
    ] {
        let expected = NoteError::SignatureLine {
            found: Quoted::new(line),
        };
        assert_eq!(Note::parse(&format!("text\n\n{line}\n")), Err(expected), "{line}");
    }
}

#[test]
fn a_signature_counts_under_its_name_and_key_id_only() {
    let key = key(KeyAlgorithm::Ed25519);
    let (text, id) = ("text\n", KeyId::of_log(key.public_key(), "n"));
    let other = KeyId::new([0; 4]);
    let check = |lines: &str| {
        let note = format!("{text}\n{lines}");
        let is_valid = |signature: &Signature| key.public_key().verifies_whole(text.as_bytes(), signature);
        Note::parse(&note).unwrap().check_signed_by("n", id, is_valid)
    };
    let good = line("n", id, &key, text);
    assert_eq!(check(&good), Ok(()));
    let not_signed = |name: &str, found| SignerError::NotSigned {
        expected: "n".into(),
        id,
        found: Signers(vec![(name.into(), found)]),
    };
    assert_eq!(check(&line("m", id, &key, text)), Err(not_signed("m", id)));
    assert_eq!(check(&line("n", other, &key, text)), Err(not_signed("n", other)));
    let mismatch = Err(SignerError::Mismatch { name: "n".into(), id });
    let bad = line("n", id, &key, "other");
    assert_eq!(check(&bad), mismatch);
    assert_eq!(check(&[&*good, &bad].concat()), mismatch);
    let others = [line_of("m", id, b"x"), line_of("n", other, b"x"), good].concat();
    assert_eq!(check(&others), Ok(()));
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,40}\n\n(— .{0,20} [A-Za-z0-9+/=]{0,12}\n?){0,3}") {
        let _ = Note::parse(&text);
    }

    #[test]
    fn what_is_written_is_read(text in "[a-z\n]{0,20}\n", name in "[a-z.]{1,9}", bytes: [u8; 9]) {
        let (id, signature) = bytes.split_first_chunk::<4>().unwrap();
        let note = format!("{text}\n{}", line_of(&name, KeyId::new(*id), signature));
        let note = Note::parse(&note).unwrap();
        prop_assert_eq!(note.text(), &text);
        let [found] = note.signatures() else { panic!("{note:?}") };
        prop_assert_eq!((found.name(), found.key_id()), (&*name, KeyId::new(*id)));
        prop_assert_eq!(found.signature().as_bytes(), signature);
    }
}
