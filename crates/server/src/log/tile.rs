//! Names of tiles (C2SP tlog-tiles, §Merkle Tree).

/// A tile, or a part of it from its left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    pub(super) content: Content,
    pub(super) index: u64,
    pub(super) width: u64,
}

/// What is in a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// The hashes at a level.
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

impl Tile {
    /// Reads what follows `tile/`, where tiles with entries are named `entries`.
    pub(crate) fn parse(path: &str, entries: &str) -> Option<Self> {
        let (level, rest) = path.split_once('/')?;
        let content = if level == entries {
            Content::Entries
        } else {
            Content::Hashes(
                decimal(level)
                    .filter(|level| *level <= HIGHEST)
                    .and_then(|level| level.try_into().ok())?,
            )
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, decimal(width).filter(|width| (1..=255).contains(width))?),
            None => (rest, 256),
        };
        Some(Self {
            content,
            index: index_of(index)?,
            width,
        })
    }
}

/// Reads groups of three digits, all but the last led by an x.
fn index_of(path: &str) -> Option<u64> {
    let groups: Vec<_> = path.split('/').collect();
    let (last, others) = groups.split_last()?;
    let mut index = 0_u64;
    if others.len() > GROUPS || others.first() == Some(&"x000") {
        return None;
    }
    for group in others.iter().map(|group| group.strip_prefix('x')).chain([Some(*last)]) {
        let group = group.filter(|group| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit()))?;
        index = index.checked_mul(1000)?.checked_add(group.parse().ok()?)?;
    }
    Some(index)
}

fn decimal(text: &str) -> Option<u64> {
    let is_short = text == "0" || !text.starts_with('0');
    let is_number = !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_short && is_number)
}

const HIGHEST: u64 = 63;
/// The most groups before the last: more than the largest index has.
const GROUPS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tiles_are_read() {
        let tile = |content, index, width| Some(Tile { content, index, width });
        for (path, expected) in [
            ("0/000", tile(Content::Hashes(0), 0, 256)),
            ("63/x001/x234/067", tile(Content::Hashes(63), 1_234_067, 256)),
            ("entries/x001/000.p/255", tile(Content::Entries, 1000, 255)),
            ("1/000.p/1", tile(Content::Hashes(1), 0, 1)),
        ] {
            assert_eq!(Tile::parse(path, "entries"), expected, "{path}");
        }
    }

    #[test]
    fn other_spellings_are_none() {
        for path in [
            "0",
            "0/",
            "/000",
            "00/000",
            "64/000",
            "+1/000",
            "0/0",
            "0/0000",
            "0/x000/001",
            "0/001/002",
            "0/x001",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/000.p/",
            "0/000.p",
            "data/000",
            "0/../000",
            "0/x1/000",
            "0/x001/x001/x001/x001/x001/x001/x001/001",
            "0/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(Tile::parse(path, "entries"), None, "{path}");
        }
    }
}
