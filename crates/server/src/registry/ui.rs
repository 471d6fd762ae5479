//! Pages for people: what there is, and the graph of what is attached to an artifact.

mod graph;

use std::fmt::Write as _;

use countersign_core::graph::{escaped, html, page};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use http::{HeaderValue, Response};

use super::failure::Failure;
use super::name::{Reference, RepositoryName, Tag};
use super::{Registry, typed};
use crate::body::AnswerBody;
use crate::store::{Store, StoreError};

/// Which page an address under `/ui/` means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// All repositories.
    Repositories,
    /// The tags of a repository.
    Tags(RepositoryName),
    /// An artifact with what is attached to it.
    Artifact(RepositoryName, Reference),
}

impl Page {
    /// Reads what follows `/ui/`: nothing, `REPOSITORY/`, or `REPOSITORY/REFERENCE`.
    pub(super) fn parse(below: &str, decode: fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let Some((name, last)) = below.rsplit_once('/') else {
            return match below {
                "" => Ok(Self::Repositories),
                _ => Err(Failure::Path),
            };
        };
        match last {
            "" => Ok(Self::Tags(name.parse()?)),
            last => Ok(Self::Artifact(
                name.parse()?,
                decode(last).ok_or(Failure::Path)?.parse()?,
            )),
        }
    }
}

impl Registry {
    /// Answers with a page.
    pub(super) async fn page(&self, wanted: Page) -> Result<Response<AnswerBody>, Failure> {
        let text = match wanted {
            Page::Repositories => self.blocking(repositories).await?,
            Page::Tags(name) => {
                let tagged = name.clone();
                let text = self.blocking(move |store| tags(store, &tagged)).await?;
                text.ok_or(Failure::NameUnknown { name })?
            }
            Page::Artifact(name, reference) => {
                let named = reference.clone();
                let found = self.blocking(move |store| graph::of(store, &name, &named)).await?;
                html(&found.ok_or(Failure::ManifestUnknown { reference })?)
            }
        };
        let mut response = typed("text/html; charset=utf-8", text);
        let headers = response.headers_mut();
        // What is pushed is shown here: were it ever taken for markup, it could still do nothing.
        let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

fn repositories(store: &Store) -> Result<String, StoreError> {
    let mut names = Vec::new();
    for name in store.repositories()? {
        if store.has_repository(&name)? {
            names.push(name);
        }
    }
    names.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    let items = names.iter().map(|name| (format!("/ui/{name}/"), name.to_string()));
    Ok(list("Repositories", "repositories", names.len(), items))
}

/// The page of a repository; nothing where there is none.
fn tags(store: &Store, name: &RepositoryName) -> Result<Option<String>, StoreError> {
    if !store.has_repository(name)? {
        return Ok(None);
    }
    let mut tags = store.tags(name)?;
    tags.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    let items = tags.iter().map(Tag::as_str);
    let items = items.map(|tag| (format!("/ui/{name}/{tag}"), tag.to_owned()));
    Ok(Some(list(name.as_str(), "tags", tags.len(), items)))
}

/// A list of links; the names in it are parsed, and have nothing that an address would have to encode.
fn list(title: &str, what: &str, count: usize, items: impl Iterator<Item = (String, String)>) -> String {
    let mut body = format!("<h1>{}</h1><p>{count} {what}", escaped(title));
    if count > SHOWN {
        let _infallible = write!(body, ", the first {SHOWN} of which are shown");
    }
    body.push_str("</p><ul class=\"list\">");
    for (link, name) in items.take(SHOWN) {
        let _infallible = write!(body, "<li><a href=\"{}\">{}</a></li>", escaped(&link), escaped(&name));
    }
    body.push_str("</ul>");
    page(title, &body)
}

/// How many links a list has.
const SHOWN: usize = 1000;

#[cfg(test)]
mod tests {
    use super::super::route::Route;
    use super::*;

    #[test]
    fn an_address_means_a_page() {
        let name = |name: &str| name.parse::<RepositoryName>().expect("a name");
        let reference = |text: &str| text.parse::<Reference>().expect("a reference");
        let digest = format!("sha256:{}", "ab".repeat(32));
        for (path, page) in [
            ("/ui/".to_owned(), Page::Repositories),
            ("/ui/a/b/".to_owned(), Page::Tags(name("a/b"))),
            ("/ui/a/b/v1".to_owned(), Page::Artifact(name("a/b"), reference("v1"))),
            (format!("/ui/a/{digest}"), Page::Artifact(name("a"), reference(&digest))),
            (
                format!("/ui/a/{}", digest.replace(':', "%3A")),
                Page::Artifact(name("a"), reference(&digest)),
            ),
        ] {
            assert_eq!(Route::parse(&path).expect("a route"), Route::Page(page), "{path}");
        }
        assert!(matches!(Route::parse("/ui/a"), Err(Failure::Path)));
        for path in ["/ui/../v1", "/ui//v1", "/ui/a/%2e%2e", "/ui/A/v1", "/ui/a/%3Cscript%3E"] {
            assert!(matches!(Route::parse(path), Err(Failure::Name(_))), "{path}");
        }
    }
}
