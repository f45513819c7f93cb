//! Kind `check-account`: asks Telegram whether an account is still logged in, so that a job in
//! `on_failure` can tell somebody before anything else stands still.

use std::{fmt, sync::Arc};

use anyhow::anyhow;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::{JobTools, Kind, client_of_run, read_settings, schema_of};
use crate::{
    model::{AccountName, JobName, Summary},
    scheduler::{Job, JobError, RunContext},
    telegram::{AccountError, Accounts, CheckError},
};

pub(super) const KIND: Kind = Kind {
    name: "check-account",
    about: "Asks Telegram whether an account is still logged in.",
    schema: schema_of::<Settings>,
    build,
};

/// Asks Telegram whether an account is still logged in.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Which account. Default: telegram.default_account.
    #[schemars(with = "Option<String>", extend("format" = "account-name"))]
    account: Option<AccountName>,
}

#[derive(Debug)]
struct CheckAccount {
    account: Option<AccountName>,
    /// None where jobs are only checked.
    accounts: Option<Accounts>,
}

#[derive(Debug, Serialize)]
struct Checked {
    account: AccountName,
    user_id: i64,
    name: String,
    data_center: i32,
    /// The number of the newest update that Telegram keeps for the account.
    updates: i32,
    unread: i32,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, name, data_center, unread, .. } = self;
        write!(f, "{account} is logged in as {name} in data centre {data_center}; {unread} unread")
    }
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let Settings { account } = read_settings(settings)?;
    Ok(Arc::new(CheckAccount { account, accounts: tools.accounts.clone() }))
}

impl Job for CheckAccount {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let stop = context.stop.clone();
            tokio::select! {
                outcome = self.check(context) => outcome,
                () = stop.cancelled() => Err(JobError::permanent(anyhow!("stopped before Telegram had answered"))),
            }
        })
    }
}

impl CheckAccount {
    async fn check(&self, context: RunContext) -> Result<Summary, JobError> {
        let accounts = self.accounts.as_ref();
        let accounts = accounts.ok_or_else(|| JobError::permanent(anyhow!("only a daemon has accounts")))?;
        let account = self.account.clone().unwrap_or_else(|| accounts.default_account());
        let client = accounts.client(&account).await.map_err(cannot_use)?;
        let client = client_of_run(&client, &context.report);
        let checked = accounts.check(&account, &client).await.map_err(|error| match error {
            CheckError::Account(error) => cannot_use(error),
            CheckError::Telegram(error) if error.is_temporary() => JobError::temporary(error),
            CheckError::Telegram(error) => JobError::permanent(error),
        })?;
        let checked = Checked {
            account,
            user_id: checked.user.id,
            name: checked.user.name,
            data_center: checked.data_center,
            updates: checked.updates,
            unread: checked.unread,
        };
        tracing::info!(account = %checked.account, updates = checked.updates, "{checked}");
        Ok(Summary::of(&checked))
    }
}

fn cannot_use(error: AccountError) -> JobError {
    match error {
        AccountError::Servers(_) => JobError::temporary(error),
        error => JobError::permanent(error),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::testing;

    #[tokio::test]
    async fn without_accounts_it_fails_for_good() {
        let job = testing::job(&KIND, json!({ "account": "main" }));
        let error = job.run(testing::context().0).await.unwrap_err();
        assert!(!error.is_temporary, "{error}");
    }

    #[test]
    fn names_of_accounts_are_checked() {
        assert!(testing::try_job(&KIND, json!({ "account": "Not A Name" })).is_err());
        assert!(testing::try_job(&KIND, json!({})).is_ok());
    }
}
