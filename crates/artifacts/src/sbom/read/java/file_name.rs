//! Names of archives: a name, and after it a version.

/// The name of an archive in its parts.
pub(super) struct FileName {
    pub(super) name: String,
    pub(super) version: String,
}

impl FileName {
    /// Splits `commons-io-2.11.0.jar`: what follows a dash and looks like a version is one.
    pub(super) fn of(file: &str) -> Self {
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let split = |marks: &[char]| {
            let places = stem.match_indices(marks);
            let mut places = places.filter(|(at, mark)| *at > 0 && is_version(&stem[at + mark.len()..]));
            places.next().map(|(at, mark)| (&stem[..at], &stem[at + mark.len()..]))
        };
        let (name, version) = split(&['-']).or_else(|| split(&['.', '_'])).unwrap_or((stem, ""));
        // Something that is not a name in between: the manifest may know better.
        let is_name = name
            .split('-')
            .all(|part| part.is_empty() || part.starts_with(|c: char| c.is_ascii_alphabetic()));
        Self {
            name: if is_name { name.to_owned() } else { String::new() },
            version: if is_name { version.to_owned() } else { String::new() },
        }
    }
}

/// Says whether a text is a version: it begins with a digit, `build` and a digit, or is a release candidate.
fn is_version(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let begins_with_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let candidate = lower.strip_prefix("rc").or_else(|| lower.strip_prefix('r'));
    begins_with_digit(&lower)
        || lower.strip_prefix("build").is_some_and(begins_with_digit)
        || candidate.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::FileName;

    #[test]
    fn versions_begin_where_syft_sees_them() {
        for (file, name, version) in [
            ("commons-io-2.11.0.jar", "commons-io", "2.11.0"),
            ("prefix.thing-4.jar", "prefix.thing", "4"),
            ("my-http2-server-5.jar", "my-http2-server", "5"),
            ("jetpack-build235-rc5.jar", "jetpack", "build235-rc5"),
            ("ironman-r4-2009.jar", "ironman-r4", "2009"),
            ("thing_1.2.jar", "thing", "1.2"),
            ("thing.1.2.war", "thing", "1.2"),
            ("plain.jar", "plain", ""),
            ("2-plain.jar", "", ""),
        ] {
            let found = FileName::of(file);
            assert_eq!((found.name.as_str(), found.version.as_str()), (name, version), "{file}");
        }
    }
}
