//! Who signs, as an OpenID provider says (client-spec §2.1.1).

pub mod ambient;
pub mod browser;
pub mod device;
mod provider;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::Secret;
use countersign_core::quoted::Quoted;
use jiff::Timestamp;
use serde::Deserialize;

pub use provider::{CLIENT_ID, Client};

/// The audience of the tokens that Fulcio takes.
pub const AUDIENCE: &str = "sigstore";

/// The longest token that is read, in bytes.
pub const LIMIT: usize = 64 * 1024;

/// A token that says who its holder is. Whether that is true is for the certificate authority to judge.
#[derive(Debug)]
pub struct IdentityToken {
    secret: Secret<String>,
    subject: String,
    is_email: bool,
    issuer: String,
}

impl IdentityToken {
    /// Reads what a token says (RFC 7519), which must not have ended by `now`.
    ///
    /// # Errors
    /// [`TokenError`], which never shows the token.
    pub fn parse(text: Secret<String>, now: Timestamp) -> Result<Self, TokenError> {
        let claims = claims(text.expose())?;
        if let Some(at) = claims.exp.and_then(|seconds| Timestamp::from_second(seconds).ok())
            && at <= now
        {
            return Err(TokenError::Expired { at });
        }
        Ok(Self {
            subject: subject(&claims)?,
            is_email: claims.email.as_ref().is_some_and(|email| !email.is_empty()),
            issuer: claims.iss,
            secret: text,
        })
    }

    /// Says whether a text has the form of a token, not of a file's name.
    pub fn is_token(text: &str) -> bool {
        claims(text).is_ok()
    }

    /// Returns whom the certificate will be for: an e-mail address, where the provider has verified it, or its own name for
    /// the holder.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns the subject, if it is an e-mail address.
    pub fn email(&self) -> Option<&str> {
        self.is_email.then_some(self.subject.as_str())
    }

    /// Returns the provider.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(crate) fn secret(&self) -> &Secret<String> {
        &self.secret
    }
}

fn claims(text: &str) -> Result<Claims, TokenError> {
    if text.len() > LIMIT {
        return Err(TokenError::TooLong {
            limit: LIMIT,
            found: text.len(),
        });
    }
    let mut parts = text.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(TokenError::Form);
    };
    let json = URL_SAFE_NO_PAD.decode(claims).map_err(|_| TokenError::Form)?;
    // what serde says of a text that it does not expect holds that text
    serde_json::from_slice(&json).map_err(|_| TokenError::Claims)
}

/// An address that nobody has verified is anybody's.
fn subject(claims: &Claims) -> Result<String, TokenError> {
    if let Some(email) = claims.email.as_ref().filter(|email| !email.is_empty()) {
        return match &claims.email_verified {
            Some(Verified::Boolean(true)) => Ok(email.clone()),
            Some(Verified::Text(text)) if text == "true" => Ok(email.clone()),
            _ => Err(TokenError::Unverified { email: email.clone() }),
        };
    }
    match claims.sub.as_ref().filter(|subject| !subject.is_empty()) {
        Some(subject) => Ok(subject.clone()),
        None => Err(TokenError::NoSubject),
    }
}

/// Why a text is no identity token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// What it holds are no claims.
    #[error("identity token holds no claims that can be read")]
    Claims,
    /// It is over.
    #[error("identity token ended at {at}")]
    Expired {
        /// When it ended.
        at: Timestamp,
    },
    /// It has not the form of a token.
    #[error("identity token is no JSON web token: three parts in base64 with dots between them")]
    Form,
    /// It is about nobody.
    #[error("identity token has no subject")]
    NoSubject,
    /// It is longer than is read.
    #[error("identity token has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// The provider has not verified the address.
    #[error("identity token is for {email}, which its provider has not verified")]
    Unverified {
        /// The address.
        email: String,
    },
}

/// Why a login came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// Nobody logged in while there was time.
    #[error("nobody logged in while there was time")]
    Late,
    /// Nobody can listen where the browser is to come back to.
    #[error("nobody can listen where the browser is to come back to: {reason}")]
    Listen {
        /// What the system said.
        reason: String,
    },
    /// What it says is not what the specification has.
    #[error("it does not say what is needed for a login of this kind")]
    Malformed,
    /// The token is for another program.
    #[error("its token is for another program, or by another provider")]
    OtherClient,
    /// It is another provider.
    #[error("it is another provider than it says")]
    OtherIssuer,
    /// The token is of another login.
    #[error("its token is of another login: the nonce is not the one that was sent")]
    OtherLogin,
    /// It wants secrets over plain HTTP.
    #[error("it wants to be asked over plain HTTP")]
    Plain,
    /// The browser cannot come back to the address.
    #[error("the browser cannot come back to {found}: expected http://localhost:PORT/PATH")]
    Redirect {
        /// The address.
        found: String,
    },
    /// It lets the user not log in.
    #[error("it refuses the login: {}", Quoted::new(.0))]
    Refused(String),
}

#[derive(Deserialize)]
struct Claims {
    nonce: Option<String>,
    aud: Option<Audience>,
    iss: String,
    sub: Option<String>,
    email: Option<String>,
    email_verified: Option<Verified>,
    exp: Option<i64>,
}

impl Claims {
    /// Says whether the token is for the program of this name.
    fn is_for(&self, client: &str) -> bool {
        match &self.aud {
            Some(Audience::One(one)) => one == client,
            Some(Audience::Several(several)) => several.iter().any(|one| one == client),
            None => false,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Some providers write the boolean as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Verified {
    Boolean(bool),
    Text(String),
}

#[cfg(test)]
mod tests;
