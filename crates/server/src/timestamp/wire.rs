//! The authority over HTTP (RFC 3161 §3.4), at the paths of Sigstore's.

use countersign_core::certificate::Certificate;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Method, StatusCode};
use jiff::Timestamp;

use super::Timestamper;
use super::token::rejected;
use crate::body::RequestBody;
use crate::reply::{Reply, TEXT, collect, is_read};

impl Timestamper {
    /// Answers what is at a path; nothing where it is not one of the authority's.
    pub(crate) async fn serve(&self, head: &Parts, body: &mut RequestBody) -> Option<Reply> {
        Some(match head.uri.path() {
            "/api/v1/timestamp" => self.stamp_request(head, body).await,
            "/api/v1/timestamp/certchain" if is_read(&head.method) => {
                let chain: String = self.chain.iter().map(Certificate::to_pem).collect();
                Reply::new(StatusCode::OK, "application/pem-certificate-chain", chain)
            }
            "/api/v1/timestamp/certchain" => Reply::method("GET, HEAD"),
            _ => return None,
        })
    }

    async fn stamp_request(&self, head: &Parts, body: &mut RequestBody) -> Reply {
        if head.method != Method::POST {
            return Reply::method("POST");
        }
        let media_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        if media_type != QUERY {
            let reason = format!("the content is of type {media_type:?}, expected {QUERY}\n");
            return Reply::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, TEXT, reason.clone()).because(reason);
        }
        let body = match collect(body, REQUEST).await {
            Ok(body) => body,
            Err((status, reason)) => return Reply::new(status, TEXT, format!("{reason}\n")).because(reason),
        };
        match self.answer(&body, Timestamp::now()) {
            Ok(answer) => Reply::new(StatusCode::CREATED, REPLY, answer),
            Err((rejection, error)) => {
                let reason = error.map_or_else(|| rejection.to_string(), |error| error.to_string());
                Reply::new(StatusCode::OK, REPLY, rejected(&rejection)).because(reason)
            }
        }
    }
}

const QUERY: &str = "application/timestamp-query";
const REPLY: &str = "application/timestamp-reply";
/// The longest request, in bytes: a hash, a nonce and a policy.
const REQUEST: usize = 16 * 1024;
