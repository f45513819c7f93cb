//! Lists are read whole, in as few calls as it takes, whatever changes meanwhile.

use grammers_tl_types as tl;
use tapedeck::{
    model::PeerId,
    telegram::{
        Client,
        read::{self, Reader, Windowed},
    },
};
use tapedeck_sim::telegram::{Peer, Spot};

use crate::support::{ADA, GRACE, Scene, soon};

async fn knowing_all(scene: &Scene) -> Client {
    let client = scene.client();
    let mut dialogs = read::Dialogs::new(&client, read::Folder::Main);
    while soon(dialogs.next_page()).await.unwrap().is_some() {}
    scene.telegram(|t| t.calls.clear());
    client
}

async fn with_grace(client: &Client) -> Reader<tl::functions::messages::GetHistory> {
    read::history(client, client.input_peer(PeerId::user(GRACE)).await.unwrap())
}

async fn all<C: Windowed>(mut reader: Reader<C>) -> Vec<i32> {
    let mut ids = Vec::new();
    while let Some(page) = soon(reader.next_page()).await.unwrap() {
        ids.extend(page.ids());
    }
    ids
}

#[tokio::test]
async fn history_is_read_whole_in_both_directions() {
    let scene = Scene::open().await;
    scene.grace_says(250);
    let client = knowing_all(&scene).await;
    let backward: Vec<i32> = (1..=250).rev().collect();
    assert_eq!(all(with_grace(&client).await).await, backward);
    assert_eq!(scene.calls("messages.getHistory"), 3);
    assert_eq!(all(with_grace(&client).await.ahead(4).page_size(30)).await, backward);
    assert_eq!(all(with_grace(&client).await.down_to(180)).await, (181..=250).rev().collect::<Vec<_>>());
    assert_eq!(all(with_grace(&client).await.below(20)).await, (1..20).rev().collect::<Vec<_>>());
    let mut forward = with_grace(&client).await.after(30);
    let first = soon(forward.next_page()).await.unwrap().unwrap();
    assert_eq!(first.ids(), (31..=130).rev().collect::<Vec<_>>());
    let mut rest = all(forward).await;
    rest.sort_unstable();
    assert_eq!(rest, (131..=250).collect::<Vec<_>>());
    scene.finish();
}

#[tokio::test]
async fn deletions_between_pages_hide_nothing() {
    let scene = Scene::open().await;
    scene.grace_says(200);
    let client = knowing_all(&scene).await;
    let mut reader = with_grace(&client).await.ahead(4).page_size(20);
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.extend(soon(reader.next_page()).await.unwrap().unwrap().ids());
    }
    // What is gone lies before, at and behind the pages in flight.
    let gone = [190, 161, 160, 159, 121, 100, 99];
    scene.telegram(|t| {
        for id in gone {
            t.delete(Spot::Box { owner: ADA, id });
        }
    });
    seen.extend(all(reader).await);
    for id in (1..=200).filter(|id| !gone.contains(id)) {
        assert_eq!(seen.iter().filter(|found| **found == id).count(), 1, "message {id}");
    }
    scene.finish();
}

#[tokio::test]
async fn dialogs_are_read_whole_from_both_lists() {
    let scene = Scene::open().await;
    scene.telegram(|t| {
        for id in 100..330 {
            t.add_user(id, "Somebody");
            t.say(Peer::User(ADA), id, "hello");
            if id % 10 == 0 {
                t.mailbox(ADA).talks.entry(Peer::User(id)).or_default().folder = 1;
            }
        }
    });
    let client = scene.client();
    let mut counts = Vec::new();
    for folder in [read::Folder::Main, read::Folder::Archived] {
        let mut dialogs = read::Dialogs::new(&client, folder);
        let mut peers = Vec::new();
        while let Some(page) = soon(dialogs.next_page()).await.unwrap() {
            peers.extend(page.dialogs.into_iter().map(|dialog| format!("{:?}", dialog.peer)));
        }
        let read = peers.len();
        peers.sort();
        peers.dedup();
        assert_eq!(peers.len(), read, "none comes twice");
        counts.push(read);
    }
    assert_eq!(counts, [207, 23]);
    scene.finish();
}

#[tokio::test]
async fn chats_without_an_access_hash_end_no_list() {
    let scene = Scene::open().await;
    scene.telegram(|t| {
        for id in 100..330 {
            t.add_user(id, "Somebody").min = id % 2 == 0;
            t.say(Peer::User(ADA), id, "hello");
        }
    });
    let mut dialogs = read::Dialogs::new(&scene.client(), read::Folder::Main);
    let mut peers = std::collections::BTreeSet::new();
    while let Some(page) = soon(dialogs.next_page()).await.unwrap() {
        peers.extend(page.dialogs.into_iter().map(|dialog| format!("{:?}", dialog.peer)));
    }
    assert_eq!(peers.len(), 230);
    scene.finish();
}

#[tokio::test]
async fn topics_threads_and_searches_are_read_whole() {
    let scene = Scene::open().await;
    let topics: Vec<i32> = scene.telegram(|t| {
        t.add_forum(77, "Forum", ADA);
        let topics: Vec<i32> = (0..120).map(|_| t.add_topic(77, ADA, "topic")).collect();
        for _ in 0..130 {
            t.answer(Peer::Channel(77), ADA, topics[5], "needle");
        }
        topics
    });
    let client = knowing_all(&scene).await;
    let forum = client.input_peer(PeerId::channel(77)).await.unwrap();
    let mut reader = read::Topics::new(&client, forum.clone());
    let mut found = Vec::new();
    while let Some(page) = soon(reader.next_page()).await.unwrap() {
        found.extend(page.topics.iter().map(tl::enums::ForumTopic::id));
    }
    found.sort_unstable();
    found.dedup();
    // The general one is there from the start.
    assert_eq!(found.len(), topics.len() + 1);
    let thread = all(read::replies(&client, forum.clone(), topics[5])).await;
    // The message that opened the topic belongs to it.
    assert_eq!(thread.len(), 131);
    let search = read::blank_search(forum);
    let search = tl::functions::messages::Search { q: "needle".into(), ..search };
    assert_eq!(all(read::search(&client, search)).await, thread[..130]);
    scene.finish();
}
