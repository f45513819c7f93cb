//! The databases of telegram-scraper-server: one for each dialog, in a folder of its own with its media.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    blank,
    error::ImportError,
    fields::Fields,
    folder::{Folder, Found},
    kind::Kind,
    rows::Rows as _,
    source::{Asked, Source, Told, ToldMessage, Unreadable},
    sqlite::{Database, take_moment},
};
use crate::model::{
    Audio, BarePeer, ChatKind, FileForm, Forward, Media, MediaKind, Message, MessageId, PeerId, PixelSize,
    Reply, Video,
};

#[derive(Debug)]
pub(super) struct ScraperData {
    files: Vec<PathBuf>,
    asked: Asked,
}

impl ScraperData {
    /// `path` is the data folder, `dialogs` in it, the folder of one dialog, or a database.
    pub(super) fn open(path: &Path, asked: Asked) -> Result<Self, ImportError> {
        let files = if path.is_dir() { databases(path)? } else { vec![path.to_owned()] };
        if files.is_empty() {
            let reason = "it has no dialogs/<id>/<id>.db".into();
            return Err(ImportError::Unknown { path: path.to_owned(), reason });
        }
        // Of all of them one is enough to tell that it is no such folder.
        files.first().map_or(Ok(()), |file| check(&Database::open(file)?))?;
        Ok(Self { files, asked })
    }

    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }
}

/// The folder had another name in old versions.
fn databases(path: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let mut found: Vec<PathBuf> = of_dialog(path).into_iter().collect();
    let shelves = [path.join("dialogs"), path.join("channels"), path.to_owned()];
    for shelf in shelves.iter().filter(|shelf| shelf.is_dir()) {
        for entry in fs::read_dir(shelf).map_err(|error| ImportError::open(shelf, error))? {
            let entry = entry.map_err(|error| ImportError::open(shelf, error))?;
            // A link could lead anywhere.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            found.extend(Some(entry.path()).filter(|_| is_folder).and_then(|path| of_dialog(&path)));
        }
    }
    found.sort();
    Ok(found)
}

fn of_dialog(folder: &Path) -> Option<PathBuf> {
    let name = folder.file_name()?.to_str()?;
    name.parse::<i64>().ok()?;
    let path = folder.join(format!("{name}.db"));
    fs::symlink_metadata(&path).is_ok_and(|facts| facts.is_file()).then_some(path)
}

type Hear<'a> = &'a mut dyn FnMut(Told) -> Result<(), ImportError>;

impl Source for ScraperData {
    fn read(&mut self, hear: Hear<'_>) -> Result<(), ImportError> {
        for file in &self.files {
            read(file, &self.asked, hear)?;
        }
        Ok(())
    }
}

/// Fails for the database of another program.
fn check(database: &Database) -> Result<(), ImportError> {
    let unknown = |reason| Err(ImportError::Unknown { path: database.place().to_owned(), reason });
    if !database.has_table("messages")? {
        return unknown("it has no table `messages`".to_owned());
    }
    for column in ["dialog_id", "message_id"] {
        if !database.has_column("messages", column)? {
            return unknown(format!("its table `messages` has no column `{column}`"));
        }
    }
    Ok(())
}

fn read(file: &Path, asked: &Asked, hear: Hear<'_>) -> Result<(), ImportError> {
    let database = Database::open(file)?;
    check(&database)?;
    let folder =
        Folder::open(file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    asked.meter.expect(database.count("messages")?);
    let has_media = database.has_table("media_files")?;
    let has_users = database.has_table("users")?;
    if has_users {
        database
            .each("users", "SELECT * FROM users ORDER BY user_id", &[], |row| tell_user(row, file, hear))?;
    }
    let mut kinds = Vec::new();
    if database.has_table("dialogs")? {
        for mut row in database.all("dialogs", "SELECT * FROM dialogs ORDER BY dialog_id", &[])? {
            // Dialogs without messages are sources of forwards.
            let Some(id) = row.number("dialog_id") else { continue };
            let sql = "SELECT 1 FROM messages WHERE dialog_id = $1 LIMIT 1";
            if !asked.wants(PeerId(id)) || database.all("messages", sql, &[id])?.is_empty() {
                continue;
            }
            let kind = kind(PeerId(id));
            kinds.push((PeerId(id), kind));
            let mut chat = blank::chat(PeerId(id), kind, &row.text("name").unwrap_or_default());
            chat.usernames = row.text("username").into_iter().collect();
            hear(Told::Chat(Box::new(chat)))?;
        }
    }
    let sql = "SELECT * FROM messages ORDER BY dialog_id, message_id";
    database.each("messages", sql, &[], |mut row| {
        asked.meter.advance(1);
        let place = row.get("message_id").map(ToString::to_string).unwrap_or_default();
        let Some(chat) = row.number("dialog_id").map(PeerId) else { return Ok(()) };
        if !asked.wants(chat) {
            return Ok(());
        }
        let media = match row.text("media_uuid").filter(|_| has_media) {
            Some(uuid) => media(&database, &uuid)?,
            None => None,
        };
        let refused = [Some(&row), media.as_ref()].into_iter().flatten().find_map(Fields::refused);
        let told = match refused {
            Some(reason) => Err(reason.to_owned()),
            None => message(row, chat, media, &folder).map_err(str::to_owned),
        };
        match told {
            Ok(told) => hear(Told::Message(Box::new(told))),
            Err(reason) => hear(unreadable(file, &format!("message {place}"), reason)),
        }
    })
}

fn media(database: &Database, uuid: &str) -> Result<Option<Fields>, ImportError> {
    let mut found = None;
    database.each("media_files", "SELECT * FROM media_files WHERE uuid = ?1", &[&uuid], |row| {
        found = Some(row);
        Ok(())
    })?;
    Ok(found)
}

/// The database does not tell supergroups from channels: what is captured will.
fn kind(id: PeerId) -> ChatKind {
    match id.bare() {
        BarePeer::User(_) => ChatKind::Private,
        BarePeer::Group(_) => ChatKind::Group,
        BarePeer::Channel(_) => ChatKind::Channel,
    }
}

fn unreadable(file: &Path, what: &str, reason: String) -> Told {
    Told::Unreadable(Unreadable { place: format!("{}: {what}", file.display()), reason })
}

fn tell_user(mut row: Fields, file: &Path, hear: Hear<'_>) -> Result<(), ImportError> {
    let Some(id) = row.number("user_id").filter(|id| *id > 0) else { return Ok(()) };
    if let Some(reason) = row.refused() {
        return hear(unreadable(file, &format!("user {id}"), reason.to_owned()));
    }
    let mut user = blank::user(PeerId(id), row.text("first_name"), row.text("last_name"));
    user.usernames = row.text("username").into_iter().collect();
    hear(Told::User(Box::new(user)))
}

fn message(
    mut row: Fields,
    chat: PeerId,
    media: Option<Fields>,
    folder: &Folder,
) -> Result<ToldMessage, &'static str> {
    let id = row.number("message_id").and_then(|id| i32::try_from(id).ok()).filter(|id| *id != 0);
    let id = MessageId(id.ok_or("its id is no id of a message")?);
    let date = take_moment(&mut row, "date").ok_or("it has no date")?;
    let mut message = blank::message(Kind::ScraperServer, chat, id, date);
    message.edited = take_moment(&mut row, "edit_date");
    message.sender = row.number("sender_id").filter(|id| *id != 0).map(PeerId);
    // As Telegram sent it, though without its marks.
    message.text = row.text("message").unwrap_or_default();
    message.signature = row.text("post_author");
    message.reply = reply(&mut row);
    message.forward = forward(&mut row, &mut message);
    row.take("id");
    let mut told = ToldMessage::new(message);
    if let Some(media) = media {
        let (media, found) = of_media(media, folder, &mut told.message);
        told.message.media = Some(Box::new(media));
        told.file = Some(found);
    }
    blank::keep_rest(&mut told.message, row.rest());
    Ok(told)
}

fn reply(row: &mut Fields) -> Option<Box<Reply>> {
    let message = MessageId(i32::try_from(row.number("reply_to")?).ok()?);
    let quote_text = row.text("reply_quote_text");
    let quote_offset = row.small("reply_quote_offset");
    let is_quote = quote_text.is_some();
    Some(Box::new(Reply { message: Some(message), is_quote, quote_text, quote_offset, ..Reply::default() }))
}

fn forward(row: &mut Fields, message: &mut Message) -> Option<Box<Forward>> {
    let channel = row
        .number("forwarded_from_channel_id")
        .map(|id| if id < 0 { PeerId(id) } else { PeerId::channel(id) });
    let user = row.number("forwarded_from_user_id").map(PeerId);
    let from_name = row.text("forwarded_from_name");
    if !row.flag("is_forwarded") && channel.is_none() && user.is_none() {
        return None;
    }
    let date = take_moment(row, "forwarded_from_date");
    if date.is_none() {
        blank::keep(message, "forward_date", "unknown".into());
    }
    Some(Box::new(Forward {
        date: date.unwrap_or(message.date),
        from: channel.or(user),
        from_name,
        post: None,
        signature: None,
        saved_from_chat: None,
        saved_from_message: None,
        saved_from: None,
        saved_from_name: None,
        saved_date: None,
        announcement: None,
        is_imported: false,
        was_outgoing: false,
    }))
}

fn of_media(mut row: Fields, folder: &Folder, message: &mut Message) -> (Media, Found) {
    let kind = match row.text("media_type").as_deref() {
        Some("photos") => MediaKind::Photo,
        Some("videos") => MediaKind::Video,
        Some("voice_messages") => MediaKind::Voice,
        Some("video_messages") => MediaKind::VideoNote,
        Some("stickers") => MediaKind::Sticker,
        Some("gifs") => MediaKind::Animation,
        _ => MediaKind::Document,
    };
    let form = if kind == MediaKind::Photo { FileForm::Photo } else { FileForm::Document };
    let mut file = blank::file(form, message.date);
    file.size_bytes = row.number("file_size").unwrap_or(0).max(0);
    file.name = row.text("original_filename");
    match kind {
        MediaKind::Video | MediaKind::VideoNote | MediaKind::Animation => {
            file.video = Some(Box::new(Video {
                pixels: PixelSize { width: 0, height: 0 },
                seconds: 0.0,
                is_round: kind == MediaKind::VideoNote,
                is_streamable: false,
                is_silent: kind == MediaKind::Animation,
                codec: None,
                still_at_seconds: None,
                preload_bytes: None,
            }));
        }
        MediaKind::Voice => {
            file.audio = Some(Box::new(Audio {
                seconds: 0,
                is_voice: true,
                title: None,
                performer: None,
                waveform: None,
            }));
        }
        _ => {}
    }
    let found = match row.text("file_path") {
        Some(path) => folder.find_end(folder.path(), &path),
        None => Found::Nothing("the scraper's settings left it out".into()),
    };
    if let Some(uuid) = row.text("uuid") {
        blank::keep(message, "media_uuid", uuid.into());
    }
    let mut media = blank::media(kind);
    media.file = Some(Box::new(file));
    (media, found)
}

#[cfg(test)]
mod tests;
