//! Lists of what refers to a manifest (distribution-spec, §listing referrers).

use countersign_core::Digest;
use http::header::{HeaderName, LINK};
use http::{HeaderValue, Response};

use super::failure::Failure;
use super::name::RepositoryName;
use super::route::{Parameters, encode};
use super::{Registry, set, typed};
use crate::body::AnswerBody;
use crate::store::{Listed, Page, Rest};

impl Registry {
    /// An unknown repository or subject has an empty list: 404 would say that there is no such endpoint.
    pub(super) fn referrers(
        &self,
        name: &RepositoryName,
        subject: &Digest,
        parameters: &Parameters,
    ) -> Result<Response<AnswerBody>, Failure> {
        let wanted = parameters.first("artifactType").filter(|wanted| !wanted.is_empty());
        let count = parameters.count(self.limits.page)?;
        let mut referrers = self.store.referrers(name, subject)?;
        if let Some(wanted) = wanted {
            referrers.retain(|referrer| referrer.artifact_type.as_deref() == Some(wanted));
        }
        let page = Page::cut(
            referrers,
            |referrer| referrer.digest.as_str(),
            parameters.first("last"),
            count,
        );
        let (body, rest, last) = write(page);
        let mut response = typed(INDEX, body);
        if wanted.is_some() {
            response
                .headers_mut()
                .insert(FILTERS_APPLIED, HeaderValue::from_static("artifactType"));
        }
        if let (Rest::More, Some(last)) = (rest, last) {
            let filter = wanted.map_or(String::new(), |wanted| format!("&artifactType={}", encode(wanted)));
            let link = format!("</v2/{name}/referrers/{subject}?n={count}&last={last}{filter}>; rel=\"next\"");
            set(response.headers_mut(), LINK, &link);
        }
        Ok(response)
    }
}

/// Writes a page as an index, which ends early where it would get longer than clients read.
fn write(page: Page<Listed>) -> (Vec<u8>, Rest, Option<Digest>) {
    let mut rest = page.rest;
    let mut last = None;
    let mut body = format!("{{\"schemaVersion\":2,\"mediaType\":\"{INDEX}\",\"manifests\":[").into_bytes();
    for referrer in page.items {
        if last.is_some() {
            if body.len() + referrer.json.len() > PAGE_BYTES {
                rest = Rest::More;
                break;
            }
            body.push(b',');
        }
        body.extend_from_slice(&referrer.json);
        last = Some(referrer.digest);
    }
    body.extend_from_slice(b"]}");
    (body, rest, last)
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");
/// Where a page ends though it has fewer entries than it may, in bytes: clients stop reading at 4 MiB.
const PAGE_BYTES: usize = 3 * 1024 * 1024;
