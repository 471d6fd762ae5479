//! Why a command did not do what it was asked.

mod made;
mod within;

use std::io;
use std::time::Duration;

use countersign::attachment::add::NotAttachable;
use countersign::attest::AttestError;
use countersign::base::BaseError;
use countersign::blob::BlobError;
use countersign::copy::CopyError;
use countersign::credential::CredentialError;
use countersign::key_reference::KeyReferenceError;
use countersign::mentions::MentionsError;
use countersign::oidc::TokenError;
use countersign::oidc::ambient::AmbientError;
use countersign::policy_program::PolicyError;
use countersign::provenance::ProvenanceError;
use countersign::service::ServiceError;
use countersign::sign::SignError;
use countersign::tags::SetError;
use countersign::verify::VerifyError;
use countersign_artifacts::annotations::AnnotationsError;
use countersign_artifacts::helm::ChartError;
use countersign_artifacts::sbom::SbomError;
use countersign_artifacts::tekton::BundleError as TektonError;
use countersign_artifacts::wasm::{LayoutError, WasmError};
use countersign_artifacts::{PackError, PullError, PushError};
use countersign_core::bundle::{BundleError, UpgradeError};
use countersign_core::envelope::EnvelopeError;
use countersign_core::key::{ImportError, PrivateKeyError, SealError, SignatureError};
use countersign_core::openpgp::KeyringError;
use countersign_core::payload::predicate::PredicateError;
use countersign_core::payload::statement::StatementError;
use countersign_core::policy::TooFewSigners;
use countersign_core::tag::{TagRefusal, Unreadable};
use countersign_core::trust::TrustError;
use countersign_core::trust::signing_config::SelectionError;
use countersign_core::verify::Rejection;
use countersign_oci::reference::ReferenceError;
use countersign_oci::{Pinned, StoreError};
use countersign_server::ServerError;
use tokio::task::JoinError;

use crate::args::usage::UsageError;
use crate::exit::Exit;
use crate::published::{PublishedError, What};

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    /// The command line is wrong.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The name is not one.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The registry, layout or archive did not give or take something.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key could not be had.
    #[error(transparent)]
    Key(#[from] KeyReferenceError),
    /// The name does not exist in the registry.
    #[error("image tag not found: {image}")]
    NoTag {
        /// The name.
        image: String,
    },
    /// The name is taken by another image; cosign's words.
    #[error("image {name:?} already exists. Use `-f` to overwrite")]
    Exists {
        /// The name.
        name: String,
    },
    /// The image was not copied.
    #[error(transparent)]
    Copy(CopyError),
    /// The image was not signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The image was not attested.
    #[error(transparent)]
    Attest(#[from] AttestError),
    /// The bases of an image are not what they must be, or not known.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// A file holds no predicate of the type it is given for.
    #[error("{path}")]
    Predicate {
        /// The path as the user gave it.
        path: String,
        /// What is wrong with it.
        source: PredicateError,
    },
    /// A file holds no statement.
    #[error("{path} is not an in-toto statement")]
    Statement {
        /// The path as the user gave it.
        path: String,
        /// What is wrong with it.
        source: StatementError,
    },
    /// A policy came to no verdict.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// An attestation is accepted, and what it claims does not satisfy the policy.
    #[error("{} validation errors occurred: what is claimed of {image} does not satisfy the policy", reasons.len())]
    NotAllowed {
        /// The artifact.
        image: Pinned,
        /// Why not, with the place of each attestation.
        reasons: Vec<String>,
    },
    /// A file was not signed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A file was written to while it was read.
    #[error("{path} changed while it was read")]
    Changed {
        /// The path as the user gave it.
        path: String,
    },
    /// A file that should hold a signature does not.
    #[error("bundle {path}")]
    Bundle {
        /// The path as the user gave it.
        path: String,
        /// What is wrong with it.
        source: BundleError,
    },
    /// The signature over a file is not accepted.
    #[error("{blob}: the signature is not accepted")]
    Rejected {
        /// The file as the user named it.
        blob: String,
        /// Why.
        source: Rejection,
    },
    /// Fewer signers have signed a file than must.
    #[error("{blob}: too few signers")]
    Quorum {
        /// The file as the user named it.
        blob: String,
        /// Who has signed and who has not.
        source: TooFewSigners,
    },
    /// A log was asked for an entry and did not say whether there is one.
    #[error(transparent)]
    LookUp(ServiceError),
    /// A file is no policy.
    #[error("policy {path}: {reason}")]
    TrustPolicy {
        /// The path as the user gave it.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of trust or service data is not one.
    #[error("{path}")]
    Trust {
        /// The path as the user gave it.
        path: String,
        /// What is wrong with it.
        source: TrustError,
    },
    /// Services cannot be chosen.
    #[error("{path}")]
    Selection {
        /// The path as the user gave it.
        path: String,
        /// Why not.
        source: SelectionError,
    },
    /// What a TUF repository publishes could not be had.
    #[error("{} could not be had", match what {
        What::Services => "the services to sign with",
        What::Defaults => "the default services",
        What::Trust => "whom to trust",
    })]
    Published {
        /// What was looked for.
        what: What,
        /// Why not.
        source: PublishedError,
    },
    /// There is no token that says who signs.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// What is around gave no token.
    #[error(transparent)]
    Ambient(#[from] AmbientError),
    /// There is nothing to sign with.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// A bundle cannot be attached.
    #[error("{path}")]
    NotAttachable {
        /// The path as the user gave it.
        path: String,
        /// Why not.
        source: NotAttachable,
    },
    /// A bundle cannot be upgraded.
    #[error("{path}")]
    Upgrade {
        /// The path as the user gave it.
        path: String,
        /// Why not.
        source: UpgradeError,
    },
    /// A signature is not by the key that was given.
    #[error("the signature does not verify with the key {key}")]
    NotByKey {
        /// The key's hint.
        key: String,
    },
    /// A file holds no signed envelope.
    #[error("{path}")]
    Envelope {
        /// The path as the user gave it.
        path: String,
        /// What is wrong with it.
        source: EnvelopeError,
    },
    /// A file holds no signature.
    #[error("{path}")]
    Signature {
        /// The path as the user gave it.
        path: String,
        /// What is wrong with it.
        source: SignatureError,
    },
    /// Nothing that is attached is a signature.
    #[error("{reference}: no signatures associated")]
    NoSignatures {
        /// The name.
        reference: String,
    },
    /// Nothing that is attached is an attestation of the type.
    #[error("no attestations with predicate type '{predicate_type}' found")]
    NoAttestations {
        /// The URI of the type.
        predicate_type: String,
    },
    /// No bill of materials is attached.
    #[error("{reference}: no sbom attached to reference")]
    NoSbom {
        /// The name.
        reference: String,
    },
    /// Something attached is not what it should be.
    #[error("{} of the attachments cannot be read", details.len())]
    Unreadable {
        /// Which, and why, a line each.
        details: Vec<String>,
    },
    /// The images that a file names cannot be told.
    #[error("{path}")]
    Mentions {
        /// The path as the user gave it.
        path: String,
        /// Why.
        source: MentionsError,
    },
    /// A file names no image.
    #[error("no images found in {what}")]
    NoImages {
        /// What kind of file it is.
        what: &'static str,
    },
    /// The image was not verified.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The tag is not believed.
    #[error("{refusal}")]
    Tag {
        /// Why not.
        refusal: Box<TagRefusal>,
        /// What was found, a line each.
        found: Vec<String>,
    },
    /// A file of what is known of tags is not one.
    #[error("{path} cannot be read")]
    TagFile {
        /// The path, with the number of the line where there are lines.
        path: String,
        /// What is wrong with it.
        source: Unreadable,
    },
    /// There is no set of a repository's tags that can be read.
    #[error(transparent)]
    TagSet(#[from] SetError),
    /// The registry could not be served.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A command of the quickstart did not end as it must.
    #[error("`{command}` ended with exit code {found}, expected {expected}")]
    Walk {
        /// The command.
        command: String,
        /// The exit code it must have.
        expected: u8,
        /// The exit code it had.
        found: u8,
    },
    /// A task beside the main one did not end.
    #[error("working in the background")]
    Task(#[source] JoinError),
    /// All has been told already.
    #[error("see above")]
    Told {
        /// How the program ends.
        exit: Exit,
    },
    /// A file could not be read or written.
    #[error("{action} {path}")]
    File {
        /// What was tried: `reading` or `writing`.
        action: &'static str,
        /// The path as the user gave it.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// An input is larger than its limit.
    #[error("{what} is larger than the limit of {limit} bytes")]
    TooLarge {
        /// What was read.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// Standard input could not be read.
    #[error("reading standard input")]
    Input(#[source] io::Error),
    /// Standard output could not be written.
    #[error("writing standard output")]
    Output(#[source] io::Error),
    /// The runtime could not be started.
    #[error("starting the runtime")]
    Runtime(#[source] io::Error),
    /// The user said no.
    #[error("user declined the prompt")]
    Declined,
    /// The user said neither yes nor no.
    #[error("invalid input {found:?} (allowed values y, n)")]
    Answer {
        /// What was typed.
        found: String,
    },
    /// Two passwords typed for a new key are not the same.
    #[error("passwords do not match")]
    PasswordsDiffer,
    /// The machine gave no randomness.
    #[error("drawing random bytes")]
    Random(#[source] io::Error),
    /// The time for the whole command is over.
    #[error("the command did not finish within {after:?}")]
    TimedOut {
        /// The limit of `--timeout`.
        after: Duration,
    },
    /// A private key cannot be imported.
    #[error("importing {path}")]
    Import {
        /// The file.
        path: String,
        /// Why not.
        source: ImportError,
    },
    /// No key could be made.
    #[error("making a key")]
    Generate(#[from] PrivateKeyError),
    /// A key could not be sealed.
    #[error("sealing the private key")]
    Seal(#[from] SealError),
    /// A platform was asked for of something that has none.
    #[error("{reference}: specified reference is not a multiarch image")]
    NotAnIndex {
        /// The name.
        reference: String,
    },
    /// An index has no image for the platform.
    #[error("{reference} has no image for {wanted}, it has {found}")]
    NoPlatform {
        /// The name.
        reference: String,
        /// The platform asked for.
        wanted: String,
        /// The platforms there are.
        found: String,
    },
    /// An index has several images for the platform.
    #[error("{reference} has several images for {wanted}, expected one; it has {found}")]
    AmbiguousPlatform {
        /// The name.
        reference: String,
        /// The platform asked for.
        wanted: String,
        /// The platforms there are.
        found: String,
    },
    /// There is no folder for Docker's configuration.
    #[error("neither DOCKER_CONFIG nor HOME says where Docker's configuration is")]
    NoHome,
    /// Docker's configuration is not what it should be.
    #[error("{path} is not JSON")]
    DockerConfig {
        /// The file.
        path: String,
        /// What the JSON parser found.
        source: serde_json::Error,
    },
    /// A credential helper did not take a credential.
    #[error("{program} did not store the credentials: {reason}")]
    CredentialHelper {
        /// The program.
        program: String,
        /// What happened.
        reason: String,
    },
    /// Annotations cannot be read.
    #[error(transparent)]
    Annotations(#[from] AnnotationsError),
    /// Files cannot be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// An artifact could not be pushed.
    #[error(transparent)]
    Push(#[from] PushError),
    /// An artifact could not be pulled.
    #[error(transparent)]
    Pull(#[from] PullError),
    /// Files are no Tekton bundle, or an image is none.
    #[error(transparent)]
    Tekton(#[from] TektonError),
    /// A file is no WebAssembly.
    #[error("{path} is no WebAssembly module or component")]
    Wasm {
        /// The path as the user gave it.
        path: String,
        /// What is wrong with it.
        source: WasmError,
    },
    /// WebAssembly does not fit into the layout.
    #[error(transparent)]
    WasmLayout(#[from] LayoutError),
    /// The packages of an image or a folder cannot be listed.
    #[error(transparent)]
    Sbom(#[from] SbomError),
    /// Lists of packages in an image cannot be read.
    #[error("{} of the lists of packages cannot be read", details.len())]
    PackagesUnreadable {
        /// Which, and why, a line each.
        details: Vec<String>,
    },
    /// A chart could not be read, pushed or pulled.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// A file is no keyring.
    #[error("keyring {path}")]
    Keyring {
        /// The path as the user gave it.
        path: String,
        /// What is wrong with it.
        source: KeyringError,
    },
    /// A chart is not the one that was signed, or not by whom it should be.
    #[error("{chart} is not verified")]
    Provenance {
        /// The chart as the user named it.
        chart: String,
        /// Why not.
        source: ProvenanceError,
    },
}
