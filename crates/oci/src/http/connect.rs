//! Connections: straight, through a proxy, with TLS or without.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderValue, Uri, uri::Scheme};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tower_service::Service;

use super::address;
use super::tls::{Tls, TlsOptions};

/// Where proxies are: the values of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`.
///
/// A proxy's address has the scheme `http` or `socks5`. This machine itself is never reached through a proxy.
#[derive(Clone, Debug, Default)]
pub struct ProxyOptions {
    /// The proxy for `http` addresses.
    pub http: Option<String>,
    /// The proxy for `https` addresses.
    pub https: Option<String>,
    /// Hosts, domains and networks that are reached without a proxy, separated by commas.
    pub without: Option<String>,
}

impl ProxyOptions {
    pub(super) fn matcher(&self) -> Option<Matcher> {
        if self.http.is_none() && self.https.is_none() {
            return None;
        }
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Some(
            Matcher::builder()
                .http(text(&self.http))
                .https(text(&self.https))
                .no(text(&self.without))
                .build(),
        )
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Makes connections.
#[derive(Clone)]
pub(super) struct Connector {
    tcp: HttpConnector,
    shared: Arc<Shared>,
}

struct Shared {
    proxies: Option<Matcher>,
    options: TlsOptions,
    tls: OnceCell<Tls>,
}

impl Connector {
    pub(super) fn new(proxies: &ProxyOptions, tls: TlsOptions, timeout: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeout));
        Self {
            tcp,
            shared: Arc::new(Shared {
                proxies: proxies.matcher(),
                options: tls,
                tls: OnceCell::new(),
            }),
        }
    }

    /// The header that a proxy wants with a plain request. Tunnels send it when they are made.
    pub(super) fn proxy_authorization(&self, url: &Uri) -> Option<HeaderValue> {
        if url.scheme() != Some(&Scheme::HTTP) || address::is_loopback(url) {
            return None;
        }
        self.shared.proxies.as_ref()?.intercept(url)?.basic_auth().cloned()
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Transport>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        let reach = Reach {
            tcp: self.tcp.clone(),
            shared: Arc::clone(&self.shared),
        };
        Box::pin(async move {
            let tls = if url.scheme() == Some(&Scheme::HTTPS) {
                let shared = Arc::clone(&reach.shared);
                Some(
                    shared
                        .tls
                        .get_or_try_init(|| async { Tls::load(&shared.options) })
                        .await?
                        .clone(),
                )
            } else {
                None
            };
            match tls {
                Some(tls) => HttpsConnector::new(reach, tls.config, true, tls.names).call(url).await,
                None => Ok(MaybeHttpsStream::Http({
                    let mut reach = reach;
                    reach.call(url).await?
                })),
            }
        })
    }
}

/// Reaches a host in TCP, straight or through a proxy.
struct Reach {
    tcp: HttpConnector,
    shared: Arc<Shared>,
}

impl Service<Uri> for Reach {
    type Response = Transport;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Transport, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        let mut tcp = self.tcp.clone();
        let proxy = if address::is_loopback(&url) {
            None
        } else {
            self.shared.proxies.as_ref().and_then(|proxies| proxies.intercept(&url))
        };
        Box::pin(async move {
            let Some(proxy) = proxy else {
                let stream = tcp.call(url).await?;
                return Ok(Transport {
                    stream,
                    route: Route::Straight,
                });
            };
            let target = proxy.uri().clone();
            let (stream, route) = match target.scheme_str() {
                Some("socks5" | "socks5h") => {
                    let mut socks = SocksV5::new(target, tcp);
                    if let Some((user, password)) = proxy.raw_auth() {
                        socks = socks.with_auth(user.to_owned(), password.to_owned());
                    }
                    (socks.call(url).await?, Route::Straight)
                }
                Some("http") if url.scheme() == Some(&Scheme::HTTP) => (tcp.call(target).await?, Route::Proxied),
                Some("http") => {
                    let mut tunnel = Tunnel::new(target, tcp);
                    if let Some(authorization) = proxy.basic_auth() {
                        tunnel = tunnel.with_auth(authorization.clone());
                    }
                    (tunnel.call(url).await?, Route::Straight)
                }
                other => {
                    let scheme = other.unwrap_or("none");
                    return Err(format!("the proxy's scheme is {scheme}, expected http or socks5").into());
                }
            };
            Ok(Transport { stream, route })
        })
    }
}

/// A TCP connection, and whether requests on it are written for a proxy.
pub(super) struct Transport {
    stream: TokioIo<TcpStream>,
    route: Route,
}

#[derive(Clone, Copy)]
enum Route {
    Straight,
    Proxied,
}

impl Connection for Transport {
    fn connected(&self) -> Connected {
        Connected::new().proxy(matches!(self.route, Route::Proxied))
    }
}

impl Read for Transport {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl Write for Transport {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}
