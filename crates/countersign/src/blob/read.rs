//! Reads a blob once, in constant memory: one thread reads while another hashes.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread;

use countersign_core::message::{Message, MessageHasher, Needs};

/// Why a file does not give a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The system did not give it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It was written to in the meantime, so what was read may never have been in it at once.
    #[error("the file changed while it was read")]
    Changed,
}

/// Reads a file to its end, keeping what `needs` says, and of the bytes at most `limit`.
///
/// # Errors
/// [`ReadError`], also when the file changes in the meantime.
pub fn read_file(file: &mut File, needs: &Needs, limit: usize) -> Result<Message, ReadError> {
    unchanged(file, |file| {
        let mut counted = Counted { file, read: 0 };
        let message = read(&mut counted, needs, limit)?;
        Ok((message, counted.read))
    })
}

/// Has a file read, which returns how many bytes there were, and checks that it was not written to meanwhile.
fn unchanged<T>(file: &mut File, read: impl FnOnce(&mut File) -> io::Result<(T, u64)>) -> Result<T, ReadError> {
    let before = file.metadata()?;
    let (message, read) = read(file)?;
    let after = file.metadata()?;
    // A file that claims to have no bytes and gives some is the kernel's (procfs).
    let is_whole = !after.is_file() || after.len() == read || after.len() == 0;
    if state(&before) == state(&after) && is_whole {
        Ok(message)
    } else {
        Err(ReadError::Changed)
    }
}

/// What differs once a file was written to.
fn state(metadata: &Metadata) -> [i64; 3] {
    let length = i64::try_from(metadata.len()).unwrap_or(i64::MAX);
    [length, metadata.mtime(), metadata.mtime_nsec()]
}

struct Counted<'a> {
    file: &'a mut File,
    read: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

/// Reads to the end, keeping what `needs` says, and of the bytes at most `limit`.
///
/// # Errors
/// What the source says.
pub fn read(source: &mut dyn Read, needs: &Needs, limit: usize) -> io::Result<Message> {
    let mut hasher = MessageHasher::new(needs, limit);
    let mut first = vec![0; SHORT];
    let filled = fill(source, &mut first)?;
    if filled < SHORT {
        hasher.update(first.get(..filled).unwrap_or_default());
        return Ok(hasher.finish());
    }
    first.resize(BUFFER, 0);
    let filled = SHORT + fill(source, first.get_mut(SHORT..).unwrap_or_default())?;
    first.truncate(filled);
    thread::scope(|scope| {
        let (full, to_hash) = mpsc::channel::<Vec<u8>>();
        let (empty, to_fill) = mpsc::channel();
        let hashing = scope.spawn(move || {
            for buffer in to_hash {
                hasher.update(&buffer);
                // After the last buffer nobody waits for empty ones.
                drop(empty.send(buffer));
            }
            hasher.finish()
        });
        let read = feed(source, first, &full, &to_fill);
        drop(full);
        let message = hashing.join().unwrap_or_else(|panic| resume_unwind(panic));
        read.map(|()| message)
    })
}

/// Fills buffer after buffer, as many as there are and as they come back empty.
fn feed(
    source: &mut dyn Read,
    first: Vec<u8>,
    full: &mpsc::Sender<Vec<u8>>,
    empty: &mpsc::Receiver<Vec<u8>>,
) -> io::Result<()> {
    let mut spare = BUFFERS - 1;
    let mut next = first;
    loop {
        let is_last = next.len() < BUFFER;
        if full.send(next).is_err() || is_last {
            return Ok(());
        }
        next = if spare > 0 {
            spare -= 1;
            vec![0; BUFFER]
        } else {
            // Only a panic of the hashing thread ends this, and that is told where it is joined.
            match empty.recv() {
                Ok(buffer) => buffer,
                Err(mpsc::RecvError) => return Ok(()),
            }
        };
        let filled = fill(source, &mut next)?;
        next.truncate(filled);
    }
}

/// Fills a buffer, but for the last of the source.
fn fill(source: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// What is shorter, in bytes, is read at once and needs no second thread.
pub const SHORT: usize = 16 * 1024;
/// Large enough that system calls do not count, small enough that a buffer stays in the cache between read and hash.
const BUFFER: usize = 256 * 1024;
/// One is filled, one is hashed, one is on its way.
const BUFFERS: usize = 3;

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};
    use std::os::unix::fs::FileExt;
    use std::time::Duration;

    use countersign_core::key::SignatureDigest;
    use countersign_core::message::Bytes;

    use super::*;

    fn needs() -> Needs {
        Needs::new(&[SignatureDigest::Sha512], Bytes::Kept)
    }

    /// A source that gives a few bytes at a time and is interrupted now and then.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(3) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let (now, later) = self.0.split_at(self.0.len().min(70_000).min(buffer.len()));
            buffer[..now.len()].copy_from_slice(now);
            self.0 = later;
            Ok(now.len())
        }
    }

    #[test]
    fn what_is_read_in_pieces_is_the_whole() {
        let around = |length: usize| [length.saturating_sub(1), length, length + 1];
        for length in [0, SHORT, BUFFER, 2 * BUFFER, 7 * BUFFER + 5]
            .into_iter()
            .flat_map(around)
        {
            let content: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
            let message = read(&mut Slow(&content, 0), &needs(), usize::MAX).unwrap();
            assert_eq!(message, Message::of(&content, &needs()), "{length}");
        }
    }

    #[test]
    fn an_error_in_the_middle_is_an_error() {
        struct Broken(usize);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 > 5 {
                    return Err(io::ErrorKind::ConnectionReset.into());
                }
                Ok(buffer.len())
            }
        }
        let error = read(&mut Broken(0), &needs(), 0).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn a_file_that_changes_meanwhile_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let written = || File::options().write(true).open(&path).unwrap();
        let changes: [&dyn Fn(); 3] = [
            &|| written().write_at(b"more", 10).map(drop).unwrap(),
            &|| written().set_len(5).unwrap(),
            &|| written().write_all(b"other").unwrap(),
        ];
        for change in changes {
            std::fs::write(&path, [1; 10]).unwrap();
            let outcome = unchanged(&mut File::open(&path).unwrap(), |_| {
                // longer than the clock of the file system ticks
                thread::sleep(Duration::from_millis(20));
                change();
                Ok(((), std::fs::metadata(&path)?.len()))
            });
            assert!(matches!(outcome, Err(ReadError::Changed)), "{outcome:?}");
        }
    }

    #[test]
    fn a_file_of_which_a_part_is_missing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![1; 3 * BUFFER]).unwrap();
        let mut file = File::open(&path).unwrap();
        assert!(read_file(&mut file, &needs(), 0).is_ok());
        file.rewind().unwrap();
        file.read_exact(&mut [0; 10]).unwrap();
        assert!(matches!(read_file(&mut file, &needs(), 0), Err(ReadError::Changed)));
    }

    #[test]
    fn what_is_no_plain_file_has_no_length_to_compare() {
        for path in ["/proc/self/status", "/dev/null"] {
            assert!(read_file(&mut File::open(path).unwrap(), &needs(), 0).is_ok(), "{path}");
        }
    }
}
