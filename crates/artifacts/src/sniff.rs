//! The media type of content, read from its first bytes (WHATWG MIME Sniffing §7, as far as Go's `net/http` follows it).

/// How many bytes are looked at.
pub const LENGTH: usize = 512;

/// Names the media type of what begins with `head`, without parameters; `application/octet-stream` where nothing fits.
pub fn media_type(head: &[u8]) -> &'static str {
    let head = head.get(..LENGTH).unwrap_or(head);
    let blanks = head.iter().take_while(|byte| is_blank(**byte)).count();
    let text = head.get(blanks..).unwrap_or_default();
    if HTML.iter().any(|tag| is_tag(text, tag)) {
        return "text/html";
    }
    if text.starts_with(b"<?xml") {
        return "text/xml";
    }
    let known = PATTERNS.iter().find(|(pattern, _)| fits(head, pattern));
    match known {
        Some((_, media_type)) => media_type,
        None if is_mp4(head) => "video/mp4",
        None if text.iter().all(|byte| !is_binary(*byte)) => "text/plain",
        None => "application/octet-stream",
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

/// Bytes that no text has (§3, binary data byte).
fn is_binary(byte: u8) -> bool {
    matches!(byte, 0..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f)
}

fn is_tag(text: &[u8], tag: &str) -> bool {
    let (Some(start), Some(after)) = (text.get(..tag.len()), text.get(tag.len())) else {
        return false;
    };
    start.eq_ignore_ascii_case(tag.as_bytes()) && matches!(after, b' ' | b'>')
}

/// Compares with a pattern in which `None` stands for any byte.
fn fits(head: &[u8], pattern: &[Option<u8>]) -> bool {
    head.len() >= pattern.len()
        && head
            .iter()
            .zip(pattern)
            .all(|(byte, expected)| expected.is_none_or(|expected| *byte == expected))
}

/// An MP4 file begins with a box of type `ftyp` that names a brand `mp4…` (§6.2.1).
fn is_mp4(head: &[u8]) -> bool {
    let Some((length, rest)) = head.split_first_chunk::<4>() else {
        return false;
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if head.len() < 12 || head.len() < length || length % 4 != 0 || !rest.starts_with(b"ftyp") {
        return false;
    }
    // The second word of the box is the version of the first brand.
    (8..length)
        .step_by(4)
        .filter(|at| *at != 12)
        .any(|at| head.get(at..).is_some_and(|brand| brand.starts_with(b"mp4")))
}

/// Makes a pattern of `N` bytes; a question mark after the first `exact` bytes stands for any byte.
const fn pattern<const N: usize>(bytes: &[u8; N]) -> [Option<u8>; N] {
    let mut pattern = [None; N];
    let mut at = 0;
    while at < N {
        if bytes[at] != b'?' {
            pattern[at] = Some(bytes[at]);
        }
        at += 1;
    }
    pattern
}

/// The first bytes of formats, in the order in which they are tried.
const PATTERNS: &[(&[Option<u8>], &str)] = &[
    (&pattern(b"%PDF-"), "application/pdf"),
    (&pattern(b"%!PS-Adobe-"), "application/postscript"),
    (&pattern(b"\xfe\xff??"), "text/plain"),
    (&pattern(b"\xff\xfe??"), "text/plain"),
    (&pattern(b"\xef\xbb\xbf?"), "text/plain"),
    (&pattern(b"\x00\x00\x01\x00"), "image/x-icon"),
    (&pattern(b"\x00\x00\x02\x00"), "image/x-icon"),
    (&pattern(b"BM"), "image/bmp"),
    (&pattern(b"GIF87a"), "image/gif"),
    (&pattern(b"GIF89a"), "image/gif"),
    (&pattern(b"RIFF????WEBPVP"), "image/webp"),
    (&pattern(b"\x89PNG\r\n\x1a\n"), "image/png"),
    (&pattern(b"\xff\xd8\xff"), "image/jpeg"),
    (&pattern(b"FORM????AIFF"), "audio/aiff"),
    (&pattern(b"ID3"), "audio/mpeg"),
    (&pattern(b"OggS\x00"), "application/ogg"),
    (&pattern(b"MThd\x00\x00\x00\x06"), "audio/midi"),
    (&pattern(b"RIFF????AVI "), "video/avi"),
    (&pattern(b"RIFF????WAVE"), "audio/wave"),
    (&pattern(b"\x1a\x45\xdf\xa3"), "video/webm"),
    (
        &pattern(b"??????????????????????????????????LP"),
        "application/vnd.ms-fontobject",
    ),
    (&pattern(b"\x00\x01\x00\x00"), "font/ttf"),
    (&pattern(b"OTTO"), "font/otf"),
    (&pattern(b"ttcf"), "font/collection"),
    (&pattern(b"wOFF"), "font/woff"),
    (&pattern(b"wOF2"), "font/woff2"),
    (&pattern(b"\x1f\x8b\x08"), "application/x-gzip"),
    (&pattern(b"PK\x03\x04"), "application/zip"),
    (&pattern(b"Rar!\x1a\x07\x00"), "application/x-rar-compressed"),
    (&pattern(b"Rar!\x1a\x07\x01\x00"), "application/x-rar-compressed"),
    (&pattern(b"\x00asm"), "application/wasm"),
];

/// What HTML begins with.
const HTML: [&str; 17] = [
    "<!DOCTYPE HTML",
    "<HTML",
    "<HEAD",
    "<SCRIPT",
    "<IFRAME",
    "<H1",
    "<DIV",
    "<FONT",
    "<TABLE",
    "<A",
    "<STYLE",
    "<TITLE",
    "<B",
    "<BODY",
    "<BR",
    "<P",
    "<!--",
];

#[cfg(test)]
mod tests {
    use super::media_type;

    #[test]
    fn media_types_are_those_that_go_finds() {
        for (head, expected) in [
            (&b""[..], "text/plain"),
            (b"hello\n", "text/plain"),
            (b"{\"a\": 1}", "text/plain"),
            (b"#!/bin/sh\n", "text/plain"),
            (b"\x7fELF\x02\x01\x01\x00", "application/octet-stream"),
            (b"\x1f\x8b\x08\x00", "application/x-gzip"),
            (b"\x00asm\x01\x00\x00\x00", "application/wasm"),
            (b"PK\x03\x04\x14", "application/zip"),
            (b"%PDF-1.7", "application/pdf"),
            (b"  \n<hTmL>", "text/html"),
            (b"<html", "text/plain"),
            (b"<html\n>", "text/plain"),
            (b" <?xml version", "text/xml"),
            (b"\x89PNG\r\n\x1a\n", "image/png"),
            (b"RIFF\x01\x02\x03\x04WEBPVP8", "image/webp"),
            (b"RIFF\x01\x02\x03\x04WAVE", "audio/wave"),
            (b"\xff\xfea\x00", "text/plain"),
            (b"\x00\x00\x00\x14ftypisom\x00\x00\x00\x00mp42", "video/mp4"),
            (b"\x00\x00\x00\x10ftypisommp42", "application/octet-stream"),
            (b"\x00\x00\x00\x13ftypmp42mp42aaa", "application/octet-stream"),
            (b"text\x00", "application/octet-stream"),
        ] {
            assert_eq!(media_type(head), expected, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn only_the_beginning_counts() {
        let mut content = vec![b'a'; 512];
        content.push(0);
        assert_eq!(media_type(&content), "text/plain");
    }
}
