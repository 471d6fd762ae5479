//! How a path is found among several certificates.

use countersign_core::Certificate;
use countersign_core::certificate::path::{PathError, Purpose, VerifiedPath, verify_path};

use super::builder::{
    CODE_SIGNING, Draft, Party, alternative_names, basic_constraints, common_name, email, extended_key_usage, sequence,
};
use super::world::{World, noon};
use super::{certificate, chain, time};

fn judge(
    leaf: &Certificate,
    intermediates: &[Certificate],
    authority: &[Certificate],
) -> Result<VerifiedPath, PathError> {
    verify_path(leaf, intermediates, authority, Purpose::CodeSigning, noon())
}

#[test]
fn intermediates_may_come_with_the_leaf_and_so_may_the_root() {
    let world = World::new();
    let leaf = world.intermediate.sign(&world.signer.leaf());
    let intermediate = world.root.sign(&world.intermediate.authority());
    let root = world.root.sign(&world.root.authority());
    let expected = [leaf.clone(), intermediate.clone(), root.clone()];
    for intermediates in [
        vec![intermediate.clone()],
        vec![root.clone(), intermediate.clone()],
        vec![leaf.clone(), intermediate.clone(), root.clone()],
        vec![intermediate.clone(), intermediate],
    ] {
        let path = judge(&leaf, &intermediates, std::slice::from_ref(&root)).unwrap();
        assert_eq!(path.certificates(), expected);
    }
    assert_eq!(
        judge(&leaf, &[], &[root]).unwrap_err(),
        PathError::UnknownIssuer {
            subject: "CN=signer".into(),
            issuer: "CN=intermediate".into()
        }
    );
}

#[test]
fn a_root_that_comes_with_the_leaf_is_not_trusted() {
    let world = World::new();
    let foreign = Party::new("root");
    let leaf = world.intermediate.sign(&world.signer.leaf());
    let intermediates = [
        foreign.sign(&world.intermediate.authority()),
        foreign.sign(&foreign.authority()),
    ];
    let root = world.root.sign(&world.root.authority());
    let error = judge(&leaf, &intermediates, &[root]).unwrap_err();
    let mismatch = |subject: &str| PathError::SignatureMismatch {
        subject: subject.into(),
        issuer: "CN=root".into(),
    };
    assert_eq!(
        error,
        PathError::NoPath {
            refusals: vec![mismatch("CN=intermediate"), mismatch("CN=root")]
        }
    );
}

#[test]
fn a_certificate_that_issued_itself_and_is_not_trusted_is_refused() {
    let world = World::new();
    let itself = world.signer.sign(&world.signer.leaf());
    let root = world.root.sign(&world.root.authority());
    assert_eq!(
        judge(&itself, std::slice::from_ref(&itself), &[root]).unwrap_err(),
        PathError::UnknownIssuer {
            subject: "CN=signer".into(),
            issuer: "CN=signer".into()
        }
    );
}

#[test]
fn a_certificate_that_is_trusted_itself_is_a_path() {
    let own = Party::new("own");
    // what `openssl req -x509` makes
    let itself = own.sign(&own.draft().with(basic_constraints(true, None)));
    let path = judge(&itself, &[], std::slice::from_ref(&itself)).unwrap();
    assert_eq!(path.certificates(), std::slice::from_ref(&itself));
    assert_eq!(path.issuer(), Some(&itself));
    assert_eq!(path.anchor(), &itself);
}

#[test]
fn nobody_is_known_to_have_issued_a_trusted_certificate_that_names_another() {
    let leaf = Party::new("issuer").sign(&Party::new("signer").leaf());
    assert_eq!(judge(&leaf, &[], std::slice::from_ref(&leaf)).unwrap().issuer(), None);
}

#[test]
fn every_issuer_of_that_name_is_tried() {
    let world = World::new();
    let leaf = world.intermediate.sign(&world.signer.leaf());
    let expired = world.intermediate.authority().valid("200101000000Z", "210101000000Z");
    let impostor = Party::new("intermediate");
    let root = world.root.sign(&world.root.authority());
    let right = world.root.sign(&world.intermediate.authority());
    let wrong = [world.root.sign(&expired), world.root.sign(&impostor.authority())];
    let path = judge(
        &leaf,
        &[&wrong[..], std::slice::from_ref(&right)].concat(),
        std::slice::from_ref(&root),
    )
    .unwrap();
    assert_eq!(path.issuer(), Some(&right));
    let error = judge(&leaf, &wrong, &[root]).unwrap_err();
    let PathError::NoPath { refusals } = error else {
        panic!("{error:?}");
    };
    assert_matches!(
        &refusals[..],
        [
            PathError::IssuerOutsideValidity { .. },
            PathError::SignatureMismatch { .. }
        ]
    );
}

#[test]
fn a_way_that_leads_nowhere_is_left_for_another() {
    let world = World::new();
    let leaf = world.intermediate.sign(&world.signer.leaf());
    let lost = Party::new("lost");
    let cross = lost.sign(&world.intermediate.authority());
    let right = world.root.sign(&world.intermediate.authority());
    let root = world.root.sign(&world.root.authority());
    let path = judge(&leaf, &[cross, right.clone()], &[root]).unwrap();
    assert_eq!(path.issuer(), Some(&right));
}

#[test]
fn authorities_that_certify_each_other_are_no_endless_path() {
    let [one, two] = ["one", "two"].map(Party::new);
    let leaf = one.sign(&Party::new("signer").leaf());
    let circle = [two.sign(&one.authority()), one.sign(&two.authority())];
    let root = Party::new("root");
    assert_eq!(
        judge(&leaf, &circle, &[root.sign(&root.authority())]).unwrap_err(),
        PathError::UnknownIssuer {
            subject: "CN=two".into(),
            issuer: "CN=one".into()
        }
    );
}

/// Authorities, each certified by the one before, and a leaf of the last.
fn line(length: usize) -> (Certificate, Vec<Certificate>) {
    let parties: Vec<_> = (0..length).map(|place| Party::new(&place.to_string())).collect();
    let mut line = vec![parties[0].sign(&parties[0].authority())];
    for pair in parties.windows(2) {
        line.push(pair[0].sign(&pair[1].authority()));
    }
    line.reverse();
    (parties[length - 1].sign(&Party::new("signer").leaf()), line)
}

#[test]
fn a_path_may_have_many_certificates_and_not_endlessly_many() {
    let (leaf, authority) = line(15);
    assert_eq!(judge(&leaf, &[], &authority).unwrap().certificates().len(), 16);
    let (leaf, authority) = line(16);
    assert_eq!(
        judge(&leaf, &[], &authority).unwrap_err(),
        PathError::PathTooLong { limit: 16 }
    );
}

#[test]
fn only_so_many_certificates_may_come_with_a_leaf() {
    let world = World::new();
    let leaf = world.root.sign(&world.signer.leaf());
    let root = world.root.sign(&world.root.authority());
    assert_matches!(
        judge(&leaf, &vec![leaf.clone(); 16], std::slice::from_ref(&root)),
        Ok(_)
    );
    assert_eq!(
        judge(&leaf, &vec![leaf.clone(); 17], &[root]).unwrap_err(),
        PathError::TooManyIntermediates { limit: 16, found: 17 }
    );
}

#[test]
fn certificates_that_lead_everywhere_end_in_time() {
    // every authority is certified by every other: as many ways as orders of four
    let parties: Vec<_> = (0..4).map(|place| Party::new(&place.to_string())).collect();
    let mut web = Vec::new();
    for issuer in &parties {
        for subject in &parties {
            if issuer.name != subject.name {
                web.push(issuer.sign(&subject.authority()));
                web.push(issuer.sign(&Draft {
                    serial: vec![8],
                    ..subject.authority()
                }));
            }
        }
    }
    let leaf = parties[0].sign(&Party::new("signer").leaf());
    let root = Party::new("root");
    web.push(root.sign(&root.authority()));
    assert_eq!(judge(&leaf, &[], &web).unwrap_err(), PathError::TooMuchWork);
}

#[test]
fn the_published_authorities_issued_what_they_issued() {
    for (leaf, authority, at) in [
        ("production/email", "production/authority-2", "2025-02-28T19:20:00Z"),
        ("production/workflow", "production/authority-2", "2024-12-04T23:20:00Z"),
        ("staging/old-issuer", "staging/authority-1", "2023-01-30T22:45:00Z"),
        (
            "production/service-p521",
            "production/authority-2",
            "2026-05-26T14:23:00Z",
        ),
        (
            "production/service-rsa4096",
            "production/authority-2",
            "2026-05-26T14:23:00Z",
        ),
        ("staging/token-subject", "staging/authority-2", "2026-07-08T05:26:00Z"),
        ("github/workflow", "github/authority-6", "2026-07-24T15:31:00Z"),
        ("github/release", "github/authority-4", "2025-11-14T00:00:00Z"),
        ("stack/leaf", "stack/authority-1", "2026-11-22T18:30:00Z"),
        ("own/byo", "own/byo-ca", "2026-11-26T00:00:00Z"),
    ] {
        let issued = chain(leaf).remove(0);
        let result = verify_path(&issued, &[], &chain(authority), Purpose::CodeSigning, time(at));
        assert!(result.is_ok(), "{leaf}: {}", result.unwrap_err());
    }
}

#[test]
fn a_leaf_and_its_authority_of_one_file_are_a_path() {
    let file = chain("sigstore-java/fulcio-certWithSct");
    let (leaf, authority) = file.split_first().unwrap();
    let at = time("2022-06-01T21:20:00Z");
    let path = verify_path(leaf, &[], authority, Purpose::CodeSigning, at).unwrap();
    assert_eq!(path.certificates(), file);
}

#[test]
fn another_instance_did_not_issue_it() {
    // staging's authority bears the same name as that of production
    assert_matches!(
        verify_path(
            &certificate("production/email"),
            &[],
            &chain("staging/authority-1"),
            Purpose::CodeSigning,
            time("2025-02-28T19:20:00Z")
        ),
        Err(PathError::SignatureMismatch { .. })
    );
}

#[test]
fn the_samples_of_sigstore_python_are_judged_by_what_they_are_for() {
    let judge = |name: &str| {
        let leaf = certificate(&format!("sigstore-python/{name}"));
        judge(&leaf, &[], std::slice::from_ref(&leaf))
    };
    assert_matches!(judge("bogus-leaf"), Ok(_));
    assert_matches!(judge("bogus-leaf-missing-eku"), Ok(_));
    assert_eq!(judge("bogus-leaf-invalid-ku").unwrap_err(), PathError::LeafDoesNotSign);
    assert_eq!(
        judge("bogus-leaf-invalid-eku").unwrap_err(),
        PathError::LeafPurpose {
            expected: Purpose::CodeSigning
        }
    );
}

/// All have one name, and the intermediates the key of the leaf, so that none of them is another.
#[test]
fn the_authorities_of_sigstore_python_are_judged_by_what_they_are_for() {
    let leaf = certificate("sigstore-python/bogus-leaf");
    let judge = |name: &str| judge(&leaf, &[], &[certificate(&format!("sigstore-python/{name}"))]);
    for name in ["bogus-root", "bogus-root-missing-ku", "bogus-root-noncritical-bc"] {
        assert_matches!(judge(name), Ok(_));
    }
    assert_matches!(
        judge("bogus-root-invalid-ku"),
        Err(PathError::IssuerDoesNotSignCertificates { .. })
    );
    for name in ["bogus-intermediate", "bogus-intermediate-with-eku"] {
        assert_matches!(judge(name), Err(PathError::UnknownIssuer { .. }));
    }
}

#[test]
fn an_authority_of_its_own_needs_no_purposes() {
    let own = Party::new("own authority");
    let root = own.sign(&own.authority());
    let signer = Party::new("signer");
    for leaf in [
        signer.draft(),
        signer.draft().with(basic_constraints(false, None)),
        signer.draft().with(extended_key_usage(true, &[CODE_SIGNING])),
    ] {
        assert_matches!(judge(&own.sign(&leaf), &[], std::slice::from_ref(&root)), Ok(_));
    }
}

#[test]
fn a_certificate_that_is_there_many_times_is_tried_once() {
    let world = World::new();
    let leaf = world.intermediate.sign(&world.signer.leaf());
    let impostor = || world.root.sign(&Party::new("intermediate").authority());
    let below_the_root = |issuing: Vec<Certificate>| {
        let root = world.root.sign(&world.root.authority());
        judge(&leaf, &[], &[issuing, vec![root]].concat()).unwrap_err()
    };
    let expected = PathError::SignatureMismatch {
        subject: "CN=signer".into(),
        issuer: "CN=intermediate".into(),
    };
    assert_eq!(below_the_root(vec![impostor(); 200]), expected);
    // nor is one reason told twice
    assert_eq!(below_the_root(vec![impostor(), impostor()]), expected);
}

#[test]
fn no_more_reasons_are_told_than_the_limit() {
    let world = World::new();
    let leaf = world.intermediate.sign(&world.signer.leaf());
    let expired = |year: usize| {
        let draft = world.intermediate.authority();
        let draft = draft.valid("000101000000Z", &format!("{year:02}0101000000Z"));
        world.root.sign(&draft)
    };
    let mut authority: Vec<Certificate> = (1..=20).map(expired).collect();
    authority.push(world.root.sign(&world.root.authority()));
    let error = judge(&leaf, &[], &authority).unwrap_err();
    assert_matches!(error, PathError::NoPath { refusals } if refusals.len() == 16);
}

#[test]
fn a_certificate_is_called_by_its_subject_and_else_by_its_first_other_name() {
    let world = World::new();
    let root = world.root.sign(&world.root.authority());
    let shown = |subject: Vec<u8>| {
        let names = alternative_names(&[email("a@example.com"), email("b@example.com")]);
        let draft = Draft {
            subject,
            ..world.signer.leaf().with(names)
        };
        match judge(&world.intermediate.sign(&draft), &[], std::slice::from_ref(&root)) {
            Err(PathError::UnknownIssuer { subject, .. }) => subject.as_str().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(shown(common_name("signer")), "CN=signer");
    assert_eq!(shown(sequence(&[])), "a@example.com");
}
