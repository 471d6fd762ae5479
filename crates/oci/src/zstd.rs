//! Zstandard, frame after frame (RFC 8878): zstd:chunked layers have several, and some to be skipped.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Unpacks all frames of a source, whose window may have 32 MiB.
pub struct Frames<R> {
    source: R,
    decoder: FrameDecoder,
    is_within: bool,
}

/// Says whether what begins so is compressed with it: a frame, or one to be skipped.
pub fn is_begin(bytes: &[u8]) -> bool {
    bytes.starts_with(FRAME) || bytes.get(1..4) == Some(SKIPPED)
}

impl<R: BufRead> Frames<R> {
    /// Unpacks `source`.
    pub fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW_LIMIT);
        Self {
            source,
            decoder,
            is_within: false,
        }
    }

    /// Begins the next frame; says whether there was one, or something to be skipped.
    fn begin(&mut self) -> io::Result<bool> {
        if self.source.fill_buf()?.is_empty() {
            return Ok(false);
        }
        match self.decoder.init(&mut self.source) {
            Ok(()) => self.is_within = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                let length = u64::from(length);
                if io::copy(&mut self.source.by_ref().take(length), &mut io::sink())? < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Err(error) => return Err(io::Error::other(error.to_string())),
        }
        Ok(true)
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.is_within {
                if !self.begin()? {
                    return Ok(0);
                }
                continue;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                let decoded = self.decoder.decode_blocks(&mut self.source, one);
                decoded.map_err(|error| io::Error::other(error.to_string()))?;
            }
            match self.decoder.read(buffer)? {
                0 => self.is_within = false,
                count => return Ok(count),
            }
        }
    }
}

/// The largest window: as much is in memory at once. Builders use up to 8 MiB.
const WINDOW_LIMIT: u64 = 32 << 20;

/// How a frame begins.
const FRAME: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// How a frame to be skipped begins, after its first byte.
const SKIPPED: &[u8] = &[0x2a, 0x4d, 0x18];
