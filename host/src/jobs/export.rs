//! Kind `export`: writes the archive out by exporters, whole or what is new.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use futures_util::future::BoxFuture;
use jiff::{Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{JobTools, Kind, read_settings, schema_of};
use crate::{
    archive::{Archive, media::Media},
    clock::SharedClock,
    config::JobSection,
    export::{self, ExportError, ExportParts, Filter, FormatUse, Goal, MediaMode, Request, Template, Watch},
    model::{AccountName, ChatKind, JobName, MediaKind, PeerId, Period, Summary},
    plugin_host::Plugins,
    scheduler::{Job, JobError, RunContext},
};

pub(super) const KIND: Kind = Kind {
    name: "export",
    about: "Writes chats of the archive out in other formats.",
    schema: schema_of::<Settings>,
    build,
};

/// Writes chats of the archive out in other formats.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Formats, all fed by one pass over the archive: "html", "telegram-desktop", "json", "markdown", "csv", "text"
    /// or any that another exporter writes. A table says what else is asked of it.
    #[schemars(length(min = 1))]
    formats: Vec<FormatSetting>,
    /// Ids, @names or whole titles. Default: all.
    #[serde(default)]
    chats: Vec<String>,
    /// Kinds of chats: "private", "bot", "group", "supergroup", "channel". Default: all.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    kinds: Vec<ChatKind>,
    /// Which account. Default: telegram.default_account.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "account-name"))]
    account: Option<AccountName>,
    /// From this day or moment on: "2026-03-01", "2026-03-01T12:00:00Z". Default: the beginning.
    #[serde(default)]
    from: Option<String>,
    /// Up to this day or moment, which is not part of it. Default: the end.
    #[serde(default)]
    to: Option<String>,
    /// What was sent within this time before the run. Default: no bound.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    last: Option<Period>,
    /// Ids of those who wrote it. Default: anybody.
    #[serde(default)]
    senders: Vec<i64>,
    /// Only messages with such media: "photo", "video", "document" and so on. Default: any message.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    with_media: Vec<MediaKind>,
    /// Only what this search finds. Default: everything.
    #[serde(default)]
    query: Option<String>,
    /// Leaves out what was deleted at Telegram. Default: false.
    #[serde(default)]
    without_deleted: bool,
    /// What becomes of files: "none" leaves them out, "link" costs no room on the same disk, "copy". Default: "none".
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    media: MediaMode,
    /// Where exports go; relative paths count from the folder of `config.toml`. Default: "exports".
    #[serde(default = "folder")]
    folder: PathBuf,
    /// What an export is called there, with {{job}}, {{account}}, {{date}} and {{time}}. Default:
    /// "{{job}}-{{date}}-{{time}}", and "{{job}}" when it is incremental.
    #[serde(default)]
    name: Option<String>,
    /// Writes only what is new since the last run, as one more file or onto the pages that it belongs to. Default: false.
    #[serde(default)]
    incremental: bool,
    /// How many finished exports of this job are kept. Default: all.
    #[serde(default)]
    #[schemars(range(min = 1))]
    keep: Option<usize>,
}

fn folder() -> PathBuf {
    "exports".into()
}

/// A name, or a table with more.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum FormatSetting {
    Name(String),
    Table(FormatTable),
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FormatTable {
    /// The format's name; `plugin/format` where two exporters have the same.
    format: String,
    /// What is asked of the exporter in place of its settings.
    #[serde(default)]
    parameters: Map<String, Value>,
}

impl From<FormatSetting> for FormatTable {
    fn from(setting: FormatSetting) -> Self {
        match setting {
            FormatSetting::Name(format) => Self { format, parameters: Map::new() },
            FormatSetting::Table(table) => table,
        }
    }
}

#[derive(Debug)]
struct ExportJob {
    formats: Vec<FormatTable>,
    chats: Vec<String>,
    kinds: Vec<ChatKind>,
    account: Option<AccountName>,
    filter: Filter,
    last: Option<Period>,
    media: MediaMode,
    folder: PathBuf,
    name: Template,
    is_incremental: bool,
    keep: Option<usize>,
    tools: Tools,
}

/// What such a job writes, by name; nothing of other jobs.
pub fn exported_formats(job: &JobSection) -> Vec<String> {
    let settings = (job.kind == KIND.name).then(|| read_settings::<Settings>(&job.settings));
    let formats = settings.and_then(Result::ok).map(|settings| settings.formats).unwrap_or_default();
    formats.into_iter().map(|format| FormatTable::from(format).format).collect()
}

/// None of it where jobs are only checked.
#[derive(Debug)]
struct Tools {
    archive: Option<Archive>,
    plugins: Option<Plugins>,
    media: Option<Media>,
    default_account: Option<AccountName>,
    clock: SharedClock,
}

fn build(_: &JobName, settings: &Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let settings: Settings = read_settings(settings)?;
    let formats: Vec<FormatTable> = settings.formats.into_iter().map(FormatTable::from).collect();
    anyhow::ensure!(!formats.is_empty(), "`formats` names none: write `formats = [\"html\"]`");
    anyhow::ensure!(settings.keep != Some(0), "`keep = 0` would remove the export that was just made");
    let twice = formats
        .iter()
        .enumerate()
        .find(|(at, it)| formats[..*at].iter().any(|known| known.format == it.format));
    if let Some((_, twice)) = twice {
        anyhow::bail!("`formats` names `{}` twice: make two jobs of it", twice.format);
    }
    let name = match (&settings.name, settings.incremental) {
        (Some(name), _) => name.clone(),
        (None, true) => "{{job}}".to_owned(),
        (None, false) => "{{job}}-{{date}}-{{time}}".to_owned(),
    };
    let name = Template::parse(&name).context("`name`")?;
    anyhow::ensure!(
        !(settings.incremental && name.tells_when()),
        "`name` differs from run to run, so that nothing could be appended: leave out {{{{date}}}} and {{{{time}}}}, or `incremental`"
    );
    let filter = Filter {
        from: settings.from.as_deref().map(moment).transpose().context("`from`")?,
        to: settings.to.as_deref().map(moment).transpose().context("`to`")?,
        senders: settings.senders.into_iter().map(PeerId).collect(),
        media: settings.with_media,
        query: settings.query.filter(|text| !text.trim().is_empty()),
        without_deleted: settings.without_deleted,
    };
    Ok(Arc::new(ExportJob {
        formats,
        chats: settings.chats,
        kinds: settings.kinds,
        account: settings.account,
        filter,
        last: settings.last,
        media: settings.media,
        folder: tools.base_folder.join(settings.folder),
        name,
        is_incremental: settings.incremental,
        keep: settings.keep,
        tools: Tools {
            archive: tools.archive.clone(),
            plugins: tools.plugins.clone(),
            media: tools.media.clone(),
            default_account: tools.accounts.as_ref().map(|accounts| accounts.default_account()),
            clock: tools.clock.clone(),
        },
    }))
}

/// In UTC, if it does not say otherwise.
fn moment(text: &str) -> anyhow::Result<Timestamp> {
    export::moment(text, &TimeZone::UTC).ok_or_else(|| {
        anyhow!("`{text}` is no date: write 2026-03-01, 2026-03-01T12:00 or 2026-03-01T12:00:00Z")
    })
}

impl Job for ExportJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let exported = self.export(&context).await?;
            tracing::info!(messages = exported.messages, files = exported.files, "{exported}");
            Ok(Summary::of(&exported))
        })
    }

    fn stop_grace(&self) -> Duration {
        // A page is being written, or a large file copied.
        Duration::from_secs(60)
    }
}

impl ExportJob {
    async fn export(&self, context: &RunContext) -> Result<export::Exported, JobError> {
        let Tools { archive: Some(archive), plugins: Some(plugins), media: Some(media), clock, .. } =
            &self.tools
        else {
            return Err(JobError::permanent(anyhow!("only a daemon has an archive and exporters")));
        };
        let store = archive.existing().await.map_err(|error| failure(error.into()))?;
        let store = store.ok_or_else(|| JobError::permanent(anyhow!("nothing has been archived yet")))?;
        // A daemon that has just started may not have compiled them yet.
        plugins.settled().await;
        let formats = self.formats(plugins).await?;
        let account = self.account.clone().or_else(|| self.tools.default_account.clone());
        let account = account.ok_or_else(|| JobError::permanent(anyhow!("no account is known")))?;
        let now = clock.now();
        let name = self.name.name(context.job.as_str(), account.as_str(), now, &TimeZone::system());
        let mut filter = self.filter.clone();
        if let Some(last) = self.last {
            let begin = now.checked_sub(last.0).unwrap_or(Timestamp::MIN);
            filter.from = Some(filter.from.map_or(begin, |from| from.max(begin)));
        }
        let folder = self.folder.clone();
        let mut request = Request {
            account,
            chats: self.chats.clone(),
            kinds: self.kinds.clone(),
            filter,
            formats,
            media: self.media,
            goal: Goal::Folder(folder.join(&name)),
            is_incremental: self.is_incremental,
            series: context.job.to_string(),
            keep: self.keep,
        };
        let parts =
            ExportParts { store, plugins: plugins.clone(), media: media.clone(), clock: clock.clone() };
        let report = context.report.clone();
        let watch = Watch {
            stop: context.stop.clone(),
            report: Arc::new(move |progress| {
                report.progress(progress.messages, progress.total, "messages", progress.chat);
            }),
        };
        if !self.name.tells_the_second() {
            return export::export(&parts, &request, &watch).await.map_err(failure);
        }
        // Others may have begun within the same second, and none is to take the place of another.
        let claim = Claim::of_free(&folder, &name);
        request.goal = Goal::Folder(claim.0.clone());
        export::export(&parts, &request, &watch).await.map_err(failure)
    }

    async fn formats(&self, plugins: &Plugins) -> Result<Vec<FormatUse>, JobError> {
        let plugins = plugins.clone();
        let offers = tokio::task::spawn_blocking(move || export::offers(&plugins)).await;
        let offers =
            offers.map_err(|error| JobError::permanent(anyhow!("exporters could not be asked: {error}")))?;
        let wanted = self.formats.iter().map(|table| {
            let known = export::wanted(&offers, &table.format)?;
            Ok(FormatUse { parameters: table.parameters.clone(), ..known })
        });
        wanted.collect::<Result<_, ExportError>>().map_err(failure)
    }
}

fn failure(error: ExportError) -> JobError {
    if error.is_temporary() { JobError::temporary(error) } else { JobError::permanent(error) }
}
/// Where exports are being written that must have a place of their own.
static CLAIMED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A place that nothing has, for one export alone, until this goes.
struct Claim(PathBuf);

impl Claim {
    fn of_free(folder: &Path, name: &str) -> Self {
        let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        let mut place = folder.join(name);
        let mut number = 1;
        while fs::symlink_metadata(&place).is_ok() || !claimed.insert(place.clone()) {
            number += 1;
            place = folder.join(format!("{name}-{number}"));
        }
        Self(place)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::testing;

    #[tokio::test]
    async fn without_a_daemon_it_fails_for_good() {
        let job = testing::job(&KIND, json!({ "formats": ["html"] }));
        let error = job.run(testing::context().0).await.unwrap_err();
        assert!(!error.is_temporary, "{error}");
    }

    #[test]
    fn names_are_free_and_claimed_by_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        let first = Claim::of_free(folder.path(), "a");
        let second = Claim::of_free(folder.path(), "a");
        assert_eq!((&first.0, &second.0), (&folder.path().join("a-2"), &folder.path().join("a-3")));
        drop(first);
        assert_eq!(Claim::of_free(folder.path(), "a").0, folder.path().join("a-2"));
    }

    #[test]
    fn times_of_a_day_are_not_taken_for_its_beginning() {
        for (text, wanted) in
            [("2026-11-22T16:10:00", "2026-11-22T16:10:00Z"), ("2026-11-22", "2026-11-22T00:00:00Z")]
        {
            assert_eq!(moment(text).unwrap().to_string(), wanted);
        }
        let refused = moment("2026-11-22T25:00").unwrap_err().to_string();
        assert!(refused.contains("T25:00"), "{refused}");
    }

    #[test]
    fn wrong_settings_are_refused() {
        for settings in [
            json!({}),
            json!({ "formats": [] }),
            json!({ "formats": ["html", "html"] }),
            json!({ "formats": ["html"], "media": "borrow" }),
            json!({ "formats": ["html"], "from": "yesterday" }),
            json!({ "formats": ["html"], "keep": 0 }),
            json!({ "formats": ["html"], "name": "{{chat}}" }),
            json!({ "formats": ["html"], "incremental": true, "name": "x-{{date}}" }),
            json!({ "formats": ["html"], "incremental": true, "name": "{{job}}-{{time}}" }),
            json!({ "formats": [{ "format": "csv", "parameter": {} }] }),
        ] {
            assert!(testing::try_job(&KIND, settings.clone()).is_err(), "{settings}");
        }
        let plain = json!({ "formats": ["html"], "incremental": true, "name": "updates-{{job}}" });
        assert!(testing::try_job(&KIND, plain).is_ok(), "a name with `date` in a word is no date");
        let full = json!({
            "formats": ["html", { "format": "csv", "parameters": { "bom": true } }], "chats": ["@news"], "kinds": ["channel"],
            "from": "2026-01-01", "to": "2026-02-01T00:00:00Z", "last": "7d", "senders": [7], "with_media": ["photo"],
            "query": "tea", "without_deleted": true, "media": "link", "folder": "out", "incremental": true, "keep": 3,
        });
        assert!(testing::try_job(&KIND, full).is_ok());
    }
}
