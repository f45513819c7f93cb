//! The tables of Telegram-Archive as its versions made them.

/// 5: media inline, one account, a row for each reaction of a person. 6: media in a table of its own, topics, folders, what
/// is archived and pinned. 7: earlier texts, deletions that are marked, hashes, names of senders. 8: accounts.
pub(super) fn schema(version: u32) -> String {
    let since = |first: u32, sql: &'static str| if version >= first { sql } else { "" };
    let until = |last: u32, sql: &'static str| if version <= last { sql } else { "" };
    let account = since(8, "account_id INTEGER NOT NULL DEFAULT 1,");
    let mut sql = format!(
        "
    CREATE TABLE chats ({account} id BIGINT NOT NULL, {ref_} type VARCHAR(50) NOT NULL, title VARCHAR(255), username VARCHAR(255),
        first_name VARCHAR(255), last_name VARCHAR(255), phone VARCHAR(50), description TEXT, participants_count INTEGER,
        {forum} last_synced_message_id BIGINT, created_at DATETIME, updated_at DATETIME, PRIMARY KEY ({key} id));
    CREATE TABLE users (id BIGINT PRIMARY KEY, username VARCHAR(255), first_name VARCHAR(255), last_name VARCHAR(255),
        phone VARCHAR(50), is_bot INTEGER, created_at DATETIME, updated_at DATETIME);
    CREATE TABLE messages ({account} id BIGINT NOT NULL, chat_id BIGINT NOT NULL, sender_id BIGINT, {name} date DATETIME NOT NULL,
        text TEXT, reply_to_msg_id BIGINT, {topic} reply_to_text TEXT, forward_from_id BIGINT, edit_date DATETIME, {inline}
        raw_data TEXT, created_at DATETIME, is_outgoing INTEGER, {pinned} {deleted} PRIMARY KEY ({key} chat_id, id));
    CREATE TABLE reactions (id INTEGER PRIMARY KEY, {account} message_id BIGINT NOT NULL, chat_id BIGINT NOT NULL,
        emoji VARCHAR(50) NOT NULL, user_id BIGINT, count INTEGER, {removed} created_at DATETIME);
    CREATE TABLE sync_status ({account} chat_id BIGINT NOT NULL, last_message_id BIGINT, last_sync_date DATETIME,
        message_count INTEGER, PRIMARY KEY ({key} chat_id));
    ",
        ref_ = since(8, "ref VARCHAR(22) NOT NULL,"),
        key = since(8, "account_id,"),
        forum = since(6, "is_forum INTEGER DEFAULT 0, is_archived INTEGER DEFAULT 0,"),
        name = since(7, "sender_name TEXT,"),
        topic = since(6, "reply_to_top_id BIGINT,"),
        inline = until(5, "media_type VARCHAR(50), media_id VARCHAR(255), media_path VARCHAR(500),"),
        pinned = since(6, "is_pinned INTEGER,"),
        deleted = since(7, "is_deleted INTEGER DEFAULT 0, deleted_at DATETIME,"),
        removed = since(7, "removed_at DATETIME,"),
    );
    if version >= 6 {
        let hash = since(7, "content_hash VARCHAR(64), download_attempts INTEGER,");
        sql.push_str(&format!(
            "
    CREATE TABLE media ({account} id VARCHAR(255) NOT NULL PRIMARY KEY, message_id BIGINT, chat_id BIGINT, type VARCHAR(50),
        file_path TEXT, file_name VARCHAR(255), file_size BIGINT, mime_type VARCHAR(100), width INTEGER, height INTEGER,
        duration INTEGER, {hash} downloaded INTEGER, download_date DATETIME, created_at DATETIME);
    CREATE TABLE forum_topics ({account} id BIGINT NOT NULL, chat_id BIGINT NOT NULL, title VARCHAR(500) NOT NULL, icon_color INTEGER,
        icon_emoji_id BIGINT, icon_emoji VARCHAR(32), is_closed INTEGER, is_pinned INTEGER, is_hidden INTEGER, date DATETIME);
    CREATE TABLE chat_folders ({account} id INTEGER NOT NULL, title VARCHAR(255) NOT NULL, emoticon VARCHAR(50), sort_order INTEGER);
    CREATE TABLE chat_folder_members ({account} folder_id INTEGER, chat_id BIGINT);
    "
        ));
    }
    if version >= 7 {
        sql.push_str(&format!(
            "
    CREATE TABLE message_versions (id INTEGER PRIMARY KEY, {account} message_id BIGINT NOT NULL, chat_id BIGINT NOT NULL, text TEXT,
        date DATETIME NOT NULL, change_hash VARCHAR(64) NOT NULL, captured_at DATETIME);
    "
        ));
    }
    if version >= 8 {
        sql.push_str(
            "CREATE TABLE accounts (id INTEGER PRIMARY KEY, label VARCHAR(255), telegram_user_id BIGINT);",
        );
    }
    sql
}

/// The same in the words of PostgreSQL.
pub(super) fn for_postgres(sql: &str) -> String {
    sql.replace("INTEGER PRIMARY KEY", "SERIAL PRIMARY KEY").replace("DATETIME", "TIMESTAMP")
}
