//! Signing configurations: which services a signature is to be made with (protobuf-specs, `sigstore_trustroot.proto`).

mod json;
mod selection;

use serde::Deserialize;

use super::validity::WireSpan;
use super::{TrustError, Validity, media_type, within};
use crate::bounded::Bounded;
use crate::quoted::Quoted;

pub use selection::SelectionError;

/// The media type of a signing configuration.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";

/// The longest signing configuration that is read, in bytes.
pub const LIMIT: usize = 1024 * 1024;

/// The most services of a kind that are read.
pub const SERVICES: usize = 64;

/// The services that a signature is to be made with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningConfig {
    certificate_authorities: Vec<Service>,
    identity_providers: Vec<Service>,
    logs: Vec<Service>,
    log_selection: Selection,
    timestampers: Vec<Service>,
    timestamper_selection: Selection,
}

impl SigningConfig {
    /// Parses a signing configuration of version 0.2.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        let wire: WireConfig = serde_json::from_slice(within(LIMIT, bytes)?)?;
        media_type(MEDIA_TYPE, &wire.media_type)?;
        Ok(Self {
            certificate_authorities: services("caUrls", wire.ca_urls)?,
            identity_providers: services("oidcUrls", wire.oidc_urls)?,
            logs: services("rekorTlogUrls", wire.rekor_tlog_urls)?,
            log_selection: selection("rekorTlogConfig", wire.rekor_tlog_config)?,
            timestampers: services("tsaUrls", wire.tsa_urls)?,
            timestamper_selection: selection("tsaConfig", wire.tsa_config)?,
        })
    }

    /// Writes the configuration as cosign does.
    pub fn to_json(&self) -> Vec<u8> {
        json::write(self)
    }

    /// Puts these in the place of the certificate authorities.
    #[must_use]
    pub fn with_certificate_authorities(mut self, services: Vec<Service>) -> Self {
        self.certificate_authorities = services;
        self
    }

    /// Puts these in the place of the OpenID providers.
    #[must_use]
    pub fn with_identity_providers(mut self, services: Vec<Service>) -> Self {
        self.identity_providers = services;
        self
    }

    /// Puts these in the place of the transparency logs.
    #[must_use]
    pub fn with_logs(mut self, services: Vec<Service>, selection: Selection) -> Self {
        self.logs = services;
        self.log_selection = selection;
        self
    }

    /// Puts these in the place of the timestamp authorities.
    #[must_use]
    pub fn with_timestampers(mut self, services: Vec<Service>, selection: Selection) -> Self {
        self.timestampers = services;
        self.timestamper_selection = selection;
        self
    }

    /// Says whether no service is named at all, so that a key alone signs.
    pub fn is_empty_of_services(&self) -> bool {
        [
            &self.certificate_authorities,
            &self.identity_providers,
            &self.logs,
            &self.timestampers,
        ]
        .into_iter()
        .all(Vec::is_empty)
    }

    /// Returns the certificate authorities.
    pub fn certificate_authorities(&self) -> &[Service] {
        &self.certificate_authorities
    }

    /// Returns the OpenID providers.
    pub fn identity_providers(&self) -> &[Service] {
        &self.identity_providers
    }

    /// Returns the transparency logs.
    pub fn logs(&self) -> &[Service] {
        &self.logs
    }

    /// Returns how many of the logs to use.
    pub fn log_selection(&self) -> Selection {
        self.log_selection
    }

    /// Returns the timestamp authorities.
    pub fn timestampers(&self) -> &[Service] {
        &self.timestampers
    }

    /// Returns how many of the timestamp authorities to use.
    pub fn timestamper_selection(&self) -> Selection {
        self.timestamper_selection
    }
}

/// A service, where it is and when it is to be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    url: String,
    major_api_version: u32,
    validity: Validity,
    operator: Option<String>,
}

impl Service {
    /// Describes a service.
    pub fn new(url: String, major_api_version: u32, validity: Validity, operator: Option<String>) -> Self {
        Self {
            url,
            major_api_version,
            validity,
            operator,
        }
    }

    /// Returns its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the major version of the API that it speaks.
    pub fn major_api_version(&self) -> u32 {
        self.major_api_version
    }

    /// Returns when it is to be used.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Returns who runs it.
    pub fn operator(&self) -> Option<&str> {
        self.operator.as_deref()
    }
}

/// How many of the services of a kind to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selection {
    /// All that are valid.
    All,
    /// One that is valid.
    Any,
    /// As many as this.
    Exact(u32),
    /// The configuration does not say; right only where it names no such service.
    #[default]
    Unsaid,
}

fn services<const N: usize>(
    member: &'static str,
    wire: Option<Bounded<WireService, N>>,
) -> Result<Vec<Service>, TrustError> {
    let Some(wire) = wire else {
        return Ok(Vec::new());
    };
    wire.within_limit()
        .map_err(|found| TrustError::TooMany {
            member,
            limit: N,
            found,
        })?
        .into_iter()
        .map(service)
        .collect()
}

fn service(wire: WireService) -> Result<Service, TrustError> {
    Ok(Service {
        url: wire.url,
        major_api_version: wire.major_api_version,
        validity: wire.valid_for.map_or(Ok(Validity::ALWAYS), Validity::try_from)?,
        operator: wire.operator,
    })
}

fn selection(member: &'static str, wire: Option<WireSelection>) -> Result<Selection, TrustError> {
    let Some((selector, count)) = wire.and_then(|wire| Some((wire.selector?, wire.count))) else {
        return Ok(Selection::Unsaid);
    };
    match (selector.as_str(), count) {
        ("ALL", _) => Ok(Selection::All),
        ("ANY", _) => Ok(Selection::Any),
        ("EXACT", Some(count)) if count > 0 => Ok(Selection::Exact(count)),
        ("EXACT", count) => Err(TrustError::SelectionCount {
            member,
            found: count.map_or(0, |count| count),
        }),
        ("SERVICE_SELECTOR_UNDEFINED", _) => Ok(Selection::Unsaid),
        _ => Err(TrustError::Selector {
            member,
            found: Quoted::new(&selector),
        }),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireConfig {
    media_type: String,
    ca_urls: Option<Bounded<WireService, SERVICES>>,
    oidc_urls: Option<Bounded<WireService, SERVICES>>,
    rekor_tlog_urls: Option<Bounded<WireService, SERVICES>>,
    rekor_tlog_config: Option<WireSelection>,
    tsa_urls: Option<Bounded<WireService, SERVICES>>,
    tsa_config: Option<WireSelection>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireService {
    url: String,
    major_api_version: u32,
    valid_for: Option<WireSpan>,
    operator: Option<String>,
}

#[derive(Deserialize)]
struct WireSelection {
    selector: Option<String>,
    count: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(members: &str) -> Result<SigningConfig, TrustError> {
        SigningConfig::parse(format!(r#"{{"mediaType":"{MEDIA_TYPE}",{members}}}"#).as_bytes())
    }

    #[test]
    fn a_configuration_as_cosign_creates_it_without_flags_is_empty_of_services() {
        let config = parse(r#""rekorTlogConfig":{},"tsaConfig":{}"#).unwrap();
        assert!(config.is_empty_of_services());
        assert_eq!(config.log_selection(), Selection::Unsaid);
    }

    #[test]
    fn each_kind_of_service_is_seen() {
        for kind in ["caUrls", "oidcUrls", "rekorTlogUrls", "tsaUrls"] {
            let config = parse(&format!(
                r#""{kind}":[{{"url":"https://a.example","majorApiVersion":1}}]"#
            ))
            .unwrap();
            assert!(!config.is_empty_of_services(), "{kind}");
        }
    }

    #[test]
    fn a_service_has_its_address_version_validity_and_operator() {
        let config = parse(
            r#""rekorTlogUrls":[{"url":"https://log.example","majorApiVersion":2,"validFor":{"start":"2026-01-01T00:00:00Z"},"operator":"me"}],"rekorTlogConfig":{"selector":"EXACT","count":1},"tsaConfig":{"selector":"ANY"}"#,
        )
        .unwrap();
        let [log] = config.logs() else { panic!("{config:?}") };
        assert_eq!(
            (log.url(), log.major_api_version(), log.operator()),
            ("https://log.example", 2, Some("me"))
        );
        assert_eq!(log.validity().to_string(), "from 2026-01-01T00:00:00Z");
        let written = SigningConfig::parse(&config.to_json()).unwrap();
        assert_eq!(written.logs(), config.logs());
        assert_eq!(config.log_selection(), Selection::Exact(1));
        assert_eq!(config.timestamper_selection(), Selection::Any);
    }

    #[test]
    fn version_0_1_is_refused() {
        assert!(matches!(
            SigningConfig::parse(br#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.1+json"}"#),
            Err(TrustError::MediaType {
                expected: MEDIA_TYPE,
                ..
            })
        ));
    }

    #[test]
    fn unknown_selector_is_refused() {
        assert!(matches!(
            parse(r#""tsaConfig":{"selector":"SOME"}"#),
            Err(TrustError::Selector { member: "tsaConfig", found }) if found.as_str() == "SOME"
        ));
    }

    #[test]
    fn exact_without_a_count_is_refused() {
        for count in ["", r#","count":0"#] {
            assert!(matches!(
                parse(&format!(r#""rekorTlogConfig":{{"selector":"EXACT"{count}}}"#)),
                Err(TrustError::SelectionCount {
                    member: "rekorTlogConfig",
                    found: 0
                })
            ));
        }
    }

    #[test]
    fn a_time_that_is_none_is_refused() {
        assert!(matches!(
            parse(r#""caUrls":[{"url":"u","majorApiVersion":1,"validFor":{"start":"yesterday"}}]"#),
            Err(TrustError::Time { found, .. }) if found.as_str() == "yesterday"
        ));
    }

    #[test]
    fn services_over_the_limit_are_refused() {
        let services = vec![r#"{"url":"u","majorApiVersion":1}"#; SERVICES + 1].join(",");
        assert!(matches!(
            parse(&format!(r#""caUrls":[{services}]"#)),
            Err(TrustError::TooMany { member: "caUrls", limit: SERVICES, found }) if found == SERVICES + 1
        ));
    }
}
