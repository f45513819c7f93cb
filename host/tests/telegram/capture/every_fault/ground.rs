//! The world, and the archive that every run begins with.

use std::{sync::Arc, time::Duration};

use grammers_session::{Session as _, types::UpdatesState};
use jiff::Timestamp;
use tapedeck::{
    archive::{
        Around, Batch, ChatKey, IdRange, MessagePage, SharedStore, Source, Write,
        media::{LocalMedia, MediaStore},
    },
    capture::{FetchAvatars, FetchMedia, Sweep, Tell},
    model::{AccountName, Avatars, Chat, MessageId},
    telegram::Client,
};
use tapedeck_sim::telegram::{Peer, Spot, Telegram, tl};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{
    CHATS, GROUP, Work,
    picture::Site,
    work::{capture, listener},
};
use crate::{
    capture::{
        avatars::{LINUS, picture},
        engine,
        stage::WITH_GRACE,
    },
    download::grace_sends,
    support::{ADA, GRACE, HOME, Scene, soon},
};

/// An hour from anything that a test does.
const NOW: i32 = 1_790_000_000;

/// A world in which something has happened since the archive was written that every run begins with.
pub(super) struct Ground {
    pub(super) work: Work,
    pub(super) scene: Scene,
    base: TempDir,
    /// Where the updates were then.
    pub(super) updates: UpdatesState,
}

impl Ground {
    pub(super) async fn make(work: Work) -> Self {
        let mut scene = Scene::open().await;
        scene.limits.call = Duration::from_millis(800);
        scene.limits.file = Duration::from_millis(800);
        scene.telegram(|t| {
            t.set_now(NOW);
            t.add_supergroup(55, "Group", GRACE);
            t.join(Peer::Channel(55), ADA);
            t.add_forum(56, "Forum", GRACE);
            t.join(Peer::Channel(56), ADA);
            let topic = t.add_topic(56, GRACE, "Tapes");
            t.answer(Peer::Channel(56), GRACE, topic, "hiss");
            for number in 0..3 {
                t.say(Peer::Channel(55), GRACE, &format!("number {number}"));
            }
        });
        scene.grace_says(3);
        if work == Work::RetryPoison {
            // In each of the chats.
            scene.telegram(|t| t.faults.unreadable = [2, 3].into());
        }
        let base = tempfile::tempdir().unwrap();
        let session = scene.session();
        let client = scene.client_with(session.clone());
        let store = engine::open(base.path()).await;
        if work != Work::Fill {
            let capture = capture(&client, store.clone());
            Sweep { capture, tell: Tell::nobody() }.run().await.1.unwrap();
        }
        if work == Work::Listen {
            hear(&scene, &client, &store).await;
        }
        scene.telegram(|t| t.faults.unreadable.clear());
        let updates = session.updates_state().await.unwrap();
        client.close();
        let ground = Self { work, scene, base, updates };
        ground.happen(&store).await;
        drop(store);
        // The last connection takes the journal away.
        let journal = ground.base.path().join("archive.db-wal");
        crate::support::until(|| !journal.exists()).await;
        if work == Work::Verify {
            ground.spoil();
        }
        ground
    }

    async fn happen(&self, store: &SharedStore) {
        let scene = &self.scene;
        match self.work {
            Work::Fill => {
                scene.grace_says(220);
                scene.telegram(|t| {
                    for number in 0..30 {
                        t.say(Peer::Channel(55), GRACE, &format!("more {number}"));
                    }
                });
                knows(store, Chat::private(user()), &[(1, 5), (200, 210)]).await;
                knows(store, group(), &[(1, 2), (20, 25)]).await;
                return;
            }
            Work::Media => {
                send_files(scene);
                let client = scene.client();
                let capture = capture(&client, store.clone());
                Sweep { capture, tell: Tell::nobody() }.run().await.1.unwrap();
                client.close();
                return;
            }
            Work::Avatars => {
                show_pictures(scene);
                let client = scene.client();
                let capture = capture(&client, store.clone());
                Sweep { capture, tell: Tell::nobody() }.run().await.1.unwrap();
                client.close();
                return;
            }
            Work::Verify => {
                send_files(scene);
                show_pictures(scene);
                let client = scene.client();
                let (capture, tell) = (capture(&client, store.clone()), Tell::nobody);
                Sweep { capture: capture.clone(), tell: tell() }.run().await.1.unwrap();
                let media = LocalMedia::open(self.base.path().join("media")).unwrap();
                let media = Arc::new(MediaStore::Local(media));
                let files = FetchMedia { capture: capture.clone(), media: media.clone(), tell: tell() };
                files.run().await.1.unwrap();
                let whose = Avatars::All;
                FetchAvatars { capture, media, whose, asks: true, tell: tell() }.run().await.1.unwrap();
                client.close();
                return;
            }
            Work::RetryPoison => {
                assert!(store.poison(None, None).await.unwrap().len() >= CHATS.len());
                return;
            }
            Work::Sweep | Work::Listen | Work::Recheck => {}
        }
        scene.telegram(|t| {
            t.advance(60);
            let mine = |id| Spot::Box { owner: ADA, id };
            let theirs = |id| Spot::Channel { channel: 55, id };
            let second = t.history(ADA, Peer::Channel(55)).unwrap().ids_from(0).nth(1).unwrap();
            t.edit(mine(1), "better");
            t.edit(theirs(second), "better");
            t.delete(mine(2));
            t.delete(theirs(second + 1));
            t.react(mine(3), GRACE, "👍");
            t.pin(theirs(second), true);
            let pin = tl::enums::MessageAction::PinMessage;
            t.happen(Peer::Channel(55), GRACE, pin);
            let topic = t.add_topic(56, GRACE, "Noise");
            t.answer(Peer::Channel(56), GRACE, topic, "louder");
            for number in 0..120 {
                t.say(Peer::User(ADA), GRACE, &format!("later {number}"));
            }
            t.say(Peer::Channel(55), GRACE, "later");
        });
    }

    /// A letter of one message in each chat turns into another; its files are gone with the folder that they lay in.
    fn spoil(&self) {
        let db = rusqlite::Connection::open(self.base.path().join("archive.db")).unwrap();
        let spoilt = db.execute(
            "update messages set text = '!' || substr(text, 2) where text in ('number 1', 'hiss')",
            [],
        );
        assert_eq!(spoilt.unwrap(), CHATS.len());
    }

    /// Of its own, with a copy of the archive and without files.
    pub(super) fn site(&self) -> Site {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(self.base.path().join("archive.db"), folder.path().join("archive.db")).unwrap();
        Site { work: self.work, folder }
    }
}

/// Large and small, in more than one data centre.
fn send_files(scene: &Scene) {
    for (id, bytes, dc) in [(700, 600_000, HOME), (701, 1_000, 4), (702, 70_000, HOME)] {
        grace_sends(scene, id, bytes, dc);
    }
}

/// Grace, the group and somebody who speaks in it have pictures, in more than one data centre.
fn show_pictures(scene: &Scene) {
    scene.telegram(|t| {
        t.add_user(LINUS, "Linus");
        t.join(Peer::Channel(55), LINUS);
        for (who, dc) in [(GRACE, HOME), (LINUS, 4)] {
            t.nearest_dc = dc;
            let photo = t.add_photo(picture(who), 640, 640).id;
            t.profiles.entry(who).or_default().photos.insert(0, photo);
        }
        let photo = t.add_photo(picture(55), 640, 640).id;
        t.channels.get_mut(&55).unwrap().profile.photos = vec![photo];
        t.say(Peer::Channel(55), LINUS, "look at me");
    });
}

/// Listens until a word of each chat was heard: from then on it is known where the updates are.
async fn hear(scene: &Scene, client: &Client, store: &SharedStore) {
    let stop = CancellationToken::new();
    let listen = listener(client, store.clone(), &stop);
    let mut written = store.written();
    let talking = async {
        let is_live = |t: &Telegram| {
            t.connections.iter().any(|connection| connection.wants_updates)
                && t.calls.count("updates.getState") + t.calls.count("updates.getDifference") > 0
        };
        scene.world.wait_for_telegram(is_live).await;
        for (chat, peer) in CHATS.into_iter().zip([Peer::User(ADA), Peer::Channel(55), Peer::Channel(56)]) {
            scene.telegram(|t| t.say(peer, GRACE, "are you there?"));
            let key = ChatKey { account: AccountName::main(), chat };
            let newest = async || {
                let newest = store.messages(key.clone(), MessagePage::new(Around::End, 1)).await.unwrap();
                newest.into_iter().any(|it| it.message.text == "are you there?")
            };
            while !newest().await {
                written.changed().await.unwrap();
            }
        }
        stop.cancel();
    };
    let (ended, ()) = soon(async { tokio::join!(listen.run(), talking) }).await;
    ended.1.unwrap();
}

fn user() -> tapedeck::model::User {
    serde_json::from_value(serde_json::json!({ "id": WITH_GRACE, "first_name": "Grace" })).unwrap()
}

fn group() -> Chat {
    serde_json::from_value(serde_json::json!({ "id": GROUP, "kind": "supergroup", "title": "Group" }))
        .unwrap()
}

/// As after an import that knew only part of a chat.
async fn knows(store: &SharedStore, chat: Chat, ranges: &[(i32, i32)]) {
    let id = chat.id;
    let mut batch = Batch::new(AccountName::main(), Source::Import, Timestamp::UNIX_EPOCH);
    batch.writes.push(Write::Chat(Box::new(chat)));
    batch.writes.extend(ranges.iter().map(|(first, last)| Write::Covered {
        chat: id,
        range: IdRange { first: MessageId(*first), last: MessageId(*last) },
    }));
    store.write(batch).await.unwrap();
}
