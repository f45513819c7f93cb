//! `tapedeck archive merge` and `copy`: from one archive of ours into another.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    app,
    archive::{
        self, PostgresStore, SharedStore, SqliteStore, Visit,
        media::{LocalMedia, MediaStore},
    },
    cli::{Context, Exit, Failure, indexing::index},
    config::Config,
    import::{
        ImportError,
        transfer::{Files, Mode, Transfer, TransferSummary, Verification},
    },
    model::{EXPORT_MARK, counted},
};

/// The name of its file in an archive's folder.
const FILE: &str = "archive.sqlite";
const NO_FOLDER: &str =
    "the folder of the other archive's files is not known: name it with --media, and merge again";

/// Take over what another archive of Tapedeck holds
///
/// Messages that both hold become one, by the same rules as everything that is told twice; coverage is taken over, because
/// it was proven there. Cursors stay: the next sweep looks for itself. Running it again changes nothing.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct MergeArgs {
    /// The other archive: its folder, its `archive.sqlite`, or postgres://user:password@host/database
    #[arg(value_name = "PATH|URL")]
    other: String,
    /// The media folder of the other archive [default: `media` beside its file]
    #[arg(long, value_name = "PATH", conflicts_with = "skip_media")]
    media: Option<PathBuf>,
    /// Leave files out: they are wanted again
    #[arg(long)]
    skip_media: bool,
}

/// Copy the whole archive into an empty one, and compare the two
///
/// What goes along: messages, earlier texts, reactions that went, files, chats, topics, folders, people with the names and
/// pictures that they had, coverage and cursors, what was skipped and why, messages that cannot be read, and what
/// is held back. What does not: the change feed, since when pictures are known, how often files were tried in vain, and how far
/// imports are. What is held back gets new numbers, and what was applied before is no longer taken back by its number: `undo
/// --since` takes back its deletions. The search index is made anew. Into a PostgreSQL database files stay in the media folder, which serves both.
/// When it was cut short, the same command goes on. At the end both are read and compared, message by message.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct CopyArgs {
    /// The folder of the new archive, or a PostgreSQL database: postgres://user:password@host/database
    #[arg(long, value_name = "PATH|URL")]
    to: String,
    /// Leave files out: the copy wants them again
    #[arg(long)]
    skip_media: bool,
}

pub(super) async fn merge(args: &MergeArgs, context: &Context) -> anyhow::Result<()> {
    let config = context.config()?;
    if args.other.trim().is_empty() {
        let failure = Failure::usage("the name of the other archive is empty");
        return Err(failure.fix("name its folder, or its archive.sqlite").into());
    }
    if let Some(media) = args.media.as_deref().filter(|media| !media.is_dir()) {
        let failure = Failure::usage(format!("`--media {}` is no folder", media.display()));
        return Err(failure.fix("name the other archive's folder `media`, or say --skip-media").into());
    }
    let (other, folder): (SharedStore, Option<PathBuf>) = if archive::is_address(&args.other) {
        refuse_same_database(&config, &args.other).await?;
        (Arc::new(PostgresStore::open_source(&args.other).await?), None)
    } else {
        let other = file_of(Path::new(&args.other));
        if !other.is_file() {
            let message = format!("there is no archive at {}", other.display());
            return Err(Failure::usage(message).fix("name its folder, or its archive.sqlite").into());
        }
        if config.archive.url.is_none() {
            refuse_same(&other, &app::archive_file(&config))?;
        }
        (Arc::new(SqliteStore::open_source(&other)?), Some(other.with_file_name("media")))
    };
    // Of an archive without files no folder is made.
    let folder = args.media.clone().or(folder).filter(|folder| folder.is_dir());
    let has_folder = folder.is_some();
    let files = match folder {
        _ if args.skip_media => Files::Left,
        Some(folder) => Files::Between {
            from: Arc::new(MediaStore::Local(LocalMedia::open_source(folder))),
            to: app::media(&config).store().await?,
        },
        None => Files::Nowhere,
    };
    let to = app::archive(&config, |_| {}).store().await?;
    let summary = transfer(context, other, to.clone(), Mode::Merge, files).await?.0;
    let indexed = index(&*to, context).await;
    conclude(context, &summary, None)?;
    if summary.files_missing > 0 && !has_folder {
        context.output.note(NO_FOLDER);
    }
    Ok(indexed?)
}

pub(super) async fn copy(args: &CopyArgs, context: &Context) -> anyhow::Result<()> {
    let config = context.config()?;
    if args.to.trim().is_empty() {
        return Err(Failure::usage("`--to` is empty").fix("name a folder that is not there yet").into());
    }
    let from = super::open(context).await?;
    let before = from.figures().await?.sequence;
    let (to, files): (SharedStore, Files) = if archive::is_address(&args.to) {
        refuse_same_database(&config, &args.to).await?;
        (Arc::new(PostgresStore::open_other(&args.to).await?), Files::Shared)
    } else {
        let target = file_of(Path::new(&args.to));
        refuse_export(&target)?;
        let folder = target.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::usage(format!("the folder {} cannot be made: {error}", folder.display()))
                .fix("name another one with --to")
        })?;
        if config.archive.url.is_none() {
            refuse_same(&app::archive_file(&config), &target)?;
        }
        let to = Arc::new(MediaStore::Local(LocalMedia::open(target.with_file_name("media"))?));
        (
            Arc::new(SqliteStore::open(&target)?),
            Files::Between { from: app::media(&config).store().await?, to },
        )
    };
    let files = if args.skip_media { Files::Left } else { files };
    let (summary, transfer) = transfer(context, from, to.clone(), Mode::Copy, files).await?;
    let verification = transfer.verify().await?;
    let went_on = !transfer.from.changes(before, 1).await?.is_empty();
    let indexed = index(&*to, context).await;
    conclude(context, &summary, Some(&verification))?;
    judge(context, &verification, went_on)?;
    Ok(indexed?)
}

fn file_of(path: &Path) -> PathBuf {
    // What is not there yet is to be a folder.
    if path.is_file() || path.extension().is_some_and(|end| end == "sqlite") {
        path.to_owned()
    } else {
        path.join(FILE)
    }
}

fn refuse_same(one: &Path, other: &Path) -> anyhow::Result<()> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    if one == other || real(one).is_some() && real(one) == real(other) {
        return Err(Failure::usage(format!("{} is this archive itself", other.display())).into());
    }
    Ok(())
}

/// The next export there would take the place of all that lies in it.
fn refuse_export(target: &Path) -> anyhow::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    if !folder.join(EXPORT_MARK).exists() {
        return Ok(());
    }
    let failure = Failure::usage(format!("{} is the folder of an export", folder.display()));
    Err(failure.fix("name a folder that is not there yet").into())
}

/// One database may have many addresses.
async fn refuse_same_database(config: &Config, other: &str) -> anyhow::Result<()> {
    let Some(url) = &config.archive.url else { return Ok(()) };
    let (ours, theirs) = (Visit::begin(url.expose_secret()).await?, Visit::begin(other).await?);
    if ours.is_same(&theirs).await? {
        return Err(Failure::usage(format!("{} is this archive itself", theirs.place)).into());
    }
    Ok(())
}

async fn transfer(
    context: &Context,
    from: SharedStore,
    to: SharedStore,
    mode: Mode,
    files: Files,
) -> anyhow::Result<(TransferSummary, Transfer)> {
    let (progress, watched) = watch::channel(TransferSummary::default());
    let token = CancellationToken::new();
    let transfer =
        Transfer { from, to, mode, files, clock: context.clock.clone(), token: token.clone(), progress };
    let bar = if context.output.is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{spinner} {msg}").expect("the template is well-formed"));
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    let summary = {
        let running = transfer.run();
        tokio::pin!(running);
        loop {
            tokio::select! {
                outcome = &mut running => break outcome,
                _ = ticks.tick() => {
                    let now = watched.borrow();
                    bar.set_message(format!("{} chats, {} messages, {} files", now.chats, now.messages, now.files));
                    bar.tick();
                }
                _ = tokio::signal::ctrl_c() => {
                    token.cancel();
                    break running.await;
                }
            }
        }
    };
    bar.finish_and_clear();
    Ok((summary.map_err(failure)?, transfer))
}

fn conclude(
    context: &Context,
    summary: &TransferSummary,
    verification: Option<&Verification>,
) -> anyhow::Result<()> {
    if context.is_json() {
        context.output.json(&json!({ "summary": summary, "verification": verification }))?;
    } else {
        if summary.resumed_after > 0 {
            context.output.note(format!("went on after {} messages", summary.resumed_after));
        }
        let row = |name: &str, value: u64| vec![name.to_owned().into(), value.to_string().into()];
        let rows = vec![
            row("chats", summary.chats),
            row("people", summary.people),
            row("messages", summary.messages),
            row("new", summary.new),
            row("completed", summary.changed),
            row("known already", summary.unchanged),
            row("files", summary.files),
            row("files missing", summary.files_missing),
            row("small pictures", summary.pictures),
        ];
        context.output.table(&["", ""], rows)?;
        for it in verification.iter().flat_map(|verification| &verification.differences) {
            let chat = it.chat.map(|chat| format!(" {chat}")).unwrap_or_default();
            context.output.note(format!("{}{chat}: {}", it.account, it.what));
        }
    }
    Ok(())
}

/// What comes of the comparison. `went_on`: somebody has written into the archive since the copy began.
fn judge(context: &Context, verification: &Verification, went_on: bool) -> anyhow::Result<()> {
    let count = verification.differences.len() as u64;
    if count == 0 {
        context.output.note("compared: the copy is the same, message by message and name by name");
        return Ok(());
    }
    let failure = if went_on {
        let message = "the archive went on meanwhile, and the copy lacks some of that";
        Failure::new(Exit::Failed, message).fix("run it again: it takes what is new along")
    } else {
        Failure::new(Exit::Failed, format!("the copy differs in {}", counted(count, "place")))
    };
    Err(failure.into())
}

fn failure(error: ImportError) -> anyhow::Error {
    match error {
        ImportError::NotEmpty { .. } => Failure::usage(error.to_string()).into(),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        archive::{Batch, PostgresServer as Server, SearchQuery, Source, Write, connect_postgres},
        import::transfer::Difference,
        model::{AccountName, MessageId, PeerId},
    };

    /// A configuration in a folder of its own, whose archive is the database, or else a file.
    fn place(url: Option<&str>) -> (tempfile::TempDir, Context) {
        let folder = tempfile::tempdir().unwrap();
        let archive = url.map_or_else(|| "folder = \"kept\"".to_owned(), |url| format!("url = \"{url}\""));
        let config = folder.path().join("config.toml");
        std::fs::write(&config, format!("[archive]\n{archive}\n")).unwrap();
        let context = Context::for_tests(&["--config", config.to_str().unwrap()]);
        (folder, context)
    }

    /// An archive with one message in it.
    async fn fill(store: &dyn archive::Store) {
        let mut batch = Batch::new(AccountName::main(), Source::Sweep, Timestamp::UNIX_EPOCH);
        let message = json!({ "id": 1, "chat": -77, "date": "2024-01-01T00:00:00Z", "text": "a tape" });
        let message = serde_json::from_value(message).unwrap();
        batch.writes.push(Write::Message { message: Box::new(message), sender_name: None });
        store.write(batch).await.unwrap();
    }

    async fn found(store: &dyn archive::Store) -> usize {
        let query = SearchQuery { text: "tape".into(), limit: 5, ..SearchQuery::default() };
        store.search(query).await.unwrap().found.len()
    }

    /// As people write it: the tests' own addresses are lists of settings.
    async fn database() -> String {
        let address = Server::shared().database().await;
        let part = |name: &str| address.split_whitespace().find_map(|it| it.strip_prefix(name)).unwrap();
        let host = part("host=").replace('/', "%2F");
        format!("postgres://{}@{host}/{}", part("user="), part("dbname="))
    }

    fn merging(other: &str) -> MergeArgs {
        MergeArgs { other: other.to_owned(), media: None, skip_media: true }
    }

    fn copying(to: &str) -> CopyArgs {
        CopyArgs { to: to.to_owned(), skip_media: true }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_merged_and_copied_is_found_at_once() {
        let (folder, context) = place(None);
        let other = folder.path().join("other.sqlite");
        fill(&SqliteStore::open(&other).unwrap()).await;
        let before = std::fs::read(&other).unwrap();
        merge(&merging(other.to_str().unwrap()), &context).await.unwrap();
        assert_eq!(std::fs::read(&other).unwrap(), before, "the other archive is only read");
        let open = |file: &str| SqliteStore::open(&folder.path().join(file)).unwrap();
        assert_eq!(found(&open("kept/archive.sqlite")).await, 1);
        let copied = folder.path().join("copied");
        copy(&copying(copied.to_str().unwrap()), &context).await.unwrap();
        assert_eq!(found(&open("copied/archive.sqlite")).await, 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_no_archive_is_named_and_left_alone() {
        let (folder, context) = place(None);
        let songs = folder.path().join("songs.db");
        rusqlite::Connection::open(&songs).unwrap().execute_batch("create table songs (name)").unwrap();
        let noise = folder.path().join("noise.db");
        std::fs::write(&noise, [7; 4096]).unwrap();
        for path in [&songs, &noise] {
            let before = std::fs::read(path).unwrap();
            let error = merge(&merging(path.to_str().unwrap()), &context).await.unwrap_err().to_string();
            assert!(error.contains(path.to_str().unwrap()) && !error.contains("archive.folder"), "{error}");
            assert_eq!(std::fs::read(path).unwrap(), before);
        }
        let address = database().await;
        let error = merge(&merging(&address), &context).await.unwrap_err().to_string();
        assert!(error.contains("no archive of Tapedeck"), "{error}");
        let count = "select count(*) from information_schema.tables where table_schema = current_schema()";
        let tables = connect_postgres(&address).await.query_one(count, &[]).await.unwrap();
        assert_eq!(tables.get::<_, i64>(0), 0);
        let dead = merge(&merging("postgres://me@127.0.0.1:1/x"), &context).await.unwrap_err().to_string();
        assert!(!dead.contains("archive.url"), "{dead}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_archive_without_a_name_is_not_looked_for() {
        let (_folder, context) = place(None);
        for empty in ["", " "] {
            let error = merge(&merging(empty), &context).await.unwrap_err().to_string();
            assert!(error.contains("is empty"), "{error}");
        }
    }

    /// An archive whose only message has a file that is held.
    async fn with_file(file: &Path) {
        let store: SharedStore = Arc::new(SqliteStore::open(file).unwrap());
        fill(&*store).await;
        let hash = archive::BlobHash([7; 32]);
        let place = archive::FilePlace { hash, bytes: 9, link: "-77/1.jpg".into() };
        let key = archive::FileKey { chat: PeerId(-77), id: MessageId(1), file: 777 };
        let photo = json!({
            "id": 1, "chat": -77, "date": "2024-01-01T00:00:00Z", "text": "a tape",
            "media": { "kind": "photo", "file": {
                "role": "main", "form": "photo", "id": 777, "access_hash": 5, "reference": "", "dc": 2, "date": "2024-01-01T00:00:00Z",
                "size_bytes": 9, "mime": "image/jpeg",
            } },
        });
        let message = Box::new(serde_json::from_value(photo).unwrap());
        let mut batch = Batch::new(AccountName::main(), Source::Sweep, Timestamp::UNIX_EPOCH);
        batch.writes.push(Write::Message { message, sender_name: None });
        batch.writes.push(Write::File { key, state: archive::FileState::Held(place) });
        store.write(batch).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn files_that_nobody_finds_are_missing_unless_they_were_left_out() {
        let (folder, _) = place(None);
        let config = folder.path().join("config.toml");
        let other = folder.path().join("other.sqlite");
        with_file(&other).await;
        for (skip_media, missing) in [(true, 0), (false, 1)] {
            let context = Context::for_tests(&["--json", "--config", config.to_str().unwrap()]);
            let args = MergeArgs { skip_media, ..merging(other.to_str().unwrap()) };
            merge(&args, &context).await.unwrap();
            let told: serde_json::Value = serde_json::from_str(&context.output.written()).unwrap();
            assert_eq!(told["summary"]["files_missing"], missing, "{told}");
            assert_eq!(context.output.said().contains("--media"), missing > 0, "{}", context.output.said());
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_media_folder_that_is_not_there_is_refused() {
        let (folder, context) = place(None);
        let other = folder.path().join("other.sqlite");
        fill(&SqliteStore::open(&other).unwrap()).await;
        let media = Some(folder.path().join("nope"));
        let args = MergeArgs { media, skip_media: false, ..merging(other.to_str().unwrap()) };
        let error = merge(&args, &context).await.unwrap_err().to_string();
        assert!(error.contains("nope") && error.contains("no folder"), "{error}");
        assert!(!folder.path().join("kept").exists());
    }

    #[test]
    fn a_copy_of_what_is_being_written_is_to_be_repeated() {
        let context = Context::for_tests(&[]);
        let difference = Difference { account: AccountName::main(), chat: None, what: "so".into() };
        let differs = Verification { differences: vec![difference], ..Verification::default() };
        let told = |went_on| judge(&context, &differs, went_on).unwrap_err().to_string();
        assert!(told(true).contains("went on meanwhile") && !told(true).contains("differs"));
        assert_eq!(told(false), "the copy differs in 1 place");
        judge(&context, &Verification::default(), true).unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_archive_is_not_copied_where_it_would_be_lost() {
        let (folder, context) = place(None);
        fill(&SqliteStore::open(&folder.path().join("kept/archive.sqlite")).unwrap()).await;
        let export = folder.path().join("full");
        std::fs::create_dir(&export).unwrap();
        std::fs::write(export.join(EXPORT_MARK), "{}").unwrap();
        for (to, told) in [("", "empty"), (export.to_str().unwrap(), "folder of an export")] {
            let error = copy(&copying(to), &context).await.unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        assert_eq!(std::fs::read_dir(&export).unwrap().count(), 1);
    }

    /// As after a move from the file into a database.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_file_that_a_database_took_the_place_of_can_be_merged() {
        let (folder, context) = place(Some(&database().await));
        let config = folder.path().join("config.toml");
        let words = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, format!("{words}folder = \"kept\"\n")).unwrap();
        let file = app::archive_file(&context.config().unwrap());
        assert_eq!(file, folder.path().join("kept/archive.sqlite"));
        fill(&SqliteStore::open(&file).unwrap()).await;
        merge(&merging(file.to_str().unwrap()), &context).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_is_not_copied_onto_itself() {
        let address = database().await;
        let (_folder, context) = place(Some(&address));
        fill(&PostgresStore::open(&address).await.unwrap()).await;
        let again =
            format!("{address}{}application_name=again", if address.contains('?') { '&' } else { '?' });
        let error = copy(&copying(&again), &context).await.unwrap_err().to_string();
        assert!(error.contains("is this archive itself"), "{error}");
        let error = merge(&merging(&again), &context).await.unwrap_err().to_string();
        assert!(error.contains("is this archive itself"), "{error}");
        let other = database().await;
        copy(&copying(&other), &context).await.unwrap();
    }
}
