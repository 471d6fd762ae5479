//! Package URLs, with the escapes that syft writes (purl-spec, PURL-SPECIFICATION.rst).

use std::fmt::{self, Display, Write};

/// The parts of a package URL.
pub(super) struct Purl<'a> {
    pub(super) kind: &'static str,
    pub(super) namespace: String,
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) qualifiers: Vec<(&'static str, String)>,
    pub(super) subpath: &'a str,
}

impl Display for Purl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}", self.kind)?;
        for segment in self.namespace.split('/').filter(|segment| !segment.is_empty()) {
            f.write_char('/')?;
            escape(segment, Part::Path, f)?;
        }
        f.write_char('/')?;
        escape(self.name, Part::Path, f)?;
        if !self.version.is_empty() {
            f.write_char('@')?;
            escape(self.version, Part::Path, f)?;
        }
        let mut qualifiers: Vec<_> = self.qualifiers.iter().filter(|(_, value)| !value.is_empty()).collect();
        qualifiers.sort();
        for (at, (key, value)) in qualifiers.into_iter().enumerate() {
            write!(f, "{}{key}=", if at == 0 { '?' } else { '&' })?;
            escape(value, Part::Query, f)?;
        }
        if !self.subpath.is_empty() {
            f.write_char('#')?;
            escape(self.subpath, Part::Fragment, f)?;
        }
        Ok(())
    }
}

/// Where a text is in the URL.
#[derive(Clone, Copy)]
enum Part {
    Path,
    Query,
    Fragment,
}

fn escape(text: &str, part: Part, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for byte in text.bytes() {
        let is_plain = match part {
            Part::Path => byte.is_ascii_graphic() && !b"@+?#\"<>%".contains(&byte),
            Part::Query => byte.is_ascii_graphic() && !b"@+?#\"<>%&".contains(&byte),
            Part::Fragment => byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=?@!()*".contains(&byte),
        };
        if is_plain {
            f.write_char(char::from(byte))?;
        } else {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Purl;

    #[test]
    fn escapes_are_those_of_syft() {
        let purl = Purl {
            kind: "deb",
            namespace: "debian".to_owned(),
            name: "libfoo++",
            version: "2:1.2-3+b1~x",
            qualifiers: vec![
                ("upstream", "foo-src@1:1.2-3".to_owned()),
                ("arch", "amd64".to_owned()),
                ("epoch", String::new()),
                ("distro", "debian-12".to_owned()),
            ],
            subpath: "",
        };
        assert_eq!(
            purl.to_string(),
            "pkg:deb/debian/libfoo%2B%2B@2:1.2-3%2Bb1~x?arch=amd64&distro=debian-12&upstream=foo-src%401:1.2-3"
        );
        let purl = Purl {
            kind: "npm",
            namespace: "@scope".to_owned(),
            name: "a b#é",
            version: "1",
            qualifiers: Vec::new(),
            subpath: "x/y",
        };
        assert_eq!(purl.to_string(), "pkg:npm/%40scope/a%20b%23%C3%A9@1#x/y");
    }
}
