//! `base show`: what is signed of an image's bases, unverified.

use clap::Args;
use countersign::attachment::discover::Limits;
use countersign::base::{Hint, Image, hints, marks_elsewhere, own_marks};
use countersign::sign::Subject;
use countersign_core::base::{BaseStatement, Candidate};
use countersign_core::quoted::Quoted;
use countersign_oci::AnyStore;
use serde_json::{Value, json};

use super::{hints_of, lowest, read, seeming_signer, subject};
use crate::args::attachment::{self, LocationArgs};
use crate::args::image::ImageArg;
use crate::args::output::{OutputArgs, OutputFormat};
use crate::args::registry::RegistryArgs;
use crate::args::source::{self, Names};
use crate::commands::Subcommand;
use crate::failure::Failure;
use crate::session::Session;

/// Shows what is signed of an image's bases
#[derive(Args)]
pub(crate) struct Show {
    #[command(flatten)]
    image: ImageArg,

    /// A base whose signatures are looked for, instead of those that the image and its build name; several may be given
    #[arg(long, value_name = "IMAGE")]
    base: Vec<String>,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    location: LocationArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Show {
    const NAME: &'static str = "base show";
    const ABOUT: &'static str = "Shows what is signed of an image's bases, without verifying it";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        self.image.text()?;
        let limits = attachment::limits(PARALLEL, session)?;
        let found = session.wait(self.find(session, &limits))?;
        let ui = session.ui();
        if self.output.format() == Some(OutputFormat::Json) {
            let images: Vec<Value> = found.iter().map(|found| found.to_json()).collect();
            return ui.print_json(&json!({"schemaVersion": 1, "images": images}));
        }
        ui.info(&format!(
            "Nothing shown here is verified; {} base verify does that.",
            session.program()
        ));
        found.iter().try_for_each(|found| ui.print(found.to_text().as_bytes()))
    }
}

impl Show {
    async fn find(&self, session: &Session<'_>, limits: &Limits) -> Result<Vec<Found>, Failure> {
        let registry = self.registry.open(session)?;
        let source = source::open(self.image.text()?, Names::Any, &registry, session).await?;
        let bases = AnyStore::Registry(registry.clone());
        let of = subject(&source.store, &source.reference).await?;
        let location = self.location.of(&of.image, session)?;
        let mut found = Vec::new();
        for image in read(&of, &source.store).await? {
            let named = self.named(&image, &of, &source.store, &bases).await?;
            let mut marks = own_marks(&image, &source.store, &location, limits).await?;
            marks.extend(marks_elsewhere(&image, &bases, &[], &named, limits).await?);
            let claims = marks
                .into_iter()
                .map(|candidate| (candidate.claim(&image.layers), candidate))
                .collect();
            found.push(Found { image, claims });
        }
        Ok(found)
    }

    async fn named(
        &self,
        image: &Image,
        of: &Subject,
        store: &AnyStore,
        bases: &AnyStore,
    ) -> Result<Vec<Hint>, Failure> {
        if self.base.is_empty() {
            let index = of.manifest.is_index().then_some(&of.manifest);
            return Ok(hints(image, index, store).await?);
        }
        let mut named = Vec::new();
        for base in &self.base {
            named.extend(hints_of(base, bases).await?);
        }
        Ok(named)
    }
}

/// Of how many layers a mark is, and what it says of them; nothing where it is not about these.
type Claim = Option<(usize, Option<BaseStatement>)>;

/// What was found of one image.
struct Found {
    image: Image,
    claims: Vec<(Claim, Candidate)>,
}

impl Found {
    fn to_text(&self) -> String {
        let layers = self.image.layers.len();
        let mut text = format!("{}, {layers} layers\n", self.image.subject.image);
        for (claim, candidate) in &self.claims {
            let signer = seeming_signer(candidate);
            let place = &candidate.place;
            text.push_str(&match claim {
                None => format!("  not about these layers ({place})\n"),
                Some((count, None)) => format!("  {}: by {signer} ({place})\n", lowest(*count)),
                Some((count, Some(statement))) => {
                    let until = statement
                        .expires
                        .map(|at| format!(", expires {at}"))
                        .unwrap_or_default();
                    let name = Quoted::new(&statement.name);
                    let issued = statement.issued;
                    format!(
                        "  {}: {name} by {signer}, issued {issued}{until} ({place})\n",
                        lowest(*count)
                    )
                }
            });
        }
        for (count, chain_id) in self.image.layers.chain_ids() {
            text.push_str(&format!("  chain id of {}: {chain_id}\n", lowest(count)));
        }
        text
    }

    fn to_json(&self) -> Value {
        let claims = self.claims.iter().map(|(claim, candidate)| {
            let (count, statement) = match claim {
                Some((count, statement)) => (Some(*count), statement.as_ref()),
                None => (None, None),
            };
            json!({
                "place": candidate.place,
                "signer": seeming_signer(candidate),
                "layers": count,
                "chainId": count.and_then(|count| self.image.layers.chain_id(count)),
                "name": statement.map(|statement| &statement.name),
                "issued": statement.map(|statement| statement.issued.to_string()),
                "expires": statement.and_then(|statement| statement.expires).map(|at| at.to_string()),
            })
        });
        json!({
            "image": self.image.subject.image.to_string(),
            "diffIds": self.image.layers.diff_ids(),
            "chainIds": self.image.layers.chain_ids().map(|(_, chain_id)| chain_id).collect::<Vec<_>>(),
            "marks": claims.collect::<Vec<_>>(),
        })
    }
}

/// How many requests are under way at once.
const PARALLEL: usize = 16;
