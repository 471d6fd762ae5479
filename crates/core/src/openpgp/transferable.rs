//! A key with what its owner says of it (RFC 9580 §10.1), and whether it could sign.

use jiff::Timestamp;

use super::key::Key;
use super::signature::{self, Issuer, Signature};
use super::{KeyProblem, Refusal};

/// A primary key with its names and subkeys, and the signatures that follow each.
#[derive(Clone, Debug)]
pub(super) struct TransferableKey {
    pub(super) primary: Key,
    pub(super) signatures: Vec<Vec<u8>>,
    pub(super) names: Vec<Name>,
    pub(super) subkeys: Vec<Subkey>,
}

/// A name of the key's owner.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) id: Vec<u8>,
    pub(super) signatures: Vec<Vec<u8>>,
}

#[derive(Clone, Debug)]
pub(super) struct Subkey {
    pub(super) key: Key,
    pub(super) signatures: Vec<Vec<u8>>,
}

/// Which of its keys is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Primary,
    Subkey(usize),
}

/// A key that could sign, and the names of its owner.
pub(super) struct Signer<'a> {
    pub(super) key: &'a Key,
    pub(super) names: Vec<String>,
}

/// What the owner says of the primary key.
struct Owner<'a> {
    /// What was said last, as a whole or with one of the names.
    statement: Signature<'a>,
    /// Whether it is for signing, where that was said.
    is_for_signing: Option<bool>,
    names: Vec<String>,
}

impl TransferableKey {
    /// The fingerprint of the primary key.
    pub(super) fn fingerprint(&self) -> String {
        hex::encode_upper(self.primary.fingerprint())
    }

    /// The place of the key that a signature names.
    pub(super) fn place(&self, issuer: &Issuer) -> Option<Place> {
        if issuer.names(&self.primary) {
            return Some(Place::Primary);
        }
        let subkey = self.subkeys.iter().position(|subkey| issuer.names(&subkey.key));
        subkey.map(Place::Subkey)
    }

    /// The key at `place`, where it could sign at `signed` and still may be believed `now`.
    pub(super) fn signer(&self, place: Place, signed: Timestamp, now: Timestamp) -> Result<Signer<'_>, KeyProblem> {
        let owner = self.owner(now)?;
        living(&self.primary, &owner.statement, signed, now)?;
        let key = match place {
            Place::Primary if owner.is_for_signing == Some(false) => return Err(KeyProblem::NotForSigning),
            Place::Primary => &self.primary,
            Place::Subkey(number) => {
                let subkey = self.subkeys.get(number).ok_or(KeyProblem::NotBound)?;
                self.check_subkey(subkey, signed, now)?;
                &subkey.key
            }
        };
        match key.problem() {
            Some(problem) => Err(problem.clone()),
            None => Ok(Signer {
                key,
                names: owner.names,
            }),
        }
    }

    fn owner(&self, now: Timestamp) -> Result<Owner<'_>, KeyProblem> {
        if let Some(problem) = self.primary.problem() {
            return Err(problem.clone());
        }
        let count: usize = self.names.iter().map(|name| name.signatures.len()).sum();
        if count + self.signatures.len() > SIGNATURES {
            return Err(KeyProblem::TooMany { limit: SIGNATURES });
        }
        let primary = self.primary.signed();
        if self.is_revoked(&self.signatures, signature::KEY_REVOKED, &[&primary]) {
            return Err(KeyProblem::Revoked);
        }
        let mut said = Said::default();
        let is_direct = |kind| kind == signature::DIRECT;
        let direct = self.latest(&self.signatures, is_direct, &[&primary], now, &mut said);
        let mut statements: Vec<Signature<'_>> = direct.into_iter().collect();
        let mut names = Vec::new();
        for name in &self.names {
            let id = name.signed();
            let parts: [&[u8]; 2] = [&primary, &id];
            let is_name = |kind| (signature::NAME..=signature::NAME_LAST).contains(&kind);
            let Some(found) = self.latest(&name.signatures, is_name, &parts, now, &mut said) else {
                continue;
            };
            if self.is_revoked(&name.signatures, signature::NAME_REVOKED, &parts) {
                continue;
            }
            names.push(name.shown());
            statements.push(found);
        }
        let with_flags = statements.iter().filter(|said| said.is_for_signing().is_some());
        let is_for_signing = with_flags.max_by_key(|said| said.created());
        let is_for_signing = is_for_signing.and_then(Signature::is_for_signing);
        match (statements.into_iter().max_by_key(Signature::created), said.weak) {
            (Some(statement), _) => Ok(Owner {
                statement,
                is_for_signing,
                names,
            }),
            (None, Some(hash)) => Err(KeyProblem::WeakSelfSignature { hash }),
            (None, None) => Err(KeyProblem::NoSelfSignature),
        }
    }

    fn check_subkey(&self, subkey: &Subkey, signed: Timestamp, now: Timestamp) -> Result<(), KeyProblem> {
        if subkey.signatures.len() > SIGNATURES {
            return Err(KeyProblem::TooMany { limit: SIGNATURES });
        }
        let (primary, own) = (self.primary.signed(), subkey.key.signed());
        let parts: [&[u8]; 2] = [&primary, &own];
        if self.is_revoked(&subkey.signatures, signature::SUBKEY_REVOKED, &parts) {
            return Err(KeyProblem::Revoked);
        }
        let mut said = Said::default();
        let is_binding = |kind| kind == signature::SUBKEY;
        let Some(binding) = self.latest(&subkey.signatures, is_binding, &parts, now, &mut said) else {
            return Err(match said.weak {
                Some(hash) => KeyProblem::WeakSelfSignature { hash },
                None => KeyProblem::NotBound,
            });
        };
        living(&subkey.key, &binding, signed, now)?;
        if binding.is_for_signing() != Some(true) {
            return Err(KeyProblem::NotForSigning);
        }
        // else whoever has the primary key could claim signatures of another's key
        let back = binding.embedded().and_then(|body| Signature::parse(body).ok());
        let is_back = |back: &Signature<'_>| {
            back.kind() == signature::PRIMARY
                && back.refuse_critical().is_ok()
                && holds(back, now)
                && back.is_by(&subkey.key, &parts) == Ok(true)
        };
        match back {
            Some(back) if is_back(&back) => Ok(()),
            _ => Err(KeyProblem::NotBoundBack),
        }
    }

    /// The latest signature of a kind that the primary key made over `parts`.
    fn latest<'a>(
        &self,
        signatures: &'a [Vec<u8>],
        is_wanted: impl Fn(u8) -> bool,
        parts: &[&[u8]],
        now: Timestamp,
        said: &mut Said,
    ) -> Option<Signature<'a>> {
        let own = signatures.iter().filter_map(|body| Signature::parse(body).ok());
        own.filter(|own| is_wanted(own.kind()) && own.refuse_critical().is_ok() && holds(own, now))
            .filter(|own| own.issuer().is_ok_and(|issuer| issuer.names(&self.primary)))
            .filter(|own| match own.is_by(&self.primary, parts) {
                Err(Refusal::WeakHash { found }) => {
                    said.weak = Some(found);
                    false
                }
                outcome => outcome == Ok(true),
            })
            .max_by_key(Signature::created)
    }

    /// Says whether there is a revocation; one that cannot be checked is one.
    fn is_revoked(&self, signatures: &[Vec<u8>], kind: u8, parts: &[&[u8]]) -> bool {
        signatures.iter().any(|body| match Signature::parse(body) {
            Ok(revocation) if revocation.kind() != kind => false,
            Ok(revocation) => match revocation.issuer() {
                Ok(issuer) if issuer.names(&self.primary) => revocation.is_by(&self.primary, parts) != Ok(false),
                _ => true,
            },
            // where the kind stands in versions 3 and 4
            Err(_) => body.get(1) == Some(&kind) || body.get(2) == Some(&kind),
        })
    }
}

/// What else was found.
#[derive(Default)]
struct Said {
    /// The hash of a signature that does not count because of it.
    weak: Option<&'static str>,
}

impl Name {
    fn signed(&self) -> Vec<u8> {
        let length = u32::try_from(self.id.len()).unwrap_or(u32::MAX);
        let mut signed = vec![0xb4];
        signed.extend(length.to_be_bytes());
        signed.extend_from_slice(&self.id);
        signed
    }

    /// The name as it may be shown on a terminal.
    fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.id);
        text.chars().filter(|character| !character.is_control()).collect()
    }
}

/// Says whether a signature over a key counts now.
fn holds(signature: &Signature<'_>, now: Timestamp) -> bool {
    signature.created().is_some_and(|created| created <= now) && signature.expires().is_none_or(|at| now < at)
}

/// Checks that a key was there when it signed, and has not expired since.
fn living(key: &Key, statement: &Signature<'_>, signed: Timestamp, now: Timestamp) -> Result<(), KeyProblem> {
    if key.created() > signed {
        return Err(KeyProblem::Younger { created: key.created() });
    }
    match statement.key_expires(key) {
        Some(at) if at <= now => Err(KeyProblem::Expired { at }),
        _ => Ok(()),
    }
}

/// The most signatures that are looked at of one key.
const SIGNATURES: usize = 4096;
