//! One name. It stays the same while code and settings behind it change.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use arc_swap::ArcSwapOption;
use jiff::Timestamp;

use super::{
    breaker::{Breaker, Rest},
    load::{Standing, permit},
    loaded::Loaded,
};
use crate::{
    model::{CapabilityView, Paused, PluginName, PluginState, PluginView, Wants},
    plugin_host::{
        BreakerSettings, Failure, PluginError, PluginSettings, Who, calls::Lane, figures::Figures,
        grants::Permit,
    },
    state::GrantDecision,
};

#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) name: PluginName,
    pub(crate) figures: Arc<Figures>,
    pub(crate) breaker: Arc<Breaker>,
    pub(crate) lane: Lane,
    loaded: ArcSwapOption<Loaded>,
    paused: ArcSwapOption<Paused>,
    status: Mutex<Status>,
    /// All code that a call may still have: each goes on with what it asks for itself. Held from reading decisions
    /// until they count: what was read earlier never replaces what was read later.
    generations: Mutex<Vec<Weak<Loaded>>>,
}

/// What the supervisor knows of it, for people.
#[derive(Clone, Debug)]
pub(super) struct Status {
    pub(super) file: PathBuf,
    pub(super) settings: PluginSettings,
    pub(super) stage: Stage,
    /// Other files that would have this name.
    pub(super) shadowed: Vec<PathBuf>,
}

#[derive(Clone, Debug)]
pub(super) enum Stage {
    Loading {
        since: Timestamp,
        is_compiling: bool,
    },
    /// What is there now runs.
    Done,
    /// What is there now does not run; what was there before may.
    Failed {
        reason: String,
        is_missing: bool,
    },
}

impl Plugin {
    pub(super) fn new(
        name: PluginName,
        breaker: BreakerSettings,
        paused: Option<Paused>,
        status: Status,
    ) -> Self {
        Self {
            name,
            figures: Arc::default(),
            breaker: Arc::new(Breaker::new(breaker)),
            lane: Lane::new(),
            loaded: ArcSwapOption::empty(),
            paused: ArcSwapOption::from(paused.map(Arc::new)),
            status: Mutex::new(status),
            generations: Mutex::default(),
        }
    }

    pub(super) fn standing(&self) -> Standing {
        Standing { name: self.name.clone(), figures: self.figures.clone(), breaker: self.breaker.clone() }
    }

    pub(crate) fn loaded(&self) -> Option<Arc<Loaded>> {
        self.loaded.load_full()
    }

    /// The code to call, if it may be called.
    pub(super) fn current(&self, now: Timestamp) -> Result<Arc<Loaded>, PluginError> {
        let loaded = self.loaded.load_full();
        let who = loaded.as_ref().map_or_else(|| Who::named(&self.name), |it| it.profile.who.clone());
        let name = self.name.clone();
        if let Some(paused) = &*self.paused.load() {
            return Err(PluginError::new(&who, Failure::Paused { name, by: paused.by.clone() }));
        }
        let Some(loaded) = loaded else { return Err(PluginError::new(&who, self.why_nothing_is_loaded())) };
        self.breaker.admit(now).map_err(|rest| suspended(&who, rest))?;
        Ok(loaded)
    }

    /// Whether it rests, which nobody needs a thread to be told. What else may be wrong comes first, and later.
    pub(super) fn check_rest(&self, now: Timestamp) -> Result<(), PluginError> {
        match (self.breaker.check(now), &*self.loaded.load()) {
            (Err(rest), Some(loaded)) if self.paused.load().is_none() => {
                Err(suspended(&loaded.profile.who, rest))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn why_nothing_is_loaded(&self) -> Failure {
        let status = self.status();
        match &status.stage {
            _ if !status.settings.is_enabled => Failure::Disabled { name: self.name.clone() },
            Stage::Failed { reason, .. } => Failure::Broken { reason: reason.clone() },
            Stage::Loading { .. } | Stage::Done => Failure::Loading,
        }
    }

    /// Takes the new code, and what it may do; calls that have the old one keep it. Says whether there was any.
    pub(super) fn swap(
        &self,
        loaded: Loaded,
        decisions: impl FnOnce() -> Result<Vec<GrantDecision>, PluginError>,
    ) -> Result<bool, PluginError> {
        let mut generations = self.generations();
        let decisions = decisions()?;
        let loaded = Arc::new(loaded);
        generations.push(Arc::downgrade(&loaded));
        self.grant(&mut generations, &decisions);
        Ok(self.loaded.swap(Some(loaded)).is_some())
    }

    /// There is no code any more; calls that have it keep it.
    pub(super) fn unload(&self) {
        self.loaded.store(None);
    }

    pub(super) fn set_paused(&self, paused: Option<Paused>) {
        self.paused.store(paused.map(Arc::new));
    }

    /// Holds from the next wish on, also in calls in flight.
    pub(super) fn refresh_grants(
        &self,
        decisions: impl FnOnce() -> Result<Vec<GrantDecision>, PluginError>,
    ) -> Result<(), PluginError> {
        let mut generations = self.generations();
        self.grant(&mut generations, &decisions()?);
        Ok(())
    }

    /// Forgets those that nobody has any more.
    fn grant(&self, generations: &mut Vec<Weak<Loaded>>, decisions: &[GrantDecision]) {
        let settings = self.status().settings.clone();
        generations.retain(|generation| {
            let Some(loaded) = generation.upgrade() else { return false };
            loaded.profile.permits.replace(permit(&self.name, &loaded.about.manifest, &settings, decisions));
            true
        });
    }

    fn generations(&self) -> MutexGuard<'_, Vec<Weak<Loaded>>> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `decisions` are asked for while there is no code that knows them.
    pub(super) fn view(
        &self,
        decisions: impl FnOnce() -> Result<Vec<GrantDecision>, PluginError>,
    ) -> PluginView {
        let status = self.status().clone();
        let loaded = self.loaded();
        let about = loaded.as_ref().map(|loaded| &*loaded.about);
        let manifest = about.map(|about| &about.manifest);
        let inspection = about.map(|about| &about.inspection);
        let problem = match &status.stage {
            Stage::Failed { reason, .. } if loaded.is_some() => Some(reason.clone()),
            _ => shadows(&status.shadowed),
        };
        PluginView {
            name: self.name.clone(),
            state: self.state(&status, loaded.is_some()),
            problem,
            id: manifest.map(|it| it.id.clone()),
            version: manifest.map(|it| it.version.clone()),
            summary: manifest.map(|it| it.summary.clone()),
            sdk: manifest.and_then(|it| it.sdk.clone()),
            kinds: inspection.map(|it| it.kinds.clone()).unwrap_or_default(),
            is_pure: inspection.is_some_and(|it| it.is_pure),
            file: Some(status.file),
            file_bytes: inspection.map(|it| it.file_bytes),
            sha256: inspection.map(|it| it.sha256.clone()),
            loaded_at: about.map(|about| about.loaded_at),
            compile_ms: about.map(|about| about.compile_ms),
            capabilities: self.capabilities(&status.settings, loaded.as_deref(), decisions),
            settings_schema: manifest.and_then(|it| Some(it.settings_schema.as_ref()?.json().clone())),
            limits: status.settings.limits,
            figures: self.figures.view(),
            log: self.figures.log_lines(),
        }
    }

    /// Without code there are no wishes to hold grants against.
    fn capabilities(
        &self,
        settings: &PluginSettings,
        loaded: Option<&Loaded>,
        decisions: impl FnOnce() -> Result<Vec<GrantDecision>, PluginError>,
    ) -> Vec<CapabilityView> {
        if let Some(loaded) = loaded {
            return loaded.profile.permits.now().views();
        }
        match decisions() {
            Ok(decisions) => Permit::new(self.name.clone(), Wants::default(), &settings.grants, &decisions)
                .views_of_decisions(),
            // To show what may be withdrawn as granted would be wrong.
            Err(error) => {
                tracing::warn!(plugin.name = %self.name, %error, "What was decided about grants cannot be read");
                Vec::new()
            }
        }
    }

    fn state(&self, status: &Status, is_loaded: bool) -> PluginState {
        if !status.settings.is_enabled {
            return PluginState::Disabled;
        }
        if let Some(paused) = &*self.paused.load() {
            return PluginState::Paused(Paused::clone(paused));
        }
        match &status.stage {
            Stage::Loading { since, is_compiling } if !is_loaded => {
                PluginState::Loading { since: *since, is_compiling: *is_compiling }
            }
            Stage::Failed { reason, is_missing: true } if !is_loaded => {
                PluginState::Missing { reason: reason.clone() }
            }
            Stage::Failed { reason, .. } if !is_loaded => PluginState::Broken { reason: reason.clone() },
            _ => match self.breaker.resting() {
                Some(rest) => {
                    PluginState::Suspended { since: rest.since, until: rest.until, reason: rest.reason }
                }
                None => PluginState::Ready,
            },
        }
    }
}

fn shadows(files: &[PathBuf]) -> Option<String> {
    let first = files.first()?;
    let more = match files.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    Some(format!(
        "{}{more} has the same name and is not used; remove it, or give it a table with `file` in the settings",
        first.display()
    ))
}

fn suspended(who: &Who, rest: Rest) -> PluginError {
    PluginError::new(who, Failure::Suspended { until: rest.until, reason: rest.reason })
}
