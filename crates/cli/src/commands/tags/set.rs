//! The set of a repository's tags: how it is changed.

use countersign::tags::{StoredSet, fetch_set, place_set, push_set};
use countersign_core::tag::{Listed, Period, SET_TAG, State, TagName, TagSet};
use countersign_oci::{AnyStore, Repository, StoreError};

use super::names::{self, Named};
use super::own::{Own, Said, Wanted};
use crate::args::tag_state::TagState;
use crate::args::usage::UsageError;
use crate::failure::Failure;

/// What is to change in the set of one repository.
pub(super) struct Change {
    store: AnyStore,
    repository: Repository,
    name: TagName,
    tags: Vec<(String, Option<Listed>)>,
}

/// Lists a tag.
pub(super) fn add(changes: &mut Vec<Change>, named: &Named, tag: &str, listed: Listed) -> Result<(), Failure> {
    if tag == SET_TAG {
        return Err(UsageError::because(format!("{SET_TAG} is the set itself, which does not list itself")).into());
    }
    let name = named.name.sibling(SET_TAG).map_err(names::unusable)?;
    let entry = (tag.to_owned(), Some(listed));
    match changes.iter_mut().find(|change| change.name == name) {
        Some(change) => change.tags.push(entry),
        None => changes.push(Change {
            store: named.store().clone(),
            repository: named.reference().repository().clone(),
            name,
            tags: vec![entry],
        }),
    }
    Ok(())
}

/// Lists a tag as removed.
pub(super) fn remove(changes: &mut [Change], tag: &str) -> Result<(), Failure> {
    match changes {
        [change] => change.tags.push((tag.to_owned(), None)),
        _ => {
            let reason = "--removed is about the tags of one repository";
            return Err(UsageError::because(reason).into());
        }
    }
    Ok(())
}

/// Fetches the set of a tag's repository, which must be signed by this signer and take back nothing that was seen.
pub(super) async fn fetch(
    name: &TagName,
    repository: &Repository,
    store: &AnyStore,
    own: &Own<'_, '_>,
    state: &State,
) -> Result<Option<StoredSet>, Failure> {
    let name = name.sibling(SET_TAG).map_err(names::unusable)?;
    let known = state.known_set(name.repository());
    let Some(stored) = fetch_set(repository, store).await? else {
        return match known {
            None => Ok(None),
            Some(_) => Err(Failure::NoTag {
                image: repository.tag(SET_TAG)?.to_string(),
            }),
        };
    };
    let said = own.earlier(&name, &stored.image, store).await?;
    if said.candidates.is_empty() {
        let refusal = countersign_core::tag::TagRefusal::NotSigned {
            name,
            digest: stored.image.digest().clone(),
        };
        return Err(Failure::tag(refusal));
    }
    stored.set.check(&name, known).map_err(Failure::tag)?;
    Ok(Some(stored))
}

/// Makes the change, signs the set that comes of it, and gives it its tag; where somebody else was quicker, once more on top
/// of theirs.
pub(super) async fn update(
    change: &Change,
    period: Period,
    own: &Own<'_, '_>,
    known: &mut TagState,
) -> Result<(), Failure> {
    for _ in 0..ROUNDS {
        let before = fetch(&change.name, &change.repository, &change.store, own, &known.state).await?;
        let set = changed(change, before.as_ref())?;
        let subject = push_set(&change.repository, &set, &change.store).await?;
        let mut said = Said::of_state(&known.state, &change.name);
        let image = before.as_ref().map(|before| &before.image);
        if let Some(image) = image {
            said.extend(&own.earlier(&change.name, image, &change.store).await?);
        }
        let wanted = Wanted {
            name: change.name.clone(),
            period,
            sequence: None,
        };
        let statement = own.say(&wanted, &subject, &change.store, said).await?;
        if place_set(&change.repository, &subject, image, &change.store).await? {
            known.state.know(change.name.clone(), own.known(&statement));
            known.state.note_set(&set);
            known.write(own.session)?;
            own.session.ui().info(&format!(
                "Signed the tag set of {}: sequence {}, expires {}",
                set.repository(),
                statement.sequence,
                statement.period.expires()
            ));
            return Ok(());
        }
    }
    let what = change.repository.tag(SET_TAG)?.to_string();
    let attempts = ROUNDS;
    Err(StoreError::Contended { what, attempts }.into())
}

fn changed(change: &Change, before: Option<&StoredSet>) -> Result<TagSet, Failure> {
    let following = match before {
        None => Some(TagSet::new(change.name.repository())),
        Some(before) => before.set.following(before.image.digest().clone()),
    };
    let mut set = following.ok_or_else(|| UsageError::because("no sequence number is left for the tag set"))?;
    for (tag, listed) in &change.tags {
        let old = set.listed(tag).map(Listed::sequence);
        match (listed, old) {
            // somebody else has listed a newer statement meanwhile
            (Some(listed), Some(old)) if listed.sequence() < old => {}
            (Some(listed), _) => set.list(tag, listed.clone()),
            (None, Some(old)) => {
                let sequence = old.next().unwrap_or(old);
                set.list(tag, Listed::Removed { sequence });
            }
            (None, None) => {
                let reason = format!("--removed {tag}: the tag set does not list it");
                return Err(UsageError::because(reason).into());
            }
        }
    }
    Ok(set)
}

/// How often the set is made anew where others change it at the same time.
const ROUNDS: u32 = 8;
