//! Kind `import`: takes over what another program has kept.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{JobTools, Kind, capturing::Capturing, read_settings, schema_of};
use crate::{
    archive::{self, Archive, Rehearsal, SharedStore, SqliteStore},
    clock::SharedClock,
    import::{self, Import, ImportError, ImportSummary, Media, Place, Request},
    model::{AccountName, JobName, PeerId, Summary, counted},
    scheduler::{Job, JobError, RunContext},
};

pub(super) const KIND: Kind = Kind {
    name: "import",
    about: "Takes over messages that another program has kept.",
    schema: schema_of::<Settings>,
    build,
};

/// How often people hear how far it is.
const PACE: Duration = Duration::from_millis(250);

/// Takes over messages that another program has kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The file or folder; relative paths count from the folder of `config.toml`. The address of a database is for
    /// `tapedeck import` only.
    path: PathBuf,
    /// What it is: "telegram-desktop", "telegram-desktop-html", "telegram-archive", "scraper-server", "json". Default:
    /// found out by looking.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    from: Option<import::Kind>,
    /// Whose messages they are. Default: telegram.default_account.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "account-name"))]
    account: Option<AccountName>,
    /// Only this chat; for pages of HTML and messages alone: the chat that they are of. Default: all.
    #[serde(default)]
    chat: Option<i64>,
    /// The zone of dates that do not say theirs, such as "Europe/Madrid". Default: what the source says.
    #[serde(default)]
    zone: Option<String>,
    /// The folder of Telegram-Archive's files, when they are not beside its database. Default: beside it.
    #[serde(default)]
    media: Option<PathBuf>,
    /// Leaves files out; another import brings them. Default: false.
    #[serde(default)]
    skip_media: bool,
    /// Counts what would be new, and writes nothing. Default: false.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug)]
struct ImportJob {
    path: PathBuf,
    from: Option<import::Kind>,
    account: Option<AccountName>,
    chat: Option<PeerId>,
    timezone: Option<TimeZone>,
    files_from: Option<PathBuf>,
    skips_media: bool,
    is_rehearsal: bool,
    capturing: Capturing,
    /// None where jobs are only checked.
    archive: Option<Archive>,
    default_account: Option<AccountName>,
    clock: SharedClock,
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let settings: Settings = read_settings(settings)?;
    let Settings { path, from, account, chat, zone: timezone, media, skip_media, dry_run } = settings;
    anyhow::ensure!(!path.as_os_str().is_empty(), "`path` is empty: name an export's folder, or its file");
    anyhow::ensure!(
        !path.to_str().is_some_and(archive::is_address),
        "`path` is the address of a database: only `tapedeck import` reads those"
    );
    anyhow::ensure!(chat != Some(0), "`chat`: no chat has the id 0");
    let zone = |name: String| {
        TimeZone::get(&name)
            .with_context(|| format!("`zone`: there is no zone `{name}`: write one such as Europe/Madrid"))
    };
    Ok(Arc::new(ImportJob {
        path: tools.base_folder.join(path),
        from,
        account,
        chat: chat.map(PeerId),
        timezone: timezone.map(zone).transpose()?,
        files_from: media.map(|media| tools.base_folder.join(media)),
        skips_media: skip_media,
        is_rehearsal: dry_run,
        capturing: Capturing::of(tools),
        archive: tools.archive.clone(),
        default_account: tools.accounts.as_ref().map(|accounts| accounts.default_account()),
        clock: tools.clock.clone(),
    }))
}

impl Job for ImportJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let imported = self.import(&context).await?;
            tracing::info!(new = imported.summary.new, "{imported}");
            let summary = Summary::of(&imported);
            match imported.summary.unreadable_in_words(self.is_rehearsal) {
                None => Ok(summary),
                Some(words) => Err(JobError::permanent(anyhow!(words)).with_summary(summary)),
            }
        })
    }

    fn stop_grace(&self) -> Duration {
        // A batch is being written.
        Duration::from_secs(60)
    }
}

impl ImportJob {
    async fn import(&self, context: &RunContext) -> Result<Imported, JobError> {
        let account = self.account.clone().or_else(|| self.default_account.clone());
        let (Some(archive), Some(account)) = (&self.archive, account) else {
            return Err(JobError::permanent(anyhow!("only a daemon has an archive")));
        };
        let request = until_stopped(context, self.look(account)).await?;
        let kind = request.kind;
        let takes_files = !self.skips_media && !self.is_rehearsal;
        let media =
            if takes_files { Media::Take(self.capturing.media().await?) } else { request.media.clone() };
        // Of a rehearsal without an archive nothing may stay.
        let empty = tempfile::tempdir().map_err(JobError::temporary)?;
        let store = match self.is_rehearsal {
            true => rehearsal(archive, empty.path().join("archive.sqlite")).await?,
            false => archive.store().await.map_err(|error| failure(error.into()))?,
        };
        let request = Request { media, ..request };
        let opening = async { Import::open(request, store, self.clock.clone()).await.map_err(failure) };
        let import = until_stopped(context, opening).await?;
        let meter = import.meter();
        let (progress, watched) = watch::channel(ImportSummary::default());
        let importing = import.run(context.stop.clone(), progress);
        tokio::pin!(importing);
        let mut ticks = tokio::time::interval(PACE);
        let summary = loop {
            tokio::select! {
                outcome = &mut importing => break outcome,
                _ = ticks.tick() => {
                    let (read, total) = meter.read();
                    let (messages, new) = { let seen = watched.borrow(); (seen.messages, seen.new) };
                    let total = (total > 0).then_some(total);
                    context.report.progress(read, total, kind.unit(), format!("{messages} messages, {new} new"));
                }
            }
        };
        let imported =
            |summary| Imported { kind, is_rehearsal: self.is_rehearsal, path: self.path.clone(), summary };
        // What comes before a damaged place is imported all the same.
        let so_far = || Summary::of(&imported(watched.borrow().clone()));
        match summary {
            Ok(summary) => Ok(imported(summary)),
            Err(error) => Err(failure(error).with_summary(so_far())),
        }
    }

    /// What there is to import. Nothing is made for what is not there, or cannot be imported.
    async fn look(&self, account: AccountName) -> Result<Request, JobError> {
        tokio::fs::metadata(&self.path).await.map_err(|error| {
            let path = self.path.display();
            JobError::permanent(anyhow!(
                "{path} cannot be read: {error}: name an export's folder, or its file"
            ))
        })?;
        let place = Place::Path(self.path.clone());
        let kind = match self.from {
            Some(kind) => kind,
            None => place.kind().await.map_err(failure)?,
        };
        let request = Request {
            place,
            kind,
            account,
            chat: self.chat,
            timezone: self.timezone.clone(),
            files_from: self.files_from.clone(),
            media: if self.skips_media { Media::Skip } else { Media::Count },
        };
        Import::look(&request).await.map_err(failure)?;
        Ok(request)
    }
}

/// A disk that does not answer holds up no end of the run, nor of the daemon.
async fn until_stopped<T>(
    context: &RunContext,
    work: impl Future<Output = Result<T, JobError>>,
) -> Result<T, JobError> {
    tokio::select! {
        done = work => done,
        () = context.stop.cancelled() => Err(failure(ImportError::Stopped)),
    }
}

/// A store that answers from what is there, and writes nothing.
async fn rehearsal(archive: &Archive, empty: PathBuf) -> Result<SharedStore, JobError> {
    let store: SharedStore = match archive.existing().await.map_err(|error| failure(error.into()))? {
        Some(store) => store,
        None => {
            let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&empty)).await;
            Arc::new(opened.map_err(JobError::temporary)?.map_err(|error| failure(error.into()))?)
        }
    };
    Ok(Arc::new(Rehearsal::new(store)))
}

/// What came of it.
#[derive(Debug, Serialize)]
struct Imported {
    kind: import::Kind,
    is_rehearsal: bool,
    path: PathBuf,
    #[serde(flatten)]
    summary: ImportSummary,
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ImportSummary { chats, messages, new, changed, .. } = &self.summary;
        let verb = if self.is_rehearsal { "would be new" } else { "new" };
        let (messages, chats) = (counted(*messages, "message"), counted(*chats, "chat"));
        write!(f, "{new} of {messages} of {chats} {verb}")?;
        if *changed > 0 {
            write!(f, ", {changed} completed")?;
        }
        Ok(())
    }
}

fn failure(error: ImportError) -> JobError {
    if error.is_temporary() { JobError::temporary(error) } else { JobError::permanent(error) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{archive::media, jobs::testing};

    #[tokio::test]
    async fn without_a_daemon_it_fails_for_good() {
        let job = testing::job(&KIND, json!({ "path": "result.json" }));
        let error = job.run(testing::context().0).await.unwrap_err();
        assert!(!error.is_temporary, "{error}");
    }

    #[test]
    fn wrong_settings_are_refused() {
        for settings in [
            json!({}),
            json!({ "path": "" }),
            json!({ "path": "x", "from": "paper" }),
            json!({ "path": "x", "zone": "Europe/Tape" }),
            json!({ "path": "x", "chat": "news" }),
            json!({ "path": "x", "chat": 0 }),
        ] {
            assert!(testing::try_job(&KIND, settings.clone()).is_err(), "{settings}");
        }
        let full = json!({
            "path": "x", "from": "telegram-desktop", "account": "main", "chat": -100, "zone": "Europe/Madrid", "dry_run": true,
            "media": "/data/backups/media", "skip_media": true,
        });
        assert!(testing::try_job(&KIND, full).is_ok());
    }

    /// Paths count from the folder, in which the archive is, too.
    fn tools(folder: &std::path::Path) -> JobTools {
        let file = folder.join("archive.sqlite");
        let archive = Archive::new(
            || false,
            move || {
                let store = SqliteStore::open(&file);
                Box::pin(async move { Ok(Arc::new(store?) as SharedStore) })
            },
        );
        let mut tools = testing::tools();
        (tools.archive, tools.base_folder) = (Some(archive), folder.to_owned());
        tools.media = Some(media::Media::new(media::MediaPlace::Folder(folder.join("media"))));
        tools
    }

    fn job_in(folder: &std::path::Path, path: &str) -> Arc<dyn Job> {
        let settings = json!({ "path": path, "account": "main" });
        build(&"test".parse().unwrap(), &settings, &tools(folder)).unwrap()
    }

    #[tokio::test]
    async fn a_pipe_ends_the_run_and_nothing_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        for from in [None, Some("json"), Some("telegram-archive"), Some("telegram-desktop-html")] {
            let settings = json!({ "path": "pipe", "from": from, "account": "main" });
            let job = build(&"test".parse().unwrap(), &settings, &tools(folder.path())).unwrap();
            let (context, _) = testing::context();
            let running = job.run(context);
            let ended = tokio::time::timeout(Duration::from_secs(5), running).await.expect("an end");
            let error = ended.unwrap_err();
            assert!(
                !error.is_temporary && error.to_string().contains("neither a file nor a folder"),
                "{error}"
            );
        }
        assert!(!folder.path().join("archive.sqlite").exists());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn damage_at_the_end_hides_nothing_that_came_before() {
        let folder = tempfile::tempdir().unwrap();
        let message = |id: &str| format!(r#"{{"id":{id},"date":"2026-03-01T12:30:00","text":"so"}}"#);
        let messages = [message("1"), message("\"x\""), message("3")].join(",");
        let json = format!(r#"{{"chat":{{"id":-100500,"type":"group"}},"messages":[{messages},{{"id":4,"#);
        std::fs::write(folder.path().join("talk.json"), json).unwrap();
        let error = job_in(folder.path(), "talk.json").run(testing::context().0).await.unwrap_err();
        assert!(error.to_string().contains("damaged at"), "{error}");
        let told = error.summary.unwrap().data;
        assert_eq!((&told["new"], &told["unreadable"]), (&2.into(), &1.into()));
        assert!(told["unreadable_first"][0]["place"].as_str().unwrap().contains("x"), "{told}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_export_is_taken_over_and_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let export = json!({
            "name": "Tape club", "type": "private_supergroup", "id": 1_234_567_890,
            "messages": [{
                "id": 1, "type": "message", "date": "2026-01-02T03:04:05", "date_unixtime": "1767323045",
                "from": "Ada", "from_id": "user7", "text": "hello", "text_entities": [{ "type": "plain", "text": "hello" }],
            }],
        });
        std::fs::write(folder.path().join("result.json"), export.to_string()).unwrap();
        let tools = tools(folder.path());
        let archive = tools.archive.clone().unwrap();
        let run = async |settings: serde_json::Value| {
            let mut settings = settings;
            settings["path"] = json!("result.json");
            settings["account"] = json!("main");
            let job = build(&"test".parse().unwrap(), &settings, &tools).unwrap();
            job.run(testing::context().0).await.unwrap()
        };
        let rehearsed = run(json!({ "dry_run": true })).await;
        assert_eq!(rehearsed.text, "1 of 1 message of 1 chat would be new");
        assert!(archive.existing().await.unwrap().is_none(), "a rehearsal makes no archive");
        assert_eq!(run(json!({})).await.text, "1 of 1 message of 1 chat new");
        assert_eq!(run(json!({})).await.data["new"], 0, "a second time changes nothing");
    }

    #[test]
    fn an_address_is_for_the_command() {
        let settings = json!({ "path": "postgres://ada:hunter2@host/telegram" });
        let error = format!("{:#}", testing::try_job(&KIND, settings).err().unwrap());
        assert!(error.contains("`tapedeck import`") && !error.contains("hunter2"), "{error}");
    }

    #[tokio::test]
    async fn a_path_that_is_not_there_is_named() {
        let mut tools = testing::tools();
        tools.archive = Some(Archive::new(|| false, || unreachable!("nothing is opened")));
        let settings = json!({ "path": "/nowhere/result.json", "account": "main" });
        let job = build(&"test".parse().unwrap(), &settings, &tools).unwrap();
        let error = job.run(testing::context().0).await.unwrap_err().to_string();
        assert!(error.contains("/nowhere/result.json") && error.contains("folder"), "{error}");
    }
}
