//! The files of a log.
//!
//! ```text
//! log          what this is, whose, and since when
//! records      for each entry its leaf hash, its identity, its time, and where its bytes end: 80 bytes
//! entries      the bytes of the entries, one after the other
//! checkpoint   the tree head that was signed last
//! ```
//!
//! The first two grow at their end only, and what the checkpoint covers in them is flushed before the checkpoint takes its
//! place. What follows that is of entries that nobody was told of, and is cut off at the next start.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use countersign_core::log::merkle::TreeHash;
use jiff::Timestamp;

use super::LogError;
use super::sequencer::BATCH;
use super::tree::Leaves;
use crate::options::Durability;

/// The files of a log, open.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    durability: Durability,
    records: File,
    entries: File,
}

/// What is known of an entry beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) leaf: TreeHash,
    pub(super) identity: [u8; 32],
    /// Milliseconds since 1970.
    pub(super) time: i64,
    /// Where the entry's bytes end.
    pub(super) end: u64,
}

impl Files {
    /// Opens or makes the files in a folder.
    pub(super) fn open(folder: &Path, durability: Durability) -> Result<Self, LogError> {
        make_folders(folder, durability)?;
        let open = |name| {
            let path = folder.join(name);
            let opened = File::options()
                .create(true)
                .truncate(false)
                .read(true)
                .write(true)
                .open(&path);
            opened.map_err(LogError::at(&path))
        };
        Ok(Self {
            records: open(RECORDS)?,
            entries: open(ENTRIES)?,
            folder: folder.to_owned(),
            durability,
        })
    }

    /// Where a file of the log is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Reads a small file whole; nothing where there is none.
    pub(super) fn read(&self, name: &str, limit: u64) -> Result<Option<String>, LogError> {
        let path = self.path(name);
        let length = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LogError::at(&path)(error)),
        };
        if length > limit {
            return Err(damaged(
                path,
                "length",
                format!("at most {limit} bytes"),
                format!("{length} bytes"),
            ));
        }
        fs::read_to_string(&path).map(Some).map_err(LogError::at(&path))
    }

    /// Cuts off what is not of the first `size` entries, which is not more than became durable at a time.
    ///
    /// More was acknowledged: then somebody has put an old checkpoint in the place of the last one.
    pub(super) fn cut(&self, size: u64) -> Result<(), LogError> {
        let found = self.check_length(RECORDS, &self.records, size * RECORD)? / RECORD;
        let most = size + BATCH as u64;
        if found > most {
            let expected = format!("at most {most}, for the checkpoint covers {size}");
            return Err(damaged(
                self.path(RECORDS),
                "number of entries",
                expected,
                found.to_string(),
            ));
        }
        self.records
            .set_len(size * RECORD)
            .map_err(LogError::at(&self.path(RECORDS)))?;
        let end = self.end(size)?;
        self.check_length(ENTRIES, &self.entries, end)?;
        self.entries.set_len(end).map_err(LogError::at(&self.path(ENTRIES)))
    }

    fn check_length(&self, name: &str, file: &File, expected: u64) -> Result<u64, LogError> {
        let path = self.path(name);
        let found = file.metadata().map_err(LogError::at(&path))?.len();
        if found < expected {
            let expected = format!("at least {expected} bytes, which the checkpoint covers");
            return Err(damaged(path, "length", expected, format!("{found} bytes")));
        }
        Ok(found)
    }

    /// Says whether there are records.
    pub(super) fn has_records(&self) -> Result<bool, LogError> {
        let metadata = self.records.metadata().map_err(LogError::at(&self.path(RECORDS)))?;
        Ok(metadata.len() > 0)
    }

    /// Where the bytes of the first `size` entries end.
    pub(super) fn end(&self, size: u64) -> Result<u64, LogError> {
        match size.checked_sub(1) {
            None => Ok(0),
            Some(last) => Ok(self.record(last)?.end),
        }
    }

    /// Reads what is known of an entry.
    pub(super) fn record(&self, index: u64) -> Result<Record, LogError> {
        let mut bytes = [0; RECORD as usize];
        self.read_records(&mut bytes, index)?;
        Ok(Record::read(&bytes))
    }

    /// Reads what is known of entries one after the other.
    pub(super) fn records(&self, range: Range<u64>) -> Result<Vec<Record>, LogError> {
        let count = usize::try_from(range.end - range.start).expect("callers ask for a tile at most");
        let mut bytes = vec![0; count * RECORD as usize];
        self.read_records(&mut bytes, range.start)?;
        let (records, _) = bytes.as_chunks();
        Ok(records.iter().map(Record::read).collect())
    }

    fn read_records(&self, bytes: &mut [u8], index: u64) -> Result<(), LogError> {
        let read = self.records.read_exact_at(bytes, index * RECORD);
        read.map_err(LogError::at(&self.path(RECORDS)))
    }

    /// Reads the bytes of an entry.
    pub(super) fn entry(&self, range: Range<u64>) -> Result<Vec<u8>, LogError> {
        let path = self.path(ENTRIES);
        let length = range
            .end
            .checked_sub(range.start)
            .and_then(|length| usize::try_from(length).ok());
        let Some(length) = length.filter(|length| *length <= super::ENTRY_LIMIT) else {
            let expected = format!("{} and at most {} bytes more", range.start, super::ENTRY_LIMIT);
            return Err(damaged(
                self.path(RECORDS),
                "end of an entry",
                expected,
                range.end.to_string(),
            ));
        };
        let mut bytes = vec![0; length];
        self.entries
            .read_exact_at(&mut bytes, range.start)
            .map_err(LogError::at(&path))?;
        Ok(bytes)
    }

    /// Writes entries behind the first `size`, and flushes them.
    pub(super) fn append(&self, size: u64, end: u64, records: &[Record], entries: &[u8]) -> Result<(), LogError> {
        let bytes: Vec<u8> = records.iter().flat_map(Record::bytes).collect();
        let written = self.entries.write_all_at(entries, end);
        written.map_err(LogError::at(&self.path(ENTRIES)))?;
        let written = self.records.write_all_at(&bytes, size * RECORD);
        written.map_err(LogError::at(&self.path(RECORDS)))?;
        if self.durability == Durability::ProcessCrash {
            return Ok(());
        }
        // Both go to the disk at a time, which takes little longer than one.
        let (one, other) = std::thread::scope(|scope| {
            let flushing = scope.spawn(|| self.entries.sync_data());
            let records = self.records.sync_data();
            let entries = flushing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (entries, records)
        });
        one.map_err(LogError::at(&self.path(ENTRIES)))?;
        other.map_err(LogError::at(&self.path(RECORDS)))
    }

    /// Writes a file aside and flushes it.
    pub(super) fn write_aside(&self, name: &str, bytes: &[u8]) -> Result<(), LogError> {
        let path = self.path(&format!("{name}.new"));
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(bytes)?;
            match self.durability {
                Durability::PowerCut => file.sync_data(),
                Durability::ProcessCrash => Ok(()),
            }
        });
        written.map_err(LogError::at(&path))
    }

    /// Lets a file that was written aside take its place.
    pub(super) fn place(&self, name: &str) -> Result<(), LogError> {
        let path = self.path(name);
        fs::rename(self.path(&format!("{name}.new")), &path).map_err(LogError::at(&path))?;
        flush_folder(path.parent().unwrap_or(&self.folder), self.durability)
    }
}

impl Files {
    /// Reads a file that was kept.
    pub(super) fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, LogError> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LogError::at(&path)(error)),
        }
    }

    /// Writes a file that does not change.
    pub(super) fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), LogError> {
        if let Some(folder) = self.path(name).parent() {
            make_folders(folder, self.durability)?;
        }
        self.write_aside(name, bytes)?;
        self.place(name)
    }
}

impl Leaves for Files {
    fn leaves(&self, range: Range<u64>) -> Result<Vec<TreeHash>, LogError> {
        Ok(self.records(range)?.into_iter().map(|record| record.leaf).collect())
    }
}

impl Record {
    fn read(bytes: &[u8; RECORD as usize]) -> Self {
        let hash = |at: usize| *bytes[at..].first_chunk().expect("two hashes are within a record");
        let number = |at: usize| *bytes[at..].first_chunk().expect("two numbers follow the hashes");
        Self {
            leaf: TreeHash::new(hash(0)),
            identity: hash(32),
            time: i64::from_be_bytes(number(64)),
            end: u64::from_be_bytes(number(72)),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(RECORD as usize);
        bytes.extend(self.leaf.as_bytes());
        bytes.extend(self.identity);
        bytes.extend(self.time.to_be_bytes());
        bytes.extend(self.end.to_be_bytes());
        bytes
    }

    /// When the log took the entry.
    pub(super) fn time(&self) -> Timestamp {
        Timestamp::from_millisecond(self.time).unwrap_or_default()
    }
}

pub(super) fn damaged(path: PathBuf, what: &'static str, expected: String, found: String) -> LogError {
    LogError::Damaged {
        path,
        what,
        expected,
        found,
    }
}

fn make_folders(folder: &Path, durability: Durability) -> Result<(), LogError> {
    if folder.is_dir() {
        return Ok(());
    }
    let Some(parent) = folder.parent() else { return Ok(()) };
    make_folders(parent, durability)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(LogError::at(folder)(error)),
        _ => flush_folder(parent, durability),
    }
}

fn flush_folder(folder: &Path, durability: Durability) -> Result<(), LogError> {
    if durability == Durability::ProcessCrash {
        return Ok(());
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(LogError::at(folder))
}

const RECORDS: &str = "records";
const ENTRIES: &str = "entries";
/// The length of a record in bytes.
const RECORD: u64 = 80;
