//! Certificates for keys whose holder has shown who they are (client-spec §2.1.2).

use countersign_core::protocol::fulcio::{Issued, LIMIT, PATH, request};
use countersign_core::signer::Signer;
use countersign_oci::http::{Call, Http};

use crate::oidc::IdentityToken;
use crate::service::{JSON, Place, Service, ServiceError};

/// Has the certificate authority at `url` certify that the holder of `token` holds the key of `signer`, which proves it by a
/// signature over the token's subject.
///
/// # Errors
/// [`ServiceError`]; a certificate for another key is one.
pub async fn certify(
    url: &str,
    token: &IdentityToken,
    signer: &dyn Signer,
    http: &Http,
) -> Result<Issued, ServiceError> {
    let place = Place {
        service: Service::CertificateAuthority,
        url,
    };
    let proof = signer
        .sign(token.subject().as_bytes())
        .map_err(|error| place.unaskable(error))?;
    let address = place.join(PATH);
    let call = Call::post(&address, JSON, request(signer.public_key(), &proof), LIMIT as u64)
        .with_header("accept", JSON)
        .with_credentials("Bearer", token.secret())
        .with_attempts(ATTEMPTS);
    let answered = place.call(&call, http).await?;
    let content = place.content(answered, JSON, Some(token.secret()))?;
    Issued::parse(&content, signer.public_key()).map_err(|error| place.unusable(error))
}

/// Asked twice, it issues twice, and one of the certificates is for nothing.
const ATTEMPTS: u32 = 2;
