//! Components (component model, design/mvp/Binary.md).

use super::binary::{Kind, Reader, Reason, WasmError, preamble};
use super::module;

/// What a component asks for and what it gives.
#[derive(Default)]
pub(super) struct Names {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
}

/// Reads what comes after the preamble; its sections may come in any order and more than once.
pub(super) fn read(reader: &mut Reader<'_>, depth: usize) -> Result<Names, WasmError> {
    if depth > DEPTH {
        return reader.wrong(Reason::Depth { limit: DEPTH });
    }
    let mut names = Names::default();
    loop {
        let start = reader.offset();
        let Some((id, mut content)) = reader.section()? else {
            return Ok(names);
        };
        match id {
            CORE_MODULE => nested(&mut content, Kind::Module, depth)?,
            COMPONENT => nested(&mut content, Kind::Component, depth)?,
            IMPORT => {
                for _ in 0..content.count()? {
                    add(&mut names.imports, &mut content)?;
                    description(&mut content)?;
                }
                content.end()?;
            }
            EXPORT => {
                for _ in 0..content.count()? {
                    add(&mut names.exports, &mut content)?;
                    exported(&mut content)?;
                }
                content.end()?;
            }
            // a custom section, or one whose content names nothing that can be seen from outside
            ..=LAST_SECTION => {}
            found => {
                return Err(WasmError {
                    offset: start,
                    reason: Reason::Section { found },
                });
            }
        }
    }
}

fn nested(content: &mut Reader<'_>, expected: Kind, depth: usize) -> Result<(), WasmError> {
    let name = |kind| match kind {
        Kind::Module => "module",
        Kind::Component => "component",
    };
    match (expected, preamble(content)?) {
        (Kind::Module, Kind::Module) => module::check(content),
        (Kind::Component, Kind::Component) => read(content, depth + 1).map(drop),
        (expected, found) => content.wrong(Reason::Nested {
            expected: name(expected),
            found: name(found),
        }),
    }
}

/// A name of an import or export, which no other of them has; what it is says its text.
fn add(names: &mut Vec<String>, content: &mut Reader<'_>) -> Result<(), WasmError> {
    // 1 was once that of an interface's name
    match content.byte()? {
        0 | 1 => {}
        found => {
            return content.wrong(Reason::Kind { what: "a name", found });
        }
    }
    let name = content.name()?;
    if names.len() == NAMES {
        return content.wrong(Reason::Names { limit: NAMES });
    }
    if names.iter().any(|known| known == name) {
        return content.wrong(Reason::Twice { found: name.to_owned() });
    }
    names.push(name.to_owned());
    Ok(())
}

/// What is exported, and the type that is said of it.
fn exported(content: &mut Reader<'_>) -> Result<(), WasmError> {
    match content.byte()? {
        0 => match content.byte()? {
            0..=4 | 0x10..=0x12 => {}
            found => return unknown(content, "an export of a module", found),
        },
        1..=5 => {}
        found => return unknown(content, "an export", found),
    }
    content.number()?;
    match content.byte()? {
        0 => Ok(()),
        1 => description(content),
        found => unknown(content, "a type of an export", found),
    }
}

/// The type of an import (`externdesc`).
fn description(content: &mut Reader<'_>) -> Result<(), WasmError> {
    match content.byte()? {
        0 => match content.byte()? {
            0x11 => content.number().map(drop),
            found => unknown(content, "an import of a module", found),
        },
        1 | 4 | 5 => content.number().map(drop),
        2 => match content.byte()? {
            0 => content.number().map(drop),
            1 => content.skip_signed(),
            found => unknown(content, "a bound of a value", found),
        },
        3 => match content.byte()? {
            0 => content.number().map(drop),
            1 => Ok(()),
            found => unknown(content, "a bound of a type", found),
        },
        found => unknown(content, "a type", found),
    }
}

fn unknown<T>(content: &Reader<'_>, what: &'static str, found: u8) -> Result<T, WasmError> {
    content.wrong(Reason::Kind { what, found })
}

const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;
const IMPORT: u8 = 10;
const EXPORT: u8 = 11;

/// Values, the last kind of section there is.
const LAST_SECTION: u8 = 12;

/// How deep components may be in components.
const DEPTH: usize = 32;

/// The most imports, and the most exports.
const NAMES: usize = 4_000;
