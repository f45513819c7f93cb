//! Figures for Prometheus. Labels are jobs, kinds, statuses and routes: their number is bounded
//! by the configuration and the code, never by what clients send.

mod music;
mod player;
mod plugins;

use std::{
    collections::VecDeque,
    fs,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    extract::State,
    http::{HeaderValue, Method, header},
    response::{IntoResponse as _, Response},
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use tokio::sync::broadcast::error::RecvError;

use self::{music::MusicMetrics, player::PlayerMetrics, plugins::PluginMetrics};
use super::{Web, auth::Identity, error::Problem};
use crate::{
    event::Event,
    model::{AccountName, AccountState, AccountView, Run, RunId, Scope, TelegramFigures, Trigger},
    scheduler::Counts,
};

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// From a tenth of a second to a day.
const DURATIONS_S: [f64; 14] =
    [0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 14_400.0, 43_200.0, 86_400.0];
/// From half a millisecond to ten minutes.
const LATENESS_S: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 600.0];
/// How many ended runs are remembered, to count each once.
const ENDED: usize = 256;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RunLabels {
    kind: String,
    job: String,
    status: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabels {
    kind: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AccountLabels {
    account: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AccountStateLabels {
    account: String,
    state: &'static str,
}

/// What accounts ask of Telegram, and how they are.
#[derive(Debug, Default)]
struct TelegramMetrics {
    states: Family<AccountStateLabels, Gauge>,
    reconnects: Family<AccountLabels, Counter>,
    calls: Family<AccountLabels, Counter>,
    floods: Family<AccountLabels, Counter>,
    in_flight: Family<AccountLabels, Gauge>,
    waiting: Family<AccountLabels, Gauge<f64, AtomicU64>>,
}

impl TelegramMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register("telegram_calls", "Calls sent to Telegram, each try", self.calls.clone());
        registry.register("telegram_floods", "Pauses that Telegram asked for", self.floods.clone());
        registry.register("telegram_calls_in_flight", "Calls without an answer yet", self.in_flight.clone());
        let reconnects = self.reconnects.clone();
        registry.register("telegram_reconnects", "Connections made anew after a break", reconnects);
        registry.register("telegram_account", "1 for the state that an account is in", self.states.clone());
        let waiting = self.waiting.clone();
        registry.register_with_unit("telegram_waiting", "What is left of a pause", Unit::Seconds, waiting);
    }

    fn take(&self, account: &AccountName, figures: &TelegramFigures) {
        let labels = AccountLabels { account: account.to_string() };
        self.calls.get_or_create(&labels).inner().store(figures.calls, Ordering::Relaxed);
        self.floods.get_or_create(&labels).inner().store(figures.floods, Ordering::Relaxed);
        self.reconnects.get_or_create(&labels).inner().store(figures.reconnects, Ordering::Relaxed);
        self.in_flight.get_or_create(&labels).set(figures.in_flight.into());
        self.waiting.get_or_create(&labels).set(figures.waiting_s);
    }

    fn take_states(&self, accounts: &[AccountView]) {
        // Accounts can go away.
        self.states.clear();
        for account in accounts {
            for state in AccountState::NAMES {
                let labels = AccountStateLabels { account: account.name.to_string(), state };
                self.states.get_or_create(&labels).set((account.state.name() == state).into());
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    runs: Family<RunLabels, Counter>,
    durations: Family<KindLabels, Histogram, fn() -> Histogram>,
    lateness: Histogram,
    requests: Family<RequestLabels, Counter>,
    jobs: Gauge,
    running: Gauge,
    queued: Gauge,
    memory: Gauge,
    cpu: Counter<f64, AtomicU64>,
    state: Gauge,
    telegram: TelegramMetrics,
    plugins: PluginMetrics,
    player: PlayerMetrics,
    music: MusicMetrics,
    /// A run is told of again when its log is done; each counts once.
    ended: Mutex<VecDeque<RunId>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("tapedeck"),
            runs: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATIONS_S)),
            lateness: Histogram::new(LATENESS_S),
            requests: Family::default(),
            jobs: Gauge::default(),
            running: Gauge::default(),
            queued: Gauge::default(),
            memory: Gauge::default(),
            cpu: Counter::default(),
            state: Gauge::default(),
            telegram: TelegramMetrics::default(),
            plugins: PluginMetrics::default(),
            player: PlayerMetrics::default(),
            music: MusicMetrics::default(),
            ended: Mutex::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("runs", "Runs that are over", self.runs.clone());
        registry.register("jobs", "Jobs of the configuration", self.jobs.clone());
        registry.register("runs_running", "Runs that are going", self.running.clone());
        registry.register("runs_queued", "Runs that wait for their turn", self.queued.clone());
        registry.register("http_requests", "Requests answered", self.requests.clone());
        let durations = self.durations.clone();
        registry.register_with_unit("run_duration", "Runs, from start to end", Unit::Seconds, durations);
        let lateness = self.lateness.clone();
        registry.register_with_unit("run_lateness", "Runs, from due to started", Unit::Seconds, lateness);
        let memory = self.memory.clone();
        registry.register_with_unit("process_resident_memory", "Memory in use", Unit::Bytes, memory);
        registry.register_with_unit("process_cpu", "CPU time used", Unit::Seconds, self.cpu.clone());
        registry.register_with_unit("state_size", "The state on disk", Unit::Bytes, self.state.clone());
        self.telegram.register(registry);
        self.plugins.register(registry);
        self.player.register(registry);
        self.music.register(registry);
    }

    pub(crate) fn count_request(&self, method: &Method, route: &str, status: u16) {
        // Clients can invent methods.
        let is_known = matches!(*method, Method::GET | Method::HEAD | Method::POST | Method::DELETE);
        let method = if is_known { method.as_str() } else { "other" }.to_owned();
        self.requests.get_or_create(&RequestLabels { method, route: route.to_owned(), status }).inc();
    }

    fn take_run(&self, run: &Run) {
        if !run.status.is_over() {
            return;
        }
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.contains(&run.id) {
            return;
        }
        if ended.len() == ENDED {
            ended.pop_front();
        }
        ended.push_back(run.id);
        self.count_run(run);
    }

    fn count_run(&self, run: &Run) {
        let (kind, status) = (run.kind.clone(), run.status.to_string());
        self.runs.get_or_create(&RunLabels { kind: kind.clone(), job: run.job.to_string(), status }).inc();
        let Some(started) = run.started else { return };
        let ended = run.ended.unwrap_or(started);
        let duration_s = ended.duration_since(started).as_secs_f64().max(0.0);
        self.durations.get_or_create(&KindLabels { kind }).observe(duration_s);
        // Only time promises a moment; the others start when they are asked to.
        if matches!(run.trigger, Trigger::Cron | Trigger::Every) {
            self.lateness.observe(started.duration_since(run.due).as_secs_f64().max(0.0));
        }
    }

    fn encode(&self, counts: Counts, state_bytes: u64) -> Result<String, std::fmt::Error> {
        self.jobs.set(as_gauge(counts.jobs));
        self.running.set(as_gauge(counts.running));
        self.queued.set(as_gauge(counts.queued));
        self.state.set(i64::try_from(state_bytes).unwrap_or(i64::MAX));
        if let Some(bytes) = resident_bytes() {
            self.memory.set(bytes);
        }
        if let Some(seconds) = cpu_seconds() {
            self.cpu.inner().store(seconds.to_bits(), Ordering::Relaxed);
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn as_gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn resident_bytes() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1024)
}

fn cpu_seconds() -> Option<f64> {
    // Linux shows hundredths of a second here, on every machine that we build for.
    const TICKS_PER_S: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is our name in brackets and may hold spaces; user and system time are 14 and 15.
    let (_, rest) = stat.rsplit_once(") ")?;
    let ticks: Vec<f64> = rest.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
    Some(ticks.iter().sum::<f64>() / TICKS_PER_S)
}

/// Counts runs as they end, until the daemon drains.
pub(crate) async fn listen(web: Web) {
    let draining = web.parts.lifecycle.draining();
    let mut events = web.parts.bus.listen();
    loop {
        let received = tokio::select! {
            () = draining.cancelled() => return,
            received = events.recv() => received,
        };
        match received.map(|numbered| numbered.event) {
            Ok(Event::Run(run)) => web.metrics.take_run(&run),
            Ok(_) => {}
            Err(RecvError::Lagged(lost)) => {
                tracing::warn!(events = lost, "Some runs are missing in the figures of /metrics");
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Figures for Prometheus, as OpenMetrics text
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, description = "All figures", body = String, content_type = "text/plain")))]
pub(crate) async fn show(State(web): State<Web>, identity: Identity) -> Result<Response, Problem> {
    identity.needs(Scope::Read)?;
    let counts = web.parts.scheduler.counts().await?;
    for (account, figures) in web.parts.accounts.figures() {
        web.metrics.telegram.take(&account, &figures);
    }
    match web.parts.accounts.list().await {
        Ok(listed) => web.metrics.telegram.take_states(&listed.accounts),
        // The other figures are worth having without them.
        Err(error) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "Accounts are missing in /metrics");
        }
    }
    web.metrics.plugins.take(&web.parts.plugins.views());
    let music = &web.parts.music;
    web.metrics.player.take(&music.players.window.view(), music.ledger.count());
    web.metrics.music.take(music, web.parts.spotify.rate_limited_until());
    let text = web.metrics.encode(counts, web.parts.state.size_on_disk());
    let text = text.map_err(|error| Problem::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))], text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{AttemptOutcome, CapabilityView, PluginFigures, PluginKind, PluginView, Status},
        music::profile::Figures,
        web::testing::{TestWeb, run},
    };

    async fn figures(world: &TestWeb) -> String {
        let answer = world.get("/metrics").send().await;
        assert_eq!(answer.headers[header::CONTENT_TYPE], CONTENT_TYPE);
        answer.text
    }

    #[tokio::test]
    async fn counts_each_run_once() {
        let world = TestWeb::open();
        let done = run(7, "backup", Status::Succeeded);
        for run in [run(7, "backup", Status::Running), done.clone(), done, run(8, "backup", Status::Failed)] {
            world.web.metrics.take_run(&run);
        }
        let text = figures(&world).await;
        for line in [
            r#"tapedeck_runs_total{kind="command",job="backup",status="succeeded"} 1"#,
            r#"tapedeck_runs_total{kind="command",job="backup",status="failed"} 1"#,
            r#"tapedeck_run_duration_seconds_bucket{le="5.0",kind="command"} 2"#,
            r#"tapedeck_run_lateness_seconds_bucket{le="0.002"} 2"#,
            "tapedeck_jobs 2",
            "tapedeck_runs_running 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[tokio::test]
    async fn listens_to_the_bus_until_the_end() {
        let world = TestWeb::open();
        let listening = listen(world.web.clone());
        let events = async {
            tokio::task::yield_now().await;
            world.bus.send(Event::Run(run(7, "backup", Status::Skipped).into()));
            while !figures(&world).await.contains(r#"status="skipped"} 1"#) {
                tokio::task::yield_now().await;
            }
            world.lifecycle.drain();
        };
        tokio::join!(listening, events);
    }

    #[tokio::test]
    async fn clients_invent_no_series() {
        let world = TestWeb::open();
        for path in ["/wp-admin.php", "/api/v1/secret", "/.env", "/api/v1/jobs/backup", "/api/v1/jobs/report"]
        {
            world.get(path).send().await;
            world.ask(Method::from_bytes(b"BREW").unwrap(), path).send().await;
        }
        let text = figures(&world).await;
        let routes = text.lines().filter(|line| line.starts_with("tapedeck_http_requests_total"));
        assert!(text.contains(r#"route="/api/v1/jobs/{job}",status="200"} 2"#), "{text}");
        assert!(routes.count() <= 8, "{text}");
    }

    #[tokio::test]
    async fn shows_what_accounts_ask_of_telegram() {
        let world = TestWeb::open();
        let figures_of =
            TelegramFigures { calls: 12, floods: 1, reconnects: 3, in_flight: 2, waiting_s: 30.5 };
        world.web.metrics.telegram.take(&AccountName::main(), &figures_of);
        let text = figures(&world).await;
        for line in [
            r#"tapedeck_telegram_calls_total{account="main"} 12"#,
            r#"tapedeck_telegram_floods_total{account="main"} 1"#,
            r#"tapedeck_telegram_reconnects_total{account="main"} 3"#,
            r#"tapedeck_telegram_account{account="main",state="logged-out"} 1"#,
            r#"tapedeck_telegram_account{account="main",state="revoked"} 0"#,
            r#"tapedeck_telegram_calls_in_flight{account="main"} 2"#,
            r#"tapedeck_telegram_waiting_seconds{account="main"} 30.5"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn shows_what_plugins_cost() {
        let metrics = Metrics::default();
        let mut view = crate::web::testing::plugin("keywords");
        view.figures = PluginFigures {
            calls: 12,
            errors: 3,
            errors_by_kind: [("trap".to_owned(), 2), ("timeout".to_owned(), 1)].into(),
            total_us: 1_500_000,
            memory_peak_bytes: 65_536,
            ..PluginFigures::default()
        };
        view.kinds = vec![PluginKind::ChatFilter, PluginKind::Exporter];
        let asks = |what: &str, is_granted| CapabilityView {
            capability: "http".into(),
            what: what.into(),
            why: None,
            is_granted,
            decided_by: None,
            given: None,
        };
        view.capabilities = vec![asks("a.test", true), asks("b.test", false), asks("c.test", false)];
        let unread = PluginView { version: None, ..crate::web::testing::plugin("unread") };
        metrics.plugins.take(&[crate::web::testing::plugin("gone")]);
        metrics.plugins.take(&[view, unread]);
        let text = metrics.encode(Counts { jobs: 0, running: 0, queued: 0 }, 0).unwrap();
        for line in [
            r#"tapedeck_plugin_calls_total{plugin="keywords"} 12"#,
            r#"tapedeck_plugin_errors_total{plugin="keywords",kind="trap"} 2"#,
            r#"tapedeck_plugin_errors_total{plugin="keywords",kind="timeout"} 1"#,
            r#"tapedeck_plugin_call_seconds_total{plugin="keywords"} 1.5"#,
            r#"tapedeck_plugin_memory_peak_bytes{plugin="keywords"} 65536"#,
            r#"tapedeck_plugin_state{plugin="keywords",state="ready"} 1"#,
            r#"tapedeck_plugin_info{plugin="keywords",version="1.0.0",kinds="chat-filter,exporter"} 1"#,
            r#"tapedeck_plugin_grants{plugin="keywords",state="asked"} 3"#,
            r#"tapedeck_plugin_grants{plugin="keywords",state="given"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("gone"), "{text}");
        let of_no_code = ["info", "grants"].map(|what| format!("plugin_{what}{{plugin=\"unread\""));
        assert!(!of_no_code.iter().any(|line| text.contains(line)), "{text}");
    }

    #[tokio::test]
    async fn shows_what_profiles_and_backends_do() {
        let world = TestWeb::open();
        let music = &world.web.parts.music;
        let done = Figures { shown: 3, sent: 4, improved: 1, without_file: 2, ..Figures::default() };
        music.boards.of(&"main".parse().unwrap()).note_run(&done);
        music.boards.of(&"main".parse().unwrap()).note_run(&Figures { shown: 2, sent: 1, ..done });
        music.attempts.count("spotdl", &AttemptOutcome::Nothing);
        let text = figures(&world).await;
        for line in [
            r#"tapedeck_profile_songs{account="main"} 2"#,
            r#"tapedeck_profile_songs_without_file{account="main"} 2"#,
            r#"tapedeck_profile_steps_total{account="main",step="uploaded"} 5"#,
            r#"tapedeck_profile_steps_total{account="main",step="improved"} 2"#,
            r#"tapedeck_backend_attempts_total{backend="spotdl",result="nothing"} 1"#,
            "tapedeck_spotify_rate_limited_until 0",
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
    }

    #[tokio::test]
    async fn measures_the_process() {
        let world = TestWeb::open();
        world.state.flushed().await.unwrap();
        let text = figures(&world).await;
        let value = |name: &str| -> f64 {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap_or_else(|| panic!("{name}: {text}"));
            line.trim().parse().unwrap()
        };
        assert!(value("tapedeck_process_resident_memory_bytes ") > 1e6);
        assert!(value("tapedeck_process_cpu_seconds_total ") >= 0.0);
        assert!(value("tapedeck_state_size_bytes ") > 0.0);
    }
}
