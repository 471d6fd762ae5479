//! What was judged, sorted: what a log has still to say is asked for, and the signers are counted.

use countersign_core::artifact::Artifact;
use countersign_core::bundle::Bundle;
use countersign_core::policy::Quorum;
use countersign_core::verify::{Rejection, VerifiedSignature, search, verify};
use countersign_oci::Pinned;
use jiff::Timestamp;

use super::{Judged, Refusal, Refused, Rules, Verified, VerifyError, none_accepted};
use crate::attachment::Place;
use crate::rekor;
use crate::service::ServiceError;

/// Asks the log for the entry of a signature that lacks nothing else, and judges it with that.
///
/// # Errors
/// [`ServiceError`] where the log does not say whether there is one.
pub async fn look_up(
    bundle: Bundle,
    rejection: Rejection,
    artifact: &Artifact,
    rules: Rules<'_>,
    now: Timestamp,
) -> Result<Result<VerifiedSignature, Rejection>, ServiceError> {
    let Some(log) = rules.log.filter(|_| is_unlogged(&bundle, &rejection)) else {
        return Ok(Err(rejection));
    };
    let Ok(searches) = search(&bundle, artifact, rules.policy) else {
        return Ok(Err(rejection));
    };
    for search in searches {
        if let Some(entry) = rekor::find(log.url, search, log.http).await? {
            let bundle = bundle.with_log_entries([entry]);
            return Ok(verify(&bundle, artifact, rules.policy, rules.trust, now));
        }
    }
    Ok(Err(rejection))
}

/// Says whether a log may be asked: only where no evidence of any is there, so that none is doubted for what a log says today.
pub(super) fn is_unlogged(bundle: &Bundle, rejection: &Rejection) -> bool {
    bundle.log_entries().is_empty() && rejection.is_unlogged()
}

/// Sorts what was judged; a log is asked only where the rest does not suffice.
pub(super) async fn settled(
    image: &Pinned,
    found: Vec<Judged>,
    artifact: &Artifact,
    rules: Rules<'_>,
    now: Timestamp,
) -> Result<Verified, VerifyError> {
    let (mut accepted, mut refused, unlogged) = sorted(found);
    for (number, (place, rejection, bundle)) in unlogged.into_iter().enumerate() {
        if number >= LOOKUPS || is_enough(&accepted, rules.quorum) {
            refused.push((place, rejection.into()));
            continue;
        }
        let outcome = look_up(*bundle, rejection, artifact, rules, now).await;
        match outcome.map_err(|source| VerifyError::Log {
            image: image.clone(),
            source,
        })? {
            Ok(signature) => accepted.push((place, signature)),
            Err(rejection) => refused.push((place, rejection.into())),
        }
    }
    if accepted.is_empty() {
        return Err(none_accepted(image.clone(), refused, rules.policy.claim()));
    }
    if let Some(quorum) = rules.quorum
        && let Err(source) = quorum.judge(accepted.iter().map(|(_, signature)| signature))
    {
        return Err(VerifyError::Quorum {
            image: image.clone(),
            refused,
            source,
        });
    }
    Ok(Verified {
        accepted,
        refused,
        chain: None,
    })
}

/// What counts, what does not, and what a log may have more to say of.
type Sorted = (
    Vec<(Place, VerifiedSignature)>,
    Vec<(Place, Refusal)>,
    Vec<(Place, Rejection, Box<Bundle>)>,
);

fn sorted(found: Vec<Judged>) -> Sorted {
    let (mut accepted, mut refused, mut unlogged) = (Vec::new(), Vec::new(), Vec::new());
    for (place, outcome) in found {
        match outcome {
            Ok(signature) => accepted.push((place, signature)),
            Err(Refused {
                refusal: Refusal::Rejected(rejection),
                unlogged: Some(bundle),
            }) => unlogged.push((place, rejection, bundle)),
            Err(Refused { refusal, .. }) => refused.push((place, refusal)),
        }
    }
    (accepted, refused, unlogged)
}

fn is_enough(accepted: &[(Place, VerifiedSignature)], quorum: Option<&Quorum>) -> bool {
    match quorum {
        None => !accepted.is_empty(),
        Some(quorum) => quorum.judge(accepted.iter().map(|(_, signature)| signature)).is_ok(),
    }
}

/// The most signatures of one artifact whose entries a log is asked for: strangers may attach any number.
const LOOKUPS: usize = 16;
