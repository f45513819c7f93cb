//! Runs one call of a guest within its bounds, and says in our words how it ended.

use std::{
    future::poll_fn,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use wasmtime::{Store, Trap, component::ResourceTableError};

use super::{
    error::{Failure, Limit, PluginError},
    figures::Cost,
    limits::{Computed, Deadline, Halt},
    store::{HostState, Profile},
};
use crate::model::PluginLimits;

/// What one call is given.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) deadline: Deadline,
    /// Of a call that waits for others: how long it may compute meanwhile.
    pub(crate) computing: Option<Deadline>,
    pub(crate) cancel: Option<CancellationToken>,
    pub(crate) step: Step,
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It has to be before the plugin can be called, and that it went well proves nothing.
    Start,
    Call,
}

impl Terms {
    /// A call as the plugin's limits say.
    pub(crate) fn call(profile: &Profile) -> Self {
        Self::within(profile.limits.deadline.0, "limits.deadline")
    }

    /// A call that programs and servers may keep waiting.
    pub(crate) fn fetch(profile: &Profile, limit: Option<Duration>) -> Self {
        let whole = Self::within(limit.unwrap_or(profile.limits.fetch_deadline.0), "limits.fetch_deadline");
        Self { computing: Some(Self::call(profile).deadline), ..whole }
    }

    /// Starting an instance, and giving it its settings.
    pub(crate) fn start(profile: &Profile) -> Self {
        Self { step: Step::Start, ..Self::within(profile.limits.start_deadline.0, "limits.start_deadline") }
    }

    pub(crate) fn within(limit: Duration, setting: &'static str) -> Self {
        Self { deadline: Deadline { limit, setting }, computing: None, cancel: None, step: Step::Call }
    }

    pub(crate) fn cancelled_by(self, cancel: impl Into<Option<CancellationToken>>) -> Self {
        Self { cancel: cancel.into(), ..self }
    }
}

/// Runs `guest` and counts it. The inner error is the guest's own refusal, or an answer that makes
/// no sense. After any other error the store is spent: see [`is_spent`].
pub(crate) fn call<T>(
    store: &mut Store<HostState>,
    terms: Terms,
    guest: impl FnOnce(&mut Store<HostState>) -> wasmtime::Result<Result<T, Failure>>,
) -> Result<T, PluginError> {
    let step = terms.step;
    begin(store, terms);
    let ended = guest(store);
    finish(store, step, ended)
}

/// The same, but for no one: what is tried before it counts.
pub(crate) fn rehearse<T>(
    store: &mut Store<HostState>,
    terms: Terms,
    guest: impl FnOnce(&mut Store<HostState>) -> wasmtime::Result<Result<T, Failure>>,
) -> Result<T, PluginError> {
    begin(store, terms);
    let ended = guest(store);
    let state = store.data();
    let result = ended.unwrap_or_else(|error| Err(translate(&error, state)));
    let concealed = |failure: Failure| failure.without(&state.profile.secrets);
    result.map_err(|failure| PluginError::new(&state.profile.who, concealed(failure)))
}

/// The same for a store whose calls wait, on a thread that nobody else needs. Dropping the future spends the store too.
pub(crate) async fn call_async<T: Send>(
    store: &mut Store<HostState>,
    terms: Terms,
    guest: impl for<'a> FnOnce(&'a mut Store<HostState>) -> BoxFuture<'a, wasmtime::Result<Result<T, Failure>>>
    + Send,
) -> Result<T, PluginError> {
    let (deadline, cancel, step) = (terms.deadline, terms.cancel.clone().unwrap_or_default(), terms.step);
    let computing = terms.computing;
    begin(store, terms);
    let computed = Computed::default();
    if let Some(deadline) = computing {
        store.data_mut().budget.bound_computing(deadline, computed.clone());
    }
    // The guest's own deadline is the tick's; this one is for host calls that wait.
    let ended = tokio::select! {
        ended = timed(guest(store), &computed) => ended,
        () = tokio::time::sleep(deadline.limit) => Err(Halt::Deadline(deadline).into()),
        () = cancel.cancelled() => Err(Halt::Cancelled.into()),
    };
    finish(store, step, ended)
}

/// Notes how long the guest computes, which is what it is polled for.
async fn timed<T>(mut guest: BoxFuture<'_, T>, computed: &Computed) -> T {
    poll_fn(|context| {
        let began = Instant::now();
        let polled = guest.as_mut().poll(context);
        computed.add(began.elapsed());
        polled
    })
    .await
}

/// Whether the store has to be dropped after this.
pub(crate) fn is_spent(error: &PluginError) -> bool {
    !matches!(error.failure, Failure::Guest(_))
}

fn begin(store: &mut Store<HostState>, terms: Terms) {
    let state = store.data_mut();
    state.meter.forgive();
    state.budget.begin(terms.deadline, terms.cancel);
    store.set_epoch_deadline(1);
}

fn finish<T>(
    store: &mut Store<HostState>,
    step: Step,
    ended: wasmtime::Result<Result<T, Failure>>,
) -> Result<T, PluginError> {
    let state = store.data();
    let result = ended.unwrap_or_else(|error| Err(translate(&error, state)));
    let result = result.map_err(|failure| failure.without(&state.profile.secrets));
    let cost = Cost {
        time: state.budget.elapsed(),
        memory_bytes: state.meter.memory_peak_bytes(),
        host_calls: state.budget.host_calls(),
        log_lines_dropped: state.budget.log_lines_dropped(),
    };
    let profile = &state.profile;
    profile.count(step, cost, result.as_ref().err());
    result.map_err(|failure| PluginError::new(&profile.who, failure))
}

/// What wasmtime's error means for the one who reads it.
pub(super) fn translate(error: &wasmtime::Error, state: &HostState) -> Failure {
    if let Some(halt) = error.downcast_ref::<Halt>() {
        return halt.clone().into();
    }
    let limits = &state.profile.limits;
    if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) {
        return too_many_resources(limits);
    }
    if let Some(which) = state.meter.refused() {
        return Failure::Limit { which };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => state.budget.overdue().into(),
        Some(Trap::StackOverflow) => Failure::Limit { which: Limit::Stack },
        Some(trap) => Failure::Trap { what: trap.to_string() },
        None => untyped(&error.root_cause().to_string(), limits),
    }
}

fn too_many_resources(limits: &PluginLimits) -> Failure {
    Failure::Limit { which: Limit::Resources { limit: limits.resources } }
}

/// wasmtime has no public types for these; a test of each notices when it words them differently.
fn untyped(text: &str, limits: &PluginLimits) -> Failure {
    if text.contains("fuel allocated for hostcalls has been exhausted") {
        return Failure::Limit { which: Limit::Result { limit: limits.result_bytes } };
    }
    if text.contains("store handle limit exceeded") {
        return too_many_resources(limits);
    }
    if text.contains("resource limit exceeded") {
        return Failure::Limit { which: Limit::Instances { limit: limits.instances } };
    }
    Failure::Trap { what: text.to_owned() }
}
