//! Keeps what runs in step with what the folders and the settings say.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{
    Inner, Plugin,
    attempt::{Attempt, CodeSource, Ended},
    discover::{self, Names, Wanted},
    load::{Code, Workshop},
    loaded::Loaded,
    plugin::{Stage, Status},
    watch::Watch,
};
use crate::{
    event::Event,
    model::PluginName,
    plugin_host::{Failure, FileProblem, HostSettings, PluginError, PluginSettings, Who, calls::KEPT},
};

type Answer = oneshot::Sender<Result<(), PluginError>>;

#[derive(Debug)]
pub(super) enum Command {
    Apply { host: Box<HostSettings>, tables: BTreeMap<PluginName, PluginSettings>, done: oneshot::Sender<()> },
    Reload { name: PluginName, done: Answer },
    Settled { done: oneshot::Sender<()> },
}

pub(super) struct Supervisor {
    inner: Arc<Inner>,
    shop: Arc<Workshop>,
    commands: mpsc::Receiver<Command>,
    host: HostSettings,
    tables: BTreeMap<PluginName, PluginSettings>,
    names: Names,
    watch: Watch,
    entries: BTreeMap<PluginName, Entry>,
    loads: JoinSet<Ended>,
    settled: Vec<oneshot::Sender<()>>,
}

struct Entry {
    plugin: Arc<Plugin>,
    wanted: Wanted,
    /// What the code that runs was made of: something older than what was tried, if that was refused.
    runs: Option<Wanted>,
    /// What was last tried, whether it worked or not: the same is not tried twice.
    tried: Option<Wanted>,
    /// What held for its file then.
    bounds: FileBounds,
    is_loading: bool,
    waiting: Vec<Answer>,
}

/// What may keep a file from being loaded though nothing is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileBounds {
    max_bytes: u64,
    compile_deadline: Duration,
    compile_memory: u64,
}

impl Supervisor {
    pub(super) fn new(
        inner: Arc<Inner>,
        shop: Arc<Workshop>,
        commands: mpsc::Receiver<Command>,
        host: HostSettings,
        tables: BTreeMap<PluginName, PluginSettings>,
    ) -> Self {
        Self {
            inner,
            shop,
            commands,
            host,
            tables,
            names: Names::default(),
            watch: Watch::start(),
            entries: BTreeMap::new(),
            loads: JoinSet::new(),
            settled: Vec::new(),
        }
    }

    pub(super) async fn run(mut self, draining: CancellationToken) {
        self.rescan().await;
        let mut next_tidying = self.inner.clock.now() + KEPT;
        loop {
            if self.loads.is_empty() {
                for done in self.settled.drain(..) {
                    let _ = done.send(()); // Who asked may be gone.
                }
            }
            tokio::select! {
                () = draining.cancelled() => return,
                Some(ended) = self.loads.join_next() => match ended {
                    Ok(ended) => self.ended(ended),
                    Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                    Err(_) => {}
                },
                command = self.commands.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => return,
                },
                () = self.watch.changed() => self.rescan().await,
                () = self.inner.clock.sleep_until(next_tidying) => {
                    self.let_idle_ones_go();
                    next_tidying = self.inner.clock.now() + KEPT;
                }
            }
        }
    }

    /// After a burst of calls there are more instances than anybody needs.
    fn let_idle_ones_go(&self) {
        let now = self.inner.clock.now();
        let loaded = self.entries.values().filter_map(|entry| entry.plugin.loaded());
        let old: Vec<_> = loaded.flat_map(|loaded| loaded.idle.take_old(now)).collect();
        if !old.is_empty() {
            drop(tokio::task::spawn_blocking(move || drop(old)));
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Apply { host, tables, done } => {
                (self.host, self.tables) = (*host, tables);
                self.rescan().await;
                let _ = done.send(()); // Who asked may be gone.
            }
            Command::Reload { name, done } => {
                let Some(entry) = self.entries.get_mut(&name) else {
                    let gone = PluginError::new(&Who::named(&name), Failure::Unknown { known: Vec::new() });
                    return drop(done.send(Err(gone))); // Who asked may be gone too.
                };
                entry.plugin.breaker.reset();
                entry.tried = None;
                entry.waiting.push(done);
                self.rescan().await;
                self.answer_disabled();
            }
            Command::Settled { done } => self.settled.push(done),
        }
    }

    /// Looks at everything until nothing can have come between looking and watching.
    async fn rescan(&mut self) {
        while self.look().await {}
    }

    /// Starts what has to be loaded. Says whether it has to look again.
    async fn look(&mut self) -> bool {
        let (host, tables, mut names) =
            (self.host.clone(), self.tables.clone(), std::mem::take(&mut self.names));
        let runs = self.entries.iter().filter_map(|(name, entry)| entry.running_file(name)).collect();
        let scan = tokio::task::spawn_blocking(move || {
            // Should this fail, looking into it will say so.
            let _ = std::fs::create_dir_all(&host.folder);
            let wanted = discover::discover(&host, &tables, &runs, &mut names);
            (wanted, names)
        });
        let wanted = match scan.await {
            Ok((wanted, names)) => {
                self.names = names;
                wanted
            }
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => return false,
        };
        let has_new_folders = self.watch.set(self.folders(&wanted));
        self.take(wanted);
        let due: Vec<PluginName> =
            self.entries.iter().filter(|(_, it)| it.is_due()).map(|(name, _)| name.clone()).collect();
        for name in due {
            self.load(&name);
        }
        has_new_folders
    }

    /// Nothing will be loaded for those who wait for one that is switched off.
    fn answer_disabled(&mut self) {
        for (name, entry) in &mut self.entries {
            if !entry.wanted.settings.is_enabled {
                entry.answer(|| {
                    Err(PluginError::new(&Who::named(name), Failure::Disabled { name: name.clone() }))
                });
            }
        }
    }

    fn folders(&self, wanted: &BTreeMap<PluginName, Wanted>) -> BTreeSet<PathBuf> {
        let named = wanted.values().filter_map(|it| it.source.path.parent());
        let ours = [Some(self.host.folder.as_path()), self.host.bundled.as_deref()];
        named.chain(ours.into_iter().flatten()).map(Path::to_owned).collect()
    }

    /// Brings the list of names up to date.
    fn take(&mut self, wanted: BTreeMap<PluginName, Wanted>) {
        let gone: Vec<PluginName> =
            self.entries.keys().filter(|name| !wanted.contains_key(*name)).cloned().collect();
        for name in &gone {
            if let Some(mut entry) = self.entries.remove(name) {
                tracing::info!(plugin.name = %name, "Plugin is gone");
                entry.answer(|| {
                    Err(PluginError::new(&Who::named(name), Failure::Unknown { known: Vec::new() }))
                });
            }
        }
        for (name, wanted) in wanted {
            match self.entries.get_mut(&name) {
                Some(entry) => entry.take(wanted, &self.inner, &self.host),
                None => {
                    drop(self.entries.insert(name.clone(), Entry::new(&self.inner, &self.host, name, wanted)))
                }
            }
        }
        let plugins = self.entries.iter().map(|(name, entry)| (name.clone(), entry.plugin.clone())).collect();
        self.inner.plugins.store(Arc::new(plugins));
        gone.into_iter().for_each(|name| self.inner.bus.send(Event::Plugin(name)));
    }

    fn load(&mut self, name: &PluginName) {
        let Some(entry) = self.entries.get_mut(name) else { return };
        let (plugin, wanted) = (entry.plugin.clone(), entry.wanted.clone());
        let code = entry.code();
        entry.tried = Some(wanted.clone());
        entry.bounds = FileBounds::of(&self.host);
        entry.is_loading = true;
        let now = self.inner.clock.now();
        plugin.status().stage = Stage::Loading { since: now, is_compiling: false };
        self.inner.bus.send(Event::Plugin(name.clone()));
        let (inner, shop, host) = (self.inner.clone(), self.shop.clone(), self.host.clone());
        let attempt = Attempt { plugin, wanted, code };
        self.loads.spawn(async move { attempt.run(&inner, &shop, &host).await });
    }

    fn ended(&mut self, Ended { plugin, wanted, result, fallback }: Ended) {
        let Some(entry) = self.entries.get_mut(&plugin.name) else { return };
        // Gone and back meanwhile: this load was of the one that is gone.
        if !Arc::ptr_eq(&entry.plugin, &plugin) {
            return;
        }
        entry.is_loading = false;
        if !entry.wanted.settings.is_enabled {
            // It was switched off meanwhile.
            return self.answer_disabled();
        }
        let mut not_taken = None;
        let swapped = match (result, fallback) {
            (Ok(loaded), _) => entry.swap(loaded, wanted, &self.inner),
            (Err(error), Some(Ok(old_code))) => {
                entry.swap_settings(old_code, wanted.settings, &self.inner);
                Err(error)
            }
            (Err(error), Some(Err(settings))) => {
                not_taken = Some(settings);
                Err(error)
            }
            (Err(error), None) => Err(error),
        };
        let outcome =
            swapped.inspect_err(|error| entry.refuse(error, not_taken.as_ref(), self.inner.clock.now()));
        // They may have changed meanwhile.
        entry.hold_against(FileBounds::of(&self.host));
        self.inner.bus.send(Event::Plugin(plugin.name.clone()));
        if entry.is_due() {
            // It has changed meanwhile; who waits gets to hear of that.
            self.load(&plugin.name);
            return;
        }
        let mut outcome = Some(outcome);
        let text = outcome.as_ref().and_then(|it| it.as_ref().err()).map(ToString::to_string);
        entry.answer(|| {
            outcome.take().unwrap_or_else(|| match &text {
                Some(reason) => Err(PluginError::new(
                    &Who::named(&plugin.name),
                    Failure::Broken { reason: reason.clone() },
                )),
                None => Ok(()),
            })
        });
    }
}

impl Entry {
    fn new(inner: &Inner, host: &HostSettings, name: PluginName, wanted: Wanted) -> Self {
        let paused = inner.state.plugin_pauses.get(&name).unwrap_or_else(|error| {
            tracing::warn!(plugin.name = %name, %error, "Whether this plugin is paused cannot be read; it is not");
            None
        });
        let stage = Stage::Loading { since: inner.clock.now(), is_compiling: false };
        let status = Status {
            file: wanted.source.path.clone(),
            settings: wanted.settings.clone(),
            stage,
            shadowed: wanted.shadowed.clone(),
        };
        let plugin = Arc::new(Plugin::new(name, host.breaker.clone(), paused, status));
        let bounds = FileBounds::of(host);
        Self { plugin, wanted, tried: None, runs: None, bounds, is_loading: false, waiting: Vec::new() }
    }

    fn running_file(&self, name: &PluginName) -> Option<(PluginName, PathBuf)> {
        Some((name.clone(), self.runs.as_ref()?.source.path.clone()))
    }

    fn take(&mut self, wanted: Wanted, inner: &Inner, host: &HostSettings) {
        self.plugin.breaker.set(&host.breaker);
        let has_other_grants = self.wanted.settings.grants != wanted.settings.grants;
        let mut status = self.plugin.status();
        status.file.clone_from(&wanted.source.path);
        status.settings.clone_from(&wanted.settings);
        status.shadowed.clone_from(&wanted.shadowed);
        drop(status);
        // At once: whether the rest of what has changed can be used is another matter.
        if has_other_grants
            && let Err(error) = self.plugin.refresh_grants(|| inner.decisions(&self.plugin.name))
        {
            tracing::error!(plugin.name = %self.plugin.name, %error, "Changed grants do not count yet");
        }
        if !wanted.settings.is_enabled {
            self.plugin.unload();
            (self.tried, self.runs) = (None, None);
        }
        self.wanted = wanted;
        self.hold_against(FileBounds::of(host));
    }

    /// What was refused under other bounds is worth another try.
    fn hold_against(&mut self, bounds: FileBounds) {
        if self.bounds != bounds && matches!(self.plugin.status().stage, Stage::Failed { .. }) {
            self.tried = None;
        }
    }

    fn is_due(&self) -> bool {
        let is_new = self.tried.as_ref().is_none_or(|tried| !tried.is_same_load(&self.wanted));
        self.wanted.settings.is_enabled && !self.is_loading && is_new
    }

    /// A file that was refused is read again for other settings: it may take these.
    fn code(&self) -> CodeSource {
        let running = self.plugin.loaded().zip(self.runs.as_ref());
        let Some((loaded, runs)) = running else { return CodeSource::File { fallback: None } };
        let code = Code::of(&loaded);
        let was_tried = self.tried.as_ref().is_some_and(|tried| tried.is_same_file(&self.wanted));
        if was_tried && runs.is_same_file(&self.wanted) {
            return CodeSource::Running(code);
        }
        // Those that come with another file's name are for that one.
        let has_other_settings = runs.source == self.wanted.source && runs.settings != self.wanted.settings;
        CodeSource::File { fallback: has_other_settings.then_some(code) }
    }

    /// The code stays the one that runs, and its file the one that it was made of.
    fn swap_settings(&mut self, loaded: Loaded, settings: PluginSettings, inner: &Inner) {
        let plugin = &self.plugin;
        // Without it, the plugin was switched off meanwhile.
        let Some(runs) = &mut self.runs else { return };
        match plugin.swap(loaded, || inner.decisions(&plugin.name)) {
            Ok(_) => {
                runs.settings = settings;
                plugin.breaker.reset();
                plugin.figures.count_swap();
                tracing::info!(plugin.name = %plugin.name, "Plugin keeps its code and takes other settings");
            }
            Err(error) => {
                tracing::error!(plugin.name = %plugin.name, %error, "Changed settings do not count yet");
            }
        }
    }

    fn swap(&mut self, loaded: Loaded, wanted: Wanted, inner: &Inner) -> Result<(), PluginError> {
        let plugin = &self.plugin;
        let version = loaded.about.manifest.version.clone();
        let was_there = plugin.swap(loaded, || inner.decisions(&plugin.name))?;
        self.runs = Some(wanted);
        plugin.breaker.reset();
        plugin.status().stage = Stage::Done;
        if was_there {
            plugin.figures.count_swap();
        }
        tracing::info!(plugin.name = %plugin.name, plugin.version = version, "Plugin is loaded");
        Ok(())
    }

    /// `not_taken` is why the code that runs keeps its old settings, should others have been set meanwhile.
    fn refuse(&self, error: &PluginError, not_taken: Option<&PluginError>, now: jiff::Timestamp) {
        let is_missing = matches!(&error.failure, Failure::File(problem) if matches!(**problem, FileProblem::Missing { .. }));
        let keeps_running = self.plugin.loaded().is_some();
        let mut reason = error.failure.to_string();
        if let Some(not_taken) = not_taken {
            let why = &not_taken.failure;
            reason += &format!(
                "; the changed settings are not in force either, the code that runs keeps its old ones: {why}"
            );
        }
        tracing::warn!(
            plugin.name = %self.plugin.name, reason, keeps_running,
            "Plugin cannot be loaded"
        );
        self.plugin.figures.log(now, "error", &format!("Cannot be loaded: {reason}"));
        self.plugin.status().stage = Stage::Failed { reason, is_missing };
    }

    fn answer(&mut self, mut result: impl FnMut() -> Result<(), PluginError>) {
        // Who asked may be gone.
        self.waiting.drain(..).for_each(|done| drop(done.send(result())));
    }
}

impl FileBounds {
    const fn of(host: &HostSettings) -> Self {
        let HostSettings { max_file_bytes: max_bytes, compile_deadline, compile_memory, .. } = *host;
        Self { max_bytes, compile_deadline, compile_memory }
    }
}

impl Wanted {
    fn is_same_file(&self, other: &Self) -> bool {
        self.source == other.source && self.stamp == other.stamp
    }

    /// Whether loading it would come to the same.
    fn is_same_load(&self, other: &Self) -> bool {
        self.is_same_file(other) && self.settings == other.settings
    }
}
