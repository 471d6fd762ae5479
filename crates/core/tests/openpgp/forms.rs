//! The form of a signed text and of its signature.

use countersign_core::openpgp::{ArmorError, PacketError, Refusal};

use crate::refusal;
use crate::writer::{Key, MADE, SIGNED, clear, created, packet, sub};

/// The message with something replaced, and why it is refused.
fn changed(from: &str, to: &str) -> Refusal {
    let key = Key::new();
    let message = String::from_utf8(key.message()).unwrap();
    assert!(message.contains(from), "{from}");
    refusal(message.replacen(from, to, 1).as_bytes(), &key.keyring())
}

#[test]
fn nothing_stands_before_or_after_a_signed_text() {
    let begin = "-----BEGIN PGP SIGNED MESSAGE-----\n";
    assert_eq!(changed(begin, &format!("x\n{begin}")), Refusal::NoMessage);
    assert_eq!(changed(begin, &format!("\n{begin}")), Refusal::NoMessage);
    let end = "-----END PGP SIGNATURE-----\n";
    assert_eq!(changed(end, &format!("{end}x\n")), Refusal::TrailingText);
    assert_eq!(changed(end, &format!("{end}{begin}")), Refusal::TrailingText);
}

#[test]
fn there_is_one_text() {
    let second = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\na\n-----BEGIN";
    assert_eq!(
        changed("-----BEGIN PGP SIGNATURE", &format!("{second} PGP SIGNATURE")),
        Refusal::Undashed { line: 5 }
    );
    assert_eq!(changed("\na\n", "\na\n-b\n"), Refusal::Undashed { line: 5 });
    assert_eq!(changed("\na\n", "\na\n- \n"), Refusal::Undashed { line: 5 });
    assert_eq!(changed("\na\n", "\na\rb\n"), Refusal::LineEnd { line: 4 });
}

#[test]
fn headers_are_hashes_that_are_true() {
    assert_eq!(changed("Hash: SHA512", "Comment: x"), Refusal::Header { line: 2 });
    assert_eq!(changed("Hash: SHA512", "a\nHash: SHA512"), Refusal::Header { line: 2 });
    let (found, named) = ("sha512", "SHA256".to_owned());
    assert_eq!(changed("SHA512", "SHA256"), Refusal::HashNotNamed { found, named });
}

#[test]
fn signature_is_there_and_whole() {
    assert_eq!(
        changed("-----BEGIN PGP SIGNATURE-----\n", ""),
        Refusal::Undashed { line: 7 }
    );
    assert_eq!(
        changed("-----END PGP SIGNATURE-----\n", ""),
        Refusal::Armor(ArmorError::NoEnd)
    );
    assert_eq!(
        changed("-----END PGP SIGNATURE-----\n", "=AAAA\n-----END PGP SIGNATURE-----\n"),
        Refusal::Armor(ArmorError::Checksum)
    );
    assert_eq!(
        changed("SIGNATURE-----\n\n", "SIGNATURE-----\nx\n\n"),
        Refusal::Armor(ArmorError::Header)
    );
    assert!(matches!(
        changed("SIGNATURE-----\n\n", "SIGNATURE-----\n\n!"),
        Refusal::Armor(ArmorError::NotBase64(_))
    ));
    let key = Key::new();
    let whole = packet(2, &key.sign(1, b"a", &created(SIGNED)));
    let cut = clear("a", &whole[..whole.len() - 1]);
    assert_eq!(
        refusal(&cut, &key.keyring()),
        Refusal::Packet(PacketError::Short { part: "packet" })
    );
    let streamed = [&[0xc2, 0xe0][..], &whole].concat();
    assert_eq!(
        refusal(&clear("a", &streamed), &key.keyring()),
        Refusal::Packet(PacketError::NoLength)
    );
}

#[test]
fn signature_is_one_over_a_text_of_version_4() {
    let key = Key::new();
    let refused = |packets: Vec<u8>| refusal(&clear("a", &packets), &key.keyring());
    let signature = key.sign(1, b"a", &created(SIGNED));
    assert_eq!(refused(packet(13, b"a")), Refusal::NotASignature { found: 13 });
    assert_eq!(
        refused([packet(2, &signature), packet(2, &signature)].concat()),
        Refusal::SeveralSignatures
    );
    let mut other = signature.clone();
    other[0] = 3;
    assert_eq!(refused(packet(2, &other)), Refusal::Version { found: 3 });
    for kind in [0, 0x13, 0x18, 0x40] {
        let other = key.sign(kind, b"a", &created(SIGNED));
        assert_eq!(refused(packet(2, &other)), Refusal::Kind { found: kind });
    }
    let mut other = signature.clone();
    other[3] = 12;
    assert_eq!(refused(packet(2, &other)), Refusal::UnknownHash { found: 12 });
    let mut other = signature;
    other[2] = 22;
    assert_eq!(refused(packet(2, &other)), Refusal::Mismatch);
}

#[test]
fn signature_says_when_and_by_which_key_and_nothing_that_is_not_known() {
    let key = Key::new();
    let refused = |signed: &[u8], unsigned: &[u8]| {
        let signature = key.sign_with(1, b"a", signed, unsigned);
        refusal(&clear("a", &packet(2, &signature)), &key.keyring())
    };
    assert_eq!(refused(&[], &key.issuer()), Refusal::NoTime);
    // a time that is not signed is none
    let both = [created(SIGNED), key.issuer()].concat();
    assert_eq!(refused(&[], &both), Refusal::NoTime);
    assert_eq!(refused(&created(SIGNED), &[]), Refusal::NoIssuer);
    let notation = [created(SIGNED), sub(0x80 | 20, b"x")].concat();
    assert_eq!(refused(&notation, &key.issuer()), Refusal::Condition { found: 20 });
    let twice = [created(SIGNED), created(MADE)].concat();
    let malformed = |part| Refusal::Packet(PacketError::Malformed { part });
    assert_eq!(refused(&twice, &key.issuer()), malformed("part of the signature"));
    let other = [key.issuer(), sub(16, b"12345678")].concat();
    assert_eq!(refused(&created(SIGNED), &other), malformed("issuer"));
}

#[test]
fn text_beyond_the_limit_is_not_read() {
    let key = Key::new();
    let (found, limit) = ((1 << 20) + 1, 1 << 20);
    assert_eq!(
        refusal(&vec![b'a'; found], &key.keyring()),
        Refusal::Oversized { limit, found }
    );
    assert_eq!(refusal(b"\xff", &key.keyring()), Refusal::NotText);
}
