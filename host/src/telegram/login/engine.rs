//! One attempt to log in: a task that shows where it stands, and takes answers.

use std::{sync::Arc, time::Duration};

use grammers_tl_types as tl;
use secrecy::SecretString;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::refusal;
use crate::{
    clock::SharedClock,
    lifecycle::Lifecycle,
    model::{AccountName, LoginAnswer, LoginRefusal, LoginState, SelfView},
    telegram::{Accounts, Client, Error, Patience, settings::Application},
};

/// How to log in.
#[derive(Clone, Debug)]
pub enum Way {
    Qr,
    Phone(SecretString),
    /// The client's session is logged in already, with another program's key.
    TakeOver,
}

/// What an attempt is made from.
#[derive(Debug)]
pub struct LoginParts {
    pub account: AccountName,
    pub way: Way,
    pub application: Application,
    /// On a session that is in memory only, and nobody else's.
    pub client: Client,
    /// Whether another user than before may take the account's name over.
    pub may_replace: bool,
    pub time_limit: Duration,
    pub accounts: Accounts,
    pub clock: SharedClock,
    pub lifecycle: Lifecycle,
}

/// An attempt that runs. Dropping it gives it up.
#[derive(Debug)]
pub struct Login {
    state: Arc<watch::Sender<LoginState>>,
    answers: mpsc::Sender<LoginAnswer>,
    cancelled: CancellationToken,
}

impl Login {
    pub fn start(parts: LoginParts) -> Self {
        let state = Arc::new(watch::Sender::new(LoginState::Connecting));
        // One answer at a time is taken: the state changes with it.
        let (answers, inbox) = mpsc::channel(4);
        let cancelled = CancellationToken::new();
        let lifecycle = parts.lifecycle.clone();
        let client = parts.client.with_patience(Patience::UpTo(Duration::ZERO));
        let attempt = Attempt { parts, client, state: state.clone(), answers: inbox };
        lifecycle.spawn("telegram-login", attempt.run(cancelled.clone()));
        Self { state, answers, cancelled }
    }

    pub fn state(&self) -> LoginState {
        self.state.borrow().clone()
    }

    pub fn states(&self) -> watch::Receiver<LoginState> {
        self.state.subscribe()
    }

    /// From now on, until Telegram has answered, the state is `connecting`.
    pub fn answer(&self, answer: LoginAnswer) -> Result<(), LoginRefusal> {
        if answer == LoginAnswer::Cancel {
            self.cancel();
            return Ok(());
        }
        let mut refusal = None;
        self.state.send_if_modified(|state| {
            refusal = refuse(state, &answer);
            if refusal.is_none() {
                *state = LoginState::Connecting;
            }
            refusal.is_none()
        });
        match refusal {
            Some(refusal) => Err(refusal),
            // A full or closed inbox belongs to an attempt that is over.
            None => self.answers.try_send(answer).map_err(|_| LoginRefusal::IsOver),
        }
    }

    pub fn cancel(&self) {
        self.cancelled.cancel();
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        self.cancel();
    }
}

fn refuse(state: &LoginState, answer: &LoginAnswer) -> Option<LoginRefusal> {
    match (state, answer) {
        (LoginState::Code { can_resend_at: None, .. }, LoginAnswer::Resend) => Some(LoginRefusal::NoOtherWay),
        (LoginState::Code { .. }, LoginAnswer::Code { .. } | LoginAnswer::Resend)
        | (LoginState::Password { .. }, LoginAnswer::Password { .. }) => None,
        (state, _) if state.is_over() => Some(LoginRefusal::IsOver),
        (state, _) => Some(LoginRefusal::NotAsked { state: state.name() }),
    }
}

/// Why an attempt ends without a login.
#[derive(Debug)]
pub(super) enum Stop {
    Failed {
        reason: String,
        fix: String,
    },
    SignUpRequired,
    /// Boxed: errors are passed through many results.
    OtherUser(Box<(SelfView, SelfView)>),
}

impl Stop {
    pub(super) fn failed(reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into(), fix: fix.into() }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        refusal::explain(&error)
    }
}

/// What Telegram said when it let us in.
pub(super) type Authorization = tl::enums::auth::Authorization;

pub(super) struct Attempt {
    pub(super) parts: LoginParts,
    /// Told of every pause that Telegram asks for, so that people see it.
    pub(super) client: Client,
    state: Arc<watch::Sender<LoginState>>,
    answers: mpsc::Receiver<LoginAnswer>,
}

impl Attempt {
    async fn run(mut self, cancelled: CancellationToken) {
        let draining = self.parts.lifecycle.draining();
        let (account, time_limit) = (self.parts.account.clone(), self.parts.time_limit);
        tracing::info!(account = %account, way = self.parts.way.name(), "Logging in to Telegram");
        let outcome = tokio::select! {
            outcome = self.log_in() => outcome,
            () = cancelled.cancelled() => Err(Stop::failed("the login was given up", "Start it again when you like.")),
            () = draining.cancelled() => Err(Stop::failed("tapedeck is stopping", "Log in again when it runs again.")),
            () = tokio::time::sleep(time_limit) => Err(refusal::took_too_long(time_limit)),
        };
        // From here on nothing is interrupted: either the account has the new login, or it is ended.
        let outcome = match outcome {
            Ok(()) => self.finish().await,
            Err(stop) => Err(stop),
        };
        let state = match outcome {
            Ok(user) => {
                tracing::info!(account = %account, user.id = user.id, "Logged in to Telegram");
                LoginState::Done { account, user }
            }
            Err(stop) => {
                self.leave_nothing().await;
                self.end(&account, stop)
            }
        };
        self.parts.client.close();
        self.state.send_replace(state);
    }

    async fn log_in(&mut self) -> Result<(), Stop> {
        match self.parts.way.clone() {
            Way::Qr => self.log_in_by_qr().await,
            Way::Phone(phone) => self.log_in_by_code(&phone).await,
            Way::TakeOver => Ok(()),
        }
    }

    /// A login that nobody will use must not stay in the list of devices.
    async fn leave_nothing(&self) {
        // The other program still uses its key.
        if matches!(self.parts.way, Way::TakeOver) || !self.parts.client.session().has_key() {
            return;
        }
        let logging_out = self.client.invoke(&tl::functions::auth::LogOut {});
        match tokio::time::timeout(Duration::from_secs(5), logging_out).await {
            Ok(Ok(_)) => tracing::debug!("A login that is not used was ended"),
            // Nobody was logged in yet, which is the usual case.
            Ok(Err(Error::LoggedOut { .. })) => {}
            Ok(Err(error)) => tracing::debug!(error = &error as &dyn std::error::Error, "Nothing to end"),
            Err(_) => tracing::debug!("Telegram does not answer: nothing was ended"),
        }
    }

    fn end(&self, account: &AccountName, stop: Stop) -> LoginState {
        match stop {
            Stop::Failed { reason, fix } => {
                tracing::info!(account = %account, reason, "Nobody was logged in to Telegram");
                LoginState::Failed { reason, fix }
            }
            Stop::SignUpRequired => {
                tracing::info!(account = %account, "The number has no account at Telegram");
                LoginState::SignUpRequired
            }
            Stop::OtherUser(users) => {
                let (before, now) = *users;
                tracing::info!(account = %account, "Another user than before has logged in: the login was not kept");
                LoginState::OtherUser { before, now }
            }
        }
    }

    /// Asks Telegram, and waits first where it asks for a pause that ends in time.
    pub(super) async fn ask<R: tl::RemoteCall>(&self, call: &R) -> Result<R::Return, Error> {
        loop {
            match self.client.invoke(call).await {
                Err(Error::Flood { until, .. }) if self.may_wait(until) => {
                    self.show(LoginState::Waiting { until });
                    self.parts.clock.sleep_until(until).await;
                    self.show(LoginState::Connecting);
                }
                other => return other,
            }
        }
    }

    fn may_wait(&self, until: jiff::Timestamp) -> bool {
        let pause = Duration::try_from(self.parts.clock.now().duration_until(until)).unwrap_or_default();
        pause < self.parts.time_limit
    }

    pub(super) fn show(&self, state: LoginState) {
        self.state.send_replace(state);
    }

    /// The next answer; [`Login::answer`] has seen to it that it fits.
    pub(super) async fn answer(&mut self) -> LoginAnswer {
        match self.answers.recv().await {
            Some(answer) => answer,
            // Nobody is left who could answer: dropped, the attempt is cancelled too.
            None => std::future::pending().await,
        }
    }
}

impl Way {
    fn name(&self) -> &'static str {
        match self {
            Self::Qr => "qr",
            Self::Phone(_) => "phone",
            Self::TakeOver => "take-over",
        }
    }
}

/// What a finished attempt gives.
pub(super) type Finished = Result<SelfView, Stop>;
