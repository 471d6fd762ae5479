//! When it was signed: whatever proves a time, the certificate must be valid then.

use countersign_core::policy::{Claim, LogRule, Policy, TimestampRule};
use countersign_core::timestamp::TimestampError;
use countersign_core::trust::{Authority, Validity};
use countersign_core::verify::Rejection;
use jiff::Timestamp;
use serde_json::json;

use super::sigstore::{ELEVEN, Evidence, IDENTITY, ISSUER, NOON, Sigstore, at, judge, policy, policy_for, stamp_of};
use super::stamper::Stamper;

/// The moment at which the certificate is not trusted.
fn moment(rejection: &Rejection) -> Timestamp {
    match rejection {
        Rejection::UntrustedCertificate { at, .. } => *at,
        other => panic!("{other:?}"),
    }
}

/// The usual policy, without asking for timestamps.
fn unstamped() -> Policy {
    let logs = 1.try_into().unwrap();
    Policy::new(policy().signer().clone(), Claim::Message, LogRule::Required { logs })
}

#[test]
fn a_certificate_is_valid_at_the_time_of_a_timestamp_with_both_ends_included() {
    let sigstore = Sigstore::new();
    let right = sigstore.sign();
    let stamped = |at: &str| Evidence {
        stamps: vec![sigstore.stamp(&right.signature, at)],
        ..right.clone()
    };
    for time in ["20260601115500Z", "20260601120500Z"] {
        sigstore.judge(&stamped(time)).unwrap();
    }
    for (time, refused) in [
        ("20260601115459Z", "2026-06-01T11:54:59Z"),
        ("20260601120501Z", "2026-06-01T12:05:01Z"),
    ] {
        let rejection = sigstore.judge(&stamped(time)).unwrap_err();
        assert_eq!(moment(&rejection), at(refused));
    }
}

#[test]
fn the_time_of_the_log_and_that_of_a_timestamp_must_both_fit() {
    let sigstore = Sigstore::new();
    let right = sigstore.sign();
    let (noon, eleven) = (at("2026-06-01T12:00:00Z"), at("2026-06-01T11:00:00Z"));
    let evidence = |promised: Timestamp, stamped: &str| Evidence {
        stamps: vec![sigstore.stamp(&right.signature, stamped)],
        entries: vec![sigstore.rekor_1(&right, promised.as_second())],
        ..right.clone()
    };
    assert_eq!(sigstore.judge(&evidence(noon, NOON)).unwrap().signed_at(), [noon, noon]);
    for (promised, stamped) in [(eleven, NOON), (noon, ELEVEN)] {
        let rejection = sigstore.judge(&evidence(promised, stamped)).unwrap_err();
        assert_eq!(moment(&rejection), eleven);
    }
}

#[test]
fn every_timestamp_that_is_there_must_fit() {
    let sigstore = Sigstore::new();
    let mut evidence = sigstore.sign();
    evidence.stamps.push(sigstore.stamp(&evidence.signature, ELEVEN));
    let rejection = sigstore.judge(&evidence).unwrap_err();
    assert_eq!(moment(&rejection), at("2026-06-01T11:00:00Z"));
    // also where none is asked for
    let rejection = judge(&evidence, &unstamped(), &sigstore.trust()).unwrap_err();
    assert_eq!(moment(&rejection), at("2026-06-01T11:00:00Z"));
}

#[test]
fn a_time_of_a_log_without_its_promise_is_none() {
    let sigstore = Sigstore::new();
    let mut evidence = sigstore.sign();
    evidence.stamps.clear();
    evidence.entries[0]["integratedTime"] = json!(at("2026-06-01T12:00:00Z").as_second().to_string());
    assert_matches!(
        judge(&evidence, &unstamped(), &sigstore.trust()).unwrap_err(),
        Rejection::NoTime
    );
    evidence.entries = vec![sigstore.rekor_1(&evidence, at("2026-06-01T12:00:00Z").as_second())];
    judge(&evidence, &unstamped(), &sigstore.trust()).unwrap();
}

#[test]
fn a_timestamp_that_cannot_be_read_or_is_of_something_else_refuses_the_bundle() {
    let sigstore = Sigstore::new();
    let right = sigstore.sign();
    let beside = |stamp: Vec<u8>| Evidence {
        stamps: vec![right.stamps[0].clone(), stamp],
        ..right.clone()
    };
    assert_matches!(
        sigstore.judge(&beside(b"no timestamp".to_vec())).unwrap_err(),
        Rejection::Timestamp(TimestampError::Malformed { .. })
    );
    assert_matches!(
        sigstore.judge(&beside(sigstore.stamp(b"another", NOON))).unwrap_err(),
        Rejection::Timestamp(TimestampError::Imprint { .. })
    );
    let mut falsified = right.stamps[0].clone();
    *falsified.last_mut().unwrap() ^= 1;
    let rejection = sigstore
        .judge(&Evidence {
            stamps: vec![falsified],
            ..right.clone()
        })
        .unwrap_err();
    let Rejection::Timestamp(TimestampError::Untrusted { tried }) = &rejection else {
        panic!("{rejection:?}")
    };
    assert_eq!(tried.iter().count(), 1);
}

#[test]
fn a_timestamp_of_a_stranger_neither_counts_nor_harms() {
    let sigstore = Sigstore::new();
    let stranger = Stamper::new();
    let mut evidence = sigstore.sign();
    // even though the certificate was not valid then
    evidence.stamps.push(stamp_of(&stranger, &evidence.signature, ELEVEN));
    sigstore.judge(&evidence).unwrap();
    evidence.stamps.remove(0);
    assert_matches!(
        sigstore.judge(&evidence).unwrap_err(),
        Rejection::Timestamp(TimestampError::Untrusted { .. })
    );
    evidence.stamps.clear();
    assert_matches!(
        sigstore.judge(&evidence).unwrap_err(),
        Rejection::TooFewTimestamps { expected: 1, found: 0 }
    );
}

#[test]
fn authorities_of_one_operator_count_once_towards_the_number_asked_for() {
    let sigstore = Sigstore::new();
    let second = Stamper::new();
    let mut evidence = sigstore.sign();
    evidence.stamps.push(stamp_of(&second, &evidence.signature, NOON));
    let two = policy_for(IDENTITY, ISSUER, 1, 2);
    let trust = |operator: &str| {
        let named = |authority: Authority, uri: &str, operator: &str| {
            Authority::new(uri.to_owned(), authority.chain().to_vec(), Validity::ALWAYS)
                .run_by(Some(operator.to_owned()))
        };
        let base = sigstore.trust();
        countersign_core::TrustedRoot::default()
            .with_certificate_authorities([sigstore.authority()])
            .with_certificate_logs(base.certificate_logs().iter().cloned())
            .with_logs(base.logs().iter().cloned())
            .with_timestamp_authorities([
                named(sigstore.stamper.authority(), "https://one.example", "operator"),
                named(second.authority(), "https://two.example", operator),
            ])
    };
    judge(&evidence, &two, &trust("another")).unwrap();
    assert_matches!(
        judge(&evidence, &two, &trust("operator")).unwrap_err(),
        Rejection::TooFewTimestamps { expected: 2, found: 1 }
    );
    // and two timestamps of one authority are one
    evidence.stamps[1] = sigstore.stamp(&evidence.signature, "20260601120001Z");
    assert_matches!(
        judge(&evidence, &two, &trust("another")).unwrap_err(),
        Rejection::TooFewTimestamps { expected: 2, found: 1 }
    );
}

#[test]
fn where_no_service_is_asked_the_moment_of_the_judgement_counts() {
    let sigstore = Sigstore::new();
    let mut evidence = sigstore.sign();
    evidence.stamps.clear();
    evidence.entries.clear();
    let alone = Policy::new(policy().signer().clone(), Claim::Message, LogRule::InsecurelyIgnored);
    let rejection = judge(&evidence, &alone, &sigstore.trust()).unwrap_err();
    assert_eq!(moment(&rejection), at("2026-11-01T00:00:00Z"));
    let asked = alone.stamped(TimestampRule::Required {
        authorities: 1.try_into().unwrap(),
    });
    assert_matches!(
        judge(&evidence, &asked, &sigstore.trust()).unwrap_err(),
        Rejection::TooFewTimestamps { expected: 1, found: 0 }
    );
}
