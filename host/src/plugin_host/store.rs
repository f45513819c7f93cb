//! What a store carries: whose it is, what it may use, what it has used.

use std::sync::Arc;

use jiff::Timestamp;
use wasmtime::{Store, UpdateDeadline};

use super::{
    bounded::Step,
    calls::{PATIENCE, give_way},
    capability::{Capabilities, Outside},
    engine::Engine,
    error::{Failure, Who},
    figures::{Cost, Figures},
    grants::{Permit, Permits},
    limits::{Budget, Halt, Meter},
    registry::Breaker,
    secrets::Secrets,
};
use crate::{
    clock::SharedClock,
    event::{Bus, Event},
    model::{Grants, PluginLimits, PluginName, Wants},
};

/// What all instances of one plugin have in common, from one load of its file or settings to the next.
#[derive(Clone)]
pub(crate) struct Profile {
    pub(crate) name: PluginName,
    pub(crate) who: Who,
    /// Valid by the schema of the file.
    pub(crate) settings: Arc<str>,
    /// Those among the settings: nothing that it says may show them.
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) limits: Arc<PluginLimits>,
    /// What it may do, read anew at each host call: a withdrawal counts from then on.
    pub(crate) permits: Permits,
    pub(crate) figures: Arc<Figures>,
    pub(crate) outside: Arc<Outside>,
    pub(crate) breaker: Arc<Breaker>,
    pub(crate) clock: SharedClock,
    pub(crate) bus: Bus,
    /// It is only tried: what it is refused says nothing about what it may do later.
    pub(crate) is_rehearsal: bool,
}

/// Settings may hold secrets.
impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile").field("who", &self.who).finish_non_exhaustive()
    }
}

impl Profile {
    /// The same plugin, to which nothing is given.
    pub(crate) fn for_rehearsal(&self) -> Self {
        let nothing = Permit::new(self.name.clone(), Wants::default(), &Grants::default(), &[]);
        Self { permits: Permits::new(nothing), is_rehearsal: true, ..self.clone() }
    }

    /// One call has ended, whichever way.
    pub(crate) fn count(&self, step: Step, cost: Cost, failure: Option<&Failure>) {
        let now = self.clock.now();
        match (step, failure) {
            (Step::Start, None) => self.figures.count_start(cost),
            _ => self.figures.count_call(now, cost, failure),
        }
        // A refusal in the plugin's own words is an answer too.
        let Some(failure) = failure.filter(|failure| !matches!(failure, Failure::Guest(_))) else {
            if step == Step::Call && self.breaker.succeeded(now) {
                self.tell(now, "info", "It works again");
            }
            return;
        };
        if let Some(rest) = self.breaker.failed(now, failure) {
            tracing::warn!(
                plugin.name = %self.name, until = %rest.until, reason = rest.reason,
                "A plugin failed too often and is left alone for a while"
            );
            self.tell(
                now,
                "error",
                &format!("Failed too often; rests until {}: {}", rest.until, rest.reason),
            );
        }
    }

    fn tell(&self, now: Timestamp, level: &str, message: &str) {
        self.figures.log(now, level, message);
        self.bus.send(Event::Plugin(self.name.clone()));
    }
}

/// Whether calls block their thread, or wait as futures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    Sync,
    Async,
}

pub(crate) struct HostState {
    pub(crate) profile: Arc<Profile>,
    pub(crate) meter: Meter,
    pub(crate) budget: Budget,
    pub(crate) capabilities: Capabilities,
}

impl std::fmt::Debug for HostState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostState").field("plugin", &self.profile.who).finish_non_exhaustive()
    }
}

impl HostState {
    /// The first thing that every host function does. The error must end the call: `?`.
    pub(crate) fn host_call(&mut self) -> Result<(), Halt> {
        self.budget.host_call()
    }
}

/// A store in which nothing has run yet, and in which nothing can before a call has begun:
/// see `bounded`.
pub(crate) fn new_store(engine: &Engine, profile: Arc<Profile>, flavour: Flavour) -> Store<HostState> {
    let budget = Budget::new(profile.limits.clone());
    let state = HostState {
        meter: Meter::new(profile.limits.clone()),
        capabilities: Capabilities::new(&profile, &budget),
        budget,
        profile,
    };
    let result_bytes = usize::try_from(state.profile.limits.result_bytes).unwrap_or(usize::MAX);
    let most_resources = state.profile.limits.resources as usize;
    if !state.profile.is_rehearsal {
        state.profile.figures.count_instance();
    }
    let mut store = Store::new(engine.inner(), state);
    store.limiter(|state| &mut state.meter);
    store.set_hostcall_fuel(result_bytes);
    store.set_max_component_handles(most_resources);
    store.epoch_deadline_callback(move |context| {
        let budget = &context.data().budget;
        budget.check()?;
        if budget.computed() > PATIENCE {
            give_way();
        }
        Ok(match flavour {
            Flavour::Sync => UpdateDeadline::Continue(1),
            Flavour::Async => UpdateDeadline::Yield(1),
        })
    });
    store.set_epoch_deadline(1);
    store
}
