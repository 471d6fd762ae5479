//! WebAssembly in registries: modules and components, checked before they are stored, in the layouts that loaders ask for.

mod binary;
mod component;
mod layout;
mod module;

pub use binary::{Reason, WasmError};
pub use layout::{Format, Image, LayoutError};

use binary::{Reader, preamble};

/// What a file of WebAssembly is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wasm {
    /// A core module (core specification §5.5).
    Module,
    /// A component (component model, Binary.md), with what it asks for and what it gives.
    Component {
        /// The names of its imports, in their order.
        imports: Vec<String>,
        /// The names of its exports, in their order.
        exports: Vec<String>,
    },
}

impl Wasm {
    /// Reads a file whole: its sections, each inside the file and in its place, what is in those that loaders go by, and
    /// every module and component within.
    ///
    /// # Errors
    /// [`WasmError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, WasmError> {
        let mut reader = Reader::of(bytes);
        match preamble(&mut reader)? {
            binary::Kind::Module => module::check(&mut reader).map(|()| Self::Module),
            binary::Kind::Component => {
                let names = component::read(&mut reader, 0)?;
                Ok(Self::Component {
                    imports: names.imports,
                    exports: names.exports,
                })
            }
        }
    }
}

/// Says whether a layer of this media type is a file of WebAssembly.
pub(crate) fn is_layer(media_type: &str) -> bool {
    matches!(
        media_type,
        layout::COSIGN_LAYER | layout::MODULE_LAYER | layout::WASM_LAYER
    )
}

/// The largest file that is read, in bytes.
pub const LIMIT: u64 = 256 * 1024 * 1024;

#[cfg(test)]
mod tests;
