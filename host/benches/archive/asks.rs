//! What people ask of a large archive.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use tapedeck::{
    archive::{Around, ChatKey, ChatsPage, MessagePage, SearchQuery, SharedStore, StoredChat},
    model::{AccountName, MediaKind, MessageId, PeerId},
};

use super::figures::{cpu, figure, middle_and_worst};

pub(crate) async fn measure(store: &SharedStore) {
    let chats = store.chats(ChatsPage { limit: 500, ..ChatsPage::default() }).await.expect("chats");
    let largest = chats.iter().max_by_key(|chat| chat.figures.messages).expect("a chat").clone();
    pages(store, &largest).await;
    searches(store, &chats, &largest).await;
}

async fn pages(store: &SharedStore, largest: &StoredChat) {
    let key = ChatKey { account: largest.account.clone(), chat: largest.chat.id };
    let (oldest, newest) = (largest.figures.oldest.expect("ids"), largest.figures.newest.expect("ids"));
    let middle = MessageId(oldest.0 + (newest.0 - oldest.0) / 2);
    for (what, around) in [
        ("newest page of 50", Around::End),
        ("page of 50 in the middle", Around::Before(middle)),
        ("jump to a date", Around::Date(middle_of(largest))),
    ] {
        times(what, "", async || {
            let page = MessagePage::new(around, 50);
            assert_eq!(store.messages(key.clone(), page).await.expect("a page").len(), 50);
        })
        .await;
    }
    let ids: Vec<MessageId> = (0..100).map(|step| MessageId(newest.0 - step)).collect();
    times("deletions without a chat, 100 ids", "", async || {
        store.find_without_chat(AccountName::main(), ids.clone()).await.expect("an answer");
    })
    .await;
    times("list of 50 chats", "", async || {
        store.chats(ChatsPage { limit: 50, ..ChatsPage::default() }).await.expect("an answer");
    })
    .await;
}

fn middle_of(chat: &StoredChat) -> Timestamp {
    let (first, last) = (chat.figures.first_date.expect("dates"), chat.figures.last_date.expect("dates"));
    Timestamp::from_second((first.as_second() + last.as_second()) / 2).expect("a date")
}

async fn searches(store: &SharedStore, chats: &[StoredChat], largest: &StoredChat) {
    let words = |text: &str| SearchQuery { text: text.to_owned(), limit: 50, ..SearchQuery::default() };
    times("search: a word that few messages say", "aim 3 ms or less", async || {
        store.search(words("boosting 4242")).await.expect("an answer");
    })
    .await;
    let asked = [
        "tape",
        "second side",
        "\"half past seven\"",
        "磁带",
        "ehears",
        "qwxyz",
        "the",
        "a",
        "ok",
        "o",
        "плёнки",
        "плен",
        "الشريط",
        "example.org",
        "#cassettes",
        "👍",
        "\"seven half past\"",
        "rehearsal room key",
        "台",
        "12",
        "umbrella attic",
        "ing",
        "cinta azul",
    ];
    let sender = store
        .messages(
            ChatKey { account: largest.account.clone(), chat: largest.chat.id },
            MessagePage::new(Around::End, 50),
        )
        .await
        .expect("a page")
        .into_iter()
        .find_map(|it| it.message.sender)
        .unwrap_or(PeerId(1));
    let smallest = chats.iter().min_by_key(|chat| chat.figures.messages).expect("a chat").chat.id;
    let middle = middle_of(largest);
    let week = SignedDuration::from_hours(24 * 7);
    let mut queries = Vec::new();
    for text in asked {
        let query = words(text);
        queries.extend([
            query.clone(),
            SearchQuery { chat: Some(largest.chat.id), ..query.clone() },
            SearchQuery { chat: Some(smallest), ..query.clone() },
            SearchQuery { sender: Some(sender), ..query.clone() },
            SearchQuery { from: Some(middle), to: Some(middle + week), ..query.clone() },
            SearchQuery { to: Some(middle), media: Some(MediaKind::Photo), ..query.clone() },
            SearchQuery { has_link: true, ..query.clone() },
            SearchQuery { chat: Some(largest.chat.id), sender: Some(sender), has_link: true, ..query },
        ]);
    }
    let (mut walls, mut used) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        for query in &queries {
            let (started, before) = (Instant::now(), cpu());
            store.search(query.clone()).await.expect("an answer");
            walls.push(started.elapsed());
            used.push((cpu() - before, query));
        }
    }
    let dearest = used.iter().max_by_key(|(used, _)| *used).expect("some").1.clone();
    let (middle, worst) = middle_and_worst(walls);
    figure(&format!("search: any of {} queries, p50", queries.len()), middle, "ms", "");
    figure(&format!("search: any of {} queries, p99", queries.len()), worst, "ms", "aim 20 or less");
    let (middle, worst) = middle_and_worst(used.into_iter().map(|(used, _)| used).collect());
    figure("search: CPU of a query, p50", middle, "ms", "");
    figure("search: CPU of a query, p99", worst, "ms", "");
    println!("    the dearest: {dearest:?}");
}

async fn times(what: &str, aim: &str, question: impl AsyncFn()) {
    const ROUNDS: usize = 200;
    let mut walls = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        question().await;
        walls.push(started.elapsed());
    }
    let (middle, worst) = middle_and_worst(walls);
    figure(&format!("{what}, p50"), middle, "ms", "");
    figure(&format!("{what}, p99"), worst, "ms", aim);
}
