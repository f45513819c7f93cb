use std::{
    fs,
    io::Write as _,
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

pub(super) async fn call(args: &Args, bench: &Bench, context: &Context) -> anyhow::Result<()> {
    let messages = messages::read(args, context)?;
    let exporter = bench.plugins.exporter(&bench.name);
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

/// The pieces of one path follow each other; those of others lie beside the file.
fn write(pieces: &[Piece], file: &Path, context: &Context) -> anyhow::Result<()> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut written: Vec<PathBuf> = Vec::new();
    for piece in pieces {
        let path = if piece.path.is_empty() { file.to_owned() } else { folder.join(&piece.path) };
        let is_first = !written.contains(&path);
        if is_first {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            }
            written.push(path.clone());
        }
        let opened =
            fs::File::options().create(true).write(true).truncate(is_first).append(!is_first).open(&path);
        opened
            .and_then(|mut file| file.write_all(&piece.content))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    match context.is_json() {
        true => context.output.json(&written),
        false => {
            written.iter().for_each(|path| context.output.note(format!("wrote {}", path.display())));
            Ok(())
        }
    }
}
