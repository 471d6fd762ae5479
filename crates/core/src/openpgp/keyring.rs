//! Keyrings: public keys one after the other (RFC 9580 §10.1), as they are or in armor.

use super::fields::Fields;
use super::key::Key;
use super::signature::Issuer;
use super::transferable::{Name, Place, Subkey, TransferableKey};
use super::{ArmorError, KeyringError, armor, packet};

/// Keys that are believed to be of whom they name.
#[derive(Clone, Debug)]
pub struct Keyring {
    keys: Vec<TransferableKey>,
}

impl Keyring {
    /// Reads a keyring. Keys of other versions than 4, which no signature that is read here can be by, are left out.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyringError> {
        if bytes.len() > LIMIT {
            return Err(KeyringError::Oversized {
                limit: LIMIT,
                found: bytes.len(),
            });
        }
        if bytes.get(8..12) == Some(b"KBXf") {
            return Err(KeyringError::Keybox);
        }
        let packets: &[u8] = match str::from_utf8(bytes) {
            Ok(text) if text.trim_start().starts_with("-----") => &dearmored(text)?,
            _ => bytes,
        };
        let mut reading = Reading {
            keys: Vec::new(),
            last: Last::Skipped,
        };
        let mut fields = Fields::new(packets);
        let mut count = 0;
        while !fields.is_empty() {
            count += 1;
            if count > PACKETS {
                return Err(KeyringError::TooMany { limit: PACKETS });
            }
            let packet = packet::read(&mut fields)?;
            reading.take(packet.tag, packet.body)?;
        }
        if reading.keys.is_empty() {
            return Err(KeyringError::NoKey);
        }
        Ok(Self { keys: reading.keys })
    }

    /// The key that a signature names.
    pub(super) fn find(&self, issuer: &Issuer) -> Option<(&TransferableKey, Place)> {
        self.keys
            .iter()
            .find_map(|key| key.place(issuer).map(|place| (key, place)))
    }
}

/// Reads one or several blocks of armor.
fn dearmored(text: &str) -> Result<Vec<u8>, KeyringError> {
    let mut lines = armor::lines(text);
    let mut packets = Vec::new();
    while let Some(line) = lines.next() {
        match line {
            "" => {}
            "-----BEGIN PGP PUBLIC KEY BLOCK-----" => {
                packets.extend(armor::block(&mut lines, LABEL).map_err(KeyringError::Armor)?);
            }
            "-----BEGIN PGP PRIVATE KEY BLOCK-----" => return Err(KeyringError::SecretKey),
            _ => return Err(KeyringError::Armor(ArmorError::NoBegin { expected: LABEL })),
        }
    }
    Ok(packets)
}

struct Reading {
    keys: Vec<TransferableKey>,
    last: Last,
}

/// What a signature that follows is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Key,
    Name,
    Subkey,
    /// A part of a key that is left out.
    Part,
    /// A key that is left out.
    Skipped,
}

impl Reading {
    fn take(&mut self, tag: u8, body: &[u8]) -> Result<(), KeyringError> {
        let is_skipped = self.last == Last::Skipped;
        match tag {
            packet::PUBLIC_KEY => {
                self.last = match Key::parse(body)? {
                    None => Last::Skipped,
                    Some(primary) => {
                        self.keys.push(TransferableKey {
                            primary,
                            signatures: Vec::new(),
                            names: Vec::new(),
                            subkeys: Vec::new(),
                        });
                        Last::Key
                    }
                };
            }
            packet::SECRET_KEY | packet::SECRET_SUBKEY => return Err(KeyringError::SecretKey),
            packet::TRUST | packet::MARKER | packet::PADDING | packet::NOT_CRITICAL.. => {}
            packet::USER_ID | packet::PUBLIC_SUBKEY | packet::USER_ATTRIBUTE | packet::SIGNATURE if is_skipped => {}
            _ => self.belonging(tag, body)?,
        }
        Ok(())
    }

    /// Adds a packet to the last key.
    fn belonging(&mut self, tag: u8, body: &[u8]) -> Result<(), KeyringError> {
        let Some(key) = self.keys.last_mut() else {
            return Err(KeyringError::Unexpected { found: tag });
        };
        match (tag, self.last) {
            (packet::USER_ID, _) => {
                key.names.push(Name {
                    id: body.to_vec(),
                    signatures: Vec::new(),
                });
                self.last = Last::Name;
            }
            (packet::USER_ATTRIBUTE, _) => self.last = Last::Part,
            (packet::PUBLIC_SUBKEY, _) => {
                self.last = Last::Part;
                if let Some(subkey) = Key::parse(body)? {
                    key.subkeys.push(Subkey {
                        key: subkey,
                        signatures: Vec::new(),
                    });
                    self.last = Last::Subkey;
                }
            }
            (packet::SIGNATURE, last) => {
                let signatures = match last {
                    Last::Name => key.names.last_mut().map(|name| &mut name.signatures),
                    Last::Subkey => key.subkeys.last_mut().map(|subkey| &mut subkey.signatures),
                    Last::Key => Some(&mut key.signatures),
                    Last::Part | Last::Skipped => None,
                };
                signatures.into_iter().for_each(|list| list.push(body.to_vec()));
            }
            _ => return Err(KeyringError::Unexpected { found: tag }),
        }
        Ok(())
    }
}

const LABEL: &str = "PGP PUBLIC KEY BLOCK";

/// The largest keyring that is read, in bytes; that of a distribution has a few MiB.
const LIMIT: usize = 16 << 20;

/// The most packets that are read.
const PACKETS: usize = 200_000;
