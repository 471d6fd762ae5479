//! Lists of tags and repositories, and pages of them.

use std::path::{Path, PathBuf};

use super::folder::names_in;
use super::key::Key;
use super::{Store, StoreError};
use crate::registry::name::{RepositoryName, Tag};

/// A page of a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) rest: Rest,
}

/// What comes after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    More,
    End,
}

impl<T> Page<T> {
    /// Cuts the page that follows `last` out of a list, with at most `count` items; sorts by `key` in ASCII order.
    pub(crate) fn cut(mut items: Vec<T>, key: impl Fn(&T) -> &str, last: Option<&str>, count: usize) -> Self {
        items.retain(|item| last.is_none_or(|last| key(item) > last));
        items.sort_by(|a, b| key(a).cmp(key(b)));
        let rest = if items.len() > count { Rest::More } else { Rest::End };
        items.truncate(count);
        Self { items, rest }
    }
}

impl Store {
    /// Lists the tags of a repository, in no order.
    pub(crate) fn tags(&self, name: &RepositoryName) -> Result<Vec<Tag>, StoreError> {
        let key = Key::tags(name);
        self.folder
            .list(&key)?
            .into_iter()
            .map(|tag| {
                tag.parse().map_err(|_| StoreError::Corrupt {
                    path: self.folder.path(&key).join(&tag),
                    what: "name is not a tag",
                })
            })
            .collect()
    }

    /// Lists the repositories, also those to which only an upload was begun, in no order.
    pub(crate) fn repositories(&self) -> Result<Vec<RepositoryName>, StoreError> {
        let top = self.folder.path(&Key::in_root("repositories"));
        let mut found = Vec::new();
        let mut unread = vec![PathBuf::new()];
        while let Some(below) = unread.pop() {
            let mut is_repository = false;
            for child in names_in(&top.join(&below))? {
                if child.starts_with('_') {
                    is_repository = true;
                } else {
                    unread.push(below.join(child));
                }
            }
            if is_repository {
                found.push(parse_repository(&top, &below)?);
            }
        }
        Ok(found)
    }
}

fn parse_repository(top: &Path, below: &Path) -> Result<RepositoryName, StoreError> {
    let name = below.to_str().and_then(|name| name.parse().ok());
    name.ok_or_else(|| StoreError::Corrupt {
        path: top.join(below),
        what: "name is not a repository's",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_follows_the_last_item_in_ascii_order() {
        let cut = |last, count| Page::cut(vec!["b", "a", "B", "c"], |item| item, last, count);
        assert_eq!(
            cut(None, 2),
            Page {
                items: vec!["B", "a"],
                rest: Rest::More
            }
        );
        assert_eq!(
            cut(Some("a"), 2),
            Page {
                items: vec!["b", "c"],
                rest: Rest::End
            }
        );
        assert_eq!(
            cut(Some("aa"), 1),
            Page {
                items: vec!["b"],
                rest: Rest::More
            }
        );
        assert_eq!(
            cut(Some("c"), 5),
            Page {
                items: vec![],
                rest: Rest::End
            }
        );
        assert_eq!(
            cut(None, 0),
            Page {
                items: vec![],
                rest: Rest::More
            }
        );
    }
}
