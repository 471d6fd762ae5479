//! Packets (RFC 9580 §4).

use super::PacketError;
use super::fields::Fields;

/// A packet: what it is, and what is in it.
pub(super) struct Packet<'a> {
    pub(super) tag: u8,
    pub(super) body: &'a [u8],
}

/// Reads a packet. Keys and signatures are never sent in pieces of a length that is not known before.
pub(super) fn read<'a>(fields: &mut Fields<'a>) -> Result<Packet<'a>, PacketError> {
    let first = fields.byte(HEADER)?;
    if first & 0x80 == 0 {
        return Err(PacketError::Malformed { part: HEADER });
    }
    let (tag, length) = if first & 0x40 != 0 {
        (first & 0x3f, length(fields)?)
    } else {
        let length = match first & 3 {
            0 => usize::from(fields.byte(HEADER)?),
            1 => fields.two(HEADER)?,
            2 => four(fields)?,
            _ => return Err(PacketError::NoLength),
        };
        ((first >> 2) & 0x0f, length)
    };
    Ok(Packet {
        tag,
        body: fields.take(length, "packet")?,
    })
}

fn length(fields: &mut Fields<'_>) -> Result<usize, PacketError> {
    match fields.byte(HEADER)? {
        first @ 0..=191 => Ok(usize::from(first)),
        first @ 192..=223 => two(first, fields),
        255 => four(fields),
        224..=254 => Err(PacketError::NoLength),
    }
}

/// Reads the length of a subpacket (§5.2.3.7).
pub(super) fn subpacket_length(fields: &mut Fields<'_>) -> Result<usize, PacketError> {
    match fields.byte(HEADER)? {
        first @ 0..=191 => Ok(usize::from(first)),
        first @ 192..=254 => two(first, fields),
        255 => four(fields),
    }
}

fn two(first: u8, fields: &mut Fields<'_>) -> Result<usize, PacketError> {
    let second = fields.byte(HEADER)?;
    Ok((usize::from(first) - 192) * 256 + usize::from(second) + 192)
}

fn four(fields: &mut Fields<'_>) -> Result<usize, PacketError> {
    usize::try_from(fields.four(HEADER)?).map_err(|_| PacketError::Short { part: HEADER })
}

const HEADER: &str = "header of a packet";

pub(super) const SIGNATURE: u8 = 2;
pub(super) const SECRET_KEY: u8 = 5;
pub(super) const PUBLIC_KEY: u8 = 6;
pub(super) const SECRET_SUBKEY: u8 = 7;
pub(super) const MARKER: u8 = 10;
pub(super) const TRUST: u8 = 12;
pub(super) const USER_ID: u8 = 13;
pub(super) const PUBLIC_SUBKEY: u8 = 14;
pub(super) const USER_ATTRIBUTE: u8 = 17;
pub(super) const PADDING: u8 = 21;
/// From here on a packet that is not known may be skipped (§4.3).
pub(super) const NOT_CRITICAL: u8 = 40;
