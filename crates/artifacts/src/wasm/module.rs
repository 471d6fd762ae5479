//! Core modules (core specification, version 3, §5.5).

use std::collections::HashSet;

use super::binary::{CUSTOM, Reader, Reason, WasmError};

/// Checks what comes after the preamble.
pub(super) fn check(reader: &mut Reader<'_>) -> Result<(), WasmError> {
    let mut last = None;
    let mut counts = Counts::default();
    loop {
        let start = reader.offset();
        let Some((id, content)) = reader.section()? else {
            return counts.compare(reader);
        };
        if id == CUSTOM {
            continue;
        }
        let here = |reason| WasmError { offset: start, reason };
        let place = ORDER
            .iter()
            .position(|known| *known == id)
            .ok_or_else(|| here(Reason::Section { found: id }))?;
        if last.is_some_and(|last| last >= place) {
            return Err(here(Reason::Order { found: id }));
        }
        last = Some(place);
        counts.section(id, content)?;
    }
}

/// The numbers of what sections must agree on.
#[derive(Default)]
struct Counts {
    functions: u32,
    bodies: u32,
    announced: Option<u32>,
    segments: u32,
}

impl Counts {
    fn section(&mut self, id: u8, mut content: Reader<'_>) -> Result<(), WasmError> {
        match id {
            FUNCTION => {
                self.functions = content.count()?;
                for _ in 0..self.functions {
                    content.number()?;
                }
                content.end()
            }
            EXPORT => exports(content),
            START => {
                content.number()?;
                content.end()
            }
            CODE => {
                self.bodies = content.count()?;
                for _ in 0..self.bodies {
                    content.sized()?;
                }
                content.end()
            }
            DATA => {
                self.segments = content.count()?;
                Ok(())
            }
            DATA_COUNT => {
                self.announced = Some(content.number()?);
                content.end()
            }
            _ => content.count().map(drop),
        }
    }

    fn compare(&self, reader: &Reader<'_>) -> Result<(), WasmError> {
        if self.functions != self.bodies {
            return reader.wrong(Reason::Bodies {
                expected: self.functions,
                found: self.bodies,
            });
        }
        match self.announced {
            Some(expected) if expected != self.segments => reader.wrong(Reason::Segments {
                expected,
                found: self.segments,
            }),
            _ => Ok(()),
        }
    }
}

fn exports(mut content: Reader<'_>) -> Result<(), WasmError> {
    let mut names = HashSet::new();
    for _ in 0..content.count()? {
        let name = content.name()?;
        if !names.insert(name) {
            return content.wrong(Reason::Twice { found: name.to_owned() });
        }
        let kind = content.byte()?;
        if kind > TAG_EXPORT {
            return content.wrong(Reason::Kind {
                what: "an export",
                found: kind,
            });
        }
        content.number()?;
    }
    content.end()
}

/// The sections in the order that they must have: type, import, function, table, memory, tag, global, export, start,
/// element, data count, code, data.
const ORDER: [u8; 13] = [1, 2, FUNCTION, 4, 5, 13, 6, EXPORT, START, 9, DATA_COUNT, CODE, DATA];
const FUNCTION: u8 = 3;
const EXPORT: u8 = 7;
const START: u8 = 8;
const CODE: u8 = 10;
const DATA: u8 = 11;
const DATA_COUNT: u8 = 12;

/// The last kind of what a module exports: function, table, memory, global, tag.
const TAG_EXPORT: u8 = 4;
