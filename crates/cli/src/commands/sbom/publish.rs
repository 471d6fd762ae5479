//! A bill of materials beside its image: attached, signed, attested.

use bytes::Bytes;
use clap::{ArgGroup, Args};
use countersign::attachment::discover::Limits;
use countersign::attachment::sbom::Sbom;
use countersign::attachment::{Kind, Location};
use countersign::attest::{self, AttestOptions, Claimed, Earlier};
use countersign::credential::Credential;
use countersign::sign::{self, Attachment, Existing, SignOptions, Subject, find};
use countersign_core::payload::predicate::{Predicate, PredicateType};
use countersign_oci::AnyStore;
use countersign_oci::http::Http;

use super::bill::BillForm;
use super::signing::{MADE, SigningArgs};
use crate::args::attachment::{self, LocationArgs};
use crate::args::services::Chosen;
use crate::args::usage::UsageError;
use crate::args::vouched::Legacy;
use crate::commands::attach::sbom::Mode;
use crate::failure::Failure;
use crate::session::Session;

/// What becomes of a bill of materials.
#[derive(Args)]
#[command(group = ArgGroup::new(MADE).multiple(true))]
pub(super) struct PublishArgs {
    /// Signs the SBOM that is attached
    #[arg(long, group = MADE)]
    sign: bool,

    /// Signs a statement with the SBOM about the image (an attestation), and attaches it
    #[arg(long, group = MADE)]
    attest: bool,

    #[command(flatten)]
    location: LocationArgs,

    #[command(flatten)]
    signing: SigningArgs,
}

/// Where it is attached.
pub(super) struct Beside<'a> {
    pub(super) store: &'a AnyStore,
    pub(super) subject: &'a Subject,
    /// How it is attached; none where it is attested only.
    pub(super) mode: Option<Mode>,
}

impl PublishArgs {
    /// Whether it is signed.
    pub(super) fn is_signed(&self) -> bool {
        self.sign
    }

    /// Whether the image is attested.
    pub(super) fn is_attested(&self) -> bool {
        self.attest
    }

    /// Chooses the services where something is signed.
    pub(super) fn choose(&self, session: &Session<'_>) -> Result<Option<Chosen>, Failure> {
        let legacy = match (self.attest, self.sign) {
            (true, _) => Legacy::Attestation,
            (false, true) => Legacy::Layer,
            (false, false) => return Ok(None),
        };
        self.signing.choose(legacy, session).map(Some)
    }

    /// Opens what signs, where something is signed: before anything is written.
    pub(super) async fn open(
        &self,
        chosen: Option<&Chosen>,
        session: &Session<'_>,
        http: &Http,
    ) -> Result<Option<Credential>, Failure> {
        match chosen {
            Some(chosen) => self.signing.credential().obtain(chosen, session, http).await.map(Some),
            None => Ok(None),
        }
    }

    /// Attaches, signs and attests.
    pub(super) async fn publish(
        &self,
        bill: (Bytes, BillForm),
        beside: &Beside<'_>,
        by: Option<(&Credential, &Chosen)>,
        session: &Session<'_>,
    ) -> Result<(), Failure> {
        let (content, form) = bill;
        let claimed = match self.attest {
            true => Some(claimed(&content, form, session)?),
            false => None,
        };
        let location = self.location.of(&beside.subject.image, session)?;
        let attached = match beside.mode {
            Some(mode) => Some(self.attach(content, form, mode, beside, &location, session).await?),
            None => None,
        };
        let Some((credential, chosen)) = by else {
            return Ok(());
        };
        if let (true, Some(attached)) = (self.sign, &attached) {
            self.sign(attached, &location, beside.store, credential, chosen, session)
                .await?;
        }
        if let Some(claimed) = &claimed {
            self.attest(claimed, &location, beside, credential, chosen, session)
                .await?;
        }
        Ok(())
    }

    async fn attach(
        &self,
        content: Bytes,
        form: BillForm,
        mode: Mode,
        beside: &Beside<'_>,
        location: &Location,
        session: &Session<'_>,
    ) -> Result<Subject, Failure> {
        let subject = beside.subject;
        let (sbom, name) = match mode {
            Mode::Legacy => {
                let tag = location.tag(subject.image.digest(), Kind::Sbom)?;
                (Sbom::tagged(content, form.media_type())?, tag)
            }
            Mode::Oci11 => {
                let sbom = Sbom::referring(content, form.media_type(), &subject.descriptor)?;
                let name = sbom.reference(location);
                (sbom, name)
            }
        };
        session.ui().info(&format!(
            "Uploading SBOM file for [{}] to [{name}] with mediaType [{}].",
            subject.image,
            form.media_type()
        ));
        sbom.store(&name, beside.store).await?;
        // By its digest: the tag may be another's by now.
        Ok(find(beside.store, &sbom.reference(location)).await?)
    }

    /// Signs the bill that was attached.
    async fn sign(
        &self,
        attached: &Subject,
        location: &Location,
        store: &AnyStore,
        credential: &Credential,
        chosen: &Chosen,
        session: &Session<'_>,
    ) -> Result<(), Failure> {
        let options = SignOptions {
            formats: self.signing.format().formats()?,
            annotations: [].into(),
            identities: Vec::new(),
            payload: None,
            created: None,
            media_types: attachment::media_types(session),
            existing: Existing::SignAgain,
            limits: Limits::default(),
        };
        let (image, signer) = (&attached.image, credential.signer());
        let now = || session.now();
        let signatures = sign::sign(image, store, location, signer, &options, now()).await?;
        let signatures = sign::vouch(signatures, image, credential, &chosen.services, &options, now).await?;
        let attachment = Attachment {
            ready: sign::prepare(store, location, options.formats).await?,
            image,
            subject: &attached.descriptor,
            location,
        };
        session
            .ui()
            .info(&format!("Pushing signature to: {}", location.repository()));
        let key = signer.public_key();
        sign::attach(&attachment, store, key, &signatures, &options, now()).await?;
        Ok(())
    }

    /// Attests the image.
    async fn attest(
        &self,
        claimed: &Claimed,
        location: &Location,
        beside: &Beside<'_>,
        credential: &Credential,
        chosen: &Chosen,
        session: &Session<'_>,
    ) -> Result<(), Failure> {
        let formats = self.signing.format().formats()?;
        let options = AttestOptions {
            formats,
            media_types: attachment::media_types(session),
            created: None,
        };
        let image = &beside.subject.image;
        let now = || session.now();
        let made = attest::attest(image, claimed, credential.signer(), formats, now())?;
        let made = attest::vouch(made, image, credential, &chosen.services, formats, now).await?;
        let attachment = Attachment {
            ready: sign::prepare(beside.store, location, formats).await?,
            image,
            subject: &beside.subject.descriptor,
            location,
        };
        session.ui().info(&format!(
            "Attaching attestation of type {} to: {image}",
            claimed.predicate_type()
        ));
        attest::attach(&attachment, beside.store, &made, options, &Earlier::none(), now()).await?;
        Ok(())
    }
}

/// The bill as a claim about the image.
fn claimed(content: &Bytes, form: BillForm, session: &Session<'_>) -> Result<Claimed, Failure> {
    let Some(name) = form.predicate_type() else {
        let reason = "--attest: a statement is JSON, which holds no XML; make the SBOM as JSON";
        return Err(UsageError::because(reason).into());
    };
    let predicate_type: PredicateType = name
        .parse()
        .expect("a name of the table, and a URI, are predicate types");
    let predicate = Predicate::new(&predicate_type, content.to_vec(), session.now())
        .map_err(|source| Failure::predicate("the SBOM", source))?;
    Ok(Claimed::Predicate {
        predicate_type,
        predicate,
    })
}
