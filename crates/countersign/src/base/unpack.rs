//! What is in a layer, whatever it is compressed with: hashed as it passes.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};

use countersign_core::Digest;
use countersign_core::base::{BaseRefusal, Bound};
use countersign_core::digest::Hasher;
use countersign_oci::{Store, gzip, zstd};
use flate2::bufread::MultiGzDecoder;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{BaseError, Image};

/// Checks that every layer of an image that is about to be signed as a base is what its configuration says.
///
/// # Errors
/// [`BaseError::Refused`] where one is not, or what keeps us from knowing.
pub async fn check_layers<S: Store>(image: &Image, store: &S) -> Result<(), BaseError> {
    let all: Vec<usize> = (0..image.layers.len()).collect();
    let unpacked = unpacked(image, &all, store).await?;
    for (layer, expected) in image.layers.diff_ids().iter().enumerate() {
        let refusal = match unpacked.get(&layer) {
            Some(found) if found == expected => continue,
            Some(found) => BaseRefusal::Content {
                layer: layer + 1,
                expected: expected.clone(),
                found: found.clone(),
            },
            None => BaseRefusal::Unchecked { layer: layer + 1 },
        };
        return Err(BaseError::refused(&image.subject.image)(refusal));
    }
    Ok(())
}

/// The digests of what is in these layers, by their numbers from 0.
pub(super) async fn unpacked<S: Store>(
    image: &Image,
    layers: &[usize],
    store: &S,
) -> Result<BTreeMap<usize, Digest>, BaseError> {
    let wanted = layers.iter().copied();
    stream::iter(wanted)
        .map(|layer| async move { Ok::<_, BaseError>((layer, content(image, layer, store).await?)) })
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await
}

/// How layers that were not unpacked are taken.
pub(super) fn unchecked(is_trusted: bool) -> Bound {
    match is_trusted {
        true => Bound::InsecurelyTrusted,
        false => Bound::Unpacked,
    }
}

async fn content<S: Store>(image: &Image, layer: usize, store: &S) -> Result<Digest, BaseError> {
    let own = &image.subject.image;
    let described = image
        .subject
        .manifest
        .layers()
        .get(layer)
        .zip(image.layers.diff_ids().get(layer));
    let Some((descriptor, diff_id)) = described else {
        return Err(BaseError::refused(own)(BaseRefusal::Unchecked { layer: layer + 1 }));
    };
    let blob = store
        .blob(own.repository(), &descriptor.digest, Some(descriptor.size))
        .await
        .map_err(BaseError::store(own))?;
    let sink = Counted {
        hasher: Hasher::new(diff_id.algorithm()),
        left: CONTENT,
    };
    let unpacked = blob.read_by(|blob| unpack(blob, sink)).await;
    let unpacked = unpacked.map_err(BaseError::store(own))?;
    unpacked.map_err(|error| BaseError::Compressed {
        image: own.clone(),
        layer: layer + 1,
        reason: error.to_string(),
    })
}

/// Hashes what is in a blob. The first bytes tell, as they do runtimes, and not the media type, what it is compressed with.
fn unpack(blob: &mut dyn Read, mut sink: Counted) -> io::Result<Digest> {
    let mut blob = BufReader::with_capacity(BUFFER, blob);
    let begin = blob.fill_buf()?;
    if gzip::is_begin(begin) {
        io::copy(&mut MultiGzDecoder::new(blob), &mut sink)?;
    } else if zstd::is_begin(begin) {
        io::copy(&mut zstd::Frames::new(blob), &mut sink)?;
    } else {
        io::copy(&mut blob, &mut sink)?;
    }
    Ok(sink.hasher.finish())
}

/// Hashes what is written to it, up to a limit.
struct Counted {
    hasher: Hasher,
    left: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.left.checked_sub(bytes.len() as u64);
        self.left = left.ok_or_else(|| io::Error::other(format!("it has more than {CONTENT} bytes")))?;
        self.hasher.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The most bytes that are unpacked of a layer: a few bytes can stand for many.
const CONTENT: u64 = 64 * 1024 * 1024 * 1024;

/// How many compressed bytes are read at a time.
const BUFFER: usize = 64 * 1024;

/// How many layers are unpacked at once.
const PARALLEL: usize = 4;
