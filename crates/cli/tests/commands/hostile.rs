//! A registry that answers as a test says, or not at all.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A registry that runs until it is dropped.
pub(crate) struct Hostile {
    host: String,
    shared: Arc<Shared>,
}

/// What it does with a request.
pub(crate) enum Answer {
    /// Answers, with a body whose length is told.
    Reply {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// Tells of a body of this length, and sends less.
    Cut { length: usize, sent: Vec<u8> },
    /// Sends this many blanks.
    Blanks(usize),
    /// Breaks the connection off.
    Reset,
    /// Says nothing for as long as the client waits.
    Silence,
}

impl Answer {
    /// A body with a status and a type.
    pub(crate) fn of(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Reply {
            status,
            headers: vec![("content-type", media_type.to_owned())],
            body: body.into(),
        }
    }

    /// An answer without a body that sends the client elsewhere.
    pub(crate) fn redirect(to: &str) -> Self {
        Self::Reply {
            status: 307,
            headers: vec![("location", to.to_owned())],
            body: Vec::new(),
        }
    }
}

struct Shared {
    answer: Box<dyn Fn(&str) -> Answer + Send + Sync>,
    heads: Mutex<Vec<String>>,
    sent: AtomicUsize,
    is_over: AtomicBool,
}

impl Hostile {
    /// Starts one that answers requests by their method and path.
    pub(crate) fn answering(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let host = listener.local_addr().expect("it is bound").to_string();
        let shared = Arc::new(Shared {
            answer: Box::new(answer),
            heads: Mutex::default(),
            sent: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&serving);
                // Where the client goes away there is nothing left to answer.
                std::thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        Self { host, shared }
    }

    /// The host with its port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The heads of the requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.shared.heads.lock().expect("no thread fails").clone()
    }

    /// How many bytes of bodies were taken.
    pub(crate) fn sent(&self) -> usize {
        self.shared.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        drop(TcpStream::connect(&self.host));
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let head = read_head(&mut stream)?;
    let line: Vec<&str> = head.split(' ').take(2).collect();
    let answer = (shared.answer)(&line.join(" "));
    shared.heads.lock().expect("no thread fails").push(head);
    match answer {
        Answer::Reply { status, headers, body } => {
            let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            stream.write_all(format!("{text}connection: close\r\n\r\n").as_bytes())?;
            send(&mut stream, &body, shared)
        }
        Answer::Cut { length, sent } => {
            stream.write_all(format!("HTTP/1.1 200 X\r\ncontent-length: {length}\r\n\r\n").as_bytes())?;
            send(&mut stream, &sent, shared)
        }
        Answer::Blanks(count) => {
            stream.write_all(format!("HTTP/1.1 200 X\r\ncontent-length: {count}\r\n\r\n").as_bytes())?;
            let block = [b' '; 4096];
            (0..count / block.len()).try_for_each(|_| send(&mut stream, &block, shared))
        }
        Answer::Reset => Ok(()),
        Answer::Silence => {
            stream.set_read_timeout(Some(Duration::from_secs(60)))?;
            // The client goes away.
            drop(stream.read(&mut [0]));
            Ok(())
        }
    }
}

fn send(stream: &mut TcpStream, bytes: &[u8], shared: &Shared) -> std::io::Result<()> {
    stream.write_all(bytes)?;
    shared.sent.fetch_add(bytes.len(), Ordering::Relaxed);
    Ok(())
}

fn read_head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        head.extend(byte);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
