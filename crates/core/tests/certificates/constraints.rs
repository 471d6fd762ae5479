//! Which names an authority may certify.

use countersign_core::certificate::NameRefusal;
use countersign_core::certificate::path::{PathError, Purpose, verify_path};

use super::builder::{
    Draft, FULCIO_USER, Party, alternative_names, common_name, directory, dns, email, ip, name, name_constraints,
    other_name, tlv, uri,
};
use super::world::{World, noon};

/// Why a leaf with `subject` and these alternative names is refused below an authority that is so constrained.
fn refusal_of(subject: Vec<u8>, names: &[Vec<u8>], permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Option<NameRefusal> {
    let world = World::new();
    let mut leaf = Draft {
        subject,
        ..world.signer.leaf()
    };
    if !names.is_empty() {
        leaf = leaf.with(alternative_names(names));
    }
    let constrained = world
        .intermediate
        .authority()
        .with(name_constraints(permitted, excluded));
    let result = world.judge(&leaf, &constrained, &world.root.authority(), Purpose::CodeSigning);
    match result {
        Ok(_) => None,
        Err(PathError::Name { reason, issuer, .. }) => {
            assert_eq!(issuer.as_str(), "CN=intermediate");
            Some(reason)
        }
        Err(error) => panic!("{error:?}"),
    }
}

fn refusal(names: &[Vec<u8>], permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Option<NameRefusal> {
    refusal_of(tlv(0x30, &[]), names, permitted, excluded)
}

/// Checks which names are within a base: those are permitted by it and excluded by it, the others neither.
fn check(base: &Vec<u8>, within: &[Vec<u8>], without: &[Vec<u8>]) {
    let base = std::slice::from_ref(base);
    for name in within {
        let name = std::slice::from_ref(name);
        assert_eq!(refusal(name, base, &[]), None, "{name:?}");
        assert_eq!(refusal(name, &[], base), Some(NameRefusal::Excluded), "{name:?}");
    }
    for name in without {
        let name = std::slice::from_ref(name);
        assert_eq!(refusal(name, base, &[]), Some(NameRefusal::NotPermitted), "{name:?}");
        assert_eq!(refusal(name, &[], base), None, "{name:?}");
    }
}

#[test]
fn a_mailbox_is_within_itself_its_host_or_a_point_before_a_parent_of_its_host() {
    let [box_, host, parent, any] = ["ci@example.com", "example.com", ".example.com", ""].map(email);
    let mine = email("ci@Example.com");
    let other = email("release@example.com");
    let below = email("ci@build.example.com");
    let foreign = email("ci@notexample.com");
    check(
        &box_,
        std::slice::from_ref(&mine),
        &[email("CI@example.com"), other.clone(), below.clone()],
    );
    check(&host, &[mine.clone(), other.clone()], &[below.clone(), foreign.clone()]);
    check(
        &parent,
        std::slice::from_ref(&below),
        &[mine.clone(), foreign.clone(), email("ci@.example.com")],
    );
    check(&any, &[mine, other, below, foreign], &[]);
}

#[test]
fn a_host_is_within_itself_and_its_parents() {
    let [host, pointed, any] = ["example.com", ".example.com", ""].map(dns);
    let names = ["example.com", "a.EXAMPLE.com", "b.a.example.com"].map(dns);
    let foreign = ["notexample.com", "com", "example.com.evil.org"].map(dns);
    check(&host, &names, &foreign);
    check(&pointed, &names[1..], &foreign);
    check(&any, &names, &[]);
}

#[test]
fn a_uri_is_within_its_host_or_a_point_before_a_parent_of_it() {
    let mine = [
        "https://example.com/a",
        "https://Example.com",
        "spiffe://user:pass@example.com:8443?x#y",
    ]
    .map(uri);
    let below = uri("https://a.example.com/");
    let foreign = uri("https://evil.org/?https://example.com");
    check(&uri("example.com"), &mine, &[below.clone(), foreign.clone()]);
    check(&uri(".example.com"), &[below], &[mine[0].clone(), foreign]);
}

#[test]
fn a_uri_whose_host_is_no_name_cannot_be_compared() {
    for text in [
        "urn:example",
        "https:///path",
        "https://192.0.2.1/",
        "https://[2001:db8::1]/",
        "https://a:b:c/",
        "https://example.com:8a/",
    ] {
        for (permitted, excluded) in [(&[uri("example.com")][..], &[][..]), (&[], &[uri("example.com")])] {
            assert_eq!(
                refusal(&[uri(text)], permitted, excluded),
                Some(NameRefusal::NotUnderstood),
                "{text}"
            );
        }
    }
}

#[test]
fn an_address_is_within_its_network() {
    check(
        &ip(&[192, 0, 2, 0, 255, 255, 255, 0]),
        &[ip(&[192, 0, 2, 1]), ip(&[192, 0, 2, 255])],
        &[ip(&[192, 0, 3, 1]), ip(&[[192, 0, 2, 1]; 4].concat())],
    );
    let network = [[0x20; 16], [0xff; 16]].concat();
    check(&ip(&network), &[ip(&[0x20; 16])], &[ip(&[0x21; 16]), ip(&[0x20; 4])]);
}

fn organisation(text: &str) -> (&'static str, Vec<u8>) {
    ("2.5.4.10", tlv(0x0c, text.as_bytes()))
}

#[test]
fn a_name_of_a_directory_is_within_the_names_that_it_begins_with() {
    let unit = ("2.5.4.11", tlv(0x0c, b"builds"));
    let base = directory(&name(&[organisation("us")]));
    let mine = [directory(&name(&[organisation("us"), unit.clone()])), base.clone()];
    let foreign = [
        directory(&name(&[unit, organisation("us")])),
        directory(&name(&[organisation("them")])),
        directory(&name(&[])),
    ];
    check(&base, &mine, &foreign);
}

#[test]
fn the_subject_is_a_name_of_a_directory_too() {
    let base = [directory(&name(&[organisation("us")]))];
    let foreign = common_name("signer");
    assert_eq!(
        refusal_of(foreign.clone(), &[], &base, &[]),
        Some(NameRefusal::NotPermitted)
    );
    assert_eq!(refusal_of(foreign, &[], &[], &base), None);
    let mine = name(&[organisation("us")]);
    assert_eq!(refusal_of(mine.clone(), &[], &base, &[]), None);
    assert_eq!(refusal_of(mine, &[], &[], &base), Some(NameRefusal::Excluded));
}

#[test]
fn a_mailbox_in_the_subject_counts_in_want_of_a_proper_one() {
    let subject = |mailbox: &str| name(&[("1.2.840.113549.1.9.1", tlv(0x16, mailbox.as_bytes()))]);
    let base = [email("example.com")];
    assert_eq!(refusal_of(subject("ci@example.com"), &[], &base, &[]), None);
    let foreign = subject("ci@evil.org");
    assert_eq!(
        refusal_of(foreign.clone(), &[], &base, &[]),
        Some(NameRefusal::NotPermitted)
    );
    assert_eq!(refusal_of(foreign, &[email("ci@example.com")], &base, &[]), None);
}

#[test]
fn each_name_must_be_permitted_and_none_excluded() {
    let permitted = [email("example.com"), email("example.org")];
    let excluded = [email("root@example.com")];
    let judge = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| email(name)).collect();
        refusal(&names, &permitted, &excluded)
    };
    assert_eq!(judge(&["ci@example.com", "ci@example.org"]), None);
    assert_eq!(
        judge(&["ci@example.com", "ci@evil.org"]),
        Some(NameRefusal::NotPermitted)
    );
    assert_eq!(
        judge(&["ci@example.org", "root@example.com"]),
        Some(NameRefusal::Excluded)
    );
}

#[test]
fn names_of_other_forms_than_are_constrained_are_free() {
    assert_eq!(refusal(&[uri("https://evil.org/")], &[email("example.com")], &[]), None);
    assert_eq!(
        refusal(&[other_name(FULCIO_USER, "me")], &[email("example.com")], &[]),
        None
    );
}

#[test]
fn constraints_of_a_form_that_is_not_understood_refuse_names_of_that_form() {
    let base = other_name(FULCIO_USER, "us");
    for (permitted, excluded) in [
        (std::slice::from_ref(&base), &[][..]),
        (&[], std::slice::from_ref(&base)),
    ] {
        for oid in [FULCIO_USER, "1.2.3"] {
            assert_eq!(
                refusal(&[other_name(oid, "me")], permitted, excluded),
                Some(NameRefusal::NotUnderstood)
            );
        }
        assert_eq!(refusal(&[email("ci@example.com")], permitted, excluded), None);
    }
    // a name whose form nobody reads, constrained among others and not constrained
    let registered = tlv(0x88, &[0x2a, 3]);
    let both = [email("example.com"), registered.clone()];
    assert_eq!(
        refusal(std::slice::from_ref(&registered), &both, &[]),
        Some(NameRefusal::NotUnderstood)
    );
    assert_eq!(refusal(&[registered], &both[..1], &[]), None);
}

#[test]
fn a_mailbox_without_a_host_cannot_be_compared() {
    assert_eq!(
        refusal(&[email("ci")], &[email("example.com")], &[]),
        Some(NameRefusal::NotUnderstood)
    );
}

#[test]
fn the_constraints_of_every_authority_hold_for_all_that_are_below() {
    let world = World::new();
    let leaf = world.signer.leaf().with(alternative_names(&[email("ci@evil.org")]));
    let root = world
        .root
        .authority()
        .with(name_constraints(&[email("example.com")], &[]));
    let error = world
        .judge(&leaf, &world.intermediate.authority(), &root, Purpose::CodeSigning)
        .unwrap_err();
    assert_eq!(
        error,
        PathError::Name {
            name: "ci@evil.org".into(),
            reason: NameRefusal::NotPermitted,
            issuer: "CN=root".into()
        }
    );
    let foreign = world
        .intermediate
        .authority()
        .with(alternative_names(&[email("ca@evil.org")]));
    assert_matches!(
        world.judge(&world.signer.leaf(), &foreign, &root, Purpose::CodeSigning),
        Err(PathError::Name { name, .. }) if name.as_str() == "ca@evil.org"
    );
}

#[test]
fn an_authority_may_renew_itself_under_any_constraint() {
    let root = Party::new("root");
    let renewed = Party {
        name: root.name.clone(),
        ..Party::new("renewed")
    };
    let constraints = name_constraints(&[email("example.com")], &[]);
    let named = alternative_names(&[email("ca@evil.org")]);
    let authority = [
        root.sign(&renewed.authority().with(named.clone())),
        root.sign(&root.authority().with(constraints.clone())),
    ];
    let signer = Party::new("signer");
    let leaf = renewed.sign(&signer.leaf().with(alternative_names(&[email("ci@example.com")])));
    assert_matches!(verify_path(&leaf, &[], &authority, Purpose::CodeSigning, noon()), Ok(_));
    // but a leaf is a leaf, whatever its name
    let leaf = root.sign(&renewed.leaf().with(named));
    assert_matches!(
        verify_path(&leaf, &[], &authority[1..], Purpose::CodeSigning, noon()),
        Err(PathError::Name { .. })
    );
}

#[test]
fn many_names_under_many_constraints_end_in_time() {
    let many: Vec<_> = (0..256)
        .map(|number| email(&format!("ci@{number}.example.com")))
        .collect();
    let world = World::new();
    let leaf = world.signer.leaf().with(alternative_names(&many));
    let parties: Vec<_> = (0..3).map(|number| Party::new(&number.to_string())).collect();
    let constrained = |party: &Party| party.authority().with(name_constraints(&many, &[]));
    let authority = [
        parties[1].sign(&constrained(&parties[0])),
        parties[2].sign(&constrained(&parties[1])),
        parties[2].sign(&constrained(&parties[2])),
    ];
    assert_eq!(
        verify_path(&parties[0].sign(&leaf), &[], &authority, Purpose::CodeSigning, noon()).unwrap_err(),
        PathError::TooMuchWork
    );
    assert_matches!(
        verify_path(
            &parties[0].sign(&leaf),
            &[],
            &authority[..1],
            Purpose::CodeSigning,
            noon()
        ),
        Ok(_)
    );
}
