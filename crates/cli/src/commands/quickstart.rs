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
    let artifact = format!("{registry}/demo/hello");
    let image = format!("{registry}/demo/image");
    shell.say(&format!(
        "A registry serves {registry}, from a folder, in this process."
    ))?;
    push(shell, folder, &artifact, &image)?;
    let signed = sign(shell, &artifact, &image)?;

    shell.say("\n# Verify both, and see what is attached")?;
    shell.run(&format!("{VERIFY} {artifact}:v1 {image}:v1"), Exit::Success)?;
    shell.run(&format!("tree {image}:v1"), Exit::Success)?;

    tamper(shell, folder, &artifact, &signed)
}

fn push(shell: &Shell<'_, '_>, folder: &Path, artifact: &str, image: &str) -> Result<(), Failure> {
    shell.say("\n# Push a file as an OCI artifact, and a folder as a small image")?;
    write(folder, "hello.txt", b"hello\n")?;
    fs::create_dir_all(folder.join("rootfs/etc")).map_err(|source| written("rootfs", source))?;
    write(folder, "rootfs/etc/motd", b"welcome\n")?;
    shell.run(&format!("push {artifact}:v1 hello.txt:text/plain"), Exit::Success)?;
    shell.run(
        &format!("push --artifact-platform linux/amd64 {image}:v1 rootfs"),
        Exit::Success,
    )?;
    Ok(())
}

/// Signs both and gives back the artifact's name by digest.
fn sign(shell: &Shell<'_, '_>, artifact: &str, image: &str) -> Result<String, Failure> {
    shell.say("\n# Make a key; sign the artifact in cosign 3's format, the image in those of cosign 2 and 3")?;
    shell.run("generate-key-pair --yes", Exit::Success)?;
    let by_digest = |name: &str| -> Result<String, Failure> {
        let digest = shell.run(&format!("digest {name}:v1"), Exit::Success)?;
        Ok(format!("{name}@{}", digest.trim()))
    };
    let (artifact, image) = (by_digest(artifact)?, by_digest(image)?);
    shell.run(&format!("{SIGN} {artifact}"), Exit::Success)?;
    shell.run(&format!("{SIGN} --format both {image}"), Exit::Success)?;
    Ok(artifact)
}

/// What must be refused, and how.
fn tamper(shell: &Shell<'_, '_>, folder: &Path, artifact: &str, signed: &str) -> Result<(), Failure> {
    shell.say("\n# Tamper: push other content under the same tag; nobody signed that")?;
    write(folder, "hello.txt", b"hello, mallory\n")?;
    shell.run(&format!("push {artifact}:v1 hello.txt:text/plain"), Exit::Success)?;
    shell.run(&format!("{VERIFY} {artifact}:v1"), Exit::NoSignature)?;

    shell.say("\n# Another key did not sign it")?;
    shell.run("generate-key-pair --yes --output-key-prefix other", Exit::Success)?;
    shell.run(
        &format!("verify --key other.pub --insecure-ignore-tlog {signed}"),
        Exit::NoneMatch,
    )?;

    shell.say("\n# Change a byte in the registry's own folder: what is pulled is not what its digest says")?;
    registry::damage(&folder.join("registry"), b"hello\n").map_err(|source| written("registry", source))?;
    shell.run(&format!("pull --output pulled {signed}"), Exit::Corrupt)?;
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

const SIGN: &str = "sign --key cosign.key --tlog-upload=false";
const VERIFY: &str = "verify --key cosign.pub --insecure-ignore-tlog";
