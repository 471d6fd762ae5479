//! Who says what a target is: the roles in the order in which they are asked (TUF specification §5.6.7).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::delegation::DelegatedRole;
use super::roles::{TargetFile, Targets};
use super::signed::Keys;

/// A search for one target, depth first.
#[derive(Debug)]
pub(super) struct Search {
    path: String,
    found: Option<TargetFile>,
    asked: BTreeSet<String>,
    /// Those still to be asked, the next one last.
    pending: Vec<Asked>,
}

/// A role that is asked, on behalf of the one that delegates to it: its metadata must be signed with those keys, also
/// where another role delegates to it with others.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) role: DelegatedRole,
    pub(super) keys: Arc<Keys>,
}

impl Search {
    /// Begins with the top-level targets.
    pub(super) fn start(path: &str, targets: &Targets) -> Self {
        let mut search = Self {
            path: path.to_owned(),
            found: None,
            asked: BTreeSet::new(),
            pending: Vec::new(),
        };
        search.take(targets);
        search
    }

    /// The role to be asked next.
    pub(super) fn next(&self) -> Option<&Asked> {
        self.pending.last()
    }

    /// Takes what the role says that was asked.
    pub(super) fn arrived(&mut self, targets: &Targets) {
        if let Some(asked) = self.pending.pop() {
            self.asked.insert(asked.role.name);
        }
        self.take(targets);
    }

    pub(super) fn found(&self) -> Option<&TargetFile> {
        self.found.as_ref()
    }

    fn take(&mut self, targets: &Targets) {
        if let Some(file) = targets.targets.get(&self.path) {
            self.found = Some(file.clone());
            self.pending.clear();
            return;
        }
        let mut children = Vec::new();
        for role in &targets.delegations.roles {
            if !role.covers(&self.path) {
                continue;
            }
            children.push(Asked {
                role: role.clone(),
                keys: Arc::clone(&targets.delegations.keys),
            });
            if role.is_terminating {
                self.pending.clear();
                break;
            }
        }
        self.pending.extend(children.into_iter().rev());
        while self
            .pending
            .last()
            .is_some_and(|next| self.asked.contains(&next.role.name))
        {
            self.pending.pop();
        }
        if self.asked.len() >= MOST_ROLES {
            self.pending.clear();
        }
    }
}

/// The most delegated roles that are asked for one target.
const MOST_ROLES: usize = 32;
