//! Each part of a timestamp has its kind, and nothing after its last field.

use countersign_core::timestamp::{TimestampError, TimestampToken};

use super::builder::{identifier, object, sequence, tlv};
use super::stamper::{MESSAGE, SHA256, Stamper};

/// Which field of which part, from the response on.
type Way = &'static [usize];

const RESPONSE: Way = &[];
const CONTENT: Way = &[1];
const SIGNED_DATA: Way = &[1, 1, 0];
const ENCAPSULATED: Way = &[1, 1, 0, 2];
const SIGNER: Way = &[1, 1, 0, 4, 0];
const DIGEST: Way = &[1, 1, 0, 4, 0, 2];
const ATTRIBUTE: Way = &[1, 1, 0, 4, 0, 3, 0];
const CONTENT_TYPE: Way = &[1, 1, 0, 4, 0, 3, 0, 1, 0];
const CONTENT_DIGEST: Way = &[1, 1, 0, 4, 0, 3, 1, 1, 0];
const CERTIFICATE_IDS: Way = &[1, 1, 0, 4, 0, 3, 2, 1, 0];

/// Changes the tag and the contents of one element, and the lengths of all around it.
fn changed(der: &[u8], way: &[usize], change: &dyn Fn(&mut u8, &mut Vec<u8>)) -> Vec<u8> {
    let (mut tag, mut contents) = (der[0], contents(der).to_vec());
    match way.split_first() {
        None => change(&mut tag, &mut contents),
        Some((place, rest)) => {
            let mut fields = fields(&contents);
            fields[*place] = changed(&fields[*place], rest, change);
            contents = fields.concat();
        }
    }
    tlv(tag, &contents)
}

/// How many bytes the tag and the length of an element have, and how many its contents.
fn lengths(der: &[u8]) -> (usize, usize) {
    match der[1] {
        0x81 => (3, usize::from(der[2])),
        0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
        short => (2, usize::from(short)),
    }
}

fn contents(der: &[u8]) -> &[u8] {
    let (head, length) = lengths(der);
    &der[head..head + length]
}

fn fields(mut contents: &[u8]) -> Vec<Vec<u8>> {
    let mut fields = Vec::new();
    while !contents.is_empty() {
        let (head, length) = lengths(contents);
        let (field, rest) = contents.split_at(head + length);
        fields.push(field.to_vec());
        contents = rest;
    }
    fields
}

/// Which part is malformed, where one is.
fn malformed(der: Vec<u8>, stamper: &Stamper) -> &'static str {
    match TimestampToken::new(der).verify(MESSAGE, &[stamper.authority()]) {
        Err(TimestampError::Malformed { part, .. }) => part,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_follows_the_last_field_of_any_part() {
    let stamper = Stamper::new();
    let der = stamper.stamp(&stamper.draft()).as_der().to_vec();
    for (way, part) in [
        (RESPONSE, "response"),
        (CONTENT, "ContentInfo"),
        (SIGNED_DATA, "SignedData"),
        (ENCAPSULATED, "ContentInfo"),
        (SIGNER, "SignerInfo"),
        (ATTRIBUTE, "signed attribute"),
    ] {
        let longer = changed(&der, way, &|_, contents| contents.extend([5, 0]));
        assert_eq!(malformed(longer, &stamper), part, "{way:?}");
    }
    // one parameter an algorithm may have
    let two = changed(&der, DIGEST, &|_, contents| contents.extend([5, 0, 5, 0]));
    assert_eq!(malformed(two, &stamper), "SignerInfo");
    let draft = stamper.draft().with_info(|info| {
        let hash = countersign_core::Digest::sha256(MESSAGE).bytes();
        info[2] = sequence(&[identifier(SHA256), tlv(4, &hash), tlv(5, &[])]);
    });
    assert_eq!(malformed(stamper.stamp(&draft).as_der().to_vec(), &stamper), "TSTInfo");
}

#[test]
fn every_part_is_of_its_kind() {
    let stamper = Stamper::new();
    let der = stamper.stamp(&stamper.draft()).as_der().to_vec();
    for (way, part) in [
        (SIGNER, "SignerInfo"),
        (ATTRIBUTE, "signed attribute"),
        (CONTENT_TYPE, "set of signed attributes"),
        (CONTENT_DIGEST, "set of signed attributes"),
        (CERTIFICATE_IDS, "set of signed attributes"),
    ] {
        // a set, or a text, in place of what it is
        let other = changed(&der, way, &|tag, _| *tag = if *tag == 0x30 { 0x31 } else { 0x0c });
        assert_eq!(malformed(other, &stamper), part, "{way:?}");
    }
    let extension = tlv(0x31, &[object("1.2.3"), tlv(4, &[])].concat());
    let draft = stamper.draft().with_info(|info| info.push(tlv(0xa1, &extension)));
    assert_eq!(
        malformed(stamper.stamp(&draft).as_der().to_vec(), &stamper),
        "list of extensions"
    );
}

#[test]
fn no_field_is_of_another_kind() {
    let stamper = Stamper::new();
    let der = stamper.stamp(&stamper.draft()).as_der().to_vec();
    const VERSION: Way = &[1, 1, 0, 0];
    const DIGESTS: Way = &[1, 1, 0, 1];
    const SIGNER_VERSION: Way = &[1, 1, 0, 4, 0, 0];
    for (way, part) in [
        (VERSION, "SignedData"),
        (DIGESTS, "SignedData"),
        (SIGNER_VERSION, "SignerInfo"),
    ] {
        let other = changed(&der, way, &|tag, _| *tag = 0x0c);
        assert_eq!(malformed(other, &stamper), part, "{way:?}");
    }
    // the policy and the serial number
    for place in [1, 3] {
        let draft = stamper.draft().with_info(|info| info[place] = tlv(0x0c, b"1"));
        assert_eq!(
            malformed(stamper.stamp(&draft).as_der().to_vec(), &stamper),
            "TSTInfo",
            "{place}"
        );
    }
}
