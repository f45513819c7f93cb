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

use super::{Context, Exit, Failure};
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
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
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

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "write a name of a zone, such as Europe/Madrid or UTC".into())
}

pub(super) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let config = context.config()?;
    let place = Place::of(&args.path);
    // Nothing is made for something that is not there, or is of no kind.
    if let Place::Path(path) = &place {
        std::fs::metadata(path).map_err(|error| {
            Failure::usage(format!("{} cannot be read: {error}", path.display()))
                .fix("name an export's folder, or its file")
        })?;
    }
    let kind = args.from.map_or_else(|| place.kind(), Ok).map_err(failure)?;
    // Of a rehearsal without an archive nothing may stay.
    let empty = tempfile::tempdir()?;
    let store = match args.dry_run {
        true => rehearsal(&config, empty.path()).await?,
        false => app::archive(&config, |_| {}).store().await?,
    };
    let media = match (args.skip_media, args.dry_run) {
        (true, _) => Media::Skip,
        (false, true) => Media::Count,
        (false, false) => Media::Take(app::media(&config).store().await?),
    };
    let request = Request {
        place,
        kind,
        account: args.account.unwrap_or_else(|| config.telegram.default_account.clone()),
        chat: args.chat,
        timezone: args.timezone,
        files_from: args.media,
        media,
    };
    let import = Import::open(request, store, context.clock.clone()).await.map_err(failure)?;
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
    conclude(context, kind, args.dry_run, &summary.map_err(failure)?)
}

/// A store that answers from what is there, and writes nothing.
async fn rehearsal(config: &Config, empty: &Path) -> anyhow::Result<SharedStore> {
    let store: SharedStore = match app::archive(config, |_| {}).existing().await? {
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
    if context.is_json() {
        context.output.json(&json!({ "kind": kind, "dry_run": is_rehearsal, "summary": summary }))?;
    } else {
        words(context, kind, is_rehearsal, summary)?;
    }
    if summary.unreadable > 0 {
        let message = format!("{} parts could not be read; the rest is imported", summary.unreadable);
        return Err(Failure::new(Exit::Failed, message).into());
    }
    Ok(())
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
