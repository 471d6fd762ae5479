//! Why a text, a signature or a key is not believed.

use jiff::Timestamp;

/// Why a text does not count as signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is more than is read.
    #[error("signed text has {found} bytes, the limit is {limit}")]
    Oversized {
        /// The most bytes allowed.
        limit: usize,
        /// The bytes there are.
        found: usize,
    },
    /// It is not UTF-8.
    #[error("signed text is not UTF-8")]
    NotText,
    /// It does not begin as a signed text does.
    #[error("not a signed text: the first line is not -----BEGIN PGP SIGNED MESSAGE-----")]
    NoMessage,
    /// There is something before the text that is no list of hashes.
    #[error("line {line}: expected `Hash: ` or an empty line")]
    Header {
        /// The line, from 1.
        line: usize,
    },
    /// A line begins as a part of the form does, a second text for example.
    #[error("line {line} of a signed text begins with a dash that is not escaped")]
    Undashed {
        /// The line, from 1.
        line: usize,
    },
    /// A line has a carriage return within.
    #[error("line {line} of a signed text has a carriage return in it")]
    LineEnd {
        /// The line, from 1.
        line: usize,
    },
    /// There is no signature.
    #[error("the text has no signature")]
    NoSignature,
    /// The signature cannot be read.
    #[error("signature is malformed")]
    Armor(#[source] ArmorError),
    /// Something follows the signature.
    #[error("the signature is followed by text that is not signed")]
    TrailingText,
    /// The signature cannot be read.
    #[error("signature is malformed")]
    Packet(#[from] PacketError),
    /// What should be a signature is something else.
    #[error("expected a signature, found a packet of type {found}")]
    NotASignature {
        /// The packet's type.
        found: u8,
    },
    /// There is more than one signature.
    #[error("expected one signature, found more")]
    SeveralSignatures,
    /// The signature is of another version.
    #[error("expected a signature of version 4, found version {found}")]
    Version {
        /// The version.
        found: u8,
    },
    /// The signature is not one over a text.
    #[error("expected a signature over a text (type 1), found type {found}")]
    Kind {
        /// The type.
        found: u8,
    },
    /// The hash is one for which other texts can be made.
    #[error("hash {found} is too weak, expected SHA-256, SHA-384 or SHA-512")]
    WeakHash {
        /// The hash.
        found: &'static str,
    },
    /// The hash is not known here.
    #[error("hash algorithm {found} is not known, expected SHA-256, SHA-384 or SHA-512")]
    UnknownHash {
        /// The hash's number.
        found: u8,
    },
    /// The text names other hashes than the one of its signature.
    #[error("the signature is over {found}, the text names {named}")]
    HashNotNamed {
        /// The hash of the signature.
        found: &'static str,
        /// The hashes that the text names.
        named: String,
    },
    /// The signature has conditions that are not known here.
    #[error("signature has a condition of type {found} that is not known")]
    Condition {
        /// The type of the subpacket.
        found: u8,
    },
    /// The signature does not say by which key it is.
    #[error("signature does not name its key")]
    NoIssuer,
    /// The signature does not say when it was made.
    #[error("signature has no time")]
    NoTime,
    /// The signature is by a key that is not in the keyring.
    #[error("the signature is by the key {issuer}, which is not in the keyring")]
    UnknownKey {
        /// The key's fingerprint, or what there is of it.
        issuer: String,
    },
    /// The key is not believed.
    #[error("the key {fingerprint} does not count")]
    Key {
        /// The fingerprint of the primary key.
        fingerprint: String,
        /// Why not.
        #[source]
        problem: KeyProblem,
    },
    /// The signature was made later than now.
    #[error("signature is of {created}, it is {now}")]
    FromTheFuture {
        /// When it says it was made.
        created: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// The signature has expired.
    #[error("signature expired at {at}")]
    Expired {
        /// When.
        at: Timestamp,
    },
    /// The signature is over another text, or by another key of the same name.
    #[error("the signature does not match the text")]
    Mismatch,
}

/// Why a key does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// The key, or a part of it, was made later than the signature.
    #[error("it was made at {created}, after the signature")]
    Younger {
        /// When it was made.
        created: Timestamp,
    },
    /// It has expired.
    #[error("it expired at {at}")]
    Expired {
        /// When.
        at: Timestamp,
    },
    /// It was revoked.
    #[error("it was revoked, or by a signature that cannot be checked")]
    Revoked,
    /// Its owner does not say that it is a key.
    #[error("it has no self-signature that counts")]
    NoSelfSignature,
    /// What its owner says of it is under a hash for which other keys can be made.
    #[error("its self-signatures are over {hash}, expected SHA-256, SHA-384 or SHA-512")]
    WeakSelfSignature {
        /// The hash.
        hash: &'static str,
    },
    /// It is a subkey that the primary key did not bind.
    #[error("the subkey is not bound to it")]
    NotBound,
    /// It is a subkey that did not agree to be bound.
    #[error("the subkey did not sign that it belongs to it")]
    NotBoundBack,
    /// It is not for signing.
    #[error("it is not for signing")]
    NotForSigning,
    /// It is of another kind.
    #[error("it is of a kind that is not supported, algorithm {algorithm}")]
    Unsupported {
        /// The algorithm's number.
        algorithm: u8,
    },
    /// Its numbers are no key that is safe.
    #[error("it is no RSA key of 2048 to 8192 bits, or its numbers are no key")]
    Rejected,
    /// It has more signatures than are looked at.
    #[error("it has more than {limit} signatures of its own")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

/// Why a keyring cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// There is more than is read.
    #[error("keyring has {found} bytes, the limit is {limit}")]
    Oversized {
        /// The most bytes allowed.
        limit: usize,
        /// The bytes there are.
        found: usize,
    },
    /// It is in GnuPG's own format.
    #[error("keyring is a keybox of GnuPG 2; `gpg --export` writes one that can be read")]
    Keybox,
    /// It holds private keys.
    #[error("expected public keys, found a private one")]
    SecretKey,
    /// The armor is not what it should be.
    #[error("keyring is malformed")]
    Armor(#[source] ArmorError),
    /// A packet is not what it should be.
    #[error("keyring is malformed")]
    Packet(#[from] PacketError),
    /// A packet belongs to no key.
    #[error("keyring holds a packet of type {found}, which belongs to no key")]
    Unexpected {
        /// The packet's type.
        found: u8,
    },
    /// It has more packets than are read.
    #[error("keyring has more than {limit} packets")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// It holds no key of version 4.
    #[error("keyring holds no key of version 4")]
    NoKey,
}

/// Why armor cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArmorError {
    /// What is there is no armor of this kind.
    #[error("expected -----BEGIN {expected}-----")]
    NoBegin {
        /// What it should be of.
        expected: &'static str,
    },
    /// A line before the content is no header.
    #[error("a line before the content is no header")]
    Header,
    /// The last line is not there.
    #[error("the end is missing")]
    NoEnd,
    /// The content is no base64.
    #[error("the content is not base64")]
    NotBase64(#[source] base64::DecodeError),
    /// The content is not what was written.
    #[error("the checksum is another's")]
    Checksum,
}

/// Why packets cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// There is less than is announced.
    #[error("{part} is cut short")]
    Short {
        /// What was read.
        part: &'static str,
    },
    /// Something is not as it should be.
    #[error("{part} is malformed")]
    Malformed {
        /// What was read.
        part: &'static str,
    },
    /// A packet does not say how long it is.
    #[error("a packet does not say how long it is")]
    NoLength,
}
