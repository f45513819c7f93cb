//! The login of another program as the one who scans our code.

use std::{path::Path, sync::Arc};

use super::{ask, steps::Scanner};
use crate::{
    cli::{Context, Failure},
    lifecycle::Lifecycle,
    model::AccountName,
    telegram::{
        Connector,
        login::import::{
            self, ImportError, Imported, ImportedLogin,
            tdata::{Tdata, TdataError},
        },
    },
};

/// How often the local passcode may be wrong.
const TRIES: u32 = 3;

/// Reads what lies at `path`; of several accounts, the one that is meant.
pub(super) async fn read(path: &Path, user: Option<i64>, context: &Context) -> anyhow::Result<ImportedLogin> {
    let mut passcode: Option<String> = None;
    for left in (0..TRIES).rev() {
        let (path, given) = (path.to_owned(), passcode.take());
        let reading = tokio::task::spawn_blocking(move || import::read(&path, given.as_deref()));
        match reading.await? {
            Ok(Imported::Session(login)) => return Ok(*login),
            Ok(Imported::Desktop(folder)) => return choose(folder, user, context).await,
            Err(ImportError::Desktop(TdataError::NeedsPasscode)) => {}
            Err(ImportError::Desktop(TdataError::WrongPasscode)) if left > 0 => {
                context.output.note("that was not the passcode");
            }
            Err(error) => {
                return Err(Failure::usage("the login cannot be imported").caused_by(error).into());
            }
        }
        passcode = Some(ask::hidden(context, "The local passcode of Telegram Desktop:").await?);
    }
    Err(Failure::usage("the passcode was wrong")
        .fix("it is the one that Telegram Desktop asks for at its start")
        .into())
}

async fn choose(folder: Tdata, user: Option<i64>, context: &Context) -> anyhow::Result<ImportedLogin> {
    for (index, error) in &folder.unreadable {
        context.output.note(format!("account {} of the folder cannot be read: {error}", index + 1));
    }
    let mut logins: Vec<ImportedLogin> = folder.accounts.into_iter().map(|account| account.login).collect();
    let name =
        |login: &ImportedLogin| login.user_id.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
    let list = logins.iter().map(name).collect::<Vec<_>>().join(", ");
    if let Some(user) = user {
        let at = logins.iter().position(|login| login.user_id == Some(user));
        let at = at.ok_or_else(|| {
            Failure::usage(format!("the folder has no account of user {user}")).fix(format!("it has {list}"))
        })?;
        return Ok(logins.swap_remove(at));
    }
    if logins.len() <= 1 {
        return logins.pop().ok_or_else(|| Failure::usage("nobody is logged in there").into());
    }
    if !ask::is_terminal() {
        return Err(Failure::usage("the folder has several accounts")
            .fix(format!("name one with --user: {list}"))
            .into());
    }
    for (number, login) in logins.iter().enumerate() {
        context.output.note(format!("{}: user {}", number + 1, name(login)));
    }
    loop {
        let line = ask::line(context, "Which account? The number in front:").await?;
        match line.trim().parse::<usize>() {
            Ok(number) if (1..=logins.len()).contains(&number) => return Ok(logins.swap_remove(number - 1)),
            _ => context.output.note(format!("a number from 1 to {}", logins.len())),
        }
    }
}

/// Accepts our codes as a phone would.
pub(super) struct Import {
    account: AccountName,
    imported: ImportedLogin,
    connector: Connector,
}

impl Import {
    pub(super) fn new(
        account: AccountName,
        imported: ImportedLogin,
        context: &Context,
    ) -> anyhow::Result<Self> {
        let section = Arc::new(super::desk::section(context)?);
        let connector = Connector { section, clock: context.clock.clone(), lifecycle: Lifecycle::default() };
        Ok(Self { account, imported, connector })
    }
}

impl Scanner for Import {
    async fn scan(&mut self, link: &str) -> anyhow::Result<bool> {
        let accepted = self.connector.accept(&self.account, &self.imported, link).await;
        accepted.map_err(|refusal| {
            Failure::new(crate::cli::Exit::Failed, refusal.to_string())
                .fix("log in again in that program, or log in here by QR code")
        })?;
        Ok(false)
    }
}

impl Drop for Import {
    fn drop(&mut self) {
        self.connector.lifecycle.abort();
    }
}
