//! The form of a text that is signed in clear (RFC 9580 §7).

use super::{ArmorError, LIMIT, Refusal, armor};

/// What a signed message is made of.
pub(super) struct Clear<'a> {
    /// The text as it is signed: lines end with CR LF but for the last, and have no blanks at their ends.
    pub(super) canonical: String,
    /// The hashes that it names.
    pub(super) hashes: Vec<&'a str>,
    /// The packets of the signature.
    pub(super) signature: Vec<u8>,
}

/// Takes a message apart. There is one text, and nothing before it or after its signature: what is not signed must not be
/// taken for what is.
pub(super) fn read(message: &[u8]) -> Result<Clear<'_>, Refusal> {
    if message.len() > LIMIT {
        return Err(Refusal::Oversized {
            limit: LIMIT,
            found: message.len(),
        });
    }
    let message = str::from_utf8(message).map_err(|_| Refusal::NotText)?;
    let mut lines = armor::lines(message).zip(1..);
    if lines.next().is_none_or(|(line, _)| line != MESSAGE) {
        return Err(Refusal::NoMessage);
    }
    let mut hashes = Vec::new();
    loop {
        match lines.next() {
            None => return Err(Refusal::NoSignature),
            Some(("", _)) => break,
            Some((header, line)) => match header.strip_prefix("Hash: ") {
                Some(names) => hashes.extend(names.split(',').map(str::trim)),
                None => return Err(Refusal::Header { line }),
            },
        }
    }
    let canonical = text(&mut lines)?;
    let mut lines = lines.map(|(line, _)| line);
    let signature = armor::block(&mut lines, SIGNATURE_LABEL)?;
    if lines.any(|line| !line.is_empty()) {
        return Err(Refusal::TrailingText);
    }
    Ok(Clear {
        canonical,
        hashes,
        signature,
    })
}

fn text<'a>(lines: &mut impl Iterator<Item = (&'a str, usize)>) -> Result<String, Refusal> {
    let mut text = String::new();
    let mut is_first = true;
    loop {
        let (line, number) = lines.next().ok_or(Refusal::NoSignature)?;
        if line == SIGNATURE {
            return Ok(text);
        }
        let line = match line.strip_prefix("- ") {
            Some(escaped) => escaped,
            None if line.starts_with('-') => return Err(Refusal::Undashed { line: number }),
            None => line,
        };
        // a line end to some readers only
        if line.contains('\r') {
            return Err(Refusal::LineEnd { line: number });
        }
        if !is_first {
            text.push_str("\r\n");
        }
        is_first = false;
        text.push_str(line);
    }
}

impl From<ArmorError> for Refusal {
    fn from(source: ArmorError) -> Self {
        Self::Armor(source)
    }
}

const MESSAGE: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const SIGNATURE_LABEL: &str = "PGP SIGNATURE";
