use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::json;

use super::{Args, messages};
use crate::{
    cli::{Context, Failure, plugins::bench::Bench},
    model::{BarePeer, Chat, Message, PeerId},
    plugin_host::{ExportOptions, ExporterHandle, Piece},
};

pub(super) async fn call(
    args: &Args,
    messages: Option<Vec<Message>>,
    bench: &Bench,
    context: &Context,
) -> anyhow::Result<()> {
    let messages = messages::needed(messages)?;
    let exporter = bench.plugins.exporter(&bench.name).cancelled_by(bench.stop.clone());
    let (wanted, created) = (args.format.clone(), context.now());
    // Its calls block their thread.
    let export = tokio::task::spawn_blocking(move || export(&exporter, wanted, created, &messages));
    let pieces = export.await.context("the export did not end")??;
    match &args.output {
        None => {
            pieces.iter().filter(|it| it.path.is_empty()).try_for_each(|it| context.output.bytes(&it.content))
        }
        Some(file) => write(&pieces, file, context),
    }
}

fn export(
    exporter: &ExporterHandle,
    wanted: Option<String>,
    created: jiff::Timestamp,
    messages: &[Message],
) -> anyhow::Result<Vec<Piece>> {
    let formats = exporter.formats()?;
    let format = match &wanted {
        None => formats.first(),
        Some(name) => formats.iter().find(|format| format.name == *name),
    };
    let format = format.ok_or_else(|| {
        let names: Vec<_> = formats.iter().map(|format| format.name.as_str()).collect();
        Failure::usage("it does not write this format").fix(format!("choose from {}", names.join(", ")))
    })?;
    let mut session = exporter.open(&ExportOptions {
        format: format.name.clone(),
        parameters: serde_json::Map::new(),
        created,
        account: None,
        is_single_chat: true,
        has_facts_if_full: false,
        extra: Vec::new(),
    })?;
    let mut pieces = Vec::new();
    // Chat by chat, as an archive hands them over.
    for of_chat in messages.chunk_by(|a, b| a.chat == b.chat) {
        pieces.extend(session.begin_chat(&chat(of_chat[0].chat)?, &[])?);
        pieces.extend(session.push(of_chat, None, None)?);
    }
    pieces.extend(session.finish()?);
    Ok(pieces)
}

/// Of which nothing is known but where its messages say that they are.
fn chat(id: PeerId) -> anyhow::Result<Chat> {
    let kind = match id.bare() {
        BarePeer::User(_) => "private",
        BarePeer::Group(_) => "group",
        BarePeer::Channel(_) => "channel",
    };
    serde_json::from_value(json!({ "id": id, "kind": kind, "title": "Tried out" })).context("a made-up chat")
}

/// The pieces of one path are one file; those of others lie beside it. It is a stranger who names these: they are made
/// where nothing else is, and take no place of what is there.
fn write(pieces: &[Piece], file: &Path, context: &Context) -> anyhow::Result<()> {
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let own = file.file_name().and_then(|name| name.to_str());
    let mut files: BTreeMap<&str, Vec<&Piece>> = BTreeMap::new();
    for piece in pieces {
        let path = piece.path.as_str();
        files.entry(if own == Some(path) { "" } else { path }).or_default().push(piece);
    }
    if files.keys().any(|path| !path.is_empty()) {
        check_alone(file, folder)?;
    }
    let mut written: Vec<PathBuf> = Vec::new();
    for (path, pieces) in files {
        let is_own = path.is_empty();
        let path = if is_own { file.to_owned() } else { folder.join(path) };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let mut options = File::options();
        match is_own {
            true => options.write(true).create(true).truncate(true),
            false => options.write(true).create_new(true),
        };
        let write = |mut file: File| pieces.iter().try_for_each(|piece| file.write_all(&piece.content));
        options.open(&path).and_then(write).with_context(|| format!("cannot write {}", path.display()))?;
        written.push(path);
    }
    match context.is_json() {
        true => {
            let shown: Vec<_> = written.iter().map(|path| path.display().to_string()).collect();
            context.output.json(&shown)
        }
        false => {
            written.iter().for_each(|path| context.output.note(format!("wrote {}", path.display())));
            Ok(())
        }
    }
}

/// Fails if anything but this file lies in its folder.
fn check_alone(file: &Path, folder: &Path) -> anyhow::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("cannot read {}", folder.display()))?,
    };
    for entry in entries {
        let name = entry.with_context(|| format!("cannot read {}", folder.display()))?.file_name();
        if file.file_name() != Some(&name) {
            return Err(Failure::usage("it writes several files")
                .fix(format!("name --output in an empty folder: {} is none", folder.display()))
                .into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Exit;

    fn piece(path: &str, text: &str) -> Piece {
        Piece { path: path.into(), content: text.into() }
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn files_of_others_are_not_written_beside() {
        let folder = tempfile::tempdir().unwrap();
        let notes = folder.path().join("notes.txt");
        fs::write(&notes, "years").unwrap();
        let file = folder.path().join("out.json");
        for path in ["notes.txt", "other.txt"] {
            let refused = write(&[piece("", "x"), piece(path, "x")], &file, &Context::for_tests(&[]));
            let refused = refused.unwrap_err().downcast::<Failure>().unwrap();
            assert_eq!(
                (refused.exit, refused.to_string().as_str()),
                (Exit::Usage, "it writes several files")
            );
        }
        assert_eq!(read(&notes), "years");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nor is anything else");
        write(&[piece("", "x")], &file, &Context::for_tests(&[])).unwrap();
        assert_eq!(read(&file), "x", "one file may lie beside others");
    }

    #[test]
    fn several_files_lie_in_a_folder_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/out.html");
        let pieces = [
            piece("", "a"),
            piece("style/x.css", "b"),
            piece("out.html", "c"),
            piece("", "d"),
            piece("style/x.css", "e"),
        ];
        // What it wrote the last time may go, if it is one file.
        fs::create_dir(folder.path().join("new")).unwrap();
        fs::write(&file, "before").unwrap();
        write(&pieces, &file, &Context::for_tests(&[])).unwrap();
        assert_eq!((read(&file), read(&folder.path().join("new/style/x.css"))), ("acd".into(), "be".into()));
    }
}
