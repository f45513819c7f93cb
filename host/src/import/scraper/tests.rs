use std::fs;

use rusqlite::Connection;

use super::ScraperData;
use crate::{
    import::{
        folder::Found,
        source::{Asked, Source as _, Told, ToldMessage},
        tests::told,
    },
    model::{ChatKind, MediaKind, MessageId, PeerId},
};

const CHANNEL: i64 = -1_001_234_567_890;

const TABLES: &str = "
    CREATE TABLE dialogs (dialog_id INTEGER PRIMARY KEY, name TEXT NOT NULL, username TEXT);
    CREATE TABLE users (user_id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, username TEXT);
    CREATE TABLE media_files (uuid TEXT PRIMARY KEY, file_size INTEGER NOT NULL, media_type TEXT NOT NULL, original_filename TEXT, file_path TEXT);
";
const MESSAGES: &str = "
    CREATE TABLE messages (id INTEGER PRIMARY KEY, dialog_id INTEGER, message_id INTEGER, date TEXT, edit_date TEXT, sender_id INTEGER,
        message TEXT, reply_to INTEGER, post_author TEXT, is_forwarded INTEGER, forwarded_from_channel_id INTEGER, media_uuid TEXT);
";
/// Of newer versions.
const MORE: &str = "
    ALTER TABLE messages ADD COLUMN reply_quote_text TEXT; ALTER TABLE messages ADD COLUMN reply_quote_offset INTEGER;
    ALTER TABLE messages ADD COLUMN forwarded_from_user_id INTEGER; ALTER TABLE messages ADD COLUMN forwarded_from_name TEXT;
    ALTER TABLE messages ADD COLUMN forwarded_from_date TEXT;
";

fn dialog(shelf: &str, more: &str, rows: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let of_dialog = folder.path().join(shelf).join(CHANNEL.to_string());
    fs::create_dir_all(of_dialog.join("media")).unwrap();
    fs::write(of_dialog.join("media/2-photo.jpg"), b"a picture").unwrap();
    let database = Connection::open(of_dialog.join(format!("{CHANNEL}.db"))).unwrap();
    for sql in [TABLES, MESSAGES, more, rows] {
        database.execute_batch(&sql.replace("CHANNEL", &CHANNEL.to_string())).unwrap();
    }
    folder
}

fn read(folder: &tempfile::TempDir, asked: Asked) -> Vec<Told> {
    let mut source = ScraperData::open(folder.path(), asked).unwrap();
    told(&mut |hear| source.read(hear)).unwrap()
}

fn messages(told: &[Told]) -> Vec<&ToldMessage> {
    let messages = told.iter().filter_map(|it| match it {
        Told::Message(told) => Some(&**told),
        _ => None,
    });
    messages.collect()
}

#[test]
fn a_text_without_end_costs_no_other_message() {
    let rows = "
        INSERT INTO messages (dialog_id, message_id, date, message) VALUES (CHANNEL, 1, '2026-01-10T12:00:00', 'a'),
            (CHANNEL, 2, '2026-01-10T12:00:01', hex(zeroblob(17 << 20))), (CHANNEL, 3, '2026-01-10T12:00:02', 'c');
    ";
    let told = read(&dialog("dialogs", MORE, rows), Asked::default());
    assert_eq!(messages(&told).iter().map(|it| it.message.id.0).collect::<Vec<_>>(), [1, 3]);
    let reasons = told.iter().filter_map(|it| match it {
        Told::Unreadable(it) => Some((it.place.ends_with("message 2"), it.reason.as_str())),
        _ => None,
    });
    assert_eq!(reasons.collect::<Vec<_>>(), [(true, "`message` is longer than 32 MiB")]);
}

const ROWS: &str = "
    INSERT INTO dialogs VALUES (CHANNEL, 'News', 'news'), (-1005, 'Only a source', NULL);
    INSERT INTO users VALUES (5, 'Ana', 'B', 'ana');
    INSERT INTO media_files VALUES ('u-1', 9, 'photos', NULL, '/app/data/dialogs/CHANNEL/media/2-photo.jpg'), ('u-2', 5000, 'files', 'r.pdf', NULL);
    INSERT INTO messages (dialog_id, message_id, date, edit_date, sender_id, message, reply_to, post_author, is_forwarded, forwarded_from_channel_id, media_uuid) VALUES
        (CHANNEL, 3, '2026-01-10 12:00:02', '2026-01-10 13:00:00', 0, 'plain **text**', 2, 'Ed', 0, NULL, 'u-2'),
        (CHANNEL, 2, '2026-01-10 12:00:01', NULL, 5, '', NULL, NULL, 1, 77, 'u-1');
";

#[test]
fn dialogs_with_their_media() {
    for shelf in ["dialogs", "channels"] {
        let folder = dialog(shelf, "", ROWS);
        let told = read(&folder, Asked::default());
        let chats: Vec<_> = told
            .iter()
            .filter_map(|it| match it {
                Told::Chat(chat) => Some((chat.id.0, chat.kind, chat.title.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(chats, [(CHANNEL, ChatKind::Channel, "News")]);
        let messages = messages(&told);
        let [photo, text] = messages.as_slice() else { panic!("{} messages", messages.len()) };
        assert_eq!((photo.message.id, photo.message.sender), (MessageId(2), Some(PeerId(5))));
        assert_eq!(photo.message.forward.as_ref().unwrap().from, Some(PeerId(-1_000_000_000_077)));
        assert!(matches!(photo.file, Some(Found::File { bytes: 9, .. })), "{:?}", photo.file);
        // As Telegram sent it, not rendered.
        assert_eq!((text.message.text.as_str(), text.message.has_rendered_text()), ("plain **text**", false));
        assert_eq!((text.message.sender, text.message.signature.as_deref()), (None, Some("Ed")));
        assert_eq!(text.message.edited, Some("2026-01-10T13:00:00Z".parse().unwrap()));
        let media = text.message.media.as_ref().unwrap();
        assert_eq!(
            (media.kind, media.file.as_ref().unwrap().name.as_deref()),
            (MediaKind::Document, Some("r.pdf"))
        );
        assert!(matches!(text.file, Some(Found::Nothing(_))));
    }
}

#[test]
fn newer_databases_know_quotes_and_authors() {
    let rows = format!(
        "{ROWS} UPDATE messages SET reply_quote_text = 'q', reply_quote_offset = 4, forwarded_from_user_id = 8, \
        forwarded_from_name = 'Hid', forwarded_from_date = '2025-01-01 00:00:00', is_forwarded = 1, forwarded_from_channel_id = NULL WHERE message_id = 3"
    );
    let folder = dialog("dialogs", MORE, &rows);
    let told = read(&folder, Asked::default());
    let message = &messages(&told)[1].message;
    let reply = message.reply.as_ref().unwrap();
    assert_eq!((reply.quote_text.as_deref(), reply.quote_offset, reply.is_quote), (Some("q"), Some(4), true));
    let forward = message.forward.as_ref().unwrap();
    assert_eq!((forward.from, forward.from_name.as_deref()), (Some(PeerId(8)), Some("Hid")));
    assert_eq!(forward.date, "2025-01-01T00:00:00Z".parse().unwrap());
}

#[test]
fn one_dialog_can_be_named() {
    let folder = dialog("dialogs", "", ROWS);
    let path = folder.path().join("dialogs").join(CHANNEL.to_string());
    for path in [path.clone(), path.join(format!("{CHANNEL}.db"))] {
        let mut source = ScraperData::open(&path, Asked::default()).unwrap();
        let told = told(&mut |hear| source.read(hear)).unwrap();
        assert_eq!(messages(&told).len(), 2);
    }
    assert!(messages(&read(&folder, Asked { chat: Some(PeerId(1)), ..Asked::default() })).is_empty());
    let empty = tempfile::tempdir().unwrap();
    assert!(
        ScraperData::open(empty.path(), Asked::default()).unwrap_err().to_string().contains("dialogs/<id>")
    );
}
