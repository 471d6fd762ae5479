//! `quickstart`: the main job from beginning to end, on a registry and a Sigstore in this process.

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

/// Shows the main job: push, sign with a key and without, verify, and what tampering leads to
#[derive(Args)]
pub(crate) struct Quickstart {
    /// Works in this folder and leaves everything there: keys, files, and what the registry holds
    #[arg(long, value_name = "FOLDER")]
    keep: Option<String>,
}

impl Subcommand for Quickstart {
    const NAME: &'static str = "quickstart";
    const ABOUT: &'static str =
        "Shows the main job: push, sign with a key and without, verify, and what tampering leads to";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let folder = Folder::open(self.keep.as_deref().map(|given| session.path(given)))?;
        let registry = LocalRegistry::start(&folder.path().join("registry"))?;
        let mut shell = Shell::new(session, folder.path());
        let walked = walk(&mut shell, registry.address(), folder.path());
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
fn walk(shell: &mut Shell<'_, '_>, registry: &str, folder: &Path) -> Result<(), Failure> {
    let artifact = format!("{registry}/demo/hello");
    let image = format!("{registry}/demo/image");
    shell.say(&format!(
        "A registry and a Sigstore of its own serve {registry}, from a folder, in this process."
    ))?;
    push(shell, folder, &artifact, &image)?;
    let (signed, signed_image) = sign(shell, &artifact, &image)?;

    shell.say("\n# Verify both, and see what is attached")?;
    shell.run(&format!("{VERIFY} {artifact}:v1 {image}:v1"), Exit::Success)?;
    shell.run(&format!("tree {image}:v1"), Exit::Success)?;

    keyless(shell, registry, &signed_image)?;
    tamper(shell, folder, &artifact, &signed)
}

/// Signatures by whoever has an identity, in both formats, and one who is somebody else.
fn keyless(shell: &mut Shell<'_, '_>, registry: &str, image: &str) -> Result<(), Failure> {
    shell.say(
        "\n# Sign without a key: who shows an identity token gets a certificate for ten minutes, and what is signed is\n\
         # logged and stamped; the token is of a provider in this process, which believes any address",
    )?;
    shell.export(
        "SIGSTORE_ID_TOKEN",
        "serve token --root registry --email you@example.com",
    )?;
    let trust = format!("--trusted-root {SIGSTORE}/trusted_root.json");
    let config = format!("--signing-config {SIGSTORE}/signing_config.v0.2.json");
    shell.run(&format!("sign {config} {trust} --yes {image}"), Exit::Success)?;
    let services = format!("--fulcio-url http://{registry} --rekor-url http://{registry}");
    shell.run(
        &format!("sign --format legacy {services} {trust} --yes {image}"),
        Exit::Success,
    )?;

    shell.say("\n# Verify who signed, and that somebody else did not")?;
    let issuer = format!("--certificate-oidc-issuer http://{registry}/oidc");
    shell.run(
        &format!("verify --output text {trust} --certificate-identity you@example.com {issuer} {image}"),
        Exit::Success,
    )?;
    shell.run(
        &format!("verify {trust} --certificate-identity mallory@example.com {issuer} {image}"),
        Exit::NoneMatch,
    )?;
    Ok(())
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

/// Signs both and gives back their names by digest.
fn sign(shell: &Shell<'_, '_>, artifact: &str, image: &str) -> Result<(String, String), Failure> {
    shell.say("\n# Make a key; sign the artifact in cosign 3's format, the image in those of cosign 2 and 3")?;
    shell.run("generate-key-pair --yes", Exit::Success)?;
    let by_digest = |name: &str| -> Result<String, Failure> {
        let digest = shell.run(&format!("digest {name}:v1"), Exit::Success)?;
        Ok(format!("{name}@{}", digest.trim()))
    };
    let (artifact, image) = (by_digest(artifact)?, by_digest(image)?);
    shell.run(&format!("{SIGN} {artifact}"), Exit::Success)?;
    shell.run(&format!("{SIGN} --format both {image}"), Exit::Success)?;
    Ok((artifact, image))
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

/// Where the server writes what clients need.
const SIGSTORE: &str = "registry/sigstore";
const SIGN: &str = "sign --key cosign.key --tlog-upload=false";
const VERIFY: &str = "verify --key cosign.pub --insecure-ignore-tlog";
