//! What Fulcio certifies beside the names: who vouched for the identity, and from where it signed (Fulcio, `oid-info.md`).

use std::fmt;

use der::Tag;
use der::asn1::ObjectIdentifier;

use super::encoding::{Element, Identifier};

/// Fulcio's extensions of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FulcioExtensions {
    values: Vec<(FulcioExtension, String)>,
}

impl FulcioExtensions {
    /// Returns who vouched for the identity: the issuer of its OpenID Connect token, by the newer extension if it is there.
    pub fn issuer(&self) -> Option<&str> {
        self.value(FulcioExtension::Issuer)
            .or_else(|| self.value(FulcioExtension::DeprecatedIssuer))
    }

    /// Returns what the certificate says of this.
    pub fn value(&self, kind: FulcioExtension) -> Option<&str> {
        self.iter().find(|(found, _)| *found == kind).map(|(_, value)| value)
    }

    /// Returns everything that is said, in the order of the certificate.
    pub fn iter(&self) -> impl Iterator<Item = (FulcioExtension, &str)> {
        self.values.iter().map(|(kind, value)| (*kind, value.as_str()))
    }

    /// Keeps an extension if it is one of these.
    pub(super) fn read(&mut self, identifier: Identifier<'_>, value: &[u8]) -> der::Result<Reading> {
        let Some(kind) = FulcioExtension::of(identifier) else {
            return Ok(Reading::NotOurs);
        };
        let text = if kind.is_raw() {
            std::str::from_utf8(value).map_err(|error| der::ErrorKind::Utf8(error).into())
        } else {
            Element::only(Tag::Utf8String, value).and_then(Element::text)
        }?;
        self.values.push((kind, text.to_owned()));
        Ok(Reading::Kept)
    }
}

/// Whether an extension was one of Fulcio's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Kept,
    NotOurs,
}

/// One of Fulcio's extensions, by what it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FulcioExtension {
    /// The commit that the build.s configuration is of.
    BuildConfigDigest,
    /// The build's configuration.
    BuildConfigUri,
    /// The commit that the build instructions are of.
    BuildSignerDigest,
    /// The build instructions that signed.
    BuildSignerUri,
    /// What set off the build.
    BuildTrigger,
    /// What is deployed to.
    DeploymentEnvironment,
    /// The issuer of the identity's token, as certificates had it first.
    DeprecatedIssuer,
    /// GitHub: the name of the workflow.
    GithubWorkflowName,
    /// GitHub: the branch or tag.
    GithubWorkflowRef,
    /// GitHub: the repository.
    GithubWorkflowRepository,
    /// GitHub: the commit.
    GithubWorkflowSha,
    /// GitHub: the event.
    GithubWorkflowTrigger,
    /// The issuer of the identity's token.
    Issuer,
    /// The run of the build.
    RunInvocationUri,
    /// Whether the machine was the platform's own.
    RunnerEnvironment,
    /// The commit that was built.
    SourceRepositoryDigest,
    /// The repository, by an identifier that stays.
    SourceRepositoryIdentifier,
    /// The owner of the repository, by an identifier that stays.
    SourceRepositoryOwnerIdentifier,
    /// The owner of the repository.
    SourceRepositoryOwnerUri,
    /// The branch or tag that was built.
    SourceRepositoryRef,
    /// The repository that was built.
    SourceRepositoryUri,
    /// Whether the repository was public then.
    SourceRepositoryVisibilityAtSigning,
    /// The subject of the identity's token.
    TokenSubject,
}

impl FulcioExtension {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 23] = [
        Self::DeprecatedIssuer,
        Self::GithubWorkflowTrigger,
        Self::GithubWorkflowSha,
        Self::GithubWorkflowName,
        Self::GithubWorkflowRepository,
        Self::GithubWorkflowRef,
        Self::Issuer,
        Self::BuildSignerUri,
        Self::BuildSignerDigest,
        Self::RunnerEnvironment,
        Self::SourceRepositoryUri,
        Self::SourceRepositoryDigest,
        Self::SourceRepositoryRef,
        Self::SourceRepositoryIdentifier,
        Self::SourceRepositoryOwnerUri,
        Self::SourceRepositoryOwnerIdentifier,
        Self::BuildConfigUri,
        Self::BuildConfigDigest,
        Self::BuildTrigger,
        Self::RunInvocationUri,
        Self::SourceRepositoryVisibilityAtSigning,
        Self::DeploymentEnvironment,
        Self::TokenSubject,
    ];

    /// Returns the last number of the extension's identifier, which begins with 1.3.6.1.4.1.57264.1.
    pub fn number(self) -> u8 {
        self.described().0
    }

    /// Returns the name that Fulcio's list has for it.
    pub fn name(self) -> &'static str {
        self.described().1
    }

    fn described(self) -> (u8, &'static str) {
        match self {
            Self::DeprecatedIssuer => (1, "Issuer (deprecated)"),
            Self::GithubWorkflowTrigger => (2, "GitHub Workflow Trigger"),
            Self::GithubWorkflowSha => (3, "GitHub Workflow SHA"),
            Self::GithubWorkflowName => (4, "GitHub Workflow Name"),
            Self::GithubWorkflowRepository => (5, "GitHub Workflow Repository"),
            Self::GithubWorkflowRef => (6, "GitHub Workflow Ref"),
            Self::Issuer => (8, "Issuer"),
            Self::BuildSignerUri => (9, "Build Signer URI"),
            Self::BuildSignerDigest => (10, "Build Signer Digest"),
            Self::RunnerEnvironment => (11, "Runner Environment"),
            Self::SourceRepositoryUri => (12, "Source Repository URI"),
            Self::SourceRepositoryDigest => (13, "Source Repository Digest"),
            Self::SourceRepositoryRef => (14, "Source Repository Ref"),
            Self::SourceRepositoryIdentifier => (15, "Source Repository Identifier"),
            Self::SourceRepositoryOwnerUri => (16, "Source Repository Owner URI"),
            Self::SourceRepositoryOwnerIdentifier => (17, "Source Repository Owner Identifier"),
            Self::BuildConfigUri => (18, "Build Config URI"),
            Self::BuildConfigDigest => (19, "Build Config Digest"),
            Self::BuildTrigger => (20, "Build Trigger"),
            Self::RunInvocationUri => (21, "Run Invocation URI"),
            Self::SourceRepositoryVisibilityAtSigning => (22, "Source Repository Visibility At Signing"),
            Self::DeploymentEnvironment => (23, "Deployment Environment"),
            Self::TokenSubject => (24, "Token Subject"),
        }
    }

    /// Says whether the extension is text as it is, and not in DER.
    fn is_raw(self) -> bool {
        self.number() < FIRST_IN_DER
    }

    fn of(identifier: Identifier<'_>) -> Option<Self> {
        let [number] = identifier.below(FULCIO)? else {
            return None;
        };
        Self::ALL.into_iter().find(|kind| kind.number() == *number)
    }
}

impl fmt::Display for FulcioExtension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What all of Fulcio's extensions begin with.
const FULCIO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1");

/// The first extension that is a DER `UTF8String`.
const FIRST_IN_DER: u8 = 8;
