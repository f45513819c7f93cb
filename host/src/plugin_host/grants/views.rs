//! What a plugin asks for and has, for people.

use std::collections::HashSet;

use super::{Permit, Source};
use crate::model::{CapabilityView, Grant, GrantKey, HostPattern, HttpGrant};

const WITHDRAWN: &str = "withdrawn";

impl Permit {
    /// What is asked for and what is given, each once: first what the plugin asks for, then what it was given
    /// beyond that, then what was taken out of it.
    pub(crate) fn views(&self) -> Vec<CapabilityView> {
        let lines = self.wants.lines();
        let asked = lines.iter().map(|(grant, why)| {
            let (is_granted, decided_by) = self.decision(grant);
            view(grant, why.map(str::to_owned), is_granted, decided_by)
        });
        let beyond =
            self.given.iter().filter(|(given, _)| !lines.iter().any(|(asked, _)| asked.key() == given.key()));
        let beyond = beyond.map(|(grant, source)| {
            let is_withdrawn = self.is_withdrawn(grant);
            view(grant, None, !is_withdrawn, Some(if is_withdrawn { WITHDRAWN } else { source.as_str() }))
        });
        let is_part = |host: &HostPattern| self.wants.http.iter().any(|want| want.host.includes(host));
        let taken_out = self.withdrawn.iter().filter_map(|key| match key {
            GrantKey::Http(host) if is_part(host) => {
                let grant = Grant::Http(HttpGrant::new(host.clone(), Vec::new()));
                let is_shown = |shown: &Grant| shown.key() == *key;
                let is_shown = lines.iter().any(|(asked, _)| is_shown(asked))
                    || self.given.iter().any(|(given, _)| is_shown(given));
                (!is_shown).then(|| view(&grant, None, false, Some(WITHDRAWN)))
            }
            _ => None,
        });
        let unknown = self.wants.unknown.keys().map(|capability| CapabilityView {
            capability: capability.clone(),
            what: "nothing that this daemon knows".into(),
            why: None,
            is_granted: false,
            decided_by: None,
        });
        let mut seen = HashSet::new();
        let views = asked.chain(beyond).chain(taken_out).chain(unknown);
        views.filter(|it| seen.insert((it.capability.clone(), it.what.clone()))).collect()
    }

    fn is_withdrawn(&self, grant: &Grant) -> bool {
        self.withdrawn.iter().any(|key| match (key, grant) {
            (GrantKey::Http(withdrawn), Grant::Http(grant)) => withdrawn.includes(&grant.host),
            (key, grant) => *key == grant.key(),
        })
    }

    fn decision(&self, asked: &Grant) -> (bool, Option<&'static str>) {
        if self.is_withdrawn(asked) {
            return (false, Some(WITHDRAWN));
        }
        let gives = |given: &Grant| match (given, asked) {
            (Grant::Http(given), Grant::Http(asked)) => {
                let has = |method| given.methods.is_empty() || given.methods.contains(method);
                given.host.includes(&asked.host) && asked.methods.iter().all(has)
            }
            (given, asked) => given.key() == asked.key(),
        };
        match self.given.iter().find(|(given, _)| gives(given)) {
            Some((_, source)) => (true, Some(source.as_str())),
            None => (false, None),
        }
    }
}

impl Source {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Approved => "approved",
        }
    }
}

fn view(
    grant: &Grant,
    why: Option<String>,
    is_granted: bool,
    decided_by: Option<&'static str>,
) -> CapabilityView {
    CapabilityView {
        capability: grant.key().capability().to_owned(),
        what: grant.what(),
        why,
        is_granted,
        decided_by: decided_by.map(str::to_owned),
    }
}
