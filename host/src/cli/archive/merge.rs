//! `tapedeck archive merge` and `copy`: from one archive of ours into another.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    app,
    archive::{
        self, PostgresStore, SharedStore, SqliteStore,
        media::{LocalMedia, MediaStore},
    },
    cli::{Context, Exit, Failure},
    import::{
        ImportError,
        transfer::{Files, Mode, Transfer, TransferSummary, Verification},
    },
};

/// The name of its file in an archive's folder.
const FILE: &str = "archive.sqlite";

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
/// Everything goes along: messages, earlier texts, files, coverage, cursors. Into a PostgreSQL database files stay in the
/// media folder, which serves both. When it was cut short, the same command goes on. At the end both are read and
/// compared, message by message.
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
    let (other, folder): (SharedStore, Option<PathBuf>) = if archive::is_address(&args.other) {
        (Arc::new(PostgresStore::open(&args.other).await?), None)
    } else {
        let other = file_of(Path::new(&args.other));
        if !other.is_file() {
            let message = format!("there is no archive at {}", other.display());
            return Err(Failure::usage(message).fix("name its folder, or its archive.sqlite").into());
        }
        refuse_same(&other, &app::archive_file(&config))?;
        (Arc::new(SqliteStore::open(&other)?), Some(other.with_file_name("media")))
    };
    // Of an archive without files no folder is made.
    let folder = args.media.clone().or(folder).filter(|folder| folder.is_dir());
    let files = match folder {
        Some(folder) if !args.skip_media => Files::Between {
            from: Arc::new(MediaStore::Local(LocalMedia::open(folder)?)),
            to: app::media(&config).store().await?,
        },
        _ => Files::Left,
    };
    let to = app::archive(&config, |_| {}).store().await?;
    let summary = transfer(context, other, to, Mode::Merge, files).await?.0;
    conclude(context, &summary, None)
}

pub(super) async fn copy(args: &CopyArgs, context: &Context) -> anyhow::Result<()> {
    let config = context.config()?;
    let from = super::open(context).await?;
    let (to, files): (SharedStore, Files) = if archive::is_address(&args.to) {
        (Arc::new(PostgresStore::open(&args.to).await?), Files::Shared)
    } else {
        let target = file_of(Path::new(&args.to));
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
    let (summary, transfer) = transfer(context, from, to, Mode::Copy, files).await?;
    let verification = transfer.verify().await?;
    conclude(context, &summary, Some(&verification))
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
        let row = |name: &str, value: u64| vec![name.to_owned().into(), value.to_string().into()];
        let rows = vec![
            row("chats", summary.chats),
            row("messages", summary.messages),
            row("new", summary.new),
            row("completed", summary.changed),
            row("known already", summary.unchanged),
            row("files", summary.files),
            row("files missing", summary.files_missing),
        ];
        context.output.table(&["", ""], rows)?;
        for it in verification.iter().flat_map(|verification| &verification.differences) {
            context.output.note(format!("{} {}: {}", it.account, it.chat, it.what));
        }
    }
    match verification.map(|verification| verification.differences.len()) {
        Some(count) if count > 0 => {
            Err(Failure::new(Exit::Failed, format!("the copy differs in {count} places")).into())
        }
        Some(_) => {
            context.output.note("compared: the copy is the same, message by message");
            Ok(())
        }
        None => Ok(()),
    }
}

fn failure(error: ImportError) -> anyhow::Error {
    match error {
        ImportError::NotEmpty { .. } => Failure::usage(error.to_string()).into(),
        error => error.into(),
    }
}
