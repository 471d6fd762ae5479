//! Blocks of deflate (RFC 1951 §3.2.3): stored, or with Huffman codes of their own. Go's fastest level has no other.

use super::huffman::{Code, codes};
use super::matches::Token;

/// Writes blocks one after the other.
pub(super) struct Blocks {
    bytes: Vec<u8>,
    /// Bits that are no whole byte yet, first bit lowest.
    bits: u64,
    /// How many they are.
    count: u32,
}

impl Blocks {
    /// Begins after some bytes.
    pub(super) fn after(header: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: header.into(),
            bits: 0,
            count: 0,
        }
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.align();
        self.bytes
    }

    /// Stores content as it is (§3.2.4).
    pub(super) fn stored(&mut self, content: &[u8], is_last: bool) {
        self.put(u64::from(is_last), 3);
        self.align();
        let length = u16::try_from(content.len()).expect("blocks are cut to what a length can say");
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend((!length).to_le_bytes());
        self.bytes.extend(content);
    }

    /// Writes content byte by byte, or stores it where that saves too little.
    pub(super) fn literals(&mut self, content: &[u8]) {
        let mut symbols = Symbols::default();
        for byte in content {
            symbols.literals[usize::from(*byte)] += 1;
        }
        symbols.distances[0] = 1;
        let tables = Tables::of(&symbols, END + 1, 1);
        if self.begin(&tables, content) {
            for byte in content {
                self.code(tables.literals[usize::from(*byte)]);
            }
            self.code(tables.literals[END]);
        }
    }

    /// Writes the tokens that content has, or stores it where that saves too little.
    pub(super) fn tokens(&mut self, tokens: &[Token], content: &[u8]) {
        let mut symbols = Symbols::default();
        for token in tokens {
            match token {
                Token::Literal(byte) => symbols.literals[usize::from(*byte)] += 1,
                Token::Match { length, distance } => {
                    symbols.literals[LENGTHS + symbol(*length, &LENGTH_BASE)] += 1;
                    symbols.distances[symbol(*distance, &DISTANCE_BASE)] += 1;
                }
            }
        }
        let last = |counts: &[u32]| counts.iter().rposition(|count| *count != 0);
        let literals = last(&symbols.literals).map_or(1, |last| last + 1);
        // a tree of distances there must be, also where there is no match
        let distances = last(&symbols.distances).map_or_else(
            || {
                symbols.distances[0] = 1;
                1
            },
            |last| last + 1,
        );
        let tables = Tables::of(&symbols, literals, distances);
        if self.begin(&tables, content) {
            for token in tokens {
                self.token(*token, &tables);
            }
            self.code(tables.literals[END]);
        }
    }

    fn token(&mut self, token: Token, tables: &Tables) {
        let (length, distance) = match token {
            Token::Literal(byte) => return self.code(tables.literals[usize::from(byte)]),
            Token::Match { length, distance } => (length, distance),
        };
        let number = symbol(length, &LENGTH_BASE);
        self.code(tables.literals[LENGTHS + number]);
        self.put(u64::from(length - LENGTH_BASE[number]), LENGTH_BITS[number]);
        let number = symbol(distance, &DISTANCE_BASE);
        self.code(tables.distances[number]);
        self.put(u64::from(distance - DISTANCE_BASE[number]), distance_bits(number));
    }

    /// Writes the header of a block with these tables; or stores the content and says that nothing is left to write.
    fn begin(&mut self, tables: &Tables, content: &[u8]) -> bool {
        let stored = (content.len() + 5) * 8;
        if stored < tables.size + tables.size / 16 {
            self.stored(content, false);
            return false;
        }
        self.put(0b100, 3);
        self.put(tables.sizes[0], 5);
        self.put(tables.sizes[1], 5);
        let used = &RUN_ORDER[..tables.runs_used];
        self.put(used.len() as u64 - 4, 4);
        for run in used {
            self.put(u64::from(tables.run_codes[*run].length), 3);
        }
        for run in &tables.runs {
            self.code(tables.run_codes[run.symbol]);
            self.put(run.extra, run_bits(run.symbol));
        }
        true
    }

    fn code(&mut self, code: Code) {
        self.put(u64::from(code.bits), u32::from(code.length));
    }

    fn put(&mut self, bits: u64, count: u32) {
        self.bits |= bits << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.bits.to_le_bytes()[0]);
            self.bits >>= 8;
            self.count -= 8;
        }
    }

    fn align(&mut self) {
        if self.count > 0 {
            self.put(0, 8 - self.count);
        }
    }
}

/// How often each symbol occurs; every block has one end.
struct Symbols {
    literals: [u32; 286],
    distances: [u32; 30],
}

impl Default for Symbols {
    fn default() -> Self {
        let mut literals = [0; 286];
        literals[END] = 1;
        Self {
            literals,
            distances: [0; 30],
        }
    }
}

/// The codes of a block, and how they are written themselves (§3.2.7).
struct Tables {
    literals: Vec<Code>,
    distances: Vec<Code>,
    /// The numbers of codes, as the header has them.
    sizes: [u64; 2],
    runs: Vec<Run>,
    run_codes: Vec<Code>,
    runs_used: usize,
    /// The size of the block in bits; extra bits of lengths and distances are not counted, as Go does not.
    size: usize,
}

/// A length of a code, or a repetition of one.
struct Run {
    symbol: usize,
    extra: u64,
}

impl Tables {
    fn of(symbols: &Symbols, literal_count: usize, distance_count: usize) -> Self {
        let literals = codes(&symbols.literals, 15);
        let distances = codes(&symbols.distances, 15);
        let lengths = literals[..literal_count].iter().chain(&distances[..distance_count]);
        let runs = runs(&lengths.map(|code| code.length).collect::<Vec<u8>>());
        let mut counts = [0; RUN_ORDER.len()];
        for run in &runs {
            counts[run.symbol] += 1;
        }
        let run_codes = codes(&counts, 7);
        let last_run = RUN_ORDER.iter().rposition(|run| counts[*run] != 0);
        let runs_used = last_run.map_or(4, |last| last + 1).max(4);
        let extra: u32 = runs.iter().map(|run| run_bits(run.symbol)).sum();
        let header = 3 + 5 + 5 + 4 + 3 * runs_used + extra as usize;
        Self {
            size: header
                + total(&counts, &run_codes)
                + total(&symbols.literals, &literals)
                + total(&symbols.distances, &distances),
            sizes: [literal_count as u64 - 257, distance_count as u64 - 1],
            literals,
            distances,
            runs,
            run_codes,
            runs_used,
        }
    }
}

fn total(counts: &[u32], codes: &[Code]) -> usize {
    let each = counts.iter().zip(codes);
    each.map(|(count, code)| *count as usize * usize::from(code.length))
        .sum()
}

/// Shortens lengths of codes that repeat (§3.2.7).
fn runs(lengths: &[u8]) -> Vec<Run> {
    let mut runs = Vec::new();
    for group in lengths.chunk_by(|one, other| one == other) {
        let (length, mut count) = (usize::from(group[0]), group.len());
        let mut repeat = |symbol, most: usize, least: usize, count: &mut usize| {
            while *count >= least {
                let taken = most.min(*count);
                runs.push(Run {
                    symbol,
                    extra: (taken - least) as u64,
                });
                *count -= taken;
            }
        };
        if length == 0 {
            repeat(18, 138, 11, &mut count);
            repeat(17, 10, 3, &mut count);
        } else {
            repeat(length, 1, 1, &mut 1);
            count -= 1;
            repeat(16, 6, 3, &mut count);
        }
        repeat(length, 1, 1, &mut count);
    }
    runs
}

fn run_bits(symbol: usize) -> u32 {
    match symbol {
        16 => 2,
        17 => 3,
        18 => 7,
        _ => 0,
    }
}

/// The last symbol whose base is not above a value.
fn symbol<T: PartialOrd>(value: T, bases: &[T]) -> usize {
    bases.partition_point(|base| *base <= value) - 1
}

fn distance_bits(symbol: usize) -> u32 {
    (symbol as u32 / 2).saturating_sub(1)
}

/// The symbol that ends a block.
const END: usize = 256;

/// The first symbol of a length.
const LENGTHS: usize = 257;

/// The shortest length that each symbol stands for, less 3 (§3.2.5).
const LENGTH_BASE: [u8; 29] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 255,
];

/// The bits that say which length of a symbol it is.
const LENGTH_BITS: [u32; 29] = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];

/// The shortest distance that each symbol stands for, less 1.
const DISTANCE_BASE: [u16; 30] = [
    0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144,
    8192, 12288, 16384, 24576,
];

/// The order in which the lengths of the codes for lengths are written.
const RUN_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
