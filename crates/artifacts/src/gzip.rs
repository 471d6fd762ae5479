//! gzip, byte for byte as Go 1.26 writes it at its fastest level (RFC 1952, RFC 1951).
//!
//! The digest of a Tekton bundle, and of what crane, ko and cosign append, is over what Go's own compressor makes of the
//! archive; another compressor makes another digest of the same content. Go 1.27 has a new one, so an equal digest is
//! promised for programs that Go 1.26 built. The algorithm is a port of Go 1.26.8's `compress/flate` (BSD-3-Clause, see
//! NOTICE); what is left out is what its fastest level never does.

mod block;
mod huffman;
mod matches;

use flate2::Crc;

use block::Blocks;
use matches::Matcher;

/// Compresses `input`.
pub fn compress(input: &[u8]) -> Vec<u8> {
    let mut blocks = Blocks::after(HEADER);
    let mut matcher = Matcher::of(input);
    let mut start = 0;
    while start < input.len() {
        let end = input.len().min(start + BLOCK);
        let content = &input[start..end];
        match content.len() {
            ..=16 => blocks.stored(content, false),
            17..128 => blocks.literals(content),
            length => {
                let tokens = matcher.block(start, end);
                // where less than a sixteenth is saved, looking for matches was of no use
                if tokens.len() > length - length / 16 {
                    blocks.literals(content);
                } else {
                    blocks.tokens(&tokens, content);
                }
            }
        }
        start = end;
    }
    blocks.stored(&[], true);
    let mut written = blocks.into_bytes();
    let mut sum = Crc::new();
    sum.update(input);
    written.extend(sum.sum().to_le_bytes());
    written.extend(sum.amount().to_le_bytes());
    written
}

/// No name, no time, the fastest level, an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff];

/// The bytes of input that become one block: the most that can be stored uncompressed.
const BLOCK: usize = 65535;

#[cfg(test)]
mod tests;
