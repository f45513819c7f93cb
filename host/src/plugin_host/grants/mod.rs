//! Whether a plugin may do something: it asked for it in its file, the operator gave it in the
//! settings or approved it later, and nobody has withdrawn it since.

mod denied;
mod http;
#[cfg(test)]
mod tests;
mod views;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use arc_swap::ArcSwap;

pub use denied::Giving;
pub(crate) use denied::{Denied, Why};
pub(crate) use http::HttpTerms;

use crate::{
    model::{ByteSize, Grant, GrantKey, Grants, PluginName, RunGrant, Wants},
    state::GrantDecision,
};

/// What a plugin may do now. Every host call looks anew, so a withdrawal counts from the next one on.
#[derive(Clone, Debug)]
pub(crate) struct Permits {
    now: Arc<ArcSwap<Permit>>,
    /// Refusals that the operator has been told of since the last decision.
    told: Arc<Mutex<BTreeSet<String>>>,
}

impl Permits {
    pub(crate) fn new(permit: Permit) -> Self {
        Self { now: Arc::new(ArcSwap::from_pointee(permit)), told: Arc::default() }
    }

    /// For all instances at once, also those in the middle of a call.
    pub(crate) fn replace(&self, permit: Permit) {
        self.now.store(Arc::new(permit));
        self.lock_told().clear();
    }

    pub(crate) fn now(&self) -> arc_swap::Guard<Arc<Permit>> {
        self.now.load()
    }

    /// Whether nobody has been told of this refusal yet: the same one with every song would drown the rest.
    pub(crate) fn is_news(&self, refusal: &str) -> bool {
        let mut told = self.lock_told();
        if told.contains(refusal) {
            return false;
        }
        if told.len() < MOST_TOLD {
            told.insert(refusal.to_owned());
        }
        true
    }

    fn lock_told(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a plugin asks for is its own choice, and may be something else each time.
const MOST_TOLD: usize = 100;

/// What a plugin may do, as of one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permit {
    plugin: PluginName,
    wants: Wants,
    given: Vec<(Grant, Source)>,
    withdrawn: Vec<GrantKey>,
    giving: Giving,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Config,
    Approved,
}

impl Permit {
    pub(crate) fn new(
        plugin: PluginName,
        wants: Wants,
        config: &Grants,
        decisions: &[GrantDecision],
    ) -> Self {
        let withdrawn =
            decisions.iter().filter(|it| it.approved.is_none()).map(|it| it.key.clone()).collect();
        let approved = decisions.iter().filter_map(|it| it.approved.clone());
        // The later decision comes first: of two grants for one key it is the one that counts.
        let given = approved.map(|grant| (grant, Source::Approved));
        let given = given.chain(config.lines().into_iter().map(|grant| (grant, Source::Config))).collect();
        Self { plugin, wants, given, withdrawn, giving: Giving::Lasting }
    }

    /// What it says of grants that are missing.
    pub(crate) fn with_giving(self, giving: Giving) -> Self {
        Self { giving, ..self }
    }

    /// For what no grant can allow.
    pub(crate) fn never(&self, capability: &'static str, what: String, reason: String) -> Denied {
        self.denied(capability, what, Why::Never { reason })
    }

    /// Whether this program may be started, and how.
    pub(crate) fn run(&self, program: &str) -> Result<&RunGrant, Denied> {
        let denied = |why| self.denied("run", format!("`{}`", shown(program)), why);
        let Some(want) = self.wants.run.iter().find(|want| want.program.as_str() == program) else {
            let wants = format!("`{{\"program\": \"{}\"}}` under `run`", shown(program));
            return Err(denied(Why::NotAsked { wants }));
        };
        let key = GrantKey::Run(want.program.clone());
        if self.withdrawn.contains(&key) {
            return Err(denied(Why::Withdrawn { plugin: self.plugin.clone(), key }));
        }
        let given = self.given.iter().find_map(|(grant, _)| match grant {
            Grant::Run(grant) if grant.program == want.program => Some(grant),
            _ => None,
        });
        given.ok_or_else(|| {
            let grant = Grant::Run(RunGrant::new(want.program.clone()));
            denied(Why::NotGranted { plugin: self.plugin.clone(), grant, giving: self.giving })
        })
    }

    /// How many bytes the plugin may remember.
    pub(crate) fn kv(&self) -> Result<u64, Denied> {
        self.space(&GrantKey::Kv, "its values", |grant| match grant {
            Grant::Kv(size) => Some(*size),
            _ => None,
        })
    }

    /// How many bytes of files the plugin may have at once.
    pub(crate) fn scratch(&self) -> Result<u64, Denied> {
        self.space(&GrantKey::Scratch, "files", |grant| match grant {
            Grant::Scratch(size) => Some(*size),
            _ => None,
        })
    }

    fn space(
        &self,
        key: &GrantKey,
        what: &str,
        size: impl Fn(&Grant) -> Option<ByteSize>,
    ) -> Result<u64, Denied> {
        let capability = key.capability();
        let denied = |why| self.denied(capability, what.to_owned(), why);
        let Some(want) = self.wants.find(key) else {
            let wants = format!("`\"{capability}\": {{\"bytes\": …}}`");
            return Err(denied(Why::NotAsked { wants }));
        };
        if self.withdrawn.contains(key) {
            return Err(denied(Why::Withdrawn { plugin: self.plugin.clone(), key: key.clone() }));
        }
        let given = self.given.iter().find_map(|(grant, _)| size(grant));
        given.map(|size| size.0).ok_or_else(|| {
            let (plugin, giving) = (self.plugin.clone(), self.giving);
            denied(Why::NotGranted { plugin, grant: want, giving })
        })
    }

    fn denied(&self, capability: &'static str, what: String, why: Why) -> Denied {
        Denied { plugin: self.plugin.clone(), capability, what, why: Box::new(why) }
    }
}

/// Enough of a guest's text to recognise it.
fn shown(text: &str) -> String {
    text.chars().take(64).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
pub(crate) mod testing {
    use jiff::Timestamp;
    use serde_json::Value;

    use super::*;

    /// A permit for the plugin `zero`.
    pub(crate) fn permit(wants: Value, grants: Value, decisions: &[(&str, bool)]) -> Permit {
        let decision = |(grant, is_approved): &(&str, bool)| GrantDecision {
            plugin: "zero".into(),
            key: grant.parse().unwrap(),
            approved: is_approved.then(|| grant.parse().unwrap()),
            at: Timestamp::UNIX_EPOCH,
            by: "ann".into(),
        };
        let decisions: Vec<_> = decisions.iter().map(decision).collect();
        Permit::new(
            "zero".parse().unwrap(),
            serde_json::from_value(wants).unwrap(),
            &serde_json::from_value(grants).unwrap(),
            &decisions,
        )
    }
}
