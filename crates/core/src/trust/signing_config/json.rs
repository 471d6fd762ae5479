//! Signing configurations in JSON, as cosign writes them.

use jiff::Timestamp;
use serde::Serialize;

use super::{MEDIA_TYPE, Selection, Service, SigningConfig};

pub(super) fn write(config: &SigningConfig) -> Vec<u8> {
    let services = |services: &[Service]| services.iter().map(WireService::from).collect();
    serde_json::to_vec(&WireConfig {
        media_type: MEDIA_TYPE,
        ca_urls: services(&config.certificate_authorities),
        oidc_urls: services(&config.identity_providers),
        rekor_tlog_urls: services(&config.logs),
        rekor_tlog_config: config.log_selection.into(),
        tsa_urls: services(&config.timestampers),
        tsa_config: config.timestamper_selection.into(),
    })
    .expect("texts and numbers are JSON")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireConfig {
    media_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ca_urls: Vec<WireService>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    oidc_urls: Vec<WireService>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rekor_tlog_urls: Vec<WireService>,
    rekor_tlog_config: WireSelection,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tsa_urls: Vec<WireService>,
    tsa_config: WireSelection,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireService {
    url: String,
    major_api_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_for: Option<WireSpan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<String>,
}

#[derive(Serialize)]
struct WireSpan {
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
}

#[derive(Serialize)]
struct WireSelection {
    #[serde(skip_serializing_if = "Option::is_none")]
    selector: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
}

impl From<&Service> for WireService {
    fn from(service: &Service) -> Self {
        let [start, end] =
            [service.validity.start(), service.validity.end()].map(|time| time.as_ref().map(Timestamp::to_string));
        Self {
            url: service.url.clone(),
            major_api_version: service.major_api_version,
            valid_for: (start.is_some() || end.is_some()).then_some(WireSpan { start, end }),
            operator: service.operator.clone(),
        }
    }
}

impl From<Selection> for WireSelection {
    fn from(selection: Selection) -> Self {
        let (selector, count) = match selection {
            Selection::All => (Some("ALL"), None),
            Selection::Any => (Some("ANY"), None),
            Selection::Exact(count) => (Some("EXACT"), Some(count)),
            Selection::Unsaid => (None, None),
        };
        Self { selector, count }
    }
}
