//! How WebAssembly lies in a registry: four ways, because no loader takes all.

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign_core::{Digest, go_json};
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::store::Condition;
use countersign_oci::{Reference, Store, StoreError, Upload, media_type};
use serde::Serialize;

use super::Wasm;
use crate::gzip;
use crate::image::{self, Configuration};
use crate::title::TITLE;

/// A way to store WebAssembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// What cosign 3's `upload wasm` writes: one layer, a configuration that says nothing.
    Cosign,
    /// What cosign 2's `upload wasm` writes: the configuration also has the layer's digest.
    Cosign2,
    /// The Wasm OCI artifact of CNCF's TAG Runtime, version 0: wasmCloud, Spin, runwasi and wkg read it.
    WasmOci,
    /// The `oci` variant of solo.io's WASM artifact image: a layer with the runtime's configuration, then the module;
    /// Istio reads it.
    Oci,
    /// The `compat` variant of the same: an image with `plugin.wasm` in its one layer; Istio and container tools read it.
    Compat,
}

/// A file of WebAssembly with what is said of it.
#[derive(Clone, Debug)]
pub struct Image<'a> {
    /// What it is.
    pub wasm: &'a Wasm,
    /// Its bytes.
    pub bytes: Bytes,
    /// Its name, for those who pull it.
    pub title: &'a str,
    /// The configuration of the runtime, JSON, for the variants that have one.
    pub runtime_config: Option<Bytes>,
    /// The time of creation, as RFC 3339 has it, for the formats that tell it.
    pub created: &'a str,
}

impl Image<'_> {
    /// Stores it and returns the manifest.
    ///
    /// # Errors
    /// [`LayoutError`].
    pub async fn push(&self, format: Format, store: &impl Store, name: &Reference) -> Result<Manifest, LayoutError> {
        self.check(format)?;
        let parts = self.parts(format);
        let config = Descriptor::of(parts.config_type, &parts.config);
        let layers: Vec<Descriptor> = parts.layers.iter().map(Layer::descriptor).collect();
        for layer in parts.layers {
            let mut upload = Upload::bytes(layer.content);
            upload.digest = Some(layer.digest);
            store.push_blob(name.repository(), &upload).await?;
        }
        store.push_blob(name.repository(), &Upload::bytes(parts.config)).await?;
        let manifest = image::manifest(media_type::OCI_MANIFEST, config, &layers, &parts.annotations)?;
        store.push_manifest(name, &manifest, Condition::Always).await?;
        Ok(manifest)
    }

    fn check(&self, format: Format) -> Result<(), LayoutError> {
        let is_module = *self.wasm == Wasm::Module;
        match (format, &self.runtime_config) {
            (Format::Oci | Format::Compat, _) if !is_module => Err(LayoutError::Component),
            (Format::Oci, None) => Err(LayoutError::NoRuntimeConfig),
            (Format::Cosign | Format::Cosign2 | Format::WasmOci, Some(_)) => Err(LayoutError::RuntimeConfig),
            _ => Ok(()),
        }
    }

    fn parts(&self, format: Format) -> Parts {
        let module = |media_type| Layer::of(media_type, self.bytes.clone());
        match format {
            Format::Cosign | Format::Cosign2 => {
                let layer = module(COSIGN_LAYER);
                let digests = [layer.digest.as_str()];
                let config = Configuration {
                    layers: (format == Format::Cosign2).then_some(&digests[..]),
                    ..Configuration::default()
                };
                Parts::new("application/vnd.wasm.config.v1+json", config.to_json(), vec![layer])
            }
            Format::WasmOci => {
                let layer = module(WASM_LAYER).titled(self.title);
                let config = self.wasm_config(&layer.digest);
                Parts::new("application/vnd.wasm.config.v0+json", config, vec![layer])
            }
            Format::Oci => {
                let runtime = self.runtime_config.clone().unwrap_or_default();
                let runtime = Layer::of("application/vnd.module.wasm.config.v1+json", runtime);
                let layer = module(MODULE_LAYER).titled("filter.wasm");
                let digests = [runtime.digest.as_str(), layer.digest.as_str()];
                let config = self.image_config(&digests);
                let layers = vec![runtime.titled("runtime-config.json"), layer];
                Parts::new(media_type::OCI_CONFIG, config, layers)
            }
            Format::Compat => self.compat(),
        }
    }

    fn compat(&self) -> Parts {
        let mut files = vec![("plugin.wasm", 0o644, &*self.bytes)];
        if let Some(runtime) = &self.runtime_config {
            files.push(("runtime-config.json", 0o644, &**runtime));
        }
        let archive = crate::folder::archive(&files);
        let config = self.image_config(&[Digest::sha256(&archive).as_str()]);
        let layer = Layer::of(
            "application/vnd.oci.image.layer.v1.tar+gzip",
            gzip::compress(&archive).into(),
        );
        let mut parts = Parts::new(media_type::OCI_CONFIG, config, vec![layer]);
        let variant = ("module.wasm.image/variant".to_owned(), "compat".to_owned());
        parts.annotations.extend([variant]);
        parts
    }

    fn image_config(&self, layers: &[&str]) -> Vec<u8> {
        let config = Configuration {
            created: Some(self.created),
            layers: Some(layers),
            ..Configuration::default()
        };
        config.to_json()
    }

    /// The configuration of the Wasm OCI artifact (<https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>).
    fn wasm_config(&self, layer: &Digest) -> Vec<u8> {
        let (os, component) = match self.wasm {
            Wasm::Module => ("wasip1", None),
            Wasm::Component { imports, exports } => {
                let component = WireComponent {
                    exports,
                    imports,
                    target: None,
                };
                ("wasip2", Some(component))
            }
        };
        go_json::to_vec(&WireConfig {
            created: self.created,
            author: None,
            architecture: "wasm",
            os,
            layer_digests: [layer],
            component,
        })
    }
}

/// What is stored.
struct Parts {
    config_type: &'static str,
    config: Vec<u8>,
    layers: Vec<Layer>,
    annotations: BTreeMap<String, String>,
}

impl Parts {
    fn new(config_type: &'static str, config: Vec<u8>, layers: Vec<Layer>) -> Self {
        Self {
            config_type,
            config,
            layers,
            annotations: BTreeMap::new(),
        }
    }
}

struct Layer {
    media_type: &'static str,
    content: Bytes,
    digest: Digest,
    title: Option<String>,
}

impl Layer {
    fn of(media_type: &'static str, content: Bytes) -> Self {
        Self {
            media_type,
            digest: Digest::sha256(&content),
            content,
            title: None,
        }
    }

    fn titled(mut self, title: &str) -> Self {
        self.title = Some(title.to_owned());
        self
    }

    fn descriptor(&self) -> Descriptor {
        let title = self.title.iter().map(|title| (TITLE.to_owned(), title.clone()));
        Descriptor {
            size: self.content.len() as u64,
            digest: self.digest.clone(),
            annotations: title.collect(),
            ..Descriptor::of(self.media_type, b"")
        }
    }
}

/// Members in the order in which the Rust library oci-wasm writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireConfig<'a> {
    created: &'a str,
    author: Option<&'a str>,
    architecture: &'a str,
    os: &'a str,
    layer_digests: [&'a Digest; 1],
    component: Option<WireComponent<'a>>,
}

#[derive(Serialize)]
struct WireComponent<'a> {
    exports: &'a [String],
    imports: &'a [String],
    target: Option<&'a str>,
}

/// WebAssembly in cosign's layout.
pub(super) const COSIGN_LAYER: &str = "application/vnd.wasm.content.layer.v1+wasm";

/// WebAssembly in solo.io's layout.
pub(super) const MODULE_LAYER: &str = "application/vnd.module.wasm.content.layer.v1+wasm";

/// WebAssembly in CNCF's layout.
pub(super) const WASM_LAYER: &str = "application/wasm";

/// Why WebAssembly is not stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The format is for modules.
    #[error("it is a component, expected a module: proxies load no components")]
    Component,
    /// The format has a configuration of the runtime, and none is given.
    #[error("the format has a layer with the configuration of the runtime, and none is given")]
    NoRuntimeConfig,
    /// The format has no place for a configuration of the runtime.
    #[error("the format has no place for the configuration of a runtime")]
    RuntimeConfig,
    /// The registry did not take something.
    #[error(transparent)]
    Store(#[from] StoreError),
}
