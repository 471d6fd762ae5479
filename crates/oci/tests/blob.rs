//! Blobs that are hashed while they move.

use bytes::Bytes;
use countersign_core::Digest;
use countersign_oci::{BlobStream, StoreError};
use futures_util::stream;

fn blob(chunks: &'static [&'static str], expected: &str, size: u64) -> BlobStream {
    let chunks = stream::iter(chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))));
    BlobStream::new(
        chunks,
        "blob".to_owned(),
        &Digest::sha256(expected.as_bytes()),
        Some(size),
    )
}

#[tokio::test]
async fn a_blob_that_is_hashed_beside_is_checked_like_any_other() {
    const CHUNKS: &[&str] = &["one ", "two ", "three"];
    let read = blob(CHUNKS, "one two three", 13).hashed_beside().read(100).await;
    assert_eq!(read.expect("it is right"), "one two three");
    let wrong = blob(CHUNKS, "one two four!", 13).hashed_beside().read(100).await;
    assert!(matches!(wrong, Err(StoreError::DigestMismatch { .. })), "{wrong:?}");
    for size in [12, 14] {
        let wrong = blob(CHUNKS, "one two three", size).hashed_beside().read(100).await;
        assert!(matches!(wrong, Err(StoreError::SizeMismatch { .. })), "{wrong:?}");
    }
}
