//! The names under which credentials are kept: a host in many spellings, or a part of a registry.

use crate::reference::{DOCKER_HUB, Repository};

/// Whose manner of spelling a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Docker's: what follows the host means nothing.
    Docker,
    /// Podman's: what follows the host is a namespace that the entry is for.
    Podman,
}

/// The names of `repository`, from the most specific to the host.
pub(super) fn wanted(repository: &Repository, spelling: Spelling) -> Vec<String> {
    let host = repository.registry().to_ascii_lowercase();
    let mut names = Vec::new();
    if spelling == Spelling::Podman {
        let mut path = repository.path();
        loop {
            names.push(format!("{host}/{path}"));
            match path.rsplit_once('/') {
                Some((parent, _)) => path = parent,
                None => break,
            }
        }
    }
    names.push(host);
    names
}

/// A key of a file in the spelling that [`wanted`] has: without scheme, API version and closing slash, and with one name
/// for Docker Hub.
pub(super) fn normal(key: &str, spelling: Spelling) -> String {
    let key = key.trim();
    let key = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    let (host, path) = key.split_once('/').unwrap_or((key, ""));
    let host = match host.to_ascii_lowercase().as_str() {
        "docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" | DOCKER_HUB => DOCKER_HUB.to_owned(),
        other => other.to_owned(),
    };
    let path = path.trim_end_matches('/');
    match (spelling, path) {
        (Spelling::Docker, _) | (_, "" | "v1" | "v2") => host,
        (Spelling::Podman, path) => format!("{host}/{path}"),
    }
}

/// How Docker's programs call a host: Docker Hub keeps the address of its first API.
pub(super) fn for_helper(repository: &Repository) -> String {
    match repository.registry() {
        DOCKER_HUB => "https://index.docker.io/v1/".to_owned(),
        host => host.to_owned(),
    }
}
