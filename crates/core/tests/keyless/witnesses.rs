//! Which logs have the signature.

use countersign_core::TrustedRoot;
use countersign_core::log::LogRejection;
use countersign_core::log::body::BodyError;
use countersign_core::verify::Rejection;
use serde_json::{Value, json};

use super::builder::Party;
use super::sigstore::{Evidence, IDENTITY, ISSUER, LOG, Sigstore, at, judge, log, policy_for, rekor_2_of, since_may};

fn second(text: &str) -> i64 {
    at(text).as_second()
}

#[test]
fn a_signature_that_is_in_no_log_is_refused() {
    let sigstore = Sigstore::new();
    let mut evidence = sigstore.sign();
    evidence.entries.clear();
    assert_matches!(
        sigstore.judge(&evidence).unwrap_err(),
        Rejection::TooFewLogs { expected: 1, found: 0 }
    );
}

#[test]
fn the_same_entry_twice_is_refused() {
    let sigstore = Sigstore::new();
    let mut evidence = sigstore.sign();
    evidence.entries.push(evidence.entries[0].clone());
    assert_matches!(
        sigstore.judge(&evidence).unwrap_err(),
        Rejection::Log(LogRejection::Repeated { index: 0, .. })
    );
}

#[test]
fn two_entries_of_one_log_are_one_witness() {
    let sigstore = Sigstore::new();
    let mut evidence = sigstore.sign();
    evidence
        .entries
        .push(sigstore.rekor_1(&evidence, second("2026-06-01T12:00:00Z")));
    assert_eq!(sigstore.judge(&evidence).unwrap().log_entries().len(), 2);
    assert_matches!(
        judge(&evidence, &policy_for(IDENTITY, ISSUER, 2, 1), &sigstore.trust()).unwrap_err(),
        Rejection::TooFewLogs { expected: 2, found: 1 }
    );
}

#[test]
fn logs_of_one_operator_are_one_witness() {
    let sigstore = Sigstore::new();
    let other = Party::new("other");
    let mut evidence = sigstore.sign();
    evidence.entries.push(rekor_2_of(&other, "other.example", &evidence));
    let two = policy_for(IDENTITY, ISSUER, 2, 1);
    let trust = |operator: &str| {
        let base = sigstore.trust();
        let run_by = |operator: &str| Some(operator.to_owned());
        TrustedRoot::default()
            .with_certificate_authorities([sigstore.authority()])
            .with_certificate_logs(base.certificate_logs().iter().cloned())
            .with_timestamp_authorities(base.timestamp_authorities().iter().cloned())
            .with_logs([
                log(&sigstore.log, LOG, since_may()).run_by(run_by("operator")),
                log(&other, "other.example", since_may()).run_by(run_by(operator)),
            ])
    };
    judge(&evidence, &two, &trust("another")).unwrap();
    assert_matches!(
        judge(&evidence, &two, &trust("operator")).unwrap_err(),
        Rejection::TooFewLogs { expected: 2, found: 1 }
    );
}

#[test]
fn an_entry_in_the_log_of_a_stranger_neither_counts_nor_harms() {
    let sigstore = Sigstore::new();
    let mut evidence = sigstore.sign();
    let stranger = rekor_2_of(&Party::new("stranger"), LOG, &evidence);
    evidence.entries.push(stranger);
    assert_eq!(sigstore.judge(&evidence).unwrap().log_entries().len(), 1);
    evidence.entries.remove(0);
    assert_matches!(
        sigstore.judge(&evidence).unwrap_err(),
        Rejection::Log(LogRejection::UnknownLog { .. })
    );
}

#[test]
fn an_entry_that_is_wrong_beside_a_good_one_refuses_the_bundle() {
    let sigstore = Sigstore::new();
    let evidence = sigstore.sign();
    let wrong = |change: fn(&mut Value)| {
        let mut entry = sigstore.rekor_1(&evidence, second("2026-06-01T12:00:00Z"));
        change(&mut entry);
        let entries = vec![evidence.entries[0].clone(), entry];
        let evidence = Evidence {
            entries,
            ..evidence.clone()
        };
        match sigstore.judge(&evidence).unwrap_err() {
            Rejection::Log(reason) => reason,
            other => panic!("{other:?}"),
        }
    };
    let mismatch = wrong(|entry| entry["integratedTime"] = json!("1780315199"));
    assert_eq!(
        mismatch.to_string(),
        "inclusion promise is not the log's for this entry, place and time"
    );
    assert_matches!(
        wrong(|entry| entry["inclusionProof"]["treeSize"] = json!("2")),
        LogRejection::OtherTree { found, .. } if found.size == 2
    );
    assert_matches!(
        wrong(|entry| entry["kindVersion"]["version"] = json!("0.0.2")),
        LogRejection::Body(_)
    );
}

#[test]
fn an_entry_is_about_this_certificate_and_signature() {
    let sigstore = Sigstore::new();
    let (evidence, other) = (sigstore.sign(), sigstore.sign());
    for (borrowed, name) in [
        (
            Evidence {
                signature: other.signature.clone(),
                ..evidence.clone()
            },
            "signature",
        ),
        (
            Evidence {
                certificates: other.certificates.clone(),
                ..evidence.clone()
            },
            "certificate",
        ),
    ] {
        let entries = vec![sigstore.rekor_2(&borrowed)];
        let evidence = Evidence {
            entries,
            ..evidence.clone()
        };
        let rejection = sigstore.judge(&evidence).unwrap_err();
        let Rejection::Log(LogRejection::Body(reason)) = &rejection else {
            panic!("{name}: {rejection:?}")
        };
        let is_named = match name {
            "signature" => matches!(reason, BodyError::Signature { .. }),
            _ => matches!(reason, BodyError::Verifier { .. }),
        };
        assert!(is_named, "{name}: {reason:?}");
    }
}
