//! What other programs have kept, small, as they lay it out.

use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::Folder;

pub(crate) const CHAT: i64 = -1_000_000_000_042;
pub(crate) const MESSAGES: u64 = 3;

pub(crate) fn said(id: usize) -> Value {
    json!({
        "id": id, "type": "message", "date_unixtime": (1_700_000_000 + id).to_string(), "from": "Ana", "from_id": "user5",
        "text": format!("message {id}"),
    })
}

/// An export of Telegram Desktop, in a folder of its own.
pub(crate) fn desktop(folder: &Folder, name: &str, messages: &[Value]) -> PathBuf {
    let path = folder.path(name);
    std::fs::create_dir_all(path.join("photos")).unwrap();
    let export = json!({ "name": "Talk", "type": "private_supergroup", "id": 42, "messages": messages });
    std::fs::write(path.join("result.json"), export.to_string()).unwrap();
    path
}

/// Three messages, of which one has a picture.
pub(crate) fn desktop_with_picture(folder: &Folder, name: &str) -> PathBuf {
    let mut messages: Vec<Value> = (1..=3).map(said).collect();
    messages[1]["photo"] = "photos/a.jpg".into();
    let path = desktop(folder, name, &messages);
    std::fs::write(path.join("photos/a.jpg"), b"a picture").unwrap();
    path
}

pub(crate) fn desktop_html(folder: &Folder) -> PathBuf {
    let path = folder.path("html");
    std::fs::create_dir_all(&path).unwrap();
    let messages: String = (1..=MESSAGES)
        .map(|id| {
            format!(
                "<div class=\"message default clearfix\" id=\"message{id}\">\n<div class=\"body\">\n\
                 <div class=\"pull_right date details\" title=\"17.03.2019 18:33:4{id} UTC+01:00\">\n18:33\n</div>\n\
                 <div class=\"from_name\">\nAna \n</div>\n<div class=\"text\">\nmessage {id}\n</div>\n</div>\n</div>\n"
            )
        })
        .collect();
    let page = format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<title>Exported Data</title>\n</head>\n<body>\n<div class=\"page_wrap\">\n\
         <div class=\"page_header\">\n<div class=\"content\">\n<div class=\"text bold\">\nTalk\n</div>\n</div>\n</div>\n\
         <div class=\"page_body chat_page\">\n<div class=\"history\">\n{messages}</div>\n</div>\n</div>\n</body>\n</html>\n"
    );
    std::fs::write(path.join("messages.html"), page).unwrap();
    path
}

pub(crate) const TELEGRAM_ARCHIVE: &str = "
    CREATE TABLE chats (id BIGINT PRIMARY KEY, type VARCHAR(50) NOT NULL, title VARCHAR(255), username VARCHAR(255));
    CREATE TABLE messages (id BIGINT NOT NULL, chat_id BIGINT NOT NULL, sender_id BIGINT, date TIMESTAMP NOT NULL, text TEXT, raw_data TEXT,
        is_outgoing INTEGER, PRIMARY KEY (chat_id, id));
    CREATE TABLE media (id VARCHAR(255) PRIMARY KEY, message_id BIGINT, chat_id BIGINT, type VARCHAR(50), file_path TEXT);
    CREATE TABLE sync_status (chat_id BIGINT PRIMARY KEY, last_message_id BIGINT);
    INSERT INTO chats (id, type, title) VALUES (-1000000000042, 'group', 'Talk');
    INSERT INTO messages (id, chat_id, date, text) VALUES (1, -1000000000042, '2026-01-10 12:00:00', 'message 1'),
        (2, -1000000000042, '2026-01-10 12:00:01', 'message 2'), (3, -1000000000042, '2026-01-10 12:00:02', 'message 3');
    INSERT INTO media VALUES ('m', 2, -1000000000042, 'photo', '/data/backups/media/-1000000000042/5368324170671202286.jpg');
";

/// The database and its picture.
pub(crate) fn telegram_archive(folder: &Folder) -> PathBuf {
    let path = folder.path("backups");
    let media = path.join(format!("media/{CHAT}"));
    std::fs::create_dir_all(&media).unwrap();
    std::fs::write(media.join("5368324170671202286.jpg"), b"a picture").unwrap();
    let database = Connection::open(path.join("telegram_backup.db")).unwrap();
    database.execute_batch(TELEGRAM_ARCHIVE).unwrap();
    path
}

pub(crate) fn scraper_server(folder: &Folder) -> PathBuf {
    let path = folder.path("scraper");
    let dialog = path.join(format!("dialogs/{CHAT}"));
    std::fs::create_dir_all(&dialog).unwrap();
    let database = Connection::open(dialog.join(format!("{CHAT}.db"))).unwrap();
    database
        .execute_batch(&format!(
            "
            CREATE TABLE dialogs (dialog_id INTEGER PRIMARY KEY, name TEXT NOT NULL, username TEXT);
            CREATE TABLE messages (id INTEGER PRIMARY KEY, dialog_id INTEGER, message_id INTEGER, date TEXT, sender_id INTEGER, message TEXT);
            INSERT INTO dialogs VALUES ({CHAT}, 'Talk', NULL);
            INSERT INTO messages (dialog_id, message_id, date, message) VALUES ({CHAT}, 1, '2026-01-10 12:00:00', 'message 1'),
                ({CHAT}, 2, '2026-01-10 12:00:01', 'message 2'), ({CHAT}, 3, '2026-01-10 12:00:02', 'message 3');
            "
        ))
        .unwrap();
    path
}

/// As the tool that is replaced exports a chat.
pub(crate) fn plain_json(folder: &Folder) -> PathBuf {
    let path = folder.path("export.json");
    let messages: Vec<Value> = (1..=MESSAGES)
        .map(|id| json!({ "id": id, "date": format!("2026-01-10T12:00:0{id}"), "text": format!("message {id}") }))
        .collect();
    let export = json!({ "chat": { "id": CHAT, "type": "group", "title": "Talk" }, "messages": messages, "message_versions": [] });
    std::fs::write(&path, export.to_string()).unwrap();
    path
}

/// How many messages the archive's file holds by now, whoever writes to it.
pub(crate) fn count(folder: &Folder) -> u64 {
    ask(folder, "SELECT count(*) FROM messages")
}

/// A number out of the archive's file; nought while there is none.
pub(crate) fn ask(folder: &Folder, sql: &str) -> u64 {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let file = folder.data().join("archive/archive.sqlite");
    let number = Connection::open_with_flags(file, flags)
        .and_then(|it| it.query_row(sql, [], |row| row.get::<_, i64>(0)));
    number.ok().and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
}
