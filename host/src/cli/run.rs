//! `tapedeck run`: the story of the daemon, top to bottom.

use std::{
    net::{Ipv6Addr, SocketAddr},
    sync::Arc,
};

use anyhow::Context as _;
use base64::Engine as _;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
};
use url::Url;

use super::{Context, Exit, Failure};
use crate::{
    app::{self, App, DaemonFile, Foundation, VERSION},
    config::{Answer, Config, Loaded, LogFormat, Sources},
    model::JobView,
    telemetry::{self, LogSettings},
    web::{self, JobExtras, WebParts, WebSettings},
};

/// How many of a job's next fires its page shows.
const NEXT_FIRES: usize = 5;

/// Run the daemon
///
/// Reads config.toml, runs jobs when they are due, and serves the web page. A first Ctrl-C or
/// SIGTERM lets running jobs end, a second one stops at once; SIGHUP reads the configuration
/// again (a changed file is noticed by itself).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_: &Args, context: &Context) -> anyhow::Result<()> {
    context.config()?; // Says everything that is wrong.
    serve(Foundation::default(), context.sources(), context.load(), context, |_, _| {}).await
}

/// Runs until told to stop. `ready` gets the page's address, too.
pub(super) async fn serve(
    foundation: Foundation,
    sources: Sources,
    loaded: Loaded,
    context: &Context,
    ready: impl FnOnce(&App, &str),
) -> anyhow::Result<()> {
    let config = loaded.config.clone().context("the configuration has errors")?;
    let set_log_filter = start_log(&config, context, &foundation)?;
    tracing::info!(version = VERSION, "Tapedeck starts");
    loaded.problems.iter().for_each(|problem| tracing::warn!("{problem}"));
    for Answer { variable, says } in &loaded.answers {
        tracing::info!("{variable} sets nothing here: {says}");
    }

    let app = App::build(foundation, sources, loaded, set_log_filter).await?;
    let outcome = serve_app(&app, ready).await;
    // Whatever else ended is a consequence.
    match app.lifecycle.failure() {
        Some(why) => Err(Failure::new(Exit::Failed, format!("the daemon had to stop: {why}")).into()),
        None => outcome,
    }
}

async fn serve_app(app: &App, ready: impl FnOnce(&App, &str)) -> anyhow::Result<()> {
    app.lifecycle.spawn_signal_listener().context("cannot listen for signals")?;
    let listener = listen(app).await?;
    let url = format!("http://{}", reachable(listener.local_addr()?));
    let token = process_token()?;
    app.spotify.set_page(page_url(&app.config(), &url)?);
    // From here on, jobs run: what may still go wrong has to be before.
    DaemonFile::check(&app.config().data.folder)?;
    app.configuration.apply_first().await?;
    let published = publish(app, &url, &token)?;
    serve_page(app, listener, token);
    app.configuration.spawn_watch(&app.lifecycle)?;
    app.accounts.spawn_first_checks();
    app.spawn_profile_watch();
    app.spawn_now_playing_watch();
    spawn_watchdog(app);
    tell_supervisor(&[sd_notify::NotifyState::Ready]);
    tracing::info!(url, "Ready");
    ready(app, &url);

    app.lifecycle.draining().cancelled().await;
    tell_supervisor(&[sd_notify::NotifyState::Stopping]);
    let limit = app.config().scheduler.drain_timeout.0;
    let ending = app.lifecycle.wait(limit).await;
    app.accounts.close().await;
    drop(published);
    tracing::info!(?ending, "Tapedeck has stopped");
    Ok(())
}

fn start_log(
    config: &Config,
    context: &Context,
    foundation: &Foundation,
) -> anyhow::Result<telemetry::SetFilter> {
    let settings = LogSettings {
        filter: context.log_filter(&config.log.level),
        is_json: config.log.format == LogFormat::Json,
        has_colour: context.output.has_message_colour(),
    };
    let set = telemetry::init(&settings, foundation.book.clone(), foundation.clock.clone())?;
    // What the command line asked for holds for later levels of the file too.
    let context = context.clone();
    Ok(Box::new(move |level| set(&context.log_filter(level))))
}

/// Without a user, everybody who reaches the page may do everything: so nobody else reaches it.
async fn listen(app: &App) -> anyhow::Result<TcpListener> {
    let config = app.config();
    let mut address = config.server.listen;
    let has_user = config.auth.username.is_some() || !app.state.users.is_empty();
    if !has_user && !address.ip().is_loopback() {
        tracing::warn!(
            wanted = %address,
            "There is no user yet, so the page is open on this machine only. \
             Add one with `tapedeck user add NAME` and restart to listen on {address}"
        );
        address.set_ip(if address.is_ipv4() { [127, 0, 0, 1].into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: is another program using it? Set another `server.listen`")
    })
}

/// Where people find the page.
fn page_url(config: &Config, url: &str) -> anyhow::Result<Url> {
    match &config.server.public_url {
        Some(public) => Ok(public.clone()),
        None => url.parse().context("the page has no address"),
    }
}

/// An address that a browser on this machine can open.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { [127, 0, 0, 1].into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    address
}

fn process_token() -> anyhow::Result<SecretString> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).context("the system has no randomness")?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes).into())
}

fn publish(app: &App, url: &str, token: &SecretString) -> anyhow::Result<app::Published> {
    let file = DaemonFile {
        url: url.to_owned(),
        pid: std::process::id(),
        token: token.clone(),
        version: VERSION.to_owned(),
        started_at: app.clock.now(),
    };
    file.publish(app.folder())
}

fn serve_page(app: &App, listener: TcpListener, process_token: SecretString) {
    let (book, state) = (app.book.clone(), app.state.clone());
    let (configuration, in_force) = (app.configuration.clone(), app.configuration.clone());
    let (folders, plugin_tables) = (app.configuration.clone(), app.configuration.clone());
    let planning = app.configuration.clone();
    let lifecycle = app.lifecycle.clone();
    let parts = WebParts {
        scheduler: app.scheduler.clone(),
        accounts: app.accounts.clone(),
        spotify: app.spotify.clone(),
        state: app.state.clone(),
        bus: app.bus.clone(),
        clock: app.clock.clone(),
        lifecycle: app.lifecycle.clone(),
        config: app.configuration.reports(),
        reload: Arc::new(move || {
            let (configuration, lifecycle) = (configuration.clone(), lifecycle.clone());
            Box::pin(async move {
                // In a task of its own: a client that hangs up must not leave it half done.
                let (done, is_done) = oneshot::channel::<()>();
                lifecycle.spawn("reload", async move {
                    configuration.reload().await;
                    drop(done);
                });
                // Closing is the answer; at the daemon's end there is none to wait for.
                let _ = is_done.await;
            })
        }),
        read_log: Arc::new(move |run, after, limit| app::read_log(&book, &state, run, after, limit)),
        job_extras: Arc::new(move |job| job_extras(&in_force.in_force(), job)),
        plugins: app.plugins.clone(),
        music: app.music.clone(),
        archive: app.archive.clone(),
        media: app.media.clone(),
        sweeps: app.sweeps.clone(),
        plan_once: Arc::new(move |job, kind, settings| planning.plan_once(job, kind, settings)),
        plugin_folders: Arc::new(move || folders.plugin_folders()),
        plugin_settings: Arc::new(move |name| {
            let config = plugin_tables.in_force();
            config.plugins.get(name).map(|table| table.shown_settings.clone().into()).unwrap_or_default()
        }),
        settings: follow_settings(app),
        process_token,
    };
    let lifecycle = app.lifecycle.clone();
    app.lifecycle.spawn("page", async move {
        if let Err(error) = web::serve(parts, listener).await {
            tracing::error!(error = &error as &dyn std::error::Error, "The page cannot be served");
            lifecycle.fail("the page cannot be served: the log says why");
        }
    });
}

fn job_extras(config: &Config, job: &JobView) -> JobExtras {
    let zone = app::default_zone(config).unwrap_or(TimeZone::UTC);
    JobExtras {
        next_fires: app::next_fires(&job.policy, &zone, job.next_due, NEXT_FIRES),
        settings: config.jobs.get(&job.name).map(|job| job.shown_settings.clone()).unwrap_or_default(),
    }
}

/// What the page takes over when the configuration changes.
fn follow_settings(app: &App) -> watch::Receiver<Arc<WebSettings>> {
    let mut changes = app.configuration.changes();
    let settings = watch::Sender::new(Arc::new(web_settings(&changes.borrow_and_update())));
    let (receiver, draining) = (settings.subscribe(), app.lifecycle.draining());
    app.lifecycle.spawn("page settings", async move {
        loop {
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = draining.cancelled() => return,
            }
            settings.send_replace(Arc::new(web_settings(&changes.borrow_and_update())));
        }
    });
    receiver
}

fn web_settings(config: &Config) -> WebSettings {
    let zone = app::default_zone(config).ok();
    let timezone = zone.as_ref().and_then(|zone| zone.iana_name()).unwrap_or("system").to_owned();
    WebSettings {
        server: config.server.clone(),
        auth: config.auth.clone(),
        capture: config.capture.clone(),
        timezone,
    }
}

/// systemd restarts a daemon that has stopped turning: the engine itself has to answer.
fn spawn_watchdog(app: &App) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let (scheduler, draining) = (app.scheduler.clone(), app.lifecycle.draining());
    app.lifecycle.spawn("watchdog", async move {
        loop {
            tokio::select! {
                () = tokio::time::sleep(limit / 3) => {}
                () = draining.cancelled() => return,
            }
            let answer = tokio::time::timeout(limit / 3, scheduler.counts()).await;
            if matches!(answer, Ok(Ok(_))) {
                tell_supervisor(&[sd_notify::NotifyState::Watchdog]);
            }
        }
    });
}

/// Nobody supervises us on a terminal, which is fine.
fn tell_supervisor(state: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(error = &error as &dyn std::error::Error, "The supervisor was not told");
    }
}
