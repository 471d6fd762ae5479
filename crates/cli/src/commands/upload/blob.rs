//! `upload blob`: a file as an image of one layer, or files for several platforms as an index of such images.

use std::collections::BTreeMap;

use clap::Args;
use countersign_artifacts::BlobFile;
use countersign_artifacts::upload::{BlobImage, index};
use countersign_oci::manifest::{Manifest, Platform};
use countersign_oci::store::Condition;
use countersign_oci::{Reference, Registry, Store};

use crate::args::annotations::{pairs, split_list};
use crate::args::image::ImageArg;
use crate::args::registry::RegistryArgs;
use crate::args::usage::{UsageError, UsageKind};
use crate::commands::Subcommand;
use crate::failure::Failure;
use crate::session::Session;

/// Uploads files
#[derive(Args)]
pub(crate) struct Blob {
    #[command(flatten)]
    image: ImageArg,

    /// The file, and its platform; repeat it or separate several with commas
    #[arg(short, long, value_name = "FILE[:OS[/ARCHITECTURE[/VARIANT]]]")]
    files: Vec<String>,

    /// The media type of the files, instead of the one that their first bytes tell
    #[arg(long, value_name = "TYPE")]
    ct: Option<String>,

    /// Adds the annotation KEY=VALUE to the manifests; repeat it or separate several with commas
    #[arg(short, long = "annotation", value_name = "KEY=VALUE")]
    annotations: Vec<String>,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// A file with the platform it is for.
struct Given {
    shown: String,
    file: BlobFile,
    platform: Option<Platform>,
}

impl Subcommand for Blob {
    const NAME: &'static str = "upload blob";
    const ABOUT: &'static str = "Stores a file as an image of one layer, or files for several platforms as an index";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let name = self.image.reference()?;
        if name.digest().is_some() {
            let reason = format!("{name}: a file is uploaded to a tag; its digest is not known before");
            return Err(UsageError::because(reason).into());
        }
        let given = self.given(session)?;
        let annotations = pairs(&self.annotations)?;
        let registry = self.registry.open(session)?;
        session.wait(async {
            match &given[..] {
                [one] => upload_one(one, &name, &annotations, &registry, session).await,
                several => upload_several(several, &name, &annotations, &registry, session).await,
            }
        })
    }
}

impl Blob {
    fn given(&self, session: &Session<'_>) -> Result<Vec<Given>, Failure> {
        let media_type = self.ct.as_deref().filter(|text| !text.is_empty());
        let mut given: Vec<Given> = Vec::new();
        for text in self.files.iter().flat_map(|text| split_list(text)) {
            let (path, platform) = split(&text);
            let file = BlobFile::open(session.path(path), media_type).map_err(|source| Failure::File {
                action: "reading",
                path: path.to_owned(),
                source,
            })?;
            given.push(Given {
                shown: path.to_owned(),
                file,
                platform,
            });
        }
        if given.is_empty() {
            let flags = "files".to_owned();
            return Err(UsageError::new(UsageKind::Required { flags }).into());
        }
        check_platforms(&given)?;
        Ok(given)
    }
}

/// Splits `FILE:OS/ARCHITECTURE/VARIANT` at its last colon.
fn split(text: &str) -> (&str, Option<Platform>) {
    let Some((path, platform)) = text.rsplit_once(':').filter(|(path, _)| !path.is_empty()) else {
        return (text, None);
    };
    let mut parts = platform.splitn(3, '/').map(str::to_owned);
    let platform = Platform {
        os: parts.next().unwrap_or_default(),
        architecture: parts.next().unwrap_or_default(),
        variant: parts.next(),
        os_version: None,
    };
    (path, Some(platform))
}

fn check_platforms(given: &[Given]) -> Result<(), Failure> {
    if given.len() == 1 {
        return Ok(());
    }
    for (index, one) in given.iter().enumerate() {
        let reason = if one.platform.is_none() {
            "had no platform".to_owned()
        } else {
            match given[..index].iter().find(|other| other.platform == one.platform) {
                Some(other) => format!("has the one of {}", other.shown),
                None => continue,
            }
        };
        return Err(UsageError::because(format!(
            "each file must include a unique platform, {} {reason}",
            one.shown
        ))
        .into());
    }
    Ok(())
}

async fn upload_one(
    given: &Given,
    name: &Reference,
    annotations: &BTreeMap<String, String>,
    registry: &Registry,
    session: &Session<'_>,
) -> Result<(), Failure> {
    let image = given
        .send(given.platform.as_ref(), name, annotations, registry, session)
        .await?;
    let pinned = store(name, &image.manifest, registry).await?;
    session.ui().info("Uploaded image to:");
    session.ui().print_line(&pinned)
}

async fn upload_several(
    given: &[Given],
    name: &Reference,
    annotations: &BTreeMap<String, String>,
    registry: &Registry,
    session: &Session<'_>,
) -> Result<(), Failure> {
    let mut images = Vec::new();
    for one in given {
        let image = one.send(None, name, annotations, registry, session).await?;
        let by_digest = name.repository().digest(image.manifest.digest().clone());
        registry
            .push_manifest(&by_digest, &image.manifest, Condition::Always)
            .await?;
        images.push((image, one.platform.clone().unwrap_or_default()));
    }
    let pinned = store(name, &index(&images, annotations)?, registry).await?;
    session
        .ui()
        .info(&format!("Uploading multi-platform index to {pinned}"));
    Ok(())
}

/// Stores a manifest under its tag and returns its name by digest.
async fn store(name: &Reference, manifest: &Manifest, registry: &Registry) -> Result<String, Failure> {
    registry.push_manifest(name, manifest, Condition::Always).await?;
    Ok(name.repository().digest(manifest.digest().clone()).to_string())
}

impl Given {
    async fn send(
        &self,
        platform: Option<&Platform>,
        name: &Reference,
        annotations: &BTreeMap<String, String>,
        registry: &Registry,
        session: &Session<'_>,
    ) -> Result<BlobImage, Failure> {
        let (shown, media_type) = (&self.shown, self.file.media_type());
        session.ui().info(&format!(
            "Uploading file from [{shown}] to [{name}] with media type [{media_type}]"
        ));
        let repository = name.repository();
        let image = self.file.send(platform, annotations, registry, repository).await?;
        session.ui().info(&format!(
            "File [{shown}] is available directly at [{}/v2/{}/blobs/{}]",
            repository.registry(),
            repository.path(),
            image.blob.digest
        ));
        Ok(image)
    }
}
