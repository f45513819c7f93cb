//! The demo's Telegram: a simulated one, to which the daemon logs in as it would to the real one.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use tapedeck_sim::{
    World,
    telegram::{
        self, Options, Server,
        make::{self, Drip, Plan, Recipe},
    },
};
use tokio::sync::oneshot;

use crate::{
    app::App,
    model::{AccountName, EventName, LoginMethod, LoginRequest, LoginState},
};

/// Who the attempt belongs to.
const WHO: &str = "the demo";

/// Wakes the job that tries a filter, once there is somebody who can read.
const NEWS: &str = "news";
const NEWS_EVERY: Duration = Duration::from_secs(5);

/// The same people and chats each time.
const SEED: u64 = 1;

/// Between two things that happen there.
const EVERY: Duration = Duration::from_secs(2);

/// A world that runs, and whose account it is.
#[derive(Debug)]
pub(super) struct Telegram {
    world: World,
    plan: Arc<Plan>,
    owner: i64,
    /// Ends with the demo.
    _server: Server,
}

impl Telegram {
    /// Leaves a file in `folder` that says where its servers are.
    pub(super) async fn start(folder: &Path) -> anyhow::Result<Self> {
        let world = World::default();
        let plan = world.telegram(|t| make::fill(t, &Recipe::small(SEED, t.now())));
        let owner = plan.me();
        let server = telegram::serve(&world, Options::default());
        let server = server.await.context("cannot start the simulated Telegram")?;
        fs::write(folder.join("servers.json"), serde_json::to_vec(server.servers())?)
            .context("cannot write down where the simulated Telegram is")?;
        Ok(Self { world, plan, owner, _server: server })
    }

    /// Lets people write, edit, react and delete there until the demo ends.
    pub(super) fn spawn_life(&self, app: &App) {
        let (world, drip, draining) =
            (self.world.clone(), Drip::new(self.plan.clone()), app.lifecycle.draining());
        app.lifecycle.spawn("demo-telegram", async move {
            tokio::select! {
                () = drip.run(&world, EVERY) => {}
                () = draining.cancelled() => {}
            }
        });
    }

    /// Logs in by QR code: the simulated phone scans what the page would show. Then tells of news
    /// until the demo ends. Answers when it is done.
    pub(super) fn spawn_login(&self, app: &App) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        let (accounts, scheduler) = (app.accounts.clone(), app.scheduler.clone());
        let (world, owner, draining) = (self.world.clone(), self.owner, app.lifecycle.draining());
        app.lifecycle.spawn("demo-login", async move {
            let request = LoginRequest {
                account: AccountName::main(),
                method: LoginMethod::Qr,
                phone: None,
                replace: false,
            };
            let login = match accounts.start_login(request, WHO).await {
                Ok(login) => login,
                Err(refusal) => return tracing::error!(%refusal, "The demo cannot log in"),
            };
            let Ok(mut states) = accounts.login_states(login.id, WHO) else { return };
            loop {
                let step = states.borrow_and_update().clone();
                match step {
                    LoginState::Qr { url, .. } => {
                        if let Err(refusal) = world.telegram(|t| t.scan(&url, owner)) {
                            tracing::debug!(?refusal, "The code was too old; another one follows");
                        }
                    }
                    LoginState::Done { .. } => break,
                    step if step.is_over() => return tracing::error!(?step, "The demo could not log in"),
                    _ => {}
                }
                tokio::select! {
                    changed = states.changed() => if changed.is_err() { return },
                    () = draining.cancelled() => return,
                }
            }
            // Nobody may be waiting.
            let _ = tell.send(());
            let news: EventName = NEWS.parse().expect("it is a valid name");
            loop {
                tokio::select! {
                    () = tokio::time::sleep(NEWS_EVERY) => {}
                    () = draining.cancelled() => return,
                }
                if let Err(error) = scheduler.emit(news.clone()).await {
                    return tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "The demo is ending already"
                    );
                }
            }
        });
        told
    }
}
