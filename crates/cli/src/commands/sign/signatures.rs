//! Signs the signatures of images, instead of the images alone.

use countersign::credential::Credential;
use countersign::sign::signatures::{self, Before, Signed};
use countersign::sign::{self, Attachment, Formats, SignOptions, Signatures, Subject};
use countersign::verify::Rules;

use super::files::Several;
use super::images::subjects;
use super::target::Target;
use super::{Sign, images};
use crate::args::countersign::Asked;
use crate::args::services::Chosen;
use crate::args::source::{self, Names};
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

/// Checks that no flag is passed over.
pub(super) fn check(command: &Sign) -> Result<(), Failure> {
    command.countersign.check()?;
    if !command.countersign.is_given() {
        return Ok(());
    }
    let others = [
        (command.payload.is_some(), "--payload"),
        (!command.sign_container_identity.is_empty(), "--sign-container-identity"),
        (command.skip_existing, "--skip-existing"),
        (!command.upload, "--upload=false"),
        (command.recursive, "--recursive"),
    ];
    if let Some((_, flag)) = others.into_iter().find(|(is_given, _)| *is_given) {
        return Err(UsageError::because(format!("{flag} and --countersign exclude each other")).into());
    }
    if command.files.is_given() && command.format.formats()?.has_legacy() {
        return Err(UsageError::because(
            "--countersign makes a signature for each manifest in the signature tag's format: a file has no place for them",
        )
        .into());
    }
    Ok(())
}

/// Signs the signatures of every image that was named.
pub(super) async fn sign(
    command: &Sign,
    session: &Session<'_>,
    options: &SignOptions,
    chosen: &Chosen,
) -> Result<(), Failure> {
    let registry = command.registry.open(session)?;
    let http = command.registry.http(session)?;
    let asked = command.countersign.asked(&command.services, session, &http).await?;
    let credential = command.credential.obtain(chosen, session, &http).await?;
    let run = Run {
        command,
        session,
        options,
        asked: asked.as_ref(),
        credential: &credential,
        chosen,
    };
    let names = command.images.texts()?;
    let several = if names.len() > 1 { Several::Yes } else { Several::No };
    for name in names {
        let source = source::open(name, Names::Any, &registry, session).await?;
        for target in subjects(command, session, options, source).await? {
            run.countersign(&target, several).await?;
        }
    }
    Ok(())
}

struct Run<'a, 'w> {
    command: &'a Sign,
    session: &'a Session<'w>,
    options: &'a SignOptions,
    asked: Option<&'a Asked>,
    credential: &'a Credential,
    chosen: &'a Chosen,
}

impl Run<'_, '_> {
    async fn countersign(&self, target: &Target, several: Several) -> Result<(), Failure> {
        let signed = self.signatures(target).await?;
        self.keep(target, &signed).await?;
        let image = &target.subject.image;
        let options = signatures::options_for(self.options, image, signed.holders.len());
        for holder in &signed.holders {
            let digest = holder.image.digest();
            self.session
                .ui()
                .info(&format!("Countersigning {digest}, a signature of {image}"));
        }
        if options.formats.has_bundle() {
            self.bundle(target, &signed, &options, several).await?;
        }
        if options.formats.has_legacy() {
            // Not the image too: its signature tag would be replaced, and what has just been countersigned with it.
            for holder in &signed.holders {
                self.legacy(target, holder, &options).await?;
            }
        }
        Ok(())
    }

    async fn signatures(&self, target: &Target) -> Result<Signed, Failure> {
        let before = match self.asked {
            None => Before::InsecurelyAnything,
            Some(asked) => Before::Verified(Rules {
                quorum: asked.quorum.as_ref(),
                ..Rules::new(&asked.policy, &asked.root)
            }),
        };
        let chosen = self.command.countersign.chosen()?;
        let (image, now) = (&target.subject.image, self.session.now());
        let (store, location, limits) = (&target.store, &target.location, &self.options.limits);
        Ok(signatures::of(image, store, location, &chosen, before, limits, now).await?)
    }

    /// Gives what the next signer replaces a tag of its own; without it, what is signed here would be gone then.
    async fn keep(&self, target: &Target, signed: &Signed) -> Result<(), Failure> {
        let name = self.command.countersign.name();
        let tagged = signed
            .holders
            .iter()
            .find(|holder| Some(holder.image.digest()) == signed.tagged.as_ref());
        let kept = match (tagged, name, &signed.holders[..]) {
            (Some(tagged), _, _) => tagged,
            (None, None, _) => return Ok(()),
            (None, Some(_), [only]) => only,
            (None, Some(_), several) => {
                return Err(UsageError::because(format!(
                    "--name is for one signature, and {} are countersigned, none of them in the signature tag",
                    several.len()
                ))
                .into());
            }
        };
        let tag = signatures::keep(&target.subject.image, kept, name, &target.store, &target.location).await?;
        self.session
            .ui()
            .info(&format!("Tagged {} as {tag}", kept.image.digest()));
        Ok(())
    }

    /// One bundle about all of the signatures, and the image last; each has it among its referrers.
    async fn bundle(
        &self,
        target: &Target,
        signed: &Signed,
        options: &SignOptions,
        several: Several,
    ) -> Result<(), Failure> {
        let image = &target.subject.image;
        let all: Vec<&Subject> = signed.holders.iter().chain([&target.subject]).collect();
        let pinned: Vec<_> = all.iter().map(|subject| &subject.image).collect();
        let made = signatures::sign_all(&pinned, self.credential.signer(), options, self.session.now())?;
        let made = self.vouched(made, target, image, options).await?;
        self.command
            .files
            .write(self.session, image, several, &made, self.credential)?;
        for subject in all {
            self.attach(target, subject, &made, options).await?;
        }
        Ok(())
    }

    async fn legacy(&self, target: &Target, holder: &Subject, options: &SignOptions) -> Result<(), Failure> {
        let options = SignOptions {
            formats: Formats::Legacy,
            ..options.clone()
        };
        let (signer, now) = (self.credential.signer(), self.session.now());
        let image = &holder.image;
        let signatures = sign::sign(image, &target.store, &target.location, signer, &options, now).await?;
        let signatures = self.vouched(signatures, target, image, &options).await?;
        self.attach(target, holder, &signatures, &options).await
    }

    async fn vouched(
        &self,
        signatures: Signatures,
        target: &Target,
        image: &countersign_oci::Pinned,
        options: &SignOptions,
    ) -> Result<Signatures, Failure> {
        let now = || self.session.now();
        let services = &self.chosen.services;
        let vouched = sign::vouch(signatures, image, self.credential, services, options, now).await?;
        images::tell_pushing(self.session, target);
        Ok(vouched)
    }

    async fn attach(
        &self,
        target: &Target,
        subject: &Subject,
        signatures: &Signatures,
        options: &SignOptions,
    ) -> Result<(), Failure> {
        let Some(ready) = target.ready else { return Ok(()) };
        let attachment = Attachment {
            ready,
            image: &subject.image,
            subject: &subject.descriptor,
            location: &target.location,
        };
        let key = self.credential.signer().public_key();
        let now = self.session.now();
        Ok(sign::attach(&attachment, &target.store, key, signatures, options, now).await?)
    }
}
