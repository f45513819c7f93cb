//! What plugins cost and how they fare.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use crate::model::{PluginState, PluginView};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PluginLabels {
    plugin: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ErrorLabels {
    plugin: String,
    kind: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabels {
    plugin: String,
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CodeLabels {
    plugin: String,
    version: String,
    /// With commas between them.
    kinds: String,
}

#[derive(Debug, Default)]
pub(super) struct PluginMetrics {
    calls: Family<PluginLabels, Counter>,
    errors: Family<ErrorLabels, Counter>,
    call_time: Family<PluginLabels, Counter<f64, AtomicU64>>,
    host_calls: Family<PluginLabels, Counter>,
    memory: Family<PluginLabels, Gauge>,
    swaps: Family<PluginLabels, Counter>,
    dropped_lines: Family<PluginLabels, Counter>,
    state: Family<StateLabels, Gauge>,
    code: Family<CodeLabels, Gauge>,
    grants: Family<StateLabels, Gauge>,
}

impl PluginMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("plugin_calls", "Calls of plugins that have ended", self.calls.clone());
        registry.register("plugin_errors", "Those that failed, and of what", self.errors.clone());
        let call_time = self.call_time.clone();
        registry.register_with_unit(
            "plugin_call",
            "Time in calls, host calls included",
            Unit::Seconds,
            call_time,
        );
        registry.register(
            "plugin_host_calls",
            "Calls that plugins made of the host",
            self.host_calls.clone(),
        );
        let memory = self.memory.clone();
        registry.register_with_unit(
            "plugin_memory_peak",
            "The most that one instance had",
            Unit::Bytes,
            memory,
        );
        registry.register("plugin_swaps", "How often new code took over", self.swaps.clone());
        let dropped = self.dropped_lines.clone();
        registry.register("plugin_log_lines_dropped", "Lines over the limit of a call", dropped);
        registry.register(
            "plugin_state",
            "1 for the state that a plugin is in, 0 for the others",
            self.state.clone(),
        );
        registry.register("plugin_info", "Always 1: what is loaded", self.code.clone());
        registry.register(
            "plugin_grants",
            "How much the loaded code asks for or was given, and how much of that it has",
            self.grants.clone(),
        );
    }

    /// Those that are gone are gone from the figures.
    pub(super) fn take(&self, plugins: &[PluginView]) {
        self.calls.clear();
        self.errors.clear();
        self.call_time.clear();
        self.host_calls.clear();
        self.memory.clear();
        self.swaps.clear();
        self.dropped_lines.clear();
        self.state.clear();
        self.code.clear();
        self.grants.clear();
        plugins.iter().for_each(|plugin| self.take_one(plugin));
    }

    fn take_one(&self, plugin: &PluginView) {
        let (name, figures) = (plugin.name.to_string(), &plugin.figures);
        let labels = PluginLabels { plugin: name.clone() };
        let set = |family: &Family<PluginLabels, Counter>, value: u64| {
            family.get_or_create(&labels).inner().store(value, Ordering::Relaxed);
        };
        set(&self.calls, figures.calls);
        set(&self.host_calls, figures.host_calls);
        set(&self.swaps, figures.swaps);
        set(&self.dropped_lines, figures.log_lines_dropped);
        let seconds = figures.total_us as f64 / 1e6;
        self.call_time.get_or_create(&labels).inner().store(seconds.to_bits(), Ordering::Relaxed);
        let memory = i64::try_from(figures.memory_peak_bytes).unwrap_or(i64::MAX);
        self.memory.get_or_create(&labels).set(memory);
        for (kind, count) in &figures.errors_by_kind {
            let labels = ErrorLabels { plugin: name.clone(), kind: kind.clone() };
            self.errors.get_or_create(&labels).inner().store(*count, Ordering::Relaxed);
        }
        for state in STATES {
            let labels = StateLabels { plugin: name.clone(), state };
            self.state.get_or_create(&labels).set((state == state_of(&plugin.state)).into());
        }
        // Before there is code, nobody knows what it asks for.
        if let Some(version) = &plugin.version {
            self.take_code(plugin, version.clone());
        }
    }

    fn take_code(&self, plugin: &PluginView, version: String) {
        let name = plugin.name.to_string();
        let kinds: Vec<&str> = plugin.kinds.iter().map(|kind| kind.as_str()).collect();
        let labels = CodeLabels { plugin: name.clone(), version, kinds: kinds.join(",") };
        self.code.get_or_create(&labels).set(1);
        let given = plugin.capabilities.iter().filter(|capability| capability.is_granted).count();
        for (state, count) in [("asked", plugin.capabilities.len()), ("given", given)] {
            let labels = StateLabels { plugin: name.clone(), state };
            self.grants.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}

const STATES: [&str; 7] = ["loading", "ready", "paused", "suspended", "broken", "missing", "disabled"];

const fn state_of(state: &PluginState) -> &'static str {
    match state {
        PluginState::Found | PluginState::Loading { .. } => "loading",
        PluginState::Ready => "ready",
        PluginState::Paused(_) => "paused",
        PluginState::Suspended { .. } => "suspended",
        PluginState::Broken { .. } => "broken",
        PluginState::Missing { .. } => "missing",
        PluginState::Disabled => "disabled",
    }
}
