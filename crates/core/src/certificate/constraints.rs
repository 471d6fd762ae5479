//! Which names an authority may certify (RFC 5280 §4.2.1.10).

use std::fmt;
use std::net::IpAddr;

use der::{Tag, TagNumber};

use super::encoding::{Element, context};
use super::names::{self, DIRECTORY, DNS, EMAIL, IP, Name, OTHER_NAME, URI};
use super::{Certificate, CertificateError, DistinguishedName, malformed};

/// The names that may and may not be below an authority.
#[derive(Clone, Debug)]
pub(super) struct NameConstraints {
    permitted: Vec<Base>,
    excluded: Vec<Base>,
}

/// The names of one form that are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Base {
    Directory(DistinguishedName),
    /// A host, and what is below it; all hosts when empty.
    Dns(String),
    /// A mailbox, all mailboxes of a host, or with a leading point all of what is below it.
    Email(String),
    /// An address and its mask.
    Ip {
        address: Box<[u8]>,
        mask: Box<[u8]>,
    },
    /// Of a form that is not known here.
    Unknown(TagNumber),
    /// A host, or with a leading point all of what is below it.
    Uri(String),
}

impl NameConstraints {
    pub(super) fn read(der: &[u8]) -> Result<Self, CertificateError> {
        let wrong = malformed("nameConstraints");
        let constraints = Self::subtrees(der).map_err(wrong)?;
        if constraints.permitted.len().max(constraints.excluded.len()) > LIMIT {
            return Err(CertificateError::TooManyNames { limit: LIMIT });
        }
        Ok(constraints)
    }

    /// Judges every name of a certificate: each must be permitted, if names of its form are, and none excluded.
    pub(super) fn judge(&self, certificate: &Certificate, comparisons: &mut Comparisons) -> Finding {
        for form in &certificate.extensions.names.unknown {
            if self.names_form(*form) {
                return Finding::refused(&"a name of an unknown form", NameRefusal::NotUnderstood);
            }
        }
        for name in constrained_names(certificate) {
            match self.judge_name(&name, comparisons) {
                Finding::Permitted => {}
                refused => return refused,
            }
        }
        Finding::Permitted
    }

    fn judge_name(&self, name: &Name, comparisons: &mut Comparisons) -> Finding {
        let form = form(name);
        let mut is_permitted = !self.permitted.iter().any(|base| base.form() == form);
        let bases = self.excluded.iter().map(|base| (base, true));
        for (base, excludes) in bases.chain(self.permitted.iter().map(|base| (base, false))) {
            if base.form() != form {
                continue;
            }
            if !comparisons.take() {
                return Finding::TooMuchWork;
            }
            match base.contains(name) {
                None => return Finding::refused(name, NameRefusal::NotUnderstood),
                Some(true) if excludes => return Finding::refused(name, NameRefusal::Excluded),
                Some(is_within) => is_permitted |= is_within && !excludes,
            }
        }
        if is_permitted {
            Finding::Permitted
        } else {
            Finding::refused(name, NameRefusal::NotPermitted)
        }
    }

    fn names_form(&self, form: TagNumber) -> bool {
        self.permitted
            .iter()
            .chain(&self.excluded)
            .any(|base| base.form() == form)
    }

    fn subtrees(der: &[u8]) -> der::Result<Self> {
        let list = Element::only(Tag::Sequence, der)?;
        let mut fields = list.elements();
        let permitted = fields.optional(context(TagNumber::N0, true))?;
        let excluded = fields.optional(context(TagNumber::N1, true))?;
        fields.finish()?;
        if permitted.is_none() && excluded.is_none() {
            return Err(list.tag.length_error());
        }
        Ok(Self {
            permitted: permitted.map_or(Ok(Vec::new()), bases)?,
            excluded: excluded.map_or(Ok(Vec::new()), bases)?,
        })
    }
}

/// What constraints say of a certificate.
pub(super) enum Finding {
    Permitted,
    Refused { name: String, reason: NameRefusal },
    TooMuchWork,
}

impl Finding {
    fn refused(name: &impl fmt::Display, reason: NameRefusal) -> Self {
        Self::Refused {
            name: name.to_string(),
            reason,
        }
    }
}

/// Why an authority may not certify a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameRefusal {
    /// It is among those that are excluded.
    Excluded,
    /// It is not among those that are permitted.
    NotPermitted,
    /// Whether it is among them cannot be told.
    NotUnderstood,
}

impl fmt::Display for NameRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Excluded => "it is forbidden to certify",
            Self::NotPermitted => "it is not permitted to certify",
            Self::NotUnderstood => "cannot be compared with what it may certify",
        })
    }
}

/// How many comparisons may still be made.
pub(super) struct Comparisons(usize);

impl Comparisons {
    pub(super) fn new(most: usize) -> Self {
        Self(most)
    }

    fn take(&mut self) -> bool {
        let left = self.0.checked_sub(1);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// Returns the names that constraints apply to: the alternative ones, the subject's, and in want of a proper one the
/// e-mail address in the subject.
fn constrained_names(certificate: &Certificate) -> impl Iterator<Item = Name> {
    let known = &certificate.extensions.names.known;
    let subject = Some(&certificate.subject).filter(|subject| !subject.is_empty());
    let emails = if known.iter().any(|name| matches!(name, Name::Email(_))) {
        Vec::new()
    } else {
        certificate.subject.emails()
    };
    subject
        .cloned()
        .map(Name::Directory)
        .into_iter()
        .chain(known.iter().cloned())
        .chain(emails.into_iter().map(Name::Email))
}

fn form(name: &Name) -> TagNumber {
    match name {
        Name::Directory(_) => DIRECTORY,
        Name::Dns(_) => DNS,
        Name::Email(_) => EMAIL,
        Name::Ip(_) => IP,
        Name::OtherName(_) => OTHER_NAME,
        Name::Uri(_) => URI,
    }
}

impl Base {
    fn form(&self) -> TagNumber {
        match self {
            Self::Directory(_) => DIRECTORY,
            Self::Dns(_) => DNS,
            Self::Email(_) => EMAIL,
            Self::Ip { .. } => IP,
            Self::Unknown(number) => *number,
            Self::Uri(_) => URI,
        }
    }

    /// Says whether a name of the same form is within, `None` if that cannot be told.
    fn contains(&self, name: &Name) -> Option<bool> {
        match (self, name) {
            (Self::Directory(base), Name::Directory(name)) => Some(name.is_within(base)),
            (Self::Dns(base), Name::Dns(name)) => Some(is_host_or_below(base, name)),
            (Self::Email(base), Name::Email(name)) => {
                let (mailbox, host) = name.rsplit_once('@')?;
                Some(match base.rsplit_once('@') {
                    Some((base_mailbox, base_host)) => base_mailbox == mailbox && base_host.eq_ignore_ascii_case(host),
                    None => is_host(base, host),
                })
            }
            (Self::Ip { address, mask }, Name::Ip(name)) => Some(is_in_network(address, mask, *name)),
            (Self::Uri(base), Name::Uri(name)) => Some(is_host(base, uri_host(name)?)),
            _ => None,
        }
    }
}

/// Says whether `name` is the host `base` or, when that begins with a point, one below it; no host is any.
fn is_host(base: &str, name: &str) -> bool {
    match base.strip_prefix('.') {
        Some(parent) => is_below(parent, name),
        None => base.is_empty() || base.eq_ignore_ascii_case(name),
    }
}

/// Says whether `name` is the host `base` or one below it; no host is any.
fn is_host_or_below(base: &str, name: &str) -> bool {
    let parent = base.strip_prefix('.').unwrap_or(base);
    base.is_empty() || is_below(parent, name) || base.eq_ignore_ascii_case(name)
}

fn is_below(parent: &str, name: &str) -> bool {
    let length = name.len().checked_sub(parent.len());
    match length.and_then(|length| name.split_at_checked(length)) {
        Some((labels, end)) => end.eq_ignore_ascii_case(parent) && labels.len() > 1 && labels.ends_with('.'),
        None => false,
    }
}

fn is_in_network(address: &[u8], mask: &[u8], name: IpAddr) -> bool {
    let octets = match name {
        IpAddr::V4(name) => name.octets().to_vec(),
        IpAddr::V6(name) => name.octets().to_vec(),
    };
    let masked = |octets: &[u8]| -> Vec<u8> { octets.iter().zip(mask).map(|(octet, mask)| octet & mask).collect() };
    octets.len() == address.len() && masked(&octets) == masked(address)
}

/// Returns the host of a URI, which must be a name to be compared (RFC 5280 §4.2.1.10).
fn uri_host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) => return None,
        None => host,
    };
    let is_name = !host.is_empty() && !host.starts_with('[') && host.parse::<IpAddr>().is_err();
    is_name.then_some(host)
}

/// Reads `GeneralSubtrees`, whose distances are never written (RFC 5280 §4.2.1.10).
fn bases(list: Element<'_>) -> der::Result<Vec<Base>> {
    let mut subtrees = list.elements();
    let mut bases = Vec::new();
    while let Some(subtree) = subtrees.next()? {
        subtree.tag.assert_eq(Tag::Sequence)?;
        let mut fields = subtree.elements();
        let base = fields.next()?.ok_or_else(|| subtree.tag.length_error())?;
        fields.finish()?;
        bases.push(base_of(base)?);
    }
    if bases.is_empty() {
        return Err(list.tag.length_error());
    }
    Ok(bases)
}

fn base_of(element: Element<'_>) -> der::Result<Base> {
    let Tag::ContextSpecific { number, .. } = element.tag else {
        return Err(element.tag.unexpected_error(None));
    };
    Ok(match number {
        DIRECTORY => Base::Directory(DistinguishedName::read(Element::only(
            Tag::Sequence,
            element.contents,
        )?)?),
        DNS => Base::Dns(ascii(element)?),
        EMAIL => Base::Email(ascii(element)?),
        IP => match element.contents.split_at_checked(element.contents.len() / 2) {
            Some((address, mask)) if matches!((address.len(), mask.len()), (4, 4) | (16, 16)) => Base::Ip {
                address: address.into(),
                mask: mask.into(),
            },
            _ => return Err(element.tag.length_error()),
        },
        URI => Base::Uri(ascii(element)?),
        number => Base::Unknown(number),
    })
}

fn ascii(element: Element<'_>) -> der::Result<String> {
    let text = element.text()?;
    if text.is_ascii() {
        Ok(text.to_owned())
    } else {
        Err(element.tag.value_error())
    }
}

/// The most names that are read of what is permitted, and of what is excluded.
const LIMIT: usize = names::LIMIT;
