//! What a registry wants with a 401 (RFC 9110 §11.6.1, RFC 6750 §3).

use http::{HeaderMap, header};

use super::scope::Scopes;

/// How a registry wants to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// With user name and password.
    Basic,
    /// With a token from somewhere.
    Bearer(Bearer),
}

/// Where to get a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bearer {
    pub(super) realm: String,
    pub(super) service: Option<String>,
    pub(super) scopes: Scopes,
}

/// The challenge we answer: the first bearer challenge with a realm, else basic.
pub(super) fn choose(headers: &HeaderMap) -> Option<Challenge> {
    let mut found = Vec::new();
    for value in headers.get_all(header::WWW_AUTHENTICATE).iter().take(LINES) {
        if let Ok(text) = value.to_str()
            && text.len() <= LENGTH
        {
            parse(text, &mut found);
        }
    }
    let bearer = found
        .iter()
        .find(|challenge| matches!(challenge, Challenge::Bearer(bearer) if !bearer.realm.is_empty()));
    bearer
        .or_else(|| found.iter().find(|challenge| **challenge == Challenge::Basic))
        .cloned()
}

/// Reads one header line, which may hold several challenges.
fn parse(text: &str, found: &mut Vec<Challenge>) {
    let mut rest = text;
    let mut current: Option<Challenge> = None;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            break;
        }
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if let Some(value) = after.trim_start().strip_prefix('=') {
            let (value, after) = parameter(value.trim_start());
            if let Some(Challenge::Bearer(bearer)) = &mut current {
                set(bearer, word, value);
            }
            rest = after;
        } else {
            found.extend(current.take());
            current = match word {
                word if word.eq_ignore_ascii_case("basic") => Some(Challenge::Basic),
                word if word.eq_ignore_ascii_case("bearer") => Some(Challenge::Bearer(Bearer::default())),
                _ => None,
            };
            rest = after;
        }
    }
    found.extend(current);
}

fn set(bearer: &mut Bearer, name: &str, value: String) {
    if name.eq_ignore_ascii_case("realm") {
        bearer.realm = value;
    } else if name.eq_ignore_ascii_case("service") {
        bearer.service = Some(value);
    } else if name.eq_ignore_ascii_case("scope") {
        bearer.scopes = Scopes::parse(&value);
    }
}

/// Reads a token or a quoted string, and gives what follows it.
fn parameter(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[place + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

/// How many header lines are read.
const LINES: usize = 8;

/// The longest header line read, in bytes.
const LENGTH: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(lines: &[&'static str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::WWW_AUTHENTICATE, http::HeaderValue::from_static(line));
        }
        choose(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>, scope: &str) -> Option<Challenge> {
        Some(Challenge::Bearer(Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scopes: Scopes::parse(scope),
        }))
    }

    #[test]
    fn docker_hubs_challenge_is_read() {
        assert_eq!(
            chosen(&[
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull""#
            ]),
            bearer(
                "https://auth.docker.io/token",
                Some("registry.docker.io"),
                "repository:a/b:pull"
            )
        );
    }

    #[test]
    fn bearer_is_chosen_among_several_challenges() {
        for lines in [
            &[r#"Basic realm="a, Bearer realm=b", bearer realm = "r", error="x\"y""#][..],
            &[r#"Basic realm="a""#, "Negotiate abc==", "Bearer realm=r"][..],
        ] {
            assert_eq!(chosen(lines), bearer("r", None, ""), "{lines:?}");
        }
    }

    #[test]
    fn basic_is_chosen_where_bearer_has_no_realm() {
        assert_eq!(chosen(&["Bearer", "BASIC realm=x"]), Some(Challenge::Basic));
    }

    #[test]
    fn unfinished_and_unknown_challenges_are_none() {
        for line in ["", "Negotiate", "Bearer", "\"", "=,=", "Bearer realm="] {
            assert_eq!(chosen(&[line]), None, "{line:?}");
        }
        assert_eq!(chosen(&["Bearer realm=\"x"]), bearer("x", None, ""));
    }
}
