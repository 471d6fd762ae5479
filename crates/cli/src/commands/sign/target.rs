//! The manifests that a command signs.

use countersign::attachment::Location;
use countersign::sign::{Ready, Subject, beneath, without_attestations};
use countersign_oci::{AnyStore, Reference};

use crate::failure::Failure;
use crate::session::Session;

/// One manifest to sign.
pub(in crate::commands) struct Target {
    pub(in crate::commands) store: AnyStore,
    pub(in crate::commands) subject: Subject,
    pub(in crate::commands) location: Location,
    /// That the repository is ready, where what is made is attached.
    pub(in crate::commands) ready: Option<Ready>,
}

impl Target {
    /// This one, and every manifest beneath it where all are meant.
    pub(in crate::commands) async fn with_beneath(self, is_recursive: bool) -> Result<Vec<Self>, Failure> {
        if !is_recursive {
            return Ok(vec![self]);
        }
        let beneath = beneath(&self.store, &self.subject).await?;
        Ok(self.with(beneath))
    }

    /// As [`with_beneath`](Self::with_beneath), but for the manifests in which BuildKit keeps attestations, of which it tells.
    pub(in crate::commands) async fn with_images_beneath(self, session: &Session<'_>) -> Result<Vec<Self>, Failure> {
        let beneath = beneath(&self.store, &self.subject).await?;
        let (images, attestations) = without_attestations(&self.subject, beneath);
        tell_of_attestations(&attestations, session);
        Ok(self.with(images))
    }

    fn with(self, beneath: Vec<Subject>) -> Vec<Self> {
        let of = |subject| Self {
            store: self.store.clone(),
            subject,
            location: self.location.clone(),
            ready: self.ready,
        };
        let mut all: Vec<Self> = beneath.into_iter().map(of).collect();
        all.insert(0, self);
        all
    }
}

/// Says what is left alone.
pub(in crate::commands) fn tell_of_attestations(attestations: &[Subject], session: &Session<'_>) {
    for attestation in attestations {
        session.ui().info(&format!(
            "Leaving alone {}, which holds attestations of BuildKit; --include-attestation-manifests takes it too",
            attestation.image
        ));
    }
}

/// What cosign says of a tag; `done` is what happens to what it points at: signed, attested.
pub(in crate::commands) fn tag_warning(reference: &Reference, program: &str, done: &str) -> String {
    format!(
        "Image reference {reference} uses a tag, not a digest, to identify the image to sign.\n    \
         This can lead you to sign a different image than the intended one. Please use a\n    \
         digest (example.com/ubuntu@sha256:abc123...) rather than tag\n    \
         (example.com/ubuntu:latest) for the input to {program}. The digest that the tag has now is {done}."
    )
}
