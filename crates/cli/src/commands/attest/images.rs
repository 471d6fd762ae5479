//! Which images are attested, and where the attestations go.

use countersign::attachment::discover::Limits;
use countersign::attachment::{Kind, Location};
use countersign::attest::{self, AttestError, AttestOptions, Attestation, Claimed, Earlier};
use countersign::credential::Credential;
use countersign::services::Services;
use countersign::sign::{self, Attachment, Ready, Subject, find};
use countersign_core::Digest;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Attest;
use super::output::Several;
use crate::args::services::Chosen;
use crate::args::source::{self, Names, Source};
use crate::commands::sign::target::{Target, tag_warning};
use crate::failure::Failure;
use crate::session::Session;

/// Attests every image that was named, and attaches the attestations.
pub(super) async fn attest(
    command: &Attest,
    session: &Session<'_>,
    claimed: &Claimed,
    options: AttestOptions,
    limits: &Limits,
    chosen: &Chosen,
) -> Result<(), Failure> {
    let registry = command.registry.open(session)?;
    let found = stream::iter(command.images.texts()?)
        .map(|name| async {
            let source = source::open(name, Names::Any, &registry, session).await?;
            targets(command, session, options, source).await
        })
        .buffered(limits.parallel)
        .try_collect::<Vec<_>>();
    let http = command.registry.http(session)?;
    let (credential, found) = tokio::try_join!(command.credential.obtain(chosen, session, &http), found)?;
    let run = Run {
        command,
        session,
        claimed,
        options,
        credential: &credential,
        services: &chosen.services,
    };
    let targets: Vec<Target> = found.into_iter().flatten().collect();
    let several = if targets.len() > 1 { Several::Yes } else { Several::No };
    stream::iter(&targets)
        .map(|target| run.attest(target, several))
        .buffered(limits.parallel)
        .try_collect::<()>()
        .await
}

/// Finds what `source` names, with everything beneath it where asked, and readies the repository while the key is opened.
async fn targets(
    command: &Attest,
    session: &Session<'_>,
    options: AttestOptions,
    source: Source,
) -> Result<Vec<Target>, Failure> {
    let reference = &source.reference;
    if reference.digest().is_none() {
        session
            .ui()
            .warn(&tag_warning(reference, session.program(), "attested"));
    }
    // Of the name only the repository counts here, so this need not wait for the digest.
    let location = command
        .location
        .of(&reference.clone().pin(Digest::sha256(b"")), session)?;
    let (subject, ready) = tokio::try_join!(
        subject(command, options, &source, &location),
        readied(command, options, &source, &location)
    )?;
    let target = Target {
        store: source.store,
        subject,
        location,
        ready,
    };
    target.with_beneath(command.recursive).await
}

/// Finds the image; what is attached to it is looked at meanwhile, where its digest is known.
async fn subject(
    command: &Attest,
    options: AttestOptions,
    source: &Source,
    location: &Location,
) -> Result<Subject, Failure> {
    let ahead = async |digest: &Digest| {
        if command.output.is_uploaded() {
            sign::look_ahead(&source.store, location, digest, Kind::Attestation, options.formats).await;
        }
    };
    let found = async {
        let found = find(&source.store, &source.reference).await;
        found.map_err(|error| Failure::absent(error, &source.reference))
    };
    if let Some(digest) = source.reference.digest() {
        return tokio::join!(found, ahead(digest)).0;
    }
    let subject = found.await?;
    ahead(subject.image.digest()).await;
    Ok(subject)
}

/// Readies the repository, where attestations are attached.
async fn readied(
    command: &Attest,
    options: AttestOptions,
    source: &Source,
    location: &Location,
) -> Result<Option<Ready>, Failure> {
    if !command.output.is_uploaded() {
        return Ok(None);
    }
    Ok(Some(sign::prepare(&source.store, location, options.formats).await?))
}

/// What is the same for every target.
struct Run<'a, 'w> {
    command: &'a Attest,
    session: &'a Session<'w>,
    claimed: &'a Claimed,
    options: AttestOptions,
    credential: &'a Credential,
    services: &'a Services,
}

impl Run<'_, '_> {
    async fn attest(&self, target: &Target, several: Several) -> Result<(), Failure> {
        let image = &target.subject.image;
        let formats = self.options.formats;
        let earlier = self.earlier(target).await?;
        let (session, credential) = (self.session, self.credential);
        let attestation = attest::attest(image, self.claimed, credential.signer(), formats, session.now())?;
        let now = || session.now();
        let attestation = attest::vouch(attestation, image, credential, self.services, formats, now).await?;
        self.command
            .output
            .write(self.session, image, several, &attestation, formats)?;
        match target.ready {
            Some(ready) => self.attach(target, ready, &attestation, &earlier).await,
            None => Ok(()),
        }
    }

    /// What is replaced, listed before the new attestation is made.
    async fn earlier(&self, target: &Target) -> Result<Earlier, Failure> {
        if !self.command.replace || target.ready.is_none() {
            return Ok(Earlier::none());
        }
        let image = &target.subject.image;
        let (kind, formats) = (self.claimed.predicate_type(), self.options.formats);
        let earlier = Earlier::of_type(image, &target.store, &target.location, kind, formats).await;
        Ok(earlier.map_err(|source| AttestError::Store {
            image: image.clone(),
            source,
        })?)
    }

    async fn attach(
        &self,
        target: &Target,
        ready: Ready,
        attestation: &Attestation,
        earlier: &Earlier,
    ) -> Result<(), Failure> {
        let attachment = Attachment {
            ready,
            image: &target.subject.image,
            subject: &target.subject.descriptor,
            location: &target.location,
        };
        let now = self.session.now();
        let replaced = attest::attach(&attachment, &target.store, attestation, self.options, earlier, now).await?;
        for place in replaced {
            self.session.ui().info(&format!(
                "Replacing attestation predicate: {} ({place})",
                attestation.predicate_type
            ));
        }
        Ok(())
    }
}
