//! The same chat as each version kept it, in a file and on a server.

use super::{
    Backup, FILE, GROUP, messages, rows_for,
    schema::{for_postgres, schema},
};
use crate::{
    archive::{PostgresServer, connect_postgres},
    import::{
        folder::Found,
        postgres::PostgresRows,
        source::{Asked, Source as _, Told, ToldMessage},
        telegram_archive::ArchiveDatabase,
        tests::told,
    },
    model::{ChatKind, MessageId},
};

/// A forum with a reply that has a file, an edited message, and one that was deleted. A version leaves out what it has no
/// place for.
fn chat(version: u32) -> String {
    let path = format!("/data/backups/media/{GROUP}/{FILE}");
    let mut rows = format!(
        "
        INSERT INTO users (id, first_name, is_bot) VALUES (5, 'Ana', 0);
        INSERT INTO chats (id, {r} type, title) VALUES (GROUP, {rv} 'group', 'Talk');
        INSERT INTO messages (id, chat_id, sender_id, date, text, edit_date, is_outgoing) VALUES
            (1, GROUP, 5, '2026-01-10 12:00:00', 'now', '2026-01-10 13:00:00', 0);
        INSERT INTO messages (id, chat_id, sender_id, date, text, reply_to_msg_id, is_outgoing) VALUES
            (2, GROUP, 5, '2026-01-10 12:00:01', 'see **this**', 1, 1);
        INSERT INTO messages (id, chat_id, sender_id, date, text, is_outgoing) VALUES (3, GROUP, 5, '2026-01-10 12:00:02', 'gone', 0);
        INSERT INTO reactions (message_id, chat_id, emoji, count) VALUES (1, GROUP, '👍', 3);
        ",
        r = if version >= 8 { "ref," } else { "" },
        rv = if version >= 8 { "'r'," } else { "" },
    );
    rows.push_str(&match version {
        5 => format!("UPDATE messages SET media_type = 'document', media_id = 'x', media_path = '{path}' WHERE id = 2;"),
        _ => format!(
            "
            INSERT INTO media (id, message_id, chat_id, type, file_path, file_name, file_size, downloaded) VALUES
                ('m2', 2, GROUP, 'document', '{path}', 'report.pdf', 8, 1);
            UPDATE chats SET is_forum = 1, is_archived = 1;
            UPDATE messages SET reply_to_top_id = 40, reply_to_msg_id = 40, is_pinned = 1 WHERE id = 2;
            INSERT INTO forum_topics (id, chat_id, title) VALUES (40, GROUP, 'News');
            INSERT INTO chat_folders (id, title, sort_order) VALUES (2, 'Work', 1);
            INSERT INTO chat_folder_members (folder_id, chat_id) VALUES (2, GROUP);
            "
        ),
    });
    rows.push_str("INSERT INTO messages (id, chat_id, sender_id, date, text) VALUES (1, -9, 5, '2026-01-10 12:00:00', 'without a chat');");
    if version >= 7 {
        rows.push_str(
            "
            UPDATE messages SET sender_name = 'Ana as she was';
            UPDATE messages SET is_deleted = 1, deleted_at = '2026-02-01 00:00:00' WHERE id = 3;
            INSERT INTO message_versions (message_id, chat_id, text, date, change_hash, captured_at) VALUES
                (1, GROUP, 'before', '2026-01-10 12:00:00', 'a', '2026-01-10 13:00:01');
            INSERT INTO reactions (message_id, chat_id, emoji, count, removed_at) VALUES (1, GROUP, '👎', 1, '2026-01-12 00:00:00');
            ",
        );
    }
    rows_for(&rows)
}

/// A topic, whether it is pinned, how many versions, the sender's name, when it was deleted.
type Added = (Option<MessageId>, bool, usize, Option<String>, Option<String>);

/// What versions add, by message.
fn added(told: &[&ToldMessage]) -> Vec<Added> {
    let facts = told.iter().map(|it| {
        let message = &it.message;
        let deleted = it.deleted.map(|at| at.to_string());
        (message.topic(), message.marks.is_pinned, it.versions.len(), it.sender_name.clone(), deleted)
    });
    facts.collect()
}

#[test]
fn every_version_is_read_with_what_it_has() {
    for version in 5..=8 {
        let backup = Backup::new(&schema(version), &chat(version)).with_media();
        let told = backup.read();
        let messages = messages(&told);
        let texts: Vec<_> = messages.iter().map(|it| it.message.text.as_str()).collect();
        assert_eq!(texts, ["now", "see this", "gone", "without a chat"], "version {version}");
        let file = messages[1].message.media.as_ref().unwrap().file.as_ref().unwrap();
        assert_eq!((file.id, file.name.as_deref()), (5_368_324_170_671_202_286, Some("report.pdf")));
        assert!(matches!(&messages[1].file, Some(Found::File { bytes: 8, .. })), "version {version}");
        let counts = &messages[0].message.reactions.as_ref().unwrap().counts;
        assert_eq!((counts.len(), counts[0].count), (1, 3), "version {version}");
        let kind = told.iter().find_map(|it| match it {
            Told::Chat(chat) => Some((chat.kind, chat.is_forum)),
            _ => None,
        });
        assert_eq!(kind, Some((ChatKind::Supergroup, version >= 6)));
        let topic = Some(MessageId(40)).filter(|_| version >= 6);
        let name = Some("Ana as she was".to_owned()).filter(|_| version >= 7);
        let deleted = Some("2026-02-01T00:00:00Z".to_owned()).filter(|_| version >= 7);
        assert_eq!(
            added(&messages),
            [
                (None, false, usize::from(version >= 7), name.clone(), None),
                (topic, version >= 6, 0, name.clone(), None),
                (None, false, 0, name.clone(), deleted),
                (None, false, 0, name, None),
            ],
            "version {version}"
        );
        assert_eq!(told.iter().any(|it| matches!(it, Told::Folders(_))), version >= 6);
        assert_eq!(told.iter().any(|it| matches!(it, Told::Topic { .. })), version >= 6);
        assert_eq!(told.iter().any(|it| matches!(it, Told::Listed { .. })), version >= 6);
    }
}

#[tokio::test]
async fn a_server_tells_what_a_file_tells() {
    for version in 5..=8 {
        let (schema, rows) = (schema(version), chat(version));
        let backup = Backup::new(&schema, &rows).with_media();
        let address = PostgresServer::shared().database().await;
        let client = connect_postgres(&address).await;
        client.batch_execute(&for_postgres(&schema)).await.unwrap();
        client.batch_execute(&rows).await.unwrap();
        let server = PostgresRows::open(&address).await.unwrap();
        let media = backup.folder.path().join("media");
        let account = "default".parse().unwrap();
        let mut source = ArchiveDatabase::on_server(server, Some(&media), account, Asked::default()).unwrap();
        let from_server = tokio::task::spawn_blocking(move || told(&mut |hear| source.read(hear)));
        assert_eq!(from_server.await.unwrap().unwrap(), backup.read(), "version {version}");
    }
}
