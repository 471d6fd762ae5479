//! Where the verdicts differ, and who is right.

use crate::Verdict;
use crate::cases::Case;

/// A difference that was looked into.
pub(crate) struct Decided {
    pub(crate) name: &'static str,
    /// Who accepts.
    accepts: Who,
    /// Names of cases; none for any.
    cases: &'static [&'static str],
    /// Parts of the change's name, any of which it has; none for any.
    changes: &'static [&'static str],
    /// A part of what the one who refuses says.
    refusal: &'static str,
    pub(crate) reason: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    We,
    They,
}

impl Decided {
    /// The row that `docs/conformance.md` has of it.
    pub(crate) fn row(&self) -> String {
        let accepts = match self.accepts {
            Who::We => "we",
            Who::They => "they",
        };
        format!("| {} | {accepts} | {} |", self.name, self.reason)
    }

    pub(crate) fn is_about(&self, case: &Case, change: &str, ours: &Verdict, theirs: &Verdict) -> bool {
        let refusal = match (self.accepts, ours, theirs) {
            (Who::We, Ok(()), Err(reason)) | (Who::They, Err(reason), Ok(())) => reason,
            _ => return false,
        };
        let is_any = |list: &[&str], has: &dyn Fn(&str) -> bool| list.is_empty() || list.iter().any(|part| has(part));
        is_any(self.cases, &|name| name == case.name)
            && is_any(self.changes, &|part| change.contains(part))
            && refusal.contains(self.refusal)
    }
}

pub(crate) const DECIDED: &[Decided] = &[
    Decided {
        name: "no media type",
        accepts: Who::They,
        cases: &[],
        changes: &["/mediaType absent"],
        refusal: "mediaType is missing",
        reason: "which version it is decides what must be there (sigstore_bundle.proto)",
    },
    Decided {
        name: "the same entry twice",
        accepts: Who::They,
        cases: &[],
        changes: &["/tlogEntries the last twice"],
        refusal: "is there more than once",
        reason: "one entry must not count twice (client-spec §4.6)",
    },
    Decided {
        name: "another log",
        accepts: Who::They,
        cases: &["rekor2-happy-path", "rekor2-dsse-happy-path"],
        changes: &["/tlogEntries/0/logId/keyId"],
        refusal: "",
        reason: "the entry says which log it is in, and that must be the one that signed",
    },
    Decided {
        name: "another place in the proof",
        accepts: Who::They,
        cases: &["rekor2-happy-path", "rekor2-dsse-happy-path"],
        changes: &["/inclusionProof/logIndex"],
        refusal: "inclusion proof is for the entry",
        reason: "evidence that contradicts itself is not believed",
    },
    Decided {
        name: "another tree in the proof",
        accepts: Who::They,
        cases: &[],
        changes: &["/inclusionProof/rootHash", "/inclusionProof/treeSize"],
        refusal: "inclusion proof is for a tree of",
        reason: "evidence that contradicts itself is not believed",
    },
    Decided {
        name: "certificates beside the leaf that cannot be read",
        accepts: Who::They,
        cases: &["npm-provenance-npm-test-ossf"],
        changes: &["/certificates/1/rawBytes", "/certificates/2/rawBytes"],
        refusal: "certificate",
        reason: "they may be on the way to the root, and what cannot be read is told",
    },
    Decided {
        name: "null",
        accepts: Who::We,
        cases: &[],
        changes: &["/hint null", "/keyid null", "/rfc3161Timestamps null"],
        refusal: "invalid type: null",
        reason: "null is the same as absent (protobuf's JSON mapping)",
    },
    Decided {
        name: "an empty digest of the message",
        accepts: Who::We,
        cases: &[],
        changes: &["/messageDigest empty"],
        refusal: "missing field `algorithm`",
        reason: "cosign writes this for Ed25519; the digest is not signed and can only reject",
    },
    Decided {
        name: "a body to be rebuilt",
        accepts: Who::We,
        cases: &["rekor2-happy-path", "rekor2-dsse-happy-path"],
        changes: &["/canonicalizedBody absent", "/canonicalizedBody null"],
        refusal: "",
        reason: "that of Rekor 2 may be left out (client-spec §4.6)",
    },
    Decided {
        name: "timestamps beside a signature by a key",
        accepts: Who::We,
        cases: &["managed-key-happy-path"],
        changes: &["/signedTimestamp"],
        refusal: "invalid RFC 3161 timestamp",
        reason: "a key has no end, so that the moment does not matter; timestamps count where they are asked for",
    },
    Decided {
        name: "P-521",
        accepts: Who::We,
        cases: &["java-PKIX_ECDSA_P521_SHA_512"],
        changes: &["as it is"],
        refusal: "unsupported or invalid EC curve parameters",
        reason: "it is in the registry of algorithms",
    },
    Decided {
        name: "root: another media type",
        accepts: Who::They,
        cases: &[],
        changes: &["root/mediaType"],
        refusal: "media type is",
        reason: "a root of another version may mean something else",
    },
    Decided {
        name: "root: unknown members",
        accepts: Who::They,
        cases: &[],
        changes: &["a member more"],
        refusal: "malformed JSON",
        reason: "what limits trust must not be passed over, and may be misspelt",
    },
    Decided {
        name: "root: details of a key that are not known",
        accepts: Who::They,
        cases: &[],
        changes: &["/keyDetails empty", "/keyDetails longer"],
        refusal: "",
        reason: "it is not known what the key signs; the log is left out, and named where it is missed",
    },
    Decided {
        name: "root: a log that is trusted since no time",
        accepts: Who::They,
        cases: &[],
        changes: &["/validFor absent", "/validFor null"],
        refusal: "log is not said to be trusted since any time",
        reason: "whoever trusts a key says since when (sigstore_trustroot.proto)",
    },
    Decided {
        name: "root: another id of a log",
        accepts: Who::They,
        cases: &["rekor2-happy-path"],
        changes: &["/logId/keyId"],
        refusal: " id ",
        reason: "evidence names its log by the id, which is that of the key",
    },
    Decided {
        name: "root: another address of a log",
        accepts: Who::They,
        cases: &["rekor2-happy-path"],
        changes: &["root/tlogs/1/baseUrl"],
        refusal: "origin is",
        reason: "the origin of a checkpoint is the log's",
    },
    Decided {
        name: "root: keys and certificates that cannot be read",
        accepts: Who::They,
        cases: &["rekor2-happy-path"],
        changes: &["/publicKey/rawBytes middle bit", "/publicKey/rawBytes last bit"],
        refusal: "",
        reason: "a root that is damaged is not believed, even where the damage is not needed",
    },
    Decided {
        name: "root: a certificate of an authority that is damaged",
        accepts: Who::They,
        cases: &["rekor2-happy-path"],
        changes: &["root/certificateAuthorities/0/certChain/certificates"],
        refusal: "certificate is not trusted at",
        reason: "the path ends at the root and not at the intermediate; each signature on it must verify",
    },
    Decided {
        name: "root: null for an address",
        accepts: Who::They,
        cases: &[],
        changes: &["root/timestampAuthorities/0/uri null"],
        refusal: "malformed JSON",
        reason: "a text is expected, and no tool writes null",
    },
    Decided {
        name: "root: null for a subject",
        accepts: Who::We,
        cases: &[],
        changes: &["/subject null"],
        refusal: "invalid type: null",
        reason: "the subject is that of the certificates, and is not read",
    },
    Decided {
        name: "root: a log twice",
        accepts: Who::We,
        cases: &[],
        changes: &["root/tlogs the last twice", "root/ctlogs the last twice"],
        refusal: "duplicate trusted log ID",
        reason: "a log may be there for several spans of time, and counts once",
    },
    Decided {
        name: "root: no address",
        accepts: Who::We,
        cases: &[],
        changes: &["/baseUrl absent", "/uri absent"],
        refusal: "missing field",
        reason: "where no address is compared none is needed",
    },
    Decided {
        name: "root: a log that is not needed and cannot be used",
        accepts: Who::We,
        cases: &["rekor2-happy-path"],
        changes: &["/hashAlgorithm", "/publicKey empty", "/keyDetails absent"],
        refusal: "failed to parse JSON",
        reason: "it is left out, and named where it is missed",
    },
    Decided {
        name: "root: no start",
        accepts: Who::We,
        cases: &[],
        changes: &["/validFor empty", "/validFor/start absent", "/validFor/start null"],
        refusal: "failed to parse JSON",
        reason: "an authority or log of certificates without a start has been trusted always; a log of signatures must have one",
    },
    Decided {
        name: "root: fewer certificates of a timestamp authority",
        accepts: Who::We,
        cases: &[],
        changes: &[
            "root/timestampAuthorities/0/certChain/certificates/0 absent",
            "root/timestampAuthorities/0/certChain/certificates/1 absent",
        ],
        refusal: "TSA timestamp verification failed",
        reason: "the last certificate is what is trusted, and the others may come with the timestamp",
    },
];
