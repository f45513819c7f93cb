//! A world for tests: the real router over a real state, a clock that stands still, and an
//! engine that is a list of jobs.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, Response, StatusCode, header},
};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::{JobExtras, Web, WebParts, WebSettings, auth::Peer, parts::Patience, router};
use crate::{
    app::{MusicTools, archive, media},
    clock::ManualClock,
    config::{
        AuthSection, CaptureSection, Config, ConfigReport, ConfigState, DataSection, PlayerSection,
        ServerSection, SpotifySection, TelegramSection,
    },
    event::Bus,
    lifecycle::Lifecycle,
    model::{
        JobName, JobView, Paused, PluginFigures, PluginLimits, PluginState, PluginView, Policy, Run, RunId,
        Scopes, Status, Trigger,
    },
    music::{
        backends::Attempts,
        covers::Covers,
        ledger::Ledger,
        player::Players,
        profile::{Boards, Recordings},
    },
    plugin_host::{Plugins, PluginsParts},
    scheduler::{Counts, JobsPage, ScheduleError, Scheduler},
    spotify::{Spotify, SpotifyParts},
    state::State,
    telegram::{Accounts, AccountsParts},
};

pub(super) const PROCESS_TOKEN: &str = "process token";
pub(super) const PASSWORD: &str = "correct horse";
const HOST: &str = "127.0.0.1:8484";

pub(super) struct TestWeb {
    pub(super) web: Web,
    pub(super) router: Router,
    pub(super) state: State,
    pub(super) bus: Bus,
    pub(super) clock: Arc<ManualClock>,
    pub(super) lifecycle: Lifecycle,
    pub(super) settings: watch::Sender<Arc<WebSettings>>,
    pub(super) config: watch::Sender<Arc<ConfigReport>>,
    _folder: TempDir,
}

pub(super) fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

impl TestWeb {
    /// Nobody is configured: the machine itself may do everything.
    pub(super) fn open() -> Self {
        Self::listening_on(HOST.parse().unwrap())
    }

    /// With the user `ada`.
    pub(super) async fn with_user() -> Self {
        let world = Self::open();
        let user = json!({ "name": "ada", "password": PASSWORD });
        assert_eq!(world.post("/api/v1/users").json(&user).send().await.status, 201);
        world
    }

    pub(super) fn with_patience(patience: Patience) -> Self {
        Self::made(HOST.parse().unwrap(), patience)
    }

    pub(super) fn listening_on(listen: SocketAddr) -> Self {
        Self::made(listen, Patience::default())
    }

    fn made(listen: SocketAddr, patience: Patience) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let (bus, clock, lifecycle) = (Bus::default(), ManualClock::at(now()), Lifecycle::default());
        let settings = watch::Sender::new(Arc::new(settings()));
        let config = watch::Sender::new(Arc::new(report()));
        let logs = state.run_logs.clone();
        let accounts = Accounts::new(AccountsParts {
            section: TelegramSection::default(),
            state: state.clone(),
            bus: bus.clone(),
            clock: clock.clone(),
            lifecycle: lifecycle.clone(),
        });
        let spotify = Spotify::new(SpotifyParts {
            section: SpotifySection::default(),
            state: state.clone(),
            vault: accounts.vault(),
            clock: clock.clone(),
            lifecycle: lifecycle.clone(),
        });
        let parts = WebParts {
            accounts: accounts.clone(),
            spotify,
            scheduler: fake_engine(&lifecycle, &state),
            state: state.clone(),
            bus: bus.clone(),
            clock: clock.clone(),
            lifecycle: lifecycle.clone(),
            config: config.subscribe(),
            reload: reload(config.clone()),
            plugins: plugins(&state, &bus, &clock, &lifecycle),
            music: MusicTools {
                ledger: Ledger::new(state.clone()),
                boards: Boards::telling(bus.clone()),
                attempts: Attempts::telling(state.clone(), bus.clone()),
                players: Players::new(bus.clone(), PlayerSection::default()),
                covers: Covers::new(crate::jobs::build_client("test").unwrap(), clock.clone()),
                recordings: Recordings::new(accounts.clone(), state.clone(), clock.clone()),
                signs: Default::default(),
                state: state.clone(),
            },
            archive: archive(&config_in(folder.path()), |_| {}),
            media: media(&config_in(folder.path())),
            sweeps: Default::default(),
            plan_once: Arc::new(|job, kind, settings| {
                crate::jobs::plan_once(job, kind, settings, &crate::jobs::testing::tools())
            }),
            plugin_folders: Arc::new(|| ("/plugins".into(), None)),
            plugin_settings: Arc::new(|_| json!({ "words": ["sale"] })),
            read_log: Arc::new(move |run, after, limit| logs.read(run, after, limit)),
            job_extras: Arc::new(|_| JobExtras {
                next_fires: vec![now()],
                settings: json!({"program": "true"}),
            }),
            settings: settings.subscribe(),
            process_token: SecretString::from(PROCESS_TOKEN),
        };
        let web = Web::with_patience(parts, listen, patience);
        let router = router::build(web.clone());
        Self { web, router, state, bus, clock, lifecycle, settings, config, _folder: folder }
    }

    /// Puts a file into the folder of plugins, and waits until it runs.
    pub(super) async fn add_plugin(&self, id: &str, bytes: &[u8]) {
        std::fs::write(self.state.folder().join("plugins").join(format!("{id}.wasm")), bytes).unwrap();
        let name = id.parse().unwrap();
        let is_ready = || {
            let view = self.web.parts.plugins.view(&name);
            view.is_ok_and(|view| view.state == PluginState::Ready)
        };
        let began = std::time::Instant::now();
        while !is_ready() {
            let plugins = self.web.parts.plugins.views();
            assert!(began.elapsed() < std::time::Duration::from_secs(10), "never ready: {plugins:#?}");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    pub(super) fn change_settings(&self, change: impl FnOnce(&mut WebSettings)) {
        let mut settings = (**self.settings.borrow()).clone();
        change(&mut settings);
        self.settings.send_replace(Arc::new(settings));
    }

    pub(super) fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    pub(super) fn post(&self, path: &str) -> Ask<'_> {
        self.ask(Method::POST, path)
    }

    pub(super) fn delete(&self, path: &str) -> Ask<'_> {
        self.ask(Method::DELETE, path)
    }

    pub(super) fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        request.extensions_mut().insert(Peer("127.0.0.1:50000".parse().unwrap()));
        Ask { world: self, request }.header("host", HOST)
    }

    /// Signs in as a page would; the cookie as a browser sends it back.
    pub(super) async fn sign_in(&self, name: &str, password: &str) -> String {
        let answer = self.try_sign_in(name, password).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
        answer.cookie()
    }

    pub(super) async fn try_sign_in(&self, name: &str, password: &str) -> Answer {
        let credentials = json!({ "username": name, "password": password });
        self.post("/api/v1/session").on_our_page().json(&credentials).send().await
    }

    /// A token with these scopes, made through the API.
    pub(super) async fn token(&self, scopes: &[&str]) -> String {
        let new = json!({ "name": "test", "scopes": scopes });
        let answer = self.post("/api/v1/tokens").bearer(PROCESS_TOKEN).json(&new).send().await;
        answer.json()["token"].as_str().unwrap().to_owned()
    }
}

/// A request on its way.
pub(super) struct Ask<'a> {
    world: &'a TestWeb,
    request: Request<Body>,
}

impl Ask<'_> {
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().insert(name, value.parse().unwrap());
        self
    }

    pub(super) fn json(self, body: &Value) -> Self {
        let mut ask = self.header("content-type", "application/json");
        *ask.request.body_mut() = Body::from(body.to_string());
        ask
    }

    pub(super) fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(super) fn cookie(self, cookie: &str) -> Self {
        self.header("cookie", cookie)
    }

    pub(super) fn on_our_page(self) -> Self {
        self.header("origin", &format!("http://{HOST}"))
    }

    pub(super) fn peer(mut self, peer: &str) -> Self {
        self.request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        self
    }

    pub(super) async fn start(self) -> Response<Body> {
        self.world.router.clone().oneshot(self.request).await.unwrap()
    }

    pub(super) async fn send(self) -> Answer {
        let response = self.start().await;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} {}", self.status, self.text))
    }

    pub(super) fn cookie(&self) -> String {
        let cookie = self.headers[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// Checks that this is a refusal which explains itself, and gives its text.
    pub(super) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers[header::CONTENT_TYPE], super::error::PROBLEM_JSON);
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(!problem["title"].as_str().unwrap().is_empty());
        let detail = problem["detail"].as_str().unwrap();
        let fix = problem["fix"].as_str().unwrap_or_else(|| panic!("no fix: {}", self.text));
        format!("{detail}. {fix}")
    }
}

pub(super) fn run(id: u128, job: &str, status: Status) -> Run {
    Run {
        id: RunId(uuid::Uuid::from_u128(id)),
        job: job.parse().unwrap(),
        kind: "command".into(),
        trigger: Trigger::Cron,
        params: Default::default(),
        due: now(),
        created: now(),
        started: Some(now() + jiff::SignedDuration::from_millis(2)),
        ended: status.is_over().then(|| now() + jiff::SignedDuration::from_secs(3)),
        status,
        reason: None,
        waiting_until: None,
        waiting_for: None,
        attempt: 1,
        attempts: 1,
        progress: None,
        summary: None,
        error: None,
        covers: None,
        is_settled: true,
    }
}

/// One that is ready and has done nothing yet.
pub(super) fn plugin(name: &str) -> PluginView {
    PluginView {
        name: name.parse().unwrap(),
        state: PluginState::Ready,
        problem: None,
        id: Some(name.into()),
        version: Some("1.0.0".into()),
        summary: None,
        sdk: None,
        kinds: Vec::new(),
        is_pure: true,
        file: None,
        file_bytes: None,
        sha256: None,
        loaded_at: Some(now()),
        compile_ms: None,
        capabilities: Vec::new(),
        settings_schema: None,
        limits: PluginLimits::default(),
        figures: PluginFigures::default(),
        log: Vec::new(),
    }
}

fn config_in(folder: &std::path::Path) -> Config {
    Config { data: DataSection { folder: folder.to_owned() }, ..Config::default() }
}

/// Those of an empty folder.
fn plugins(state: &State, bus: &Bus, clock: &Arc<ManualClock>, lifecycle: &Lifecycle) -> Plugins {
    std::fs::create_dir_all(state.folder().join("plugins")).unwrap();
    let at = |name: &str| state.folder().join(name);
    let parts = PluginsParts {
        host: crate::app::plugin_host_settings(&config_in(state.folder()), None),
        tables: BTreeMap::new(),
        clock: clock.clone(),
        bus: bus.clone(),
        lifecycle: lifecycle.clone(),
        state: state.clone(),
        version: "0",
        scratch: at("scratch"),
        search: None,
        lookup: crate::plugin_host::system_lookup(),
    };
    Plugins::start(parts).unwrap()
}

fn settings() -> WebSettings {
    let (server, auth) = (ServerSection::default(), AuthSection::default());
    WebSettings { server, auth, capture: CaptureSection::default(), timezone: "Europe/Madrid".into() }
}

fn report() -> ConfigReport {
    ConfigReport {
        path: "config.toml".into(),
        state: ConfigState::Ok,
        loaded_at: now(),
        problems: Vec::new(),
        values: Vec::new(),
    }
}

fn reload(config: watch::Sender<Arc<ConfigReport>>) -> super::Reload {
    Arc::new(move || {
        let config = config.clone();
        Box::pin(async move {
            let changed = ConfigReport { state: ConfigState::Problems, ..report() };
            config.send_replace(Arc::new(changed));
        })
    })
}

fn view(name: &JobName, paused: &BTreeSet<JobName>) -> JobView {
    let by = || Paused { since: now(), by: "somebody".into() };
    JobView {
        name: name.clone(),
        kind: "command".into(),
        policy: Policy::default(),
        timezone: "Europe/Madrid".into(),
        triggers: vec!["every 6 hours".into()],
        paused: paused.contains(name).then(by),
        next_due: Some(now()),
        running: Vec::new(),
        queued: 0,
        recent: Vec::new(),
    }
}

/// Knows the jobs `backup` and `report`; starts nothing.
fn fake_engine(lifecycle: &Lifecycle, state: &State) -> Scheduler {
    use crate::scheduler::Request;
    let (scheduler, mut inbox) = Scheduler::for_tests(state.clone());
    let state = state.clone();
    lifecycle.spawn("engine", async move {
        let jobs: Vec<JobName> = ["backup", "report"].map(|name| name.parse().unwrap()).into();
        let mut paused = BTreeSet::new();
        let known = |job: &JobName| {
            let is_known = jobs.contains(job);
            is_known.then_some(()).ok_or_else(|| ScheduleError::UnknownJob(job.to_string()))
        };
        while let Some(request) = inbox.recv().await {
            // A test that hung up needs no answer.
            match request {
                Request::RunNow { job, params, who, reply } => {
                    let made = known(&job).map(|()| {
                        let trigger = Trigger::Manual { who };
                        Run { params, trigger, ..run(1, job.as_str(), Status::Queued) }
                    });
                    drop(reply.send(made));
                }
                Request::RunOnce { job, who, reply } => {
                    let made = Run {
                        trigger: Trigger::Manual { who },
                        kind: job.kind,
                        ..run(1, job.name.as_str(), Status::Queued)
                    };
                    drop(reply.send(Ok(made)));
                }
                Request::Cancel { run, reply, .. } => {
                    let found = state.runs.get(run).unwrap();
                    drop(reply.send(match found {
                        Some(found) if found.status.is_over() => {
                            Err(ScheduleError::RunIsOver(run, found.status))
                        }
                        Some(found) => Ok(found),
                        None => Err(ScheduleError::UnknownRun(run)),
                    }));
                }
                Request::Pause { job, reply, .. } => {
                    paused.insert(job.clone());
                    drop(reply.send(known(&job).map(|()| view(&job, &paused))));
                }
                Request::Resume { job, reply } => {
                    paused.remove(&job);
                    drop(reply.send(known(&job).map(|()| view(&job, &paused))));
                }
                Request::Emit { reply, .. } => drop(reply.send(Ok(jobs.clone()))),
                Request::Job { job, reply } => {
                    drop(reply.send(known(&job).map(|()| view(&job, &paused))));
                }
                Request::Jobs { after, limit, reply } => {
                    let rest = jobs.iter().filter(|job| after.as_ref().is_none_or(|after| *job > after));
                    let rest: Vec<_> = rest.map(|job| view(job, &paused)).collect();
                    let has_more = rest.len() > limit;
                    let page = rest.into_iter().take(limit).collect();
                    drop(reply.send(Ok(JobsPage { jobs: page, total: jobs.len(), has_more })));
                }
                Request::Counts { reply } => {
                    drop(reply.send(Ok(Counts { jobs: jobs.len(), running: 1, queued: 0 })));
                }
                Request::Load { reply, .. } => drop(reply.send(Ok(()))),
            }
        }
    });
    scheduler
}

pub(super) fn scopes(answer: &Value) -> Scopes {
    serde_json::from_value(answer["scopes"].clone()).unwrap()
}
