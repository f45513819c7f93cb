//! Hot questions go through an index at a million rows.

use super::super::{
    PostgresStore,
    read::{
        chats::chats_sql,
        files::{ORPHANS, files_of_sql, files_sql},
        messages::{FIND_WITHOUT_CHAT, FIRST_FROM, by_id_sql, page_sql},
        sync::{CHANGES, DELETIONS, POISON},
    },
    search::{BY_GOING_BACK, FROM_INDEX, LATELY, OF_MESSAGES, PARTS},
    testing::{Server, connect},
};
use crate::{
    archive::{Around, ChatOrder, FilesPage, MediaClass, MessagePage},
    model::{MessageId, PeerId},
};

/// Rows of the right kind in the right numbers; what they say does not matter here.
const MILLION: &str = "
insert into accounts (name) select 'main';
insert into chats (account, id, kind, title, folded, detail, last_moment)
    select 1, -1000000000000 - n, 'channel', md5(n::text), md5(n::text), '{}', (n * 7919) % 20011
    from generate_series(1, 20000) n;
update chats set oldest = 1, newest = 5000 where key <= 200;
insert into messages (key, chat, moment, id, flags, topic, text, media, sender)
    select n, 1 + n % 200, (1500000000 + n * 60::bigint) << 22, 1 + n / 200, case when n % 5 = 0 then 1024 else 0 end,
    case when n % 7 = 0 then 5 end, 'word', case when n % 10 = 0 then 0 end, n % 1000 from generate_series(0, 999999) n;
insert into files (message, place, chat, file, state) select n, 0, 1 + n % 200, n, case when n % 100 = 0 then 0 else 1 end
    from generate_series(0, 999999, 10) n;
insert into blobs (hash, bytes) select sha256(n::text::bytea), n from generate_series(1, 90000) n;
update files set blob = 1 + key % 90000 where state = 1;
insert into poison (chat, id, reason, attempts, first, last) select 1 + n % 200, n, 'odd', 1, 0, 0
    from generate_series(1, 10000) n;
insert into search (moment, words) select moment, array_to_tsvector(array['chat:' || chat, 'w' || key % 5000, 'common'])
    from messages;
insert into changes (sequence, account, chat, kind, source, at)
    select n, 1, -1, case when n % 10 = 0 then 'deleted' else 'new' end, 'sweep', n from generate_series(1, 100000) n;
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
    let by_one = MessagePage { sender: Some(PeerId::user(5)), ..plain.clone() };
    let date = Some(jiff::Timestamp::UNIX_EPOCH);
    let between = MessagePage { from: date, to: date, has_deleted: false, ..plain.clone() };
    let topic = MessagePage { topic: Some(MessageId(5)), ..plain.clone() };
    let files =
        |class| FilesPage { account: None, chat: None, class, most_attempts: 5, after: 0, limit: 100 };
    let questions = [
        ("page", page(plain), "(1, -5, 99999, 50, null, null, null, null)", "messages_by_id"),
        ("page of one sender", page(by_one), "(1, -5, 99999, 50, null, 5, null, null)", "messages_by_id"),
        ("page between dates", page(between), "(1, -5, 99999, 50, null, null, 5, 9)", "messages_by_id"),
        ("topic", page(topic), "(1, -5, 99999, 50, 5, null, null, null)", "messages_by_topic"),
        ("the first at a date", FIRST_FROM.to_owned(), "(1, 6300000000000000)", "messages_by_id"),
        ("by id", by_id_sql(), "(1, array[5, 6, 7])", "messages_by_id"),
        ("without a chat", FIND_WITHOUT_CHAT.to_owned(), "(array[5, 6], 1)", "messages_by_shared_id"),
        ("changes", CHANGES.to_owned(), "(5, 100)", "changes_pkey"),
        ("deletions", DELETIONS.to_owned(), "(5, 10, 20, 'main', 100)", "changes_deletions"),
        ("wanted", files_sql(&files(MediaClass::Wanted)), "(5, 5, 100)", "files_wanted"),
        ("all files", files_sql(&files(MediaClass::All)), "(5, 5, 100)", "files_pkey"),
        ("held files", files_sql(&files(MediaClass::Held)), "(5, 5, 100)", "files_pkey"),
        ("files of messages", files_of_sql(), "(1, array[5, 6, 7])", "files_by_message"),
        ("orphans", ORPHANS.to_owned(), "(100)", "files_by_blob"),
        ("poison", POISON.to_owned(), "(5, 6, null, null, 50)", "poison_pkey"),
        (
            "rare words",
            FROM_INDEX.to_owned(),
            "(array['''w7''', '''w8'' & ''chat:5'''], 0, 9000000000000000, 50)",
            "search_by_words",
        ),
        (
            "common words",
            BY_GOING_BACK.to_owned(),
            "('''common''', array['''word[^'':]*'''], 0, 9000000000000000, 500)",
            "search_pkey",
        ),
        (
            "words of late",
            LATELY.to_owned(),
            "('''common''', '{}', 0, 9000000000000000, 1000)",
            "search_pkey",
        ),
        ("everything", OF_MESSAGES.to_owned(), "(0, 9000000000000000, 50)", "messages_by_moment"),
        ("parts of words", PARTS.to_owned(), "(array[5::bigint, 6::bigint], 100)", "tokens_by_trigram"),
    ];
    for (number, (name, sql, values, index)) in questions.into_iter().enumerate() {
        client.batch_execute(&format!("prepare q{number} as {sql}")).await.unwrap();
        let plan = client.query(&format!("explain execute q{number} {values}"), &[]).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains(index), "{name} does not use {index}:\n{plan}");
        for table in ["messages", "files", "search", "changes", "tokens", "poison"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{name} reads all of {table}:\n{plan}");
        }
    }
    lists_are_read_in_order(&client).await;
}

/// Whatever is asked besides, nobody sorts twenty thousand chats for a page of them.
async fn lists_are_read_in_order(client: &tokio_postgres::Client) {
    // Of a list whose length is not known, PostgreSQL expects a tenth of all there is.
    client.batch_execute("set plan_cache_mode = force_custom_plan").await.unwrap();
    let orders =
        [(ChatOrder::Activity, "chats_by_activity", "9000"), (ChatOrder::Title, "chats_by_title", "'m'")];
    for (order, index, place) in orders {
        for (number, asked) in
            (0..8).map(|bits| [bits & 1, bits & 2, bits & 4].map(|bit| bit > 0)).enumerate()
        {
            let [is_further, has_account, has_title] = asked;
            let sql = chats_sql(order, is_further, has_account, has_title);
            let mut values = vec!["50".to_owned()];
            values.extend(is_further.then(|| format!("{place}, 5000")));
            values.extend(has_account.then(|| "1".to_owned()));
            values.extend(has_title.then(|| "'a'".to_owned()));
            let (name, values) = (format!("{index}_{number}"), values.join(", "));
            client.batch_execute(&format!("prepare of_{name} as {sql}")).await.unwrap();
            let plan = client.query(&format!("explain execute of_{name} ({values})"), &[]).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
            let plan = plan.join("\n");
            assert!(plan.contains(&format!("using {index} on chats")), "{asked:?}:\n{plan}");
            assert!(!plan.contains("Sort") && !plan.contains("Seq Scan on chats"), "{asked:?}:\n{plan}");
        }
    }
}
