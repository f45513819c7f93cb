//! The configuration in force, and how another one takes its place: read whole, checked whole,
//! then swapped; with any error the last good one stays.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use serde_json::Value;
use tokio::sync::{Mutex, watch};

use super::{
    plans::engine_settings,
    plugins::{plugin_host_settings, plugin_settings},
};
use crate::{
    clock::SharedClock,
    config::{self, Config, ConfigReport, ConfigState, Loaded, Problem, Sources},
    event::{Bus, Event},
    jobs::{self, JobTools},
    lifecycle::Lifecycle,
    model::JobName,
    scheduler::{PlannedJob, Scheduler},
    telemetry::SetFilter,
};

pub struct Configuration {
    sources: Sources,
    /// What some settings keep until a restart.
    started_with: Arc<Config>,
    in_force: watch::Sender<Arc<Config>>,
    report: watch::Sender<Arc<ConfigReport>>,
    tools: JobTools,
    scheduler: Scheduler,
    bus: Bus,
    clock: SharedClock,
    set_log_filter: SetFilter,
    /// What the file was like when it was read first.
    first_read: config::watch::Fingerprint,
    /// The running program's own file.
    pub(super) program: Option<PathBuf>,
    /// One change at a time.
    changing: Mutex<()>,
}

impl Configuration {
    pub(super) fn new(
        sources: Sources,
        loaded: Loaded,
        config: Config,
        tools: JobTools,
        scheduler: Scheduler,
        bus: Bus,
        set_log_filter: SetFilter,
    ) -> Self {
        let clock = tools.clock.clone();
        let first_read = loaded.fingerprint;
        let report = report_of(loaded, &clock);
        let config = Arc::new(config);
        Self {
            sources,
            started_with: config.clone(),
            in_force: watch::Sender::new(config),
            report: watch::Sender::new(Arc::new(report)),
            tools,
            scheduler,
            bus,
            clock,
            set_log_filter,
            first_read,
            program: None,
            changing: Mutex::new(()),
        }
    }

    pub fn in_force(&self) -> Arc<Config> {
        self.in_force.borrow().clone()
    }

    /// Where plugins lie: the folder for people, and the one that came with the program.
    pub fn plugin_folders(&self) -> (PathBuf, Option<PathBuf>) {
        let host = plugin_host_settings(&self.in_force(), self.program.as_deref());
        (host.folder, host.bundled)
    }

    /// The configuration in force, and every one that takes its place.
    pub fn changes(&self) -> watch::Receiver<Arc<Config>> {
        self.in_force.subscribe()
    }

    pub fn reports(&self) -> watch::Receiver<Arc<ConfigReport>> {
        self.report.subscribe()
    }

    /// Loads the jobs that the app was built with.
    pub async fn apply_first(&self) -> anyhow::Result<()> {
        let config = self.in_force();
        let planned = self.plan(&config).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("{}", lines.join("\n"))
        })?;
        self.scheduler.load(planned, engine_settings(&config)?).await?;
        Ok(())
    }

    /// Reads everything again. The report says how it went.
    pub async fn reload(&self) {
        let _one_at_a_time = self.changing.lock().await;
        let mut loaded = config::load(&self.sources, &jobs::vocabulary());
        let outcome = match loaded.config.clone() {
            Some(config) => self.take_over(config).await,
            None => Err(Vec::new()),
        };
        match outcome {
            Ok(mut warnings) => {
                loaded.problems.append(&mut warnings);
                tracing::info!(warnings = loaded.problems.len(), "The configuration was read again");
                self.report.send_replace(Arc::new(report_of(loaded, &self.clock)));
            }
            Err(mut problems) => {
                loaded.problems.append(&mut problems);
                tracing::error!(
                    problems = loaded.problems.len(),
                    "The configuration has errors; the last good one stays in force"
                );
                loaded.problems.iter().for_each(|problem| tracing::error!("{problem}"));
                self.report.send_modify(|report| {
                    let before = report.as_ref().clone();
                    let state = ConfigState::Problems;
                    *report = Arc::new(ConfigReport { state, problems: loaded.problems, ..before });
                });
            }
        }
        self.bus.send(Event::Config);
    }

    /// All of it or nothing. Returns warnings.
    async fn take_over(&self, config: Config) -> Result<Vec<Problem>, Vec<Problem>> {
        let planned = self.plan(&config)?;
        let refused =
            |error: anyhow::Error| vec![Problem::about(&self.sources.file, "jobs", format!("{error:#}"))];
        let settings = engine_settings(&config).map_err(refused)?;
        (self.set_log_filter)(&config.log.level).map_err(refused)?;
        self.scheduler.load(planned, settings).await.map_err(|error| refused(error.into()))?;
        let mut kept = BTreeSet::new();
        if let Some(accounts) = &self.tools.accounts {
            accounts.configure(&config.telegram);
            kept = accounts.kept_settings();
        }
        if let Some(spotify) = &self.tools.spotify {
            spotify.configure(&config.spotify);
        }
        if let Some(music) = &self.tools.music {
            music.players.configure(&config.player);
        }
        if let Some(plugins) = &self.tools.plugins {
            let host = plugin_host_settings(&config, self.program.as_deref());
            plugins.apply(host, plugin_settings(&config)).await;
        }
        self.in_force.send_replace(Arc::new(config));
        let restart = Config::restart_needed(&self.started_with, &self.in_force());
        let keys: Vec<String> = restart.into_iter().map(str::to_owned).chain(kept).collect();
        if !keys.is_empty() {
            tracing::warn!("A restart is needed for {}", keys.join(", "));
        }
        Ok(keys.iter().map(|key| Problem::needs_restart(&self.sources.file, key)).collect())
    }

    /// A job that somebody wants to run this once.
    pub fn plan_once(&self, name: JobName, kind: &str, settings: Value) -> anyhow::Result<PlannedJob> {
        jobs::plan_once(name, kind, settings, &self.tools_of(&self.in_force()))
    }

    fn tools_of(&self, config: &Config) -> JobTools {
        let private_variables = Arc::new(config.private_variables.clone());
        let backends = config.backends.clone();
        let capture = config.capture.clone();
        JobTools { private_variables, backends, capture, ..self.tools.clone() }
    }

    fn plan(&self, config: &Config) -> Result<Vec<PlannedJob>, Vec<Problem>> {
        jobs::plan(&config.jobs, &self.tools_of(config)).map_err(|bad| {
            let problem = |bad: &jobs::BadJob| {
                Problem::about(&self.sources.file, &format!("jobs.{}", bad.job), format!("{:#}", bad.error))
            };
            bad.iter().map(problem).collect()
        })
    }

    /// Follows the file and SIGHUP until the daemon drains.
    pub fn spawn_watch(self: &Arc<Self>, lifecycle: &Lifecycle) -> anyhow::Result<()> {
        let mut hang_up = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
        let mut file = match config::watch::spawn(&self.sources.file, self.first_read) {
            Ok(watch) => Some(watch),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "The configuration file cannot be watched: after a change, send SIGHUP"
                );
                None
            }
        };
        let (this, draining) = (self.clone(), lifecycle.draining());
        lifecycle.spawn("configuration", async move {
            loop {
                let changed = async {
                    match &mut file {
                        Some(file) => file.changed().await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    () = changed => {}
                    _ = hang_up.recv() => {}
                    () = draining.cancelled() => return,
                }
                this.reload().await;
            }
        });
        Ok(())
    }
}

impl std::fmt::Debug for Configuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Configuration({})", self.sources.file.display())
    }
}

fn report_of(loaded: Loaded, clock: &SharedClock) -> ConfigReport {
    ConfigReport {
        path: loaded.path,
        state: ConfigState::Ok,
        loaded_at: clock.now(),
        problems: loaded.problems,
        values: loaded.values,
    }
}
