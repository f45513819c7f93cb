mod schema;
mod versions;

use std::{fs, path::Path};

use rusqlite::Connection;

use self::schema::schema;
use super::ArchiveDatabase;
use crate::{
    archive::FolderRecord,
    import::{
        error::ImportError,
        folder::Found,
        source::{Asked, Source as _, Told, ToldMessage},
        tests::told,
    },
    model::{ChatKind, Detail, EntityKind, MediaKind, Message, MessageId, Migration, PeerId, Reaction},
};

const GROUP: i64 = -1_001_234_567_890;
const FILE: &str = "5368324170671202286_report.pdf";

fn rows_for(rows: &str) -> String {
    rows.replace("GROUP", &GROUP.to_string())
}

struct Backup {
    folder: tempfile::TempDir,
    database: Connection,
}

impl Backup {
    fn new(schema: &str, rows: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Connection::open(folder.path().join("telegram_backup.db")).unwrap();
        database.execute_batch(schema).unwrap();
        database.execute_batch(&rows_for(rows)).unwrap();
        Self { folder, database }
    }

    /// As the tool lays files out: shared by their hash, with a link in the chat's folder.
    fn with_media(self) -> Self {
        let media = self.folder.path().join("media");
        fs::create_dir_all(media.join("_shared/ab")).unwrap();
        fs::create_dir_all(media.join(GROUP.to_string())).unwrap();
        fs::write(media.join("_shared/ab").join(FILE), b"a report").unwrap();
        let link = media.join(GROUP.to_string()).join(FILE);
        std::os::unix::fs::symlink(format!("../_shared/ab/{FILE}"), link).unwrap();
        self
    }

    fn read_as(&self, account: &str, asked: Asked) -> Result<Vec<Told>, ImportError> {
        let mut source = ArchiveDatabase::open(self.folder.path(), None, account.parse().unwrap(), asked)?;
        told(&mut |hear| source.read(hear))
    }

    fn read(&self) -> Vec<Told> {
        self.read_as("default", Asked::default()).unwrap()
    }
}

fn messages(told: &[Told]) -> Vec<&ToldMessage> {
    let messages = told.iter().filter_map(|it| match it {
        Told::Message(told) => Some(&**told),
        _ => None,
    });
    messages.collect()
}

#[test]
fn version_five_has_media_inline() {
    let backup = Backup::new(&schema(5), "
        INSERT INTO chats (id, type, title, username) VALUES (GROUP, 'group', 'Talk', 'talk'), (7, 'private', NULL, 'bo'), (-5, 'group', 'Small', NULL);
        UPDATE chats SET first_name = 'Bo', last_name = 'B' WHERE id = 7;
        INSERT INTO users (id, first_name, is_bot) VALUES (5, 'Ana', 0), (7, 'Bo', 1);
        INSERT INTO messages (id, chat_id, sender_id, date, text, reply_to_msg_id, reply_to_text, media_type, media_id, media_path, is_outgoing) VALUES
            (2, GROUP, 5, '2026-01-10 12:00:01.000000', 'see **this**', 1, 'what?', 'document', 'x', '/data/backups/media/GROUP/5368324170671202286_report.pdf', 1),
            (1, GROUP, 5, '2026-01-10T12:00:00', 'what?', NULL, NULL, NULL, NULL, NULL, 0);
        INSERT INTO reactions (message_id, chat_id, emoji, user_id, count) VALUES (1, GROUP, '❤', 5, 1), (1, GROUP, '❤', 7, 1), (1, GROUP, 'custom_9', 7, 1);
    ").with_media();
    let told = backup.read();
    let chats: Vec<_> = told
        .iter()
        .filter_map(|it| match it {
            Told::Chat(chat) => Some((chat.id.0, chat.kind, chat.title.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(
        chats,
        [(GROUP, ChatKind::Supergroup, "Talk"), (-5, ChatKind::Group, "Small"), (7, ChatKind::Bot, "Bo B")]
    );
    let messages = messages(&told);
    let (first, second) = (messages[0], messages[1]);
    assert_eq!(
        (first.message.id, first.message.date),
        (MessageId(1), "2026-01-10T12:00:00Z".parse().unwrap())
    );
    let counts: Vec<_> = first
        .message
        .reactions
        .as_ref()
        .unwrap()
        .counts
        .iter()
        .map(|it| (it.reaction.clone(), it.count))
        .collect();
    assert_eq!(counts, [(Reaction::Emoji("❤".into()), 2), (Reaction::Custom(9), 1)]);
    assert_eq!(second.message.text, "see this");
    assert_eq!(second.message.entities[0].kind, EntityKind::Bold);
    assert!(second.message.has_rendered_text() && second.message.marks.is_outgoing);
    let reply = second.message.reply.as_ref().unwrap();
    assert_eq!((reply.message, reply.quote_text.as_deref()), (Some(MessageId(1)), Some("what?")));
    let file = second.message.media.as_ref().unwrap().file.as_ref().unwrap();
    assert_eq!(
        (file.id, file.name.as_deref(), file.size_bytes),
        (5_368_324_170_671_202_286, Some("report.pdf"), 8)
    );
    assert!(file.is_imported());
    assert!(
        matches!(&second.file, Some(Found::File { bytes: 8, path }) if path.ends_with(format!("_shared/ab/{FILE}")))
    );
}

const ROWS: &str = "
    INSERT INTO accounts VALUES (1, 'home', 99);
    INSERT INTO chats (account_id, id, ref, type, title, is_forum, is_archived, participants_count) VALUES (1, GROUP, 'r1', 'group', 'Forum', 1, 1, 12);
    INSERT INTO forum_topics (id, chat_id, title, icon_color, icon_emoji_id, is_closed, date) VALUES (40, GROUP, 'News', 7, 9, 1, '2026-01-01 00:00:00');
    INSERT INTO chat_folders (id, title, sort_order) VALUES (2, 'Work', 1);
    INSERT INTO chat_folder_members (folder_id, chat_id) VALUES (2, GROUP);
    INSERT INTO messages (id, chat_id, sender_id, sender_name, date, text, reply_to_msg_id, reply_to_top_id, forward_from_id, edit_date, raw_data, is_pinned, is_deleted, deleted_at) VALUES
        (1, GROUP, 5, 'Ana as she was', '2026-01-10 12:00:00', 'now', 40, 40, -1005, '2026-01-11 12:00:00', '{\"grouped_id\": \"77\", \"post_author\": \"Ed\", \"forward_from_name\": \"Hidden\", \"novelty\": 1}', 1, 0, NULL),
        (2, GROUP, 5, NULL, '2026-01-10 12:00:01', 'Ana added Bo', NULL, NULL, NULL, NULL, '{\"service_type\": \"service\", \"action_type\": \"chat_add_user\"}', 0, 0, NULL),
        (3, GROUP, 5, NULL, '2026-01-10 12:00:02', 'Group migrated', NULL, NULL, NULL, NULL, '{\"service_type\": \"service\", \"action_type\": \"chat_migrate_to\", \"new_title\": \"T\", \"migrate_to_id\": -1009}', 0, 0, NULL),
        (4, GROUP, NULL, NULL, '2026-01-10 12:00:03', '', NULL, NULL, NULL, NULL, '{\"poll\": {\"id\": 8, \"question\": \"Q?\", \"answers\": [{\"text\": \"a\", \"option\": \"MA==\"}], \"closed\": true, \"quiz\": true, \"results\": {\"total_voters\": 2, \"results\": [{\"option\": \"MA==\", \"voters\": 2, \"correct\": true}]}}}', 0, 0, NULL),
        (5, GROUP, NULL, NULL, '2026-01-10 12:00:04', 'https://a.b', NULL, NULL, NULL, NULL, '{\"webpage\": {\"url\": \"https://a.b\", \"site_name\": \"A\", \"title\": \"T\"}}', 0, 1, '2026-02-01 00:00:00'),
        (6, GROUP, NULL, NULL, '2026-01-10 12:00:05', 'clip', NULL, NULL, NULL, NULL, 'no json', 0, 0, NULL);
    INSERT INTO message_versions (message_id, chat_id, text, date, change_hash, captured_at) VALUES
        (1, GROUP, 'later', '2026-01-10 13:00:00', 'b', '2026-01-10 14:00:00'), (1, GROUP, 'first **try**', '2026-01-10 12:00:00', 'a', '2026-01-10 13:00:00');
    INSERT INTO media (id, message_id, chat_id, type, file_path, file_name, file_size, mime_type, width, height, duration, downloaded) VALUES
        ('m6', 6, GROUP, 'video', NULL, 'clip.mp4', 5000, 'video/mp4', 640, 480, 12, 0);
    INSERT INTO reactions (message_id, chat_id, emoji, count, removed_at) VALUES (1, GROUP, '👍', 3, NULL), (1, GROUP, '👎', 1, '2026-01-12 00:00:00');
";

#[test]
fn version_eight_has_everything_in_tables() {
    let told = Backup::new(&schema(8), ROWS).read();
    assert!(told.iter().any(|it| *it == Told::Listed { chat: PeerId(GROUP), is_archived: true }));
    let topic = told.iter().find_map(|it| match it {
        Told::Topic { topic, .. } => Some(topic),
        _ => None,
    });
    assert!(topic.is_some_and(|it| it.id == MessageId(40) && it.title == "News" && it.is_closed));
    let folder = FolderRecord {
        id: 2,
        title: "Work".into(),
        included: vec![PeerId(GROUP)],
        ..FolderRecord::default()
    };
    assert!(told.contains(&Told::Folders(vec![folder])));
    let messages = messages(&told);
    let [first, added, moved, asked, link, clip] = messages.as_slice() else {
        panic!("{} messages", messages.len())
    };
    assert_eq!(first.sender_name.as_deref(), Some("Ana as she was"));
    assert_eq!((first.message.album, first.message.signature.as_deref()), (Some(77), Some("Ed")));
    assert!(first.message.marks.is_pinned);
    assert_eq!(first.message.topic(), Some(MessageId(40)));
    let forward = first.message.forward.as_ref().unwrap();
    assert_eq!((forward.from, forward.from_name.as_deref()), (Some(PeerId(-1005)), Some("Hidden")));
    let kept = first.message.extra.get(Message::IMPORT).unwrap();
    assert_eq!(kept["rest"], serde_json::json!({ "novelty": 1 }));
    let versions: Vec<_> =
        first.versions.iter().map(|it| (it.text.as_str(), it.entities.len(), it.since.to_string())).collect();
    assert_eq!(
        versions,
        [
            ("first try", 1, "2026-01-10T12:00:00Z".to_owned()),
            ("later", 0, "2026-01-10T13:00:00Z".to_owned())
        ]
    );
    let counts = &first.message.reactions.as_ref().unwrap().counts;
    assert_eq!((counts.len(), counts[0].count), (1, 3));
    let action = added.message.action.as_ref().unwrap();
    assert_eq!(
        (action.name.as_str(), action.extra.get("message").unwrap()),
        ("chat_add_user", &"Ana added Bo".into())
    );
    assert!(added.message.text.is_empty() && !added.message.has_rendered_text());
    let action = moved.message.action.as_ref().unwrap();
    assert_eq!((action.title.as_deref(), action.migration), (Some("T"), Some(Migration::To(PeerId(-1009)))));
    let Some(Detail::Poll(poll)) = asked.message.media.as_ref().unwrap().detail.as_deref() else {
        panic!("a poll")
    };
    assert_eq!(
        (poll.id, poll.is_quiz, poll.votes(&poll.answers[0].option).unwrap().voters),
        (8, true, Some(2))
    );
    assert_eq!(link.deleted, Some("2026-02-01T00:00:00Z".parse().unwrap()));
    let Some(Detail::WebPage(page)) = link.message.media.as_ref().unwrap().detail.as_deref() else {
        panic!("a page")
    };
    assert_eq!(page.site.as_deref(), Some("A"));
    let media = clip.message.media.as_ref().unwrap();
    let file = media.file.as_ref().unwrap();
    assert_eq!(
        (media.kind, file.size_bytes, file.seconds(), file.name.as_deref()),
        (MediaKind::Video, 5000, Some(12.0), Some("clip.mp4"))
    );
    assert_eq!(clip.file, Some(Found::Nothing("it was not downloaded".into())));
}

#[test]
fn one_of_several_accounts_is_chosen_by_name() {
    let backup = Backup::new(&schema(8), "
        INSERT INTO accounts VALUES (1, 'Home', 99), (2, 'Work', 98);
        INSERT INTO chats (account_id, id, ref, type, title) VALUES (1, 5, 'a', 'private', 'A'), (2, 5, 'b', 'private', 'B');
        INSERT INTO messages (account_id, id, chat_id, date, text) VALUES (1, 1, 5, '2026-01-10 12:00:00', 'home'), (2, 1, 5, '2026-01-10 12:00:00', 'work');
    ");
    let told = backup.read_as("work", Asked::default()).unwrap();
    let texts: Vec<_> = messages(&told).iter().map(|it| it.message.text.clone()).collect();
    assert_eq!(texts, ["work"]);
    let error = backup.read_as("default", Asked::default()).unwrap_err().to_string();
    assert!(error.contains("Home, Work") && error.contains("--account"), "{error}");
}

#[test]
fn only_the_chat_that_is_asked_for() {
    let backup = Backup::new(&schema(5), "
        INSERT INTO chats (id, type, title) VALUES (5, 'private', 'A'), (6, 'private', 'B');
        INSERT INTO messages (id, chat_id, date) VALUES (1, 5, '2026-01-10 12:00:00'), (2, 6, '2026-01-10 12:00:00');
    ");
    let told = backup.read_as("default", Asked { chat: Some(PeerId(6)), ..Asked::default() }).unwrap();
    assert_eq!(messages(&told).iter().map(|it| it.message.id.0).collect::<Vec<_>>(), [2]);
}

/// As a chat that was deleted from the list of the tool that is replaced.
const ORPHANS: &str = "
    INSERT INTO users (id, first_name, last_name, username, is_bot) VALUES (7, 'Bo', 'B', '@bo', 1);
    INSERT INTO messages (id, chat_id, sender_id, date, text) VALUES
        (1, 7, 7, '2026-01-10 12:00:00', 'a'), (1, -5, 8, '2026-01-10 12:00:00', 'b'), (1, GROUP, 8, '2026-01-10 12:00:00', 'c'),
        (2, GROUP, 8, '2026-01-10 12:00:01', 'd'), (1, 6, 6, '2026-01-10 12:00:00', 'e');
";

#[test]
fn chats_without_a_row_are_told_by_their_ids() {
    for version in [5, 7, 8] {
        let backup = Backup::new(&schema(version), ORPHANS);
        let told = backup.read();
        let chats: Vec<_> = told
            .iter()
            .filter_map(|it| match it {
                Told::Chat(chat) => Some((chat.id.0, chat.kind, chat.title.as_str(), chat.is_partial)),
                _ => None,
            })
            .collect();
        let expected = [
            (GROUP, ChatKind::Supergroup, "", true),
            (-5, ChatKind::Group, "", true),
            (6, ChatKind::Private, "", true),
            (7, ChatKind::Bot, "Bo B", true),
        ];
        assert_eq!(chats, expected, "version {version}");
        let texts: Vec<_> = messages(&told).iter().map(|it| it.message.text.as_str()).collect();
        assert_eq!(texts, ["c", "d", "b", "e", "a"], "version {version}");
        // One that has a row is told once, as that row has it.
        let row =
            if version < 8 { "(id, type, title) VALUES" } else { "(ref, id, type, title) VALUES ('r'," };
        let row =
            format!("INSERT INTO chats {row}{}GROUP, 'group', 'Talk')", if version < 8 { " (" } else { "" });
        backup.database.execute_batch(&rows_for(&row)).unwrap();
        let told = backup.read();
        let titles = told.iter().filter_map(|it| match it {
            Told::Chat(chat) if chat.id.0 == GROUP => Some(chat.title.as_str()),
            _ => None,
        });
        assert_eq!(titles.collect::<Vec<_>>(), ["Talk"], "version {version}");
        assert_eq!(messages(&told).len(), 5, "version {version}");
    }
}

#[test]
fn chats_of_other_accounts_are_no_orphans() {
    let backup = Backup::new(&schema(8), "
        INSERT INTO accounts VALUES (1, 'Home', 99), (2, 'Work', 98);
        INSERT INTO chats (account_id, id, ref, type, title) VALUES (1, 5, 'a', 'private', 'A');
        INSERT INTO messages (account_id, id, chat_id, date, text) VALUES (1, 1, 5, '2026-01-10 12:00:00', 'home'), (2, 1, 5, '2026-01-10 12:00:00', 'work');
    ");
    for (account, title) in [("home", "A"), ("work", "")] {
        let told = backup.read_as(account, Asked::default()).unwrap();
        let texts: Vec<_> = messages(&told).iter().map(|it| it.message.text.clone()).collect();
        assert_eq!(texts, [account]);
        assert!(told.iter().any(|it| matches!(it, Told::Chat(chat) if chat.title == title)), "{account}");
    }
}

#[test]
fn a_text_without_end_costs_no_other_message() {
    let backup = Backup::new(
        &schema(7),
        "
        INSERT INTO chats (id, type, title) VALUES (5, 'private', 'A');
        INSERT INTO messages (id, chat_id, date, text) VALUES (1, 5, '2026-01-10 12:00:00', 'a'),
            (2, 5, '2026-01-10 12:00:01', hex(zeroblob(3 << 20))), (3, 5, '2026-01-10 12:00:02', hex(zeroblob(17 << 20))),
            (4, 5, '2026-01-10 12:00:03', 'd');
        INSERT INTO message_versions (message_id, chat_id, text, date, change_hash) VALUES
            (4, 5, hex(zeroblob(17 << 20)), '2026-01-10 12:00:00', 'x'), (4, 5, 'b', '2026-01-10 12:00:00', 'y');
    ",
    );
    let told = backup.read();
    let found: Vec<_> = messages(&told)
        .iter()
        .map(|it| (it.message.id.0, it.message.text.len(), it.versions.len()))
        .collect();
    assert_eq!(found, [(1, 1, 0), (2, 6 << 20, 0), (4, 1, 1)]);
    let unreadable: Vec<_> = told
        .iter()
        .filter_map(|it| match it {
            Told::Unreadable(it) => Some((it.place.as_str(), it.reason.as_str())),
            _ => None,
        })
        .collect();
    let [(version, _), (message, reason)] = unreadable.as_slice() else { panic!("{unreadable:?}") };
    assert!(version.contains("`message_versions` 1"), "{version}");
    assert!(message.ends_with("message 3 of chat 5"), "{message}");
    assert_eq!(*reason, "`text` is longer than 32 MiB");
}

#[test]
fn rows_of_the_wrong_kind_are_listed() {
    let backup = Backup::new(
        &schema(5),
        "
        INSERT INTO chats (id, type, title) VALUES (5, 'private', 'A');
        INSERT INTO messages (id, chat_id, date, text, media_type, media_path) VALUES
            (1, 5, 'soon', 'a', NULL, NULL), (99999999999, 5, '2026-01-10 12:00:00', 'b', NULL, NULL),
            (3, 5, '2026-01-10 12:00:00', x'ff00', 'photo', '../../../etc/passwd');
    ",
    );
    let told = backup.read();
    assert_eq!(told.iter().filter(|it| matches!(it, Told::Unreadable(_))).count(), 2);
    let messages = messages(&told);
    assert!(
        matches!(&messages[0].file, Some(Found::Nothing(why)) if why.contains("out of the folder")),
        "{:?}",
        messages[0].file
    );
}

#[test]
fn a_database_of_somebody_else_is_refused() {
    let backup = Backup::new("CREATE TABLE chats (id); CREATE VIEW messages AS SELECT 1", "");
    let error = backup.read_as("default", Asked::default()).unwrap_err().to_string();
    assert!(error.contains("messages") && error.contains("telegram_backup.db"), "{error}");
    drop(backup.database);
    assert!(
        ArchiveDatabase::open(
            Path::new("/nowhere/at/all"),
            None,
            "default".parse().unwrap(),
            Asked::default()
        )
        .is_err()
    );
}

#[test]
fn a_database_that_is_in_use_can_be_read() {
    let backup = Backup::new(&schema(5), "INSERT INTO chats (id, type, title) VALUES (5, 'private', 'A')");
    backup.database.pragma_update(None, "journal_mode", "wal").unwrap();
    backup
        .database
        .execute_batch("INSERT INTO messages (id, chat_id, date) VALUES (1, 5, '2026-01-10 12:00:00')")
        .unwrap();
    assert_eq!(messages(&backup.read()).len(), 1);
}
