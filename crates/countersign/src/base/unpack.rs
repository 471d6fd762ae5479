//! What is in a layer, whatever it is compressed with: hashed as it passes.

use std::collections::BTreeMap;
use std::io::{self, Write};

use countersign_core::Digest;
use countersign_core::base::{BaseRefusal, Bound};
use countersign_core::digest::Hasher;
use countersign_oci::{BlobStream, Store};
use flate2::write::MultiGzDecoder;
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
    let failed = BaseError::store(own);
    let compressed = |reason: String| BaseError::Compressed {
        image: own.clone(),
        layer: layer + 1,
        reason,
    };
    let blob = store
        .blob(own.repository(), &descriptor.digest, Some(descriptor.size))
        .await;
    let mut blob = blob.map_err(&failed)?;
    let mut begin = Vec::new();
    while begin.len() < MAGIC
        && let Some(chunk) = blob.next().await.map_err(&failed)?
    {
        begin.extend_from_slice(&chunk);
    }
    let mut unpacking = Unpacking::of(&begin, diff_id).map_err(|reason| compressed(reason.to_owned()))?;
    unpacking.take(&begin).map_err(|error| compressed(error.to_string()))?;
    drop(begin);
    pass(&mut blob, &mut unpacking, &failed, &compressed).await?;
    unpacking.finish().map_err(|error| compressed(error.to_string()))
}

async fn pass(
    blob: &mut BlobStream,
    unpacking: &mut Unpacking,
    failed: &impl Fn(countersign_oci::StoreError) -> BaseError,
    compressed: &impl Fn(String) -> BaseError,
) -> Result<(), BaseError> {
    while let Some(chunk) = blob.next().await.map_err(failed)? {
        unpacking.take(&chunk).map_err(|error| compressed(error.to_string()))?;
    }
    Ok(())
}

enum Unpacking {
    Gzip(Box<MultiGzDecoder<Counted>>),
    Plain(Counted),
}

impl Unpacking {
    /// Tells by the first bytes, as runtimes do, and not by the media type, what a layer is compressed with.
    fn of(begin: &[u8], diff_id: &Digest) -> Result<Self, &'static str> {
        let sink = Counted {
            hasher: Hasher::new(diff_id.algorithm()),
            left: CONTENT,
        };
        match begin {
            [0x1f, 0x8b, ..] => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(sink)))),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Err(
                "it is compressed with zstd, which is not read here; a statement that names its digest needs no look into it",
            ),
            _ => Ok(Self::Plain(sink)),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Gzip(decoder) => decoder.write_all(bytes),
            Self::Plain(sink) => sink.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<Digest> {
        let sink = match self {
            Self::Gzip(decoder) => decoder.finish()?,
            Self::Plain(sink) => sink,
        };
        Ok(sink.hasher.finish())
    }
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

/// How many bytes tell what a layer is compressed with.
const MAGIC: usize = 4;

/// How many layers are unpacked at once; hashing takes turns on one thread, fetching does not.
const PARALLEL: usize = 4;
