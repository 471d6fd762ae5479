//! Addresses: which thing a path and its parameters name.

use countersign_core::percent;

use super::failure::Failure;
use super::name::{Reference, RepositoryName, UploadId};
use super::ui::Page;

/// What a path names. Repository names contain slashes, so a path is read from its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Base,
    Catalog,
    Health,
    Metrics,
    Tags(RepositoryName),
    Manifest(RepositoryName, Reference),
    Blob(RepositoryName, countersign_core::Digest),
    Uploads(RepositoryName),
    Upload(RepositoryName, UploadId),
    Referrers(RepositoryName, countersign_core::Digest),
    Page(Page),
}

impl Route {
    /// Reads a path.
    pub(crate) fn parse(path: &str) -> Result<Self, Failure> {
        let below = match path {
            "/v2" | "/v2/" => return Ok(Self::Base),
            "/v2/_catalog" => return Ok(Self::Catalog),
            "/healthz" => return Ok(Self::Health),
            "/metrics" => return Ok(Self::Metrics),
            _ => match path.strip_prefix("/ui/") {
                Some(below) => return Ok(Self::Page(Page::parse(below, decode)?)),
                None => path.strip_prefix("/v2/").ok_or(Failure::Path)?,
            },
        };
        if let Some(name) = below.strip_suffix("/tags/list") {
            return Ok(Self::Tags(name.parse()?));
        }
        if let Some(name) = below
            .strip_suffix("/blobs/uploads/")
            .or_else(|| below.strip_suffix("/blobs/uploads"))
        {
            return Ok(Self::Uploads(name.parse()?));
        }
        let (rest, last) = below.rsplit_once('/').ok_or(Failure::Path)?;
        let last = decode(last).ok_or(Failure::Path)?;
        if let Some(name) = rest.strip_suffix("/blobs/uploads") {
            return Ok(Self::Upload(name.parse()?, last.parse()?));
        }
        let (name, kind) = rest.rsplit_once('/').ok_or(Failure::Path)?;
        match kind {
            "manifests" => Ok(Self::Manifest(name.parse()?, last.parse()?)),
            "blobs" => Ok(Self::Blob(name.parse()?, last.parse()?)),
            "referrers" => Ok(Self::Referrers(name.parse()?, last.parse()?)),
            _ => Err(Failure::Path),
        }
    }
}

/// The parameters of an address.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads what follows the question mark. A plus is a plus, as in media types: no value here has a space.
    pub(crate) fn parse(query: Option<&str>) -> Result<Self, Failure> {
        let pairs = query.unwrap_or("").split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                decode(name).zip(decode(value)).ok_or_else(|| Failure::Parameter {
                    name: "query",
                    found: pair.chars().take(140).collect(),
                    expected: "percent-encoded UTF-8",
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The first value of a parameter.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }

    /// The size of a page: what the client wants, up to what the server gives.
    pub(crate) fn count(&self, limit: usize) -> Result<usize, Failure> {
        let Some(text) = self.first("n") else {
            return Ok(limit);
        };
        match text.parse::<usize>() {
            Ok(count) => Ok(count.min(limit)),
            Err(_) => Err(Failure::Parameter {
                name: "n",
                found: text.chars().take(40).collect(),
                expected: "a number",
            }),
        }
    }
}

/// Encodes a value for the query of an address.
pub(crate) fn encode(text: &str) -> String {
    percent::encode(text, b"/:")
}

/// Undoes percent-encoding (RFC 3986 §2.1); nothing where it is malformed or not UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next()?.as_bytes());
    for part in parts {
        let digits = part
            .get(..2)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_read_from_its_end() {
        let name = |name: &str| name.parse::<RepositoryName>().expect("a name");
        let tag = |tag: &str| tag.parse::<Reference>().expect("a tag");
        for (path, route) in [
            ("/v2/", Route::Base),
            ("/v2/a/b/tags/list", Route::Tags(name("a/b"))),
            ("/v2/manifests/tags/list", Route::Tags(name("manifests"))),
            ("/v2/a/manifests/v1", Route::Manifest(name("a"), tag("v1"))),
            (
                "/v2/a/manifests/manifests/blobs",
                Route::Manifest(name("a/manifests"), tag("blobs")),
            ),
            ("/v2/a/blobs/uploads/", Route::Uploads(name("a"))),
        ] {
            assert_eq!(Route::parse(path).expect("a route"), route, "{path}");
        }
    }

    #[test]
    fn encoded_digest_is_read() {
        let hex = "ab".repeat(32);
        let path = format!("/v2/a/blobs/sha256%3A{hex}");
        assert!(matches!(Route::parse(&path), Ok(Route::Blob(_, digest)) if digest.hex() == hex));
    }

    #[test]
    fn path_out_of_the_repository_is_refused() {
        for path in ["/v2/../manifests/v1", "/v2/a/%2e%2e/manifests/v1", "/v2//manifests/v1"] {
            assert!(
                matches!(Route::parse(path), Err(Failure::Name(NameError::Repository { .. }))),
                "{path}"
            );
        }
        for path in ["/v2/a/manifests/..%2fx", "/v2/a/manifests/%2e%2e"] {
            assert!(
                matches!(Route::parse(path), Err(Failure::Name(NameError::Tag { .. }))),
                "{path}"
            );
        }
        assert!(matches!(Route::parse("/v2/a/manifests/%zz"), Err(Failure::Path)));
        assert!(matches!(Route::parse("/etc/passwd"), Err(Failure::Path)));
    }

    #[test]
    fn parameters_are_decoded() {
        let parameters = Parameters::parse(Some("artifactType=a%2Fb%2Bc+d&n=3&tag=x&tag=y")).expect("parameters");
        assert_eq!(parameters.first("artifactType"), Some("a/b+c+d"));
        assert_eq!(parameters.all("tag").collect::<Vec<_>>(), ["x", "y"]);
        assert!(matches!(parameters.count(10), Ok(3)));
        assert!(matches!(parameters.count(2), Ok(2)));
    }

    use super::super::name::NameError;
}
