//! `helm`: charts are pushed, pulled and verified as Helm does it.

mod pull;
mod push;
mod verify;

use countersign::provenance::{self, Subject, Verified};
use countersign_artifacts::helm::Chart;
use countersign_core::openpgp::Keyring;

use super::Entry;
use crate::failure::Failure;
use crate::session::Session;

pub(super) const GROUP: Entry = Entry::group(
    "helm",
    "Pushes, pulls and verifies Helm charts",
    &[
        Entry::of::<pull::Pull>(),
        Entry::of::<push::Push>(),
        Entry::of::<verify::Verify>(),
    ],
);

/// The rest of an address `oci://REST`.
fn rest(address: &str) -> Result<&str, Failure> {
    let rest = address.strip_prefix("oci://").map(|rest| rest.trim_end_matches('/'));
    rest.filter(|rest| !rest.is_empty()).ok_or_else(|| {
        crate::args::usage::UsageError::because(format!("{address}: expected oci://REGISTRY/REPOSITORY")).into()
    })
}

/// Says what was moved, in Helm's words.
fn told(done: &str, name: &str, digest: &str, session: &Session<'_>) -> Result<(), Failure> {
    session.ui().print_line(&format!("{done}: {name}\nDigest: {digest}"))?;
    if name.rsplit(':').next().is_some_and(|tag| tag.contains('_')) {
        session
            .ui()
            .info(&format!("{name} contains an underscore.\n{UNDERSCORE}"));
    }
    Ok(())
}

/// Verifies a chart by its provenance file; `shown` names it in messages.
fn verified(
    chart: &Chart,
    file_name: &str,
    provenance: &[u8],
    keyring: &Keyring,
    shown: &str,
    session: &Session<'_>,
) -> Result<Verified, Failure> {
    let subject = Subject {
        file_name,
        archive: chart.archive(),
        name: chart.metadata().name(),
        version: chart.metadata().version(),
    };
    provenance::verify(provenance, &subject, keyring, session.now()).map_err(|source| Failure::Provenance {
        chart: shown.to_owned(),
        source,
    })
}

/// Says who signed a chart, in Helm's words.
fn told_signer(verified: &Verified, session: &Session<'_>) -> Result<(), Failure> {
    for name in verified.signed().names() {
        session.ui().print_line(&format!("Signed by: {name}"))?;
    }
    let fingerprint = verified.signed().fingerprint();
    session
        .ui()
        .print_line(&format!("Using Key With Fingerprint: {fingerprint}"))?;
    session
        .ui()
        .print_line(&format!("Chart Hash Verified: {}", verified.digest()))
}

const UNDERSCORE: &str = "
OCI artifact references (e.g. tags) do not support the plus sign (+). To support
storing semantic versions, Helm adopts the convention of changing plus (+) to
an underscore (_) in chart version tags when pushing to a registry and back to
a plus (+) when pulling from a registry.";
