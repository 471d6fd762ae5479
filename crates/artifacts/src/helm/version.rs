//! Versions of charts, and the tags that stand for them.

use std::cmp::Ordering;

/// A version as Helm takes it (<https://semver.org/>, but `v1.2` is one too).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    numbers: [u64; 3],
    /// What comes before the release: `rc.1`.
    pre: Option<String>,
    is_strict: bool,
}

impl Version {
    /// Reads a version; `None` where the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LIMIT {
            return None;
        }
        let (rest, build) = split(text, '+');
        let (core, pre) = split(rest, '-');
        if ![build, pre].into_iter().flatten().all(are_identifiers) {
            return None;
        }
        let mut numbers = [0; 3];
        let mut count = 0;
        let mut is_strict = !core.starts_with('v');
        for part in core.strip_prefix('v').unwrap_or(core).split('.') {
            let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            let place = numbers.get_mut(count).filter(|_| is_number)?;
            *place = part.parse().ok()?;
            is_strict &= part == "0" || !part.starts_with('0');
            count += 1;
        }
        let numeric_with_zero = |part: &str| part.len() > 1 && part.starts_with('0') && part.bytes().all(is_digit);
        if pre.is_some_and(|pre| pre.split('.').any(numeric_with_zero)) {
            return None;
        }
        Some(Self {
            numbers,
            pre: pre.map(str::to_owned),
            is_strict: is_strict && count == 3,
        })
    }

    /// Says whether it comes before a release.
    pub fn is_prerelease(&self) -> bool {
        self.pre.is_some()
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn are_identifiers(text: &str) -> bool {
    let is_one = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    text.split('.').all(is_one)
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

/// The order of §11; what was built from it does not count.
impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let pre = match (&self.pre, &other.pre) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(own), Some(other)) => identifiers(own, other),
        };
        self.numbers.cmp(&other.numbers).then(pre)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn identifiers(own: &str, other: &str) -> Ordering {
    let (mut own, mut other) = (own.split('.'), other.split('.'));
    loop {
        let order = match (own.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(own), Some(other)) => match (own.bytes().all(is_digit), other.bytes().all(is_digit)) {
                (true, true) => own.len().cmp(&other.len()).then_with(|| own.cmp(other)),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => own.cmp(other),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// The tag that stands for a version: registries do not take a plus sign in one.
pub fn tag(version: &str) -> String {
    version.replace('+', "_")
}

/// The version of the latest release among tags; what is no strict version is another's tag.
pub fn latest<T: AsRef<str>>(tags: &[T]) -> Option<String> {
    let versions = tags.iter().map(|tag| tag.as_ref().replace('_', "+"));
    let releases = versions.filter_map(|text| {
        let version = Version::parse(&text).filter(|version| version.is_strict && !version.is_prerelease())?;
        Some((version, text))
    });
    releases.max().map(|(_, text)| text)
}

/// The longest version that is read, in bytes.
const LIMIT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_that_helm_takes() {
        for text in ["1.2.3", "v1.2", "1", "1.2.3-rc.1+build.4", "01.2.3", "1.2.3--"] {
            assert!(Version::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "v",
            "1.2.3.4",
            "1..2",
            "1.2.3-",
            "1.2.3+",
            "1.2.3-01",
            "1.2.3-a_b",
            "1/2",
            "../1",
            "1.2.3+a+b",
        ] {
            assert!(Version::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn versions_have_the_order_of_the_specification() {
        let ordered = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.2.0",
            "1.10.0",
        ];
        let versions: Vec<Version> = ordered.iter().map(|text| Version::parse(text).unwrap()).collect();
        assert!(versions.is_sorted_by(|first, second| first < second));
    }

    #[test]
    fn latest_is_a_release_with_a_strict_version() {
        let tags = [
            "1.2.3",
            "1.10.0_build.4",
            "2.0.0-rc.1",
            "v3.0.0",
            "4.0",
            "latest",
            "sha256-00.sig",
        ];
        assert_eq!(latest(&tags).as_deref(), Some("1.10.0+build.4"));
        assert_eq!(latest(&["latest", "1.0.0-a"]), None);
    }

    #[test]
    fn only_the_plus_sign_is_written_in_another_way() {
        assert_eq!(tag("1.2.3-rc.1+build.4"), "1.2.3-rc.1_build.4");
    }
}
