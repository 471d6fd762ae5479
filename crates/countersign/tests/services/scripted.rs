//! A server that answers as a test says.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use countersign_oci::http::{Http, HttpOptions, Retry};

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Method and target.
    pub(crate) line: String,
    pub(crate) headers: String,
    pub(crate) body: String,
}

/// A running server; it answers with what the test says, in order, and with the last of it ever after.
pub(crate) struct Scripted {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// An answer: status, more headers in lines of their own, body.
pub(crate) type Answer = (u16, &'static str, Vec<u8>);

pub(crate) fn json(status: u16, body: &str) -> Answer {
    (status, "content-type: application/json\r\n", body.as_bytes().to_vec())
}

impl Scripted {
    pub(crate) fn start(answers: Vec<Answer>) -> Self {
        Self::start_knowing_itself(|_| answers)
    }

    /// The same, for answers that hold the server's own address.
    pub(crate) fn start_knowing_itself(answers: impl FnOnce(&str) -> Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = answers(&url);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = BufReader::new(stream.unwrap());
                log.lock().unwrap().push(read(&mut stream));
                let (status, headers, body) = &answers[number.min(answers.len() - 1)];
                let head = format!(
                    "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n",
                    body.len()
                );
                // a client that has read enough closes first
                drop(stream.get_mut().write_all(&[head.as_bytes(), body].concat()));
            }
        });
        Self { url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn read(stream: &mut impl BufRead) -> Seen {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers = lines[1..].join("\n");
    let length = headers.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    Seen {
        line: lines[0].trim_end_matches(" HTTP/1.1").to_owned(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// A client that does not wait long between attempts.
pub(crate) fn http() -> Http {
    Http::new(HttpOptions {
        retry: Retry {
            pause: std::time::Duration::from_millis(1),
            ..Retry::default()
        },
        ..HttpOptions::default()
    })
}
