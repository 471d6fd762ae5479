//! Authorities that are trusted to issue certificates or timestamps (protobuf-specs, `CertificateAuthority`).

use super::{CERTIFICATES, SERVICES, TrustError, Validity};
use crate::certificate::Certificate;
use crate::quoted::Quoted;

/// An authority: of certificates for signers (Fulcio), or of timestamps.
#[derive(Clone, Debug)]
pub struct Authority {
    uri: String,
    chain: Vec<Certificate>,
    validity: Validity,
    operator: Option<String>,
}

impl Authority {
    /// Names an authority by its address, its certificates, and when it is to be believed.
    ///
    /// The chain begins with the certificate that issues or, of a timestamp authority, the one that signs, and ends with
    /// what is trusted.
    pub fn new(uri: String, chain: Vec<Certificate>, validity: Validity) -> Self {
        Self {
            uri,
            chain,
            validity,
            operator: None,
        }
    }

    /// Takes the chain of a PEM file, in the order of [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// [`TrustError::Certificate`] when the file holds no certificates, or more than [are read](CERTIFICATES).
    pub fn from_pem(uri: &str, chain: &[u8], validity: Validity) -> Result<Self, TrustError> {
        let chain = certificates(uri, chain, CERTIFICATES)?;
        Ok(Self::new(uri.to_owned(), chain, validity))
    }

    /// Takes every certificate of one PEM file as a root, under which there may be those of another; each root is an
    /// authority of its own, always to be believed.
    ///
    /// # Errors
    ///
    /// [`TrustError::Certificate`] when a file holds no certificates, or more than are read.
    pub fn of_roots(uri: &str, roots: &[u8], intermediates: Option<&[u8]>) -> Result<Vec<Self>, TrustError> {
        let roots = certificates(uri, roots, SERVICES)?;
        let intermediates = match intermediates {
            Some(text) => certificates(uri, text, CERTIFICATES)?,
            None => Vec::new(),
        };
        Ok(each(uri, roots, &intermediates))
    }

    /// Takes the certificates of one PEM file as roots if they are issued by themselves, otherwise as what may be under
    /// any of the roots; each root is an authority of its own, always to be believed.
    ///
    /// # Errors
    ///
    /// [`TrustError::Certificate`] when the file holds no certificates, or more than are read; [`TrustError::NoRoot`].
    pub fn of_pool(uri: &str, pool: &[u8]) -> Result<Vec<Self>, TrustError> {
        let pool = certificates(uri, pool, SERVICES)?;
        let found = pool.len();
        let (roots, intermediates): (Vec<_>, Vec<_>) = pool
            .into_iter()
            .partition(|certificate| certificate.subject() == certificate.issuer());
        if roots.is_empty() {
            return Err(TrustError::NoRoot {
                authority: Quoted::new(uri),
                found,
            });
        }
        Ok(each(uri, roots, &intermediates))
    }

    /// Says who runs the authority.
    #[must_use]
    pub fn run_by(mut self, operator: Option<String>) -> Self {
        self.operator = operator;
        self
    }

    /// Returns the authority's address, which names it in messages.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Returns the certificates: the one that issues or signs first, the trusted one last.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Returns when the authority is to be believed.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Returns who runs the authority, if that is known.
    pub fn operator(&self) -> Option<&str> {
        self.operator.as_deref()
    }

    /// Returns what the authority counts as towards a threshold: its operator, or else its address, or else what is
    /// trusted.
    pub(crate) fn counted_as(&self) -> CountedAs {
        match (&self.operator, self.uri.as_str()) {
            (Some(operator), _) => CountedAs::Operator(operator.clone()),
            (None, "") => CountedAs::Root(self.chain.last().map_or(Vec::new(), |root| root.as_der().to_vec())),
            (None, uri) => CountedAs::Address(uri.to_owned()),
        }
    }
}

/// What several authorities have in common that are one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CountedAs {
    Address(String),
    Operator(String),
    Root(Vec<u8>),
}

fn certificates(uri: &str, pem: &[u8], limit: usize) -> Result<Vec<Certificate>, TrustError> {
    Certificate::chain_from_pem(pem, limit).map_err(|source| TrustError::Certificate {
        authority: Quoted::new(uri),
        source,
    })
}

fn each(uri: &str, roots: Vec<Certificate>, intermediates: &[Certificate]) -> Vec<Authority> {
    roots
        .into_iter()
        .map(|root| {
            let chain = intermediates.iter().cloned().chain([root]).collect();
            Authority::new(uri.to_owned(), chain, Validity::ALWAYS)
        })
        .collect()
}
