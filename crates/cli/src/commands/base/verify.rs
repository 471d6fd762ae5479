//! `base verify`: on which bases images stand.

use clap::Args;
use countersign::attachment::discover::Limits;
use countersign::base::{Image, Judging, verify};
use countersign_core::base::{BasePolicy, PREDICATE_TYPE};
use countersign_core::policy::Claim;
use countersign_core::trust::TrustedRoot;
use countersign_oci::{AnyStore, Registry};
use serde_json::{Value, json};

use super::{read, subject};
use crate::args::attachment::{self, LocationArgs};
use crate::args::bases::BaseArgs;
use crate::args::current::{CurrentArgs, Looking};
use crate::args::image::ImagesArg;
use crate::args::output::{OutputArgs, OutputFormat};
use crate::args::pinned::PlatformArgs;
use crate::args::registry::RegistryArgs;
use crate::args::source::{self, Names, Source};
use crate::args::trusted_signer::TrustedSignerArgs;
use crate::args::usage::UsageError;
use crate::commands::Subcommand;
use crate::failure::Failure;
use crate::session::Session;
use crate::standing::{Told, compared, overridden};
use crate::verdicts::Verdicts;

/// Verifies on which bases images stand
#[derive(Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    images: ImagesArg,
    #[command(flatten)]
    trusted: TrustedSignerArgs,
    #[command(flatten)]
    bases: BaseArgs,
    #[command(flatten)]
    current: CurrentArgs,
    #[command(flatten)]
    platform: PlatformArgs,
    #[command(flatten)]
    location: LocationArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    registry: RegistryArgs,

    /// Takes the configuration's word for what is in a layer whose digest no statement names, instead of looking into it
    #[arg(long)]
    trust_config_diffids: bool,

    /// Tells in what the configuration differs from that of the outermost base, which must be where it can be fetched
    #[arg(long)]
    config_diff: bool,

    /// How many requests are under way at once
    #[arg(long, value_name = "N", default_value_t = 16)]
    max_workers: usize,
}

impl Subcommand for Verify {
    const NAME: &'static str = "base verify";
    const ABOUT: &'static str = "Verifies that images stand on authorised bases, and tells which layers are whose";
    const ARGUMENTS: &'static str = "IMAGE...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        self.images.texts()?;
        if self.max_workers == 0 {
            return Err(UsageError::because("--max-workers must be greater than 0").into());
        }
        let limits = attachment::limits(self.max_workers, session)?;
        session.wait(self.verify(session, &limits))
    }
}

impl Verify {
    async fn verify(&self, session: &Session<'_>, limits: &Limits) -> Result<(), Failure> {
        let registry = self.registry.open(session)?;
        let (policy, trust) = self.policy(&registry, limits, session).await?;
        let judging = Judging {
            policy: &policy,
            trust: &trust,
            repositories: self.bases.repositories(),
            insecurely_trusts_configuration: self.trust_config_diffids,
            limits,
        };
        let mut verdicts = Verdicts::default();
        let mut objects: Vec<Value> = Vec::new();
        for name in self.images.texts()? {
            let outcome = self.of_name(name, &registry, judging, session).await;
            let diagnostic = verdicts.note(&outcome, session.program());
            match (outcome, diagnostic, self.output.format()) {
                (Ok(told), _, Some(OutputFormat::Json)) => objects.extend(told.iter().map(Told::to_json)),
                (Ok(told), ..) => {
                    for image in &told {
                        session.ui().print(image.to_text().as_bytes())?;
                    }
                }
                (Err(_), Some(diagnostic), Some(OutputFormat::Json)) => {
                    objects.push(json!({"image": name, "verified": false, "error": diagnostic.into_body()}));
                }
                (Err(_), Some(diagnostic), _) => session.ui().report_as_text(&diagnostic),
                (Err(_), None, _) => {}
            }
        }
        if self.output.format() == Some(OutputFormat::Json) {
            session
                .ui()
                .print_json(&json!({"schemaVersion": 1, "images": objects}))?;
        }
        verdicts.end()
    }

    /// On which bases images must stand, and whom to believe.
    async fn policy(
        &self,
        registry: &Registry,
        limits: &Limits,
        session: &Session<'_>,
    ) -> Result<(BasePolicy, TrustedRoot), Failure> {
        let store = AnyStore::Registry(registry.clone());
        if self.bases.is_given() && !self.trusted.names_anyone() {
            let policy = self.bases.policy(None, &store).await?;
            self.current.check(Some(&policy))?;
            return Ok((policy, TrustedRoot::default()));
        }
        let http = self.registry.http(session)?;
        let claim = Claim::attestation(PREDICATE_TYPE.parse().expect("it is a URI"));
        let terms = self.trusted.terms_with_bases(claim, "base", session, &http).await?;
        let policy = match (terms.bases(), self.trusted.has_policy()) {
            (Some(policy), _) => self.bases.narrowed(policy.clone())?,
            (None, true) => {
                let reason = "--trust-policy: the policy has no section `bases`, which says on what images may stand";
                return Err(UsageError::because(reason).into());
            }
            (None, false) => self.bases.policy(Some(terms.rules().policy.clone()), &store).await?,
        };
        let looking = Looking {
            session,
            registry,
            rules: terms.rules_online(&http),
            limits,
        };
        self.current.check(Some(&policy))?;
        let policy = self.current.look(policy, looking).await?;
        Ok((policy, terms.rules().trust.clone()))
    }

    /// Judges what a name means: an image, the image of the platform that is asked for, or every image in an index.
    async fn of_name(
        &self,
        name: &str,
        registry: &Registry,
        judging: Judging<'_>,
        session: &Session<'_>,
    ) -> Result<Vec<Told>, Failure> {
        let source = source::open(name, Names::Any, registry, session).await?;
        let image = self.platform.resolve(&source.reference, &source.store).await?;
        let found = subject(&source.store, &image.reference()).await?;
        let bases = AnyStore::Registry(registry.clone());
        let mut told = Vec::new();
        for image in read(&found, &source.store).await? {
            told.push(self.of_image(image, &source, &bases, judging, session).await?);
        }
        Ok(told)
    }

    async fn of_image(
        &self,
        image: Image,
        source: &Source,
        bases: &AnyStore,
        judging: Judging<'_>,
        session: &Session<'_>,
    ) -> Result<Told, Failure> {
        let location = self.location.of(&image.subject.image, session)?;
        let place = (&source.store, &location);
        let standing = verify(&image, place, bases, judging, session.now()).await?;
        let overrides = overridden(&image, &standing, judging.policy, &source.store).await?;
        let compared = match self.config_diff {
            true => Some(compared(&image, &standing, (judging.policy, judging.repositories), bases).await?),
            false => None,
        };
        Ok(Told::new(image, standing).overriding(overrides).comparing(compared))
    }
}
