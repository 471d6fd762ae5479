//! Lists that come in pages (distribution-spec, §listing tags and §listing referrers; RFC 8288).

use http::{HeaderMap, Uri, header};

use crate::error::StoreError;
use crate::http::{Answer, address};

/// The next page, where there is one.
///
/// # Errors
/// [`StoreError::Redirect`] where it is on another host: a list that is not read to its end must not pass for the whole.
pub(super) fn next_page(answer: &Answer) -> Result<Option<Uri>, StoreError> {
    let Some(link) = next_link(&answer.headers) else {
        return Ok(None);
    };
    let next = address::resolve(&answer.url, link)?;
    if address::is_same_origin(&answer.url, &next) {
        return Ok(Some(next));
    }
    Err(StoreError::Redirect {
        url: address::shown(&answer.url),
        target: address::shown(&next),
        reason: "the next page of a list is on another host".to_owned(),
    })
}

fn next_link(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::LINK)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(",<").flat_map(|part| part.split(", <")))
        .find_map(|link| {
            let (target, parameters) = link.trim_start_matches([' ', '<']).split_once('>')?;
            parameters.split(';').any(is_next).then_some(target)
        })
}

fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"').eq_ignore_ascii_case("next")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(text: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::LINK, http::HeaderValue::from_static(text));
        next_link(&headers).map(str::to_owned)
    }

    #[test]
    fn the_next_link_is_found() {
        for text in [
            "</v2/a?n=1,2>; rel=\"next\"",
            "</v2/a?n=1,2>;rel=next",
            "</v2/z>; rel=\"prev\", </v2/a?n=1,2>; title=x; rel=\"next\"",
        ] {
            assert_eq!(link(text).as_deref(), Some("/v2/a?n=1,2"), "{text}");
        }
        assert_eq!(link("</v2/a>; rel=\"prev\""), None);
        assert_eq!(link("garbage"), None);
    }
}
