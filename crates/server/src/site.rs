//! All that a server answers: the registry, and the services where there are any.

use std::net::SocketAddr;

use http::header::{EXPECT, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;

use crate::body::{AnswerBody, RequestBody};
use crate::registry::Registry;
use crate::services::Services;

/// A registry with the services beside it.
pub(crate) struct Site {
    pub(crate) registry: Registry,
    pub(crate) services: Option<Services>,
}

impl Site {
    /// Answers a request.
    pub(crate) async fn answer(&self, request: Request<Incoming>, remote: SocketAddr) -> Response<AnswerBody> {
        let (head, incoming) = request.into_parts();
        let observer = &self.registry.observer;
        let mut exchange = observer.begin(head.method.clone(), head.uri.path(), remote);
        let mut body = RequestBody::new(incoming, self.registry.limits.stall);
        let reply = match &self.services {
            // what asks only a few answers is not to make the registry's futures large
            Some(services) => Box::pin(services.answer(&head, &mut body)).await,
            None => None,
        };
        let reply = match reply {
            Some(reply) => reply,
            None => self.registry.answer(&head, &mut body).await,
        };
        let is_refused = !reply.response.status().is_success();
        if is_refused && !head.headers.contains_key(EXPECT) {
            body.drain().await;
        }
        let mut response = reply.response;
        // A browser must not take what somebody pushed for a page of this host.
        let headers = response.headers_mut();
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        exchange.answered(response.status(), body.received(), reply.error);
        response.body_mut().exchange = Some(exchange);
        response
    }
}
