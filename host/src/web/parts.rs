use std::{fmt, net::SocketAddr, ops::Deref, path::PathBuf, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::{Mutex, Semaphore, watch};

use super::{auth::Auth, metrics::Metrics};
use crate::{
    app::{Accounts, MusicTools, Spotify},
    archive::{Archive, media::Media},
    capture::Sweeps,
    clock::SharedClock,
    config::{AuthSection, CaptureSection, ConfigReport, ServerSection},
    event::Bus,
    lifecycle::Lifecycle,
    model::{JobName, JobView, LogLine, PluginName, RunId},
    plugin_host::Plugins,
    scheduler::{PlannedJob, Scheduler},
    state::{State, StateError},
};

/// Lines of a run numbered above `after`, oldest first, at most so many: those of runs that are
/// going too.
pub type LogReader = Arc<dyn Fn(RunId, u64, usize) -> Result<Vec<LogLine>, StateError> + Send + Sync>;

/// What one job's own page shows beyond its view.
#[derive(Clone, Debug, Default)]
pub struct JobExtras {
    /// When time alone starts it next, jitter not counted.
    pub next_fires: Vec<Timestamp>,
    /// What only its kind understands, secrets masked.
    pub settings: serde_json::Value,
}

pub type JobExtrasReader = Arc<dyn Fn(&JobView) -> JobExtras + Send + Sync>;

/// Where plugins lie: the folder for people, and the one that came with the program.
pub type PluginFolders = Arc<dyn Fn() -> (PathBuf, Option<PathBuf>) + Send + Sync>;

/// A plugin's settings as the configuration says, secrets masked.
pub type PluginSettingsReader = Arc<dyn Fn(&PluginName) -> serde_json::Value + Send + Sync>;

/// A job of this kind with these settings, which is not in the configuration; or why there is none.
pub type PlanOnce = Arc<dyn Fn(JobName, &str, serde_json::Value) -> anyhow::Result<PlannedJob> + Send + Sync>;

/// Reads the configuration again; done when the report says how it went.
pub type Reload = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// Settings that a reload may change.
#[derive(Clone, Debug)]
pub struct WebSettings {
    pub server: ServerSection,
    pub auth: AuthSection,
    pub capture: CaptureSection,
    /// The zone that jobs without their own are scheduled in.
    pub timezone: String,
}

/// What the page and the API are made of.
#[derive(Clone)]
pub struct WebParts {
    pub scheduler: Scheduler,
    pub accounts: Accounts,
    pub spotify: Spotify,
    pub plugins: Plugins,
    /// What was played, and what profiles show.
    pub music: MusicTools,
    /// Every message and file that was captured or imported.
    pub archive: Archive,
    /// Where the files of messages lie.
    pub media: Media,
    /// What people see of sweeps.
    pub sweeps: Sweeps,
    /// Makes a job that is not in the configuration.
    pub plan_once: PlanOnce,
    pub plugin_folders: PluginFolders,
    pub plugin_settings: PluginSettingsReader,
    pub state: State,
    pub bus: Bus,
    pub clock: SharedClock,
    pub lifecycle: Lifecycle,
    pub config: watch::Receiver<Arc<ConfigReport>>,
    pub reload: Reload,
    pub read_log: LogReader,
    pub job_extras: JobExtrasReader,
    pub settings: watch::Receiver<Arc<WebSettings>>,
    /// An admin token that is valid as long as this process; the command line uses it.
    pub process_token: SecretString,
}

/// Streams of live events that can be open at the same time.
const STREAMS: usize = 256;

/// How long clients are waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a whole request with its body; live events are an answer that has begun.
    pub(crate) request: Duration,
    /// For the next part of a file that is uploaded.
    pub(crate) upload: Duration,
    /// For the rest of a file that is refused.
    pub(crate) refusal: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let half_a_minute = Duration::from_secs(30);
        Self { request: half_a_minute, upload: half_a_minute, refusal: Duration::from_secs(5) }
    }
}

/// What every handler gets. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Web(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) parts: WebParts,
    pub(crate) auth: Auth,
    pub(crate) metrics: Metrics,
    pub(crate) listen: SocketAddr,
    pub(crate) started_at: Timestamp,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) patience: Patience,
    /// Held while a file is uploaded.
    pub(crate) upload: Mutex<()>,
}

impl Web {
    pub(crate) fn new(parts: WebParts, listen: SocketAddr) -> Self {
        Self::with_patience(parts, listen, Patience::default())
    }

    pub(super) fn with_patience(parts: WebParts, listen: SocketAddr, patience: Patience) -> Self {
        Self(Arc::new(Inner {
            auth: Auth::new(&parts),
            metrics: Metrics::default(),
            listen,
            started_at: parts.clock.now(),
            streams: Arc::new(Semaphore::new(STREAMS)),
            patience,
            upload: Mutex::new(()),
            parts,
        }))
    }

    /// Only this machine can reach us.
    pub(crate) fn is_loopback_only(&self) -> bool {
        self.listen.ip().is_loopback()
    }
}

impl Deref for Web {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Web({})", self.listen)
    }
}
