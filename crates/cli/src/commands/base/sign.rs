//! `base sign`: signs the layers of images as bases of others.

use std::collections::BTreeMap;

use clap::Args;
use countersign::attachment::Location;
use countersign::attest::{self, Attestation};
use countersign::base::{
    Changed, Image, Marks, Terms, attach, check_layers, layer_signature, marked, publish, rewrite, statement,
};
use countersign::credential::Credential;
use countersign::sign::{Formats, Ready, Subject, prepare};
use countersign_core::age::Age;
use countersign_core::base::PREDICATE_TYPE;
use countersign_oci::AnyStore;

use super::{lowest, read, subject};
use crate::args::attachment::LocationArgs;
use crate::args::credential::CredentialArgs;
use crate::args::image::ImageArg;
use crate::args::registry::RegistryArgs;
use crate::args::services::{Chosen, ServiceArgs};
use crate::args::source::{self, Names};
use crate::args::vouched::{Legacy, Places};
use crate::commands::Subcommand;
use crate::commands::sign::target::tag_warning;
use crate::failure::Failure;
use crate::session::Session;

/// Signs an image's layers
#[derive(Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    credential: CredentialArgs,
    #[command(flatten)]
    services: ServiceArgs,
    #[command(flatten)]
    location: LocationArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    image: ImageArg,

    /// What the base is called in its statement; its repository without it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// How long the statement holds: 90d, 12h. A signature over the layers alone, which never ends, is not made then
    #[arg(long, value_name = "AGE")]
    expires: Option<Age>,

    /// Writes what is signed into the image too, on its last layer, so that images built upon it bring it along; gives the image
    /// another digest: sign it as an image afterwards
    #[arg(long)]
    embed: bool,

    /// Signs what the configuration says of the layers without looking into them
    #[arg(long)]
    trust_config_diffids: bool,
}

impl Subcommand for Sign {
    const NAME: &'static str = "base sign";
    const ABOUT: &'static str = "Signs the layers of an image, so that images built upon it can show that they are";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        self.image.text()?;
        let chosen = self.services.choose(session)?;
        self.credential.check(&self.services, &chosen)?;
        let places = Places {
            certificate: None,
            timestamp: None,
            timestamp_flag: "--timestamp-server-url",
            legacy: Legacy::Nothing,
        };
        places.check(&chosen, self.credential.is_certified())?;
        session.wait(self.sign(session, &chosen))
    }
}

impl Sign {
    async fn sign(&self, session: &Session<'_>, chosen: &Chosen) -> Result<(), Failure> {
        let registry = self.registry.open(session)?;
        let source = source::open(self.image.text()?, Names::Any, &registry, session).await?;
        let store = &source.store;
        if source.reference.digest().is_none() {
            let warning = tag_warning(&source.reference, session.program(), "signed");
            session.ui().warn(&warning);
        }
        let found = subject(store, &source.reference).await?;
        let images = read(&found, store).await?;
        if !self.trust_config_diffids {
            for image in &images {
                check_layers(image, store).await?;
            }
        }
        let http = self.registry.http(session)?;
        let credential = self.credential.obtain(chosen, session, &http).await?;
        let location = self.location.of(&found.image, session)?;
        let making = Making {
            command: self,
            session,
            chosen,
            credential: &credential,
            store,
            location: &location,
        };
        let images = match self.embed {
            true => making.embed(&found, &images).await?,
            false => images,
        };
        let ready = prepare(store, &location, Formats::Bundle).await?;
        for image in &images {
            making.publish(image, ready).await?;
        }
        Ok(())
    }
}

/// What is the same for every image.
struct Making<'a, 'w> {
    command: &'a Sign,
    session: &'a Session<'w>,
    chosen: &'a Chosen,
    credential: &'a Credential,
    store: &'a AnyStore,
    location: &'a Location,
}

impl Making<'_, '_> {
    async fn attestation(&self, image: &Image) -> Result<Attestation, Failure> {
        let name = &image.subject.image;
        let issued = self.session.now();
        let terms = Terms {
            name: self
                .command
                .name
                .clone()
                .unwrap_or_else(|| name.repository().to_string()),
            issued,
            expires: self.command.expires.map(|age| age.after(issued)),
        };
        let claimed = statement(image, &terms).map_err(|source| Failure::statement(PREDICATE_TYPE, source))?;
        let (credential, formats) = (self.credential, Formats::Bundle);
        let attestation = attest::attest(name, &claimed, credential.signer(), formats, issued)?;
        let now = || self.session.now();
        Ok(attest::vouch(attestation, name, credential, &self.chosen.services, formats, now).await?)
    }

    /// The signature over the layers alone: by a key that is known by itself, and where nothing is to end.
    fn signature(&self, image: &Image) -> Result<Option<String>, Failure> {
        if self.credential.certificate().is_some() || self.command.expires.is_some() {
            return Ok(None);
        }
        let signature = layer_signature(image, self.credential.signer());
        Ok(Some(signature.map_err(attest::AttestError::from)?))
    }

    /// Writes what is signed into the images, and reads them again.
    async fn embed(&self, found: &Subject, images: &[Image]) -> Result<Vec<Image>, Failure> {
        let mut changed = Changed::default();
        for image in images {
            let attestation = self.attestation(image).await?;
            let marks = Marks {
                signatures: self.signature(image)?.into_iter().collect(),
                bundles: attestation.bundle.iter().map(|json| json.to_vec()).collect(),
            };
            let marks = BTreeMap::from([(image.layers.len(), marks)]);
            if let Some(manifest) = marked(&image.subject, &marks)? {
                changed.add(image.subject.image.digest().clone(), manifest);
            }
        }
        let new = rewrite(found, &changed, self.store).await?;
        self.session.ui().info(&format!("The image is {new} now"));
        let found = subject(self.store, &new.reference()).await?;
        read(&found, self.store).await
    }

    async fn publish(&self, image: &Image, ready: Ready) -> Result<(), Failure> {
        let attestation = self.attestation(image).await?;
        let signature = self.signature(image)?;
        let place = (self.store, self.location, ready);
        attach(image, &attestation, place, self.session.now()).await?;
        if let Some(bundle) = &attestation.bundle {
            publish(image, bundle.clone(), signature.as_deref(), self.store, self.location).await?;
        }
        let count = image.layers.len();
        let chain_id = image
            .layers
            .chain_id(count)
            .map(ToString::to_string)
            .unwrap_or_default();
        let line = format!("{} {} {chain_id}", image.subject.image, lowest(count));
        self.session.ui().print_line(&line)
    }
}
