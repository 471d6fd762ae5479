//! What the services keep from one start to the next: their keys and certificates, each made once.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use countersign_core::certificate::{Certificate, CertificateError};
use countersign_core::key::{ImportError, KeyAlgorithm, PrivateKey, PrivateKeyError};
use countersign_core::{Secret, SignerError};

/// A folder of keys and certificates that only its owner may read.
#[derive(Debug)]
pub(crate) struct Keys {
    folder: PathBuf,
}

impl Keys {
    /// Opens or makes the folder `keys` below `root`.
    pub(crate) fn open(root: &Path) -> Result<Self, KeysError> {
        let folder = root.join("keys");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(KeysError::at(&folder))?;
        Ok(Self { folder })
    }

    /// Returns the key of this name, which is made where there is none.
    pub(crate) fn key(&self, name: &str, algorithm: KeyAlgorithm) -> Result<PrivateKey, KeysError> {
        let path = self.folder.join(format!("{name}.pem"));
        let pem = once(&path, || {
            let key = PrivateKey::generate(algorithm)?;
            Ok(Secret::new(key.to_unencrypted_pem()?.expose().clone().into_bytes()))
        })?;
        let key = PrivateKey::import(pem.expose(), None).map_err(|source| KeysError::Key {
            path: path.clone(),
            source,
        })?;
        let (expected, found) = (algorithm.into(), key.public_key().algorithm());
        if expected == found {
            Ok(key)
        } else {
            Err(KeysError::OtherAlgorithm { path, expected, found })
        }
    }

    /// Returns the chain of this name for `key`, the one that issues or signs first, which is made where there is none.
    pub(crate) fn chain(
        &self,
        name: &str,
        key: &PrivateKey,
        make: impl FnOnce() -> Result<Vec<Vec<u8>>, KeysError>,
    ) -> Result<Vec<Certificate>, KeysError> {
        let path = self.folder.join(format!("{name}-chain.pem"));
        let wrong = |source| KeysError::Certificate {
            path: path.clone(),
            source,
        };
        let pem = once(&path, || {
            let mut text = String::new();
            for der in make()? {
                text.push_str(&Certificate::from_der(&der).map_err(wrong)?.to_pem());
            }
            Ok(Secret::new(text.into_bytes()))
        })?;
        let chain = Certificate::chain_from_pem(pem.expose(), CHAIN).map_err(wrong)?;
        let is_of_key = chain
            .first()
            .is_some_and(|first| first.public_key() == Ok(key.public_key()));
        if is_of_key {
            Ok(chain)
        } else {
            Err(KeysError::OtherKey { path })
        }
    }
}

/// Reads a file, which is made where there is none; of several who make it at a time, one does.
pub(crate) fn once(
    path: &Path,
    make: impl FnOnce() -> Result<Secret<Vec<u8>>, KeysError>,
) -> Result<Secret<Vec<u8>>, KeysError> {
    match fs::read(path) {
        Ok(bytes) => return Ok(Secret::new(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(KeysError::at(path)(error)),
    }
    let made = make()?;
    let aside = aside(path)?;
    let placed = write(&aside, made.expose(), PRIVATE).and_then(|()| fs::hard_link(&aside, path));
    // Whether or not it was placed: what stays aside is of no more use than its place on the disk.
    let _ = fs::remove_file(&aside);
    match placed {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(KeysError::at(path)(error)),
    }
    if let Some(folder) = path.parent() {
        let flushed = File::open(folder).and_then(|folder| folder.sync_all());
        flushed.map_err(KeysError::at(folder))?;
    }
    fs::read(path).map(Secret::new).map_err(KeysError::at(path))
}

/// Puts a file in the place of another, whole or not at all; everyone may read it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    let aside = aside(path)?;
    let placed = write(&aside, bytes, PUBLIC).and_then(|()| fs::rename(&aside, path));
    if placed.is_err() {
        let _ = fs::remove_file(&aside);
    }
    placed.map_err(KeysError::at(path))?;
    match path.parent().map(|folder| File::open(folder)?.sync_all()) {
        Some(flushed) => flushed.map_err(KeysError::at(path)),
        None => Ok(()),
    }
}

/// A name beside `path` that nobody else writes to.
fn aside(path: &Path) -> Result<PathBuf, KeysError> {
    let mut random = [0; 8];
    aws_lc_rs::rand::fill(&mut random)?;
    Ok(path.with_extension(format!("{}.aside", hex::encode(random))))
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Why there is no key or certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// A file holds no key.
    #[error("{} holds no key", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: ImportError,
    },
    /// A file holds a key of another kind.
    #[error("{} holds a key of {found}, expected {expected}", path.display())]
    OtherAlgorithm {
        /// The file.
        path: PathBuf,
        /// The kind expected.
        expected: countersign_core::key::PublicKeyAlgorithm,
        /// The kind found.
        found: countersign_core::key::PublicKeyAlgorithm,
    },
    /// A file holds no certificates.
    #[error("{} holds no certificates", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: CertificateError,
    },
    /// The certificates are for another key than the one beside them.
    #[error("{} begins with a certificate of another key than the one beside it", path.display())]
    OtherKey {
        /// The file.
        path: PathBuf,
    },
    /// No key could be made.
    #[error("no key could be made")]
    Generation(#[from] PrivateKeyError),
    /// A key signs nothing, or is not given away.
    #[error("a key could not be used")]
    Signer(#[from] SignerError),
    /// There is no randomness.
    #[error("there is no randomness")]
    Random(#[from] aws_lc_rs::error::Unspecified),
}

impl KeysError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }
}

/// For its owner alone.
const PRIVATE: u32 = 0o600;
/// For everyone to read.
const PUBLIC: u32 = 0o644;
/// The most certificates of a chain.
const CHAIN: usize = 4;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_its_owner_alone_may_read_it() {
        let root = tempfile::tempdir().expect("a folder");
        let key = |algorithm| Keys::open(root.path()).and_then(|keys| keys.key("one", algorithm));
        let made = key(KeyAlgorithm::EcdsaP256).expect("a key");
        let again = key(KeyAlgorithm::EcdsaP256).expect("a key");
        assert_eq!(made.public_key(), again.public_key());
        let mode = fs::metadata(root.path().join("keys/one.pem"))
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let names: Vec<_> = fs::read_dir(root.path().join("keys")).expect("a folder").collect();
        assert_eq!(names.len(), 1, "{names:?}");
        assert!(matches!(
            key(KeyAlgorithm::Ed25519),
            Err(KeysError::OtherAlgorithm { .. })
        ));
    }

    #[test]
    fn of_many_who_make_a_key_at_a_time_one_does() {
        let root = tempfile::tempdir().expect("a folder");
        let keys = Keys::open(root.path()).expect("a folder");
        let barrier = Barrier::new(8);
        let made: Vec<_> = std::thread::scope(|scope| {
            let making: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        keys.key("one", KeyAlgorithm::EcdsaP256)
                            .expect("a key")
                            .public_key()
                            .clone()
                    })
                })
                .collect();
            making.into_iter().map(|thread| thread.join().expect("a key")).collect()
        });
        assert!(made.windows(2).all(|pair| pair[0] == pair[1]), "{made:?}");
    }

    #[test]
    fn a_key_file_that_holds_none_is_refused_and_left_alone() {
        let root = tempfile::tempdir().expect("a folder");
        let keys = Keys::open(root.path()).expect("a folder");
        let path = root.path().join("keys/one.pem");
        fs::write(&path, "").expect("a file");
        assert!(matches!(
            keys.key("one", KeyAlgorithm::EcdsaP256),
            Err(KeysError::Key {
                source: ImportError::Empty,
                ..
            })
        ));
        assert_eq!(fs::read(&path).expect("a file"), b"");
    }
}
