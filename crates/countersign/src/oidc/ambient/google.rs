//! Tokens of Google: the machine's own, and those of an account that it may speak for.

use countersign_core::Secret;
use countersign_oci::http::{Call, Http};
use serde::Deserialize;

use super::{ANSWER, ATTEMPTS, NoToken, Surroundings, WireToken};
use crate::service::{JSON, Place, Service, ServiceError};

/// The variable that names the metadata server, where it is another than Google's.
pub(super) const HOST: &str = "GCE_METADATA_HOST";

/// Asks the metadata server who the machine is
/// (<https://cloud.google.com/compute/docs/instances/verifying-instance-identity>).
pub(super) async fn of_machine(
    surroundings: &Surroundings<'_>,
    audience: &str,
    http: &Http,
) -> Result<Secret<String>, ServiceError> {
    let query = format!("identity?audience={audience}&format=full");
    let answer = metadata(&query, surroundings, http).await?;
    Ok(Secret::new(String::from_utf8_lossy(&answer).trim().to_owned()))
}

/// Asks Google for a token of an account, by the machine's own right.
pub(super) async fn of_account(
    account: &str,
    surroundings: &Surroundings<'_>,
    audience: &str,
    http: &Http,
) -> Result<Secret<String>, ServiceError> {
    let place = Place {
        service: Service::IdentityProvider,
        url: surroundings.google,
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"@.-_".contains(&byte);
    if !account.bytes().all(is_name) {
        return Err(place.unaskable(NoAccount));
    }
    let answer = metadata("token", surroundings, http).await?;
    let access: WireAccess = serde_json::from_slice(&answer).map_err(|_| place.unusable(NoToken))?;
    let access = Secret::new(access.access_token);
    let address = place.join(&format!("projects/-/serviceAccounts/{account}:generateIdToken"));
    let body = serde_json::json!({ "audience": audience, "includeEmail": true }).to_string();
    let call = Call::post(&address, JSON, body, ANSWER)
        .with_credentials("Bearer", &access)
        .with_attempts(ATTEMPTS);
    let content = place.content(place.call(&call, http).await?, JSON, Some(&access))?;
    let wire: WireToken = serde_json::from_slice(&content).map_err(|_| place.unusable(NoToken))?;
    Ok(Secret::new(wire.token))
}

/// Asks the metadata server, which is reached over plain HTTP and never leaves the machine, about the machine's account.
async fn metadata(what: &str, surroundings: &Surroundings<'_>, http: &Http) -> Result<bytes::Bytes, ServiceError> {
    let host = (surroundings.variable)(HOST).filter(|host| !host.is_empty());
    let url = format!("http://{}", host.as_deref().unwrap_or("metadata.google.internal"));
    let place = Place {
        service: Service::IdentityProvider,
        url: &url,
    };
    let address = place.join(&format!("computeMetadata/v1/instance/service-accounts/default/{what}"));
    let call = Call::get(&address, ANSWER)
        .with_header("metadata-flavor", "Google")
        .with_attempts(ATTEMPTS);
    Ok(place.success(place.call(&call, http).await?, None)?.body)
}

/// The name is none of an account.
#[derive(Debug, thiserror::Error)]
#[error("GOOGLE_SERVICE_ACCOUNT_NAME is no name of an account")]
pub(super) struct NoAccount;

#[derive(Deserialize)]
struct WireAccess {
    access_token: String,
}
