//! Tokens of a SPIFFE agent, which speaks gRPC on a socket.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use countersign::oidc::ambient::{AmbientError, Surroundings, token};
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::UnixListener;

use crate::scripted::http;

/// What the agent answers: the fields of its head, its body, its trailers.
type Answer = (
    &'static [(&'static str, &'static str)],
    Vec<u8>,
    &'static [(&'static str, &'static str)],
);

/// What was asked: the method, the fields of the head, the body.
type Asked = (String, HeaderMap, Vec<u8>);

/// An agent that answers as a test says, and what it was asked.
struct Agent {
    socket: PathBuf,
    asked: Arc<Mutex<VecDeque<Asked>>>,
    _folder: tempfile::TempDir,
}

impl Agent {
    fn start(answer: Answer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("api.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let asked = Arc::new(Mutex::new(VecDeque::new()));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answer, log) = (answer.clone(), Arc::clone(&log));
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let (answer, log) = (answer.clone(), Arc::clone(&log));
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await.unwrap().to_bytes().to_vec();
                        log.lock()
                            .unwrap()
                            .push_back((head.uri.path().to_owned(), head.headers, body));
                        Ok::<_, Infallible>(respond(answer))
                    }
                });
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                drop(server.serve_connection(TokioIo::new(stream), service).await);
            }
        });
        Self {
            socket,
            asked,
            _folder: folder,
        }
    }

    fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }
}

fn respond((head, body, trailers): Answer) -> Response<http_body_util::combinators::BoxBody<Bytes, Infallible>> {
    let trailers: HeaderMap = trailers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    let mut response = Response::builder().header("content-type", "application/grpc");
    for (name, value) in head {
        response = response.header(*name, *value);
    }
    let body = Full::new(Bytes::from(body)).with_trailers(async move { Some(Ok(trailers)) });
    response.body(BodyExt::boxed(body)).unwrap()
}

/// A message of gRPC: flag, length, content.
fn message(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[0], &length[..], content].concat()
}

/// A response with one SVID: its identity, its token, and a hint.
fn svid(token: &str) -> Vec<u8> {
    let field =
        |number: u8, content: &[u8]| [&[number << 3 | 2, u8::try_from(content.len()).unwrap()], content].concat();
    let svid = [
        field(1, b"spiffe://example.com/build"),
        field(2, token.as_bytes()),
        field(3, b"hint"),
    ]
    .concat();
    [field(1, &svid), field(1, &field(2, b"second"))].concat()
}

async fn found(socket: Option<&str>, agent: &Path) -> Result<Option<String>, AmbientError> {
    let variable = |name: &str| {
        (name == "SPIFFE_ENDPOINT_SOCKET")
            .then(|| socket.map(str::to_owned))
            .flatten()
    };
    let surroundings = Surroundings {
        variable: &variable,
        file: Path::new("/nowhere"),
        machine: Path::new("/nowhere"),
        google: "http://127.0.0.1:1",
        agent,
    };
    let found = token(&surroundings, "sigstore", &http()).await?;
    Ok(found.map(|token| token.expose().clone()))
}

/// All that an error says, cause by cause, without the folder of the test.
fn said(agent: &Agent, error: &AmbientError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text.replace(&agent.address(), "AGENT")
}

#[tokio::test]
async fn the_agent_is_asked_as_the_workload_api_says_and_its_first_token_is_taken() {
    let agent = Agent::start((&[], message(&svid("a.b.c")), &[("grpc-status", "0")]));
    let address = agent.address();
    assert_eq!(
        found(Some(&address), Path::new("/nowhere")).await.unwrap().as_deref(),
        Some("a.b.c")
    );
    let (path, headers, body) = agent.asked.lock().unwrap().pop_front().unwrap();
    assert_eq!(path, "/SpiffeWorkloadAPI/FetchJWTSVID");
    assert_eq!(headers["workload.spiffe.io"], "true");
    assert_eq!(headers["content-type"], "application/grpc");
    assert_eq!(headers["te"], "trailers");
    assert_eq!(body, message(b"\x0a\x08sigstore"));
}

#[tokio::test]
async fn an_agent_where_spire_puts_it_is_asked_without_a_variable() {
    let agent = Agent::start((&[], message(&svid("a.b.c")), &[("grpc-status", "0")]));
    assert_eq!(found(None, &agent.socket).await.unwrap().as_deref(), Some("a.b.c"));
    assert_eq!(found(None, Path::new("/nowhere")).await.unwrap(), None);
}

#[tokio::test]
async fn what_an_agent_says_without_a_token_is_an_error_that_names_it() {
    let cases: [(Answer, &str); 6] = [
        (
            (
                &[("grpc-status", "7"), ("grpc-message", "no identity issued")],
                Vec::new(),
                &[],
            ),
            "asking the SPIFFE agent for a token: agent AGENT answered status 7: \"no identity issued\"",
        ),
        (
            (
                &[],
                Vec::new(),
                &[("grpc-status", "3"), ("grpc-message", "audience must be specified")],
            ),
            "asking the SPIFFE agent for a token: agent AGENT answered status 3: \"audience must be specified\"",
        ),
        (
            (&[], message(b""), &[("grpc-status", "0")]),
            "SPIFFE agent AGENT gave no token, expected one JWT-SVID at least",
        ),
        (
            (
                &[],
                message(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
                &[("grpc-status", "0")],
            ),
            "SPIFFE agent AGENT gave no token, expected one JWT-SVID at least",
        ),
        (
            (&[], b"\x01\0\0\0\0".to_vec(), &[("grpc-status", "0")]),
            "asking the SPIFFE agent for a token: agent AGENT answered with a body of 5 bytes that is no message, \
             expected one message of gRPC",
        ),
        (
            (&[], vec![0; 200_000], &[("grpc-status", "0")]),
            "asking the SPIFFE agent for a token: agent AGENT gave no whole answer: length limit exceeded",
        ),
    ];
    for (answer, expected) in cases {
        let agent = Agent::start(answer);
        let error = found(Some(&agent.address()), Path::new("/nowhere")).await.unwrap_err();
        assert_eq!(said(&agent, &error), expected);
    }
}

#[tokio::test]
async fn an_agent_that_is_named_and_not_there_is_not_passed_over() {
    let error = found(Some("unix:///nowhere/agent.sock"), Path::new("/nowhere"))
        .await
        .unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "agent unix:///nowhere/agent.sock cannot be reached");
    let error = found(Some("http://agent"), Path::new("/nowhere")).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        source,
        "address of an agent is \"http://agent\", expected unix:///PATH or tcp://IP:PORT"
    );
}
