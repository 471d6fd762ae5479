//! Signs the layers of an image, so that those who build upon it can show that they did.

use bytes::Bytes;
use countersign_core::Message;
use countersign_core::base::{BaseStatement, SIGNATURE_ANNOTATION, SignedLayer};
use countersign_core::payload::statement::StatementError;
use countersign_core::signer::{Signer, SignerError};
use countersign_oci::Store;
use jiff::Timestamp;

use super::{BaseError, Image};
use crate::attachment::add::add_layers;
use crate::attachment::legacy::{BASE_LAYERS, Layer, MediaTypes};
use crate::attachment::referrer::BUNDLE_V03;
use crate::attachment::{Kind, Location};
use crate::attest::{self, AttestError, AttestOptions, Attestation, Claimed, Earlier, GivenStatement};
use crate::sign::{Attachment, Formats, Ready};

/// What is said of a base besides its layers.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What it is called.
    pub name: String,
    /// When it is said.
    pub issued: Timestamp,
    /// Until when it holds.
    pub expires: Option<Timestamp>,
}

/// The statement about a base, to be attested.
///
/// # Errors
/// [`StatementError`] where it is too long to be read again.
pub fn statement(image: &Image, terms: &Terms) -> Result<Claimed, StatementError> {
    let described = image.subject.manifest.layers().iter().zip(image.layers.diff_ids());
    let layers = described.map(|(layer, diff_id)| SignedLayer {
        diff_id: diff_id.clone(),
        digest: layer.digest.clone(),
        size: layer.size,
        media_type: layer.media_type.clone(),
    });
    let statement = BaseStatement {
        name: terms.name.clone(),
        platform: image.platform(),
        layers: layers.collect(),
        issued: terms.issued,
        expires: terms.expires,
    };
    let bytes = statement.to_statement(image.subject.image.digest(), &image.layers);
    GivenStatement::parse(bytes).map(Claimed::Statement)
}

/// The signature over the layers alone, base64, made as that of a file is: `cosign verify-blob` verifies it.
///
/// # Errors
/// [`SignerError`].
pub fn layer_signature(image: &Image, signer: &dyn Signer) -> Result<String, SignerError> {
    let message = Message::of(&image.layers.payload(), &signer.needs());
    Ok(signer.sign_message(&message)?.to_base64())
}

/// Attaches the attestation of a base to it.
///
/// # Errors
/// [`AttestError`].
pub async fn attach<S: Store>(
    image: &Image,
    attestation: &Attestation,
    (store, location, ready): (&S, &Location, Ready),
    now: Timestamp,
) -> Result<(), AttestError> {
    let attachment = Attachment {
        ready,
        image: &image.subject.image,
        subject: &image.subject.descriptor,
        location,
    };
    let options = AttestOptions {
        formats: Formats::Bundle,
        media_types: MediaTypes::Oci,
        created: None,
    };
    attest::attach(&attachment, store, attestation, options, &Earlier::none(), now)
        .await
        .map(drop)
}

/// Adds what is signed of a base to the tag of its chain id, beside what others have signed and sign at the same time.
///
/// # Errors
/// [`BaseError::Store`].
pub async fn publish<S: Store>(
    image: &Image,
    bundle: Bytes,
    signature: Option<&str>,
    store: &S,
    location: &Location,
) -> Result<(), BaseError> {
    let mut layers = vec![Layer::of(BUNDLE_V03, bundle, [].into())];
    if let Some(signature) = signature {
        let annotations = [(SIGNATURE_ANNOTATION.to_owned(), signature.to_owned())];
        layers.push(Layer::of(
            BASE_LAYERS,
            image.layers.payload().into(),
            annotations.into(),
        ));
    }
    let Some(chain_id) = image.layers.chain_id(image.layers.len()) else {
        return Ok(());
    };
    add_layers(&layers, chain_id, Kind::Base, store, location, MediaTypes::Oci)
        .await
        .map_err(BaseError::store(&image.subject.image))
}
