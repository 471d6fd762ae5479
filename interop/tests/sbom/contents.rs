//! What is in the images.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign_interop::Peers;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::json;

/// What an image has.
pub(crate) struct Contents {
    /// How it is called.
    pub(crate) name: &'static str,
    /// Its layers.
    pub(crate) layers: Vec<Vec<Entry>>,
    /// As many packages syft must find, or the comparison would say nothing.
    pub(crate) least: usize,
}

/// An entry of a layer.
pub(crate) enum Entry {
    /// A file with these bytes.
    Bytes(String, Vec<u8>),
    /// A file of this machine.
    File(String, PathBuf),
    /// A symbolic link.
    Link(String, String),
}

/// The images that are compared.
pub(crate) fn all(peers: &Peers) -> Vec<Contents> {
    let mut all = vec![debian(), alpine(), python(peers), node(), go(peers), rust(peers)];
    all.extend(java());
    all
}

/// An image whose upper layers remove and replace.
pub(crate) fn with_whiteouts() -> Contents {
    let package = |folder: &str, name: &str| {
        let json = json!({"name": name, "version": "1.0.0"});
        text(&format!("app/{folder}/package.json"), &json.to_string())
    };
    Contents {
        name: "whiteouts",
        layers: vec![
            vec![
                package("removed", "removed"),
                package("replaced", "before"),
                package("opaque/old", "hidden"),
                package("gone/below", "below"),
                package("kept", "kept"),
            ],
            vec![
                text("app/removed/.wh.package.json", ""),
                package("replaced", "replaced"),
                text("app/opaque/.wh..wh..opq", ""),
                package("opaque/new", "stays"),
                text("app/.wh.gone", ""),
            ],
        ],
        least: 3,
    }
}

fn text(name: &str, content: &str) -> Entry {
    Entry::Bytes(name.to_owned(), content.as_bytes().to_vec())
}

/// This machine's own list where it is a Debian, else one in dpkg's form.
fn debian() -> Contents {
    let status = fs::read_to_string("/var/lib/dpkg/status").unwrap_or_else(|_| {
        let paragraph = |number| format!("Package: lib{number}\nStatus: install ok installed\nArchitecture: amd64\nSource: src{number} (1.{number})\nVersion: 1:1.{number}-2+b1\n");
        (0..100).map(paragraph).collect::<Vec<_>>().join("\n")
    });
    let release = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";
    let distroless = "Package: tzdata\nVersion: 2024a-0+deb12u1\nArchitecture: all\n";
    Contents {
        name: "debian",
        layers: vec![
            vec![
                text("usr/lib/os-release", release),
                Entry::Link("etc/os-release".to_owned(), "../usr/lib/os-release".to_owned()),
                text(
                    "var/lib/dpkg/status",
                    "Package: replaced\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n",
                ),
            ],
            vec![
                text("var/lib/dpkg/status", &status),
                text("var/lib/dpkg/status.d/tzdata", distroless),
                text(
                    "var/lib/dpkg/status.d/tzdata.md5sums",
                    "d41d8cd98f00b204e9800998ecf8427e  usr/share/zoneinfo/UTC\n",
                ),
            ],
        ],
        least: 90,
    }
}

/// A list as apk writes it.
fn alpine() -> Contents {
    let names = [
        "musl",
        "busybox",
        "alpine-baselayout",
        "libcrypto3",
        "libssl3",
        "zlib",
        "apk-tools",
        "libstdc++",
        "so:x",
    ];
    let package = |number: usize| {
        let name = names
            .get(number)
            .map_or_else(|| format!("package{number}"), |name| (*name).to_owned());
        let origin = if number.is_multiple_of(3) {
            name.clone()
        } else {
            format!("origin{number}")
        };
        format!(
            "C:Q1pM6Z{number}=\nP:{name}\nV:1.{number}.0_git20240101-r{number}\nA:x86_64\nS:1\nI:2\nT:a package\nU:https://example.com\nL:MIT AND Apache-2.0\no:{origin}\nm:A <a@example.com>\nt:1698312233\nc:deadbeef\nD:so:libc.musl-x86_64.so.1\np:cmd:{name}=1\nF:lib\nR:lib{number}.so\na:0:0:755\nZ:Q1xyz=\n"
        )
    };
    let installed: Vec<String> = (0..120).map(package).collect();
    let release = "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME=\"Alpine Linux v3.20\"\n";
    Contents {
        name: "alpine",
        layers: vec![vec![
            text("etc/os-release", release),
            text("lib/apk/db/installed", &installed.join("\n")),
        ]],
        least: 100,
    }
}

/// The packages of Python of this machine, and those of a peer.
fn python(peers: &Peers) -> Contents {
    let mut entries = tree(
        Path::new("/usr/lib/python3/dist-packages"),
        "usr/lib/python3/dist-packages",
        &is_metadata,
    );
    let environment = format!("{}/sigstore-python/lib", peers.folder());
    entries.extend(tree(Path::new(&environment), "opt/venv/lib", &is_metadata));
    for number in 0..30 {
        let head = format!(
            "Metadata-Version: 2.1\nName: Written_Package.{number}\nVersion: {number}.1\nLicense: MIT\n\nText\n"
        );
        entries.push(text(
            &format!("srv/lib/Written_Package.{number}-{number}.1.dist-info/METADATA"),
            &head,
        ));
    }
    Contents {
        name: "python",
        layers: vec![entries],
        least: 30,
    }
}

fn is_metadata(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    matches!(&*name, "METADATA" | "PKG-INFO") || name.ends_with(".egg-info")
}

/// npm with all that it is made of, and what is written here.
fn node() -> Contents {
    let is_package = |path: &Path| path.file_name().is_some_and(|name| name == "package.json");
    let mut entries = tree(Path::new("/usr/lib/node_modules"), "usr/lib/node_modules", &is_package);
    for (folder, json) in [
        (
            "scoped",
            json!({"name": "@scope/scoped", "version": "1.0.0-rc.1+build"}),
        ),
        ("unversioned", json!({"name": "unversioned"})),
        ("nameless", json!({"type": "module"})),
        (
            "old",
            json!({"name": "old", "version": "0.0.1", "license": {"type": "MIT", "url": "https://x"}}),
        ),
    ] {
        entries.push(text(
            &format!("app/node_modules/{folder}/package.json"),
            &json.to_string(),
        ));
    }
    for number in 0..60 {
        let json = json!({"name": format!("written{number}"), "version": format!("1.{number}.0")});
        entries.push(text(
            &format!("app/node_modules/written{number}/package.json"),
            &json.to_string(),
        ));
    }
    Contents {
        name: "node",
        layers: vec![entries],
        least: 60,
    }
}

/// Programs that Go built: the peers, which are larger than any image's.
fn go(peers: &Peers) -> Contents {
    let programs = ["crane", "oras", "cosign2", "cosign3", "docker-registry"];
    let file = |name: &&str| Entry::File(format!("usr/local/bin/{name}"), peers.program(name));
    Contents {
        name: "go",
        layers: programs.iter().map(|name| vec![file(name)]).collect(),
        least: 300,
    }
}

/// A program of Rust with the section that `cargo auditable` gives it: the packages of our own lock file.
fn rust(peers: &Peers) -> Contents {
    let lock =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).expect("the lock file is there");
    let mut packages = Vec::new();
    for paragraph in lock.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let line = paragraph
                .lines()
                .find_map(|line| line.strip_prefix(&format!("{key} = \"")));
            line.map(|line| line.trim_end_matches('"'))
                .expect("each package has it")
        };
        let kind = if packages.len().is_multiple_of(10) {
            "build"
        } else {
            "runtime"
        };
        packages.push(json!({"name": value("name"), "version": value("version"), "source": "crates.io", "kind": kind}));
    }
    let json = json!({"packages": packages}).to_string();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(json.as_bytes()).expect("a list of bytes takes all");
    let section = zlib.finish().expect("a list of bytes takes all");
    let (source, program) = (peers.path("audited.rs"), peers.path("audited"));
    fs::write(peers.path("audited.zlib"), &section).expect("the folder can be written to");
    let code = format!(
        "#[unsafe(link_section = \".dep-v0\")]\n#[used]\nstatic LIST: [u8; {}] = *include_bytes!(\"audited.zlib\");\nfn main() {{}}\n",
        section.len()
    );
    fs::write(&source, code).expect("the folder can be written to");
    let built = Command::new("rustc")
        .args(["--edition=2024", &source, "-o", &program])
        .status();
    assert!(built.expect("rustc runs").success());
    Contents {
        name: "rust",
        layers: vec![vec![Entry::File("app/audited".to_owned(), program.into())]],
        least: 100,
    }
}

/// Java's archives, where the machine has some.
fn java() -> Option<Contents> {
    let is_archive = |path: &Path| path.extension().is_some_and(|end| end == "jar");
    let entries = tree(Path::new("/usr/share/java"), "usr/share/java", &is_archive);
    (entries.len() >= 5).then(|| Contents {
        name: "java",
        least: entries.len() / 3,
        layers: vec![entries],
    })
}

/// The files below a folder that are wanted; links are left out.
fn tree(folder: &Path, name: &str, is_wanted: &dyn Fn(&Path) -> bool) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    found.sort();
    for path in found {
        let base = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = format!("{name}/{base}");
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            entries.extend(tree(&path, &name, is_wanted));
        } else if is_wanted(&path) {
            entries.push(Entry::File(name, path));
        }
    }
    entries
}
