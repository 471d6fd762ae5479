//! Checkpoints of real logs, and the samples of sigstore-java.

use super::*;
use countersign_core::log::checkpoint::{Checkpoint, CheckpointError};
use countersign_core::log::note::{NoteError, SignerError};
use std::str::from_utf8;

fn sample(name: &str) -> Vec<u8> {
    data(&format!("logs/checkpoints/{name}.txt"))
}

fn refused(name: &str) -> CheckpointError {
    let sample = sample(name);
    Checkpoint::parse(from_utf8(&sample).unwrap()).unwrap_err()
}

fn log(host: &str) -> TransparencyLog {
    let url = format!("https://{host}");
    logs().into_iter().find(|log| log.url() == url).unwrap()
}

#[test]
fn a_checkpoint_of_rekor_1_is_signed_by_its_log_whoever_else_signed() {
    for name in ["valid", "valid_multi_sig"] {
        let sample = sample(name);
        let checkpoint = Checkpoint::parse(from_utf8(&sample).unwrap()).unwrap();
        assert_eq!(checkpoint.origin(), "rekor.sigstore.dev - 2605736670972794746");
        assert_eq!(checkpoint.head().size, 37_795_272);
        assert_eq!(checkpoint.extensions(), ["Timestamp: 1697034484441201852"]);
        assert_eq!(checkpoint.check_signed_by(&log("rekor.sigstore.dev")), Ok(()), "{name}");
        assert_matches!(
            checkpoint.check_signed_by(&log("rekor.sigstage.dev")),
            Err(CheckpointError::Signer(SignerError::NotSigned { .. }))
        );
    }
}

#[test]
fn malformed_checkpoints_are_refused_with_their_reason() {
    assert_eq!(
        refused("error_header_body_separator"),
        CheckpointError::Note(NoteError::NoBlankLine)
    );
    assert_eq!(
        refused("error_header_count"),
        CheckpointError::NoLine { expected: "root hash" }
    );
    assert_eq!(
        refused("error_no_newline_after_signature"),
        CheckpointError::Note(NoteError::NoLineEnd)
    );
    assert_eq!(
        refused("error_no_signatures"),
        CheckpointError::Note(NoteError::NoLineEnd)
    );
    assert_eq!(
        refused("error_not_a_number"),
        CheckpointError::Size {
            found: "abcdefg".into()
        }
    );
    for name in ["error_signature_format_invalid", "error_signature_length_insufficient"] {
        assert_matches!(refused(name), CheckpointError::Note(NoteError::SignatureLine { .. }));
    }
}

#[test]
fn a_checkpoint_of_rekor_2_is_signed_by_its_log_beside_another_key_and_witnesses() {
    let bundle = Bundle::from_json(&data("logs/bundles/rekor-2.json")).unwrap();
    let text = bundle.log_entries()[0].proof().unwrap().checkpoint().unwrap();
    let checkpoint = Checkpoint::parse(text).unwrap();
    let names: Vec<_> = checkpoint.note().signatures().iter().map(|one| one.name()).collect();
    let name = "log2025-alpha1.rekor.sigstage.dev";
    assert_eq!(names, [name, name, "witness.example"]);
    assert_eq!(checkpoint.check_signed_by(&log(name)), Ok(()));
    assert_matches!(
        checkpoint.check_signed_by(&log("log2025-alpha3.rekor.sigstage.dev")),
        Err(CheckpointError::Origin { found, .. }) if found.as_str() == name
    );
    let later = text.replacen("\n736\n", "\n737\n", 1);
    assert_matches!(
        Checkpoint::parse(&later).unwrap().check_signed_by(&log(name)),
        Err(CheckpointError::Signer(SignerError::Mismatch { .. }))
    );
}
