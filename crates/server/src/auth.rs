//! Who may speak to the registry (RFC 7617).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::{Digest, Secret};
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// Users and their passwords, all of whom may do everything.
///
/// Only hashes of the pairs are kept. They are compared without telling by the time taken how much was right.
#[derive(Clone)]
pub struct BasicAuth {
    accepted: Vec<Vec<u8>>,
}

impl BasicAuth {
    /// Lets one user in.
    ///
    /// # Errors
    /// [`AuthError::User`] where the user's name is empty or has a colon.
    pub fn user(user: &str, password: &Secret<String>) -> Result<Self, AuthError> {
        Ok(Self {
            accepted: vec![hash_pair(user, password.expose(), 1)?],
        })
    }

    /// Reads a `user:password` a line; empty lines and those that start with `#` are left out.
    ///
    /// Passwords are plain: the hashes that `htpasswd` writes are refused rather than taken for passwords.
    ///
    /// # Errors
    /// [`AuthError`], with the line's number.
    pub fn parse(text: &Secret<String>) -> Result<Self, AuthError> {
        let mut accepted = Vec::new();
        for (line, number) in text.expose().lines().zip(1..) {
            let line = line.trim_end_matches('\r');
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (user, password) = line.split_once(':').ok_or(AuthError::Colon { line: number })?;
            if ["$2y$", "$2a$", "$2b$", "$apr1$", "{SHA}", "$5$", "$6$"]
                .iter()
                .any(|prefix| password.starts_with(prefix))
            {
                return Err(AuthError::Hash { line: number });
            }
            accepted.push(hash_pair(user, password, number)?);
        }
        match accepted.len() {
            0 => Err(AuthError::Nobody),
            1..=USERS_LIMIT => Ok(Self { accepted }),
            found => Err(AuthError::Users { found }),
        }
    }

    /// Says whether a request's credentials are right.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(given) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
            return false;
        };
        let Some(pair) = given
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok())
            .map(Secret::new)
        else {
            return false;
        };
        let given = Digest::sha256(pair.expose()).bytes();
        // Every pair is compared, so that the time does not tell which one was right.
        self.accepted.iter().fold(false, |admitted, accepted| {
            admitted | verify_slices_are_equal(accepted, &given).is_ok()
        })
    }
}

impl std::fmt::Debug for BasicAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BasicAuth({} users)", self.accepted.len())
    }
}

/// Why a list of users is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// A line has no colon.
    #[error("line {line} is not user:password")]
    Colon {
        /// The line's number, from 1.
        line: usize,
    },
    /// A password looks like a hash.
    #[error("line {line} holds a password's hash, expected the password itself")]
    Hash {
        /// The line's number, from 1.
        line: usize,
    },
    /// There are no users.
    #[error("there are no users")]
    Nobody,
    /// A user has no name, or one with a colon.
    #[error("line {line} has no usable user name")]
    User {
        /// The line's number, from 1.
        line: usize,
    },
    /// There are too many users.
    #[error("there are {found} users, the limit is {USERS_LIMIT}")]
    Users {
        /// The number of users.
        found: usize,
    },
}

fn hash_pair(user: &str, password: &str, line: usize) -> Result<Vec<u8>, AuthError> {
    if user.is_empty() || user.contains(':') {
        return Err(AuthError::User { line });
    }
    let pair = Secret::new(format!("{user}:{password}"));
    Ok(Digest::sha256(pair.expose().as_bytes()).bytes())
}

/// The most users: each request is compared with all of them.
const USERS_LIMIT: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn request(pair: &str) -> HeaderMap {
        let value = format!("Basic {}", STANDARD.encode(pair));
        HeaderMap::from_iter([(AUTHORIZATION, value.parse().expect("base64 is a header value"))])
    }

    fn users(text: &str) -> Result<BasicAuth, AuthError> {
        BasicAuth::parse(&Secret::new(text.to_owned()))
    }

    #[test]
    fn only_a_listed_pair_is_admitted() {
        let auth = users("# people\nann:a:b\n\nbob:secret\r\n").expect("the list is well formed");
        assert!(auth.admits(&request("ann:a:b")));
        assert!(auth.admits(&request("bob:secret")));
        for wrong in ["ann:secret", "bob:", "bob:secret ", ":", "", "eve:x"] {
            assert!(!auth.admits(&request(wrong)), "{wrong}");
        }
        assert!(!auth.admits(&HeaderMap::new()));
    }

    #[test]
    fn list_that_would_admit_a_hash_as_password_is_refused() {
        assert_eq!(users("ann:x\nbob:$2y$05$abc").err(), Some(AuthError::Hash { line: 2 }));
        assert_eq!(users("ann").err(), Some(AuthError::Colon { line: 1 }));
        assert_eq!(users(":x").err(), Some(AuthError::User { line: 1 }));
        assert_eq!(users("#\n").err(), Some(AuthError::Nobody));
    }
}
