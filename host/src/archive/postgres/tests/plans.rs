//! Hot questions go through an index at a million rows.

use super::super::{
    PostgresStore,
    read::{
        files::files_sql,
        messages::{FIND_WITHOUT_CHAT, by_id_sql, page_sql},
        sync::CHANGES,
    },
    search::{BY_GOING_BACK, FROM_INDEX, OF_MESSAGES, PARTS},
    testing::{Server, connect},
};
use crate::{
    archive::{Around, FilesPage, MediaClass, MessagePage},
    model::MessageId,
};

/// Rows of the right kind in the right numbers; what they say does not matter here.
const MILLION: &str = "
insert into accounts (name) select 'main';
insert into chats (account, id, kind, title, folded, detail, last_moment)
    select 1, -1000000000000 - n, 'channel', 't', 't', '{}', n from generate_series(1, 200) n;
insert into messages (key, chat, moment, id, flags, topic, text, media, sender)
    select n, 1 + n % 200, (1500000000 + n * 60::bigint) << 22, 1 + n / 200, case when n % 5 = 0 then 1024 else 0 end,
    case when n % 7 = 0 then 5 end, 'word', case when n % 10 = 0 then 0 end, n % 1000 from generate_series(0, 999999) n;
insert into files (message, place, chat, file, state) select n, 0, 1 + n % 200, n, case when n % 100 = 0 then 0 else 1 end
    from generate_series(0, 999999, 10) n;
insert into search (moment, words) select moment, array_to_tsvector(array['chat:' || chat, 'w' || key % 5000, 'common'])
    from messages;
insert into changes (sequence, account, chat, kind, source, at) select n, 1, -1, 'new', 'sweep', n from generate_series(1, 100000) n;
insert into tokens (token, count, trigrams) select 'word' || n, 1, array[n, n + 1, n + 2] from generate_series(1, 100000) n;
analyze;
";

#[tokio::test]
async fn hot_questions_use_an_index() {
    // Its own, so that the million rows go with it.
    let server = Server::start();
    let address = server.database().await;
    drop(PostgresStore::open(&address).await.unwrap());
    let client = connect(&address).await;
    client.batch_execute(MILLION).await.unwrap();
    client.batch_execute("set plan_cache_mode = force_generic_plan").await.unwrap();
    let page = |page: MessagePage| page_sql(&page, true, false);
    let plain = MessagePage::new(Around::End, 50);
    let topic = MessagePage { topic: Some(MessageId(5)), ..plain.clone() };
    let files =
        |class| FilesPage { account: None, chat: None, class, most_attempts: 5, after: 0, limit: 100 };
    let questions = [
        ("page", page(plain), "(1, -5, 99999, 50, null, null, null, null)", "messages_by_id"),
        ("topic", page(topic), "(1, -5, 99999, 50, 5, null, null, null)", "messages_by_topic"),
        ("by id", by_id_sql(), "(1, array[5, 6, 7])", "messages_by_id"),
        ("without a chat", FIND_WITHOUT_CHAT.to_owned(), "(array[5, 6], 1)", "messages_by_shared_id"),
        ("changes", CHANGES.to_owned(), "(5, 100)", "changes_pkey"),
        ("wanted", files_sql(&files(MediaClass::Wanted)), "(5, 5, 100)", "files_wanted"),
        ("all files", files_sql(&files(MediaClass::All)), "(5, 5, 100)", "files_pkey"),
        ("rare words", FROM_INDEX.to_owned(), "('''w7''', 0, 9000000000000000, 50)", "search_by_words"),
        ("common words", BY_GOING_BACK.to_owned(), "('''common''', 0, 9000000000000000, 500)", "search_pkey"),
        ("everything", OF_MESSAGES.to_owned(), "(0, 9000000000000000, 50)", "messages_by_moment"),
        ("parts of words", PARTS.to_owned(), "(array[5::bigint, 6::bigint], 100)", "tokens_by_trigram"),
    ];
    for (number, (name, sql, values, index)) in questions.into_iter().enumerate() {
        client.batch_execute(&format!("prepare q{number} as {sql}")).await.unwrap();
        let plan = client.query(&format!("explain execute q{number} {values}"), &[]).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains(index), "{name} does not use {index}:\n{plan}");
        for table in ["messages", "files", "search", "changes", "tokens"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{name} reads all of {table}:\n{plan}");
        }
    }
}
