//! Which images are signed, and where the signatures go.

use countersign::attachment::{Kind, Location};
use countersign::credential::Credential;
use countersign::services::Services;
use countersign::sign::signatures::sign_all;
use countersign::sign::{self, Ready, SignOptions, Signatures, Subject, find};
use countersign_core::Digest;
use countersign_oci::{AnyStore, Pinned, Reference, Store};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Sign;
use super::files::{Several, lines};
use super::target::{Target, tag_warning};
use crate::args::services::Chosen;
use crate::args::source::{self, Names, Source};
use crate::failure::Failure;
use crate::session::Session;

/// Signs every image that was named, and attaches the signatures.
pub(super) async fn sign(
    command: &Sign,
    session: &Session<'_>,
    options: &SignOptions,
    chosen: &Chosen,
) -> Result<(), Failure> {
    let registry = command.registry.open(session)?;
    let found = stream::iter(command.images.texts()?)
        .map(|name| async {
            let source = source::open(name, Names::Any, &registry, session).await?;
            subjects(command, session, options, source).await
        })
        .buffered(options.limits.parallel)
        .try_collect::<Vec<_>>();
    let http = command.registry.http(session)?;
    let (credential, found) = tokio::try_join!(command.credential.obtain(chosen, session, &http), found)?;
    let run = Run {
        command,
        session,
        options,
        credential: &credential,
        services: &chosen.services,
    };
    if command.one_bundle {
        let several = if found.len() > 1 { Several::Yes } else { Several::No };
        return stream::iter(&found)
            .map(|targets| run.sign_together(targets, several))
            .buffered(options.limits.parallel)
            .try_collect::<()>()
            .await;
    }
    let all: Vec<Target> = found.into_iter().flatten().collect();
    let several = if all.len() > 1 { Several::Yes } else { Several::No };
    stream::iter(&all)
        .map(|target| run.sign(target, several))
        .buffered(options.limits.parallel)
        .try_collect::<()>()
        .await
}

/// Finds what `source` names, with everything beneath it where asked, and readies the repository while the key is opened.
pub(super) async fn subjects(
    command: &Sign,
    session: &Session<'_>,
    options: &SignOptions,
    source: Source,
) -> Result<Vec<Target>, Failure> {
    let reference = meant(command, session, &source).await?;
    if reference.digest().is_none() {
        session.ui().warn(&tag_warning(&reference, session.program(), "signed"));
    }
    let location = location(command, session, &reference)?;
    let (subject, ready) = tokio::try_join!(
        subject(command, options, &source.store, &reference, &location),
        readied(command, options, &source.store, &location)
    )?;
    let target = Target {
        store: source.store,
        subject,
        location,
        ready,
    };
    match command.recursive && !command.include_attestation_manifests {
        true => target.with_images_beneath(session).await,
        false => target.with_beneath(command.recursive).await,
    }
}

/// Where the signatures go. Of the name only the repository counts here, so this need not wait for the digest.
fn location(command: &Sign, session: &Session<'_>, reference: &Reference) -> Result<Location, Failure> {
    let image = reference.clone().pin(Digest::sha256(b""));
    command.location.of(&image, session)
}

/// Finds the image; what is attached to it is looked at meanwhile, where its digest is known.
async fn subject(
    command: &Sign,
    options: &SignOptions,
    store: &AnyStore,
    reference: &Reference,
    location: &Location,
) -> Result<Subject, Failure> {
    let ahead = async |digest: &Digest| {
        if command.upload {
            sign::look_ahead(store, location, digest, Kind::Signature, options.formats).await;
        }
    };
    let found = async {
        find(store, reference)
            .await
            .map_err(|error| Failure::absent(error, reference))
    };
    if let Some(digest) = reference.digest() {
        return tokio::join!(found, ahead(digest)).0;
    }
    let subject = found.await?;
    ahead(subject.image.digest()).await;
    Ok(subject)
}

/// Readies the repository, where signatures are attached.
async fn readied(
    command: &Sign,
    options: &SignOptions,
    store: &AnyStore,
    location: &Location,
) -> Result<Option<Ready>, Failure> {
    if !command.upload {
        return Ok(None);
    }
    Ok(Some(sign::prepare(store, location, options.formats).await?))
}

/// The name of what is signed: the image, or the attachment of it that `--attachment` means.
async fn meant(command: &Sign, session: &Session<'_>, source: &Source) -> Result<Reference, Failure> {
    let Some(kind) = command.attachment.kind() else {
        return Ok(source.reference.clone());
    };
    let resolve = async |reference: &Reference| {
        let resolved = source.store.resolve(reference).await;
        resolved.map_err(|error| Failure::absent(error, reference))
    };
    let image = match source.reference.digest() {
        Some(digest) => source.reference.clone().pin(digest.clone()),
        None => resolve(&source.reference).await?,
    };
    let tag = command.location.of(&image, session)?.tag(image.digest(), kind)?;
    Ok(resolve(&tag).await?.reference())
}

/// What is the same for every target.
struct Run<'a, 'w> {
    command: &'a Sign,
    session: &'a Session<'w>,
    options: &'a SignOptions,
    credential: &'a Credential,
    services: &'a Services,
}

impl Run<'_, '_> {
    async fn sign(&self, target: &Target, several: Several) -> Result<(), Failure> {
        let (command, session, options) = (self.command, self.session, self.options);
        let (image, signer) = (&target.subject.image, self.credential.signer());
        let signatures = sign::sign(image, &target.store, &target.location, signer, options, session.now()).await?;
        let signatures = self.vouched(signatures, image, several).await?;
        for place in &signatures.skipped {
            session
                .ui()
                .info(&format!("Skipping {image}: signed by this key already ({place})"));
        }
        if target.ready.is_none() {
            return print(command, session, &signatures);
        }
        if signatures.bundle.is_none() && signatures.legacy.is_empty() {
            return Ok(());
        }
        tell_pushing(session, target);
        self.attach(target, &signatures).await
    }

    /// Signs an index and what is beneath it by one statement, which each of them has among its referrers.
    async fn sign_together(&self, targets: &[Target], several: Several) -> Result<(), Failure> {
        let Some(index) = targets.first() else { return Ok(()) };
        let images: Vec<&Pinned> = targets.iter().map(|target| &target.subject.image).collect();
        let signatures = sign_all(&images, self.credential.signer(), self.options, self.session.now())?;
        let signatures = self.vouched(signatures, &index.subject.image, several).await?;
        if index.ready.is_some() {
            tell_pushing(self.session, index);
        }
        stream::iter(targets)
            .map(|target| self.attach(target, &signatures))
            .buffered(self.options.limits.parallel)
            .try_collect::<()>()
            .await
    }

    /// Has services vouch for signatures of `image`, and writes them to the files that were asked for.
    async fn vouched(&self, signatures: Signatures, image: &Pinned, several: Several) -> Result<Signatures, Failure> {
        let now = || self.session.now();
        let vouched = sign::vouch(signatures, image, self.credential, self.services, self.options, now).await?;
        let files = &self.command.files;
        files.write(self.session, image, several, &vouched, self.credential)?;
        Ok(vouched)
    }

    /// Attaches signatures, where any are.
    async fn attach(&self, target: &Target, signatures: &Signatures) -> Result<(), Failure> {
        let Some(ready) = target.ready else { return Ok(()) };
        let (image, key, now) = (
            &target.subject.image,
            self.credential.signer().public_key(),
            self.session.now(),
        );
        let attachment = sign::Attachment {
            ready,
            image,
            subject: &target.subject.descriptor,
            location: &target.location,
        };
        Ok(sign::attach(&attachment, &target.store, key, signatures, self.options, now).await?)
    }
}

/// Says where signatures go, as cosign does.
pub(super) fn tell_pushing(session: &Session<'_>, target: &Target) {
    session
        .ui()
        .info(&format!("Pushing signature to: {}", target.location.repository()));
}

/// Prints the signature where it would otherwise end up nowhere.
fn print(command: &Sign, session: &Session<'_>, signatures: &Signatures) -> Result<(), Failure> {
    if signatures.legacy.is_empty() || command.files.has_signature() {
        return Ok(());
    }
    match lines(signatures) {
        Some(lines) => session.ui().print_line(&String::from_utf8_lossy(&lines)),
        None => Ok(()),
    }
}
