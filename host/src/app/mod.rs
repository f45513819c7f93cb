//! The only place that constructs stores and clients. Everything else receives what it needs.

mod announce;
mod archive;
mod configuration;
mod daemon_file;
mod lacks;
mod logs;
mod now_playing_watch;
mod plans;
mod plugins;
mod profile_watch;
mod rehearsal;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;

pub use crate::export::{Offer as ExportFormat, offers as export_formats};
pub use crate::jobs::MusicTools;
pub use crate::spotify::{Spotify, SpotifyAnswer, SpotifyError, SpotifyLoginError};
pub use crate::telegram::{AccountError, Accounts, Error as TelegramError, Farewell};
pub use archive::{archive, archive_file, archive_to_read, media};
pub use configuration::Configuration;
pub use daemon_file::{DaemonFile, Published};
pub use lacks::{Lack, Surroundings, what_is_lacking};
pub use logs::read_log;
pub use plans::{default_zone, next_fires};
pub use plugins::{CheckedPlugin, check_plugins, plugin_host_settings, plugin_settings, survey_plugins};
pub use rehearsal::rehearse_plugins;

use crate::{
    archive::{Archive, media::Media},
    capture::Sweeps,
    clock::{SharedClock, SystemClock},
    config::{Config, Loaded, Sources},
    event::Bus,
    jobs::{self, JobTools, Pinger},
    lifecycle::Lifecycle,
    music::{
        backends::Attempts,
        covers::Covers,
        fetched,
        ledger::Ledger,
        now_playing::Signs,
        player::Players,
        profile::{Boards, Recordings},
    },
    plugin_host::{Plugins, PluginsParts, system_lookup},
    scheduler::{self, EngineParts, Scheduler},
    spotify::SpotifyParts,
    state::State,
    telegram::AccountsParts,
    telemetry::{RunLogBook, SetFilter},
};

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Everything that the daemon is made of, built once.
#[derive(Debug)]
pub struct App {
    pub clock: SharedClock,
    pub bus: Bus,
    pub lifecycle: Lifecycle,
    pub book: RunLogBook,
    pub state: State,
    /// What was captured; opened by the first who needs it.
    pub archive: Archive,
    /// Where the files of messages lie.
    pub media: Media,
    /// What people see of sweeps.
    pub sweeps: Sweeps,
    pub scheduler: Scheduler,
    pub accounts: Accounts,
    pub spotify: Spotify,
    pub plugins: Plugins,
    /// What was played, and what profiles show.
    pub music: MusicTools,
    pub configuration: Arc<Configuration>,
}

/// What exists before the app does: the log needs them first.
#[derive(Debug)]
pub struct Foundation {
    pub clock: SharedClock,
    pub book: RunLogBook,
    pub lifecycle: Lifecycle,
    /// The running program's own file: what came with it lies near it.
    pub program: Option<PathBuf>,
}

impl Default for Foundation {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            book: RunLogBook::default(),
            lifecycle: Lifecycle::default(),
            program: std::env::current_exe().ok(),
        }
    }
}

impl App {
    /// Opens the state and starts the engine, without any job yet: [`Configuration::apply_first`]
    /// brings them.
    pub async fn build(
        foundation: Foundation,
        sources: Sources,
        loaded: Loaded,
        set_log_filter: SetFilter,
    ) -> anyhow::Result<Self> {
        let Foundation { clock, book, lifecycle, program } = foundation;
        let config = loaded.config.clone().context("the configuration has errors")?;
        let state = State::open(&config.data.folder)?;
        fetched::clear(&config.data.folder);
        let bus = Bus::default();
        let http = jobs::build_client(VERSION)?;
        let archive = {
            let (bus, clock, lifecycle) = (bus.clone(), clock.clone(), lifecycle.clone());
            archive(&config, move |store| {
                announce::spawn_archive(store, &bus, &clock, &lifecycle);
                archive::spawn_indexer(store, &clock, &lifecycle);
            })
        };
        archive::spawn_opening(&archive, &lifecycle);
        let accounts = Accounts::new(AccountsParts {
            section: config.telegram.clone(),
            state: state.clone(),
            bus: bus.clone(),
            clock: clock.clone(),
            lifecycle: lifecycle.clone(),
        });
        let spotify = Spotify::new(SpotifyParts {
            section: config.spotify.clone(),
            state: state.clone(),
            vault: accounts.vault(),
            clock: clock.clone(),
            lifecycle: lifecycle.clone(),
        });
        let plugins = Plugins::start(PluginsParts {
            host: plugin_host_settings(&config, program.as_deref()),
            tables: plugin_settings(&config),
            clock: clock.clone(),
            bus: bus.clone(),
            lifecycle: lifecycle.clone(),
            state: state.clone(),
            version: VERSION,
            scratch: config.data.folder.join("plugin-scratch"),
            search: sources.environment.get("PATH").map(ToOwned::to_owned),
            lookup: system_lookup(),
        })
        .context("plugins cannot be run")?;
        let music = MusicTools {
            state: state.clone(),
            ledger: Ledger::new(state.clone()),
            boards: Boards::telling(bus.clone()),
            attempts: Attempts::telling(state.clone(), bus.clone()),
            players: Players::new(bus.clone(), config.player.clone()),
            covers: Covers::new(http.clone(), clock.clone()),
            recordings: Recordings::new(accounts.clone(), state.clone(), clock.clone()),
            signs: Signs::default(),
        };
        let (sweeps, media) = (Sweeps::default(), media(&config));
        let tools = JobTools {
            music: Some(music.clone()),
            archive: Some(archive.clone()),
            capture: config.capture.clone(),
            sweeps: sweeps.clone(),
            media: Some(media.clone()),
            backends: config.backends.clone(),
            accounts: Some(accounts.clone()),
            spotify: Some(spotify.clone()),
            plugins: Some(plugins.clone()),
            http: http.clone(),
            clock: clock.clone(),
            base_folder: sources.folder(),
            version: VERSION,
            private_variables: Arc::default(),
        };
        let parts = EngineParts {
            clock: clock.clone(),
            state: state.clone(),
            bus: bus.clone(),
            book: book.clone(),
            lifecycle: lifecycle.clone(),
            pings: Arc::new(Pinger::new(http)),
            ticks: scheduler::spawn_ticks(&lifecycle).await.context("cannot start the tick")?,
        };
        let scheduler = scheduler::spawn(parts, plans::engine_settings(&config)?)?;
        announce::spawn(&music.ledger, &scheduler, &lifecycle);
        announce::spawn_arrivals(&accounts, &scheduler, &lifecycle);
        announce::spawn_logins(&spotify, &bus, &lifecycle);
        let mut configuration = Configuration::new(
            sources,
            loaded,
            config,
            tools,
            scheduler.clone(),
            bus.clone(),
            set_log_filter,
        );
        configuration.program = program;
        let configuration = Arc::new(configuration);
        Ok(Self {
            clock,
            bus,
            lifecycle,
            book,
            state,
            archive,
            media,
            sweeps,
            scheduler,
            accounts,
            spotify,
            plugins,
            music,
            configuration,
        })
    }

    pub fn folder(&self) -> &Path {
        self.state.folder()
    }

    pub fn config(&self) -> Arc<Config> {
        self.configuration.in_force()
    }
}
