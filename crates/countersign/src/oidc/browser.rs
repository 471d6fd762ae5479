//! A login in a browser, which brings a code back to this machine (RFC 8252, RFC 7636; OpenID Connect Core 1.0 §3.1).

mod listener;

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::{Digest, Secret};
use countersign_oci::http::Http;

use super::provider::{Client, WireProvider, discover, form, post, token_of};
use super::{LoginError, claims};
use crate::service::{Place, Service, ServiceError};

use listener::Listener;

/// What the user does in a login.
pub struct User<'a> {
    /// Opens an address in the browser.
    pub open: &'a dyn Fn(&str) -> io::Result<()>,
    /// Tells the user something.
    pub tell: &'a dyn Fn(&str),
    /// Asks the user for the code that a page shows.
    pub ask: &'a dyn Fn(&str) -> io::Result<String>,
}

/// Has the user log in with a browser, to which the page comes back at `redirect`; where no browser opens, or none comes back
/// in time, the user types the code that the provider shows, as with cosign.
///
/// # Errors
/// [`ServiceError`]; [`LoginError`] is what is wrong with the login.
pub async fn token(
    client: &Client<'_>,
    redirect: Option<&str>,
    user: &User<'_>,
    http: &Http,
) -> Result<Secret<String>, ServiceError> {
    let place = Place {
        service: Service::IdentityProvider,
        url: client.issuer,
    };
    let provider = discover(&place, http).await?;
    let login = Login::new(&place, &provider, client)?;
    let listener = Listener::open(redirect).await;
    let listener = listener.map_err(|source| place.unaskable(source))?;
    let returned = match login.by_browser(&listener, user).await {
        Ok(code) => (Secret::new(code), listener.url()),
        Err(Failed::Refused(reason)) => return Err(place.unusable(LoginError::Refused(reason))),
        Err(Failed::Browser(reason)) => {
            (user.tell)(&reason);
            (login.by_hand(user)?, OUT_OF_BAND)
        }
    };
    login.redeem(&returned.0, returned.1, http).await
}

/// One login. Nobody else knows the secrets: `state` shows that a page is of this login, the nonce that a token is, and who has
/// the verifier alone can use the code.
struct Login<'a> {
    place: &'a Place<'a>,
    client: &'a Client<'a>,
    page: &'a str,
    endpoint: &'a str,
    state: String,
    nonce: String,
    verifier: Secret<String>,
}

/// Why a browser brought no code.
enum Failed {
    /// There is none, or nobody logged in.
    Browser(String),
    /// The provider says no.
    Refused(String),
}

impl<'a> Login<'a> {
    fn new(place: &'a Place<'a>, provider: &'a WireProvider, client: &'a Client<'a>) -> Result<Self, ServiceError> {
        let page = provider.authorization_endpoint.as_deref();
        let secret = |name: &str| {
            let bytes = Digest::sha256(&[&client.seed, name.as_bytes()].concat());
            URL_SAFE_NO_PAD.encode(bytes.bytes())
        };
        Ok(Self {
            place,
            client,
            page: page.ok_or_else(|| place.unusable(LoginError::Malformed))?,
            endpoint: &provider.token_endpoint,
            state: secret("state"),
            nonce: secret("nonce"),
            verifier: Secret::new(secret("verifier")),
        })
    }

    fn address(&self, redirect: &str) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Digest::sha256(self.verifier.expose().as_bytes()).bytes());
        let query = form(&[
            ("access_type", "online"),
            ("client_id", self.client.id),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("nonce", &self.nonce),
            ("redirect_uri", redirect),
            ("response_type", "code"),
            ("scope", "openid email"),
            ("state", &self.state),
        ]);
        let joint = if self.page.contains('?') { '&' } else { '?' };
        format!("{}{joint}{query}", self.page)
    }

    async fn by_browser(&self, listener: &Listener, user: &User<'_>) -> Result<String, Failed> {
        let address = self.address(listener.url());
        (user.open)(&address).map_err(|error| Failed::Browser(format!("error opening browser: {error}")))?;
        (user.tell)(&format!("Your browser will now be opened to:\n{address}"));
        match tokio::time::timeout(PATIENCE, listener.code(&self.state)).await {
            Ok(Ok(code)) => Ok(code),
            Ok(Err(refusal)) => Err(Failed::Refused(refusal)),
            Err(_) => Err(Failed::Browser("error getting code: timeout".to_owned())),
        }
    }

    fn by_hand(&self, user: &User<'_>) -> Result<Secret<String>, ServiceError> {
        (user.tell)(&format!(
            "Go to the following link in a browser:\n\n\t {}",
            self.address(OUT_OF_BAND)
        ));
        let typed = (user.ask)("Enter verification code: ");
        match typed.as_deref().map(str::trim) {
            Ok("") | Err(_) => Err(self.place.unusable(LoginError::Late)),
            Ok(code) => Ok(Secret::new(code.to_owned())),
        }
    }

    /// Has the token for the code; it must be of this login, for this client, and by this provider (OpenID Connect Core 1.0
    /// §3.1.3.7: it comes from the provider itself, over TLS).
    async fn redeem(&self, code: &Secret<String>, redirect: &str, http: &Http) -> Result<Secret<String>, ServiceError> {
        let members = [
            ("grant_type", "authorization_code"),
            ("client_id", self.client.id),
            ("code", code.expose()),
            ("code_verifier", self.verifier.expose()),
            ("redirect_uri", redirect),
        ];
        let answered = post(self.place, self.endpoint, &members, self.client, http).await?;
        let token = token_of(self.place, answered, code)?;
        let claims = claims(token.expose()).map_err(|error| self.place.unusable(error))?;
        if claims.nonce.as_deref() != Some(&self.nonce) {
            return Err(self.place.unusable(LoginError::OtherLogin));
        }
        if !claims.is_for(self.client.id) || claims.iss.trim_end_matches('/') != self.place.url.trim_end_matches('/') {
            return Err(self.place.unusable(LoginError::OtherClient));
        }
        Ok(token)
    }
}

/// The address that stands for none (Google, and Dex after it).
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// How long a browser may take, as in cosign.
const PATIENCE: Duration = Duration::from_secs(120);
