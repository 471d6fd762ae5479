//! Blobs that are hashed while they move.

use bytes::Bytes;
use countersign_core::Digest;
use countersign_oci::blob::HashThreads;
use countersign_oci::{BlobStream, StoreError};
use futures_util::future::join_all;
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
    let threads = HashThreads::default();
    let read = blob(CHUNKS, "one two three", 13).hashed_on(&threads).read(100).await;
    assert_eq!(read.expect("it is right"), "one two three");
    let wrong = blob(CHUNKS, "one two four!", 13).hashed_on(&threads).read(100).await;
    assert!(matches!(wrong, Err(StoreError::DigestMismatch { .. })), "{wrong:?}");
    for size in [12, 14] {
        let wrong = blob(CHUNKS, "one two three", size).hashed_on(&threads).read(100).await;
        assert!(matches!(wrong, Err(StoreError::SizeMismatch { .. })), "{wrong:?}");
    }
}

/// A blob of many chunks, each of them `letter`.
fn long(letter: &'static str, expected: &str) -> BlobStream {
    let chunks = stream::iter((0..LONG).map(move |_| Ok(Bytes::from_static(letter.as_bytes()))));
    let expected = Digest::sha256(expected.repeat(LONG).as_bytes());
    BlobStream::new(chunks, letter.to_owned(), &expected, Some(LONG as u64))
}

#[tokio::test]
async fn many_blobs_are_hashed_by_few_threads_each_for_itself() {
    let threads = HashThreads::default();
    let wanted = [("a", "a"), ("b", "b"), ("c", "d"), ("e", "e"), ("f", "g"), ("h", "h")];
    let reads = wanted.map(|(letter, expected)| long(letter, expected).hashed_on(&threads).read(LONG as u64));
    for ((letter, expected), read) in wanted.into_iter().zip(join_all(reads).await) {
        match read {
            Ok(bytes) => assert_eq!((bytes, letter), (letter.repeat(LONG).into(), expected)),
            Err(StoreError::DigestMismatch { what, .. }) => assert!(what == letter && letter != expected, "{what}"),
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_blob_that_is_given_up_does_not_hold_up_those_after_it() {
    let threads = HashThreads::default();
    for taken in [0, 1, 3] {
        let mut given_up = long("a", "a").hashed_on(&threads);
        for _ in 0..taken {
            given_up.next().await.expect("nothing is wrong with its bytes");
        }
        let (read, _) = tokio::join!(long("b", "b").hashed_on(&threads).read(LONG as u64), async {
            drop(given_up)
        });
        assert_eq!(read.expect("it is right").len(), LONG, "after {taken}");
    }
    let slow = long("a", "a").hashed_on(&threads);
    let read = long("b", "b").hashed_on(&threads).read(LONG as u64).await;
    assert_eq!(read.expect("it is right").len(), LONG, "while another waits");
    drop(slow);
}

const LONG: usize = 500;
