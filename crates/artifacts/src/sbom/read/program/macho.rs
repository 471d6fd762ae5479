//! Programs of macOS.

use super::super::super::content::Content;
use super::super::{ReadError, malformed};
use super::{Numbers, PART_LIMIT, Program, Section, Segment};

/// Whether a program that begins with `head` has the low byte first, and addresses of eight bytes; none where it is none.
pub(super) fn order(head: [u8; 4]) -> Option<(bool, bool)> {
    match head {
        [0xfe, 0xed, 0xfa, last @ 0xce..=0xcf] => Some((false, last == 0xcf)),
        [first @ 0xce..=0xcf, 0xfa, 0xed, 0xfe] => Some((true, first == 0xcf)),
        _ => None,
    }
}

/// Reads the commands that load segments.
pub(super) fn read(content: &Content, base: u64, is_little: bool, is_long: bool) -> Result<Program<'_>, ReadError> {
    let header = Numbers::at(content, base, 32, is_little)?;
    let mut program = Program::new(content, base);
    let mut at = base.saturating_add(if is_long { 32 } else { 28 });
    for _ in 0..u64::from(header.u32(16)).min(PART_LIMIT) {
        let command = Numbers::at(content, at, 8, is_little)?;
        let (kind, size) = (command.u32(0), u64::from(command.u32(4)));
        if !(8..=COMMAND_LIMIT).contains(&size) {
            return Err(malformed("a command has a wrong size"));
        }
        if kind == if is_long { SEGMENT_64 } else { SEGMENT } {
            segment(&Numbers::at(content, at, size, is_little)?, is_long, &mut program);
        }
        at = at.saturating_add(size);
    }
    Ok(program)
}

fn segment(command: &Numbers<'_>, is_long: bool, program: &mut Program<'_>) {
    let width = if is_long { 8 } else { 4 };
    let word = |number: usize| command.word(24 + number * width, is_long);
    let after = 24 + 4 * width;
    program.segments.push(Segment {
        offset: word(2),
        size: word(3),
        address: word(0),
        is_writable: command.u32(after + 4) & WRITABLE != 0,
    });
    let (start, length) = (after + 16, if is_long { 80 } else { 68 });
    let count = u64::from(command.u32(after + 8)).min(PART_LIMIT);
    for number in 0..usize::try_from(count).unwrap_or(0) {
        let at = start + number * length;
        program.sections.push(Section {
            name: command.text(at, 16),
            offset: u64::from(command.u32(at + 32 + 2 * width)),
            size: command.word(at + 32 + width, is_long),
            address: command.word(at + 32, is_long),
        });
    }
}

/// Commands that load segments.
const SEGMENT: u32 = 1;
const SEGMENT_64: u32 = 0x19;

/// The protection that segments have at first.
const WRITABLE: u32 = 2;

/// The most bytes of a command.
const COMMAND_LIMIT: u64 = 1 << 20;
