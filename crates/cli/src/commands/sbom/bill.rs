//! A bill of materials, and what it is.

use countersign_artifacts::sbom::Form;
use serde_json::Value;

/// The form of a bill of materials: those that syft writes, and ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BillForm {
    CycloneDxJson,
    CycloneDxXml,
    SpdxJson,
    SpdxText,
    Syft,
}

impl BillForm {
    /// Recognises a bill by what is in it.
    pub(super) fn of(content: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(content.get(..HEAD).unwrap_or(content));
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if text.starts_with('{') {
            let json: Value = serde_json::from_slice(content.trim_ascii_start()).ok()?;
            let is_text = |member: &str| json.get(member).is_some_and(Value::is_string);
            return match () {
                () if is_text("spdxVersion") => Some(Self::SpdxJson),
                () if json.get("bomFormat") == Some(&"CycloneDX".into()) => Some(Self::CycloneDxJson),
                () if json.get("artifacts").is_some() && json.get("schema").is_some() => Some(Self::Syft),
                () => None,
            };
        }
        if text.starts_with('<') && text.contains("cyclonedx.org/schema/bom") {
            return Some(Self::CycloneDxXml);
        }
        text.lines()
            .any(|line| line.starts_with("SPDXVersion:"))
            .then_some(Self::SpdxText)
    }

    /// The media type under which it is attached.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::CycloneDxJson => Form::CycloneDxJson.media_type(),
            Self::CycloneDxXml => "application/vnd.cyclonedx+xml",
            Self::SpdxJson => Form::SpdxJson.media_type(),
            Self::SpdxText => Form::SpdxTagValue.media_type(),
            Self::Syft => "application/vnd.syft+json",
        }
    }

    /// The name of the predicate type of its attestation; none where a predicate, which is JSON, cannot hold it as what it
    /// is.
    pub(super) fn predicate_type(self) -> Option<&'static str> {
        match self {
            Self::CycloneDxJson => Some("cyclonedx"),
            Self::SpdxJson => Some("spdxjson"),
            Self::SpdxText => Some("spdx"),
            Self::Syft => Some("https://syft.dev/bom"),
            Self::CycloneDxXml => None,
        }
    }
}

impl From<Form> for BillForm {
    fn from(form: Form) -> Self {
        match form {
            Form::CycloneDxJson => Self::CycloneDxJson,
            Form::SpdxTagValue => Self::SpdxText,
            _ => Self::SpdxJson,
        }
    }
}

/// How much is looked at to see what a text is.
const HEAD: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::BillForm;

    #[test]
    fn bills_are_recognised_by_their_content() {
        for (content, expected) in [
            (r#"{"spdxVersion":"SPDX-2.3"}"#, Some(BillForm::SpdxJson)),
            (r#" {"bomFormat":"CycloneDX"}"#, Some(BillForm::CycloneDxJson)),
            (
                r#"{"artifacts":[],"schema":{"version":"16.0.18"}}"#,
                Some(BillForm::Syft),
            ),
            ("SPDXVersion: SPDX-2.3\n", Some(BillForm::SpdxText)),
            (
                r#"<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.6">"#,
                Some(BillForm::CycloneDxXml),
            ),
            (r#"{"bomFormat":"Other"}"#, None),
            ("{", None),
            ("", None),
        ] {
            assert_eq!(BillForm::of(content.as_bytes()), expected, "{content}");
        }
    }
}
