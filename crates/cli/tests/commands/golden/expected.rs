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
const OPTIONAL: &str = "2.x prints `null` for the annotations of a bundle that has none, 3.x `{}`";

/// Why we refuse: the artefact, or with a `-` at its end the start of its name, the number of the verification if it
/// matters, and what is said. The first row that fits counts.
pub(super) const REASONS: &[(&str, Option<usize>, &str)] = &[
    (
        "v3-keyless",
        Some(5),
        "expected a signature by a key, found one by a certificate",
    ),
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
