use std::io::Read;

use countersign_core::Digest;
use flate2::read::GzDecoder;
use proptest::prelude::*;

use super::compress;

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut content).expect("it is gzip");
    content
}

/// The numbers of a linear congruential generator (Numerical Recipes), the first byte of each.
fn noise(seed: &mut u32, length: usize) -> Vec<u8> {
    let mut next = || {
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// What Go 1.26.8 makes of the same inputs at level 1: lengths and digests.
#[test]
fn bytes_are_those_of_go_1_26() {
    let mut seed = 1;
    let inputs = [
        Vec::new(),
        b"a".to_vec(),
        vec![0; 1024],
        b"abcdefghij".repeat(7000),
        noise(&mut seed, 1000),
        noise(&mut seed, 200_000),
        (0..200_000_u64).map(|i| (((i * i) >> 7) % 23) as u8).collect(),
    ];
    let expected = [
        (
            23,
            "sha256:81da0491c5af5635831f6a3febb5d9bfd66987ba3ecc42e58dc3d80938c25705",
        ),
        (
            29,
            "sha256:2b3843da9cf6852170bc3d756fad5e1602882bc8f5ccad0cd4672f3c0689b445",
        ),
        (
            39,
            "sha256:89732bc7504122601f40269fc9ddfb70982e633ea9caf641ae45736f2846b004",
        ),
        (
            442,
            "sha256:97ee1d25f3647f27d983e9141489577dd3d3148fffdc01999be0ae554d586ec3",
        ),
        (
            1028,
            "sha256:6d3be5569833cd85f9bd0beddd9122c702dfb8161e4d1479f5b51816f8df1bdb",
        ),
        (
            200_043,
            "sha256:fddaa645514ca51f9ec6fc573920d342f810c0ecff23393eaf9e77d6d11ceb3e",
        ),
        (
            3243,
            "sha256:1da46d7f24adc4243a9d3481fec34cec24c100545097c0948d59b219c38836a4",
        ),
    ];
    for (input, (length, digest)) in inputs.iter().zip(expected) {
        let packed = compress(input);
        assert_eq!(
            (packed.len(), Digest::sha256(&packed).as_str()),
            (length, digest),
            "of {} bytes",
            input.len()
        );
        assert_eq!(unpacked(&packed), *input);
    }
}

#[test]
fn every_length_about_a_threshold_is_read_back() {
    let mut seed = 7;
    for around in [0, 16, 17, 127, 128, 65_535, 131_070] {
        for length in around.max(2) - 2..around + 3 {
            for input in [noise(&mut seed, length), vec![b'x'; length]] {
                assert_eq!(unpacked(&compress(&input)), input, "{length} bytes");
            }
        }
    }
}

#[test]
fn code_lengths_are_limited() {
    // Fibonacci's numbers ask for the longest codes: 24 symbols would have 23 bits.
    let mut counts = vec![1_u32, 1];
    while counts.len() < 24 {
        counts.push(counts[counts.len() - 1] + counts[counts.len() - 2]);
    }
    for longest in [7, 15] {
        let codes = super::huffman::codes(&counts, longest);
        assert!(
            codes
                .iter()
                .all(|code| (1..=longest).contains(&usize::from(code.length)))
        );
        let space: u32 = codes.iter().map(|code| 1 << (15 - code.length)).sum();
        assert_eq!(space, 1 << 15, "all codes there are have a symbol");
    }
    let input: Vec<u8> = (0..)
        .zip(&counts)
        .flat_map(|(byte, count)| vec![byte; *count as usize])
        .collect();
    assert_eq!(unpacked(&compress(&input)), input);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_is_read_back(
        pieces in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..300), 0_usize..400, 1_u8..=255), 0..40),
    ) {
        let mut input = Vec::new();
        for (bytes, times, alphabet) in pieces {
            let piece: Vec<u8> = bytes.iter().map(|byte| byte % alphabet).collect();
            input.extend(piece.repeat(times % 8 + 1));
            let from = input.len() - input.len().min(times * 90);
            input.extend_from_within(from..);
        }
        input.truncate(400_000);
        let packed = compress(&input);
        prop_assert_eq!(unpacked(&packed), input);
    }
}
