//! What a plugin asks for and has, for people.

use std::collections::HashSet;

use super::{Permit, Source};
use crate::model::{CapabilityView, Grant, GrantKey, HostPattern, HttpGrant};

const WITHDRAWN: &str = "withdrawn";

impl Permit {
    /// What was decided, while nobody knows what the plugin asks for.
    pub(crate) fn views_of_decisions(&self) -> Vec<CapabilityView> {
        let given = self.given.iter().map(|(grant, source)| self.view_given(grant, *source));
        let is_given = |key: &GrantKey| self.given.iter().any(|(given, _)| given.key() == *key);
        let withdrawn = self.withdrawn.iter().filter(|key| !is_given(key)).map(|key| {
            let line = key.to_string();
            CapabilityView {
                capability: key.capability().to_owned(),
                what: line.split_once('=').map(|(_, what)| what.to_owned()).unwrap_or_default(),
                why: None,
                is_granted: false,
                decided_by: Some(WITHDRAWN.to_owned()),
                given: None,
            }
        });
        each_once(given.chain(withdrawn))
    }

    fn view_given(&self, grant: &Grant, source: Source) -> CapabilityView {
        let is_withdrawn = self.is_withdrawn(grant);
        view(grant, None, !is_withdrawn, Some(if is_withdrawn { WITHDRAWN } else { source.as_str() }))
    }

    /// What is asked for and what is given, each once: first what the plugin asks for, then what it was given
    /// beyond that, then what was taken out of it.
    pub(crate) fn views(&self) -> Vec<CapabilityView> {
        let lines = self.wants.lines();
        let asked = lines.iter().map(|(grant, why)| {
            let (is_granted, decided_by) = self.decision(grant);
            let given = if decided_by == Some(WITHDRAWN) { None } else { self.given_for(grant) };
            CapabilityView { given, ..view(grant, why.map(str::to_owned), is_granted, decided_by) }
        });
        let beyond =
            self.given.iter().filter(|(given, _)| !lines.iter().any(|(asked, _)| asked.key() == given.key()));
        let beyond = beyond.map(|(grant, source)| self.view_given(grant, *source));
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
            given: None,
        });
        each_once(asked.chain(beyond).chain(taken_out).chain(unknown))
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
        let source = |is_meant: fn(&Grant, &Grant) -> bool| {
            let given = self.given.iter().find(|(given, _)| is_meant(given, asked));
            given.map(|(_, source)| source.as_str())
        };
        match source(gives) {
            Some(source) => (true, Some(source)),
            None => (false, source(gives_some)),
        }
    }

    /// What it was given for this wish, if that says anything else than the wish does.
    fn given_for(&self, asked: &Grant) -> Option<String> {
        let mut given = self.given.iter().map(|(given, _)| given).filter(|given| gives_some(given, asked));
        let given: Vec<&Grant> = match asked {
            // What one grant for a server leaves out, another may give.
            Grant::Http(_) => given.collect(),
            _ => given.next().into_iter().collect(),
        };
        if given.iter().all(|given| is_as_asked(given, asked)) {
            return None;
        }
        let mut texts: Vec<String> = given.into_iter().map(Grant::what).collect();
        let mut seen = HashSet::new();
        texts.retain(|text| seen.insert(text.clone()));
        Some(texts.join(" and "))
    }
}

fn each_once(views: impl Iterator<Item = CapabilityView>) -> Vec<CapabilityView> {
    let mut seen = HashSet::new();
    views.filter(|it| seen.insert((it.capability.clone(), it.what.clone()))).collect()
}

/// Whether the one gives all that the other one asks for.
fn gives(given: &Grant, asked: &Grant) -> bool {
    match (given, asked) {
        (Grant::Http(given), Grant::Http(asked)) => {
            let has = |method| given.methods.is_empty() || given.methods.contains(method);
            given.host.includes(&asked.host) && asked.methods.iter().all(has)
        }
        (given, asked) => given.key() == asked.key(),
    }
}

/// Whether it gives anything of that. Grants for other servers have lines of their own.
fn gives_some(given: &Grant, asked: &Grant) -> bool {
    match (given, asked) {
        (Grant::Http(given), Grant::Http(asked)) => {
            let has = |method| given.methods.is_empty() || given.methods.contains(method);
            given.host.includes(&asked.host) && asked.methods.iter().any(has)
        }
        (given, asked) => given.key() == asked.key(),
    }
}

/// Whether it gives that and says no more and no less.
fn is_as_asked(given: &Grant, asked: &Grant) -> bool {
    match (given, asked) {
        (Grant::Http(given), Grant::Http(asked)) => {
            let HttpGrant { host, methods, max_bytes, private } = given;
            let is_wider = methods.iter().any(|method| !asked.methods.contains(method));
            let is_narrower = asked.methods.iter().any(|method| !methods.contains(method));
            let has_same_methods = methods.is_empty() || !(is_wider || is_narrower);
            *host == asked.host && has_same_methods && max_bytes.is_none() && !private
        }
        (given, asked) => given == asked,
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
        given: None,
    }
}
