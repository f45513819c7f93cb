//! Messages that this version cannot read: each costs only itself.

use std::time::Duration;

use grammers_tl_types::{self as tl, Deserializable as _};
use tapedeck::{
    model::{MessageId, PeerId},
    telegram::{Client, Error, read},
};
use tapedeck_sim::telegram::{Fault, Peer, Spot};

use crate::support::{ADA, GRACE, Scene, soon};

/// Learns of Grace as the list of chats tells.
async fn knowing_grace(scene: &Scene) -> Client {
    let client = scene.client();
    let mut dialogs = read::Dialogs::new(&client, read::Folder::Main);
    while soon(dialogs.next_page()).await.unwrap().is_some() {}
    client
}

fn ids(messages: &[tl::enums::Message]) -> Vec<i32> {
    messages.iter().map(tl::enums::Message::id).collect()
}

#[tokio::test]
async fn one_message_is_isolated_and_kept() {
    let scene = Scene::open().await;
    scene.grace_says(40);
    let client = knowing_grace(&scene).await;
    scene.telegram(|t| t.faults.unreadable.insert(17));
    let peer = client.input_peer(PeerId::user(GRACE)).await.unwrap();
    let mut reader = read::history(&client, peer);
    let page = soon(reader.next_page()).await.unwrap().unwrap();
    let expected: Vec<i32> = (1..=40).rev().filter(|id| *id != 17).collect();
    assert_eq!(ids(&page.messages), expected);
    let [bad] = &page.quarantined[..] else { panic!("{:?}", page.quarantined) };
    assert_eq!((bad.peer, bad.id), (Some(PeerId::user(GRACE)), MessageId(17)));
    assert!(bad.reason.contains("deadbeef"), "{}", bad.reason);
    assert!(tl::enums::messages::Messages::from_bytes(&bad.bytes).is_err());
    assert!(bad.bytes.windows(9).any(|text| text == b"number 17"), "its text is in the bytes");
    assert_eq!(soon(reader.next_page()).await.unwrap(), None);
    let calls = scene.calls("messages.getHistory");
    assert!(calls <= 20, "{calls} calls");
    scene.finish();
}

#[tokio::test]
async fn number_is_found_between_distant_neighbours() {
    let scene = Scene::open().await;
    scene.telegram(|t| {
        t.add_user(3, "Someone else");
        for number in 0..90 {
            let from = if number % 30 == 0 { GRACE } else { 3 };
            t.say(Peer::User(ADA), from, "hello");
        }
    });
    let client = knowing_grace(&scene).await;
    let mut reader = read::history(&client, client.input_peer(PeerId::user(GRACE)).await.unwrap());
    assert_eq!(ids(&soon(reader.next_page()).await.unwrap().unwrap().messages), [61, 31, 1]);
    for (bad, rest) in [(31, vec![61, 1]), (61, vec![31, 1]), (1, vec![61, 31])] {
        scene.telegram(|t| t.faults.unreadable = [bad].into());
        let mut reader = read::history(&client, client.input_peer(PeerId::user(GRACE)).await.unwrap());
        let page = soon(reader.next_page()).await.unwrap().unwrap();
        assert_eq!(ids(&page.messages), rest);
        assert_eq!(page.quarantined[0].id, MessageId(bad));
    }
    scene.finish();
}

/// Neighbours, ends, and what lies far from everything: whatever is read, and whatever is listed as unreadable, is right,
/// and together it is all.
#[tokio::test]
async fn every_unreadable_message_has_its_own_number() {
    let scene = Scene::open().await;
    let all: Vec<i32> = scene.telegram(|t| {
        t.add_user(3, "Someone else");
        for number in 0..150 {
            // Of some stretches all is Grace's, of others little.
            let from = if number / 20 % 2 == 0 || number % 7 == 0 { GRACE } else { 3 };
            t.say(Peer::User(ADA), from, "hello");
        }
        t.history(ADA, Peer::User(GRACE)).unwrap().ids_from(0).collect()
    });
    let client = knowing_grace(&scene).await;
    let peer = client.input_peer(PeerId::user(GRACE)).await.unwrap();
    let (first, last, middle) = (all[0], all[all.len() - 1], all.len() / 2);
    let sets = [
        vec![first],
        vec![last],
        vec![first, last],
        all[..3].to_vec(),
        all[all.len() - 3..].to_vec(),
        all[middle..middle + 5].to_vec(),
        all.iter().copied().step_by(8).collect(),
        all[5..20].to_vec(),
    ];
    for bad in sets {
        scene.telegram(|t| t.faults.unreadable = bad.iter().copied().collect());
        let readable: Vec<i32> = all.iter().copied().filter(|id| !bad.contains(id)).collect();
        let readers = [
            read::history(&client, peer.clone()).after(0),
            read::history(&client, peer.clone()).after(0).page_size(30),
            read::history(&client, peer.clone()),
            read::history(&client, peer.clone()).ahead(3).page_size(20),
        ];
        for (number, mut reader) in readers.into_iter().enumerate() {
            let (mut read, mut listed) = (Vec::new(), Vec::new());
            while let Some(page) = soon(reader.next_page()).await.unwrap() {
                read.extend(ids(&page.messages));
                listed.extend(page.quarantined.iter().map(|bad| bad.id.0));
            }
            read.sort_unstable();
            listed.sort_unstable();
            assert_eq!((&listed, &read), (&bad, &readable), "reader {number}");
        }
    }
    scene.finish();
}

/// The first of two is deleted after it was asked for, and before its number is known.
#[tokio::test]
async fn a_message_that_goes_meanwhile_leaves_its_bytes_to_nobody() {
    let scene = Scene::open().await;
    scene.grace_says(2);
    let client = knowing_grace(&scene).await;
    scene.telegram(|t| {
        t.faults.unreadable = [1, 2].into();
        // Both, and then the newer one alone.
        t.faults.add(Fault::delay(Duration::from_millis(200)).on("messages.getHistory").at_call(2).strict());
    });
    let mut reader =
        read::history(&client, client.input_peer(PeerId::user(GRACE)).await.unwrap()).page_size(2);
    let deleting = async {
        while scene.calls("messages.getHistory") < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        scene.telegram(|t| t.delete(Spot::Box { owner: ADA, id: 2 }));
    };
    let (page, ()) = soon(async { tokio::join!(reader.next_page(), deleting) }).await;
    let page = page.unwrap().unwrap();
    let [bad] = &page.quarantined[..] else { panic!("{:?}", page.quarantined) };
    assert_eq!(bad.id, MessageId(1));
    assert!(bad.bytes.windows(8).any(|text| text == b"number 1"), "these are its own bytes");
    scene.finish();
}

#[tokio::test]
async fn messages_by_number_are_isolated_too() {
    let scene = Scene::open().await;
    scene.grace_says(10);
    let client = knowing_grace(&scene).await;
    scene.telegram(|t| t.faults.unreadable = [4, 5].into());
    let wanted: Vec<_> = (1..=10).map(MessageId).collect();
    let page = soon(read::by_ids(&client, PeerId::user(GRACE), &wanted)).await.unwrap();
    assert_eq!(ids(&page.messages), [1, 2, 3, 6, 7, 8, 9, 10]);
    assert_eq!(page.quarantined.iter().map(|bad| bad.id.0).collect::<Vec<_>>(), [4, 5]);
    scene.finish();
}

#[tokio::test]
async fn page_of_nothing_but_unknowns_is_an_error() {
    let scene = Scene::open().await;
    scene.grace_says(40);
    let client = knowing_grace(&scene).await;
    scene.telegram(|t| t.faults.unreadable = (1..=40).collect());
    let mut reader = read::history(&client, client.input_peer(PeerId::user(GRACE)).await.unwrap());
    let error = soon(reader.next_page()).await.unwrap_err();
    assert!(matches!(error, Error::Decode { method: "messages.getHistory", .. }), "{error}");
    scene.finish();
}
