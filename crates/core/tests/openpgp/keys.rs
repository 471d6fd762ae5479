//! What a key's owner must have said of it.

use countersign_core::openpgp::{KeyProblem, Keyring, Refusal, read};

use crate::writer::{Key, MADE, SIGNED, created, flags, packet, sub};
use crate::{now, problem, refusal, verified};

#[test]
fn key_with_a_self_signature_counts() {
    let key = Key::new();
    let signed = verified(&key.message(), &key.keyring()).unwrap();
    assert_eq!((signed.text(), signed.names()), ("a", &["a".to_owned()][..]));
    // a signature on the key itself is one too
    let direct = key.sign(0x1f, &key.signed(), &created(MADE));
    let keyring = [packet(6, &key.body), packet(2, &direct)].concat();
    assert_eq!(verified(&key.message(), &keyring).unwrap().names(), &[] as &[String]);
}

#[test]
fn key_without_a_self_signature_does_not_count() {
    let (key, other) = (Key::new(), Key::new());
    let named = [packet(6, &key.body), packet(13, b"a")].concat();
    assert_eq!(problem(&key.message(), &named), KeyProblem::NoSelfSignature);
    for signature in [
        other.sign(0x13, &key.named("a"), &created(MADE)),
        // by another, who says it is this key
        other.sign_with(0x13, &key.named("a"), &created(MADE), &key.issuer()),
        key.sign(0x13, &key.named("b"), &created(MADE)),
        key.sign(0x18, &key.named("a"), &created(MADE)),
        key.certify("a", &[]),
        key.certify("a", &created(SIGNED + 86_401)),
        key.certify("a", &[created(MADE), sub(3, &86_400_u32.to_be_bytes())].concat()),
        key.certify("a", &[created(MADE), sub(0x80 | 20, b"x")].concat()),
        key.certify("a", &[created(MADE), created(MADE)].concat()),
    ] {
        let keyring = [named.clone(), packet(2, &signature)].concat();
        assert_eq!(problem(&key.message(), &keyring), KeyProblem::NoSelfSignature);
    }
}

#[test]
fn latest_self_signature_says_when_the_key_expires() {
    let key = Key::new();
    let lifetime = |seconds: u32| sub(9, &seconds.to_be_bytes());
    let short = [created(MADE), lifetime(86_400 * 2)].concat();
    let long = [created(MADE + 1), lifetime(86_400 * 3)].concat();
    let both = |first: &[u8], second: &[u8]| {
        let signatures = [key.certify("a", first), key.certify("a", second)];
        let signatures = signatures.map(|signature| packet(2, &signature)).concat();
        [packet(6, &key.body), packet(13, b"a"), signatures].concat()
    };
    verified(&key.message(), &both(&short, &long)).unwrap();
    verified(&key.message(), &both(&long, &short)).unwrap();
    let later = [created(MADE + 2), lifetime(86_400)].concat();
    let at = "2026-01-02T00:00:00Z".parse().unwrap();
    assert_eq!(
        problem(&key.message(), &both(&later, &long)),
        KeyProblem::Expired { at }
    );
}

#[test]
fn key_that_is_not_for_signing_does_not_count() {
    let key = Key::new();
    let certifies = [created(MADE), flags(1)].concat();
    assert_eq!(
        problem(&key.message(), &key.keyring_saying(&certifies)),
        KeyProblem::NotForSigning
    );
    // what is said of a name is not undone by what is said of the key and does not speak of it
    let direct = key.sign(0x1f, &key.signed(), &created(MADE + 1));
    let named = [packet(13, b"a"), packet(2, &key.certify("a", &certifies))].concat();
    let keyring = [packet(6, &key.body), packet(2, &direct), named].concat();
    assert_eq!(problem(&key.message(), &keyring), KeyProblem::NotForSigning);
}

#[test]
fn key_that_is_younger_than_the_signature_does_not_count() {
    let key = Key::new();
    let message = key.message_saying(1, &created(MADE - 1));
    let created = "2026-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(problem(&message, &key.keyring()), KeyProblem::Younger { created });
}

#[test]
fn revoked_key_does_not_count_whoever_may_have_revoked_it() {
    let (key, other) = (Key::new(), Key::new());
    let with = |revocation: &[u8]| {
        let named = &key.keyring()[packet(6, &key.body).len()..];
        [&packet(6, &key.body), revocation, named].concat()
    };
    let revoked = |revocation: Vec<u8>| problem(&key.message(), &with(&packet(2, &revocation)));
    assert_eq!(
        revoked(key.sign(0x20, &key.signed(), &created(SIGNED))),
        KeyProblem::Revoked
    );
    // these cannot be checked: by another, of version 3, over SHA-1
    assert_eq!(
        revoked(other.sign(0x20, &key.signed(), &created(SIGNED))),
        KeyProblem::Revoked
    );
    assert_eq!(revoked(vec![3, 5, 0x20, 0, 0, 0, 0]), KeyProblem::Revoked);
    let mut old = key.sign(0x20, &key.signed(), &created(SIGNED));
    old[3] = 2;
    assert_eq!(revoked(old), KeyProblem::Revoked);
    // and this one is not this key's
    let forged = other.sign_with(0x20, &key.signed(), &created(SIGNED), &key.issuer());
    verified(&key.message(), &with(&packet(2, &forged))).unwrap();
}

#[test]
fn revoked_name_is_none() {
    let key = Key::new();
    let revocation = key.sign(0x30, &key.named("a"), &created(SIGNED));
    let keyring = [key.keyring(), packet(2, &revocation)].concat();
    assert_eq!(problem(&key.message(), &keyring), KeyProblem::NoSelfSignature);
    let more = [packet(13, b"b"), packet(2, &key.certify("b", &created(MADE)))].concat();
    let signed = verified(&key.message(), &[keyring, more].concat()).unwrap();
    assert_eq!(signed.names(), ["b"]);
}

#[test]
fn subkey_counts_where_both_keys_say_so() {
    let (key, subkey, other) = (Key::new(), Key::new(), Key::new());
    let own = |signer: &Key, kind: u8, parts: &[u8]| sub(32, &signer.sign(kind, parts, &created(MADE)));
    let good = |parts: &[u8]| [created(MADE), flags(2), own(&subkey, 0x19, parts)].concat();
    let signed = verified(&subkey.message(), &key.keyring_with(&subkey, good)).unwrap();
    assert_eq!(signed.names(), ["a"]);

    let bad = |saying: &dyn Fn(&[u8]) -> Vec<u8>| problem(&subkey.message(), &key.keyring_with(&subkey, saying));
    assert_eq!(bad(&|_| [created(MADE), flags(2)].concat()), KeyProblem::NotBoundBack);
    assert_eq!(
        bad(&|parts| [created(MADE), flags(2), own(&other, 0x19, parts)].concat()),
        KeyProblem::NotBoundBack
    );
    assert_eq!(
        bad(&|parts| [created(MADE), flags(2), own(&subkey, 0x18, parts)].concat()),
        KeyProblem::NotBoundBack
    );
    assert_eq!(
        bad(&|parts| [created(MADE), own(&subkey, 0x19, parts)].concat()),
        KeyProblem::NotForSigning
    );
    assert_eq!(
        bad(&|parts| [created(MADE), flags(4), own(&subkey, 0x19, parts)].concat()),
        KeyProblem::NotForSigning
    );
    let at = "2026-01-02T00:00:00Z".parse().unwrap();
    let lifetime = sub(9, &86_400_u32.to_be_bytes());
    assert_eq!(
        bad(&|parts| [good(parts), lifetime.clone()].concat()),
        KeyProblem::Expired { at }
    );
}

#[test]
fn subkey_that_is_unbound_or_revoked_does_not_count() {
    let (key, subkey) = (Key::new(), Key::new());
    let unbound = [key.keyring(), packet(14, &subkey.body)].concat();
    assert_eq!(problem(&subkey.message(), &unbound), KeyProblem::NotBound);
    let good = |parts: &[u8]| {
        let back = sub(32, &subkey.sign(0x19, parts, &created(MADE)));
        [created(MADE), flags(2), back].concat()
    };
    let parts = [key.signed(), subkey.signed()].concat();
    let revocation = key.sign(0x28, &parts, &created(SIGNED));
    let revoked = [key.keyring_with(&subkey, good), packet(2, &revocation)].concat();
    assert_eq!(problem(&subkey.message(), &revoked), KeyProblem::Revoked);
    // and with its key
    let revocation = key.sign(0x20, &key.signed(), &created(SIGNED));
    let keyring = key.keyring_with(&subkey, good);
    let (first, rest) = keyring.split_at(packet(6, &key.body).len());
    let revoked = [first, &packet(2, &revocation), rest].concat();
    assert_eq!(problem(&subkey.message(), &revoked), KeyProblem::Revoked);
}

#[test]
fn key_of_the_same_name_is_not_the_key() {
    let (key, other) = (Key::new(), Key::new());
    let message = crate::writer::clear(
        "a",
        &packet(2, &other.sign_with(1, b"a", &created(SIGNED), &key.issuer())),
    );
    assert_eq!(refusal(&message, &key.keyring()), Refusal::Mismatch);
}

#[test]
fn keys_of_other_versions_and_what_is_beside_them_are_left_out() {
    let key = Key::new();
    let mut six = key.body.clone();
    six[0] = 6;
    let around = [
        packet(6, &six),
        packet(13, b"six"),
        packet(2, b"x"),
        key.keyring(),
        packet(17, b"picture"),
        packet(2, &key.certify("picture", &created(MADE))),
        packet(12, b"trust"),
        packet(60, b"private"),
    ];
    let signed = verified(&key.message(), &around.concat()).unwrap();
    assert_eq!(signed.names(), ["a"]);
    let keyring = Keyring::parse(&around.concat()).unwrap();
    read(&key.message(), &keyring, now()).unwrap();
}
