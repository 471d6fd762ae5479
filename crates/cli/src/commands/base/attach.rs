//! `base attach`: puts what is signed of its bases beside an image, or into it.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use countersign::attachment::Location;
use countersign::attachment::add::{StatementBundle, add_bundle};
use countersign::attachment::discover::Limits;
use countersign::attachment::list::list;
use countersign::attest::AttestError;
use countersign::base::{BaseError, Changed, Hint, Image, Marks, hints, marked, marks_elsewhere, own_marks, rewrite};
use countersign::sign::Subject;
use countersign_core::Bundle;
use countersign_core::base::{Candidate, Mark};
use countersign_oci::AnyStore;

use super::{hints_of, lowest, read, seeming_signer, subject};
use crate::args::attachment::{self, LocationArgs};
use crate::args::image::ImageArg;
use crate::args::registry::RegistryArgs;
use crate::args::source::{self, Names};
use crate::commands::Subcommand;
use crate::failure::Failure;
use crate::session::Session;

/// Attaches what is signed of an image's bases
#[derive(Args)]
pub(crate) struct Attach {
    #[command(flatten)]
    image: ImageArg,

    /// A base, by tag or digest, instead of those that the image and its build name; several may be given
    #[arg(long, value_name = "IMAGE")]
    base: Vec<String>,

    /// Where it is put: beside the image (referrer), or on the last layer of the base (annotation), which gives the image another digest
    #[arg(long, value_name = "MODE", value_enum, default_value_t = Mode::Referrer)]
    mode: Mode,

    /// Gives the image another digest although there are attachments, which stay with the old one
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    location: LocationArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    Referrer,
    Annotation,
}

impl Subcommand for Attach {
    const NAME: &'static str = "base attach";
    const ABOUT: &'static str = "Finds what is signed of an image's bases, and puts it beside the image or into it";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        self.image.text()?;
        let limits = attachment::limits(PARALLEL, session)?;
        session.wait(self.attach(session, &limits))
    }
}

impl Attach {
    async fn attach(&self, session: &Session<'_>, limits: &Limits) -> Result<(), Failure> {
        let registry = self.registry.open(session)?;
        let source = source::open(self.image.text()?, Names::Any, &registry, session).await?;
        let found = subject(&source.store, &source.reference).await?;
        let location = self.location.of(&found.image, session)?;
        let attaching = Attaching {
            command: self,
            session,
            bases: AnyStore::Registry(registry.clone()),
            store: &source.store,
            location: &location,
            limits,
        };
        let images = read(&found, &source.store).await?;
        let mut all = Vec::new();
        for image in images {
            let candidates = attaching.candidates(&found, &image).await?;
            all.push((image, candidates));
        }
        if all.iter().all(|(_, candidates)| candidates.is_empty()) {
            return Err(BaseError::NoMarks { image: found.image }.into());
        }
        match self.mode {
            Mode::Referrer => attaching.beside(&all).await,
            Mode::Annotation => attaching.inside(&found, &all).await,
        }
    }
}

/// What is found and can be about the layers of an image, and how many they are.
type Fitting = Vec<(usize, Candidate)>;

/// What is the same for every image.
struct Attaching<'a, 'w> {
    command: &'a Attach,
    session: &'a Session<'w>,
    /// Where bases are.
    bases: AnyStore,
    /// Where the image is.
    store: &'a AnyStore,
    location: &'a Location,
    limits: &'a Limits,
}

impl Attaching<'_, '_> {
    /// What fits the layers of an image, whoever signed it: that is asked when the image is verified.
    async fn candidates(&self, found: &Subject, image: &Image) -> Result<Fitting, Failure> {
        let mut named: Vec<Hint> = Vec::new();
        for base in &self.command.base {
            named.extend(hints_of(base, &self.bases).await?);
        }
        if self.command.base.is_empty() {
            let index = found.manifest.is_index().then_some(&found.manifest);
            named = hints(image, index, self.store).await?;
        }
        let mut all = own_marks(image, self.store, self.location, self.limits).await?;
        all.extend(marks_elsewhere(image, &self.bases, &[], &named, self.limits).await?);
        let mut fitting: Fitting = Vec::new();
        for candidate in all {
            let Some((count, _)) = candidate.claim(&image.layers) else {
                continue;
            };
            if !fitting.iter().any(|(_, known)| is_same(known, &candidate)) {
                fitting.push((count, candidate));
            }
        }
        Ok(fitting)
    }

    /// Attaches the statements as referrers.
    async fn beside(&self, all: &[(Image, Fitting)]) -> Result<(), Failure> {
        let ui = self.session.ui();
        for (image, candidates) in all {
            let own = format!("referrer {}@", self.location.repository());
            for (count, candidate) in candidates {
                let Mark::Statement { bundle, .. } = &candidate.mark else {
                    ui.warn(&format!(
                        "{}: a signature over layers alone has no form beside an image; --mode annotation puts it into it",
                        candidate.place
                    ));
                    continue;
                };
                if !candidate.place.starts_with(&own) {
                    let bundle = StatementBundle::parse(json(bundle)?).map_err(|source| Failure::NotAttachable {
                        path: candidate.place.clone(),
                        source,
                    })?;
                    let (subject, now) = (&image.subject.descriptor, self.session.now());
                    add_bundle(&bundle, subject, self.store, self.location, now).await?;
                }
                self.tell(*count, candidate);
            }
            ui.print_line(&image.subject.image.to_string())?;
        }
        Ok(())
    }

    /// Writes marks into the manifests.
    async fn inside(&self, found: &Subject, all: &[(Image, Fitting)]) -> Result<(), Failure> {
        let mut changed = Changed::default();
        for (image, candidates) in all {
            let mut marks: BTreeMap<usize, Marks> = BTreeMap::new();
            for (count, candidate) in candidates {
                let marks = marks.entry(*count).or_default();
                match &candidate.mark {
                    Mark::Signature { signature, .. } => {
                        marks.signatures.push(signature.content().signature().to_base64());
                    }
                    Mark::Statement { bundle, .. } => marks.bundles.push(json(bundle)?),
                    Mark::Unreadable { .. } => {}
                }
                self.tell(*count, candidate);
            }
            if let Some(manifest) = marked(&image.subject, &marks)? {
                changed.add(image.subject.image.digest().clone(), manifest);
            }
        }
        if !changed.is_empty() && !self.command.force {
            self.check_attachments(found, all).await?;
        }
        let new = rewrite(found, &changed, self.store).await?;
        if found.manifest.is_index() && new.digest() != found.image.digest() {
            self.session
                .ui()
                .warn("what BuildKit says of its builds still names the images by their old digests");
        }
        self.session.ui().print_line(&new.to_string())
    }

    /// Checks that nothing is attached that would be lost with the digest.
    async fn check_attachments(&self, found: &Subject, all: &[(Image, Fitting)]) -> Result<(), Failure> {
        let images = all.iter().map(|(image, _)| &image.subject.image);
        for image in std::iter::once(&found.image).chain(images) {
            let listing = list(image, self.store, self.location).await?;
            let count = listing.tags.len() + listing.referrers.len();
            if count > 0 {
                let image = image.clone();
                return Err(BaseError::HasAttachments { image, found: count }.into());
            }
        }
        Ok(())
    }

    fn tell(&self, count: usize, candidate: &Candidate) {
        let line = format!(
            "{}: by {}, unverified ({})",
            lowest(count),
            seeming_signer(candidate),
            candidate.place
        );
        self.session.ui().info(&line);
    }
}

/// Says whether two marks are the same, wherever they were found.
fn is_same(one: &Candidate, other: &Candidate) -> bool {
    match (&one.mark, &other.mark) {
        (
            Mark::Signature { signature: one, count },
            Mark::Signature {
                signature: other,
                count: others,
            },
        ) => one == other && count == others,
        (Mark::Statement { bundle: one, .. }, Mark::Statement { bundle: other, .. }) => one == other,
        _ => false,
    }
}

fn json(bundle: &Bundle) -> Result<Vec<u8>, Failure> {
    Ok(bundle.to_json().map_err(AttestError::from)?)
}

/// How many requests are under way at once.
const PARALLEL: usize = 16;
