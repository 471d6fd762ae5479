//! `quickstart`: the main job from beginning to end, on a registry in this process.

mod registry;
mod shell;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Fallback, Subcommand};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

use registry::LocalRegistry;
use shell::Shell;

/// Shows the main job: push, sign, verify, and what tampering leads to
#[derive(Args)]
pub(crate) struct Quickstart {
    /// Works in this folder and leaves everything there: keys, files, and what the registry holds
    #[arg(long, value_name = "FOLDER")]
    keep: Option<String>,
}

impl Subcommand for Quickstart {
    const NAME: &'static str = "quickstart";
    const ABOUT: &'static str = "Shows the main job: push, sign, verify, and what tampering leads to";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let folder = Folder::open(self.keep.as_deref().map(|given| session.path(given)))?;
        let registry = LocalRegistry::start(&folder.path().join("registry"))?;
        let shell = Shell::new(session, folder.path());
        let walked = walk(&shell, registry.address(), folder.path());
        registry.stop()?;
        walked?;
        match &self.keep {
            Some(kept) => shell.say(&format!(
                "All of it is in {kept}; `{} serve --root {kept}/registry` serves it again.",
                session.program()
            )),
            None => shell.say("Nothing is left behind; `--keep FOLDER` keeps it all."),
        }
    }
}

/// The folder that everything happens in.
enum Folder {
    Temporary(tempfile::TempDir),
    Kept(PathBuf),
}

impl Folder {
    fn open(kept: Option<PathBuf>) -> Result<Self, Failure> {
        match kept {
            None => tempfile::tempdir()
                .map(Self::Temporary)
                .map_err(|source| written("a temporary folder", source)),
            Some(path) => {
                fs::create_dir_all(&path).map_err(|source| written(&path.display().to_string(), source))?;
                Ok(Self::Kept(path))
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }
}

/// Every command that a user would type, with what it answers.
fn walk(shell: &Shell<'_, '_>, registry: &str, folder: &Path) -> Result<(), Failure> {
    shell.say(&format!(
        "A registry serves {registry}, from a folder, in this process."
    ))?;
    write(folder, "hello.txt", b"hello\n")?;
    fs::create_dir_all(folder.join("rootfs/etc")).map_err(|source| written("rootfs", source))?;
    write(folder, "rootfs/etc/motd", b"welcome\n")?;
    let artifact = format!("{registry}/demo/hello");
    let image = format!("{registry}/demo/image");

    shell.say("\n# Push a file as an OCI artifact, and a folder as a small image")?;
    shell.run(
        &["push", &format!("{artifact}:v1"), "hello.txt:text/plain"],
        Exit::Success,
    )?;
    shell.run(
        &[
            "push",
            "--artifact-platform",
            "linux/amd64",
            &format!("{image}:v1"),
            "rootfs",
        ],
        Exit::Success,
    )?;

    shell
        .say("\n# Make a key and sign both: the artifact in cosign 3's format, the image in those of cosign 2 and 3")?;
    shell.run(&["generate-key-pair", "--yes"], Exit::Success)?;
    let artifact_digest = shell.run(&["digest", &format!("{artifact}:v1")], Exit::Success)?;
    let image_digest = shell.run(&["digest", &format!("{image}:v1")], Exit::Success)?;
    let sign = ["sign", "--key", "cosign.key", "--tlog-upload=false"];
    let verify = ["verify", "--key", "cosign.pub", "--insecure-ignore-tlog"];
    shell.run(
        &[&sign[..], &[&format!("{artifact}@{}", artifact_digest.trim())]].concat(),
        Exit::Success,
    )?;
    shell.run(
        &[
            &sign[..],
            &["--format", "both", &format!("{image}@{}", image_digest.trim())],
        ]
        .concat(),
        Exit::Success,
    )?;

    shell.say("\n# Verify")?;
    shell.run(
        &[&verify[..], &[&format!("{artifact}:v1"), &format!("{image}:v1")]].concat(),
        Exit::Success,
    )?;

    tamper(shell, &artifact, artifact_digest.trim(), folder)
}

/// What must be refused, and how.
fn tamper(shell: &Shell<'_, '_>, artifact: &str, digest: &str, folder: &Path) -> Result<(), Failure> {
    let verify = ["verify", "--key", "cosign.pub", "--insecure-ignore-tlog"];
    shell.say("\n# Tamper: push other content under the same tag; nobody signed that")?;
    write(folder, "hello.txt", b"hello, mallory\n")?;
    shell.run(
        &["push", &format!("{artifact}:v1"), "hello.txt:text/plain"],
        Exit::Success,
    )?;
    shell.run(&[&verify[..], &[&format!("{artifact}:v1")]].concat(), Exit::NoSignature)?;

    shell.say("\n# Another key did not sign it")?;
    shell.run(
        &["generate-key-pair", "--yes", "--output-key-prefix", "other"],
        Exit::Success,
    )?;
    let signed = format!("{artifact}@{digest}");
    shell.run(
        &["verify", "--key", "other.pub", "--insecure-ignore-tlog", &signed],
        Exit::NoneMatch,
    )?;

    shell.say("\n# Change a byte in the registry's own folder: what is pulled is not what its digest says")?;
    registry::damage(&folder.join("registry"), b"hello\n").map_err(|source| written("registry", source))?;
    shell.run(&["pull", "--output", "pulled", &signed], Exit::Corrupt)?;
    shell.say("")
}

fn write(folder: &Path, name: &str, content: &[u8]) -> Result<(), Failure> {
    fs::write(folder.join(name), content).map_err(|source| written(name, source))
}

fn written(path: &str, source: io::Error) -> Failure {
    Failure::File {
        action: "writing",
        path: path.to_owned(),
        source,
    }
}
