//! The packages of an image: its layers, one after the other, each unpacked while it is fetched.

use std::io::Read;

use countersign_oci::manifest::Descriptor;
use countersign_oci::{Manifest, Meter, Pinned, Store, StoreError, media_type};
use serde_json::Value;

use super::view::View;
use super::{Catalogue, SbomError, layer};

/// Lists the packages of an image; what its upper layers removed is not in it. `meter` counts the bytes as they arrive.
///
/// # Errors
/// [`SbomError`]; a file in it that cannot be read is a gap of the list.
pub async fn of_image(store: &impl Store, image: &Pinned, meter: &Meter) -> Result<Catalogue, SbomError> {
    let manifest = store.manifest(&image.reference()).await?;
    if manifest.is_index() {
        return Err(SbomError::PlatformNeeded {
            available: platforms(&manifest),
        });
    }
    let created = created(store, image, &manifest).await?;
    let mut view = View::default();
    for (number, descriptor) in manifest.layers().iter().enumerate() {
        view.begin(number);
        let in_layer = |source| SbomError::InLayer {
            digest: descriptor.digest.clone(),
            source: Box::new(source),
        };
        view = read(store, image, descriptor, meter, view, |layer, view| {
            layer::add(layer, view)
        })
        .await
        .map_err(in_layer)?;
        let targets = view.take_unresolved();
        if !targets.is_empty() {
            // Hard links to files of other names, which were passed over: once more, for these.
            view = read(store, image, descriptor, meter, view, move |layer, view| {
                layer::add_targets(layer, &targets, view)
            })
            .await
            .map_err(in_layer)?;
        }
    }
    let release = ["etc/os-release", "usr/lib/os-release"];
    let release = release.iter().find_map(|path| view.find(path)?.reading.release.clone());
    let layers: Vec<String> = manifest.layers().iter().map(|layer| layer.digest.to_string()).collect();
    Ok(Catalogue {
        created,
        digest: Some(image.digest().clone()),
        ..Catalogue::of(view.into_files(), release.as_ref(), &layers)
    })
}

/// Fetches a layer, and meanwhile has `work` read it on a thread where that holds nothing up.
async fn read(
    store: &impl Store,
    image: &Pinned,
    layer: &Descriptor,
    meter: &Meter,
    mut view: View,
    work: impl FnOnce(&mut dyn Read, &mut View) -> Result<(), SbomError> + Send + 'static,
) -> Result<View, SbomError> {
    let blob = store.blob(image.repository(), &layer.digest, Some(layer.size)).await?;
    let blob = blob.metered(meter.clone());
    let (view, done) = blob
        .read_by(move |layer| {
            let done = work(layer, &mut view);
            (view, done)
        })
        .await?;
    done.map(|()| view)
}

/// When the image says that it was made.
async fn created(
    store: &impl Store,
    image: &Pinned,
    manifest: &Manifest,
) -> Result<Option<jiff::Timestamp>, SbomError> {
    let config = manifest.content().config.as_ref();
    let kind = config.map_or("", |config| config.media_type.as_str());
    let Some(config) = config.filter(|_| matches!(kind, media_type::OCI_CONFIG | media_type::DOCKER_CONFIG)) else {
        return Err(SbomError::NotAnImage {
            media_type: kind.to_owned(),
        });
    };
    let blob = store
        .blob(image.repository(), &config.digest, Some(config.size))
        .await?;
    let bytes = blob.read(Manifest::LIMIT as u64).await?;
    let config: Value = serde_json::from_slice(&bytes).map_err(|error| StoreError::Malformed {
        what: format!("configuration {}", config.digest),
        reason: error.to_string(),
    })?;
    // The zero time of Go, which some builders write, is no time.
    let created = config.get("created").and_then(Value::as_str);
    Ok(created
        .and_then(|text| text.parse().ok())
        .filter(|at: &jiff::Timestamp| at.as_second() >= 0))
}

fn platforms(index: &Manifest) -> Vec<String> {
    let platforms = index.manifests().iter().filter_map(|entry| entry.platform.as_ref());
    let shown = platforms.take(PLATFORMS_SHOWN).map(|platform| {
        let variant = platform.variant.iter().flat_map(|variant| ["/", variant.as_str()]);
        [platform.os.as_str(), "/", platform.architecture.as_str()]
            .into_iter()
            .chain(variant)
            .collect()
    });
    shown.collect()
}

/// The most platforms that an error lists.
const PLATFORMS_SHOWN: usize = 32;
