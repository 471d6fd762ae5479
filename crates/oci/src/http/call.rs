//! Calls of services that are no registry.

use bytes::Bytes;
use countersign_core::Secret;
use http::uri::InvalidUri;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::body::Payload;
use super::retry::{Attempts, Retry};
use super::{Http, Redirects, Request, address};
use crate::error::StoreError;

/// A call of a service. Redirects are not followed unless the call says so: what is sent is for the address that was given.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    url: &'a str,
    content: Option<(&'static str, Bytes)>,
    headers: Vec<(HeaderName, &'a str)>,
    credentials: Option<(&'static str, &'a Secret<String>)>,
    attempts: u32,
    limit: u64,
    redirects: Redirects,
}

/// What a service answered, whatever the status.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The media type, in lower case and without parameters; empty where there is none.
    pub content_type: String,
    /// Where the answer points to.
    pub location: Option<String>,
    /// The body; of anything but a success only the start.
    pub body: Bytes,
}

impl<'a> Call<'a> {
    /// Asks for what is at `url`, of which at most `limit` bytes are read.
    pub fn get(url: &'a str, limit: u64) -> Self {
        Self {
            url,
            content: None,
            headers: Vec::new(),
            credentials: None,
            attempts: 1,
            limit,
            redirects: Redirects::Returned,
        }
    }

    /// Sends `content` to `url`; at most `limit` bytes of the answer are read.
    pub fn post(url: &'a str, content_type: &'static str, content: impl Into<Bytes>, limit: u64) -> Self {
        Self {
            content: Some((content_type, content.into())),
            ..Self::get(url, limit)
        }
    }

    /// Adds a header, whose name is in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &'a str) -> Self {
        self.headers.push((HeaderName::from_static(name), value));
        self
    }

    /// Says who calls: the scheme of `Authorization`, as the service spells it, and the secret.
    #[must_use]
    pub fn with_credentials(mut self, scheme: &'static str, secret: &'a Secret<String>) -> Self {
        self.credentials = Some((scheme, secret));
        self
    }

    /// Says how often the call is made at most: again after a status that passes and after a connection that breaks.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Says that redirects are followed, where nothing is sent and what comes is not believed for where it comes from.
    #[must_use]
    pub fn following_redirects(mut self) -> Self {
        self.redirects = Redirects::Followed;
        self
    }

    fn request(&self) -> Result<Request, StoreError> {
        let method = if self.content.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let mut request = Request::new(method, parse(self.url)?);
        request.redirects = self.redirects;
        for (name, value) in &self.headers {
            add(&mut request.headers, name.clone(), value)?;
        }
        if let Some((content_type, content)) = &self.content {
            request
                .headers
                .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
            request.payload = Payload::Bytes(content.clone());
        }
        if let Some((scheme, secret)) = self.credentials {
            let text = Secret::new(format!("{scheme} {}", secret.expose()));
            let mut value = HeaderValue::from_str(text.expose()).map_err(|_| StoreError::Malformed {
                what: format!("Authorization for {}", address::shown(&request.url)),
                reason: "it holds characters that no header can".to_owned(),
            })?;
            value.set_sensitive(true);
            request.headers.insert(header::AUTHORIZATION, value);
        }
        Ok(request)
    }
}

impl Http {
    /// Fetches an `http` or `https` address, without credentials.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Status`], [`StoreError::TooLarge`] past `limit` bytes, and what a connection can suffer.
    pub async fn get(&self, url: &str, limit: u64) -> Result<Bytes, StoreError> {
        let answer = self.exchange(&Request::new(Method::GET, parse(url)?), limit).await?;
        match answer.status {
            status if status.is_success() => Ok(answer.body),
            StatusCode::NOT_FOUND => Err(StoreError::NotFound {
                what: address::shown(&answer.url),
            }),
            status => Err(StoreError::Status {
                method: Method::GET.to_string(),
                url: address::shown(&answer.url),
                status: status.as_u16(),
                detail: String::new(),
            }),
        }
    }

    /// Calls a service and returns what it answers, whatever the status.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] past the limit of the call, [`StoreError::Malformed`] for an address that is none, and what a
    /// connection can suffer.
    pub async fn call(&self, call: &Call<'_>) -> Result<Answered, StoreError> {
        let policy = Retry {
            attempts: call.attempts,
            ..self.retry().clone()
        };
        let request = call.request()?;
        let answer = self
            .exchange_within(&request, call.limit, Attempts::new(&policy))
            .await?;
        let text = |name| {
            answer
                .headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let media_type = text(header::CONTENT_TYPE).unwrap_or_default();
        let media_type = media_type
            .split_once(';')
            .map_or(media_type, |(media_type, _)| media_type);
        Ok(Answered {
            status: answer.status.as_u16(),
            content_type: media_type.trim().to_ascii_lowercase(),
            location: text(header::LOCATION).map(str::to_owned),
            body: answer.body,
        })
    }
}

fn add(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), StoreError> {
    let value = HeaderValue::from_str(value).map_err(|_| StoreError::Malformed {
        what: format!("header {name}"),
        reason: "its value holds characters that no header can".to_owned(),
    })?;
    headers.insert(name, value);
    Ok(())
}

/// Takes an address that starts with http:// or https:// and names nobody.
fn parse(url: &str) -> Result<Uri, StoreError> {
    let url: Uri = url.parse().map_err(|error: InvalidUri| StoreError::Malformed {
        what: "address".to_owned(),
        reason: error.to_string(),
    })?;
    if url
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err(StoreError::Malformed {
            what: address::shown(&url),
            reason: "it carries a user name, which is not supported".to_owned(),
        });
    }
    if url.authority().is_none() || !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err(StoreError::Malformed {
            what: address::shown(&url),
            reason: "expected an address that starts with http:// or https://".to_owned(),
        });
    }
    Ok(url)
}
