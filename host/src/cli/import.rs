//! `tapedeck import`: takes over what other programs have kept, without a daemon or beside one.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Context, Exit, Failure, indexing::index};
use crate::{
    app,
    archive::{Rehearsal, SharedStore, SqliteStore},
    config::Config,
    import::{Import, ImportError, ImportSummary, Kind, Media, Meter, Place, Request},
    model::{AccountName, PeerId},
};

/// Take over messages and files that another program has kept
///
/// Reads exports of Telegram Desktop (`result.json` or pages of HTML), the databases of Telegram-Archive and of
/// telegram-scraper-server, and exports of our own as JSON. What PATH is, is found out by looking. An import that was
/// cut short goes on where it was; one that is repeated changes nothing. Files are linked where that is possible, and
/// copied where it is not: leave the source's as they are.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck import ~/Downloads/'Telegram Desktop'/DataExport_2026-11-21 --dry-run
  tapedeck import result.json --timezone Europe/Madrid
  tapedeck import ChatExport_2026-11-21 --chat -1001234567890
  tapedeck import /data/backups --account work
  tapedeck import postgres://telegram@localhost/telegram_backup --media /data/backups/media")]
pub(super) struct Args {
    /// The file or folder, or Telegram-Archive's PostgreSQL database: postgres://user:password@host/database
    #[arg(value_name = "PATH|URL")]
    path: String,
    /// What it is [default: found out]: telegram-desktop, telegram-desktop-html, telegram-archive, scraper-server, json
    #[arg(long, value_name = "KIND")]
    from: Option<Kind>,
    /// Only this chat; for pages of HTML and messages alone: the chat that they are of
    #[arg(long, value_name = "ID", allow_hyphen_values = true, value_parser = chat)]
    chat: Option<PeerId>,
    /// Whose messages they are [default: telegram.default_account]
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<AccountName>,
    /// The zone of dates that do not say theirs, such as Europe/Madrid: old exports have local times
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    timezone: Option<TimeZone>,
    /// The folder of Telegram-Archive's files [default: beside its database]
    #[arg(long, value_name = "PATH")]
    media: Option<PathBuf>,
    /// Count what would be new, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Leave files out; another import without this brings them
    #[arg(long)]
    skip_media: bool,
    /// Accepted, and always so: what is known already is completed, never replaced by less
    #[arg(long, hide_short_help = true)]
    merge: bool,
}

fn chat(text: &str) -> Result<PeerId, String> {
    let id = text.parse::<PeerId>().map_err(|error| error.to_string())?;
    if id.0 == 0 { Err("no chat has the id 0".into()) } else { Ok(id) }
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "write a name of a zone, such as Europe/Madrid or UTC".into())
}

pub(super) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let config = context.config()?;
    let place = Place::of(&args.path);
    if let Place::Path(path) = &place {
        std::fs::metadata(path).map_err(|error| {
            Failure::usage(format!("{} cannot be read: {error}", path.display()))
                .fix("name an export's folder, or its file")
        })?;
    }
    let kind = match args.from {
        Some(kind) => kind,
        None => place.kind().await.map_err(failure)?,
    };
    let request = Request {
        place,
        kind,
        account: args.account.unwrap_or_else(|| config.telegram.default_account.clone()),
        chat: args.chat,
        timezone: args.timezone,
        files_from: args.media,
        media: if args.skip_media { Media::Skip } else { Media::Count },
    };
    // Nothing is made for what is not there, or cannot be imported.
    Import::look(&request).await.map_err(failure)?;
    // Of a rehearsal without an archive nothing may stay.
    let empty = tempfile::tempdir()?;
    let store = match args.dry_run {
        true => rehearsal(&config, empty.path()).await?,
        false => app::archive(&config, |_| {}).store().await?,
    };
    let takes_files = !args.skip_media && !args.dry_run;
    let media = if takes_files { Media::Take(app::media(&config).store().await?) } else { request.media };
    let request = Request { media, ..request };
    let import = Import::open(request, store.clone(), context.clock.clone()).await.map_err(failure)?;
    let (progress, watched) = watch::channel(ImportSummary::default());
    let token = CancellationToken::new();
    let bar = bar(context);
    let meter = import.meter();
    let importing = import.run(token.clone(), progress);
    tokio::pin!(importing);
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    let summary = loop {
        tokio::select! {
            outcome = &mut importing => break outcome,
            _ = ticks.tick() => show(&bar, &meter, &watched.borrow()),
            _ = tokio::signal::ctrl_c() => {
                token.cancel();
                break importing.await;
            }
        }
    };
    bar.finish_and_clear();
    let was_stopped = matches!(summary, Err(ImportError::Stopped));
    let is_written = !args.dry_run && !was_stopped;
    // What was imported is told, also when search cannot learn of it.
    let indexed = if is_written { index(&*store, context).await } else { Ok(()) };
    match summary {
        Ok(summary) => conclude(context, kind, args.dry_run, &summary)?,
        Err(error) => {
            // What comes before a damaged place is imported all the same.
            let so_far = watched.borrow().clone();
            if so_far != ImportSummary::default() {
                tell(context, kind, args.dry_run, &so_far)?;
            }
            return Err(failure(error));
        }
    }
    Ok(indexed?)
}

/// A store that answers from what is there, and writes nothing.
async fn rehearsal(config: &Config, empty: &Path) -> anyhow::Result<SharedStore> {
    let store: SharedStore = match app::archive_to_read(config).await? {
        Some(store) => store,
        None => Arc::new(SqliteStore::open(&empty.join("archive.sqlite"))?),
    };
    Ok(Arc::new(Rehearsal::new(store)))
}

fn conclude(
    context: &Context,
    kind: Kind,
    is_rehearsal: bool,
    summary: &ImportSummary,
) -> anyhow::Result<()> {
    tell(context, kind, is_rehearsal, summary)?;
    match summary.unreadable_in_words(is_rehearsal) {
        Some(message) => Err(Failure::new(Exit::Failed, message).into()),
        None => Ok(()),
    }
}

fn tell(context: &Context, kind: Kind, is_rehearsal: bool, summary: &ImportSummary) -> anyhow::Result<()> {
    if context.is_json() {
        return context.output.json(&json!({ "kind": kind, "dry_run": is_rehearsal, "summary": summary }));
    }
    words(context, kind, is_rehearsal, summary)
}

fn words(context: &Context, kind: Kind, is_rehearsal: bool, summary: &ImportSummary) -> anyhow::Result<()> {
    for part in &summary.unreadable_first {
        context.output.note(format!("{}: {}", part.place, part.reason));
    }
    if summary.resumed_after > 0 {
        context.output.note(format!("went on after {} messages", summary.resumed_after));
    }
    let row = |name: &str, value: u64| vec![name.to_owned().into(), value.to_string().into()];
    let mut rows = vec![
        vec!["kind".into(), kind.to_string().into()],
        row("chats", summary.chats),
        row("messages", summary.messages),
        row("new", summary.new),
        row("completed", summary.changed),
        row("known already", summary.unchanged),
    ];
    let rare = [
        ("older texts refused", summary.refused),
        ("deleted", summary.deleted),
        ("files", summary.files_taken),
        ("bytes of files", summary.file_bytes),
        ("files known already", summary.files_known),
        ("files not in it", summary.files_missing),
    ];
    rows.extend(rare.into_iter().filter(|(_, value)| *value > 0).map(|(name, value)| row(name, value)));
    context.output.table(&["", ""], rows)?;
    if is_rehearsal {
        context.output.note("this was a rehearsal: nothing was written");
    }
    Ok(())
}

fn bar(context: &Context) -> ProgressBar {
    if !context.output.is_terminal() {
        return ProgressBar::hidden();
    }
    let template = "{spinner} [{bar:30}] {percent}% {msg} ({eta})";
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    ProgressBar::new(0).with_style(style.progress_chars("=> "))
}

fn show(bar: &ProgressBar, meter: &Meter, summary: &ImportSummary) {
    let (read, total) = meter.read();
    bar.set_length(total);
    bar.set_position(read);
    bar.set_message(format!(
        "{} messages, {} new, {} files",
        summary.messages, summary.new, summary.files_taken
    ));
}

fn failure(error: ImportError) -> anyhow::Error {
    let is_usage = matches!(
        error,
        ImportError::Needed { .. } | ImportError::Unknown { .. } | ImportError::OtherOwner { .. }
    );
    if is_usage { Failure::usage(error.to_string()).into() } else { error.into() }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::archive::{SearchQuery, Store as _};

    #[derive(Debug, clap::Parser)]
    struct Typed {
        #[command(flatten)]
        args: Args,
    }

    /// What was told, and how it ended.
    async fn import(folder: &Path, words: &[&str], options: &[&str]) -> (String, anyhow::Result<()>) {
        let config = folder.join("config.toml");
        std::fs::write(&config, "archive.folder = \"kept\"\n").unwrap();
        let mut all = vec!["--config", config.to_str().unwrap()];
        all.extend(options);
        let context = Context::for_tests(&all);
        let words = std::iter::once("import").chain(words.iter().copied());
        let outcome = run(Typed::parse_from(words).args, &context).await;
        (context.output.written(), outcome)
    }

    fn message(id: &str, text: &str) -> String {
        format!(r#"{{"id":{id},"date":"2026-03-01T12:30:00","sender":{{"name":"Ana"}},"text":"{text}"}}"#)
    }

    fn export(folder: &Path, messages: &[String], end: &str) -> String {
        let file = folder.join("talk.json");
        let chat = r#"{"id":-100500,"type":"group","title":"Talk"}"#;
        std::fs::write(&file, format!(r#"{{"chat":{chat},"messages":[{}{end}"#, messages.join(","))).unwrap();
        file.to_str().unwrap().to_owned()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_imported_is_found_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = export(folder.path(), &[message("1", "a tape")], "]}");
        import(folder.path(), &[&file], &[]).await.1.unwrap();
        let store = SqliteStore::open(&folder.path().join("kept/archive.sqlite")).unwrap();
        let query = SearchQuery { text: "tape".into(), limit: 5, ..SearchQuery::default() };
        assert_eq!(store.search(query).await.unwrap().found.len(), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn damage_at_the_end_hides_nothing_that_came_before() {
        let folder = tempfile::tempdir().unwrap();
        let messages = [message("1", "one"), message("\"x\"", "two"), message("3", "three")];
        let file = export(folder.path(), &messages, ",{\"id\":4,");
        for words in [&["--dry-run"][..], &[]] {
            let mut all = vec![file.as_str()];
            all.extend(words);
            let (told, outcome) = import(folder.path(), &all, &["--json"]).await;
            let told: serde_json::Value = serde_json::from_str(&told).unwrap();
            assert_eq!((&told["summary"]["new"], &told["summary"]["unreadable"]), (&2.into(), &1.into()));
            assert!(outcome.unwrap_err().to_string().contains("damaged at line 1"));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_rehearsal_does_not_say_that_the_rest_is_imported() {
        let folder = tempfile::tempdir().unwrap();
        let file = export(folder.path(), &[message("1", "one"), message("\"x\"", "two")], "]}");
        for (words, told) in [(&["--dry-run"][..], "nothing was written"), (&[], "the rest is imported")] {
            let mut all = vec![file.as_str()];
            all.extend(words);
            let error = import(folder.path(), &all, &[]).await.1.unwrap_err().to_string();
            assert_eq!(error, format!("1 part could not be read; {told}"));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_search_that_cannot_learn_hides_nothing_of_what_was_imported() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("kept/archive.sqlite");
        drop(SqliteStore::open(&kept).unwrap());
        let refusing =
            "create trigger refusing before insert on words begin select raise(abort, 'no words'); end";
        rusqlite::Connection::open(&kept).unwrap().execute_batch(refusing).unwrap();
        for (end, told_last) in [("]}", "no words"), (",{\"id\":4,", "damaged at line 1")] {
            let file = export(folder.path(), &[message("1", "a tape")], end);
            let (told, outcome) = import(folder.path(), &[&file], &["--json"]).await;
            let told: serde_json::Value = serde_json::from_str(&told).unwrap();
            assert_eq!(told["summary"]["messages"], 1);
            let error = outcome.unwrap_err().to_string();
            assert!(error.contains(told_last), "{error}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn half_a_character_costs_no_message() {
        let folder = tempfile::tempdir().unwrap();
        let file = export(folder.path(), &[message("1", "a \\ud800 b"), message("2", "two")], "]}");
        let (told, outcome) = import(folder.path(), &[&file], &["--json"]).await;
        outcome.unwrap();
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!((&told["summary"]["new"], &told["summary"]["unreadable"]), (&2.into(), &0.into()));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_cannot_be_imported_leaves_no_archive() {
        let folder = tempfile::tempdir().unwrap();
        let foreign = folder.path().join("songs.db");
        let made = rusqlite::Connection::open(&foreign).unwrap();
        made.execute_batch("create table songs (name)").unwrap();
        let tables = folder.path().join("telegram.db");
        let made = rusqlite::Connection::open(&tables).unwrap();
        made.execute_batch("create table chats (id); create table messages (id)").unwrap();
        let pages = folder.path().join("messages.html");
        std::fs::write(&pages, "<html></html>").unwrap();
        let nothing = folder.path().join("nothing.json");
        std::fs::write(&nothing, "{\"foo\":1}").unwrap();
        for path in [&foreign, &tables, &pages, &nothing] {
            let (_, outcome) = import(folder.path(), &[path.to_str().unwrap()], &[]).await;
            let error = outcome.unwrap_err().to_string();
            assert!(error.contains(path.to_str().unwrap()), "{error}");
            assert!(!folder.path().join("kept").exists(), "{error}");
        }
    }

    #[test]
    fn no_chat_has_the_id_zero() {
        assert!(Typed::try_parse_from(["import", "x", "--chat", "0"]).is_err());
        assert!(Typed::try_parse_from(["import", "x", "--chat", "-1001234567890"]).is_ok());
    }
}
