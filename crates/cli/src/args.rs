//! Flags that several commands share; each file is named after what it yields.

pub(crate) mod annotations;
pub(crate) mod attachment;
pub(crate) mod bases;
pub(crate) mod beside;
pub(crate) mod blob;
pub(crate) mod boolean;
pub(crate) mod chain;
pub(crate) mod claimed;
pub(crate) mod concurrency;
pub(crate) mod consent;
pub(crate) mod countersign;
pub(crate) mod credential;
pub(crate) mod current;
pub(crate) mod duration;
pub(crate) mod entry_type;
pub(crate) mod format;
pub(crate) mod global;
pub(crate) mod identity;
pub(crate) mod identity_token;
pub(crate) mod image;
pub(crate) mod input;
pub(crate) mod key;
pub(crate) mod key_pair;
pub(crate) mod keyring;
pub(crate) mod opener;
pub(crate) mod out;
pub(crate) mod output;
pub(crate) mod own_certificate;
pub(crate) mod packing;
pub(crate) mod pinned;
pub(crate) mod predicate_type;
pub(crate) mod registry;
pub(crate) mod service_spec;
pub(crate) mod services;
pub(crate) mod signature;
pub(crate) mod signer;
pub(crate) mod signer_spec;
pub(crate) mod signing_algorithm;
pub(crate) mod source;
pub(crate) mod tag_state;
pub(crate) mod target;
pub(crate) mod transfer;
pub(crate) mod trust_policy;
pub(crate) mod trusted_root;
pub(crate) mod trusted_signer;
pub(crate) mod usage;
pub(crate) mod vouched;

/// What was given; an empty value is none, as an unset variable leaves it.
pub(crate) fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|text| !text.is_empty())
}
