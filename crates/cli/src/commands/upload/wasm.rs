//! `upload wasm`: a WebAssembly module or component, in cosign's layout or in one that loaders read.

use bytes::Bytes;
use clap::{Args, ValueEnum};
use countersign_artifacts::wasm::{Format, Image, LIMIT, Wasm};

use crate::args::image::ImageArg;
use crate::args::registry::RegistryArgs;
use crate::args::usage::{UsageError, UsageKind};
use crate::commands::Subcommand;
use crate::env;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Uploads WebAssembly
#[derive(Args)]
pub(crate) struct WasmFile {
    #[command(flatten)]
    image: ImageArg,

    /// The module or component
    #[arg(short, long, value_name = "FILE")]
    file: Option<String>,

    /// The layout in the registry
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "cosign")]
    format: Layout,

    /// The configuration of the proxy that loads the module, JSON (with oci and compat)
    #[arg(long, value_name = "FILE")]
    runtime_config: Option<String>,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// The layout of WebAssembly in a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Layout {
    /// What cosign 3 writes
    Cosign,
    /// What cosign 2 writes
    #[value(name = "cosign-2")]
    Cosign2,
    /// CNCF's Wasm OCI artifact, for wasmCloud, Spin, runwasi and wkg; its time is that of SOURCE_DATE_EPOCH, else now
    WasmOci,
    /// A module for Istio, beside a runtime's configuration
    Oci,
    /// A module for Istio, in an image that container tools take too
    Compat,
}

impl Subcommand for WasmFile {
    const NAME: &'static str = "upload wasm";
    const ABOUT: &'static str = "Stores a WebAssembly module or component";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let name = self.image.reference()?;
        if name.digest().is_some() {
            let reason = format!("{name}: a file is uploaded to a tag; its digest is not known before");
            return Err(UsageError::because(reason).into());
        }
        let Some(path) = crate::args::given(&self.file) else {
            let flags = "file".to_owned();
            return Err(UsageError::new(UsageKind::Required { flags }).into());
        };
        let bytes = Bytes::from(file::read(session.directory(), path, LIMIT)?);
        let wasm = Wasm::parse(&bytes).map_err(|source| Failure::Wasm {
            path: path.to_owned(),
            source,
        })?;
        let title = path.rsplit('/').next().unwrap_or(path);
        let created = self.created(session)?;
        let image = Image {
            wasm: &wasm,
            bytes,
            title,
            runtime_config: self.runtime_config(session)?,
            created: &created,
        };
        let registry = self.registry.open(session)?;
        session
            .ui()
            .info(&format!("Uploading wasm file from [{path}] to [{name}]."));
        let format = Format::from(self.format);
        let manifest = session.wait(async { Ok(image.push(format, &registry, &name).await?) })?;
        let pinned = name.repository().digest(manifest.digest().clone());
        session.ui().print_line(&pinned.to_string())
    }
}

impl WasmFile {
    /// A proxy's image is made alike by everybody; only what the registry shows has a time of today.
    fn created(&self, session: &Session<'_>) -> Result<String, Failure> {
        let otherwise = match self.format {
            Layout::WasmOci => session.now(),
            _ => jiff::Timestamp::UNIX_EPOCH,
        };
        let created = env::source_date(session.environment())?.unwrap_or(otherwise);
        Ok(created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    fn runtime_config(&self, session: &Session<'_>) -> Result<Option<Bytes>, Failure> {
        let Some(path) = crate::args::given(&self.runtime_config) else {
            return Ok(None);
        };
        let bytes = file::read(session.directory(), path, RUNTIME_CONFIG_LIMIT)?;
        let parsed = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes);
        parsed.map_err(|error| UsageError::because(format!("{path} is no object of JSON: {error}")))?;
        Ok(Some(bytes.into()))
    }
}

impl From<Layout> for Format {
    fn from(layout: Layout) -> Self {
        match layout {
            Layout::Cosign => Self::Cosign,
            Layout::Cosign2 => Self::Cosign2,
            Layout::WasmOci => Self::WasmOci,
            Layout::Oci => Self::Oci,
            Layout::Compat => Self::Compat,
        }
    }
}

/// The most bytes of a runtime's configuration.
const RUNTIME_CONFIG_LIMIT: u64 = 1024 * 1024;
