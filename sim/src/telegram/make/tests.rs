use std::collections::BTreeSet;

use grammers_tl_types::Serializable as _;

use super::*;
use crate::telegram::{Peer, tl};

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[test]
fn million_messages_need_little_memory() {
    let recipe = Recipe { messages: 1_000_000, chats: 100, ..Recipe::default() };
    // Other tests of this process may grow meanwhile, but hardly three times in a row.
    let grown: Vec<usize> = (0..3)
        .map(|_| {
            let before = resident();
            let world = world(&recipe);
            look_around(&world, &recipe);
            resident().saturating_sub(before)
        })
        .collect();
    assert!(grown.iter().any(|grown| *grown < 100 << 20), "{grown:?} bytes");
}

/// Counts all messages, and makes the newest of each chat.
fn look_around(world: &World, recipe: &Recipe) {
    let (messages, bytes) = world.telegram(|t| {
        let peers: Vec<Peer> = Plan::new(recipe).chats.iter().map(peer_of).collect();
        let histories = peers.iter().filter_map(|peer| t.history(people::ME, *peer));
        histories.fold((0, 0), |(messages, bytes), history| {
            let page = history.ids_below(i32::MAX).take(20).filter_map(|id| history.get(id));
            let page: usize = page.map(|message| message.to_bytes().len()).sum();
            (messages + history.len(), bytes + page)
        })
    });
    assert_eq!(messages, recipe.messages);
    assert!(bytes > 100_000, "{bytes}");
}

#[test]
fn same_recipe_makes_the_same_world() {
    let whole = |seed| {
        let recipe = Recipe { seed, messages: 500, ..Recipe::default() };
        let mut bytes = Vec::new();
        world(&recipe).telegram(|t| {
            for chat in &Plan::new(&recipe).chats {
                let history = t.history(people::ME, peer_of(chat)).unwrap();
                history.ids_from(0).for_each(|id| history.get(id).unwrap().serialize(&mut bytes));
            }
        });
        bytes
    };
    assert_eq!(whole(1), whole(1));
    assert_ne!(whole(1), whole(2));
}

#[test]
fn everybody_mentioned_is_known() {
    let recipe = Recipe { messages: 3_000, chats: 40, ..Recipe::default() };
    world(&recipe).telegram(|t| {
        let mut writers = BTreeSet::new();
        for chat in &Plan::new(&recipe).chats {
            let history = t.history(people::ME, peer_of(chat)).unwrap();
            for id in history.ids_from(0) {
                if let tl::enums::Message::Message(message) = history.get(id).unwrap().into_owned() {
                    writers.extend(message.from_id.as_ref().map(Peer::from));
                }
            }
        }
        for writer in writers {
            match writer {
                Peer::User(id) => assert!(t.users.contains_key(&id), "{id}"),
                Peer::Channel(id) => assert!(t.channels.contains_key(&id), "{id}"),
                Peer::Group(_) => panic!("groups do not write"),
            }
        }
    });
}

#[test]
fn files_of_messages_can_be_read() {
    let recipe = Recipe { messages: 1_000, ..Recipe::default() };
    world(&recipe).telegram(|t| {
        let mut read = 0;
        for chat in &Plan::new(&recipe).chats {
            let history = t.history(people::ME, peer_of(chat)).unwrap();
            for id in history.ids_from(0) {
                let tl::enums::Message::Message(message) = history.get(id).unwrap().into_owned() else {
                    continue;
                };
                if let Some(tl::enums::MessageMedia::Document(media)) = message.media
                    && let Some(tl::enums::Document::Document(document)) = media.document
                {
                    let file = t.files.get(document.id).unwrap();
                    assert_eq!(i64::try_from(file.content.len()).unwrap(), document.size);
                    assert_eq!((file.access_hash, file.dc), (document.access_hash, document.dc_id));
                    assert_eq!(file.attributes, document.attributes);
                    assert_eq!(t.files.reference(document.id), document.file_reference);
                    read += 1;
                }
            }
        }
        assert!(read > 30, "{read}");
    });
}

#[test]
fn small_world_is_lived_in() {
    small(7).telegram(|t| {
        assert_eq!(t.accounts.len(), 1);
        assert_eq!(t.boxes[&people::ME].talks.len(), 30);
        let unread = t.boxes[&people::ME].talks.iter().filter(|(peer, talk)| {
            t.history(people::ME, **peer).is_some_and(|history| history.top() > talk.read_inbox)
        });
        assert!(unread.count() > 2);
        assert!(t.channels.values().any(|channel| channel.topics.len() > 3));
        assert!(t.groups.values().any(|group| group.migrated_to.is_some()));
        let mut drip = Drip::new(Plan::new(&Recipe::small(7, 0)).into());
        let before = t.accounts[&people::ME].pts;
        for _ in 0..40 {
            drip.step(t);
        }
        assert!(t.accounts[&people::ME].pts > before);
    });
}

#[test]
fn more_accounts_are_people_of_their_own() {
    let world = World::default();
    world.telegram(|t| {
        let plan = fill(t, &Recipe { everything: false, ..Recipe::default() });
        let phones = add_accounts(t, &plan, 2);
        assert_eq!(phones, ["+34600000002", "+34600000003"]);
        let ids: Vec<i64> = phones.iter().map(|phone| t.user_with_phone(phone).unwrap()).collect();
        assert!(ids[0] != ids[1] && !ids.contains(&plan.me()));
        for id in ids {
            let talks: Vec<_> = t.mailbox(id).talks.keys().copied().collect();
            assert!(t.history(id, talks[0]).is_some_and(|history| history.len() > 10), "{talks:?}");
        }
    });
}
