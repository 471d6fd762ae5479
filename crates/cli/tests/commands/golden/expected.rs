//! Where we cannot or do not answer as the real cosign did, and the reasons that we give for a refusal.

/// An answer of ours that is not cosign's.
pub(super) enum Ours {
    /// It accepts what cosign refuses.
    Accepts,
    /// It refuses what cosign accepts.
    Refuses,
    /// It prints something else.
    Prints(&'static str),
}

/// Where our answer is another, and the row of `docs/cosign-differences.md` that says why.
pub(super) const DIFFERENT: &[(&str, &[usize], Ours, &str)] = &[
    ("v2-key-p384", &[1, 3], Ours::Accepts, CURVES),
    ("v3-key-p384", &[1], Ours::Accepts, CURVES),
    ("v3-key-p521", &[1], Ours::Accepts, CURVES),
    ("blob-v3-key-p384", &[1], Ours::Accepts, CURVES),
    ("blob-v3-key-p521", &[1], Ours::Accepts, CURVES),
    (
        "v3-key-ed25519",
        &[0],
        Ours::Accepts,
        "Ed25519 keys: signs Ed25519ph, verifies pure Ed25519",
    ),
    ("v3-attest-cyclonedx", &[3], Ours::Refuses, ATTESTATION),
    ("v3-attest-slsaprovenance1", &[3], Ours::Refuses, ATTESTATION),
    ("v3-attest-vuln", &[3], Ours::Refuses, ATTESTATION),
    ("v3-attest-custom", &[3], Ours::Refuses, ATTESTATION),
    ("v3-attest-example.com", &[3], Ours::Refuses, ATTESTATION),
    (
        "v3-key",
        &[2],
        Ours::Prints(
            r#"{"critical":{"identity":{"docker-reference":"{REPO}@sha256:13e07a6d397a679299cf07b70cb847bbd818303c9e425efdf1ce47c4dc0b288f"},"image":{"docker-manifest-digest":"sha256:13e07a6d397a679299cf07b70cb847bbd818303c9e425efdf1ce47c4dc0b288f"},"type":"https://sigstore.dev/cosign/sign/v1"},"optional":{}}"#,
        ),
        OPTIONAL,
    ),
    (
        "v3-keyless",
        &[3],
        Ours::Prints(
            r#"{"critical":{"identity":{"docker-reference":"{REPO}@sha256:72662446c630f92d44f1a30a7207158f04f9713f2b652781e408d5cbc15a1fe6"},"image":{"docker-manifest-digest":"sha256:72662446c630f92d44f1a30a7207158f04f9713f2b652781e408d5cbc15a1fe6"},"type":"https://sigstore.dev/cosign/sign/v1"},"optional":{}}"#,
        ),
        OPTIONAL,
    ),
    ("v3-keyless", &[4], Ours::Accepts, STAMPS),
    ("damaged-rekor1-no-set", &[0], Ours::Accepts, STAMPS),
    ("v3-keyless", &[16], Ours::Refuses, LOG_VALIDITY),
    ("blob-v3-keyless", &[11], Ours::Refuses, LOG_VALIDITY),
    (
        "damaged-root-hash-flipped",
        &[0],
        Ours::Refuses,
        "the root and the size that an inclusion proof claims are not compared with the checkpoint",
    ),
    (
        "v2-new-bundle",
        &[0],
        Ours::Prints(
            r#"{"critical":{"identity":{"docker-reference":"{REPO}@sha256:c4a5a0a59e8904d46612dfd3d430f18ec08cf1500dc2a0832673d7261a9fb0ce"},"image":{"docker-manifest-digest":"sha256:c4a5a0a59e8904d46612dfd3d430f18ec08cf1500dc2a0832673d7261a9fb0ce"},"type":"https://sigstore.dev/cosign/sign/v1"},"optional":{}}"#,
        ),
        OPTIONAL,
    ),
    (
        "v3-save",
        &[0],
        Ours::Prints(
            r#"{"critical":{"identity":{"docker-reference":"save/v3"},"image":{"docker-manifest-digest":"sha256:e387982530f2f653068e05a882dbf1b963dea6ad0160519c04a3643e46d1c28a"},"type":"https://sigstore.dev/cosign/sign/v1"},"optional":{}}"#,
        ),
        "`verify --local-image` prints a bundle's facts as empty texts",
    ),
];

const CURVES: &str = "P-384 and P-521 keys: signs with SHA-384 and SHA-512, verifies with SHA-256";
const ATTESTATION: &str = "`verify` accepts any bundle by the key, an SBOM attestation too";
const STAMPS: &str = "timestamps count only with `--use-signed-timestamps`, or where every log entry is of Rekor 2";
const LOG_VALIDITY: &str = "the validity of a log is not asked of entries of Rekor 2, which have no time of their own";
const OPTIONAL: &str = "2.x prints `null` for the annotations of a bundle that has none, 3.x `{}`";

/// Why we refuse: the artefact, or with a `-` at its end the start of its name, the number of the verification if it
/// matters, and what is said. The first row that fits counts.
pub(super) const REASONS: &[(&str, Option<usize>, &str)] = &[
    (
        "v3-keyless",
        Some(5),
        "expected a signature by a key, found one by a certificate",
    ),
    ("v3-keyless", Some(2), OTHER_ISSUER),
    ("v3-keyless", Some(7), r#"expected what matches "^nobody@""#),
    ("v3-keyless", Some(8), UNKNOWN_TSA),
    ("v3-keyless", Some(9), UNKNOWN_CT_LOG),
    ("v3-keyless", Some(11), UNKNOWN_LOG),
    ("v3-keyless", Some(12), NO_TSA),
    ("v3-keyless", Some(13), NO_CA),
    ("v3-keyless", Some(14), EXPIRED_CA),
    ("v3-keyless", Some(15), EXPIRED_TSA),
    ("v3-keyless", Some(16), EXPIRED_LOG),
    ("v3-keyless", Some(17), EXPIRED_CT_LOG),
    ("v3-keyless", None, OTHER_SUBJECT),
    ("v3-keyless-fallback-tag", None, OTHER_SUBJECT),
    (
        "v3-keyless-no-sct",
        Some(0),
        "certificate holds no signed certificate timestamp",
    ),
    ("v3-keyless-no-sct", Some(2), UNKNOWN_TSA),
    ("v3-attest-keyless", None, OTHER_SUBJECT),
    ("v3-key", Some(4), UNKNOWN_LOG),
    ("v2-key", Some(4), UNKNOWN_LOG),
    ("v2-key", Some(5), UNKNOWN_LOG),
    ("v2-key-no-tlog", None, NO_ENTRY),
    ("v2-keyless", Some(3), OTHER_ISSUER),
    ("v2-keyless", Some(5), UNKNOWN_CT_LOG),
    ("v2-keyless", None, OTHER_SUBJECT),
    ("v2-keyless-no-tlog", Some(0), NO_ENTRY),
    (
        "v2-keyless-no-tlog",
        None,
        "certificate is valid from 2026-11-22T18:24:46Z to 2026-11-22T18:34:46Z, not at",
    ),
    ("v2-keyless-tsa", None, NO_ENTRY),
    ("v2-own-ca", None, r#"authority "trust/fulcio-root.pem": "#),
    ("blob-v3-keyless", Some(2), OTHER_SUBJECT),
    ("blob-v3-keyless", Some(3), UNKNOWN_TSA),
    ("blob-v3-keyless", Some(4), UNKNOWN_CT_LOG),
    ("blob-v3-keyless", Some(5), UNKNOWN_LOG),
    ("blob-v3-keyless", Some(6), NO_TSA),
    ("blob-v3-keyless", Some(7), NO_CA),
    ("blob-v3-keyless", Some(8), EXPIRED_CA),
    ("blob-v3-keyless", Some(9), EXPIRED_TSA),
    ("blob-v3-keyless", Some(10), EXPIRED_CT_LOG),
    ("blob-v3-keyless", Some(11), EXPIRED_LOG),
    ("blob-v3-keyless", None, "bundle names the message"),
    ("blob-v3-keyless-rekor1", None, "bundle names the message"),
    ("damaged-digest-flipped", None, "bundle names the message"),
    (
        "damaged-certificate-flipped",
        None,
        "certificate or key in the log entry has the digest",
    ),
    ("damaged-no-tlog-entry", None, NO_ENTRY),
    ("damaged-v2-no-bundle", None, NO_ENTRY),
    ("damaged-v3-no-tlog-entry", None, NO_ENTRY),
    (
        "damaged-no-timestamp",
        None,
        "nothing shows when the signature was made",
    ),
    (
        "damaged-timestamp-flipped",
        None,
        "the signature is not its certificate's",
    ),
    ("damaged-timestamp-of-another", None, "timestamp is of the sha256"),
    ("damaged-root-hash-flipped", None, "inclusion proof is for a tree of"),
    ("damaged-no-inclusion-proof", None, "inclusionProof is missing"),
    ("damaged-rekor1-no-proof", None, "inclusionProof is missing"),
    (
        "damaged-checkpoint-size",
        None,
        r#"signature by "rekor2.stack.test" with the key 8975d99d does not verify"#,
    ),
    ("damaged-log-id-unknown", None, UNKNOWN_LOG),
    ("damaged-media-type-unknown", None, "bundle is of media type"),
    ("damaged-two-tlog-entries-same", None, "is there more than once"),
    ("damaged-rekor1-set-flipped", None, FALSE_PROMISE),
    ("damaged-rekor1-time-changed", None, FALSE_PROMISE),
    ("damaged-truncated", None, "EOF while parsing a string"),
    ("damaged-not-json", None, "expected value at line 1 column 1"),
    ("damaged-empty-object", None, "mediaType is missing"),
    ("v2-annotations", None, r#"annotation "env" is "prod", expected "dev""#),
    ("v3-annotations", None, r#"annotation "env" is "prod", expected "dev""#),
    ("v2-attest-", Some(2), OTHER_TYPE),
    ("v3-attest-", Some(1), OTHER_TYPE),
    ("v3-attest-", Some(3), "signed statement has predicate type"),
    ("v2-", None, OTHER_KEY),
    ("v3-", None, OTHER_KEY),
    ("blob-v3-key", Some(2), OTHER_KEY),
    ("blob-v3-key", None, "bundle names the message"),
    ("blob-v3-key-", None, "bundle names the message"),
    ("blob-v3-attest", Some(1), OTHER_TYPE),
    ("blob-v3-attest", Some(2), "signed digest is"),
    (
        "damaged-dsse-two-signatures",
        None,
        "envelope in a bundle has 2 signatures, expected exactly one",
    ),
    ("damaged-dsse-", None, THE_KEY),
    ("damaged-v2-no-layers", None, "no signatures found"),
    ("damaged-v2-signature", None, THE_KEY),
    ("damaged-v3-bundle-signature", None, THE_KEY),
    (
        "damaged-v3-bundle-not-json",
        None,
        "bundle is malformed: expected value at line 1 column 1",
    ),
    (
        "damaged-v2-transplanted",
        None,
        "signed digest is sha256:8594ae8a7f30f0f4bd50bc2a37af4bb5d148865c364e3ac9dc6bf1e4c62a46f2, \
         expected sha256:0007401ed6f0029e58cddfb33aacba96fc0f5ac4d4f98ee52cb875fff3584479",
    ),
    (
        "damaged-v3-transplanted",
        None,
        "signed digest is sha256:13e07a6d397a679299cf07b70cb847bbd818303c9e425efdf1ce47c4dc0b288f, \
         expected sha256:b408f3727daa5a7639daed7d06a8d6bdd1db1a818e9c95271c21bf781eeb11c7",
    ),
];

const OTHER_TYPE: &str = "attestation has predicate type";
const OTHER_KEY: &str = "signature does not verify with key";
/// The key is the one that made the signature.
const THE_KEY: &str = "signature does not verify with key rLR52TMV5NuNjoVMbczFtiF7ne2o4ZuJ5WbnSe4UPAE=";
const OTHER_SUBJECT: &str =
    r#"identity is "user@example.com" by "http://127.0.0.1:21000/email", expected "mallory@example.com""#;
const OTHER_ISSUER: &str = r#"expected "user@example.com" by "https://issuer.example.com""#;
const NO_ENTRY: &str = "signature is in 0 trusted logs, expected 1";
const UNKNOWN_LOG: &str = "no trusted log has the id";
const EXPIRED_LOG: &str = "log is trusted from 2020-01-01T00:00:00Z to 2021-01-01T00:00:00Z";
const FALSE_PROMISE: &str = "inclusion promise is not the log's for this entry, place and time";
const UNKNOWN_CT_LOG: &str =
    "timestamp is of log 5b59b189b380815adcc7ae947fa5bf1d9c4e4027b3cb2c820a9ec30ffa9bfcbf, which is not known";
const EXPIRED_CT_LOG: &str = r#"log "http://127.0.0.1:21005/ctlog" is to be believed from 2020-01-01T00:00:00Z"#;
const NO_CA: &str = "no certificate authority is trusted";
const EXPIRED_CA: &str =
    r#"authority "http://127.0.0.1:21001" is trusted from 2020-01-01T00:00:00Z to 2021-01-01T00:00:00Z"#;
const NO_TSA: &str = "timestamp is of no trusted authority: none is trusted";
const UNKNOWN_TSA: &str = "the certificate that signed is neither in the timestamp nor the authority's";
const EXPIRED_TSA: &str =
    r#""http://127.0.0.1:21010/api/v1/timestamp": it is to be believed from 2020-01-01T00:00:00Z"#;
