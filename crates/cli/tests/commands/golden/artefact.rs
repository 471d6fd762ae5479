//! The artefacts of `golden.json` and how the real cosign was asked about them.

use std::collections::BTreeMap;

use serde::Deserialize;

/// All artefacts, and the environment of cosign 2.
#[derive(Deserialize)]
pub(super) struct Golden {
    pub(super) env_cosign2: BTreeMap<String, String>,
    pub(super) artefacts: Vec<Artefact>,
}

/// Something that cosign made, or that was made of it by hand.
#[derive(Deserialize)]
pub(super) struct Artefact {
    pub(super) id: String,
    /// The folder with the repository that it is in, if it is in one.
    pub(super) layout: Option<String>,
    /// The digest of the image that it is about.
    #[serde(default)]
    pub(super) subject: String,
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    pub(super) verify: Vec<Verification>,
}

/// A run of the real cosign.
#[derive(Deserialize)]
pub(super) struct Verification {
    pub(super) tool: String,
    pub(super) args: Vec<String>,
    pub(super) exit: u8,
    /// The file with what it printed, if it printed anything.
    pub(super) stdout: Option<String>,
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
}

impl Golden {
    pub(super) fn read() -> Self {
        serde_json::from_slice(&super::file("golden.json")).expect("the file describes artefacts")
    }
}
