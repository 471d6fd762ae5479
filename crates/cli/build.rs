//! Has the linker follow `link.ld` in release builds for Linux: what runs at every start lies side by side, and nothing is
//! kept for unwinding.
//!
//! Only a linker that understands the script is given it: GNU's and LLVM's do, others link as they always do. LLVM's also
//! keeps one copy of functions that are the same; nothing here asks whether two functions have one address. Relocations
//! are packed (DT_RELR) where this machine's loader unpacks them, which glibc does since 2.36: like every use of a newer
//! library it asks for one that is not older where the program runs.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SCRIPT}");
    println!("cargo::rerun-if-changed={UNWINDER}");
    let is_wanted = variable("PROFILE") == "release" && variable("CARGO_CFG_TARGET_OS") == "linux";
    let script = Path::new(&variable("CARGO_MANIFEST_DIR")).join(SCRIPT);
    let script = ["-T".to_owned(), script.display().to_string()];
    let folding = ["-Wl,--icf=all".to_owned()];
    let packing = ["-Wl,-z,pack-relative-relocs".to_owned()];
    let unwinder = is_wanted.then(unwinder).flatten().map(|path| [path]);
    let unwinder = unwinder.as_ref().map_or(&[][..], |path| path);
    for arguments in [&script[..], &folding, &packing, unwinder] {
        if is_wanted && is_understood(arguments) {
            for argument in arguments {
                println!("cargo::rustc-link-arg-bins={argument}");
            }
        }
    }
}

/// The object file that stands for the C compiler's unwinder.
fn unwinder() -> Option<String> {
    let object = Path::new(&variable("OUT_DIR")).join("unwind.o");
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.args([
        "--crate-type=lib",
        "--emit=obj",
        "-O",
        "-C",
        "panic=abort",
        "--target",
        &variable("TARGET"),
    ]);
    rustc.arg("-o").arg(&object).arg(UNWINDER);
    succeeds(&mut rustc).then(|| object.display().to_string())
}

/// Links an empty program with the arguments, the way Cargo will link ours, and runs it if it is for this machine.
fn is_understood(arguments: &[String]) -> bool {
    let folder = variable("OUT_DIR");
    let source = Path::new(&folder).join("empty.rs");
    if fs::write(&source, "fn main() {}\n").is_err() {
        return false;
    }
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.args(["--crate-type=bin", "--target", &variable("TARGET")]);
    for argument in arguments {
        rustc.arg("-C").arg(format!("link-arg={argument}"));
    }
    let flags = variable("CARGO_ENCODED_RUSTFLAGS");
    rustc.args(flags.split('\u{1f}').filter(|flag| !flag.is_empty()));
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={linker}"));
    }
    let program = Path::new(&folder).join("empty");
    rustc.arg("-o").arg(&program).arg(&source);
    let is_foreign = variable("TARGET") != variable("HOST");
    succeeds(&mut rustc) && (is_foreign || succeeds(&mut Command::new(program)))
}

fn succeeds(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

const SCRIPT: &str = "link.ld";
const UNWINDER: &str = "unwind.rs";
