//! Where logins are made: in the running daemon, or here while none runs.

use std::time::Duration;

use serde_json::json;

use crate::{
    cli::{Context, Exit, Failure, client::Client},
    config::TelegramSection,
    event::Bus,
    lifecycle::Lifecycle,
    model::{AccountName, AccountsView, LoginAnswer, LoginId, LoginRefusal, LoginRequest, LoginView},
    telegram::{AccountError, Accounts, AccountsParts, Farewell, login::import::ImportedLogin},
};

/// As the daemon calls those who use its own token.
const WHO: &str = "command line";

/// How long the end of our own accounts may take.
const END: Duration = Duration::from_secs(10);

pub(super) enum Desk {
    Daemon(Client),
    Own(Box<Own>),
}

/// Accounts of a daemon that does not run.
pub(super) struct Own {
    accounts: Accounts,
    lifecycle: Lifecycle,
}

impl Desk {
    pub(super) async fn open(context: &Context) -> anyhow::Result<Self> {
        if let Some(client) = Client::find(context).await? {
            return Ok(Self::Daemon(client));
        }
        let config = context.config()?;
        let lifecycle = Lifecycle::default();
        let accounts = Accounts::new(AccountsParts {
            section: config.telegram,
            state: context.open_state(&config.data.folder)?,
            bus: Bus::default(),
            clock: context.clock.clone(),
            lifecycle: lifecycle.clone(),
        });
        Ok(Self::Own(Box::new(Own { accounts, lifecycle })))
    }

    /// Everything is written, and nothing goes on.
    pub(super) async fn close(self) {
        if let Self::Own(own) = self {
            own.lifecycle.drain();
            own.lifecycle.wait(END).await;
            own.accounts.close().await;
        }
    }

    /// What to say about the key that seals logins; a daemon logs it.
    pub(super) fn notices(&self) -> Vec<String> {
        match self {
            Self::Daemon(_) => Vec::new(),
            Self::Own(own) => own.accounts.notices(),
        }
    }

    pub(super) async fn list(&self) -> anyhow::Result<AccountsView> {
        match self {
            Self::Daemon(client) => client.get(&["accounts"], &[]).await,
            Self::Own(own) => Ok(own.accounts.list().await?),
        }
    }

    /// The account that was named, or the default one.
    pub(super) async fn account(&self, named: Option<&AccountName>) -> anyhow::Result<AccountName> {
        if let Some(name) = named {
            return Ok(name.clone());
        }
        let accounts = self.list().await?.accounts;
        Ok(accounts
            .into_iter()
            .find(|account| account.is_default)
            .map_or_else(AccountName::main, |it| it.name))
    }

    pub(super) async fn start(&self, request: LoginRequest) -> anyhow::Result<LoginView> {
        match self {
            Self::Daemon(client) => client.post(&["logins"], &request).await,
            Self::Own(own) => own.accounts.start_login(request, WHO).await.map_err(refused),
        }
    }

    pub(super) async fn take_over(
        &self,
        account: AccountName,
        imported: &ImportedLogin,
        replace: bool,
    ) -> anyhow::Result<LoginView> {
        match self {
            // A key that is another program's does not travel.
            Self::Daemon(_) => Err(Failure::new(Exit::Failed, "the running daemon holds the logins")
                .fix("stop it for --take-over; without --take-over it may run on")
                .into()),
            Self::Own(own) => own.accounts.take_over(account, imported, replace, WHO).await.map_err(refused),
        }
    }

    pub(super) async fn show(&self, id: LoginId) -> anyhow::Result<LoginView> {
        match self {
            Self::Daemon(client) => client.get(&["logins", &id.to_string()], &[]).await,
            Self::Own(own) => own.accounts.login(id, WHO).map_err(refused),
        }
    }

    pub(super) async fn answer(&self, id: LoginId, answer: LoginAnswer) -> anyhow::Result<LoginView> {
        match self {
            Self::Daemon(client) => client.post(&["logins", &id.to_string(), "answer"], &answer).await,
            Self::Own(own) => own.accounts.answer_login(id, WHO, answer).map_err(refused),
        }
    }

    pub(super) async fn cancel(&self, id: LoginId) -> anyhow::Result<()> {
        match self {
            Self::Daemon(client) => client.delete(&["logins", &id.to_string()]).await,
            Self::Own(own) => own.accounts.cancel_login(id, WHO).map_err(refused),
        }
    }

    pub(super) async fn log_out(&self, account: &AccountName, farewell: Farewell) -> anyhow::Result<()> {
        let path = ["accounts", account.as_str(), "logout"];
        match self {
            Self::Daemon(client) => {
                client.send_post(&path, &json!({ "forget": farewell == Farewell::Tried })).await
            }
            Self::Own(own) => own.accounts.log_out(account, farewell).await.map_err(cannot_use),
        }
    }
}

fn refused(refusal: LoginRefusal) -> anyhow::Error {
    let exit = match refusal {
        LoginRefusal::NoPhone | LoginRefusal::NoApplication { .. } => Exit::Usage,
        _ => Exit::Failed,
    };
    Failure::new(exit, refusal.to_string()).fix(refusal.fix()).into()
}

fn cannot_use(error: AccountError) -> anyhow::Error {
    let fix = match &error {
        AccountError::NotLoggedIn { .. } => "`tapedeck accounts` lists who is logged in",
        AccountError::LogOut { .. } | AccountError::Servers(_) => {
            "try again, or forget it with --forget and end it in Telegram under Settings → Devices"
        }
        _ => "`tapedeck check` says what is wrong with the configuration",
    };
    Failure::new(Exit::Failed, error.to_string()).fix(fix).caused_by(error).into()
}

/// What a command that speaks to Telegram itself needs of the configuration.
pub(super) fn section(context: &Context) -> anyhow::Result<TelegramSection> {
    Ok(context.config()?.telegram)
}
