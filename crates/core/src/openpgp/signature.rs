//! Signatures in packets (RFC 9580 §5.2).

use std::fmt;

use aws_lc_rs::digest as hash;
use jiff::{SignedDuration, Timestamp};

use super::fields::Fields;
use super::key::Key;
use super::{PacketError, Refusal, packet};
use crate::key::SignatureDigest;

/// A signature of version 4.
#[derive(Clone, Debug)]
pub(super) struct Signature<'a> {
    kind: u8,
    algorithm: u8,
    hash: u8,
    /// From its first byte to the end of what is signed of it.
    signed: &'a [u8],
    /// What the hash begins with.
    beginning: [u8; 2],
    numbers: &'a [u8],
    created: Option<Timestamp>,
    lifetime: u32,
    key_lifetime: u32,
    flags: Option<u8>,
    issuer_id: Option<[u8; 8]>,
    issuer: Option<[u8; 20]>,
    /// The signature of a subkey that it belongs to its key.
    embedded: Option<&'a [u8]>,
    condition: Option<u8>,
}

/// The key that made a signature, as far as the signature names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Issuer {
    Fingerprint([u8; 20]),
    Id([u8; 8]),
}

impl Issuer {
    pub(super) fn names(&self, key: &Key) -> bool {
        match self {
            Self::Fingerprint(fingerprint) => fingerprint == key.fingerprint(),
            Self::Id(id) => key.fingerprint().ends_with(id),
        }
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Fingerprint(fingerprint) => hex::encode_upper(fingerprint),
            Self::Id(id) => hex::encode_upper(id),
        })
    }
}

impl<'a> Signature<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Refusal> {
        let mut fields = Fields::new(body);
        match fields.byte(PART)? {
            4 => {}
            found => return Err(Refusal::Version { found }),
        }
        let [kind, algorithm, hash] = fields.array(PART)?;
        let length = fields.two(PART)?;
        let signed_part = fields.take(length, PART)?;
        let signed = body.split_at_checked(6 + length).map_or(body, |(signed, _)| signed);
        let length = fields.two(PART)?;
        let unsigned_part = fields.take(length, PART)?;
        let mut signature = Self {
            kind,
            algorithm,
            hash,
            signed,
            beginning: fields.array(PART)?,
            numbers: fields.rest(),
            created: None,
            lifetime: 0,
            key_lifetime: 0,
            flags: None,
            issuer_id: None,
            issuer: None,
            embedded: None,
            condition: None,
        };
        signature.read(signed_part, Area::Signed)?;
        signature.read(unsigned_part, Area::Unsigned)?;
        Ok(signature)
    }

    fn read(&mut self, area: &'a [u8], kind: Area) -> Result<(), PacketError> {
        let mut area = Fields::new(area);
        while !area.is_empty() {
            let length = packet::subpacket_length(&mut area)?;
            let mut fields = Fields::new(area.take(length, SUBPACKET)?);
            let first = fields.byte(SUBPACKET)?;
            let (is_critical, tag) = (first & 0x80 != 0, first & 0x7f);
            match tag {
                // these prove themselves, or only help to find what does
                ISSUER_ID if self.issuer_id.is_none() => self.issuer_id = Some(fields.array(SUBPACKET)?),
                ISSUER if self.issuer.is_none() => {
                    let is_version_4 = fields.byte(SUBPACKET)? == 4;
                    self.issuer = is_version_4.then(|| fields.array(SUBPACKET)).transpose()?;
                }
                EMBEDDED if self.embedded.is_none() => self.embedded = Some(fields.rest()),
                // what is not signed says nothing
                _ if kind == Area::Unsigned => {}
                CREATED if self.created.is_none() => self.created = Some(moment(fields.four(SUBPACKET)?)),
                LIFETIME if self.lifetime == 0 => self.lifetime = fields.four(SUBPACKET)?,
                KEY_LIFETIME if self.key_lifetime == 0 => self.key_lifetime = fields.four(SUBPACKET)?,
                FLAGS if self.flags.is_none() => self.flags = Some(fields.rest().first().copied().unwrap_or(0)),
                // of two that say different things neither is better
                CREATED | LIFETIME | KEY_LIFETIME | FLAGS => {
                    return Err(PacketError::Malformed { part: SUBPACKET });
                }
                _ if is_critical && !WITHOUT_EFFECT.contains(&tag) => self.condition = Some(tag),
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn kind(&self) -> u8 {
        self.kind
    }

    pub(super) fn created(&self) -> Option<Timestamp> {
        self.created
    }

    /// When it expires, where it does.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        after(self.created?, self.lifetime)
    }

    /// When the key that it is about expires, where it does.
    pub(super) fn key_expires(&self, key: &Key) -> Option<Timestamp> {
        after(key.created(), self.key_lifetime)
    }

    /// Says whether the key that it is about is for signing; `None` where it says nothing of it.
    pub(super) fn is_for_signing(&self) -> Option<bool> {
        self.flags.map(|flags| flags & MAY_SIGN != 0)
    }

    /// The packet body of the signature within.
    pub(super) fn embedded(&self) -> Option<&'a [u8]> {
        self.embedded
    }

    /// Which key made it; two names must agree.
    pub(super) fn issuer(&self) -> Result<Issuer, Refusal> {
        match (self.issuer, self.issuer_id) {
            (Some(issuer), Some(id)) if !issuer.ends_with(&id) => Err(PacketError::Malformed { part: "issuer" }.into()),
            (Some(issuer), _) => Ok(Issuer::Fingerprint(issuer)),
            (None, Some(id)) => Ok(Issuer::Id(id)),
            (None, None) => Err(Refusal::NoIssuer),
        }
    }

    /// Refuses a condition that is not known here.
    pub(super) fn refuse_critical(&self) -> Result<(), Refusal> {
        match self.condition {
            Some(found) => Err(Refusal::Condition { found }),
            None => Ok(()),
        }
    }

    /// The hash, where it is one that is believed.
    pub(super) fn digest(&self) -> Result<SignatureDigest, Refusal> {
        let weak = |found| Err(Refusal::WeakHash { found });
        match self.hash {
            8 => Ok(SignatureDigest::Sha256),
            9 => Ok(SignatureDigest::Sha384),
            10 => Ok(SignatureDigest::Sha512),
            1 => weak("MD5"),
            2 => weak("SHA-1"),
            3 => weak("RIPEMD-160"),
            11 => weak("SHA-224"),
            found => Err(Refusal::UnknownHash { found }),
        }
    }

    /// Says whether it is a key's over what `parts` are together.
    pub(super) fn is_by(&self, key: &Key, parts: &[&[u8]]) -> Result<bool, Refusal> {
        let digest = self.digest()?;
        let mut context = hash::Context::new(digest.engine());
        for part in parts {
            context.update(part);
        }
        let length = u32::try_from(self.signed.len()).unwrap_or(u32::MAX);
        context.update(self.signed);
        context.update(&[4, 0xff]);
        context.update(&length.to_be_bytes());
        let hashed = context.finish();
        if !hashed.as_ref().starts_with(&self.beginning) {
            return Ok(false);
        }
        Ok(key.verifies(self.algorithm, digest, hashed.as_ref(), self.numbers)?)
    }
}

/// Which of its two areas a subpacket is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Area {
    Signed,
    Unsigned,
}

/// A time (§3.5).
pub(super) fn moment(seconds: u32) -> Timestamp {
    Timestamp::from_second(i64::from(seconds)).expect("times reach far beyond 32 bits of seconds")
}

fn after(start: Timestamp, seconds: u32) -> Option<Timestamp> {
    let lifetime = SignedDuration::from_secs(i64::from(seconds));
    (seconds != 0).then(|| start.checked_add(lifetime).unwrap_or(Timestamp::MAX))
}

const PART: &str = "signature";
const SUBPACKET: &str = "part of the signature";

const CREATED: u8 = 2;
const LIFETIME: u8 = 3;
const KEY_LIFETIME: u8 = 9;
const ISSUER_ID: u8 = 16;
const FLAGS: u8 = 27;
const EMBEDDED: u8 = 32;
const ISSUER: u8 = 33;

/// What says nothing that a judgement depends on: whether others may have it or take it back, preferences, a key server,
/// the main name, a policy's address, a reason, features.
const WITHOUT_EFFECT: [u8; 15] = [4, 7, 11, 16, 21, 22, 23, 24, 25, 26, 29, 30, 32, 33, 34];

const MAY_SIGN: u8 = 0x02;

/// Over a text.
pub(super) const TEXT: u8 = 0x01;
/// Of a name and a key, the first and the last of four kinds.
pub(super) const NAME: u8 = 0x10;
pub(super) const NAME_LAST: u8 = 0x13;
/// Of a subkey by its key.
pub(super) const SUBKEY: u8 = 0x18;
/// Of a key by its subkey.
pub(super) const PRIMARY: u8 = 0x19;
/// Of a key by itself.
pub(super) const DIRECT: u8 = 0x1f;
pub(super) const KEY_REVOKED: u8 = 0x20;
pub(super) const SUBKEY_REVOKED: u8 = 0x28;
pub(super) const NAME_REVOKED: u8 = 0x30;
