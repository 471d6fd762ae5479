//! Kinds of OpenID providers: what their tokens tell of who holds them (Fulcio, `config/identity/config.yaml`).

use std::str::FromStr;

use countersign_core::certificate::FulcioExtension as Extension;

/// What the tokens of a provider tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An e-mail address.
    Email,
    /// A URI of this scheme and host.
    Uri { domain: String },
    /// A workload of this trust domain.
    Spiffe { domain: String },
    /// A user of this domain.
    Username { domain: String },
    /// A run of a build.
    Workflow(&'static Workflow),
}

/// A build service, with what its tokens say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Workflow {
    pub(crate) word: &'static str,
    /// Where people see what the tokens name; nothing stands for the issuer.
    url: &'static str,
    pub(crate) name: Template,
    pub(crate) extensions: &'static [(Extension, Template)],
}

/// A text with places for claims, `{claim}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Template(pub(crate) &'static str);

impl Kind {
    /// Returns the kind of a provider that is known by its address; any other tells e-mail addresses.
    pub(crate) fn usual(issuer: &str) -> Self {
        match issuer {
            "https://token.actions.githubusercontent.com" => Self::Workflow(&GITHUB),
            "https://gitlab.com" => Self::Workflow(&GITLAB),
            "https://agent.buildkite.com" => Self::Workflow(&BUILDKITE),
            _ => Self::Email,
        }
    }

    /// Returns the kind's name as Fulcio's configuration has it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Uri { .. } => "uri",
            Self::Spiffe { .. } => "spiffe",
            Self::Username { .. } => "username",
            Self::Workflow(workflow) => workflow.word,
        }
    }

    /// Returns which claim the signer signs.
    pub(crate) fn challenge(&self) -> &'static str {
        match self {
            Self::Email => "email",
            _ => "sub",
        }
    }

    /// Returns the domain that subjects must be of.
    pub(crate) fn domain(&self) -> Option<&str> {
        match self {
            Self::Uri { domain } | Self::Spiffe { domain } | Self::Username { domain } => Some(domain),
            Self::Email | Self::Workflow(_) => None,
        }
    }

    /// Returns where people see what the tokens of `issuer` name.
    pub(crate) fn url(&self, issuer: &str) -> String {
        match self {
            Self::Workflow(workflow) if !workflow.url.is_empty() => workflow.url.to_owned(),
            _ => issuer.to_owned(),
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let unknown = || UnknownKind {
            found: text.chars().take(80).collect(),
        };
        let (word, domain) = match text.split_once(':') {
            Some((word, domain)) if !domain.is_empty() => (word, Some(domain.to_owned())),
            Some(_) => return Err(unknown()),
            None => (text, None),
        };
        match (word, domain) {
            ("email", None) => Ok(Self::Email),
            ("uri", Some(domain)) => Ok(Self::Uri { domain }),
            ("spiffe", Some(domain)) => Ok(Self::Spiffe { domain }),
            ("username", Some(domain)) => Ok(Self::Username { domain }),
            (word, None) => {
                let known = [&GITHUB, &GITLAB, &BUILDKITE]
                    .into_iter()
                    .find(|workflow| workflow.word == word);
                known.map(Self::Workflow).ok_or_else(unknown)
            }
            _ => Err(unknown()),
        }
    }
}

/// A word that is no kind of provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "kind of issuer is {found:?}, expected email, uri:URL, spiffe:DOMAIN, username:DOMAIN, github-workflow, \
     gitlab-pipeline or buildkite-job"
)]
pub struct UnknownKind {
    found: String,
}

static GITHUB: Workflow = Workflow {
    word: "github-workflow",
    url: "https://github.com",
    name: Template("{url}/{job_workflow_ref}"),
    extensions: &[
        (Extension::GithubWorkflowTrigger, Template("{event_name}")),
        (Extension::GithubWorkflowSha, Template("{sha}")),
        (Extension::GithubWorkflowName, Template("{workflow}")),
        (Extension::GithubWorkflowRepository, Template("{repository}")),
        (Extension::GithubWorkflowRef, Template("{ref}")),
        (Extension::BuildSignerUri, Template("{url}/{job_workflow_ref}")),
        (Extension::BuildSignerDigest, Template("{job_workflow_sha}")),
        (Extension::RunnerEnvironment, Template("{runner_environment}")),
        (Extension::SourceRepositoryUri, Template("{url}/{repository}")),
        (Extension::SourceRepositoryDigest, Template("{sha}")),
        (Extension::SourceRepositoryRef, Template("{ref}")),
        (Extension::SourceRepositoryIdentifier, Template("{repository_id}")),
        (
            Extension::SourceRepositoryOwnerUri,
            Template("{url}/{repository_owner}"),
        ),
        (
            Extension::SourceRepositoryOwnerIdentifier,
            Template("{repository_owner_id}"),
        ),
        (Extension::BuildConfigUri, Template("{url}/{workflow_ref}")),
        (Extension::BuildConfigDigest, Template("{workflow_sha}")),
        (Extension::BuildTrigger, Template("{event_name}")),
        (
            Extension::RunInvocationUri,
            Template("{url}/{repository}/actions/runs/{run_id}/attempts/{run_attempt}"),
        ),
        (
            Extension::SourceRepositoryVisibilityAtSigning,
            Template("{repository_visibility}"),
        ),
        (Extension::DeploymentEnvironment, Template("{environment}")),
    ],
};

static GITLAB: Workflow = Workflow {
    word: "gitlab-pipeline",
    url: "",
    name: Template("https://{ci_config_ref_uri}"),
    extensions: &[
        (Extension::BuildSignerUri, Template("https://{ci_config_ref_uri}")),
        (Extension::BuildSignerDigest, Template("{ci_config_sha}")),
        (Extension::RunnerEnvironment, Template("{runner_environment}")),
        (Extension::SourceRepositoryUri, Template("{url}/{project_path}")),
        (Extension::SourceRepositoryDigest, Template("{sha}")),
        (Extension::SourceRepositoryRef, Template("refs/{ref_kind}/{ref}")),
        (Extension::SourceRepositoryIdentifier, Template("{project_id}")),
        (Extension::SourceRepositoryOwnerUri, Template("{url}/{namespace_path}")),
        (Extension::SourceRepositoryOwnerIdentifier, Template("{namespace_id}")),
        (Extension::BuildConfigUri, Template("https://{ci_config_ref_uri}")),
        (Extension::BuildConfigDigest, Template("{ci_config_sha}")),
        (Extension::BuildTrigger, Template("{pipeline_source}")),
        (
            Extension::RunInvocationUri,
            Template("{url}/{project_path}/-/jobs/{job_id}"),
        ),
        (
            Extension::SourceRepositoryVisibilityAtSigning,
            Template("{project_visibility}"),
        ),
        (Extension::DeploymentEnvironment, Template("{environment}")),
    ],
};

static BUILDKITE: Workflow = Workflow {
    word: "buildkite-job",
    url: "https://buildkite.com",
    name: Template("{url}/{organization_slug}/{pipeline_slug}"),
    extensions: &[
        (Extension::RunnerEnvironment, Template("{runner_environment}")),
        (Extension::SourceRepositoryDigest, Template("{build_commit}")),
        (Extension::BuildTrigger, Template("{build_source}")),
        (
            Extension::RunInvocationUri,
            Template("{url}/{organization_slug}/{pipeline_slug}/builds/{build_number}#{job_id}"),
        ),
    ],
};
