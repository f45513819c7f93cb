//! What plays, and how its sources are.

use std::sync::atomic::Ordering;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::model::{PlayerView, SourceState, SourceView};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SourceLabels {
    source: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabels {
    source: &'static str,
    state: &'static str,
}

#[derive(Debug, Default)]
pub(super) struct PlayerMetrics {
    running: Gauge,
    playing: Gauge,
    plays: Gauge,
    calls: Family<SourceLabels, Counter>,
    failures: Family<SourceLabels, Counter>,
    last_hour: Family<SourceLabels, Gauge>,
    states: Family<StateLabels, Gauge>,
}

impl PlayerMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("player_running", "1 while a job of kind player runs", self.running.clone());
        registry.register("player_playing", "1 while something plays", self.playing.clone());
        registry.register("player_plays", "Plays in the ledger", self.plays.clone());
        registry.register("player_calls", "How often a source was asked what plays", self.calls.clone());
        registry.register("player_failures", "How often it did not say", self.failures.clone());
        registry.register("player_calls_last_hour", "Those of the last hour", self.last_hour.clone());
        registry.register("player_source", "1 for the state that a source is in", self.states.clone());
    }

    pub(super) fn take(&self, view: &PlayerView, plays: usize) {
        self.running.set(view.is_running.into());
        self.playing.set(view.now.as_ref().is_some_and(|now| now.is_playing).into());
        self.plays.set(i64::try_from(plays).unwrap_or(i64::MAX));
        // Sources can be taken out of the configuration.
        self.states.clear();
        for SourceView { source, state, calls, failures, calls_last_hour, .. } in &view.sources {
            let labels = SourceLabels { source: source.as_str() };
            self.calls.get_or_create(&labels).inner().store(*calls, Ordering::Relaxed);
            self.failures.get_or_create(&labels).inner().store(*failures, Ordering::Relaxed);
            self.last_hour.get_or_create(&labels).set((*calls_last_hour).into());
            for known in SourceState::ALL {
                let labels = StateLabels { source: source.as_str(), state: known.as_str() };
                self.states.get_or_create(&labels).set((known == *state).into());
            }
        }
    }
}
