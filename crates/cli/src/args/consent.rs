//! Consent to what becomes public.

use clap::Args;
use countersign::services::Services;

use crate::failure::Failure;
use crate::session::Session;

/// Consent to what becomes public.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ConsentArgs {
    /// Does not ask
    #[arg(short, long)]
    yes: bool,
}

/// What a signature shows of who made it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown<'a> {
    /// The public key.
    Key,
    /// This identity, in a certificate.
    Identity(&'a str),
    /// This identity, in a certificate that is there already.
    Certificate(&'a str),
}

impl ConsentArgs {
    /// Asks, unless told not to, where something becomes public: a certificate for an identity always does.
    pub(crate) fn ask(self, shown: Shown<'_>, services: &Services, session: &Session<'_>) -> Result<(), Failure> {
        let logs: Vec<_> = services.logs().iter().map(|log| log.url()).collect();
        let what = match (shown, logs.is_empty()) {
            (Shown::Key | Shown::Certificate(_), true) => return Ok(()),
            (Shown::Key, false) => "the signature, the digest of what is signed and the public key".to_owned(),
            (Shown::Identity(who), true) => format!("a certificate for {who}"),
            (Shown::Identity(who) | Shown::Certificate(who), false) => {
                format!("the signature, the digest of what is signed and a certificate for {who}")
            }
        };
        if self.yes {
            return Ok(());
        }
        let place = match &logs[..] {
            [] => "the log of the certificate authority".to_owned(),
            logs => logs.join(", "),
        };
        session.ui().info(&format!(
            "This makes public, for ever and for everybody to see: {what}. It will be in {place}."
        ));
        session.ui().confirm()
    }
}
