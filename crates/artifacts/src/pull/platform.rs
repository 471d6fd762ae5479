//! Which manifest of an index is pulled.

use countersign_oci::manifest::Platform;
use countersign_oci::{Manifest, Pinned, Store, media_type};

use super::PullError;

/// Reads the manifest of `pinned`; of an index, the one for `wanted`.
pub(super) async fn choose(
    store: &impl Store,
    pinned: &Pinned,
    wanted: Option<&Platform>,
) -> Result<Manifest, PullError> {
    let top = store.manifest(&pinned.reference()).await?;
    if !top.is_index() {
        if let Some(wanted) = wanted {
            let own = platform_of(store, pinned, &top).await?;
            if !own.as_ref().is_some_and(|own| fits(own, wanted)) {
                return Err(PullError::NoSuchPlatform {
                    wanted: shown(wanted),
                    available: own.iter().map(shown).collect(),
                });
            }
        }
        return Ok(top);
    }
    let platforms = || top.manifests().iter().filter_map(|entry| entry.platform.as_ref());
    let Some(wanted) = wanted else {
        return Err(PullError::PlatformNeeded {
            available: platforms().map(shown).collect(),
        });
    };
    let found = top
        .manifests()
        .iter()
        .find(|entry| entry.platform.as_ref().is_some_and(|platform| fits(platform, wanted)));
    match found {
        Some(entry) => {
            let child = pinned.repository().digest(entry.digest.clone());
            Ok(store.manifest(&child).await?)
        }
        None => Err(PullError::NoSuchPlatform {
            wanted: shown(wanted),
            available: platforms().map(shown).collect(),
        }),
    }
}

/// The platform that an image's configuration names; none where it has no such configuration.
async fn platform_of(store: &impl Store, pinned: &Pinned, manifest: &Manifest) -> Result<Option<Platform>, PullError> {
    let Some(config) = &manifest.content().config else {
        return Ok(None);
    };
    if !matches!(&*config.media_type, media_type::OCI_CONFIG | media_type::DOCKER_CONFIG) {
        return Ok(None);
    }
    let stream = store
        .blob(pinned.repository(), &config.digest, Some(config.size))
        .await?;
    let bytes = stream.read(Manifest::LIMIT as u64).await?;
    let platform = serde_json::from_slice(&bytes).map_err(|error| countersign_oci::StoreError::Malformed {
        what: format!("configuration {}", config.digest),
        reason: error.to_string(),
    })?;
    Ok(Some(platform))
}

/// Says whether a platform is the one asked for; what was not asked for may be anything.
fn fits(platform: &Platform, wanted: &Platform) -> bool {
    let agrees = |own: &Option<String>, asked: &Option<String>| asked.is_none() || own == asked;
    platform.os == wanted.os
        && platform.architecture == wanted.architecture
        && agrees(&platform.variant, &wanted.variant)
        && wanted
            .os_version
            .as_deref()
            .is_none_or(|asked| platform.is_of_version(asked))
}

fn shown(platform: &Platform) -> String {
    let mut text = format!("{}/{}", platform.os, platform.architecture);
    for part in platform.variant.iter() {
        text.push('/');
        text.push_str(part);
    }
    for version in platform.os_version.iter() {
        text.push(':');
        text.push_str(version);
    }
    text
}
