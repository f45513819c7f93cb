use super::*;
use crate::{
    archive::{DeletionMode, SearchQuery},
    model::{Entity, EntityKind, MediaKind},
};

impl Desk {
    async fn index_all(&self) {
        while self.index(500).await.unwrap().left > 0 {}
    }

    async fn found(&self, query: SearchQuery) -> Vec<i32> {
        let query = SearchQuery { limit: 50, ..query };
        let page = self.search(query).await.unwrap();
        page.found.iter().map(|it| it.stored.message.id.0).collect()
    }

    async fn all_pages(&self, text: &str) -> Vec<i32> {
        const MOST_PAGES: usize = 100;
        let (mut found, mut before) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let query = SearchQuery { text: text.into(), limit: 200, before, ..SearchQuery::default() };
            let page = self.search(query).await.unwrap();
            found.extend(page.found.iter().map(|it| it.stored.message.id.0));
            if page.next.is_none() {
                return found;
            }
            before = page.next;
        }
        panic!("{MOST_PAGES} pages, and no end");
    }

    async fn words(&self, text: &str) -> Vec<i32> {
        self.found(SearchQuery { text: text.into(), ..SearchQuery::default() }).await
    }
}

pub(crate) async fn words_are_found_in_every_script(desk: Desk) {
    let texts = [
        "Crème brûlée at the usual place",
        "Ёлка и за́мок",
        "مُحَمَّد في المدرسة",
        "我爱中国的磁带",
        "достопримечательности",
        "see https://example.com/tapes #cassettes",
        "brulee, then creme",
        "👍🏽 ok",
    ];
    desk.tell((1..).zip(texts).map(|(id, text)| said(GROUP, id, text)).collect()).await;
    desk.index_all().await;
    for (typed, found) in [
        ("creme brulee", &[7, 1][..]),
        ("\"creme brulee\"", &[1]),
        ("елка замок", &[2]),
        ("محمد", &[3]),
        ("中国", &[4]),
        ("带", &[4]),
        ("примечат", &[5]),
        ("example.com", &[6]),
        ("#cassettes", &[6]),
        ("👍", &[8]),
        ("nothing of that", &[]),
        ("!!!", &[]),
        ("' OR 1=1 -- \" * NEAR(", &[]),
    ] {
        assert_eq!(desk.words(typed).await, found, "{typed}");
    }
    desk.finish().await;
}

pub(crate) async fn filters_are_part_of_the_search(desk: Desk) {
    let by = |chat, id, sender: i64| {
        let date = moment(i64::from(id));
        Message { sender: Some(PeerId::user(sender)), date, ..worlds::plain(chat, id, "the tape") }
    };
    let mut linked = by(GROUP, 3, 1);
    linked.entities.push(Entity { offset: 0, length: 3, kind: EntityKind::Url });
    let has_photo = |it: &&Message| it.media.as_ref().is_some_and(|media| media.kind == MediaKind::Photo);
    let photo = worlds::talk(41, 400, 4).iter().find(has_photo).unwrap().media.clone();
    let pictured = Message { media: photo, ..by(OTHER, 4, 2) };
    desk.tell(vec![told(by(GROUP, 1, 1)), told(by(GROUP, 2, 2)), told(linked), told(pictured)]).await;
    let work: AccountName = "work".parse().unwrap();
    desk.write(Batch { account: work.clone(), ..desk.batch(vec![told(by(GROUP, 5, 1))]) }).await.unwrap();
    desk.index_all().await;
    let query = || SearchQuery { text: "tape".into(), ..SearchQuery::default() };
    assert_eq!(desk.found(query()).await, [5, 4, 3, 2, 1], "the newest first");
    assert_eq!(desk.found(SearchQuery { account: Some(work), ..query() }).await, [5]);
    assert_eq!(desk.found(SearchQuery { chat: Some(GROUP), ..query() }).await, [5, 3, 2, 1]);
    let here = || SearchQuery { account: Some(desk.account.clone()), ..query() };
    assert_eq!(desk.found(SearchQuery { chat: Some(GROUP), ..here() }).await, [3, 2, 1]);
    assert_eq!(desk.found(SearchQuery { sender: Some(PeerId::user(2)), ..here() }).await, [4, 2]);
    assert_eq!(desk.found(SearchQuery { media: Some(MediaKind::Photo), ..query() }).await, [4]);
    assert_eq!(desk.found(SearchQuery { has_link: true, ..query() }).await, [3]);
    let between = SearchQuery { from: Some(moment(2)), to: Some(moment(4)), ..query() };
    assert_eq!(desk.found(between).await, [3, 2], "the end is not part of it");
    // Filters need no words.
    let all = SearchQuery { has_link: true, text: String::new(), ..query() };
    assert_eq!(desk.found(all).await, [3]);
    assert_eq!(desk.found(SearchQuery::default()).await, [5, 4, 3, 2, 1]);
    assert_eq!(desk.found(SearchQuery { chat: Some(ADA), ..query() }).await, [0; 0]);
    assert_eq!(desk.found(SearchQuery { account: Some("nobody".parse().unwrap()), ..query() }).await, [0; 0]);
    desk.finish().await;
}

pub(crate) async fn search_goes_on_where_it_ended(desk: Desk) {
    // Three chats at the same seconds: nothing is left out and nothing comes twice.
    let message =
        |chat, id| told(Message { date: moment(i64::from(id / 4)), ..worlds::plain(chat, id, "the tape") });
    let chats = [GROUP, OTHER, ADA];
    let writes = chats.into_iter().flat_map(|chat| (1..=40).map(move |id| message(chat, id))).collect();
    desk.tell(writes).await;
    desk.index_all().await;
    let mut query = SearchQuery { text: "tape".into(), limit: 7, ..SearchQuery::default() };
    let mut found = Vec::new();
    loop {
        let page = desk.search(query.clone()).await.unwrap();
        assert!(page.found.len() <= 7);
        found.extend(
            page.found
                .into_iter()
                .map(|it| (it.stored.message.date, it.stored.message.chat, it.stored.message.id)),
        );
        match page.next {
            Some(next) => query.before = Some(next),
            None => break,
        }
    }
    assert!(found.is_sorted_by(|a, b| a.0 >= b.0), "the newest first");
    assert_eq!(found.len(), 120);
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 120);
    desk.finish().await;
}

/// Thousands of messages have the words, two the phrase, and the newest none of it.
pub(crate) async fn a_phrase_of_common_words_is_found_page_by_page(desk: Desk) {
    let text = |id: i32| match id {
        7 | 2_500 => "half past seven",
        ..=3_000 => "seven half past",
        _ => "later",
    };
    let message = |id: i32| told(Message { date: moment(id.into()), ..worlds::plain(GROUP, id, text(id)) });
    for first in (1..4_200).step_by(600) {
        desk.tell((first..first + 600).map(message).collect()).await;
    }
    while desk.index(5_000).await.unwrap().left > 0 {}
    assert_eq!(desk.all_pages("\"half past seven\"").await, [2_500, 7]);
    assert_eq!(desk.all_pages("\"past half\"").await, [0; 0]);
    assert!(desk.all_pages("seven").await.into_iter().eq((1..=3_000).rev()), "each once, the newest first");
    desk.finish().await;
}

pub(crate) async fn a_part_that_many_words_have_is_found_page_by_page(desk: Desk) {
    let text = |id: i32| match (id, id % 40) {
        (7, _) => "be1ond1 be2ond2 later".to_owned(),
        (..=900, n) => format!("be{n}ond{n} later"),
        (..=1_200, _) => "later".to_owned(),
        (_, n) => format!("al{n}end{n} se{n}"),
    };
    let message = |id: i32| told(Message { date: moment(id.into()), ..worlds::plain(GROUP, id, &text(id)) });
    for first in (1..4_200).step_by(600) {
        desk.tell((first..first + 600).map(message).collect()).await;
    }
    while desk.index(5_000).await.unwrap().left > 0 {}
    let between = |first: i32, last: i32| (first..=last).rev().collect::<Vec<_>>();
    // Also parts of what filters are called.
    assert_eq!(desk.all_pages("end").await, between(1_201, 4_200), "in nearly all of the newest");
    assert_eq!(desk.all_pages("se").await, between(1_201, 4_200), "also at the beginning of a word");
    assert_eq!(desk.all_pages("al").await, between(1_201, 4_200), "at the beginning of words alone");
    assert_eq!(desk.all_pages("se end").await, between(1_201, 4_200), "two of them");
    assert_eq!(desk.all_pages("ond").await, between(1, 900), "each once, also where two words have it");
    assert_eq!(desk.all_pages("ond later").await, between(1, 900), "beside a word");
    assert_eq!(desk.all_pages("be").await, between(1, 900), "a rare beginning");
    assert_eq!(desk.all_pages("be later ond").await, between(1, 900), "two parts of one word beside a word");
    assert_eq!((desk.all_pages("ond end").await, desk.all_pages("ende").await), (vec![], vec![]));
    desk.finish().await;
}

pub(crate) async fn search_follows_what_happens(desk: Desk) {
    desk.tell(vec![said(GROUP, 1, "first words"), said(GROUP, 2, "other words")]).await;
    desk.index_all().await;
    let edited = Message { edited: Some(moment(0)), ..worlds::plain(GROUP, 1, "second thoughts") };
    desk.tell(vec![told(edited)]).await;
    assert_eq!(desk.figures().await.unwrap().unindexed, 1);
    desk.index_all().await;
    assert_eq!((desk.words("first").await, desk.words("second").await), (vec![], vec![1]));
    let gone = |id, mode| Write::Deleted { chat: GROUP, id: MessageId(id), mode };
    desk.tell(vec![gone(1, DeletionMode::Soft)]).await;
    assert_eq!(desk.words("second").await, [1], "what is kept is found");
    desk.tell(vec![gone(1, DeletionMode::Hard), gone(2, DeletionMode::Hard)]).await;
    assert_eq!((desk.words("second").await, desk.words("other").await), (vec![], vec![]));
    desk.finish().await;
}

pub(crate) async fn nothing_is_found_before_it_is_indexed(desk: Desk) {
    desk.tell((1..=10).map(|id| said(GROUP, id, "the tape")).collect()).await;
    desk.tell((1..=10).map(|id| said(OTHER, id, "the tape")).collect()).await;
    assert_eq!(desk.figures().await.unwrap().unindexed, 20);
    assert_eq!(desk.words("tape").await, [0; 0]);
    let step = desk.index(4).await.unwrap();
    assert_eq!((step.messages, step.left), (4, 16));
    let found =
        desk.search(SearchQuery { text: "tape".into(), limit: 50, ..Default::default() }).await.unwrap();
    assert!(found.found.iter().all(|it| it.stored.message.chat == OTHER), "what came last is first");
    assert_eq!(found.found.len(), 4);
    let rest = desk.index(1000).await.unwrap();
    assert_eq!((rest.messages, rest.left), (16, 0));
    assert_eq!(desk.index(1000).await.unwrap(), crate::archive::Indexed::default());
    assert_eq!(desk.words("tape").await.len(), 20);
    desk.finish().await;
}

pub(crate) async fn a_page_ends_when_enough_was_looked_at(desk: Desk) {
    // All hold the words, and only the oldest says them in this order.
    let told = |id| said(GROUP, id, if id == 1 { "the second side" } else { "side by the second" });
    desk.tell((1..=2_500).map(told).collect()).await;
    desk.index_all().await;
    let mut query = SearchQuery { text: "\"second side\"".into(), limit: 10, ..SearchQuery::default() };
    let (mut found, mut pages) = (Vec::new(), 0);
    loop {
        let page = desk.search(query.clone()).await.unwrap();
        found.extend(page.found.into_iter().map(|it| it.stored.message.id.0));
        pages += 1;
        match page.next {
            Some(next) => {
                assert!(query.before.is_none_or(|before| next < before), "it goes on");
                query.before = Some(next);
            }
            None => break,
        }
    }
    assert_eq!(found, [1]);
    assert!((2..20).contains(&pages), "{pages} pages");
    desk.finish().await;
}
