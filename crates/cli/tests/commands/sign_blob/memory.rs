//! Files of any size in constant memory: the real program over a sparse file, its memory watched from outside.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{ecdsa_writer, writer};
use crate::harness::User;

/// Eight times what a signature may take in a debug build, without the 64 MiB that opening a key takes (scrypt).
const FILE: u64 = 256 << 20;
const MOST_KIB: u64 = 32 << 10;
const SCRYPT_KIB: u64 = 64 << 10;

/// Runs the program and returns the most memory that it had in RAM, in KiB.
fn peak(user: &User, arguments: &str, stdin: Stdio) -> u64 {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments.split(' '))
        .current_dir(user.path(""))
        .env_clear()
        .env("COSIGN_PASSWORD", "")
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        // The kernel's high-water mark only rises, so what was seen last counts.
        peak = peak.max(high_water_mark(Path::new(&status)));
        if let Some(ended) = child.try_wait().expect("it is our child") {
            assert!(ended.success(), "{arguments}: {ended}");
            assert!(peak > 0, "{arguments} was never seen");
            return peak;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn high_water_mark(status: &Path) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

#[test]
fn a_large_file_is_signed_and_verified_in_constant_memory() {
    let user = ecdsa_writer();
    let file = File::create(user.path("large")).expect("the folder is writable");
    file.set_len(FILE).expect("the file is sparse");
    let open = || Stdio::from(File::open(user.path("large")).expect("it was created"));
    let sign = "sign-blob --key a.key --tlog-upload=false --bundle b.json";
    let verify = "verify-blob --key a.pub --insecure-ignore-tlog --bundle b.json";
    for (command, most) in [(sign, MOST_KIB + SCRYPT_KIB), (verify, MOST_KIB)] {
        for (file, stdin) in [("large", Stdio::null()), ("-", open())] {
            let peak = peak(&user, &format!("{command} {file}"), stdin);
            assert!(peak <= most, "{command} {file}: {peak} KiB, at most {most}");
        }
    }
}

#[test]
fn a_large_file_gets_its_bundle_in_constant_memory() {
    let user = ecdsa_writer();
    let file = File::create(user.path("large")).expect("the folder is writable");
    file.set_len(FILE).expect("the file is sparse");
    let sign = "sign-blob --key a.key --tlog-upload=false --output-signature large.sig large";
    assert_eq!(user.run(sign).exit, 0);
    let create = "bundle create --ignore-tlog --key a.pub --signature large.sig --artifact large --out large.json";
    let peak = peak(&user, create, Stdio::null());
    assert!(peak <= MOST_KIB, "{peak} KiB, at most {MOST_KIB}");
    let verify = "verify-blob --key a.pub --insecure-ignore-tlog --bundle large.json large";
    assert_eq!(user.run(verify).exit, 0);
}

#[test]
fn a_file_that_is_too_long_for_a_key_is_not_kept_in_memory() {
    let user = writer();
    let file = File::create(user.path("large")).expect("the folder is writable");
    file.set_len(FILE).expect("the file is sparse");
    user.write("large.sig", "AAEC");
    for line in [
        "sign-blob --key a.key --tlog-upload=false large",
        "bundle create --ignore-tlog --key a.pub --signature large.sig --artifact large",
    ] {
        let outcome = user.run(line);
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(
            outcome.stderr.contains("longer than the limit of 134217728 bytes"),
            "{outcome}"
        );
    }
}
