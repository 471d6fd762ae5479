//! Which certificates lead to one that is trusted, and which do not.

use countersign_core::certificate::path::{PathError, Purpose, verify_path};
use countersign_core::key::PublicKeyError;
use countersign_core::trust::Validity;

use super::builder::{
    ANY_PURPOSE, CODE_SIGNING, CONTENT_COMMITMENT, DIGITAL_SIGNATURE, Draft, KEY_CERT_SIGN, KEY_ENCIPHERMENT, Party,
    SERVER, TIME_STAMPING, basic_constraints, common_name, extended_key_usage, extension, key_usage, sequence,
};
use super::world::{World, noon};
use super::{certificate, chain, time};

fn span(start: &str, end: &str) -> Validity {
    Validity::new(Some(time(start)), Some(time(end)))
}

#[test]
fn a_path_tells_the_leaf_its_issuer_and_what_is_trusted() {
    let world = World::new();
    let path = world.judge_leaf(&world.signer.leaf()).unwrap();
    assert_eq!(path.leaf().subject().to_string(), "CN=signer");
    assert_eq!(path.key(), world.signer.key.public_key());
    assert_eq!(path.issuer().unwrap().subject().to_string(), "CN=intermediate");
    assert_eq!(path.anchor().subject().to_string(), "CN=root");
    assert_eq!(path.certificates().len(), 3);
}

#[test]
fn every_certificate_is_valid_at_the_moment_with_both_ends_included() {
    let world = World::new();
    let at_noon = [("260601120000Z", "270101000000Z"), ("260101000000Z", "260601120000Z")];
    for (start, end) in at_noon {
        assert_matches!(world.judge_leaf(&world.signer.leaf().valid(start, end)), Ok(_));
        assert_matches!(
            world.judge_intermediate(&world.intermediate.authority().valid(start, end)),
            Ok(_)
        );
        assert_matches!(world.judge_root(&world.root.authority().valid(start, end)), Ok(_));
    }
    let (start, end) = ("260101000000Z", "260601115959Z");
    let validity = span("2026-01-01T00:00:00Z", "2026-06-01T11:59:59Z");
    assert_eq!(
        world.judge_leaf(&world.signer.leaf().valid(start, end)).unwrap_err(),
        PathError::LeafOutsideValidity { validity, at: noon() }
    );
    let early = world.signer.leaf().valid("260601120001Z", "270101000000Z");
    assert_matches!(world.judge_leaf(&early), Err(PathError::LeafOutsideValidity { .. }));
    for (result, name) in [
        (
            world.judge_intermediate(&world.intermediate.authority().valid(start, end)),
            "CN=intermediate",
        ),
        (world.judge_root(&world.root.authority().valid(start, end)), "CN=root"),
    ] {
        assert_eq!(
            result.unwrap_err(),
            PathError::IssuerOutsideValidity {
                issuer: name.into(),
                validity,
                at: noon()
            }
        );
    }
}

#[test]
fn a_certificate_that_its_issuer_did_not_sign_is_refused() {
    let world = World::new();
    let impostor = Party {
        name: world.intermediate.name.clone(),
        ..Party::new("impostor")
    };
    let authority = [
        world.root.sign(&world.intermediate.authority()),
        world.root.sign(&world.root.authority()),
    ];
    let leaf = impostor.sign(&world.signer.leaf());
    assert_eq!(
        verify_path(&leaf, &[], &authority, Purpose::CodeSigning, noon()).unwrap_err(),
        PathError::SignatureMismatch {
            subject: "CN=signer".into(),
            issuer: "CN=intermediate".into()
        }
    );
}

#[test]
fn an_issuer_must_bear_the_name_that_the_certificate_names() {
    let world = World::new();
    let authority = [
        world.root.sign(&Draft {
            subject: common_name("another"),
            ..world.intermediate.authority()
        }),
        world.root.sign(&world.root.authority()),
    ];
    let leaf = world.intermediate.sign(&world.signer.leaf());
    assert_eq!(
        verify_path(&leaf, &[], &authority, Purpose::CodeSigning, noon()).unwrap_err(),
        PathError::UnknownIssuer {
            subject: "CN=signer".into(),
            issuer: "CN=intermediate".into()
        }
    );
}

#[test]
fn an_issuer_must_say_that_it_is_an_authority() {
    let world = World::new();
    let refused = |name: &str| PathError::IssuerIsNoAuthority { issuer: name.into() };
    let usage = key_usage(KEY_CERT_SIGN);
    for party in [&world.intermediate, &world.root] {
        for draft in [
            party.draft().with(usage.clone()),
            party.draft().with(basic_constraints(false, None)).with(usage.clone()),
        ] {
            let (result, name) = if std::ptr::eq(party, &world.root) {
                (world.judge_root(&draft), "CN=root")
            } else {
                (world.judge_intermediate(&draft), "CN=intermediate")
            };
            assert_eq!(result.unwrap_err(), refused(name));
        }
    }
}

#[test]
fn a_trusted_certificate_of_version_1_is_an_authority_and_no_other_is() {
    let world = World::new();
    let version_1 = |party: &Party| Draft {
        version: 0,
        ..party.draft()
    };
    assert_matches!(world.judge_root(&version_1(&world.root)), Ok(_));
    assert_matches!(
        world.judge_intermediate(&version_1(&world.intermediate)),
        Err(PathError::IssuerIsNoAuthority { .. })
    );
}

#[test]
fn an_issuers_key_must_be_for_certificates_if_it_says_what_it_is_for() {
    let world = World::new();
    let with = |usage: u8| {
        let authority = world.intermediate.draft().with(basic_constraints(true, None));
        world.judge_intermediate(&authority.with(key_usage(usage)))
    };
    assert_eq!(
        with(DIGITAL_SIGNATURE).unwrap_err(),
        PathError::IssuerDoesNotSignCertificates {
            issuer: "CN=intermediate".into()
        }
    );
    let silent = world.intermediate.draft().with(basic_constraints(true, None));
    assert_matches!(world.judge_intermediate(&silent), Ok(_));
}

#[test]
fn a_leafs_key_must_be_for_signatures_if_it_says_what_it_is_for() {
    let world = World::new();
    let judge = |usage: u8| world.judge_leaf(&world.signer.draft().with(key_usage(usage)));
    for usage in [KEY_ENCIPHERMENT, KEY_CERT_SIGN] {
        assert_eq!(judge(usage).unwrap_err(), PathError::LeafDoesNotSign);
    }
    for usage in [DIGITAL_SIGNATURE, CONTENT_COMMITMENT] {
        assert_matches!(judge(usage), Ok(_));
    }
}

#[test]
fn no_more_authorities_may_follow_than_an_issuer_allows() {
    let world = World::new();
    let limited = |party: &Party, length| {
        party
            .draft()
            .with(basic_constraints(true, Some(length)))
            .with(key_usage(KEY_CERT_SIGN))
    };
    assert_matches!(world.judge_root(&limited(&world.root, 1)), Ok(_));
    assert_matches!(world.judge_intermediate(&limited(&world.intermediate, 0)), Ok(_));
    assert_eq!(
        world.judge_root(&limited(&world.root, 0)).unwrap_err(),
        PathError::PathLength {
            issuer: "CN=root".into(),
            limit: 0,
            found: 1
        }
    );
}

#[test]
fn an_authority_that_renews_itself_does_not_count_towards_the_length() {
    let world = World::new();
    let renewed = Party {
        name: world.root.name.clone(),
        ..Party::new("renewed")
    };
    let root = world.root.draft().with(basic_constraints(true, Some(0)));
    let authority = [world.root.sign(&renewed.authority()), world.root.sign(&root)];
    let leaf = renewed.sign(&world.signer.leaf());
    let path = verify_path(&leaf, &[], &authority, Purpose::CodeSigning, noon()).unwrap();
    assert_eq!(path.certificates().len(), 3);
}

#[test]
fn a_leaf_that_names_purposes_must_name_code_signing() {
    let world = World::new();
    let judge = |purposes: &[&str]| world.judge_leaf(&world.signer.draft().with(extended_key_usage(false, purposes)));
    for purposes in [&[SERVER, CODE_SIGNING][..], &[ANY_PURPOSE]] {
        assert_matches!(judge(purposes), Ok(_));
    }
    assert_matches!(world.judge_leaf(&world.signer.draft()), Ok(_));
    for purposes in [&[SERVER][..], &[TIME_STAMPING]] {
        assert_eq!(
            judge(purposes).unwrap_err(),
            PathError::LeafPurpose {
                expected: Purpose::CodeSigning
            }
        );
    }
}

#[test]
fn a_timestampers_leaf_is_critically_and_only_for_that() {
    let world = World::new();
    let judge = |extension| world.judge_stamper(&world.signer.draft().with(extension));
    assert_matches!(judge(extended_key_usage(true, &[TIME_STAMPING])), Ok(_));
    for draft in [
        world.signer.draft(),
        world.signer.draft().with(extended_key_usage(false, &[TIME_STAMPING])),
        world
            .signer
            .draft()
            .with(extended_key_usage(true, &[TIME_STAMPING, CODE_SIGNING])),
        world.signer.draft().with(extended_key_usage(true, &[ANY_PURPOSE])),
        world.signer.draft().with(extended_key_usage(true, &[CODE_SIGNING])),
    ] {
        assert_eq!(
            world.judge_stamper(&draft).unwrap_err(),
            PathError::LeafPurpose {
                expected: Purpose::TimeStamping
            }
        );
    }
}

#[test]
fn an_authority_that_names_purposes_must_name_the_leafs() {
    let world = World::new();
    let naming = |party: &Party, purposes: &[&str]| party.authority().with(extended_key_usage(false, purposes));
    for purposes in [&[CODE_SIGNING][..], &[ANY_PURPOSE], &[SERVER, CODE_SIGNING]] {
        assert_matches!(world.judge_intermediate(&naming(&world.intermediate, purposes)), Ok(_));
        assert_matches!(world.judge_root(&naming(&world.root, purposes)), Ok(_));
    }
    for (result, name) in [
        (
            world.judge_intermediate(&naming(&world.intermediate, &[SERVER])),
            "CN=intermediate",
        ),
        (world.judge_root(&naming(&world.root, &[TIME_STAMPING])), "CN=root"),
    ] {
        assert_eq!(
            result.unwrap_err(),
            PathError::IssuerPurpose {
                issuer: name.into(),
                expected: Purpose::CodeSigning
            }
        );
    }
}

#[test]
fn a_critical_extension_that_is_not_known_is_refused_wherever_it_is() {
    let world = World::new();
    let oid = "1.2.3.4";
    let critical = extension(oid, true, &[5, 0]);
    let results = [
        (
            world.judge_leaf(&world.signer.leaf().with(critical.clone())),
            "CN=signer",
        ),
        (
            world.judge_intermediate(&world.intermediate.authority().with(critical.clone())),
            "CN=intermediate",
        ),
        (world.judge_root(&world.root.authority().with(critical)), "CN=root"),
    ];
    for (result, name) in results {
        assert_eq!(
            result.unwrap_err(),
            PathError::UnknownCriticalExtension {
                subject: name.into(),
                identifier: oid.into()
            }
        );
    }
    let harmless = world.signer.leaf().with(extension(oid, false, &[5, 0]));
    assert_matches!(world.judge_leaf(&harmless), Ok(_));
}

#[test]
fn a_precertificate_is_refused() {
    let poisoned = certificate("sigstore-java/cert-ct-poisoned");
    let authority = chain("sigstore-java/ca-cert");
    assert_eq!(
        verify_path(
            &poisoned,
            &[],
            &authority,
            Purpose::CodeSigning,
            time("2015-01-01T00:00:00Z")
        )
        .unwrap_err(),
        PathError::UnknownCriticalExtension {
            subject: "L=Erw Wen,ST=Wales,O=Certificate Transparency,C=GB".into(),
            identifier: "1.3.6.1.4.1.11129.2.4.3".into()
        }
    );
}

#[test]
fn policies_may_be_critical_for_none_is_asked_for() {
    let world = World::new();
    let policies = extension("2.5.29.32", true, &sequence(&[]));
    assert_matches!(
        world.judge_intermediate(&world.intermediate.authority().with(policies)),
        Ok(_)
    );
    let constraints = extension("2.5.29.36", true, &sequence(&[]));
    assert_matches!(
        world.judge_intermediate(&world.intermediate.authority().with(constraints)),
        Err(PathError::UnknownCriticalExtension { .. })
    );
}

#[test]
fn a_leafs_key_must_be_able_to_verify() {
    let weak = certificate("sigstore-java/cert");
    let authority = chain("sigstore-java/ca-cert");
    assert_matches!(
        verify_path(
            &weak,
            &[],
            &authority,
            Purpose::CodeSigning,
            time("2015-01-01T00:00:00Z")
        ),
        Err(PathError::Key {
            source: PublicKeyError::Unsupported(_),
            ..
        })
    );
}

#[test]
fn an_issuers_key_must_be_able_to_verify() {
    let world = World::new();
    let weak = Draft {
        key_info: weak_key(),
        ..world.intermediate.authority()
    };
    assert_matches!(
        world.judge_intermediate(&weak),
        Err(PathError::Key { subject, .. }) if subject.as_str() == "CN=intermediate"
    );
}

/// An RSA key of 1024 bits.
fn weak_key() -> Vec<u8> {
    let ca = certificate("sigstore-java/ca-cert");
    let der = ca.as_der();
    let begin = der
        .windows(4)
        .position(|window| window == [0x30, 0x81, 0x9f, 0x30])
        .unwrap();
    der[begin..begin + 0xa2].to_vec()
}

#[test]
fn without_an_authority_nothing_is_trusted() {
    let world = World::new();
    let leaf = world.root.sign(&world.signer.leaf());
    assert_eq!(
        verify_path(&leaf, &[], &[], Purpose::CodeSigning, noon()).unwrap_err(),
        PathError::NoAuthority
    );
}
