//! Which images are verified, and in what order they are told of.

use countersign::attachment::Location;
use countersign::attachment::discover::Limits;
use countersign::base::{self, Image};
use countersign::chain::{Asked, verify_chain};
use countersign::sign::{Subject, beneath, find, without_attestations};
use countersign::verify::{Rules, Verified, VerifyError, judge, verify_image};
use countersign_core::base::BasePolicy;
use countersign_core::chain::Countersigners;
use countersign_oci::{AnyStore, Pinned, Registry};
use futures_util::stream::{self, StreamExt};
use tokio::sync::Semaphore;

use super::print::{Report, Reporter};
use super::{Child, VerifyFlags, given};
use crate::args::chain::Looked;
use crate::args::pinned::PlatformPattern;
use crate::args::source::{self, Names, Source};
use crate::commands::sign::target::tell_of_attestations;
use crate::failure::Failure;
use crate::session::Session;
use crate::standing::{Told, overridden};

/// What images are judged by.
#[derive(Clone, Copy)]
pub(super) struct Judging<'a> {
    pub(super) rules: Rules<'a>,
    pub(super) limits: &'a Limits,
    /// Who must have countersigned.
    pub(super) countersigners: Option<&'a Countersigners>,
    /// How far the chain is looked at, where it is.
    pub(super) chain: Option<&'a Looked>,
    /// On which bases images must stand.
    pub(super) bases: Option<&'a BasePolicy>,
}

/// Verifies every image of `names` and reports on each, in the order given, or as they come where each has a line of its own;
/// fails with the worst. Returns the images, in the order given.
pub(super) async fn verify(
    command: &VerifyFlags,
    names: &[String],
    session: &Session<'_>,
    judging: Judging<'_>,
) -> Result<Vec<Pinned>, Failure> {
    let limits = judging.limits;
    let registry = command.registry.open(session)?;
    let kind = if command.local_image { Names::Local } else { Names::Any };
    let mut reporter = Reporter::new(command, session);
    let slots = Semaphore::new(limits.parallel.min(Semaphore::MAX_PERMITS));
    let verified = stream::iter(names.iter().enumerate()).map(|(place, name)| {
        let (slots, registry) = (&slots, &registry);
        async move {
            let _slot = slots.acquire().await;
            // Boxed, as most of those that wait have not begun or have ended.
            (
                place,
                Box::pin(reports(command, session, judging, name, kind, registry)).await,
            )
        }
    });
    let waiting = limits.parallel.saturating_mul(WAITING);
    let mut pinned = Vec::with_capacity(names.len());
    let mut reports = match reporter.takes_any_order() {
        true => verified.buffer_unordered(waiting).left_stream(),
        false => verified.buffered(waiting).right_stream(),
    };
    while let Some((place, of_name)) = reports.next().await {
        pinned.extend(
            of_name
                .iter()
                .filter_map(Report::verified)
                .map(|image| (place, image.clone())),
        );
        for report in of_name {
            reporter.add(report)?;
        }
    }
    reporter.finish()?;
    pinned.sort_by_key(|(place, _)| *place);
    Ok(pinned.into_iter().map(|(_, image)| image).collect())
}

async fn reports(
    command: &VerifyFlags,
    session: &Session<'_>,
    judging: Judging<'_>,
    name: &str,
    names: Names,
    registry: &Registry,
) -> Vec<Report> {
    match source::open(name, names, registry, session).await {
        Ok(source) => {
            let task = Task {
                command,
                session,
                judging,
                registry,
                source,
            };
            task.reports().await
        }
        Err(failure) => vec![Report::failed(name, failure)],
    }
}

/// The verification of one name.
struct Task<'a, 'w> {
    command: &'a VerifyFlags,
    session: &'a Session<'w>,
    judging: Judging<'a>,
    /// Where the bases of images are looked for.
    registry: &'a Registry,
    source: Source,
}

impl Task<'_, '_> {
    async fn reports(&self) -> Vec<Report> {
        let outcome = if self.command.recursive {
            self.everything_beneath().await
        } else if let Some(platform) = self.command.platform.pattern() {
            self.for_platform(platform).await.map(|report| vec![report])
        } else {
            self.named().await.map(|report| vec![report])
        };
        outcome.unwrap_or_else(|failure| vec![Report::failed(&self.source.shown, failure)])
    }

    async fn named(&self) -> Result<Report, Failure> {
        let image = self.pinned().await?;
        if let Some((signature, payload)) = self.command.signature.as_ref().zip(self.command.payload.as_ref()) {
            let attached = given::attached(self.command, self.session, signature, payload).await?;
            let outcome = judge(&image, vec![attached], self.judging.rules, self.session.now()).await;
            return self
                .standing(&image, Report::new(&self.source.shown, &image, outcome))
                .await;
        }
        let outcome = self.judged(&image).await?;
        self.standing(&image, Report::new(&self.source.shown, &image, outcome))
            .await
    }

    /// Judges on which bases a verified image stands, or every image in a verified index, where that is asked.
    async fn standing(&self, image: &Pinned, report: Report) -> Result<Report, Failure> {
        let Some(policy) = self.judging.bases.filter(|_| report.verified().is_some()) else {
            return Ok(report);
        };
        let (store, bases) = (&self.source.store, AnyStore::Registry(self.registry.clone()));
        let judging = base::Judging {
            policy,
            trust: self.judging.rules.trust,
            repositories: &[],
            insecurely_trusts_configuration: false,
            limits: self.judging.limits,
        };
        let mut told = Vec::new();
        for one in base::images(&find(store, &image.reference()).await?, store).await? {
            let one = Image::read(one, store).await?;
            let location = self.location(&one.subject.image)?;
            let now = self.session.now();
            let standing = base::verify(&one, (store, &location), &bases, judging, now).await?;
            overridden(&one, &standing, policy, store).await?;
            told.push(Told::new(one, standing).summary());
        }
        Ok(report.standing_on(told))
    }

    /// The image, or the attachment of it that `--attachment` means, by digest.
    async fn pinned(&self) -> Result<Pinned, Failure> {
        let image = self.source.resolve(&self.source.reference).await?;
        match self.command.attachment.kind() {
            None => Ok(image),
            Some(kind) => {
                let tag = self.location(&image)?.tag(image.digest(), kind)?;
                self.source.resolve(&tag).await
            }
        }
    }

    async fn judged(&self, image: &Pinned) -> Result<Result<Verified, VerifyError>, Failure> {
        let location = self.location(image)?;
        let Judging {
            rules,
            limits,
            countersigners,
            chain,
            bases: _,
        } = self.judging;
        let (store, now) = (&self.source.store, self.session.now());
        let verified = verify_image(image, store, &location, rules, limits, now).await;
        match (verified, chain) {
            (Ok(verified), Some(looked)) => {
                let asked = Asked {
                    rules,
                    countersigners,
                    reach: looked.reach,
                };
                // what few ask for is not to make the future of every image large
                let walk = verify_chain(image, verified, store, &location, &asked, &looked.limits, now);
                Ok(Box::pin(walk).await)
            }
            (verified, _) => Ok(verified),
        }
    }

    fn location(&self, image: &Pinned) -> Result<Location, Failure> {
        self.command.location.of(image, self.session)
    }

    /// The index and every manifest beneath it, each by its own signatures.
    async fn everything_beneath(&self) -> Result<Vec<Report>, Failure> {
        let subject = self.subject().await?;
        let mut beneath = beneath(&self.source.store, &subject).await?;
        if !self.command.include_attestation_manifests {
            let (images, attestations) = without_attestations(&subject, beneath);
            tell_of_attestations(&attestations, self.session);
            beneath = images;
        }
        let mut subjects = vec![subject];
        subjects.extend(beneath);
        let outcomes = stream::iter(&subjects)
            .map(|subject| self.judged(&subject.image))
            .buffered(self.judging.limits.parallel)
            .collect::<Vec<_>>()
            .await;
        let mut reports = Vec::with_capacity(subjects.len());
        for (subject, outcome) in subjects.iter().zip(outcomes) {
            let is_root = subject.image.digest() == subjects[0].image.digest();
            let shown = match is_root {
                true => self.source.shown.clone(),
                false => subject.image.to_string(),
            };
            let report = Report::new(&shown, &subject.image, outcome?);
            reports.push(match is_root {
                // with it, everything beneath it
                true => match self.standing(&subject.image, report).await {
                    Ok(report) => report,
                    Err(failure) => Report::failed(&shown, failure),
                },
                false => report,
            });
        }
        Ok(reports)
    }

    /// The image for one platform: by its own signatures, or by those of the index that lists its digest.
    async fn for_platform(&self, wanted: &PlatformPattern) -> Result<Report, Failure> {
        let index = self.subject().await?;
        let child = wanted.choose(&index.manifest, &self.source.reference)?.digest.clone();
        let image = index.image.repository().digest(child.clone()).pin(child);
        if self.command.child == Child::ViaIndex {
            return self.via_index(&index, &image).await;
        }
        match self.judged(&image).await? {
            Err(own @ (VerifyError::NoSignature { .. } | VerifyError::NoneAccepted { .. }))
                if self.command.child == Child::Either =>
            {
                let via = self.via_index(&index, &image).await?;
                match via.is_about_trust() {
                    true => Ok(Report::new(&image.to_string(), &image, Err(own))),
                    false => Ok(via),
                }
            }
            outcome => {
                let report = Report::new(&image.to_string(), &image, outcome);
                self.standing(&image, report.covered("own signature".to_owned())).await
            }
        }
    }

    /// The image by the signatures of the index that lists its digest.
    async fn via_index(&self, index: &Subject, image: &Pinned) -> Result<Report, Failure> {
        let outcome = self.judged(&index.image).await?;
        let report = Report::new(&self.source.shown, &index.image, outcome).vouching_for(image);
        let report = report.covered(format!("via index {}", index.image.digest()));
        self.standing(image, report).await
    }

    async fn subject(&self) -> Result<Subject, Failure> {
        let image = self.pinned().await?;
        Ok(find::<AnyStore>(&self.source.store, &image.reference()).await?)
    }
}

/// How many times more images may wait to be told of in their order than are verified at once: a slow one must not keep
/// others from being verified.
const WAITING: usize = 4;
