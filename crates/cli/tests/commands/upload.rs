mod blob;
mod wasm;
