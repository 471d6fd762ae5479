//! What a timestamp says (RFC 3161 §2.4.2, `TSTInfo`).

use std::time::Duration;

use der::{Tag, TagNumber};
use jiff::Timestamp;

use super::Stamped;
use super::algorithm::Algorithm;
use super::error::malformed;
use super::{TimestampError, hashed};
use crate::certificate::encoding::{Element, Elements, context};
use crate::key::SignatureDigest;
use crate::quoted::Quoted;

pub(super) struct StampInfo<'a> {
    digest: SignatureDigest,
    imprint: &'a [u8],
    pub(super) time: Timestamp,
    pub(super) accuracy: Option<Duration>,
    /// As written, so with its sign.
    pub(super) nonce: Option<&'a [u8]>,
}

impl<'a> StampInfo<'a> {
    /// Reads the information; who says `tsa` signed is not, since the certificate tells it (RFC 3161 §2.4.2).
    pub(super) fn read(der: &'a [u8]) -> Result<Self, TimestampError> {
        let wrong = malformed("TSTInfo");
        let mut fields = Element::only(Tag::Sequence, der).map_err(&wrong)?.elements();
        let version = fields.expect(Tag::Integer).and_then(Element::decode).map_err(&wrong)?;
        if version != 1 {
            return Err(TimestampError::Version { found: version });
        }
        fields.identifier().map_err(&wrong)?;
        let (algorithm, imprint) = fields.expect(Tag::Sequence).and_then(imprint).map_err(&wrong)?;
        fields.expect(Tag::Integer).map_err(&wrong)?;
        let time = fields.expect(Tag::GeneralizedTime).and_then(moment);
        let time = time.map_err(malformed("genTime"))?;
        let accuracy = fields.optional(Tag::Sequence).map_err(&wrong)?;
        fields.optional(Tag::Boolean).map_err(&wrong)?;
        let nonce = fields.optional(Tag::Integer).map_err(&wrong)?;
        fields.optional(context(TagNumber::N0, true)).map_err(&wrong)?;
        let extensions = fields.optional(context(TagNumber::N1, true)).map_err(&wrong)?;
        fields.finish().map_err(&wrong)?;
        if let Some(extensions) = extensions {
            check_extensions(extensions.elements())?;
        }
        Ok(Self {
            digest: algorithm.digest("hash of the message")?,
            imprint,
            time,
            accuracy: accuracy.map(duration).transpose().map_err(malformed("accuracy"))?,
            nonce: nonce.map(|nonce| nonce.contents),
        })
    }

    /// Checks that the timestamp is of this message.
    pub(super) fn check_imprint(&self, stamped: &Stamped<'_>) -> Result<(), TimestampError> {
        let expected = match stamped {
            Stamped::Bytes(bytes) => hashed(self.digest, bytes).as_ref().to_vec(),
            Stamped::Sha256(digest) => digest.bytes(),
        };
        if expected != self.imprint {
            return Err(TimestampError::Imprint {
                digest: self.digest,
                expected: hex::encode(expected),
                found: hex::encode(self.imprint),
            });
        }
        Ok(())
    }
}

fn imprint(element: Element<'_>) -> der::Result<(Algorithm<'_>, &[u8])> {
    let mut fields = element.elements();
    let algorithm = fields.expect(Tag::Sequence).and_then(Algorithm::read)?;
    let hash = fields.expect(Tag::OctetString)?.contents;
    fields.finish()?;
    Ok((algorithm, hash))
}

/// Reads a time that may have fractions of a second, unlike those of certificates.
fn moment(element: Element<'_>) -> der::Result<Timestamp> {
    let wrong = || element.tag.value_error();
    let fraction = element.contents.get(SECONDS_END..).ok_or_else(wrong)?;
    let whole = [element.contents.get(..SECONDS_END).ok_or_else(wrong)?, b"Z"].concat();
    let second = Element {
        contents: &whole,
        ..element
    }
    .moment()?
    .ok_or_else(wrong)?;
    let nanoseconds = match fraction {
        b"Z" => 0,
        [b'.', digits @ .., b'Z'] => nanoseconds(digits).ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    second
        .checked_add(Duration::from_nanos(nanoseconds))
        .map_err(|_| wrong())
}

/// Reads one to nine digits after the point; the last is no zero (RFC 3161 §2.4.2).
fn nanoseconds(digits: &[u8]) -> Option<u64> {
    if digits.len() > 9 || digits.last().is_none_or(|digit| *digit == b'0') {
        return None;
    }
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    padded.into_iter().try_fold(0_u64, |sum, digit| {
        let value = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        Some(sum * 10 + value)
    })
}

/// Reads an `Accuracy`: seconds, thousandths and millionths, each of which may be absent.
fn duration(element: Element<'_>) -> der::Result<Duration> {
    let mut fields = element.elements();
    let seconds = match fields.optional(Tag::Integer)? {
        Some(seconds) => u64::from(seconds.decode::<u32>()?),
        None => 0,
    };
    let [thousandths, millionths] = [TagNumber::N0, TagNumber::N1].map(|number| part(&mut fields, number));
    let duration = Duration::from_secs(seconds)
        + Duration::from_millis(u64::from(thousandths?))
        + Duration::from_micros(u64::from(millionths?));
    fields.finish()?;
    Ok(duration)
}

fn part(fields: &mut Elements<'_>, number: TagNumber) -> der::Result<u16> {
    let Some(element) = fields.optional(context(number, false))? else {
        return Ok(0);
    };
    match *element.contents {
        [one @ 0..=127] => Ok(u16::from(one)),
        [high @ 0..=3, low] => match u16::from_be_bytes([high, low]) {
            value @ 128..=999 => Ok(value),
            _ => Err(element.tag.value_error()),
        },
        _ => Err(element.tag.value_error()),
    }
}

/// Refuses extensions that must be understood; none is (RFC 3161 §2.4.2).
fn check_extensions(mut extensions: Elements<'_>) -> Result<(), TimestampError> {
    let wrong = malformed("list of extensions");
    while let Some(extension) = extensions.next().map_err(&wrong)? {
        extension.tag.assert_eq(Tag::Sequence).map_err(&wrong)?;
        let mut fields = extension.elements();
        let identifier = fields.identifier().map_err(&wrong)?;
        let critical = fields.optional(Tag::Boolean).map_err(&wrong)?;
        if critical.is_some_and(|critical| critical.contents != [0]) {
            return Err(TimestampError::UnknownCritical {
                found: Quoted::new(&identifier.to_string()),
            });
        }
    }
    Ok(())
}

/// Where the seconds of `YYYYMMDDhhmmss` end.
const SECONDS_END: usize = 14;
