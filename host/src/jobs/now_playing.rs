//! Kind `now-playing`: says what plays, in a message that is edited and in the account's bio.

use std::{fmt, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow, ensure};
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{JobTools, Kind, MusicTools, read_settings, schema_of};
use crate::{
    clock::SharedClock,
    model::{AccountName, JobName, Period, Summary},
    music::now_playing::{
        BioRules, Figures, NoticeRules, NowPlaying, NowPlayingError, Order, Orders, Template, WhenDeleted,
    },
    scheduler::{Job, JobError, Reporter, RunContext},
    telegram::{AccountError, Accounts, Patience},
};

pub const NAME: &str = "now-playing";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    about: "Says what plays: in a message that is edited, and in the bio.",
    schema: schema_of::<Settings>,
    build,
};

/// Longer pauses are shown, and what plays meanwhile counts.
const PATIENCE: Duration = Duration::from_secs(2);

/// Says what plays: in a message that is edited, and in the bio.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Which account. Default: telegram.default_account.
    #[schemars(with = "Option<String>", extend("format" = "account-name"))]
    account: Option<AccountName>,
    /// A message that is sent once, then edited. Without `text`, there is none.
    message: MessageSettings,
    /// The words about itself that the account's profile shows. Without `text`, they stay as they are.
    bio: BioSettings,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct MessageSettings {
    /// What it says while something plays, with {{song}}, {{artists}}, {{artist}}, {{title}}, {{album}}, {{year}},
    /// {{duration}}, {{link}} and {{source}}. Default: none.
    text: Option<String>,
    /// What it says when nothing plays, of the song that was heard last; "" deletes it.
    /// Default: "Last heard: {{song}}".
    idle: String,
    /// Where it is: "me" for Saved Messages, or an id, a @name or the whole title of a chat. Default: "me".
    #[schemars(length(min = 1))]
    chat: String,
    /// Whether it is pinned, once and silently. Default: true.
    pin: bool,
    /// Whether it shows what its link leads to. Default: false.
    preview: bool,
    /// What it means that somebody deletes it: a new one comes with the next song ("send-again"), or none
    /// ("leave"). Default: "send-again".
    when_deleted: WhenDeleted,
    /// It is changed once in this time at most; of what happens meanwhile the last is written. Default: "10s".
    min_interval: Period,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct BioSettings {
    /// What it says while something plays, with the same placeholders, shortened to what Telegram takes. Default: none.
    text: Option<String>,
    /// What it says when nothing plays; "" brings back what was there before. Default: "".
    idle: String,
    /// It is changed once in this time at most: Telegram stops those who change their profile often. Default: "60s".
    min_interval: Period,
}

impl Default for MessageSettings {
    fn default() -> Self {
        Self {
            text: None,
            idle: "Last heard: {{song}}".into(),
            chat: "me".into(),
            pin: true,
            preview: false,
            when_deleted: WhenDeleted::default(),
            min_interval: Period::from_secs(10),
        }
    }
}

impl Default for BioSettings {
    fn default() -> Self {
        Self { text: None, idle: String::new(), min_interval: Period::from_secs(60) }
    }
}

impl MessageSettings {
    fn rules(&self) -> anyhow::Result<Option<NoticeRules>> {
        let Some(text) = template("message.text", self.text.as_deref().unwrap_or_default())? else {
            return Ok(None);
        };
        Ok(Some(NoticeRules {
            text,
            idle: template("message.idle", &self.idle)?,
            chat: self.chat.clone(),
            pin: self.pin,
            preview: self.preview,
            when_deleted: self.when_deleted,
            min_interval: self.min_interval.0,
        }))
    }
}

impl BioSettings {
    fn rules(&self) -> anyhow::Result<Option<BioRules>> {
        let Some(text) = template("bio.text", self.text.as_deref().unwrap_or_default())? else {
            return Ok(None);
        };
        let idle = template("bio.idle", &self.idle)?;
        Ok(Some(BioRules { text, idle, min_interval: self.min_interval.0 }))
    }
}

fn template(key: &str, text: &str) -> anyhow::Result<Option<Template>> {
    let template = Template::parse(text).with_context(|| format!("`{key}` cannot be understood"))?;
    Ok((!text.trim().is_empty()).then_some(template))
}

#[derive(Debug)]
struct SayNowPlaying {
    name: JobName,
    account: Option<AccountName>,
    message: Option<NoticeRules>,
    bio: Option<BioRules>,
    /// None where jobs are only checked.
    daemon: Option<Daemon>,
}

/// What only a daemon has.
#[derive(Clone, Debug)]
pub struct Daemon {
    pub accounts: Accounts,
    pub music: MusicTools,
    pub clock: SharedClock,
}

#[derive(Debug, Serialize)]
struct Said {
    account: AccountName,
    #[serde(flatten)]
    figures: Figures,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.figures.fmt(f)
    }
}

/// What a job of this kind keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeps {
    pub account: AccountName,
    pub has_message: bool,
    pub has_bio: bool,
}

/// `None`: the job is of another kind, or keeps nothing as long as it is not enabled.
pub fn kept_by(section: &crate::config::JobSection, default_account: &AccountName) -> Option<Keeps> {
    if section.kind != NAME || !section.policy.enabled {
        return None;
    }
    let settings: Settings = read_settings(&section.settings).ok()?;
    let is_there = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    Some(Keeps {
        account: settings.account.unwrap_or_else(|| default_account.clone()),
        has_message: is_there(&settings.message.text),
        has_bio: is_there(&settings.bio.text),
    })
}

fn build(name: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let settings: Settings = read_settings(settings)?;
    let (message, bio) = (settings.message.rules()?, settings.bio.rules()?);
    ensure!(
        message.is_some() || bio.is_some(),
        "it would say nothing: write `message.text`, `bio.text` or both"
    );
    let daemon = match (&tools.accounts, &tools.music) {
        (Some(accounts), Some(music)) => {
            Some(Daemon { accounts: accounts.clone(), music: music.clone(), clock: tools.clock.clone() })
        }
        _ => None,
    };
    Ok(Arc::new(SayNowPlaying { name: name.clone(), account: settings.account, message, bio, daemon }))
}

impl Job for SayNowPlaying {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let daemon = self.daemon.as_ref();
            let daemon = daemon.ok_or_else(|| JobError::permanent(anyhow!("only a daemon has accounts")))?;
            let account = self.account.clone().unwrap_or_else(|| daemon.accounts.default_account());
            let now_playing =
                daemon.now_playing(&account, &self.name).await.map_err(|error| match error {
                    AccountError::Servers(_) => JobError::temporary(error),
                    error => JobError::permanent(error),
                })?;
            let orders = Orders {
                notice: self.message.clone().map_or(Order::TakeBack, Order::Keep),
                // Another job may keep it.
                bio: self.bio.clone().map_or(Order::Leave, Order::Keep),
                tell: telling(&context.report),
                stop: context.stop.clone(),
            };
            let (figures, result) = now_playing.say(&orders).await;
            let said = Said { account, figures };
            match result {
                Ok(()) => {
                    tracing::info!(account = %said.account, "{said}");
                    Ok(Summary::of(&said))
                }
                Err(error) => Err(failure(error).with_summary(Summary::of(&said))),
            }
        })
    }
}

impl Daemon {
    async fn now_playing(&self, account: &AccountName, job: &JobName) -> Result<NowPlaying, AccountError> {
        let client = self.accounts.client(account).await?;
        Ok(NowPlaying {
            account: account.clone(),
            job: job.to_string(),
            client: client.with_patience(Patience::UpTo(PATIENCE)),
            ledger: self.music.ledger.clone(),
            state: self.music.state.clone(),
            clock: self.clock.clone(),
            board: self.music.boards.of(account),
            signs: self.music.signs.clone(),
        })
    }

    /// Undoes what a job said that is not there any more.
    pub async fn take_back(
        &self,
        account: &AccountName,
        job: &JobName,
        what: TakeBack,
        stop: &tokio_util::sync::CancellationToken,
    ) -> anyhow::Result<Figures> {
        let now_playing = self.now_playing(account, job).await?;
        let (notice, bio) = match what {
            TakeBack::Message => (Order::TakeBack, Order::Leave),
            TakeBack::Bio => (Order::Leave, Order::TakeBack),
        };
        let orders = Orders { notice, bio, tell: Arc::new(|_| {}), stop: stop.clone() };
        let (figures, result) = now_playing.say(&orders).await;
        result?;
        Ok(figures)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeBack {
    Message,
    Bio,
}

fn telling(report: &Reporter) -> crate::music::now_playing::Tell {
    let report = report.clone();
    Arc::new(move |waiting| match waiting {
        Some(waiting) if waiting.is_demanded => {
            report.waiting_for("Telegram", waiting.until, waiting.reason.clone());
        }
        Some(waiting) => report.waiting_until(waiting.until, waiting.reason.clone()),
        None => report.going_on(),
    })
}

fn failure(error: NowPlayingError) -> JobError {
    if error.is_temporary() { JobError::temporary(error) } else { JobError::permanent(error) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{config::JobSection, jobs::testing, model::Policy};

    #[tokio::test]
    async fn without_a_daemon_it_fails_for_good() {
        let job = testing::job(&KIND, json!({ "bio": { "text": "{{song}}" } }));
        let error = job.run(testing::context().0).await.unwrap_err();
        assert!(!error.is_temporary, "{error}");
    }

    #[test]
    fn wrong_settings_are_refused() {
        for (settings, word) in [
            (json!({}), "say nothing"),
            (json!({ "message": { "text": " " } }), "say nothing"),
            (json!({ "message": { "text": "{{titel}}" } }), "`message.text`"),
            (json!({ "bio": { "text": "{{title}}", "idle": "{{" } }), "`bio.idle`"),
            (json!({ "bio": { "txt": "x" } }), "txt"),
            (json!({ "message": { "text": "x", "when_deleted": "cry" } }), "cry"),
        ] {
            let error = testing::try_job(&KIND, settings.clone()).unwrap_err();
            assert!(format!("{error:#}").contains(word), "{settings}: {error:#}");
        }
        let full = json!({ "message": { "text": "{{song}}", "chat": "@ann", "pin": false, "idle": "" } });
        assert!(testing::try_job(&KIND, full).is_ok());
    }

    #[test]
    fn only_enabled_jobs_keep_something() {
        let section = |kind: &str, is_enabled| JobSection {
            kind: kind.into(),
            policy: Policy { enabled: is_enabled, ..Policy::default() },
            settings: json!({ "account": "work", "bio": { "text": "{{song}}" } }),
            shown_settings: serde_json::Value::Null,
        };
        let main = AccountName::main();
        let keeps = Keeps { account: "work".parse().unwrap(), has_message: false, has_bio: true };
        assert_eq!(kept_by(&section(NAME, true), &main), Some(keeps));
        assert_eq!(kept_by(&section(NAME, false), &main), None);
        assert_eq!(kept_by(&section("player", true), &main), None);
    }
}
