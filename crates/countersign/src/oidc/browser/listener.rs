//! Where the browser comes back to: an address of this machine that only this machine reaches (RFC 8252 §7.3).

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::super::LoginError;

/// Waits for the browser.
pub(super) struct Listener {
    socket: TcpListener,
    path: String,
    url: String,
}

/// What the page said: the code, or why there is none.
type Said = Result<String, String>;

impl Listener {
    /// Listens at the address, `http://localhost:PORT/PATH`; at a free port where none is given.
    pub(super) async fn open(url: Option<&str>) -> Result<Self, LoginError> {
        let url = url.unwrap_or(ANYWHERE);
        let taken = |error: io::Error| LoginError::Listen {
            reason: error.to_string(),
        };
        let wrong = || LoginError::Redirect { found: url.to_owned() };
        let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse::<u16>().map_err(|_| wrong())?),
            None => (authority, 80),
        };
        let ip = match host {
            "localhost" | "127.0.0.1" => "127.0.0.1",
            "[::1]" => "::1",
            _ => return Err(wrong()),
        };
        let socket = TcpListener::bind((ip, port)).await.map_err(taken)?;
        let port = socket.local_addr().map_err(taken)?.port();
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self {
            url: format!("http://{host}:{port}{path}"),
            path: path.to_owned(),
            socket,
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Waits for a page of the login with this `state`; others, which any page of the web can have opened, are turned away.
    pub(super) async fn code(&self, state: &str) -> Said {
        // browsers open connections that they do not use, so none may hold up another
        let (sender, mut receiver) = mpsc::channel(1);
        loop {
            tokio::select! {
                Some(said) = receiver.recv() => return said,
                Ok((stream, _)) = self.socket.accept() => {
                    let (sender, path, state) = (sender.clone(), self.path.clone(), state.to_owned());
                    tokio::spawn(async move {
                        let answer = tokio::time::timeout(SLOWEST, answer(stream, &path, &state)).await;
                        if let Ok(Ok(Some(said))) = answer {
                            // where nobody waits any more, another page was first
                            let _ended = sender.send(said).await;
                        }
                    });
                }
            }
        }
    }
}

async fn answer(mut stream: TcpStream, path: &str, state: &str) -> io::Result<Option<Said>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut piece = [0; 1024];
        let read = stream.read(&mut piece).await?;
        head.extend(piece.iter().take(read));
        if read == 0 || head.len() > HEAD {
            return Ok(None);
        }
    }
    let said = said(&head, path, state);
    let (status, text) = match &said {
        None => ("404 Not Found", "There is nothing here."),
        Some(None) => ("400 Bad Request", "This is no page of a login that is under way."),
        Some(Some(Ok(_))) => ("200 OK", "You are logged in. You can close this page."),
        Some(Some(Err(_))) => ("200 OK", "You are not logged in. You can close this page."),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}\n",
        text.len() + 1
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(said.flatten())
}

/// Reads what a request says: nothing at another path, nothing of this login without its state.
fn said(head: &[u8], path: &str, state: &str) -> Option<Option<Said>> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let target = std::str::from_utf8(line)
        .ok()?
        .strip_prefix("GET ")?
        .split(' ')
        .next()?;
    let (found, query) = target.split_once('?').unwrap_or((target, ""));
    if found != path {
        return None;
    }
    let member = |name: &str| {
        let mut members = query.split('&').filter_map(|member| member.split_once('='));
        let (_, value) = members.find(|(found, _)| *found == name)?;
        decoded(value)
    };
    if member("state").as_deref() != Some(state) {
        return Some(None);
    }
    Some(match (member("error"), member("code")) {
        (Some(error), _) => Some(Err(error)),
        (None, Some(code)) => Some(Ok(code)),
        (None, None) => None,
    })
}

/// Decodes a value of a query.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut found = Vec::new();
    while let Some(byte) = bytes.next() {
        found.push(match byte {
            b'+' => b' ',
            b'%' => {
                let pair = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(found).ok()
}

const ANYWHERE: &str = "http://localhost:0/auth/callback";

/// The longest head of a request, in bytes.
const HEAD: usize = 16 * 1024;

/// How long a request may take.
const SLOWEST: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    fn of(target: &str) -> Option<Option<Said>> {
        said(
            format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes(),
            "/cb",
            "s+1",
        )
    }

    #[test]
    fn the_page_of_this_login_brings_the_code() {
        assert_eq!(of("/cb?code=a%2Bb+c&state=s%2B1"), Some(Some(Ok("a+b c".to_owned()))));
        assert_eq!(
            of("/cb?error=access_denied&state=s%2B1"),
            Some(Some(Err("access_denied".to_owned())))
        );
    }

    #[test]
    fn another_page_brings_nothing() {
        for target in ["/", "/cb2?code=a&state=s%2B1", "/favicon.ico"] {
            assert_eq!(of(target), None, "{target}");
        }
        for target in [
            "/cb",
            "/cb?code=a",
            "/cb?code=a&state=other",
            "/cb?code=a&state=%",
            "/cb?state=s%2B1",
        ] {
            assert_eq!(of(target), Some(None), "{target}");
        }
        assert_eq!(said(b"POST /cb?code=a&state=s HTTP/1.1\r\n\r\n", "/cb", "s"), None);
        assert_eq!(said(b"", "/cb", "s"), None);
    }

    #[tokio::test]
    async fn the_browser_comes_back_to_this_machine_only() {
        for url in [
            "https://localhost/cb",
            "http://evil.example/cb",
            "http://localhost:x/",
            "localhost",
        ] {
            assert!(
                matches!(Listener::open(Some(url)).await, Err(LoginError::Redirect { .. })),
                "{url}"
            );
        }
        let listener = Listener::open(None).await.expect("there is a free port");
        let url = listener.url();
        assert!(
            url.starts_with("http://localhost:") && url.ends_with("/auth/callback"),
            "{url}"
        );
    }
}
