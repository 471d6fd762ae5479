use proptest::prelude::*;

use super::{Reason, Wasm, WasmError};

const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

fn file(head: &[u8], sections: &[(u8, &[u8])]) -> Vec<u8> {
    let mut file = head.to_vec();
    for (id, content) in sections {
        file.push(*id);
        assert!(content.len() < 0x80, "the size has one byte");
        file.push(content.len() as u8);
        file.extend(*content);
    }
    file
}

fn name(text: &str) -> Vec<u8> {
    let mut name = vec![u8::try_from(text.len()).expect("short")];
    name.extend(text.as_bytes());
    name
}

/// A list of imports or exports of a component: after each name what follows it.
fn names(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut list = vec![u8::try_from(entries.len()).expect("few")];
    for (text, rest) in entries {
        list.push(0);
        list.extend(name(text));
        list.extend(*rest);
    }
    list
}

fn error(file: &[u8]) -> (usize, Reason) {
    match Wasm::parse(file) {
        Err(WasmError { offset, reason }) => (offset, reason),
        Ok(found) => panic!("{found:?}"),
    }
}

#[test]
fn modules_are_read_whole() {
    assert_eq!(Wasm::parse(MODULE), Ok(Wasm::Module));
    let sections: &[(u8, &[u8])] = &[
        (0, b"\x01axyz"),
        (1, b"\x01\x60\0\0"),
        (3, b"\x01\0"),
        (13, b"\0"),
        (6, b"\0"),
        (7, b"\x02\x01f\0\0\x01g\0\0"),
        (0, b"\0"),
        (12, b"\x01"),
        (10, b"\x01\x02\0\x0b"),
        (11, b"\x01\x01\0"),
    ];
    assert_eq!(Wasm::parse(&file(MODULE, sections)), Ok(Wasm::Module));
}

#[test]
fn imports_and_exports_of_a_component_are_named() {
    let imports = names(&[
        ("wasi:io/streams@0.2.0", b"\x05\0"),
        ("m", b"\0\x11\0"),
        ("f", b"\x01\0"),
        ("v", b"\x02\x01\x73"),
        ("w", b"\x02\0\0"),
        ("r", b"\x03\x01"),
        ("t", b"\x03\0\x07"),
        ("c", b"\x04\0"),
    ]);
    let exports = names(&[
        ("wasi:http/incoming-handler@0.2.0", b"\x05\x01\0"),
        ("g", b"\x01\0\x01\x01\0"),
        ("n", b"\0\x11\0\0"),
    ]);
    let inner = file(COMPONENT, &[(10, &names(&[("hidden", b"\x05\0")]))]);
    let component = file(
        COMPONENT,
        &[
            (7, b"anything"),
            (10, &imports),
            (1, &file(MODULE, &[(1, b"\0")])),
            (4, &inner),
            (10, &names(&[("late", b"\x05\0")])),
            (11, &exports),
        ],
    );
    let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        Wasm::parse(&component),
        Ok(Wasm::Component {
            imports: texts(&["wasi:io/streams@0.2.0", "m", "f", "v", "w", "r", "t", "c", "late"]),
            exports: texts(&["wasi:http/incoming-handler@0.2.0", "g", "n"]),
        })
    );
}

#[test]
fn what_is_no_webassembly_is_refused() {
    assert_eq!(error(b""), (0, Reason::Magic { found: Vec::new() }));
    assert_eq!(
        error(b"#!/bin/sh"),
        (
            0,
            Reason::Magic {
                found: b"#!/b".to_vec()
            }
        )
    );
    let short = Reason::Short { expected: 8, found: 5 };
    assert_eq!(error(b"\0asm\x01"), (0, short));
    let found = vec![2, 0, 0, 0];
    assert_eq!(error(b"\0asm\x02\0\0\0"), (0, Reason::Version { found }));
}

#[test]
fn sections_are_inside_the_file_and_in_their_places() {
    let module = |sections: &[(u8, &[u8])]| error(&file(MODULE, sections));
    assert_eq!(
        error(b"\0asm\x01\0\0\0\x01"),
        (9, Reason::Short { expected: 1, found: 0 })
    );
    let short = Reason::Short { expected: 3, found: 2 };
    assert_eq!(error(b"\0asm\x01\0\0\0\x01\x03ab"), (10, short));
    assert_eq!(module(&[(14, b"")]), (8, Reason::Section { found: 14 }));
    assert_eq!(module(&[(1, b"\0"), (1, b"\0")]), (11, Reason::Order { found: 1 }));
    assert_eq!(module(&[(6, b"\0"), (13, b"\0")]), (11, Reason::Order { found: 13 }));
    assert_eq!(module(&[(10, b"\0"), (12, b"\0")]), (11, Reason::Order { found: 12 }));
    assert_eq!(
        error(&file(COMPONENT, &[(13, b"")])),
        (8, Reason::Section { found: 13 })
    );
}

#[test]
fn what_is_in_sections_is_checked() {
    let module = |sections: &[(u8, &[u8])]| error(&file(MODULE, sections));
    assert_eq!(module(&[(0, b"\x01\xff")]), (11, Reason::NotText));
    assert_eq!(module(&[(0, b"")]), (10, Reason::Short { expected: 1, found: 0 }));
    assert_eq!(module(&[(3, b"\x05\0")]), (11, Reason::Count { found: 5, bytes: 1 }));
    assert_eq!(module(&[(3, b"\x01\0\0")]), (12, Reason::Left { found: 1 }));
    let bodies = Reason::Bodies { expected: 1, found: 0 };
    assert_eq!(module(&[(3, b"\x01\0")]), (12, bodies));
    assert_eq!(module(&[(10, b"\x01\x09a")]).1, Reason::Short { expected: 9, found: 1 });
    let segments = Reason::Segments { expected: 2, found: 0 };
    assert_eq!(module(&[(12, b"\x02")]), (11, segments));
    let twice = Reason::Twice { found: "f".to_owned() };
    assert_eq!(module(&[(7, b"\x02\x01f\0\0\x01f\0\0")]).1, twice);
    let kind = |what, found| Reason::Kind { what, found };
    assert_eq!(module(&[(7, b"\x01\x01f\x05\0")]).1, kind("an export", 5));
    assert_eq!(module(&[(3, b"\xff\xff\xff\xff\x1f")]).1, Reason::Number);
    assert_eq!(module(&[(3, b"\x80\x80\x80\x80\x80\0")]).1, Reason::Number);
}

#[test]
fn what_is_in_components_is_checked() {
    let component = |sections: &[(u8, &[u8])]| error(&file(COMPONENT, sections)).1;
    let kind = |what, found| Reason::Kind { what, found };
    let twice = names(&[("a", b"\x05\0"), ("a", b"\x05\0")]);
    assert_eq!(component(&[(10, &twice)]), Reason::Twice { found: "a".to_owned() });
    for (rest, what, found) in [
        (&b"\x06"[..], "a type", 6),
        (b"\0\x10", "an import of a module", 0x10),
        (b"\x02\x02", "a bound of a value", 2),
        (b"\x03\x02", "a bound of a type", 2),
    ] {
        assert_eq!(component(&[(10, &names(&[("a", rest)]))]), kind(what, found));
    }
    for (rest, what, found) in [
        (&b"\x06"[..], "an export", 6),
        (b"\0\x05", "an export of a module", 5),
        (b"\x01\0\x02", "a type of an export", 2),
    ] {
        assert_eq!(component(&[(11, &names(&[("a", rest)]))]), kind(what, found));
    }
    assert_eq!(component(&[(10, b"\x01\x02\x01a")]), kind("a name", 2));
    assert_eq!(component(&[(10, b"\0\0")]), Reason::Left { found: 1 });
    let nested = |expected, found| Reason::Nested { expected, found };
    assert_eq!(component(&[(1, COMPONENT)]), nested("module", "component"));
    assert_eq!(component(&[(4, MODULE)]), nested("component", "module"));
    assert_eq!(component(&[(1, b"no")]), Reason::Magic { found: b"no".to_vec() });
    let mut deep = COMPONENT.to_vec();
    for _ in 0..33 {
        let mut around = COMPONENT.to_vec();
        around.push(4);
        let length = u32::try_from(deep.len()).expect("small");
        around.extend([
            length.to_le_bytes()[0] & 0x7f | 0x80,
            u8::try_from(length >> 7).expect("small"),
        ]);
        around.extend(deep);
        deep = around;
    }
    assert_eq!(error(&deep).1, Reason::Depth { limit: 32 });
}

proptest! {
    #[test]
    fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200), is_module: bool) {
        let mut file = if is_module { MODULE } else { COMPONENT }.to_vec();
        file.extend(bytes);
        let _ = Wasm::parse(&file);
    }
}
