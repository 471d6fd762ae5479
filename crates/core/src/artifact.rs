//! What is judged.

use std::borrow::Cow;

use crate::Digest;
use crate::message::Message;

/// The artifact that evidence must be about: named by its digest, or a message that is signed as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    digest: Digest,
    message: Option<Message>,
}

impl Artifact {
    /// Names the artifact whose bytes hash to `digest`.
    pub fn new(digest: Digest) -> Self {
        Self { digest, message: None }
    }

    /// Takes a message, which has a digest too.
    pub fn message(message: Message) -> Self {
        Self {
            digest: message.digest().clone(),
            message: Some(message),
        }
    }

    /// Returns the artifact's digest.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Returns every digest of the artifact that is known.
    pub fn digests(&self) -> impl Iterator<Item = Digest> {
        let others = self.message.iter().flat_map(Message::digests);
        let others = others.filter(|other| *other != self.digest);
        std::iter::once(self.digest.clone()).chain(others)
    }

    /// Returns the artifact as a message; one that is only named is one of which only the digest is known.
    pub(crate) fn as_message(&self) -> Cow<'_, Message> {
        match &self.message {
            Some(message) => Cow::Borrowed(message),
            None => Cow::Owned(Message::named(self.digest.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SignatureDigest;
    use crate::message::{Bytes, Needs};

    #[test]
    fn every_digest_that_is_known_is_named_once() {
        let needs = Needs::new(&[SignatureDigest::Sha256, SignatureDigest::Sha512], Bytes::Dropped);
        let message = Message::of(b"message", &needs);
        let known: Vec<Digest> = message.digests().collect();
        assert_eq!(known.len(), 2);
        let named: Vec<Digest> = Artifact::message(message).digests().collect();
        assert_eq!(named, known);
        let digest = Digest::sha256(b"message");
        assert_eq!(Artifact::new(digest.clone()).digests().collect::<Vec<_>>(), [digest]);
    }
}
