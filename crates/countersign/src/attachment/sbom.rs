//! Software bills of materials: beside an image under its `.sbom` tag, or as a referrer as cosign makes it.

use bytes::Bytes;
use countersign_core::go_json;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::store::Condition;
use countersign_oci::{Reference, Store, StoreError, Upload, media_type};
use serde::Serialize;

use super::Location;
use super::legacy::{self, Layer, MediaTypes};

/// A bill of materials with the manifest that holds it.
#[derive(Clone)]
pub struct Sbom {
    manifest: Manifest,
    blobs: [Upload; 2],
}

impl Sbom {
    /// Wraps a bill of materials for a `.sbom` tag.
    ///
    /// # Errors
    /// [`StoreError::ManifestTooLarge`], where the media type makes it so.
    pub fn tagged(content: Bytes, media_type: &str) -> Result<Self, StoreError> {
        let layer = Layer::of(media_type, content, [].into());
        let (manifest, configuration) = legacy::append(None, &[&layer], MediaTypes::Oci, None)?;
        Ok(Self {
            manifest,
            blobs: [configuration, layer.upload()],
        })
    }

    /// Wraps a bill of materials as a referrer of `subject` (cosign's `--registry-referrers-mode oci-1-1`).
    ///
    /// # Errors
    /// As [`tagged`](Self::tagged).
    pub fn referring(content: Bytes, media_type: &str, subject: &Descriptor) -> Result<Self, StoreError> {
        let layer = Descriptor::of(media_type, &content);
        let configuration = legacy::configuration(vec![&layer.digest], None);
        let wire = Wire {
            schema_version: 2,
            media_type: media_type::OCI_MANIFEST,
            config: Descriptor::of(ARTIFACT_TYPE, &configuration),
            layers: [layer],
            subject,
            artifact_type: ARTIFACT_TYPE,
        };
        Ok(Self {
            manifest: Manifest::parse(go_json::to_vec(&wire).into(), media_type::OCI_MANIFEST)?,
            blobs: [Upload::bytes(configuration), Upload::bytes(content)],
        })
    }

    /// The name by which the referrer is stored.
    pub fn reference(&self, location: &Location) -> Reference {
        location.repository().digest(self.manifest.digest().clone())
    }

    /// Stores it under `name`, in the place of what is there.
    ///
    /// # Errors
    /// What the store says.
    pub async fn store<S: Store>(&self, name: &Reference, store: &S) -> Result<(), StoreError> {
        for blob in &self.blobs {
            store.push_blob(name.repository(), blob).await?;
        }
        store.push_manifest(name, &self.manifest, Condition::Always).await
    }
}

/// Members in the order in which go-containerregistry writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    schema_version: u32,
    media_type: &'a str,
    config: Descriptor,
    layers: [Descriptor; 1],
    subject: &'a Descriptor,
    artifact_type: &'a str,
}

/// The artifact type of a referrer that is a bill of materials.
pub const ARTIFACT_TYPE: &str = "application/vnd.dev.cosign.artifact.sbom.v1+json";
