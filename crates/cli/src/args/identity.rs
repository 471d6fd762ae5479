//! Whom a certificate must name.

use clap::Args;
use countersign_core::certificate::FulcioExtension;
use countersign_core::policy::{IdentityPattern, Pattern, Regexp};

use super::given;
use super::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

/// Whom a certificate must name, and who must have vouched for that.
#[derive(Args, Clone, Debug)]
pub(crate) struct IdentityArgs {
    /// The identity that the certificate must name: an e-mail address, a URI, ...
    #[arg(long, value_name = "IDENTITY")]
    certificate_identity: Option<String>,

    /// A regular expression that the identity must match, in any part of it: anchor it with ^ and $
    #[arg(long, value_name = "REGEXP")]
    certificate_identity_regexp: Option<String>,

    /// The issuer of the identity token that the certificate was given for
    #[arg(long, value_name = "ISSUER")]
    certificate_oidc_issuer: Option<String>,

    /// A regular expression that the issuer must match, in any part of it: anchor it with ^ and $
    #[arg(long, value_name = "REGEXP")]
    certificate_oidc_issuer_regexp: Option<String>,

    /// The event that the workflow must have been started by
    #[arg(long, value_name = "EVENT")]
    certificate_github_workflow_trigger: Option<String>,

    /// The commit that the workflow must have run on
    #[arg(long, value_name = "COMMIT")]
    certificate_github_workflow_sha: Option<String>,

    /// The name that the workflow must have
    #[arg(long, value_name = "NAME")]
    certificate_github_workflow_name: Option<String>,

    /// The repository that the workflow must be of
    #[arg(long, value_name = "REPOSITORY")]
    certificate_github_workflow_repository: Option<String>,

    /// The ref that the workflow must have run on
    #[arg(long, value_name = "REF")]
    certificate_github_workflow_ref: Option<String>,
}

impl IdentityArgs {
    /// Says whether an identity is asked for at all.
    pub(crate) fn is_given(&self) -> bool {
        given(&self.certificate_identity)
            .or_else(|| given(&self.certificate_identity_regexp))
            .is_some()
    }

    /// Reads who is trusted; warns of an expression that leaves an end open.
    ///
    /// # Errors
    /// In cosign's words where one half of the identity is missing: without it, anyone with a certificate would be trusted.
    pub(crate) fn parse(&self, session: &Session<'_>) -> Result<IdentityPattern, Failure> {
        let subject = Flags {
            exact: ("certificate-identity", &self.certificate_identity),
            regexp: ("certificate-identity-regexp", &self.certificate_identity_regexp),
        };
        let issuer = Flags {
            exact: ("certificate-oidc-issuer", &self.certificate_oidc_issuer),
            regexp: ("certificate-oidc-issuer-regexp", &self.certificate_oidc_issuer_regexp),
        };
        let pattern = IdentityPattern::new(subject.parse(session)?, issuer.parse(session)?);
        let claims = [
            (
                FulcioExtension::GithubWorkflowTrigger,
                &self.certificate_github_workflow_trigger,
            ),
            (
                FulcioExtension::GithubWorkflowSha,
                &self.certificate_github_workflow_sha,
            ),
            (
                FulcioExtension::GithubWorkflowName,
                &self.certificate_github_workflow_name,
            ),
            (
                FulcioExtension::GithubWorkflowRepository,
                &self.certificate_github_workflow_repository,
            ),
            (
                FulcioExtension::GithubWorkflowRef,
                &self.certificate_github_workflow_ref,
            ),
        ];
        Ok(claims
            .into_iter()
            .filter_map(|(claim, value)| Some((claim, given(value)?)))
            .fold(pattern, |pattern, (claim, value)| {
                pattern.claiming(claim, value.to_owned())
            }))
    }
}

/// The two flags that say what a text must be.
struct Flags<'a> {
    exact: (&'static str, &'a Option<String>),
    regexp: (&'static str, &'a Option<String>),
}

impl Flags<'_> {
    fn parse(&self, session: &Session<'_>) -> Result<Pattern, Failure> {
        let exact = given(self.exact.1).map(|text| Pattern::Exact(text.to_owned()));
        let regexp = given(self.regexp.1)
            .map(|text| self.compile(text, session))
            .transpose()?;
        match (exact, regexp) {
            (Some(exact), Some(regexp)) => Ok(Pattern::Both(Box::new([exact, regexp]))),
            (Some(one), None) | (None, Some(one)) => Ok(one),
            (None, None) => Err(UsageError::because(format!(
                "--{} or --{} is required for verification in keyless mode",
                self.exact.0, self.regexp.0
            ))
            .into()),
        }
    }

    fn compile(&self, text: &str, session: &Session<'_>) -> Result<Pattern, Failure> {
        let name = self.regexp.0;
        let regexp = Regexp::part(text).map_err(|error| UsageError::because(format!("--{name}: {error}")))?;
        if regexp.is_open_ended() {
            session.ui().warn(&format!(
                "--{name}: the expression may match any part of the text: anchor it with ^ and $"
            ));
        }
        Ok(Pattern::Regexp(regexp))
    }
}
