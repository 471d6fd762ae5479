//! Names of things in a store, with cosign's defaults.

use std::fmt;
use std::str::FromStr;

use countersign_core::Digest;

/// A repository: a registry's host and a path on it.
///
/// Docker Hub is always spelled `index.docker.io`, and its official images have the namespace `library`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    registry: Box<str>,
    path: Box<str>,
}

impl Repository {
    /// The registry's host, with the port where one is given.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path on the registry: `library/alpine`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Names a tag in this repository.
    ///
    /// # Errors
    /// [`ReferenceError::Tag`] where `tag` is not a tag.
    pub fn tag(&self, tag: &str) -> Result<Reference, ReferenceError> {
        Ok(Reference {
            repository: self.clone(),
            target: Target::Tag(parse_tag(tag)?),
        })
    }

    /// Names a digest in this repository.
    pub fn digest(&self, digest: Digest) -> Reference {
        Reference {
            repository: self.clone(),
            target: Target::Digest(digest),
        }
    }

    /// Says whether the registry is spoken to in plain HTTP without being told:
    /// `localhost`, `*.localhost`, `*.local`, loopback and private (RFC 1918) addresses, as cosign has it.
    pub fn is_local(&self) -> bool {
        is_local_host(&self.registry)
    }
}

impl FromStr for Repository {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.len() > NAME_LIMIT {
            return Err(ReferenceError::TooLong { limit: NAME_LIMIT });
        }
        let (registry, path) = match text.split_once('/') {
            Some((first, rest)) if is_host(first) => (first, rest),
            _ => (DOCKER_HUB, text),
        };
        let registry = match registry {
            "docker.io" | "registry-1.docker.io" => DOCKER_HUB,
            other => other,
        };
        if !registry
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']'))
        {
            return Err(ReferenceError::Registry {
                found: registry.to_owned(),
            });
        }
        let path = if registry == DOCKER_HUB && !path.contains('/') {
            format!("library/{path}")
        } else {
            path.to_owned()
        };
        if path.split('/').any(|part| !is_path_component(part)) {
            return Err(ReferenceError::Path { found: path });
        }
        Ok(Self {
            registry: registry.into(),
            path: path.into(),
        })
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

/// What a reference points with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// A tag, which can move.
    Tag(Box<str>),
    /// A digest, which cannot.
    Digest(Digest),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// A parsed name: a repository with a tag or a digest.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    repository: Repository,
    target: Target,
}

impl Reference {
    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag or digest.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The digest, where the name has one.
    pub fn digest(&self) -> Option<&Digest> {
        match &self.target {
            Target::Digest(digest) => Some(digest),
            Target::Tag(_) => None,
        }
    }

    /// Joins this name with the digest it was resolved to.
    pub fn pin(self, digest: Digest) -> Pinned {
        Pinned { name: self, digest }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    /// Parses `[registry/]path[:tag][@digest]`; the digest wins over the tag, and no tag means `latest`.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if let Some((name, digest)) = text.split_once('@') {
            let digest = digest.parse().map_err(ReferenceError::Digest)?;
            let (repository, _tag) = split_tag(name)?;
            return Ok(repository.digest(digest));
        }
        let (repository, tag) = split_tag(text)?;
        Ok(Self {
            repository,
            target: Target::Tag(tag.unwrap_or_else(|| "latest".into())),
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Tag(tag) => write!(f, "{}:{tag}", self.repository),
            Target::Digest(digest) => write!(f, "{}@{digest}", self.repository),
        }
    }
}

/// A name resolved to one digest. Only this can be signed or verified, so that a tag cannot move in between.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pinned {
    name: Reference,
    digest: Digest,
}

impl Pinned {
    /// The name as the user gave it.
    pub fn name(&self) -> &Reference {
        &self.name
    }

    /// The digest it was resolved to.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.name.repository
    }

    /// The name by digest.
    pub fn reference(&self) -> Reference {
        self.name.repository.digest(self.digest.clone())
    }
}

/// `repository@digest`.
impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name.repository, self.digest)
    }
}

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// There is nothing.
    #[error("could not parse reference: it is empty")]
    Empty,
    /// The name is too long.
    #[error("could not parse reference: it is longer than {limit} characters")]
    TooLong {
        /// The limit, in characters.
        limit: usize,
    },
    /// The registry is not a host.
    #[error("could not parse reference: {found:?} is not a registry host")]
    Registry {
        /// The part that should be a host.
        found: String,
    },
    /// The path has characters that are not allowed.
    #[error(
        "could not parse reference: {found:?} is not a repository (lower-case letters, digits, and . _ - between them, parts separated by /)"
    )]
    Path {
        /// The path.
        found: String,
    },
    /// The tag has characters that are not allowed.
    #[error(
        "could not parse reference: {found:?} is not a tag (at most 128 letters, digits, _ . -, not starting with . or -)"
    )]
    Tag {
        /// The tag.
        found: String,
    },
    /// The digest is not one.
    #[error("could not parse reference")]
    Digest(#[source] countersign_core::digest::DigestError),
}

fn split_tag(text: &str) -> Result<(Repository, Option<Box<str>>), ReferenceError> {
    let after_slash = text.rfind('/').map_or(0, |slash| slash + 1);
    match text[after_slash..].rfind(':') {
        Some(colon) => {
            let colon = after_slash + colon;
            Ok((text[..colon].parse()?, Some(parse_tag(&text[colon + 1..])?)))
        }
        None => Ok((text.parse()?, None)),
    }
}

fn parse_tag(tag: &str) -> Result<Box<str>, ReferenceError> {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let is_tag = tag.len() <= 128
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|b| is_word(b) || matches!(b, b'.' | b'-'));
    if is_tag {
        Ok(tag.into())
    } else {
        Err(ReferenceError::Tag {
            found: tag.chars().take(140).collect(),
        })
    }
}

/// A first part is a host when it has a dot or a port, or is `localhost` (Docker's rule).
fn is_host(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost"
}

/// One part of a path (distribution-spec, §pull): `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, read as generously as ggcr does.
fn is_path_component(part: &str) -> bool {
    !part.is_empty()
        && part
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
        && part != "."
        && part != ".."
}

/// Says whether `host[:port]` is this machine or in a private network.
pub(crate) fn is_local_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    if name == "localhost" || name.ends_with(".localhost") || name.ends_with(".local") {
        return true;
    }
    match name.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(v4)) => v4.is_loopback() || v4.is_private(),
        Ok(std::net::IpAddr::V6(v6)) => v6.is_loopback(),
        Err(_) => false,
    }
}

/// How Docker Hub is spelled in payloads and tags.
pub const DOCKER_HUB: &str = "index.docker.io";

/// The longest name accepted, in characters (registries stop at 255 for the path).
const NAME_LIMIT: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        text.parse::<Reference>()
            .map_or_else(|error| error.to_string(), |reference| reference.to_string())
    }

    #[test]
    fn missing_parts_get_docker_hubs_defaults() {
        assert_eq!(parsed("alpine"), "index.docker.io/library/alpine:latest");
        assert_eq!(parsed("docker.io/alpine:3"), "index.docker.io/library/alpine:3");
        assert_eq!(parsed("me/app"), "index.docker.io/me/app:latest");
        assert_eq!(parsed("localhost:5000/app"), "localhost:5000/app:latest");
    }

    #[test]
    fn a_digest_wins_over_a_tag() {
        let digest = Digest::sha256(b"");
        assert_eq!(parsed(&format!("h.io/a:v1@{digest}")), format!("h.io/a@{digest}"));
    }

    #[test]
    fn loopback_and_private_hosts_are_local() {
        for host in [
            "localhost:5000",
            "127.0.0.1:1",
            "[::1]:5",
            "10.1.2.3",
            "192.168.0.1:5000",
            "reg.local",
        ] {
            assert!(is_local_host(host), "{host}");
        }
        for host in ["ghcr.io", "8.8.8.8", "localhost.example.com"] {
            assert!(!is_local_host(host), "{host}");
        }
    }

    #[test]
    fn upper_case_repository_is_refused() {
        assert!(matches!(
            "h.io/App".parse::<Reference>(),
            Err(ReferenceError::Path { .. })
        ));
    }
}
