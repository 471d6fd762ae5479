//! Huffman codes of limited length, by Go's variant of package-merge ("boundary package-merge": Katajainen, Moffat, Turpin,
//! A fast and space-economical algorithm for length-limited coding, 1995).

/// The code of each symbol; a length of 0 where a symbol does not occur.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    /// The bits, first bit lowest.
    pub(super) bits: u16,
    /// How many they are.
    pub(super) length: u8,
}

#[derive(Clone, Copy)]
struct Leaf {
    symbol: usize,
    count: u64,
}

/// Makes codes of at most `longest` bits, 15 at most, for symbols that occur so often.
pub(super) fn codes(counts: &[u32], longest: usize) -> Vec<Code> {
    let mut codes = vec![Code::default(); counts.len()];
    let mut leaves: Vec<Leaf> = counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count != 0)
        .map(|(symbol, count)| Leaf {
            symbol,
            count: u64::from(*count),
        })
        .collect();
    if leaves.len() <= 2 {
        for (bits, leaf) in (0..).zip(&leaves) {
            codes[leaf.symbol] = Code { bits, length: 1 };
        }
        return codes;
    }
    leaves.sort_by_key(|leaf| (leaf.count, leaf.symbol));
    assign(&lengths(&leaves, longest), &leaves, &mut codes);
    codes
}

/// What is known of the chains of a length while they are built.
#[derive(Clone, Copy, Default)]
struct Level {
    /// The weight of the last node.
    last: u64,
    /// The weight of the next leaf.
    next_leaf: u64,
    /// The weight of the next pair from the level below.
    next_pair: u64,
    /// How many nodes are wanted before the level above goes on.
    needed: usize,
}

/// How many symbols have codes of each length; there are three at least, the rarest first.
fn lengths(leaves: &[Leaf], longest: usize) -> [usize; LEVELS] {
    let longest = longest.min(leaves.len() - 1);
    let weight = |number: usize| leaves.get(number).map_or(ENDLESS, |leaf| leaf.count);
    let mut levels = [Level::default(); LEVELS + 1];
    // for each level, how many leaves are left of the ancestors of its last node, by the ancestor's level
    let mut left = [[0_usize; LEVELS]; LEVELS];
    for level in 1..=longest {
        levels[level] = Level {
            last: weight(1),
            next_leaf: weight(2),
            next_pair: if level == 1 { ENDLESS } else { weight(0) + weight(1) },
            needed: 0,
        };
        left[level][level] = 2;
    }
    levels[longest].needed = 2 * leaves.len() - 4;
    let mut level = longest;
    loop {
        let current = levels[level];
        if current.next_pair == ENDLESS && current.next_leaf == ENDLESS {
            levels[level].needed = 0;
            levels[level + 1].next_pair = ENDLESS;
            level += 1;
            continue;
        }
        if current.next_leaf < current.next_pair {
            left[level][level] += 1;
            levels[level].last = current.next_leaf;
            levels[level].next_leaf = weight(left[level][level]);
        } else {
            levels[level].last = current.next_pair;
            let below = left[level - 1];
            left[level][..level].copy_from_slice(&below[..level]);
            levels[level - 1].needed = 2;
        }
        levels[level].needed -= 1;
        if levels[level].needed > 0 {
            while levels[level - 1].needed > 0 {
                level -= 1;
            }
        } else if level == longest {
            return by_length(&left[longest], longest);
        } else {
            levels[level + 1].next_pair = current.last + levels[level].last;
            level += 1;
        }
    }
}

fn by_length(left: &[usize; LEVELS], longest: usize) -> [usize; LEVELS] {
    let mut lengths = [0; LEVELS];
    for level in 1..=longest {
        lengths[longest + 1 - level] = left[level] - left[level - 1];
    }
    lengths
}

/// Gives symbols of one length their codes in the order of the symbols (RFC 1951 §3.2.2); the most frequent are the shortest.
fn assign(lengths: &[usize; LEVELS], leaves: &[Leaf], codes: &mut [Code]) {
    let mut rest = leaves;
    let mut next = 0_u16;
    for (length, count) in (0_u8..).zip(lengths) {
        next <<= 1;
        let (others, chosen) = rest.split_at(rest.len() - count);
        let mut symbols: Vec<usize> = chosen.iter().map(|leaf| leaf.symbol).collect();
        symbols.sort_unstable();
        for symbol in symbols {
            codes[symbol] = Code {
                bits: (next << (16 - length)).reverse_bits(),
                length,
            };
            next += 1;
        }
        rest = others;
    }
}

/// One more than the longest code.
const LEVELS: usize = 16;

/// More than any sum of counts.
const ENDLESS: u64 = u64::MAX;
