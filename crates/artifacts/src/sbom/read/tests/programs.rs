//! Programs: those of this machine, and some that are put together here.

use super::super::super::package::Kind;
use super::super::{Reading, Severity};
use super::{gap, is_passed_over, purls, read, zlib};
use crate::sbom::read::Scope;

const LIST: &str = r#"{"packages":[
    {"name":"a","version":"1.0.0","source":"local","root":true},
    {"name":"b","version":"2.0.0-rc.1+x","source":"crates.io","kind":"runtime"},
    {"name":"c","version":"3.0.0","source":"crates.io","kind":"build"}
]}"#;

/// A 64-bit ELF file of these sections.
fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut program = b"\x7fELF\x02\x01\x01".to_vec();
    program.resize(64, 0);
    let mut names = b"\0".to_vec();
    let mut headers = vec![0; 64];
    let mut add = |name: &str, content: &[u8], program: &mut Vec<u8>, names: &mut Vec<u8>| {
        let at = names.len() as u32;
        names.extend(name.bytes().chain([0]));
        let mut header = at.to_le_bytes().to_vec();
        header.extend(1_u32.to_le_bytes());
        header.extend([0; 16]);
        header.extend((program.len() as u64).to_le_bytes());
        header.extend((content.len() as u64).to_le_bytes());
        header.resize(64, 0);
        headers.extend(header);
        program.extend(content);
        // as sections are aligned
        program.resize(program.len().next_multiple_of(16), 0);
    };
    for (name, content) in sections {
        add(name, content, &mut program, &mut names);
    }
    let mut own = names.clone();
    own.extend(b".shstrtab\0");
    add(".shstrtab", &own, &mut program, &mut names);
    let count = sections.len() as u16 + 2;
    let start = program.len() as u64;
    program.extend(headers);
    program[40..48].copy_from_slice(&start.to_le_bytes());
    program[58..60].copy_from_slice(&64_u16.to_le_bytes());
    program[60..62].copy_from_slice(&count.to_le_bytes());
    program[62..64].copy_from_slice(&(count - 1).to_le_bytes());
    program
}

/// What Go 1.18 and later write.
fn build_info(go: &str, modules: &str) -> Vec<u8> {
    let mut info = b"\xff Go buildinf:\x08\x02".to_vec();
    info.resize(32, 0);
    let guarded = format!("0123456789abcdef{modules}fedcba9876543210");
    for text in [go, &guarded] {
        let mut length = text.len();
        while length >= 0x80 {
            info.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        info.push(length as u8);
        info.extend(text.as_bytes());
    }
    info
}

#[test]
fn crates_of_audited_programs_are_read() {
    let list = zlib(LIST);
    let reading = read("usr/bin/a", &elf(&[(".text", b"x"), (".dep-v0", &list)]));
    assert_eq!(
        purls(&reading, None),
        ["pkg:cargo/a@1.0.0", "pkg:cargo/b@2.0.0-rc.1%2Bx"]
    );
    let broken = read("usr/bin/a", &elf(&[(".dep-v0", &list[..20])]));
    assert_eq!(gap(&broken).0, Severity::File);
    let other = read("usr/bin/a", &elf(&[(".dep-v0", &zlib("{}"))]));
    assert_eq!(gap(&other).1, "it is malformed: there is no list of packages");
}

#[test]
fn crates_of_programs_of_windows_and_macos_are_read() {
    let list = zlib(LIST);
    let expected = ["pkg:cargo/a@1.0.0", "pkg:cargo/b@2.0.0-rc.1%2Bx"];
    for program in [windows(&list), macos(&list), fat(&macos(&list))] {
        assert_eq!(purls(&read("a", &program), None), expected);
    }
}

fn windows(section: &[u8]) -> Vec<u8> {
    let mut program = b"MZ".to_vec();
    program.resize(64, 0);
    program[0x3c] = 64;
    program.extend(b"PE\0\0\x64\x86\x01\0");
    program.resize(64 + 20, 0);
    program.extend(240_u16.to_le_bytes());
    program.resize(64 + 24, 0);
    program.extend(0x20b_u16.to_le_bytes());
    program.resize(64 + 24 + 240, 0);
    program.extend(b".dep-v0\0");
    let size = section.len() as u32;
    for word in [size, 0x1000, size + 7, 64 + 24 + 240 + 40] {
        program.extend(word.to_le_bytes());
    }
    program.resize(64 + 24 + 240 + 40, 0);
    program.extend(section);
    program.extend([0; 7]);
    program
}

fn macos(section: &[u8]) -> Vec<u8> {
    let mut program = vec![0xcf, 0xfa, 0xed, 0xfe];
    program.resize(16, 0);
    program.extend(1_u32.to_le_bytes());
    program.resize(32, 0);
    program.extend(0x19_u32.to_le_bytes());
    program.extend((72_u32 + 80).to_le_bytes());
    program.resize(32 + 64, 0);
    program.extend(1_u32.to_le_bytes());
    program.resize(32 + 72, 0);
    program.extend(b".dep-v0\0\0\0\0\0\0\0\0\0");
    program.resize(32 + 72 + 40, 0);
    program.extend((section.len() as u64).to_le_bytes());
    program.extend((32_u32 + 72 + 80).to_le_bytes());
    program.resize(32 + 72 + 80, 0);
    program.extend(section);
    program
}

fn fat(program: &[u8]) -> Vec<u8> {
    let mut file = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 1];
    for word in [0x0100_0007, 3, 64, program.len() as u32, 0] {
        file.extend(word.to_be_bytes());
    }
    file.resize(64, 0);
    file.extend(program);
    file
}

fn go(modules: &str) -> Reading {
    read(
        "usr/bin/a",
        &elf(&[(".go.buildinfo", &build_info("go1.26.8 X:boringcrypto", modules))]),
    )
}

#[test]
fn modules_of_go_are_named_as_syft_does() {
    let reading = go(concat!(
        "path\tgithub.com/x/y/cmd/z\n",
        "mod\tgithub.com/x/y\tv1.2.3\th1:x=\n",
        "dep\tcloud.google.com/go/compute/metadata\tv0.9.0\th1:y=\n",
        "dep\tgopkg.in/yaml.v3\tv3.0.1\th1:z=\n",
        "dep\tgithub.com/old/a\tv1.0.0\n",
        "=>\tgithub.com/new/a/v2\tv2.0.0+incompatible\th1:z=\n",
        "build\t-ldflags=\"-X main.version=v9.9.9\"\n",
    ));
    assert_eq!(
        purls(&reading, None),
        [
            "pkg:golang/github.com/x/y@v1.2.3",
            "pkg:golang/cloud.google.com/go/compute@v0.9.0#metadata",
            "pkg:golang/gopkg.in/yaml.v3@v3.0.1",
            "pkg:golang/github.com/new/a@v2.0.0%2Bincompatible#v2",
            "pkg:golang/stdlib@1.26.8",
        ]
    );
    let (kind, stdlib) = &reading.packages[4];
    assert_eq!(
        (*kind, stdlib.name.as_str(), stdlib.version.as_str()),
        (Kind::Go, "stdlib", "go1.26.8")
    );
}

#[test]
fn a_main_module_without_a_version_gets_that_of_its_build() {
    for (settings, expected) in [
        ("build\t-ldflags=\"-s -X main.version=1.2.3-rc1\"\n", "v1.2.3-rc1"),
        (
            "build\t-ldflags=\"-X github.com/x/y/internal.gitVersion=v4.5.6\"\n",
            "v4.5.6",
        ),
        ("build\t-ldflags=\"-X github.com/other/y.version=v4.5.6\"\n", "(devel)"),
        (
            "build\tvcs.revision=0123456789abcdef\nbuild\tvcs.time=2026-01-02T03:04:05Z\n",
            "v0.0.0-20260102030405-0123456789ab",
        ),
        ("", "(devel)"),
    ] {
        let reading = go(&format!(
            "path\tgithub.com/x/y\nmod\tgithub.com/x/y\t(devel)\t\n{settings}"
        ));
        assert_eq!(reading.packages[0].1.version, expected, "{settings}");
    }
    let of_files = go("path\tcommand-line-arguments\ndep\tgithub.com/x/y\t(devel)\t\n");
    assert_eq!(of_files.packages[0].1.name, "github.com/x/y");
    assert_eq!(of_files.packages.len(), 2);
}

#[test]
fn the_form_before_go_1_18_is_read() {
    let (go, modules) = ("go1.17", "0123456789abcdefmod\tgithub.com/x/y\tv1\n0123456789abcdef");
    let mut data = b"\xff Go buildinf:\x08\x00".to_vec();
    // addresses of two headers, then the headers, then the texts; all are loaded to 0x1000
    for address in [
        0x1020_u64,
        0x1030,
        0x1040,
        go.len() as u64,
        0x1046,
        modules.len() as u64,
    ] {
        data.extend(address.to_le_bytes());
    }
    data.extend(go.as_bytes());
    data.extend(modules.as_bytes());
    let mut program = b"\x7fELF\x02\x01\x01".to_vec();
    program.resize(64, 0);
    program[32] = 64;
    program[54] = 56;
    program[56] = 1;
    program.extend([1_u32, 6].iter().flat_map(|word| word.to_le_bytes()));
    for word in [128_u64, 0x1000, 0, data.len() as u64] {
        program.extend(word.to_le_bytes());
    }
    program.resize(128, 0);
    program.extend(&data);
    assert_eq!(
        purls(&read("a", &program), None),
        ["pkg:golang/github.com/x/y@v1", "pkg:golang/stdlib@1.17"]
    );
}

#[test]
fn what_is_no_program_is_passed_over() {
    for bytes in [&b"MZ"[..], &[0; 200], &[b'M'; 200], b"\xca\xfe\xba\xbe\0\0\0\x34"] {
        assert!(is_passed_over("a", bytes, Scope::Image));
    }
    let plain = elf(&[(".text", b"code")]);
    assert!(is_passed_over("a", &plain, Scope::Image));
    for length in 0..plain.len() {
        assert!(is_passed_over("a", &plain[..length], Scope::Image), "{length}");
    }
}

#[test]
fn a_real_program_of_rust_is_read_without_gaps() {
    let program = std::env::current_exe()
        .and_then(std::fs::read)
        .expect("this test can be read");
    assert!(is_passed_over("test", &program, Scope::Image));
}
