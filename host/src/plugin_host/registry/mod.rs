//! All plugins by name: what runs now, what its file says, how it fares.
//!
//! One task (`supervise`) decides what is loaded; calls only ever read. A name points at one
//! generation of code, and a call keeps the one it began with, so a swap is one store of a pointer.
//!
//! When a file is gone: a plugin with a table keeps running what it has and says so, since files are
//! often replaced by removing them first; one that was only dropped into the folder is gone with it.

mod attempt;
mod breaker;
mod decisions;
mod discover;
mod load;
mod loaded;
mod plugin;
mod rehearsal;
mod remains;
mod supervise;
#[cfg(test)]
mod tests;
mod watch;

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use tokio::sync::{broadcast::error::RecvError, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

#[cfg(test)]
pub(crate) use super::folders::Source;
pub(crate) use breaker::{Breaker, is_its_own_fault};
#[cfg(test)]
pub(crate) use load::Standing;
pub(crate) use loaded::Loaded;
pub(crate) use plugin::Plugin;
pub(crate) use rehearsal::{Bounds, Rehearsals};
pub use remains::remains;

use super::{
    cache::Cache,
    calls::{BackendHandle, Crew, ExporterHandle, FilterHandle, Lane},
    capability::{Outside, http::Lookup},
    compile::Compiler,
    engine::Engine,
    error::{Failure, PluginError, Who},
    link::Linkers,
    settings::{HostSettings, PluginSettings},
};
use crate::{
    clock::SharedClock,
    event::{Bus, Event},
    lifecycle::Lifecycle,
    model::{OnError, Paused, PluginKind, PluginName, PluginView},
    state::State,
};
pub(crate) use load::{Gates, Workshop};
use supervise::{Command, Supervisor};

/// Every plugin. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Plugins {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    plugins: ArcSwap<BTreeMap<PluginName, Arc<Plugin>>>,
    commands: mpsc::Sender<Command>,
    crew: Crew,
    clock: SharedClock,
    bus: Bus,
    state: State,
}

/// What they are built from.
pub struct PluginsParts {
    pub host: HostSettings,
    /// Those with a table of their own.
    pub tables: BTreeMap<PluginName, PluginSettings>,
    pub clock: SharedClock,
    pub bus: Bus,
    pub lifecycle: Lifecycle,
    pub state: State,
    /// What their requests over HTTP call themselves.
    pub version: &'static str,
    /// A folder of this process alone, for what plugins write during a call.
    pub scratch: PathBuf,
    /// Where programs are looked for: a `PATH`.
    pub search: Option<OsString>,
    /// Who says where servers lie: the system, but for tests.
    pub lookup: Lookup,
}

impl Plugins {
    /// Returns at once; what there is loads behind it. See [`Self::settled`]. Needs tokio around it.
    pub fn start(parts: PluginsParts) -> Result<Self, Failure> {
        let PluginsParts { host, tables, clock, bus, lifecycle, state, .. } = &parts;
        let broken =
            |what: &str, error: &dyn std::fmt::Display| Failure::Host { what: format!("{what}: {error}") };
        let engine = Engine::build().map_err(|error| broken("the engine does not start", &error))?;
        let linkers = Linkers::build(&engine).map_err(|error| broken("the host cannot be linked", &error))?;
        let compiler = Compiler::new(engine.clone(), host.niceness);
        let cache = Cache::open(&host.cache, &engine, clock.now())
            .inspect_err(|error| {
                tracing::error!(%error, "Compiled plugins are not kept: every start compiles them anew");
            })
            .ok();
        let runtime = tokio::runtime::Handle::current();
        let outside = Outside::new(
            parts.version,
            &parts.lookup,
            state.plugin_kv.clone(),
            &parts.scratch,
            parts.search.as_deref(),
            runtime.clone(),
        )
        .map_err(|error| broken("plugins cannot be connected", &error))?;
        let (clock, bus) = (clock.clone(), bus.clone());
        let outside = Arc::new(outside);
        let crew = Crew::start(&runtime);
        let shop = Workshop {
            engine,
            linkers,
            compiler,
            cache,
            outside,
            clock: clock.clone(),
            bus: bus.clone(),
            gates: Gates::default(),
            rehearsals: Rehearsals::new(crew.clone()),
        };
        let (commands, receiver) = mpsc::channel(16);
        let plugins = ArcSwap::default();
        let inner = Arc::new(Inner { plugins, commands, crew, clock, bus, state: state.clone() });
        let (host, tables) = (host.clone(), tables.clone());
        let supervisor = Supervisor::new(inner.clone(), Arc::new(shop), receiver, host, tables);
        lifecycle.spawn("plugins", supervisor.run(lifecycle.draining()));
        Ok(Self { inner })
    }

    /// What a call of this plugin would run now. Ask anew for each call, and keep the answer for
    /// the whole of it.
    pub(crate) fn current(&self, name: &PluginName) -> Result<Arc<Loaded>, PluginError> {
        self.plugin(name)?.current(self.inner.clock.now())
    }

    /// The same for who can wait: a daemon that has just started may not have found and compiled it yet.
    pub(crate) async fn current_soon(
        &self,
        name: &PluginName,
        cancel: &CancellationToken,
    ) -> Result<Arc<Loaded>, PluginError> {
        // Listened to before it is looked at, so that no news falls between the two.
        let mut news = self.inner.bus.listen();
        let settled = self.settled();
        tokio::pin!(settled);
        let mut is_settled = false;
        loop {
            let error = match self.current(name) {
                Err(error) if matches!(error.failure, Failure::Loading | Failure::Unknown { .. }) => error,
                found => return found,
            };
            if is_settled {
                return Err(error);
            }
            tokio::select! {
                () = cancel.cancelled() => return Err(error),
                () = &mut settled => is_settled = true,
                // Whatever it was, and also when some of it was missed.
                heard = news.recv() => if matches!(heard, Err(RecvError::Closed)) { return Err(error) },
            }
        }
    }

    pub(crate) fn plugin(&self, name: &PluginName) -> Result<Arc<Plugin>, PluginError> {
        let plugins = self.inner.plugins.load();
        plugins.get(name).cloned().ok_or_else(|| {
            let known = plugins.keys().map(ToString::to_string).collect();
            PluginError::new(&Who::named(name), Failure::Unknown { known })
        })
    }

    /// Where its calls wait for one another.
    pub(crate) fn lane(&self, name: &PluginName) -> Result<Lane, PluginError> {
        Ok(self.plugin(name)?.lane.clone())
    }

    /// The same, unless the plugin rests.
    pub(crate) fn open_lane(&self, name: &PluginName) -> Result<Lane, PluginError> {
        let plugin = self.plugin(name)?;
        plugin.check_rest(self.inner.clock.now())?;
        Ok(plugin.lane.clone())
    }

    /// Whether there is such a plugin, and one that can do this, shows when it is called.
    pub fn filter(&self, name: &PluginName) -> FilterHandle {
        FilterHandle::new(self.clone(), name.clone(), self.inner.crew.clone())
    }

    /// What its failures mean, as its table says.
    pub fn on_error(&self, name: &PluginName) -> OnError {
        self.plugin(name).map(|plugin| plugin.status().settings.on_error).unwrap_or_default()
    }

    pub fn exporter(&self, name: &PluginName) -> ExporterHandle {
        ExporterHandle::new(self.clone(), name.clone())
    }

    pub fn backend(&self, name: &PluginName) -> BackendHandle {
        BackendHandle::new(self.clone(), name.clone(), self.inner.crew.clone())
    }

    /// Those whose present code is of this kind.
    pub fn of_kind(&self, kind: PluginKind) -> Vec<PluginName> {
        let plugins = self.inner.plugins.load();
        let is_of_kind = |plugin: &Plugin| plugin.loaded().is_some_and(|it| it.kinds().contains(&kind));
        plugins.values().filter(|plugin| is_of_kind(plugin)).map(|plugin| plugin.name.clone()).collect()
    }

    /// By name.
    pub fn views(&self) -> Vec<PluginView> {
        self.inner.plugins.load().values().map(|plugin| self.inner.view(plugin)).collect()
    }

    pub fn view(&self, name: &PluginName) -> Result<PluginView, PluginError> {
        let plugin = self.plugin(name)?;
        Ok(self.inner.view(&plugin))
    }

    /// Takes a changed configuration. Calls in flight end under the old one.
    pub async fn apply(&self, host: HostSettings, tables: BTreeMap<PluginName, PluginSettings>) {
        self.command(|done| Command::Apply { host: Box::new(host), tables, done }).await;
    }

    /// Reads the file again, whether it looks changed or not, and lets a suspended plugin work again.
    pub async fn reload(&self, name: &PluginName) -> Result<PluginView, PluginError> {
        self.plugin(name)?;
        let ended = self.command(|done| Command::Reload { name: name.clone(), done }).await;
        ended.unwrap_or_else(|| {
            Err(PluginError::new(&Who::named(name), Failure::Host { what: "the daemon stops".into() }))
        })?;
        self.view(name)
    }

    /// Returns when nothing is being loaded any more.
    pub async fn settled(&self) {
        self.command(|done| Command::Settled { done }).await;
    }

    /// Takes no calls until it is resumed, over restarts too. Calls in flight end by themselves.
    pub fn pause(&self, name: &PluginName, by: &str) -> Result<(), PluginError> {
        let plugin = self.plugin(name)?;
        let paused = Paused { since: self.inner.clock.now(), by: by.into() };
        self.inner.state.plugin_pauses.put(name, &paused).map_err(|error| host_failure(name, &error))?;
        plugin.set_paused(Some(paused));
        self.inner.bus.send(Event::Plugin(name.clone()));
        Ok(())
    }

    /// Takes calls again, also after too many failures.
    pub fn resume(&self, name: &PluginName) -> Result<(), PluginError> {
        let plugin = self.plugin(name)?;
        self.inner.state.plugin_pauses.remove(name).map_err(|error| host_failure(name, &error))?;
        plugin.set_paused(None);
        plugin.breaker.reset();
        self.inner.bus.send(Event::Plugin(name.clone()));
        Ok(())
    }

    /// Looks again at what was approved and withdrawn; calls in flight notice at their next wish.
    pub fn refresh_grants(&self, name: &PluginName) -> Result<(), PluginError> {
        self.plugin(name)?.refresh_grants(|| self.inner.decisions(name))?;
        self.inner.bus.send(Event::Plugin(name.clone()));
        Ok(())
    }

    /// `None` once the daemon stops.
    async fn command<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (done, answer) = oneshot::channel();
        self.inner.commands.send(command(done)).await.ok()?;
        answer.await.ok()
    }
}

impl Inner {
    fn view(&self, plugin: &Plugin) -> PluginView {
        plugin.view(|| self.decisions(&plugin.name))
    }

    fn decisions(&self, name: &PluginName) -> Result<Vec<crate::state::GrantDecision>, PluginError> {
        let decisions = self.state.plugin_grants.of_plugin(name.as_str());
        decisions.map_err(|error| host_failure(name, &error))
    }
}

fn host_failure(name: &PluginName, error: &dyn std::error::Error) -> PluginError {
    PluginError::new(&Who::named(name), Failure::Host { what: error.to_string() })
}
