//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsAcceptor;

use crate::body::AnswerBody;
use crate::site::Site;

/// Whether the server still takes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Serving,
    Stopping,
}

/// Serves a connection until the client leaves, stalls, or the server stops.
///
/// What goes wrong on the way is the client's to notice: a request that was understood is in the log.
pub(crate) async fn serve(
    site: Arc<Site>,
    stream: TcpStream,
    remote: SocketAddr,
    tls: Option<TlsAcceptor>,
    phase: watch::Receiver<Phase>,
) {
    // Answers are small, and each is written whole.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let idle = site.registry.limits.idle;
    let stream = Guarded::new(stream, site.registry.limits.stall);
    match tls {
        None => serve_http1(site, stream, remote, phase).await,
        Some(acceptor) => {
            let Ok(Ok(stream)) = tokio::time::timeout(idle, acceptor.accept(stream)).await else {
                return;
            };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                serve_http2(site, stream, remote, phase).await;
            } else {
                serve_http1(site, stream, remote, phase).await;
            }
        }
    }
}

async fn serve_http1(
    site: Arc<Site>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    remote: SocketAddr,
    phase: watch::Receiver<Phase>,
) {
    let idle = site.registry.limits.idle;
    let service = service_fn(move |request| answer(Arc::clone(&site), request, remote));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .max_headers(HEADERS_LIMIT)
        .max_buf_size(READ_BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stopped(phase) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn serve_http2(
    site: Arc<Site>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    remote: SocketAddr,
    phase: watch::Receiver<Phase>,
) {
    let idle = site.registry.limits.idle;
    let service = service_fn(move |request| answer(Arc::clone(&site), request, remote));
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(idle)
        .max_concurrent_streams(STREAMS_LIMIT)
        .max_header_list_size(HEADER_BYTES)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(2 * WINDOW)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stopped(phase) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn answer(
    site: Arc<Site>,
    request: Request<Incoming>,
    remote: SocketAddr,
) -> Result<Response<AnswerBody>, Infallible> {
    Ok(site.answer(request, remote).await)
}

async fn stopped(mut phase: watch::Receiver<Phase>) {
    // An error means that the server is gone, which is a stop too.
    let _ = phase.wait_for(|phase| *phase == Phase::Stopping).await;
}

/// A connection that breaks when the client takes nothing for too long, so that it does not hold an answer for ever.
struct Guarded {
    stream: TcpStream,
    stall: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    fn new(stream: TcpStream, stall: Duration) -> Self {
        Self {
            stream,
            stall,
            deadline: None,
        }
    }

    fn watch<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.deadline = None;
            return written;
        }
        let stall = self.stall;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + stall)));
        match deadline.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

const HEADERS_LIMIT: usize = 100;
/// The most bytes that are read at a time, and that a request's head may have.
const READ_BUFFER: usize = 256 * 1024;
const HEADER_BYTES: u32 = 64 * 1024;
const STREAMS_LIMIT: u32 = 200;
/// How far an upload may run ahead of the disk, in bytes.
const WINDOW: u32 = 1024 * 1024;
