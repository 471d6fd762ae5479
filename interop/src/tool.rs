//! How each tool signs and verifies with a key and no service.

use std::fmt;

use crate::{Ended, Key, Peers, Run};

/// A program that signs and verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Our own.
    Ours,
    /// cosign 3.1.2.
    Cosign3,
    /// cosign 2.6.1.
    Cosign2,
}

/// The form a signature is stored in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A Sigstore bundle that refers to the image.
    Bundle,
    /// A layer under the `.sig` tag.
    Legacy,
}

impl Format {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Bundle, Self::Legacy];
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bundle => "bundle",
            Self::Legacy => "`.sig`",
        })
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ours => "countersign",
            Self::Cosign3 => "cosign 3",
            Self::Cosign2 => "cosign 2",
        })
    }
}

impl Tool {
    /// Returns the name of its program among the peers.
    pub fn program(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Cosign3 => "cosign3",
            Self::Cosign2 => "cosign2",
        }
    }

    /// Returns the arguments that sign `image` with `key`.
    pub fn sign_arguments(self, peers: &Peers, format: Format, key: &Key, image: &str) -> Vec<String> {
        self.writing("sign", peers, format, key, image)
    }

    /// The arguments of a command that writes a signature in `format` and reaches no service.
    fn writing(self, command: &str, peers: &Peers, format: Format, key: &Key, image: &str) -> Vec<String> {
        let (config, root) = peers.no_services();
        let flags: Vec<&str> = match (self, format) {
            (Self::Ours, Format::Bundle) => vec!["--signing-config", &config],
            (Self::Cosign3, Format::Bundle) => vec!["--signing-config", &config, "--trusted-root", &root],
            (Self::Ours | Self::Cosign3, Format::Legacy) => {
                vec![
                    "--new-bundle-format=false",
                    "--use-signing-config=false",
                    "--tlog-upload=false",
                ]
            }
            (Self::Cosign2, Format::Bundle) => {
                vec![
                    "--new-bundle-format",
                    "--signing-config",
                    &config,
                    "--tlog-upload=false",
                ]
            }
            (Self::Cosign2, Format::Legacy) => vec!["--tlog-upload=false"],
        };
        let mut arguments = vec![command, "--key", &key.private, "-y"];
        arguments.extend(flags);
        arguments.push(image);
        arguments.into_iter().map(str::to_owned).collect()
    }

    /// Attests what is in the file `predicate` of `image`, as being of type `kind`, with `key`.
    pub fn attest(
        self,
        peers: &Peers,
        format: Format,
        key: &Key,
        (kind, predicate): (&str, &str),
        image: &str,
    ) -> Ended {
        let arguments = self.writing("attest", peers, format, key, image);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Run::new(peers, self.program(), &arguments)
            .with(&["--type", kind, "--predicate", predicate])
            .end()
    }

    /// Verifies the attestations of type `kind` of `image` with the public half of `key`, and whatever `more` asks for.
    pub fn verify_attestation(
        self,
        peers: &Peers,
        format: Format,
        key: &Key,
        kind: &str,
        image: &str,
        more: &[&str],
    ) -> Ended {
        let (_, root) = peers.no_services();
        let mut arguments = vec![
            "verify-attestation",
            "--key",
            &key.public,
            "--insecure-ignore-tlog",
            "--type",
            kind,
        ];
        if (self, format) == (Self::Cosign2, Format::Bundle) {
            arguments.extend(["--new-bundle-format", "--trusted-root", &root]);
        }
        arguments.push(image);
        Run::new(peers, self.program(), &arguments).with(more).end()
    }

    /// Signs `image` with `key`.
    pub fn sign(self, peers: &Peers, format: Format, key: &Key, image: &str) -> Ended {
        let arguments = self.sign_arguments(peers, format, key, image);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Run::new(peers, self.program(), &arguments).end()
    }

    /// Verifies `image` with the public half of `key`.
    pub fn verify(self, peers: &Peers, format: Format, key: &Key, image: &str) -> Ended {
        let (_, root) = peers.no_services();
        let mut arguments = vec!["verify", "--key", &key.public, "--insecure-ignore-tlog"];
        if (self, format) == (Self::Cosign2, Format::Bundle) {
            arguments.extend(["--new-bundle-format", "--trusted-root", &root]);
        }
        arguments.push(image);
        Run::new(peers, self.program(), &arguments).end()
    }
}
