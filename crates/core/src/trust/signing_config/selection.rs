//! Which of the services to use (protobuf-specs, `sigstore_trustroot.proto`: `Service`, `ServiceConfiguration`).

use std::cmp::Reverse;

use jiff::Timestamp;

use super::{Selection, Service, SigningConfig};

impl SigningConfig {
    /// Chooses the certificate authority: of those valid now, of the highest of these versions, the one begun last.
    ///
    /// # Errors
    ///
    /// [`SelectionError::TooFew`] when there is none.
    pub fn select_certificate_authority(&self, versions: &[u32], now: Timestamp) -> Result<&Service, SelectionError> {
        one("caUrls", &self.certificate_authorities, versions, now)
    }

    /// Chooses the OpenID provider, as the [certificate authority](Self::select_certificate_authority).
    ///
    /// # Errors
    ///
    /// [`SelectionError::TooFew`] when there is none.
    pub fn select_identity_provider(&self, versions: &[u32], now: Timestamp) -> Result<&Service, SelectionError> {
        one("oidcUrls", &self.identity_providers, versions, now)
    }

    /// Chooses as many transparency logs as is configured, all of one version and each of another operator; none where
    /// none is configured.
    ///
    /// # Errors
    ///
    /// [`SelectionError`] when there are not as many, or when it is not said how many there are to be.
    pub fn select_logs(&self, versions: &[u32], now: Timestamp) -> Result<Vec<&Service>, SelectionError> {
        several("rekorTlogUrls", &self.logs, self.log_selection, versions, now)
    }

    /// Chooses as many timestamp authorities as is configured, as the [logs](Self::select_logs).
    ///
    /// # Errors
    ///
    /// [`SelectionError`] when there are not as many, or when it is not said how many there are to be.
    pub fn select_timestampers(&self, versions: &[u32], now: Timestamp) -> Result<Vec<&Service>, SelectionError> {
        several("tsaUrls", &self.timestampers, self.timestamper_selection, versions, now)
    }
}

/// Why services cannot be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// There are services, and it is not said how many of them to use.
    #[error("{member} names services, and how many of them to use is not said")]
    Unsaid {
        /// The list of the services.
        member: &'static str,
    },
    /// There are fewer services than are to be used.
    #[error(
        "{member} names {found} services of distinct operators that are known here and valid at {at}, expected {expected}"
    )]
    TooFew {
        /// The list of the services.
        member: &'static str,
        /// How many are to be used.
        expected: u32,
        /// How many could be.
        found: usize,
        /// The moment of the choice.
        at: Timestamp,
    },
}

fn one<'a>(
    member: &'static str,
    services: &'a [Service],
    versions: &[u32],
    at: Timestamp,
) -> Result<&'a Service, SelectionError> {
    fitting(services, versions, at)
        .into_iter()
        .next()
        .ok_or(SelectionError::TooFew {
            member,
            expected: 1,
            found: 0,
            at,
        })
}

fn several<'a>(
    member: &'static str,
    services: &'a [Service],
    selection: Selection,
    versions: &[u32],
    at: Timestamp,
) -> Result<Vec<&'a Service>, SelectionError> {
    let mut chosen = fitting(services, versions, at);
    let found = chosen.len();
    let expected = match selection {
        Selection::Exact(count) => count,
        // cosign writes how many to use though it names none
        _ if services.is_empty() => return Ok(Vec::new()),
        Selection::All | Selection::Any => 1,
        Selection::Unsaid => return Err(SelectionError::Unsaid { member }),
    };
    if u32::try_from(found).is_ok_and(|found| found < expected) {
        return Err(SelectionError::TooFew {
            member,
            expected,
            found,
            at,
        });
    }
    if selection != Selection::All {
        chosen.truncate(usize::try_from(expected).unwrap_or(found));
    }
    Ok(chosen)
}

/// Returns the newest service of each operator, of those that are valid then and have the highest of these versions that
/// any such has; the newest first, and of equals the one that is listed first.
fn fitting<'a>(services: &'a [Service], versions: &[u32], at: Timestamp) -> Vec<&'a Service> {
    let mut fitting: Vec<_> = services
        .iter()
        .filter(|service| service.validity.contains(at) && versions.contains(&service.major_api_version))
        .collect();
    let highest = fitting.iter().map(|service| service.major_api_version).max();
    fitting.retain(|service| Some(service.major_api_version) == highest);
    fitting.sort_by_key(|service| Reverse(service.validity.start()));
    let mut operators = Vec::new();
    fitting.retain(|service| {
        let is_new = !operators.contains(&&service.operator);
        operators.push(&service.operator);
        is_new
    });
    fitting
}

#[cfg(test)]
mod tests {
    use super::super::MEDIA_TYPE;
    use super::*;

    const NOW: &str = "2026-06-01T00:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    /// A service as `url version start end operator`, of which `-` stands for what is not said.
    fn service(text: &str) -> String {
        let fields: Vec<_> = text.split(' ').collect();
        let [url, version, start, end, operator] = fields[..] else {
            panic!("{text}")
        };
        let said = |member: &str, value: &str| {
            if value == "-" {
                return String::new();
            }
            format!(r#","{member}":"{value}""#)
        };
        let span = format!("{}{}", said("start", start), said("end", end));
        format!(
            r#"{{"url":"{url}","majorApiVersion":{version},"validFor":{{{}}}{}}}"#,
            span.trim_start_matches(','),
            said("operator", operator)
        )
    }

    fn config(services: &[&str], selection: &str) -> SigningConfig {
        let list = services.iter().map(|text| service(text)).collect::<Vec<_>>().join(",");
        let text = format!(
            r#"{{"mediaType":"{MEDIA_TYPE}","caUrls":[{list}],"oidcUrls":[{list}],
                "rekorTlogUrls":[{list}],"rekorTlogConfig":{selection},"tsaUrls":[{list}],"tsaConfig":{selection}}}"#
        );
        SigningConfig::parse(text.as_bytes()).unwrap()
    }

    /// The addresses that are chosen of versions 1 and 2; the same of logs and of timestamp authorities.
    fn chosen(services: &[&str], selection: &str) -> Result<Vec<String>, SelectionError> {
        let config = config(services, selection);
        let urls = |chosen: Vec<&Service>| {
            chosen
                .iter()
                .map(|service| service.url().to_owned())
                .collect::<Vec<_>>()
        };
        let logs = config.select_logs(&[1, 2], now()).map(urls);
        let timestampers = config.select_timestampers(&[1, 2], now()).map(urls);
        assert_eq!(logs.as_ref().ok(), timestampers.as_ref().ok());
        logs
    }

    const ALL: &str = r#"{"selector":"ALL"}"#;
    const ANY: &str = r#"{"selector":"ANY"}"#;

    #[test]
    fn only_services_valid_now_are_chosen_and_both_ends_are_included() {
        let services = [
            "future 1 2026-06-01T00:00:01Z - a",
            "begins 1 2026-06-01T00:00:00Z - b",
            "ends 1 2025-01-01T00:00:00Z 2026-06-01T00:00:00Z c",
            "past 1 2025-01-01T00:00:00Z 2026-05-31T23:59:59Z d",
            "always 1 - - e",
        ];
        assert_eq!(chosen(&services, ALL).unwrap(), ["begins", "ends", "always"]);
    }

    #[test]
    fn only_the_highest_known_version_that_is_valid_is_chosen() {
        let services = ["one 1 - - a", "two 2 - - b", "three 3 - - c", "zero 0 - - d"];
        assert_eq!(chosen(&services, ALL).unwrap(), ["two"]);
        let services = ["one 1 - - a", "two 2 - 2026-01-01T00:00:00Z b"];
        assert_eq!(chosen(&services, ALL).unwrap(), ["one"]);
    }

    #[test]
    fn of_an_operator_only_the_newest_is_chosen() {
        let services = [
            "old 1 2025-01-01T00:00:00Z - a",
            "new 1 2026-01-01T00:00:00Z - a",
            "other 1 2024-01-01T00:00:00Z - b",
        ];
        assert_eq!(chosen(&services, ALL).unwrap(), ["new", "other"]);
    }

    #[test]
    fn services_without_an_operator_are_of_one() {
        assert_eq!(chosen(&["first 1 - - -", "second 1 - - -"], ALL).unwrap(), ["first"]);
    }

    #[test]
    fn of_equals_the_first_is_chosen() {
        let services = ["first 1 2026-01-01T00:00:00Z - a", "second 1 2026-01-01T00:00:00Z - a"];
        assert_eq!(chosen(&services, ANY).unwrap(), ["first"]);
    }

    #[test]
    fn any_is_the_newest() {
        let services = ["old 1 2025-01-01T00:00:00Z - a", "new 1 2026-01-01T00:00:00Z - b"];
        assert_eq!(chosen(&services, ANY).unwrap(), ["new"]);
    }

    #[test]
    fn exactly_as_many_as_are_asked_for_are_chosen() {
        let services = ["a 1 - - a", "b 1 - - b", "c 1 - - c"];
        let exactly = |count: u32| chosen(&services, &format!(r#"{{"selector":"EXACT","count":{count}}}"#));
        assert_eq!(exactly(2).unwrap(), ["a", "b"]);
        assert_eq!(exactly(3).unwrap(), ["a", "b", "c"]);
        assert_eq!(
            exactly(4),
            Err(SelectionError::TooFew {
                member: "rekorTlogUrls",
                expected: 4,
                found: 3,
                at: now()
            })
        );
    }

    #[test]
    fn two_of_one_operator_are_too_few_for_two() {
        let result = chosen(&["a 1 - - x", "b 1 - - x"], r#"{"selector":"EXACT","count":2}"#);
        assert!(matches!(
            result,
            Err(SelectionError::TooFew {
                expected: 2,
                found: 1,
                ..
            })
        ));
    }

    #[test]
    fn services_of_which_none_is_fit_are_too_few() {
        for selection in [ALL, ANY] {
            let result = chosen(&["a 3 - - x"], selection);
            assert!(matches!(
                result,
                Err(SelectionError::TooFew {
                    expected: 1,
                    found: 0,
                    ..
                })
            ));
        }
    }

    #[test]
    fn where_none_is_named_none_is_chosen_unless_a_number_is_asked_for() {
        for selection in [ALL, ANY, "{}"] {
            assert_eq!(chosen(&[], selection).unwrap(), Vec::<String>::new());
        }
        assert!(matches!(
            chosen(&[], r#"{"selector":"EXACT","count":1}"#),
            Err(SelectionError::TooFew { found: 0, .. })
        ));
    }

    #[test]
    fn services_of_which_it_is_not_said_how_many_to_use_are_refused() {
        assert_eq!(
            chosen(&["a 1 - - x"], "{}"),
            Err(SelectionError::Unsaid {
                member: "rekorTlogUrls"
            })
        );
        assert_eq!(
            config(&["a 1 - - x"], "{}").select_timestampers(&[1], now()),
            Err(SelectionError::Unsaid { member: "tsaUrls" })
        );
    }

    #[test]
    fn the_authority_and_the_provider_are_the_newest_of_the_highest_version() {
        let config = config(
            &[
                "old 1 2025-01-01T00:00:00Z - a",
                "new 1 2026-01-01T00:00:00Z - b",
                "unknown 2 2026-02-01T00:00:00Z - c",
            ],
            "{}",
        );
        assert_eq!(config.select_certificate_authority(&[1], now()).unwrap().url(), "new");
        assert_eq!(config.select_identity_provider(&[1], now()).unwrap().url(), "new");
        for (result, member) in [
            (config.select_certificate_authority(&[3], now()), "caUrls"),
            (config.select_identity_provider(&[3], now()), "oidcUrls"),
        ] {
            assert_eq!(
                result,
                Err(SelectionError::TooFew {
                    member,
                    expected: 1,
                    found: 0,
                    at: now()
                })
            );
        }
    }
}
