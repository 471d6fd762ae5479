//! Bytes that came before, found by a table of four-byte hashes: Snappy's way, with deflate's lengths.

/// A byte, or a copy of bytes that came before (RFC 1951 §3.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Literal(u8),
    Match {
        /// The length, less the shortest there is, 3.
        length: u8,
        /// The distance, less the shortest there is, 1.
        distance: u16,
    },
}

/// Looks for matches in an input, block by block.
pub(super) struct Matcher<'a> {
    input: &'a [u8],
    /// By hash: the last place with it, and the four bytes that were there.
    table: Vec<Entry>,
    tokens: Vec<Token>,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    /// The place, plus [`FAR`], so that an empty entry is too far away for a match.
    place: usize,
    bytes: u32,
}

impl<'a> Matcher<'a> {
    pub(super) fn of(input: &'a [u8]) -> Self {
        let size = if input.len() < 128 { 0 } else { 1 << TABLE_BITS };
        Self {
            input,
            table: vec![Entry::default(); size],
            tokens: Vec::new(),
        }
    }

    /// Reads a block of 128 bytes at least; matches may begin in the block before, but do not end past this one.
    pub(super) fn block(&mut self, start: usize, end: usize) -> Vec<Token> {
        let limit = end - MARGIN;
        let mut written = start;
        let mut at = start;
        while let Some((found, before)) = self.search(at, limit) {
            self.literals(written, found);
            written = self.copies(found, before, limit, end);
            if written >= limit {
                break;
            }
            at = written + 1;
        }
        self.literals(written, end);
        std::mem::take(&mut self.tokens)
    }

    /// The next place with four bytes that came before, and the last place where they did. The longer there is none, the
    /// fewer places are looked at.
    fn search(&mut self, start: usize, limit: usize) -> Option<(usize, usize)> {
        let mut skip = 32;
        let mut at = start;
        let mut bytes = self.four(at);
        loop {
            let step = skip >> 5;
            let next = at + step;
            skip += step;
            if next > limit {
                return None;
            }
            let before = self.remember(at, bytes);
            let following = self.four(next);
            if let Some(before) = before {
                return Some((at, before));
            }
            (at, bytes) = (next, following);
        }
    }

    /// Writes the match at a place, and those that follow without a byte between; returns where the last one ends.
    fn copies(&mut self, mut at: usize, mut before: usize, limit: usize, end: usize) -> usize {
        loop {
            let most = end.min(at + LONGEST);
            let rest = self.input[at + 4..most].iter().zip(&self.input[before + 4..]);
            let length = 4 + rest.take_while(|(one, other)| one == other).count();
            self.tokens.push(Token::Match {
                length: u8::try_from(length - 3).expect("258 bytes are the most"),
                distance: u16::try_from(at - before - 1).expect("what is farther away is no match"),
            });
            at += length;
            if at >= limit {
                return at;
            }
            self.remember(at - 1, self.four(at - 1));
            match self.remember(at, self.four(at)) {
                Some(found) => before = found,
                None => return at,
            }
        }
    }

    /// Enters a place into the table; returns the place that it had, where the bytes are the same and not too far away.
    fn remember(&mut self, at: usize, bytes: u32) -> Option<usize> {
        let hash = bytes.wrapping_mul(MULTIPLIER) >> (32 - TABLE_BITS);
        let entry = Entry { place: at + FAR, bytes };
        let before = std::mem::replace(&mut self.table[hash as usize], entry);
        let is_near = entry.place - before.place <= FARTHEST;
        (is_near && before.bytes == bytes).then(|| before.place - FAR)
    }

    fn literals(&mut self, start: usize, end: usize) {
        let literals = self.input[start..end].iter().map(|byte| Token::Literal(*byte));
        self.tokens.extend(literals);
    }

    fn four(&self, at: usize) -> u32 {
        let bytes = &self.input[at..at + 4];
        u32::from_le_bytes(bytes.try_into().expect("these are four"))
    }
}

/// How many bits of a hash count.
const TABLE_BITS: u32 = 14;

/// What four bytes are multiplied with for their hash.
const MULTIPLIER: u32 = 0x1e35_a7bd;

/// The bytes at the end of a block in which no match begins.
const MARGIN: usize = 15;

/// The longest match.
const LONGEST: usize = 258;

/// The farthest match.
const FARTHEST: usize = 1 << 15;

/// More than the farthest match.
const FAR: usize = 65535;
