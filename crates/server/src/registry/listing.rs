//! Lists of tags and of repositories (distribution-spec, §listing tags).

use http::Response;
use http::header::LINK;
use serde::Serialize;

use super::failure::Failure;
use super::name::{RepositoryName, Tag};
use super::route::{Parameters, encode};
use super::{Registry, json, set};
use crate::body::AnswerBody;
use crate::store::{Page, Rest};

impl Registry {
    pub(super) fn tags(&self, name: &RepositoryName, parameters: &Parameters) -> Result<Response<AnswerBody>, Failure> {
        let tags = self.store.tags(name)?;
        if tags.is_empty() && !self.store.has_repository(name)? {
            return Err(Failure::NameUnknown { name: name.clone() });
        }
        let count = parameters.count(self.limits.page)?;
        let page = Page::cut(tags, Tag::as_str, parameters.first("last"), count);
        let names: Vec<&str> = page.items.iter().map(Tag::as_str).collect();
        let list = TagList {
            name: name.as_str(),
            tags: &names,
        };
        let body = serde_json::to_vec(&list).expect("strings have a JSON form");
        let mut response = json(body);
        link_next(
            &mut response,
            &format!("/v2/{name}/tags/list"),
            count,
            page.rest,
            names.last().copied(),
        );
        Ok(response)
    }

    pub(super) fn catalog(&self, parameters: &Parameters) -> Result<Response<AnswerBody>, Failure> {
        let count = parameters.count(self.limits.page)?;
        let mut repositories = Vec::new();
        for name in self.store.repositories()? {
            if self.store.has_repository(&name)? {
                repositories.push(name);
            }
        }
        let page = Page::cut(repositories, RepositoryName::as_str, parameters.first("last"), count);
        let names: Vec<&str> = page.items.iter().map(RepositoryName::as_str).collect();
        let list = Catalog { repositories: &names };
        let body = serde_json::to_vec(&list).expect("strings have a JSON form");
        let mut response = json(body);
        link_next(&mut response, "/v2/_catalog", count, page.rest, names.last().copied());
        Ok(response)
    }
}

/// Points at the next page (RFC 8288); an empty page has none, or a client would ask for ever.
fn link_next(response: &mut Response<AnswerBody>, path: &str, count: usize, rest: Rest, last: Option<&str>) {
    if let (Rest::More, Some(last)) = (rest, last) {
        let link = format!("<{path}?n={count}&last={}>; rel=\"next\"", encode(last));
        set(response.headers_mut(), LINK, &link);
    }
}

#[derive(Serialize)]
struct TagList<'a> {
    name: &'a str,
    tags: &'a [&'a str],
}

#[derive(Serialize)]
struct Catalog<'a> {
    repositories: &'a [&'a str],
}
