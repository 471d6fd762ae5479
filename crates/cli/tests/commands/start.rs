//! What a start may cost: the real program, held where it writes its first output, and looked at from outside.

use std::fs::{self, OpenOptions};
use std::io::{self, PipeReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

#[test]
fn a_start_opens_no_file_and_no_socket() {
    for command in ["version", "--help"] {
        let held = Held::start(env!("CARGO_BIN_EXE_countersign"), command);
        let opened: Vec<String> = held
            .open_files()
            .into_iter()
            .filter(|file| file.0 > 2)
            .map(|file| file.1)
            .collect();
        let own: Vec<String> = open_files("self").into_iter().map(|file| file.1).collect();
        let surplus: Vec<&String> = opened.iter().filter(|file| !own.contains(file)).collect();
        assert_eq!(surplus, [""; 0], "{command}");
    }
}

#[test]
fn a_start_needs_no_library_but_those_of_c() {
    let held = Held::start(env!("CARGO_BIN_EXE_countersign"), "version");
    let mut libraries = held.mapped_files();
    libraries.retain(|file| !LIBRARIES.iter().any(|library| file.starts_with(library)));
    assert_eq!(libraries, ["countersign"]);
}

#[test]
fn a_start_begins_no_thread() {
    for command in ["version", "--help"] {
        let held = Held::start(env!("CARGO_BIN_EXE_countersign"), command);
        assert_eq!(held.status("Threads:"), 1, "{command}");
    }
}

/// The limits hold for a release build, which `.ci/run` names in this variable.
#[test]
#[expect(clippy::print_stdout, reason = "the figures are to be seen where they are measured")]
fn a_start_of_the_release_build_touches_little_memory() {
    let Some(program) = std::env::var("COUNTERSIGN_RELEASE")
        .ok()
        .filter(|path| !path.is_empty())
    else {
        return;
    };
    let contents = fs::read(&program).expect("the program can be read");
    let is_ordered = contents.windows(SECTION.len()).any(|bytes| bytes == SECTION);
    assert!(is_ordered, "link.ld was not used");
    for command in ["version", "--help"] {
        let held = Held::start(&program, command);
        let mathematics: Vec<String> = held
            .mapped_files()
            .into_iter()
            .filter(|file| file.starts_with("libm."))
            .collect();
        assert_eq!(mathematics, [""; 0], "{command}");
        let (faults, memory) = (held.page_faults(), held.status("VmHWM:"));
        println!("{command}: {faults} page faults, {memory} KiB");
        assert!(faults <= MOST_FAULTS, "{command}: {faults} page faults");
        assert!(memory <= MOST_KIB, "{command}: {memory} KiB");
    }
}

/// The program, which waits for somebody to read what it wrote.
struct Held {
    child: Child,
    /// Where it writes to: the program would end if nobody could read.
    _reader: PipeReader,
}

impl Held {
    fn start(program: &str, command: &str) -> Self {
        let (reader, writer) = io::pipe().expect("a pipe can be made");
        // The same pipe, opened once more: only this end does not wait.
        let mut filler = OpenOptions::new()
            .write(true)
            .custom_flags(O_NONBLOCK)
            .open(format!("/proc/self/fd/{}", writer.as_raw_fd()))
            .expect("a pipe can be opened again");
        for chunk in [&[0; 4096][..], &[0]] {
            while filler.write(chunk).is_ok() {}
        }
        let child = Command::new(program)
            .arg(command)
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let held = Self { child, _reader: reader };
        let end = Instant::now() + Duration::from_secs(60);
        while held.state() != "S" {
            assert!(Instant::now() < end, "{command} does not get to its output");
            sleep(Duration::from_millis(5));
        }
        held
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("the program is there")
    }

    fn state(&self) -> String {
        self.stat(3)
    }

    fn page_faults(&self) -> u64 {
        self.stat(10).parse().expect("it is a number")
    }

    /// A field of `/proc/PID/stat`, counted as proc(5) does.
    fn stat(&self, field: usize) -> String {
        let stat = self.read("stat");
        let (_, rest) = stat.rsplit_once(") ").expect("the name is in parentheses");
        rest.split(' ').nth(field - 3).expect("the field is there").to_owned()
    }

    fn status(&self, name: &str) -> u64 {
        let status = self.read("status");
        let line = status
            .lines()
            .find(|line| line.starts_with(name))
            .expect("the line is there");
        let number = line.split_whitespace().nth(1).expect("there is a value");
        number.parse().expect("it is a number")
    }

    fn open_files(&self) -> Vec<(u32, String)> {
        open_files(&self.child.id().to_string())
    }

    /// The names of the files that are part of its memory.
    fn mapped_files(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for line in self.read("maps").lines() {
            if let Some((_, name)) = line.split_once('/') {
                names.push(name.rsplit('/').next().unwrap_or(name).to_owned());
            }
        }
        names.sort();
        names.dedup();
        names
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn open_files(process: &str) -> Vec<(u32, String)> {
    let folder = fs::read_dir(format!("/proc/{process}/fd")).expect("the process is there");
    folder
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let number = entry.file_name().to_str()?.parse().ok()?;
            let file = fs::read_link(entry.path()).ok()?;
            Some((number, file.to_string_lossy().into_owned()))
        })
        .collect()
}

const LIBRARIES: [&str; 4] = ["ld-", "libc", "libgcc_s", "libm"];
/// What `link.ld` gathers, in the program's table of sections.
const SECTION: &[u8] = b"\0.text.start\0";
/// Linux's number on x86 and Arm.
const O_NONBLOCK: i32 = 0o4000;
/// `--help` describes every command, and touches a fifth more pages than `version`.
const MOST_FAULTS: u64 = 250;
/// 4 MiB and what the page cache adds: it keeps files in pieces of 4 KiB to 2 MiB, and brings more of the larger ones.
const MOST_KIB: u64 = 5120;
