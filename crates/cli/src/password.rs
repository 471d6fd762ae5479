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

/// The passwords of an encrypted key that is imported.
pub(crate) struct ImportPasswords {
    /// The one it has.
    pub(crate) old: Secret<Vec<u8>>,
    /// The one it gets.
    pub(crate) new: Secret<Vec<u8>>,
}

/// Gets the passwords of an encrypted key that is imported.
///
/// The old one comes from `COSIGN_IMPORT_PASSWORD` or the terminal; else both are the same.
pub(crate) fn for_import(session: &Session<'_>) -> Result<ImportPasswords, Failure> {
    let old = match session.environment().get(env::IMPORT_PASSWORD) {
        Some(password) => Some(Secret::new(password.as_bytes().to_vec())),
        None if session.ui().terminal().stdin => Some(ask(session, "Enter password of the imported private key: ")?),
        None => None,
    };
    let new = obtain(session, Purpose::Create)?;
    Ok(ImportPasswords {
        old: old.unwrap_or_else(|| new.clone()),
        new,
    })
}

fn ask(session: &Session<'_>, question: &str) -> Result<Secret<Vec<u8>>, Failure> {
    Ok(Secret::new(session.ui().ask_hidden(question)?.into_bytes()))
}

/// The most bytes of a password, which also bounds what is read of standard input.
const LIMIT: u64 = 64 * 1024;
