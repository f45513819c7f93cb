//! Kind `try-filter`: shows what filters would do with the newest messages of chats. It reads them
//! from Telegram, lets the filters judge, and keeps nothing: to be tried before filters decide what
//! is kept, and after one was changed.

mod judge;

use std::{collections::BTreeMap, fmt, sync::Arc};

use anyhow::anyhow;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{JobTools, Kind, client_of_run, read_settings, schema_of};
use crate::{
    config::JobSection,
    model::{AccountName, Chat, Fetched, FilterUse, JobName, PluginName, PluginState, Summary},
    plugin_host::{Names, PluginError, Plugins},
    scheduler::{Job, JobError, Reporter, RunContext},
    telegram::{self, AccountError, Accounts, Client, convert, read},
};
use judge::{Judged, Judges};

pub(super) const KIND: Kind = Kind {
    name: "try-filter",
    about: "Shows what filters would do with the newest messages of chats; stores nothing.",
    schema: schema_of::<Settings>,
    build,
};

/// Shows what filters would do with the newest messages of chats; stores nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Which account. Default: telegram.default_account.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "account-name"))]
    account: Option<AccountName>,
    /// Ids, @names or whole titles. Default: the 20 chats at the top of the list.
    #[serde(default)]
    chats: Vec<String>,
    /// How many messages of each chat are looked at, from the newest on. Default: 100.
    #[serde(default = "newest")]
    #[schemars(range(min = 1, max = 1_000_000))]
    newest: u32,
    /// Names of plugins, in order: what one drops, the next does not see. A table says what a failure means here.
    #[schemars(length(min = 1))]
    filters: Vec<FilterUse>,
}

const fn newest() -> u32 {
    100
}

#[derive(Debug)]
struct TryFilter {
    account: Option<AccountName>,
    chats: Vec<String>,
    newest: u32,
    filters: Vec<FilterUse>,
    /// None where jobs are only checked.
    accounts: Option<Accounts>,
    plugins: Option<Plugins>,
}

#[derive(Debug, Default, Serialize)]
struct Tried {
    chats: usize,
    /// Chats that Telegram does not let this account read any more.
    skipped: usize,
    seen: u64,
    /// As they are.
    kept: u64,
    dropped: u64,
    /// Kept, with parts of their text replaced.
    redacted: u64,
    /// That this version cannot read.
    unreadable: u64,
    filters: BTreeMap<PluginName, Judged>,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chats, seen, kept, dropped, redacted, .. } = self;
        let chats = if *chats == 1 { "1 chat".to_owned() } else { format!("{chats} chats") };
        write!(f, "{seen} messages of {chats}: {kept} kept, {dropped} dropped, {redacted} redacted")?;
        match self.skipped {
            0 => {}
            1 => f.write_str("; 1 chat could not be read")?,
            skipped => write!(f, "; {skipped} chats could not be read")?,
        }
        let failed: u64 = self.filters.values().map(|filter| filter.failed).sum();
        if failed > 0 {
            write!(f, "; filters failed on {failed}")?;
        }
        Ok(())
    }
}

/// What such a job tries out; nothing of other jobs.
pub fn tried_filters(job: &JobSection) -> Vec<FilterUse> {
    let settings = (job.kind == KIND.name).then(|| read_settings::<Settings>(&job.settings));
    settings.and_then(Result::ok).map(|settings| settings.filters).unwrap_or_default()
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let Settings { account, chats, newest, filters } = read_settings(settings)?;
    anyhow::ensure!(!filters.is_empty(), "`filters` names no plugin: write `filters = [\"keywords\"]`");
    anyhow::ensure!(newest > 0, "`newest = 0` looks at nothing");
    let (accounts, plugins) = (tools.accounts.clone(), tools.plugins.clone());
    Ok(Arc::new(TryFilter { account, chats, newest, filters, accounts, plugins }))
}

impl Job for TryFilter {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let mut tried = Tried::default();
            match self.try_out(&context, &mut tried).await {
                Ok(()) => {
                    tracing::info!(seen = tried.seen, dropped = tried.dropped, "{tried}");
                    Ok(Summary::of(&tried))
                }
                Err(error) => Err(error.with_summary(Summary::of(&tried))),
            }
        })
    }
}

impl TryFilter {
    async fn try_out(&self, context: &RunContext, tried: &mut Tried) -> Result<(), JobError> {
        let (Some(accounts), Some(plugins)) = (&self.accounts, &self.plugins) else {
            return Err(JobError::permanent(anyhow!("only a daemon has accounts and plugins")));
        };
        unless(&context.stop, self.loaded(plugins)).await?;
        let mut judges = Judges::new(plugins, &self.filters);
        let account = self.account.clone().unwrap_or_else(|| accounts.default_account());
        let client = accounts.client(&account).await.map_err(|error| match error {
            AccountError::Servers(_) => JobError::temporary(error),
            error => JobError::permanent(error),
        })?;
        let client = client_of_run(&client, &context.report);
        let stop = &context.stop;
        let found = unless(stop, read::find_chats(&client, &self.chats)).await?.map_err(search_failure)?;
        for chat in &found {
            let looked = self.look_at(&client, chat, &mut judges, &context.report, tried);
            let looked = unless(stop, looked).await.and_then(|looked| looked);
            tried.filters = judges.figures();
            match looked? {
                Looked::AtAll => tried.chats += 1,
                Looked::NotAt(why) => {
                    tried.skipped += 1;
                    tracing::warn!(chat.id = chat.id.0, "Chat `{}` is skipped: {why}", chat.title);
                }
            }
        }
        Ok(())
    }

    /// A daemon that has just started may not have compiled them yet.
    async fn loaded(&self, plugins: &Plugins) {
        let is_missing = |filter: &FilterUse| match plugins.view(&filter.plugin) {
            Ok(view) => matches!(view.state, PluginState::Loading { .. }),
            Err(_) => true,
        };
        if self.filters.iter().any(is_missing) {
            plugins.settled().await;
        }
    }

    /// One page after the other, so that memory does not grow with what is looked at.
    async fn look_at(
        &self,
        client: &Client,
        chat: &Chat,
        judges: &mut Judges,
        report: &Reporter,
        tried: &mut Tried,
    ) -> Result<Looked, JobError> {
        let peer = match client.input_peer(chat.id).await {
            Err(error) if is_out_of_reach(&error) => return Ok(Looked::NotAt(error)),
            peer => peer.map_err(telegram_failure)?,
        };
        judges.begin(chat).await.map_err(plugin_failure)?;
        let mut pages = read::history(client, peer);
        let mut left = self.newest as usize;
        while left > 0 {
            let page = match pages.next_page().await {
                Err(error) if is_out_of_reach(&error) => return Ok(Looked::NotAt(error)),
                page => page.map_err(telegram_failure)?,
            };
            let Some(page) = page else { break };
            tried.unreadable += page.quarantined.len() as u64;
            let mut names: Names = Names::new();
            names.extend(page.users.into_iter().map(convert::user).map(|user| (user.id, user.name())));
            names.extend(page.chats.into_iter().map(convert::chat).map(|chat| (chat.id, chat.title)));
            let messages =
                page.messages.into_iter().take(left).filter_map(|message| match convert::fetched(message) {
                    Fetched::Message(message) => Some(*message),
                    Fetched::Missing { .. } => None,
                });
            let messages: Vec<_> = messages.collect();
            left -= messages.len().min(left);
            let seen = messages.len() as u64;
            let outcome = judges.judge(messages, Arc::new(names)).await.map_err(plugin_failure)?;
            tried.seen += seen;
            tried.dropped += outcome.dropped;
            tried.redacted += outcome.redacted;
            tried.kept += seen - outcome.dropped - outcome.redacted;
            report.progress(tried.seen, None, "messages", chat.title.clone());
        }
        Ok(Looked::AtAll)
    }
}

enum Looked {
    AtAll,
    NotAt(telegram::Error),
}

/// People who are gone and channels that the account was put out of stay in its list: no reason to
/// leave out the others.
fn is_out_of_reach(error: &telegram::Error) -> bool {
    let names = ["CHANNEL_PRIVATE", "CHANNEL_INVALID", "CHAT_FORBIDDEN", "PEER_ID_INVALID"];
    matches!(error, telegram::Error::UnknownPeer { .. }) || names.iter().any(|name| error.is(name))
}

/// What it comes to, or an error as soon as the run should end.
async fn unless<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Result<T, JobError> {
    tokio::select! {
        outcome = work => Ok(outcome),
        () = stop.cancelled() => Err(JobError::permanent(anyhow!("stopped before everything was looked at"))),
    }
}

fn telegram_failure(error: telegram::Error) -> JobError {
    if error.is_temporary() { JobError::temporary(error) } else { JobError::permanent(error) }
}

fn search_failure(error: read::FindError) -> JobError {
    match error {
        read::FindError::Telegram(error) => telegram_failure(error),
        unclear => JobError::permanent(unclear),
    }
}

fn plugin_failure(error: PluginError) -> JobError {
    if error.is_temporary() { JobError::temporary(error) } else { JobError::permanent(error) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::testing;

    #[tokio::test]
    async fn without_a_daemon_it_fails_for_good() {
        let job = testing::job(&KIND, json!({ "filters": ["keywords"] }));
        let error = job.run(testing::context().0).await.unwrap_err();
        assert!(!error.is_temporary, "{error}");
    }

    #[test]
    fn wrong_settings_are_refused() {
        for settings in [
            json!({}),
            json!({ "filters": [] }),
            json!({ "filters": ["Not A Name"] }),
            json!({ "filters": [{ "plugin": "keywords", "on_eror": "keep" }] }),
            json!({ "filters": [{ "plugin": "keywords", "on_error": "ignore" }] }),
            json!({ "filters": ["keywords"], "newest": 0 }),
        ] {
            assert!(testing::try_job(&KIND, settings.clone()).is_err(), "{settings}");
        }
        let long = json!({ "filters": ["types", { "plugin": "keywords", "on_error": "keep" }] });
        assert!(testing::try_job(&KIND, long).is_ok());
    }

    #[test]
    fn summaries_read_as_sentences() {
        let mut tried = Tried { chats: 1, seen: 7, kept: 4, dropped: 2, redacted: 1, ..Tried::default() };
        assert_eq!(tried.to_string(), "7 messages of 1 chat: 4 kept, 2 dropped, 1 redacted");
        tried.filters.insert("types".parse().unwrap(), Judged { failed: 3, ..Judged::default() });
        assert!(tried.to_string().ends_with("1 redacted; filters failed on 3"), "{tried}");
        tried.skipped = 1;
        assert!(tried.to_string().contains("1 redacted; 1 chat could not be read; filters"), "{tried}");
    }
}
