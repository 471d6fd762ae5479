//! Fields of packets, one after the other.

use super::PacketError;

/// What is left to be read.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn take(&mut self, length: usize, part: &'static str) -> Result<&'a [u8], PacketError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(PacketError::Short { part })?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const LENGTH: usize>(&mut self, part: &'static str) -> Result<[u8; LENGTH], PacketError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(PacketError::Short { part })?;
        self.rest = rest;
        Ok(*array)
    }

    pub(super) fn byte(&mut self, part: &'static str) -> Result<u8, PacketError> {
        let [byte] = self.array(part)?;
        Ok(byte)
    }

    pub(super) fn two(&mut self, part: &'static str) -> Result<usize, PacketError> {
        Ok(usize::from(u16::from_be_bytes(self.array(part)?)))
    }

    pub(super) fn four(&mut self, part: &'static str) -> Result<u32, PacketError> {
        Ok(u32::from_be_bytes(self.array(part)?))
    }

    /// A number that is led by how many bits it has (§3.2). Some programs count zeros in front too.
    pub(super) fn number(&mut self, part: &'static str) -> Result<&'a [u8], PacketError> {
        let bits = self.two(part)?;
        self.take(bits.div_ceil(8), part)
    }

    pub(super) fn finish(&self, part: &'static str) -> Result<(), PacketError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(PacketError::Malformed { part })
        }
    }
}
