//! What is at the bottom of a failure, where its kind decides how the program ends.

use countersign::attest::AttestError;
use countersign::base::BaseError;
use countersign::blob::BlobError;
use countersign::copy::CopyError;
use countersign::credential::CredentialError;
use countersign::key_reference::KeyReferenceError;
use countersign::oidc::ambient::AmbientError;
use countersign::service::ServiceError;
use countersign::services::VouchError;
use countersign::sign::SignError;
use countersign::tags::SetError;
use countersign::tuf::TufFailure;
use countersign::verify::VerifyError;
use countersign_artifacts::helm::ChartError;
use countersign_artifacts::tekton::BundleError as TektonError;
use countersign_artifacts::wasm::LayoutError;
use countersign_artifacts::{PackError, PullError, PushError};
use countersign_oci::StoreError;

use super::Failure;
use crate::published::PublishedError;

impl Failure {
    /// What a store said, where that is the reason.
    pub(crate) fn of_store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error)
            | Self::Chart(ChartError::Store(error))
            | Self::Pack(PackError::Manifest(error))
            | Self::Tekton(TektonError::Store(error))
            | Self::WasmLayout(LayoutError::Store(error))
            | Self::Pull(PullError::Store(error) | PullError::Part { source: error, .. })
            | Self::Push(
                PushError::Store(error)
                | PushError::Part { source: error, .. }
                | PushError::Pack(PackError::Manifest(error)),
            )
            | Self::Base(BaseError::Store { source: error, .. })
            | Self::Copy(CopyError::Store(error) | CopyError::Part { source: error, .. })
            | Self::Sign(SignError::Store { source: error, .. })
            | Self::Attest(AttestError::Store { source: error, .. } | AttestError::NotRemoved { source: error, .. })
            | Self::TagSet(SetError::Store(error))
            | Self::Key(KeyReferenceError::Url { source: error, .. }) => Some(error),
            Self::Sbom(error) => error.store(),
            _ => match self.of_service() {
                Some(ServiceError::Unreachable { source, .. }) => Some(source),
                _ => None,
            },
        }
    }

    /// What came of a service, where that is the reason.
    pub(crate) fn of_service(&self) -> Option<&ServiceError> {
        match self {
            Self::Published {
                source: PublishedError::Tuf(TufFailure::Fetch(error)),
                ..
            }
            | Self::Ambient(AmbientError::Service(error))
            | Self::LookUp(error)
            | Self::Verify(VerifyError::Log { source: error, .. })
            | Self::Credential(CredentialError::Service(error))
            | Self::Blob(BlobError::Vouch(VouchError::Service(error)))
            | Self::Sign(SignError::Vouch(VouchError::Service(error)))
            | Self::Attest(AttestError::Vouch(VouchError::Service(error))) => Some(error),
            _ => None,
        }
    }
}
