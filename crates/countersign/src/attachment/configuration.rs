//! The image configuration of a signature manifest as another tool wrote it, which is kept when a layer is added.

use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_core::{Digest, go_json};
use countersign_oci::append::{Merge, append};
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{Reference, Repository, Store, StoreError, media_type};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::legacy::{YEAR_ONE, configuration};

/// An image configuration: the members that go-containerregistry knows, in its order. cosign keeps these when it adds a
/// layer, and drops all others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptConfiguration {
    architecture: Box<RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container: Option<Box<RawValue>>,
    #[serde(default = "year_one")]
    created: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    docker_version: Option<Box<RawValue>>,
    #[serde(default)]
    history: Option<Vec<Box<RawValue>>>,
    os: Box<RawValue>,
    rootfs: RootFs,
    config: Box<RawValue>,
    #[serde(default, rename = "os.version", skip_serializing_if = "Option::is_none")]
    os_version: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variant: Option<Box<RawValue>>,
    #[serde(default, rename = "os.features", skip_serializing_if = "Option::is_none")]
    os_features: Option<Box<RawValue>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct RootFs {
    #[serde(rename = "type")]
    kind: Box<RawValue>,
    #[serde(default)]
    diff_ids: Option<Vec<Digest>>,
}

impl KeptConfiguration {
    /// Reads a configuration; nothing where the bytes are none that could be kept.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The bytes, as Go writes them, with a history entry and a diff id for each of `added`, dated anew where `created`
    /// says so.
    pub(super) fn with<'a>(&self, added: impl Iterator<Item = &'a Digest>, created: Option<&str>) -> Vec<u8> {
        let mut kept = self.clone();
        let history = kept.history.get_or_insert_default();
        let diff_ids = kept.rootfs.diff_ids.get_or_insert_default();
        for diff_id in added {
            history.push(entry());
            diff_ids.push(diff_id.clone());
        }
        if let Some(created) = created {
            kept.created = created.to_owned();
        }
        go_json::to_vec(&kept)
    }
}

/// The configurations that were fetched for one tag.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    fetched: Vec<(Digest, Option<KeptConfiguration>)>,
    /// What a manifest was found to have, and is to be fetched.
    wanted: Option<Descriptor>,
    /// A manifest was handed out to be written: from here on the race for the tag must not be left.
    is_writing: bool,
}

impl Known {
    /// The configuration that is kept where a layer is added to `manifest`; nothing where cosign's usual one is.
    ///
    /// That is computed from the layers: where its digest is the one in the manifest, nothing needs to be fetched. So is
    /// one of a date that was seen before, as whoever adds a layer meanwhile keeps the date.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where it is to be fetched first: [`fetch`](Self::fetch) does, and says so.
    pub(crate) fn kept(&self, manifest: &Manifest) -> Result<Option<KeptConfiguration>, StoreError> {
        let mut state = self.state();
        let Some(config) = fetchable(manifest) else {
            return Ok(None);
        };
        if config.digest.matches(&configuration(diff_ids(manifest), None)) {
            return Ok(None);
        }
        if let Some((_, fetched)) = state.fetched.iter().find(|(digest, _)| *digest == config.digest) {
            return Ok(fetched.clone());
        }
        for dated in state.fetched.iter().filter_map(|(_, fetched)| fetched.as_ref()) {
            let computed = configuration(diff_ids(manifest), Some(&dated.created));
            if config.digest.matches(&computed) {
                return Ok(KeptConfiguration::parse(&computed));
            }
        }
        // A signature that is being written comes before the date of one that was added meanwhile.
        if state.is_writing || state.fetched.len() >= FETCHES {
            return Ok(None);
        }
        state.wanted = Some(config.clone());
        Err(StoreError::Changed {
            what: format!("configuration {}", config.digest),
        })
    }

    /// Appends what `merge` says, which asks for configurations here; those that are not known yet are fetched between.
    pub(crate) async fn append<S: Store>(
        &self,
        store: &S,
        tag: &Reference,
        merge: &(dyn Fn(Option<&Manifest>) -> Result<Merge, StoreError> + Sync),
    ) -> Result<(), StoreError> {
        loop {
            let outcome = append(store, tag, merge).await;
            if !self.fetch(store, tag.repository()).await? {
                return outcome;
            }
        }
    }

    /// Notes that a manifest is about to be written.
    pub(crate) fn writing(&self) {
        self.state().is_writing = true;
    }

    /// Fetches what was found to be needed; says whether there was anything.
    async fn fetch<S: Store>(&self, store: &S, repository: &Repository) -> Result<bool, StoreError> {
        let Some(wanted) = self.state().wanted.take() else {
            return Ok(false);
        };
        let opened = store.blob(repository, &wanted.digest, Some(wanted.size)).await;
        let fetched = match opened {
            Ok(stream) => KeptConfiguration::parse(&stream.read(LIMIT).await?),
            // A manifest that lost its configuration can still be signed.
            Err(StoreError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        self.state().fetched.push((wanted.digest, fetched));
        Ok(true)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The descriptor of a manifest's configuration, where it is one of an image and small enough to be read.
fn fetchable(manifest: &Manifest) -> Option<&Descriptor> {
    let config = manifest.content().config.as_ref()?;
    let is_image = matches!(&*config.media_type, media_type::OCI_CONFIG | media_type::DOCKER_CONFIG);
    (is_image && config.size <= LIMIT).then_some(config)
}

fn diff_ids(manifest: &Manifest) -> Vec<&Digest> {
    manifest.layers().iter().map(|layer| &layer.digest).collect()
}

fn entry() -> Box<RawValue> {
    RawValue::from_string(format!("{{\"created\":\"{YEAR_ONE}\"}}")).expect("this is JSON")
}

fn year_one() -> String {
    YEAR_ONE.to_owned()
}

/// How many configurations are fetched: each is of another state of the tag, which others write.
const FETCHES: usize = 8;

/// The most bytes of a configuration that are read: a thousand layers need 120 KiB.
const LIMIT: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use countersign_oci::Upload;

    use super::*;
    use crate::attachment::legacy::{Layer, MediaTypes, append, append_keeping};

    const DATE: &str = "2026-11-22T12:00:00.123456789Z";

    fn signed(existing: Option<&Manifest>, payload: &'static [u8], created: Option<&str>) -> Manifest {
        let layer = Layer::new(Bytes::from_static(payload), "sig");
        append(existing, &[&layer], MediaTypes::Oci, created).expect("small").0
    }

    #[test]
    fn a_usual_configuration_is_computed_and_not_fetched() {
        let one = signed(None, b"1", None);
        let two = signed(Some(&one), b"2", None);
        let known = Known::default();
        for manifest in [&one, &two] {
            assert!(matches!(known.kept(manifest), Ok(None)));
        }
        assert!(known.state().wanted.is_none());
    }

    #[test]
    fn a_dated_configuration_is_fetched_once_for_all_layers_of_its_date() {
        let one = signed(None, b"1", Some(DATE));
        let known = Known::default();
        assert!(matches!(known.kept(&one), Err(StoreError::Changed { .. })));
        let wanted = known.state().wanted.take().expect("it is to be fetched");
        let bytes = configuration(diff_ids(&one), Some(DATE));
        let fetched = KeptConfiguration::parse(&bytes);
        assert!(fetched.is_some() && wanted.digest.matches(&bytes));
        known.state().fetched.push((wanted.digest, fetched));
        let two = signed(Some(&one), b"2", Some(DATE));
        let kept = known.kept(&two).expect("known").expect("dated");
        assert_eq!(kept.created, DATE);
    }

    #[test]
    fn nothing_is_fetched_once_a_manifest_is_being_written() {
        let known = Known::default();
        known.writing();
        assert!(matches!(known.kept(&signed(None, b"1", Some(DATE))), Ok(None)));
    }

    #[test]
    fn no_more_than_a_few_configurations_are_fetched() {
        let known = Known::default();
        for number in 0..FETCHES {
            known.state().fetched.push((Digest::sha256(&[number as u8]), None));
        }
        assert!(matches!(known.kept(&signed(None, b"1", Some(DATE))), Ok(None)));
    }

    #[test]
    fn what_gos_libraries_know_is_kept_in_their_order_and_what_is_of_the_layers_grows() {
        let before = r#"{"unknown":1,"created":"2020-01-02T03:04:05Z","author":"me","architecture":"amd64","config":{"Env":["A=b"]},"os":"linux","history":[{"comment":"x"}],"rootfs":{"type":"layers","diff_ids":null}}"#;
        let before = KeptConfiguration::parse(before.as_bytes()).expect("a configuration");
        let layer = Layer::new(Bytes::from_static(b"payload"), "sig");
        let digest = Digest::sha256(b"payload");
        let after = before.with([&digest].into_iter(), None);
        assert_eq!(
            String::from_utf8_lossy(&after),
            format!(
                r#"{{"architecture":"amd64","author":"me","created":"2020-01-02T03:04:05Z","history":[{{"comment":"x"}},{{"created":"0001-01-01T00:00:00Z"}}],"os":"linux","rootfs":{{"type":"layers","diff_ids":["{digest}"]}},"config":{{"Env":["A=b"]}}}}"#
            )
        );
        let (manifest, upload): (_, Upload) =
            append_keeping(None, Some(&before), &[&layer], MediaTypes::Oci, Some(DATE)).expect("small");
        let dated = before.with([&digest].into_iter(), Some(DATE));
        assert_eq!(upload.digest, Some(Digest::sha256(&dated)));
        assert_eq!(
            manifest.content().config.as_ref().map(|config| config.size),
            Some(dated.len() as u64)
        );
    }

    #[test]
    fn what_is_no_configuration_is_not_kept() {
        for bytes in ["", "{}", "[]", r#"{"rootfs":{"type":"layers"}}"#] {
            assert!(KeptConfiguration::parse(bytes.as_bytes()).is_none(), "{bytes}");
        }
    }
}
