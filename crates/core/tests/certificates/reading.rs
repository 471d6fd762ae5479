//! What is read of a certificate, and what is refused.

use countersign_core::Certificate;
use countersign_core::certificate::{CertificateError, FulcioExtension, LIMIT, Name};
use countersign_core::key::{Curve, PublicKeyAlgorithm, PublicKeyError, UnsupportedKey};
use countersign_core::trust::Validity;

use super::builder::{
    Draft, FULCIO_USER, Party, alternative_names, common_name, directory, dns, email, extension, generalized_time, ip,
    name, other_name, tlv, uri, utc_time,
};
use super::world::World;
use super::{certificate, chain, data, time};

#[test]
fn a_certificate_of_fulcio_tells_whom_it_is_for_and_who_vouches() {
    let leaf = certificate("production/email");
    assert!(leaf.subject().is_empty());
    assert_eq!(leaf.subject().to_string(), "(empty name)");
    assert_eq!(leaf.issuer().to_string(), "CN=sigstore-intermediate,O=sigstore.dev");
    let (start, end) = (time("2025-02-28T19:18:11Z"), time("2025-02-28T19:28:11Z"));
    assert_eq!(leaf.validity(), Validity::new(Some(start), Some(end)));
    assert_eq!(leaf.names(), [Name::Email("cody@soyland.com".to_owned())]);
    assert_eq!(
        leaf.public_key().unwrap().algorithm(),
        PublicKeyAlgorithm::Ecdsa(Curve::P256)
    );
    let said: Vec<_> = leaf.extensions().iter().collect();
    assert_eq!(
        said,
        [
            (FulcioExtension::DeprecatedIssuer, "https://github.com/login/oauth"),
            (FulcioExtension::Issuer, "https://github.com/login/oauth"),
        ]
    );
}

#[test]
fn a_certificate_of_a_workflow_tells_from_where_it_signed() {
    let leaf = certificate("staging/token-subject");
    let repository = "https://github.com/sigstore/root-signing-staging";
    let workflow = format!("{repository}/.github/workflows/custom-test.yml@refs/heads/main");
    assert_eq!(leaf.names(), [Name::Uri(workflow.clone())]);
    let said = leaf.extensions();
    assert_eq!(said.issuer(), Some("https://token.actions.githubusercontent.com"));
    for (extension, value) in [
        (FulcioExtension::BuildSignerUri, workflow.as_str()),
        (
            FulcioExtension::GithubWorkflowRepository,
            "sigstore/root-signing-staging",
        ),
        (FulcioExtension::GithubWorkflowRef, "refs/heads/main"),
        (FulcioExtension::RunnerEnvironment, "github-hosted"),
        (FulcioExtension::SourceRepositoryUri, repository),
        (FulcioExtension::SourceRepositoryVisibilityAtSigning, "public"),
        (
            FulcioExtension::TokenSubject,
            "repo:sigstore/root-signing-staging:ref:refs/heads/main",
        ),
    ] {
        assert_eq!(said.value(extension), Some(value), "{extension}");
    }
    assert_eq!(said.value(FulcioExtension::DeploymentEnvironment), None);
    assert_eq!(said.iter().count(), 22);
}

#[test]
fn the_newer_extension_for_the_issuer_is_believed_before_the_older() {
    let signer = Party::new("signer");
    let old = extension("1.3.6.1.4.1.57264.1.1", false, b"old");
    let new = extension("1.3.6.1.4.1.57264.1.8", false, &tlv(0x0c, b"new"));
    let issuer = |draft: Draft| signer.sign(&draft).extensions().issuer().map(str::to_owned);
    assert_eq!(issuer(signer.draft()), None);
    assert_eq!(issuer(signer.draft().with(old.clone())).as_deref(), Some("old"));
    assert_eq!(issuer(signer.draft().with(old).with(new)).as_deref(), Some("new"));
}

#[test]
fn each_extension_of_fulcio_is_read_by_its_number() {
    let signer = Party::new("signer");
    let mut draft = signer.draft();
    for kind in FulcioExtension::ALL {
        let value = kind.name().as_bytes();
        let written = if kind.number() < 8 {
            value.to_vec()
        } else {
            tlv(0x0c, value)
        };
        draft = draft.with(extension(
            &format!("1.3.6.1.4.1.57264.1.{}", kind.number()),
            false,
            &written,
        ));
    }
    // a number that is not known, and a longer identifier
    for oid in [
        "1.3.6.1.4.1.57264.1.99",
        "1.3.6.1.4.1.57264.1.8.1",
        "1.3.6.1.4.1.57264.1",
    ] {
        draft = draft.with(extension(oid, false, b"\x0c\x01x"));
    }
    let certificate = signer.sign(&draft);
    let said: Vec<_> = certificate.extensions().iter().collect();
    assert_eq!(said, FulcioExtension::ALL.map(|kind| (kind, kind.name())));
}

#[test]
fn every_form_of_a_name_is_read() {
    let signer = Party::new("signer");
    let own = name(&[("2.5.4.10", tlv(0x13, b"us"))]);
    let names = [
        email("ci@example.com"),
        dns("example.com"),
        uri("https://example.com"),
        ip(&[192, 0, 2, 1]),
        ip(&[[0; 15].as_slice(), &[1]].concat()),
        directory(&own),
        other_name(FULCIO_USER, "Jürgen"),
        // of unknown forms: another otherName, x400Address, ediPartyName, registeredID
        other_name("1.2.3", "x"),
        tlv(0xa3, &[]),
        tlv(0xa5, &[]),
        tlv(0x88, &[42]),
    ];
    let certificate = signer.sign(&signer.draft().with(alternative_names(&names)));
    let found: Vec<_> = certificate.names().iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "ci@example.com",
            "example.com",
            "https://example.com",
            "192.0.2.1",
            "::1",
            "O=us",
            "Jürgen"
        ]
    );
    assert_matches!(&certificate.names()[6], Name::OtherName(_));
}

#[test]
fn a_key_that_is_not_known_here_is_no_fault_of_the_certificate() {
    assert_matches!(
        certificate("sigstore-java/cert").public_key(),
        Err(PublicKeyError::Unsupported(UnsupportedKey::RsaSize { found: 1024, .. }))
    );
}

#[test]
fn names_are_shown_without_what_could_steer_a_terminal() {
    let signer = Party::new("signer");
    let subject = name(&[
        ("2.5.4.6", tlv(0x13, b"DE")),
        ("2.5.4.3", tlv(0x0c, b"a,b\x1b[2J")),
        ("1.2.3", tlv(0x1e, &[0, 65])),
        ("2.5.4.11", tlv(0x0c, &[0xff])),
    ]);
    let certificate = signer.sign(&Draft {
        subject,
        ..signer.draft()
    });
    assert_eq!(
        certificate.subject().to_string(),
        "OU=#0c01ff,1.2.3=#1e020041,CN=a\\,b\\u{1b}[2J,C=DE"
    );
}

#[test]
fn serial_numbers_are_read_without_leading_zeros() {
    let signer = Party::new("signer");
    for (written, expected) in [(vec![7], vec![7]), (vec![0, 0x80], vec![0x80]), (vec![0], vec![0])] {
        let draft = Draft {
            serial: written,
            ..signer.draft()
        };
        assert_eq!(signer.sign(&draft).serial(), expected);
    }
}

#[test]
fn times_are_read_in_both_their_forms() {
    let signer = Party::new("signer");
    let validity = |start, end| {
        signer
            .sign(&Draft {
                start,
                end,
                ..signer.draft()
            })
            .validity()
    };
    assert_eq!(
        validity(utc_time("500101000000Z"), utc_time("491231235959Z")),
        Validity::new(Some(time("1950-01-01T00:00:00Z")), Some(time("2049-12-31T23:59:59Z")))
    );
    assert_eq!(
        validity(generalized_time("20500101000000Z"), generalized_time("99991231235959Z")),
        Validity::new(Some(time("2050-01-01T00:00:00Z")), None)
    );
}

#[test]
fn text_is_written_and_read_back() {
    for file in ["production/email", "own/byo", "github/release"] {
        let certificate = certificate(file);
        assert_eq!(
            Certificate::from_pem(certificate.to_pem().as_bytes()).as_ref(),
            Ok(&certificate)
        );
    }
    assert_eq!(certificate("own/byo").to_pem().as_bytes(), data("own/byo.pem"));
}

#[test]
fn text_holds_certificates_and_comments_before_them() {
    let file = data("production/authority-2.pem");
    let chain = chain("production/authority-2");
    assert_eq!(chain.len(), 2);
    let commented = [b"issuing:\n", &file[..], b"\r\n \n"].concat();
    assert_eq!(Certificate::chain_from_pem(&commented, 2).as_ref(), Ok(&chain));
    let read = |text: &[u8]| Certificate::chain_from_pem(text, 2).unwrap_err();
    assert_eq!(
        Certificate::from_pem(&file).unwrap_err(),
        CertificateError::TooMany { limit: 1 }
    );
    assert_eq!(read(b"no certificate"), CertificateError::NotPem);
    assert_eq!(read(&[&file[..], b"text"].concat()), CertificateError::TextAfterPem);
    assert_eq!(read(&file[..file.len() - 8]), CertificateError::Unterminated);
    assert_eq!(
        read(b"-----BEGIN CERTIFICATE-----\nAAAA\n"),
        CertificateError::Unterminated
    );
    assert_matches!(
        read(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"),
        CertificateError::NotBase64 { .. }
    );
    assert_eq!(
        read(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        CertificateError::OtherBlock {
            found: "-----BEGIN PRIVATE KEY-----".into()
        }
    );
    let limit = 6 * LIMIT;
    assert_eq!(
        read(&vec![b'\n'; limit + 1]),
        CertificateError::TooLong {
            limit,
            found: limit + 1
        }
    );
}

#[test]
fn a_certificate_is_signed_by_who_bears_the_name_and_has_the_key() {
    let world = World::new();
    let root = world.root.sign(&world.root.authority());
    let leaf = world.root.sign(&world.signer.leaf());
    assert!(leaf.is_signed_by(&root) && root.is_signed_by(&root));
    let impostor = Party::new("root");
    assert!(!leaf.is_signed_by(&impostor.sign(&impostor.authority())), "another key");
    let renamed = Draft {
        subject: common_name("renamed"),
        ..world.root.authority()
    };
    assert!(!leaf.is_signed_by(&world.root.sign(&renamed)), "another name");
}
