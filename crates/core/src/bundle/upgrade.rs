//! Old bundles made new.

use super::{Bundle, Content, Format, KeyMaterial, Version};
use crate::log::LogEntry;

impl Bundle {
    /// Returns the places of the log entries that have no inclusion proof.
    pub fn unproven(&self) -> impl Iterator<Item = u64> {
        let entries = self.log_entries.iter().filter(|entry| entry.proof().is_none());
        entries.map(LogEntry::log_index)
    }

    /// Takes the inclusion proof of an entry without one from the same entry as a log hands it out.
    #[must_use]
    pub fn with_proof(mut self, handed_out: &LogEntry) -> Self {
        for entry in self.log_entries.iter_mut().filter(|entry| entry.proof.is_none()) {
            if entry.log_id == handed_out.log_id
                && entry.body == handed_out.body
                && entry.integrated_time == handed_out.integrated_time
            {
                entry.proof.clone_from(&handed_out.proof);
            }
        }
        self
    }

    /// Returns the bundle in version 0.3: of its certificates only the leaf stays, whose issuers the verifier has.
    ///
    /// # Errors
    ///
    /// [`UpgradeError`] if it lacks what version 0.3 must have.
    pub fn upgrade(&self) -> Result<Self, UpgradeError> {
        if let Some(entry) = self.log_entries.iter().find(|entry| entry.proof().is_none()) {
            return Err(UpgradeError::NoInclusionProof {
                log_index: entry.log_index(),
            });
        }
        if !matches!(self.format, Format::Bundle(_)) || matches!(self.content, Content::SimpleSigning { .. }) {
            return Err(UpgradeError::NoBundle);
        }
        let key_material = match &self.key_material {
            KeyMaterial::Certificates(chain) => KeyMaterial::Certificates(chain.iter().take(1).cloned().collect()),
            other => other.clone(),
        };
        Ok(Self {
            format: Format::Bundle(Version::V03),
            key_material,
            ..self.clone()
        })
    }
}

/// Why a bundle cannot be made new.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpgradeError {
    /// It never was a bundle.
    #[error("a legacy signature has no form as a bundle")]
    NoBundle,
    /// A log entry has only the log's promise to include it, and version 0.3 wants the proof that it did.
    #[error("log entry {log_index} has no inclusion proof, which version 0.3 must have and only the log can give")]
    NoInclusionProof {
        /// The entry's place in the log.
        log_index: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(version: &str, key: &str, proof: &str) -> Bundle {
        let entry = format!(
            r#"{{"logIndex":"7","logId":{{"keyId":"{}"}},"kindVersion":{{"kind":"dsse","version":"0.0.1"}},"inclusionPromise":{{"signedEntryTimestamp":"AA=="}}{proof},"canonicalizedBody":"AA=="}}"#,
            crate::go_json::encode_bytes(&[0; 32]),
        );
        let json = format!(
            r#"{{"mediaType":"application/vnd.dev.sigstore.bundle+json;version=0.{version}","verificationMaterial":{{{key},"tlogEntries":[{entry}]}},"messageSignature":{{"messageDigest":{{"algorithm":"SHA2_256","digest":"AA=="}},"signature":"AA=="}}}}"#
        );
        Bundle::from_json(json.as_bytes()).unwrap()
    }

    fn proof() -> String {
        format!(
            r#","inclusionProof":{{"logIndex":"7","rootHash":"{}","treeSize":"8"}}"#,
            crate::go_json::encode_bytes(&[1; 32])
        )
    }

    const CHAIN: &str = r#""x509CertificateChain":{"certificates":[{"rawBytes":"MAA="},{"rawBytes":"MAE="}]}"#;

    #[test]
    fn of_a_chain_only_the_leaf_stays_and_all_else_is_kept() {
        for version in ["1", "2"] {
            let old = bundle(version, CHAIN, &proof());
            let new = old.upgrade().unwrap();
            assert_eq!(new.format(), Format::Bundle(Version::V03));
            assert_eq!(*new.key_material(), KeyMaterial::Certificates(vec![vec![0x30, 0]]));
            assert_eq!(
                (new.content(), new.log_entries(), new.timestamps()),
                (old.content(), old.log_entries(), old.timestamps())
            );
            let json = new.to_json().unwrap();
            assert_eq!(Bundle::from_json(&json).unwrap(), new);
        }
    }

    #[test]
    fn an_entry_without_proof_is_refused() {
        assert_eq!(
            bundle("1", CHAIN, "").upgrade(),
            Err(UpgradeError::NoInclusionProof { log_index: 7 })
        );
    }

    #[test]
    fn the_proof_of_the_same_entry_is_taken() {
        let old = bundle("1", CHAIN, "");
        let proven = bundle("1", CHAIN, &proof());
        let handed_out = proven.log_entries().first().unwrap();
        assert_eq!(old.clone().with_proof(handed_out), proven);
        let mut others = [handed_out.clone(), handed_out.clone(), handed_out.clone()];
        others[0].log_id = crate::log::LogId::new([9; 32]);
        others[1].body = vec![9];
        others[2].integrated_time = Some(9);
        for other in others {
            assert_eq!(old.clone().with_proof(&other), old, "{other:?}");
        }
    }

    #[test]
    fn what_never_was_a_bundle_is_refused() {
        let legacy = Bundle::legacy(Vec::new(), crate::key::Signature::new(vec![0]));
        assert_eq!(legacy.upgrade(), Err(UpgradeError::NoBundle));
        let file = Bundle::from_file(br#"{"base64Signature":"AAEC"}"#).unwrap();
        assert_eq!(file.upgrade(), Err(UpgradeError::NoBundle));
    }
}
