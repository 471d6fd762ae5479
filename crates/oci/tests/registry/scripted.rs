//! A server that answers as a test says: it also breaks off, stays silent and lies.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_oci::http::{Http, HttpOptions, Retry};
use countersign_oci::{Registry, RegistryOptions, Repository};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Its place among all requests, from 0.
    pub(crate) number: usize,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn is(&self, method: &str, part: &str) -> bool {
        self.method == method && self.target.contains(part)
    }
}

/// What happens to a request.
pub(crate) enum Reply {
    /// An answer.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// The start of an answer's body, then the end of the connection.
    Truncated(Vec<(&'static str, String)>, Vec<u8>, usize),
    /// The end of the connection.
    Reset,
    /// Nothing, for ever.
    Silence,
    /// A head, then nothing.
    SilentBody(usize),
}

pub(crate) fn answer(status: u16, headers: &[(&'static str, &str)], body: impl AsRef<[u8]>) -> Reply {
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    Reply::Answer(status, headers, body.as_ref().to_vec())
}

pub(crate) fn status(status: u16) -> Reply {
    answer(status, &[], "")
}

type Handler = dyn Fn(&Seen) -> Reply + Send + Sync;
type Cut = dyn Fn(&Seen) -> Option<usize> + Send + Sync;

pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Scripted {
    pub(crate) async fn start(handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_cutting(handler, |_| None).await
    }

    /// Breaks the connection amid the bodies for which `cut` gives a number of bytes.
    pub(crate) async fn start_cutting(
        handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
        cut: impl Fn(&Seen) -> Option<usize> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (handler, cut): (Arc<Handler>, Arc<Cut>) = (Arc::new(handler), Arc::new(cut));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (handler, cut, log) = (Arc::clone(&handler), Arc::clone(&cut), Arc::clone(&log));
                tokio::spawn(async move { serve(stream, &*handler, &*cut, &log).await });
            }
        });
        Self { address, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn repository(&self) -> Repository {
        format!("{}/team/app", self.address).parse().unwrap()
    }
}

async fn serve(stream: TcpStream, handler: &Handler, cut: &Cut, log: &Mutex<Vec<Seen>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut seen = head(&mut stream).await?;
        if let Some(bytes) = cut(&seen) {
            let mut body = vec![0; bytes];
            stream.read_exact(&mut body).await.ok()?;
            seen.body = body;
            log.lock().unwrap().push(seen);
            return None;
        }
        seen.body = body(&mut stream, &seen).await?;
        {
            let mut log = log.lock().unwrap();
            seen.number = log.len();
            log.push(seen.clone());
        }
        let mut written = match handler(&seen) {
            Reply::Answer(status, headers, body) => framed(status, &headers, body.len(), &body, seen.method == "HEAD"),
            Reply::Truncated(headers, body, declared) => {
                let written = framed(200, &headers, declared, &body, false);
                stream.write_all(&written).await.ok()?;
                stream.flush().await.ok()?;
                return None;
            }
            Reply::Reset => return None,
            Reply::Silence => std::future::pending().await,
            Reply::SilentBody(declared) => {
                let written = framed(200, &[], declared, b"x", false);
                stream.write_all(&written).await.ok()?;
                std::future::pending().await
            }
        };
        stream.write_all(&written).await.ok()?;
        written.clear();
    }
}

fn framed(status: u16, headers: &[(&str, String)], length: usize, body: &[u8], is_head: bool) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} X\r\n");
    if !headers.iter().any(|(name, _)| *name == "content-length") {
        text.push_str(&format!("content-length: {length}\r\n"));
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    if !is_head {
        bytes.extend_from_slice(body);
    }
    bytes
}

async fn head(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let mut first = lines.first()?.split(' ').map(str::to_owned);
    Some(Seen {
        method: first.next()?,
        target: first.next()?,
        headers: lines[1..]
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
        body: Vec::new(),
        number: 0,
    })
}

async fn body(stream: &mut BufReader<TcpStream>, seen: &Seen) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    if let Some(length) = seen.header("content-length") {
        body.resize(length.parse().ok()?, 0);
        stream.read_exact(&mut body).await.ok()?;
    } else if seen.header("transfer-encoding").is_some() {
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            let length = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; length + 2];
            stream.read_exact(&mut chunk).await.ok()?;
            if length == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..length]);
        }
    }
    Some(body)
}

/// A client that is quick to try again and quick to give up.
pub(crate) fn client() -> Registry {
    Registry::new(RegistryOptions::new(http(|_| {})))
}

pub(crate) fn http(change: impl FnOnce(&mut HttpOptions)) -> Http {
    let mut options = HttpOptions {
        stall_timeout: Duration::from_secs(5),
        retry: Retry {
            attempts: 5,
            pause: Duration::from_millis(5),
            patience: Duration::from_millis(300),
        },
        ..HttpOptions::default()
    };
    change(&mut options);
    Http::new(options)
}
