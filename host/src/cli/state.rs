//! `tapedeck state …`: without the daemon, on its data folder.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use serde_json::json;

use super::{Context, Exit, Failure, output::Closed};
use crate::state::transfer::{self, Exported, TransferError};

/// Save, restore and look at what the daemon remembers
///
/// The state is the ledger of runs with their logs, schedules, users and tokens. The daemon has to
/// be stopped meanwhile.
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the state as JSON lines
    ///
    /// A damaged state is exported as far as it can be read; what cannot is named, and the exit
    /// code is 1. The export holds hashes of passwords and tokens: a file is made readable by you
    /// only. Sessions of the page are left out.
    #[command(after_long_help = "\
Examples:
  tapedeck state export backup.jsonl
  tapedeck state export - | gzip > backup.jsonl.gz")]
    Export {
        /// Where to; `-` is standard output
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Replace the state by an export
    ///
    /// All of it or, on any problem, nothing. A state that holds something is replaced only with
    /// --force, and then kept beside the new one.
    #[command(after_long_help = "\
Examples:
  tapedeck state import backup.jsonl
  gunzip -c backup.jsonl.gz | tapedeck state import --force -")]
    Import {
        /// Where from; `-` is standard input
        #[arg(default_value = "-")]
        file: PathBuf,
        /// Replace a state that is not empty, or damaged
        #[arg(long)]
        force: bool,
    },
    /// Check the state, and show its size and what it holds
    Info,
}

pub(super) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let (context, folder) = (context.clone(), context.config()?.data.folder);
    let work = move || match args.command {
        Command::Export { file } => export(&context, &folder, &file),
        Command::Import { file, force } => import(&context, &folder, &file, force),
        Command::Info => info(&context, &folder),
    };
    tokio::task::spawn_blocking(work).await?
}

fn export(context: &Context, folder: &Path, file: &Path) -> anyhow::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let exported = if file == Path::new("-") {
        let mut sink = BufWriter::new(Printed(context));
        transfer::export(folder, version, context.now(), &mut sink)
    } else {
        let part = PartFile::create(file)?;
        let mut sink = BufWriter::new(&part.file);
        let exported = transfer::export(folder, version, context.now(), &mut sink);
        drop(sink);
        exported.and_then(|exported| part.finish().map(|()| exported).map_err(TransferError::Write))
    };
    let Exported { entries, unreadable, problems } = exported.map_err(explain)?;
    context.output.note(format!(
        "{entries} entries exported; they hold hashes of passwords and tokens: keep them private"
    ));
    if unreadable == 0 {
        return Ok(());
    }
    problems.iter().for_each(|problem| context.output.error_line(problem));
    Err(Failure::new(
        Exit::Failed,
        format!("{unreadable} parts of the state could not be read; the rest is exported"),
    )
    .fix("`tapedeck state import --force FILE` makes a whole state of it")
    .into())
}

/// Standard output, for those who want a writer.
struct Printed<'a>(&'a Context);

impl Write for Printed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.output.bytes(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(error) if error.is::<Closed>() => Err(io::ErrorKind::BrokenPipe.into()),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that is there whole or not at all.
struct PartFile<'a> {
    path: &'a Path,
    part: PathBuf,
    file: File,
}

impl<'a> PartFile<'a> {
    fn create(path: &'a Path) -> anyhow::Result<Self> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let cannot =
            |error| Failure::new(Exit::Failed, format!("cannot write {}", part.display())).caused_by(error);
        // One that was left behind could have wider permissions.
        if let Err(error) = fs::remove_file(&part)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(cannot(error).into());
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).map_err(cannot)?;
        Ok(Self { path, part, file })
    }

    fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.part, self.path)
    }
}

impl Drop for PartFile<'_> {
    fn drop(&mut self) {
        // It has its own name by now, unless something went wrong.
        let _ = fs::remove_file(&self.part);
    }
}

fn import(context: &Context, folder: &Path, file: &Path, force: bool) -> anyhow::Result<()> {
    let imported = if file == Path::new("-") {
        transfer::import(folder, &mut io::stdin().lock(), force, context.now())
    } else {
        let opened = File::open(file).map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot open {}", file.display())).caused_by(error)
        })?;
        transfer::import(folder, &mut BufReader::new(opened), force, context.now())
    };
    let imported = imported.map_err(explain)?;
    if context.is_json() {
        return context.output.json(&json!({
            "entries": imported.entries, "exported_at": imported.exported_at,
            "version": imported.version, "moved_to": imported.moved_to,
        }));
    }
    context.output.note(format!(
        "{} entries imported, exported by tapedeck {} at {}",
        imported.entries,
        imported.version,
        context.time(imported.exported_at)
    ));
    if let Some(moved_to) = imported.moved_to {
        context.output.note(format!("the state that was there before is in {}", moved_to.display()));
    }
    Ok(())
}

fn info(context: &Context, folder: &Path) -> anyhow::Result<()> {
    let info = transfer::info(folder).map_err(explain)?;
    if context.is_json() {
        let entries: serde_json::Map<_, _> =
            info.entries.iter().map(|(tree, count)| ((*tree).to_owned(), json!(count))).collect();
        return context.output.json(&json!({
            "folder": info.folder, "schema": info.schema, "generation": info.generation,
            "size_bytes": info.size_bytes, "entries": entries,
        }));
    }
    let facts = [
        ("folder".to_owned(), info.folder.display().to_string()),
        ("schema".to_owned(), info.schema.to_string()),
        ("generation".to_owned(), info.generation.to_string()),
        ("size".to_owned(), format!("{} KiB", info.size_bytes / 1024)),
    ];
    let entries = info.entries.iter().map(|(tree, count)| ((*tree).to_owned(), format!("{count} entries")));
    let rows = facts.into_iter().chain(entries).map(|(key, value)| vec![key.into(), value.into()]).collect();
    context.output.table(&["", ""], rows)
}

fn explain(error: TransferError) -> anyhow::Error {
    if matches!(&error, TransferError::Write(cause) if cause.kind() == io::ErrorKind::BrokenPipe) {
        return Closed.into();
    }
    let fix = match &error {
        TransferError::InTheWay { .. } => "add --force: the present state is then kept beside the new one",
        TransferError::NoState(_) => "check `data.folder`; the first `tapedeck run` makes a state there",
        TransferError::CutShort { .. } => "export again, or use an older export",
        _ => return error.into(),
    };
    let exit = if matches!(error, TransferError::InTheWay { .. }) { Exit::Refused } else { Exit::Failed };
    Failure::new(exit, error.to_string()).fix(fix).into()
}
