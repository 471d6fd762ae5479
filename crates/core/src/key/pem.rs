//! PEM as key files have it (RFC 7468, with the headers of RFC 1421 that OpenSSL still writes).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One block between `BEGIN` and `END`.
pub(crate) struct Block {
    pub(crate) label: String,
    /// Whether the block is encrypted in OpenSSL's own way, by `Proc-Type: 4,ENCRYPTED`.
    pub(crate) protection: Protection,
    pub(crate) contents: Zeroizing<Vec<u8>>,
}

/// Whether the headers of a block say that its contents are encrypted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    None,
    OpensslHeaders,
}

/// The blocks of a file, and whether anything but white space follows the last.
pub(crate) struct Document {
    pub(crate) blocks: Vec<Block>,
    pub(crate) rest: Rest,
}

/// What follows the last block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    WhiteSpace,
    Text,
}

/// Reads every block; text before a block is a comment (RFC 7468 §2).
pub(crate) fn parse(text: &[u8]) -> Result<Document, PemError> {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let mut document = Document {
        blocks: Vec::new(),
        rest: Rest::WhiteSpace,
    };
    while let Some(line) = lines.next() {
        if let Some(label) = boundary(line, b"-----BEGIN ") {
            document.blocks.push(block(label, &mut lines, text.len())?);
            document.rest = Rest::WhiteSpace;
        } else if !line.is_empty() {
            document.rest = Rest::Text;
        }
    }
    if document.blocks.is_empty() {
        return Err(PemError::NotPem);
    }
    Ok(document)
}

/// Writes one block in lines of 64 columns.
pub(crate) fn encode(label: &str, contents: &[u8]) -> String {
    let body = STANDARD.encode(contents);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while let Some((line, after)) = rest.split_at_checked(COLUMNS) {
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    if !rest.is_empty() {
        text.push_str(rest);
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Why bytes are not PEM.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// No line begins a block.
    #[error("key is not PEM: no line begins with -----BEGIN")]
    NotPem,
    /// The block has no end, or the end of another.
    #[error("PEM block {label:?} does not end with -----END {label}-----")]
    Unterminated {
        /// The block's type.
        label: String,
    },
    /// What the block holds is not base64.
    #[error("PEM block {label:?} does not hold base64")]
    NotBase64 {
        /// The block's type.
        label: String,
        /// Where it departs from base64.
        source: base64::DecodeError,
    },
}

fn boundary(line: &[u8], start: &[u8]) -> Option<String> {
    let label = line.strip_prefix(start)?.strip_suffix(b"-----")?;
    Some(super::shown(&String::from_utf8_lossy(label)))
}

/// Reads a block of at most `most` bytes.
fn block<'a>(label: String, lines: &mut impl Iterator<Item = &'a [u8]>, most: usize) -> Result<Block, PemError> {
    // Sized at once: growing would leave unwiped copies of a private key behind.
    let mut body = Zeroizing::new(Vec::with_capacity(most));
    let mut protection = Protection::None;
    for line in lines {
        if line.starts_with(b"-----") {
            return match boundary(line, b"-----END ") {
                Some(end) if end == label => decoded(label, protection, &body),
                _ => Err(PemError::Unterminated { label }),
            };
        }
        if line.starts_with(b"Proc-Type:") {
            protection = Protection::OpensslHeaders;
        }
        if !line.contains(&b':') {
            body.extend_from_slice(line);
        }
    }
    Err(PemError::Unterminated { label })
}

fn decoded(label: String, protection: Protection, body: &[u8]) -> Result<Block, PemError> {
    let mut contents = Zeroizing::new(Vec::with_capacity(body.len()));
    match STANDARD.decode_vec(body, &mut contents) {
        Ok(()) => Ok(Block {
            label,
            protection,
            contents,
        }),
        Err(source) => Err(PemError::NotBase64 { label, source }),
    }
}

/// The line length that every PEM writer uses (RFC 7468 §2).
const COLUMNS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_64_columns_and_are_read_back() {
        for length in [0, 1, 47, 48, 49, 96, 200] {
            let contents = vec![7; length];
            let text = encode("KEY", &contents);
            let lines = text.lines().filter(|line| !line.starts_with('-'));
            assert!(lines.clone().rev().skip(1).all(|line| line.len() == COLUMNS), "{text}");
            assert!(lines.clone().all(|line| (1..=COLUMNS).contains(&line.len())), "{text}");
            let document = parse(text.as_bytes()).unwrap();
            let found: Vec<_> = document
                .blocks
                .iter()
                .map(|block| (&*block.label, &**block.contents))
                .collect();
            assert_eq!(found, [("KEY", &*contents)]);
        }
    }
}
