//! Passwords of private keys: from the environment, the terminal, or standard input, in this order.

use std::os::unix::ffi::OsStrExt;

use countersign_core::Secret;

use crate::env;
use crate::failure::Failure;
use crate::session::Session;

/// What a password is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To open a key; asked once.
    Open,
    /// To seal a new key; asked twice.
    Create,
}

/// Gets the password of a private key.
///
/// An empty password is one. From standard input, every byte counts, a line end at the end too, as in cosign.
pub(crate) fn obtain(session: &Session<'_>, purpose: Purpose) -> Result<Secret<Vec<u8>>, Failure> {
    if let Some(password) = session.environment().get(env::PASSWORD) {
        return Ok(Secret::new(password.as_bytes().to_vec()));
    }
    if !session.ui().terminal().stdin {
        return session.ui().read_stdin(LIMIT).map(Secret::new);
    }
    let first = ask(session, "Enter password for private key: ")?;
    if purpose == Purpose::Create {
        let second = ask(session, "Enter password for private key again: ")?;
        if first.expose() != second.expose() {
            return Err(Failure::PasswordsDiffer);
        }
    }
    Ok(first)
}

fn ask(session: &Session<'_>, question: &str) -> Result<Secret<Vec<u8>>, Failure> {
    Ok(Secret::new(session.ui().ask_hidden(question)?.into_bytes()))
}

/// The most bytes of a password, which also bounds what is read of standard input.
const LIMIT: u64 = 64 * 1024;
