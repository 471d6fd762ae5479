//! Reading a chart that a registry has.

use bytes::Bytes;
use countersign_oci::{Descriptor, Manifest, Reference, Repository, Store};
use serde_json::Value;

use super::version::tag;
use super::{ARCHIVE_LIMIT, CONFIG, CONTENT, CONTENT_BEFORE, Chart, ChartError, PROVENANCE, PROVENANCE_LIMIT};

/// A chart from a registry. Its name, version and archive belong together.
#[derive(Clone, Debug)]
pub struct Pulled {
    manifest: Manifest,
    chart: Chart,
    provenance: Option<Bytes>,
    is_old: bool,
}

impl Pulled {
    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The chart.
    pub fn chart(&self) -> &Chart {
        &self.chart
    }

    /// The bytes of the provenance file, where it was asked for.
    pub fn provenance(&self) -> Option<&Bytes> {
        self.provenance.as_ref()
    }

    /// The media type of the archive, where it is the one that Helm wrote before version 3.7.
    pub fn deprecated_media_type(&self) -> Option<&'static str> {
        self.is_old.then_some(CONTENT_BEFORE)
    }
}

/// Whether the provenance file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// It must be there.
    Needed,
    /// It is not looked at.
    Ignored,
}

/// Reads the chart that `reference` names. What the tag, the configuration and the archive say of its version must agree,
/// and what the two last say of its name.
///
/// # Errors
/// [`ChartError`].
pub async fn pull(store: &impl Store, reference: &Reference, wanted: Provenance) -> Result<Pulled, ChartError> {
    let manifest = store.manifest(reference).await?;
    let config = configuration(&manifest, reference)?;
    let (content, is_old) = match one_layer(&manifest, CONTENT) {
        Err(ChartError::Layers { found: 0, .. }) if one_layer(&manifest, CONTENT_BEFORE).is_ok() => {
            (one_layer(&manifest, CONTENT_BEFORE)?, true)
        }
        other => (other?, false),
    };
    let provenance = match wanted {
        Provenance::Needed => Some(one_layer(&manifest, PROVENANCE)?),
        Provenance::Ignored => None,
    };
    let repository = reference.repository();
    let (config, archive, provenance) = tokio::try_join!(
        fetch(store, repository, config, CONFIG_LIMIT),
        fetch(store, repository, content, ARCHIVE_LIMIT),
        async {
            match provenance {
                Some(layer) => fetch(store, repository, layer, PROVENANCE_LIMIT).await.map(Some),
                None => Ok(None),
            }
        },
    )?;
    let chart = Chart::parse(archive)?;
    agree(&config, &chart)?;
    if reference.digest().is_none() {
        let found = tag(chart.metadata().version());
        same("tag", "name", &reference.target().to_string(), &found)?;
    }
    Ok(Pulled {
        manifest,
        chart,
        provenance,
        is_old,
    })
}

fn configuration<'m>(manifest: &'m Manifest, reference: &Reference) -> Result<&'m Descriptor, ChartError> {
    let config = manifest.content().config.as_ref();
    match config {
        Some(config) if config.media_type == CONFIG => Ok(config),
        _ => Err(ChartError::NotAChart {
            name: reference.to_string(),
            expected: CONFIG,
            found: config.map_or("none".to_owned(), |config| config.media_type.clone()),
        }),
    }
}

fn one_layer<'m>(manifest: &'m Manifest, media_type: &'static str) -> Result<&'m Descriptor, ChartError> {
    let mut layers = manifest.layers().iter().filter(|layer| layer.media_type == media_type);
    match (layers.next(), layers.count()) {
        (Some(layer), 0) => Ok(layer),
        (first, more) => Err(ChartError::Layers {
            media_type,
            found: usize::from(first.is_some()) + more,
        }),
    }
}

async fn fetch(
    store: &impl Store,
    repository: &Repository,
    part: &Descriptor,
    limit: u64,
) -> Result<Bytes, ChartError> {
    let stream = store.blob(repository, &part.digest, Some(part.size)).await?;
    Ok(stream.read(limit).await?)
}

/// Checks that the configuration is that of the archive, as far as the chart's name and version go.
fn agree(config: &[u8], chart: &Chart) -> Result<(), ChartError> {
    let config: Value = serde_json::from_slice(config).map_err(|error| countersign_oci::StoreError::Malformed {
        what: "configuration of the chart".to_owned(),
        reason: error.to_string(),
    })?;
    let said = |member: &str| config.get(member).and_then(Value::as_str).unwrap_or_default();
    same("name", "configuration", said("name"), chart.metadata().name())?;
    same("version", "configuration", said("version"), chart.metadata().version())
}

fn same(what: &'static str, place: &'static str, expected: &str, found: &str) -> Result<(), ChartError> {
    if expected == found {
        return Ok(());
    }
    Err(ChartError::Differs {
        what,
        place,
        expected: expected.to_owned(),
        found: found.to_owned(),
    })
}

/// The largest configuration that is read, in bytes.
const CONFIG_LIMIT: u64 = 4 << 20;
