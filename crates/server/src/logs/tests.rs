//! Requests that were changed at random. The fuzz target `log_request` does the same for longer, and knows where it has been.

use countersign_core::log::EntryKind;
use countersign_core::log::body::EntryBody;

use crate::log::Tile;
use crate::{ct, rekor_1, rekor_2};

/// Numbers as good as drawn (xorshift), the same in each run.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap()
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        let end = (at + self.below(40)).min(bytes.len());
        match self.below(4) {
            0 if at < bytes.len() => bytes[at] = u8::try_from(self.below(256)).unwrap(),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            _ => bytes.insert(at, b"{}[]\":,0e-\\"[self.below(11)]),
        }
    }
}

/// Hands a request to all that read requests, and says how many make an entry of it.
fn read(bytes: &[u8]) -> usize {
    let mut made = 0;
    if let Some(body) = rekor_2::fuzzing::body(bytes) {
        made += 1;
        EntryBody::parse(&EntryKind::new("hashedrekord", "0.0.2"), &body).unwrap();
    }
    if let Some(body) = rekor_1::fuzzing::body(bytes) {
        made += 1;
        assert!(!body.contains(&b'\n'), "what is stored is divided by line ends");
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let text = |name: &str| value[name].as_str().unwrap().to_owned();
        let kind = EntryKind::new(text("kind"), text("apiVersion"));
        EntryBody::parse(&kind, &body).unwrap();
    }
    rekor_1::fuzzing::questions(bytes);
    ct::fuzzing::is_chain(bytes);
    ct::fuzzing::is_entry(bytes);
    if let Ok(path) = std::str::from_utf8(bytes) {
        Tile::parse(path, "entries");
    }
    made
}

#[test]
fn whatever_is_made_of_a_changed_request_can_be_read_by_those_who_verify() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/log_request");
    let mut drawn = Drawn(0x9e37_79b9_7f4a_7c15);
    let mut whole = 0;
    for seed in std::fs::read_dir(folder).unwrap() {
        let seed = std::fs::read(seed.unwrap().path()).unwrap();
        whole += read(&seed);
        for _ in 0..1500 {
            let mut changed = seed.clone();
            for _ in 0..=drawn.below(3) {
                drawn.change(&mut changed);
            }
            read(&changed);
        }
    }
    assert_eq!(whole, 6, "six of the seeds are requests for entries");
}
