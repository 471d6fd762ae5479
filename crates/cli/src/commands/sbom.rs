//! `sbom`: software bills of materials, made, attached, signed and attested.

mod attach;
mod bill;
mod generate;
mod publish;
mod signing;

use super::Entry;

pub(super) const GROUP: Entry = Entry::group(
    "sbom",
    "Makes software bills of materials of images and folders, attaches, signs and attests them",
    &[Entry::of::<attach::Attach>(), Entry::of::<generate::Generate>()],
);
