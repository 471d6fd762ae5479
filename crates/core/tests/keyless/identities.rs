//! Who signed, and who vouches for that.

use countersign_core::TrustedRoot;
use countersign_core::certificate::sct::SctError;
use countersign_core::trust::{Authority, Validity};
use countersign_core::verify::Rejection;
use jiff::SignedDuration;

use super::builder::{
    CODE_SIGNING, DIGITAL_SIGNATURE, Party, SERVER, alternative_names, extended_key_usage, key_usage, precertificate,
    timestamp, uri,
};
use super::sigstore::{IDENTITY, ISSUER, Sigstore, at, judge, log, millisecond, policy, policy_for, since_may};

/// Why a certificate is not trusted, without the moment.
fn untrusted(rejection: &Rejection) -> String {
    match rejection {
        Rejection::UntrustedCertificate { reasons, .. } => reasons.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn evidence_that_is_right_in_everything_is_accepted() {
    let sigstore = Sigstore::new();
    let verified = sigstore.judge(&sigstore.sign()).unwrap();
    assert_eq!(verified.signed_at(), [at("2026-06-01T12:00:00Z")]);
    assert_eq!(verified.log_entries().len(), 1);
    assert_eq!(verified.certificate().unwrap().extensions().issuer(), Some(ISSUER));
}

#[test]
fn subject_and_issuer_must_both_be_the_very_ones_that_are_asked_for() {
    let sigstore = Sigstore::new();
    let evidence = sigstore.sign();
    for (identity, issuer) in [
        ("https://ci.example/jo", ISSUER),
        ("https://ci.example/job/", ISSUER),
        ("https://ci.example/JOB", ISSUER),
        ("", ISSUER),
        (IDENTITY, "https://issuer.exampl"),
        (IDENTITY, "https://issuer.example/"),
        (IDENTITY, ""),
    ] {
        let rejection = judge(&evidence, &policy_for(identity, issuer, 1, 1), &sigstore.trust()).unwrap_err();
        let Rejection::OtherIdentity { expected, found } = &rejection else {
            panic!("{rejection:?}")
        };
        assert_eq!(*expected, format!("{identity:?} by {issuer:?}"));
        assert_eq!(found.to_string(), format!("{IDENTITY:?} by {ISSUER:?}"));
    }
}

#[test]
fn of_several_names_any_is_the_subject_and_none_is_nobody() {
    let sigstore = Sigstore::new();
    let draft = |names: &[&str]| {
        let mut draft = sigstore.leaf();
        let names: Vec<_> = names.iter().map(|name| uri(name)).collect();
        draft.extensions[2] = alternative_names(&names);
        draft
    };
    sigstore
        .judge(&sigstore.sign_as(&draft(&["https://other.example", IDENTITY])))
        .unwrap();
    let mut nameless = draft(&[]);
    nameless.extensions.remove(2);
    let rejection = sigstore.judge(&sigstore.sign_as(&nameless)).unwrap_err();
    let Rejection::OtherIdentity { found, .. } = &rejection else {
        panic!("{rejection:?}")
    };
    assert_eq!(found.to_string(), format!("nobody by {ISSUER:?}"));
}

#[test]
fn an_issuer_that_is_not_named_is_not_the_one_asked_for() {
    let sigstore = Sigstore::new();
    let mut draft = sigstore.leaf();
    draft.extensions.pop();
    let rejection = sigstore.judge(&sigstore.sign_as(&draft)).unwrap_err();
    let Rejection::OtherIdentity { found, .. } = &rejection else {
        panic!("{rejection:?}")
    };
    assert_eq!(found.to_string(), format!("{IDENTITY:?} by no issuer"));
}

#[test]
fn an_authority_is_believed_within_its_validity_with_both_ends_included() {
    let sigstore = Sigstore::new();
    let evidence = sigstore.sign();
    let noon = at("2026-06-01T12:00:00Z");
    let second = SignedDuration::from_secs(1);
    let judge_within = |start, end| {
        let validity = Validity::new(start, end);
        let authority = Authority::new("fulcio".to_owned(), sigstore.authority().chain().to_vec(), validity);
        judge(&evidence, &policy(), &sigstore.trust_with(authority, since_may()))
    };
    judge_within(Some(noon), Some(noon)).unwrap();
    for (start, end) in [(Some(noon + second), None), (None, Some(noon - second))] {
        let rejection = judge_within(start, end).unwrap_err();
        let expected = format!("authority \"fulcio\" is trusted {}", Validity::new(start, end));
        assert_eq!(untrusted(&rejection), expected);
    }
}

#[test]
fn of_authorities_of_one_time_or_one_to_come_the_one_that_issued_counts() {
    let sigstore = Sigstore::new();
    let other = Sigstore::new();
    let future = Validity::new(Some(at("2030-01-01T00:00:00Z")), None);
    let later = Authority::new("later".to_owned(), sigstore.authority().chain().to_vec(), future);
    let trust = sigstore
        .trust_with(later, since_may())
        .with_certificate_authorities([other.authority(), sigstore.authority()]);
    judge(&sigstore.sign(), &policy(), &trust).unwrap();
}

#[test]
fn intermediates_may_come_with_the_bundle_where_the_root_alone_is_trusted() {
    let sigstore = Sigstore::new();
    let chain = sigstore.authority().chain().to_vec();
    let authority = Authority::new("fulcio".to_owned(), vec![chain[1].clone()], since_may());
    let trust = sigstore.trust_with(authority, since_may());
    let mut evidence = sigstore.sign();
    let rejection = judge(&evidence, &policy(), &trust).unwrap_err();
    assert!(
        untrusted(&rejection).starts_with("authority \"fulcio\": "),
        "{rejection}"
    );
    evidence.certificates.push(chain[0].as_der().to_vec());
    judge(&evidence, &policy(), &trust).unwrap();
    // the root too, which is known anyway (`sigstore_bundle.proto`: verifiers should cope)
    evidence.certificates.push(chain[1].as_der().to_vec());
    judge(&evidence, &policy(), &trust).unwrap();
}

#[test]
fn a_root_that_comes_with_the_bundle_is_not_trusted() {
    let sigstore = Sigstore::new();
    let stranger = Sigstore::new();
    let mut evidence = stranger.sign();
    for certificate in stranger.authority().chain() {
        evidence.certificates.push(certificate.as_der().to_vec());
    }
    let trust = stranger.trust_with(sigstore.authority(), since_may());
    let rejection = judge(&evidence, &policy(), &trust).unwrap_err();
    let expected = concat!(
        r#"authority "https://fulcio.example": no path leads to the trusted certificate: "#,
        r#"certificate of "CN=signer" is not signed by the key of "CN=issuing"; "#,
        r#"certificate of "CN=issuing" is not signed by the key of "CN=root"; "#,
        r#"certificate of "CN=root" is not signed by the key of "CN=root""#,
    );
    assert_eq!(untrusted(&rejection), expected);
}

#[test]
fn without_an_authority_no_certificate_is_trusted() {
    let sigstore = Sigstore::new();
    let trust = TrustedRoot::default()
        .with_logs(sigstore.trust().logs().iter().cloned())
        .with_timestamp_authorities([sigstore.stamper.authority()]);
    let rejection = judge(&sigstore.sign(), &policy(), &trust).unwrap_err();
    assert_eq!(untrusted(&rejection), "no certificate authority is trusted");
}

#[test]
fn a_certificate_is_for_signing_artifacts() {
    let sigstore = Sigstore::new();
    let mut draft = sigstore.leaf();
    draft.extensions[1] = extended_key_usage(false, &[SERVER]);
    let rejection = sigstore.judge(&sigstore.sign_as(&draft)).unwrap_err();
    assert!(untrusted(&rejection).contains("code signing"), "{rejection}");
    draft.extensions[1] = extended_key_usage(false, &[SERVER, CODE_SIGNING]);
    sigstore.judge(&sigstore.sign_as(&draft)).unwrap();
    draft.extensions[0] = key_usage(super::builder::KEY_ENCIPHERMENT);
    let rejection = sigstore.judge(&sigstore.sign_as(&draft)).unwrap_err();
    assert!(untrusted(&rejection).contains("sign"), "{rejection}");
    draft.extensions[0] = key_usage(DIGITAL_SIGNATURE);
    sigstore.judge(&sigstore.sign_as(&draft)).unwrap();
}

#[test]
fn a_certificate_that_no_log_has_seen_is_refused() {
    let sigstore = Sigstore::new();
    let unseen = sigstore.issuing.signed(&sigstore.leaf());
    let rejection = sigstore.judge(&sigstore.sign_with(unseen)).unwrap_err();
    assert_matches!(rejection, Rejection::CertificateLog(SctError::Absent));
}

#[test]
fn a_log_of_certificates_must_be_known_and_have_signed_this_one() {
    let sigstore = Sigstore::new();
    let leaf = sigstore.leaf();
    let seen = millisecond("2026-06-01T11:55:00Z");
    let stranger = Party::new("stranger");
    let by = |party: &Party, issuer: &Party| timestamp(party, &precertificate(&leaf, issuer), seen, &[], [4, 3]);
    let judge_with = |seen: &[Vec<u8>]| sigstore.judge(&sigstore.sign_with(sigstore.certify_with(&leaf, seen)));
    let right = by(&sigstore.certificate_log, &sigstore.issuing);
    let unknown = by(&stranger, &sigstore.issuing);
    assert_matches!(
        judge_with(std::slice::from_ref(&unknown)).unwrap_err(),
        Rejection::CertificateLog(SctError::UnknownLog { .. })
    );
    // the hash of another issuer's key, of the same name
    let mut namesake = Party::new("issuing");
    namesake.name.clone_from(&sigstore.issuing.name);
    let other_issuer = by(&sigstore.certificate_log, &namesake);
    assert_matches!(
        judge_with(&[other_issuer]).unwrap_err(),
        Rejection::CertificateLog(SctError::SignatureMismatch { log }) if log.as_str() == "https://ctlog.example"
    );
    let mut falsified = right.clone();
    *falsified.last_mut().unwrap() ^= 1;
    assert_matches!(
        judge_with(std::slice::from_ref(&falsified)).unwrap_err(),
        Rejection::CertificateLog(SctError::SignatureMismatch { .. })
    );
    // of several, one that counts is enough
    judge_with(&[unknown, falsified, right]).unwrap();
}

#[test]
fn as_many_logs_of_certificates_as_are_asked_for_must_have_seen_it() {
    use countersign_core::policy::{CertificateLogRule, Claim, IdentityPattern, LogRule, Pattern, TrustedSigner};
    let sigstore = Sigstore::new();
    let exact = |text: &str| Pattern::Exact(text.to_owned());
    let signer = TrustedSigner::Identities {
        identities: vec![IdentityPattern::new(exact(IDENTITY), exact(ISSUER))],
        certificate_log: CertificateLogRule::Required {
            logs: 2.try_into().unwrap(),
        },
    };
    let two = countersign_core::Policy::new(signer, Claim::Message, LogRule::InsecurelyIgnored);
    let leaf = sigstore.leaf();
    let (logged, second) = (precertificate(&leaf, &sigstore.issuing), Party::new("second"));
    let by = |party: &Party| timestamp(party, &logged, millisecond("2026-06-01T11:55:00Z"), &[], [4, 3]);
    let trust = sigstore
        .trust()
        .with_certificate_logs([log(&second, "second.example", since_may())]);
    let judge_with = |seen: &[Vec<u8>]| judge(&sigstore.sign_with(sigstore.certify_with(&leaf, seen)), &two, &trust);
    let first = by(&sigstore.certificate_log);
    assert_matches!(
        judge_with(&[first.clone(), first.clone()]).unwrap_err(),
        Rejection::TooFewCertificateLogs { expected: 2, found: 1 }
    );
    judge_with(&[first, by(&second)]).unwrap();
}

#[test]
fn a_log_of_certificates_is_believed_within_its_validity() {
    let sigstore = Sigstore::new();
    let evidence = sigstore.sign();
    let seen = at("2026-06-01T11:55:00Z");
    let second = SignedDuration::from_secs(1);
    let judge_within = |start, end| {
        let validity = Validity::new(start, end);
        judge(
            &evidence,
            &policy(),
            &sigstore.trust_with(sigstore.authority(), validity),
        )
    };
    judge_within(Some(seen), Some(seen)).unwrap();
    for (start, end) in [(Some(seen + second), None), (None, Some(seen - second))] {
        assert_matches!(
            judge_within(start, end).unwrap_err(),
            Rejection::CertificateLog(SctError::LogOutsideValidity { at, .. }) if at == seen
        );
    }
}
