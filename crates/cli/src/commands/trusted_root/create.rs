//! `trusted-root create`: a trusted root of the services of a private instance.

use clap::Args;
use countersign_core::key::KEY_FILE_LIMIT;
use countersign_core::trust::{self, Authority, TransparencyLog, TrustedRoot, Validity};
use jiff::Timestamp;

use crate::args::given;
use crate::args::usage::UsageError;
use crate::commands::{Fallback, Subcommand};
use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::session::Session;

/// Makes a trusted root
#[derive(Args)]
pub(crate) struct Create {
    /// A certificate authority: url=URL,certificate-chain=FILE[,start-time=TIME][,end-time=TIME], its root last
    #[arg(long, value_name = "SERVICE")]
    fulcio: Vec<String>,

    /// A certificate log: url=URL,public-key=FILE,start-time=TIME[,end-time=TIME]
    #[arg(long, value_name = "SERVICE")]
    ctfe: Vec<String>,

    /// A transparency log: url=URL,public-key=FILE,start-time=TIME[,end-time=TIME][,origin=NAME], with origin for Rekor 2
    #[arg(long, value_name = "SERVICE")]
    rekor: Vec<String>,

    /// A timestamp authority: url=URL,certificate-chain=FILE[,start-time=TIME][,end-time=TIME], the one that signs first
    #[arg(long, value_name = "SERVICE")]
    tsa: Vec<String>,

    /// Adds the services of the public instance, which are not reached yet
    #[arg(long)]
    with_default_services: bool,

    /// Writes the trusted root to FILE, mode 0600, instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<String>,
}

impl Subcommand for Create {
    const NAME: &'static str = "trusted-root create";
    const ABOUT: &'static str = "Makes a trusted root of the services of a private instance";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        if self.with_default_services {
            return Err(UsageError::because(
                "--with-default-services needs the trust root of the public instance, which is not fetched yet",
            )
            .into());
        }
        let root = TrustedRoot::default()
            .with_certificate_authorities(each(&self.fulcio, "fulcio", |service| {
                service.authority(Start::OfRoot, session)
            })?)
            .with_certificate_logs(each(&self.ctfe, "ctfe", |service| service.log(session))?)
            .with_logs(each(&self.rekor, "rekor", |service| service.log(session))?)
            .with_timestamp_authorities(each(&self.tsa, "tsa", |service| {
                service.authority(Start::OfSigner, session)
            })?);
        let json = root.to_json();
        match given(&self.out) {
            Some(path) => file::write(session.directory(), path, &json, Mode::Private, Existing::Replace),
            None => {
                session.ui().print(&json)?;
                session.ui().print(b"\n")
            }
        }
    }
}

/// Reads what every use of a flag says.
fn each<T>(
    texts: &[String],
    flag: &'static str,
    read: impl Fn(&ServiceText<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    texts
        .iter()
        .map(|text| read(&ServiceText::parse(flag, text)?))
        .collect()
}

/// From when an authority is believed if nothing is said.
#[derive(Clone, Copy)]
enum Start {
    /// From when its root is valid.
    OfRoot,
    /// From when the certificate that signs is valid.
    OfSigner,
}

/// A service as the command line says it, `key=value,key=value`.
struct ServiceText<'a> {
    flag: &'static str,
    members: Vec<(&'a str, &'a str)>,
}

impl<'a> ServiceText<'a> {
    fn parse(flag: &'static str, text: &'a str) -> Result<Self, Failure> {
        let mut members: Vec<(&str, &str)> = Vec::new();
        for member in text.split(',') {
            let (key, value) = member
                .split_once('=')
                .ok_or_else(|| wrong(flag, &format!("{member:?} is no key=value")))?;
            let key = key.trim();
            if !KEYS.contains(&key) {
                return Err(wrong(
                    flag,
                    &format!("unknown key {key:?}, expected one of {}", KEYS.join(", ")),
                ));
            }
            if members.iter().any(|(other, _)| *other == key) {
                return Err(wrong(flag, &format!("key {key:?} is there twice")));
            }
            members.push((key, value.trim()));
        }
        Ok(Self { flag, members })
    }

    fn find(&self, key: &str) -> Option<&'a str> {
        let (_, value) = self.members.iter().find(|(found, _)| *found == key)?;
        Some(*value).filter(|value| !value.is_empty())
    }

    fn require(&self, key: &str) -> Result<&'a str, Failure> {
        self.find(key)
            .ok_or_else(|| wrong(self.flag, &format!("missing required key '{key}' in service spec")))
    }

    fn refuse(&self, keys: &[&str]) -> Result<(), Failure> {
        match keys.iter().find(|key| self.find(key).is_some()) {
            Some(key) => Err(wrong(self.flag, &format!("key {key:?} is not one of this service"))),
            None => Ok(()),
        }
    }

    fn time(&self, key: &str) -> Result<Option<Timestamp>, Failure> {
        self.find(key)
            .map(|text| {
                text.parse().map_err(|error| {
                    wrong(
                        self.flag,
                        &format!("{key} is {text:?}, expected a time of RFC 3339: {error}"),
                    )
                })
            })
            .transpose()
    }

    fn authority(&self, otherwise: Start, session: &Session<'_>) -> Result<Authority, Failure> {
        self.refuse(&["public-key", "origin"])?;
        let (url, path) = (self.require("url")?, self.require("certificate-chain")?);
        let pem = file::read(session.directory(), path, trust::LIMIT as u64)?;
        let whole = Authority::from_pem(url, &pem, Validity::ALWAYS).map_err(|source| Failure::trust(path, source))?;
        let dating = match otherwise {
            Start::OfRoot => whole.chain().last(),
            Start::OfSigner => whole.chain().first(),
        };
        let start = match self.time("start-time")? {
            Some(start) => Some(start),
            None => dating.and_then(|certificate| certificate.validity().start()),
        };
        let validity = Validity::new(start, self.time("end-time")?);
        Ok(Authority::new(url.to_owned(), whole.chain().to_vec(), validity))
    }

    fn log(&self, session: &Session<'_>) -> Result<TransparencyLog, Failure> {
        self.refuse(&["certificate-chain"])?;
        let (url, path) = (self.require("url")?, self.require("public-key")?);
        self.require("start-time")?;
        let validity = Validity::new(self.time("start-time")?, self.time("end-time")?);
        let pem = file::read(session.directory(), path, KEY_FILE_LIMIT as u64)?;
        let log = TransparencyLog::from_pem(url.to_owned(), &pem, validity)
            .map_err(|error| wrong(self.flag, &format!("{path}: {error}")))?;
        Ok(match self.find("origin") {
            Some(origin) => log.with_origin(origin),
            None => log,
        })
    }
}

fn wrong(flag: &str, reason: &str) -> Failure {
    UsageError::because(format!("parsing {flag} spec: {reason}")).into()
}

/// What may be said of a service.
const KEYS: [&str; 6] = [
    "certificate-chain",
    "end-time",
    "origin",
    "public-key",
    "start-time",
    "url",
];
