//! A generated world, with every kind of message that the layer has, is in the archive as it is: messages with their
//! files, chats, people, topics and folders.

mod lists;
mod messages;

use std::sync::{Arc, Mutex};

use futures_util::TryStreamExt as _;
use serde_json::json;
use tapedeck::{
    archive::{Around, MessagePage, StoreFigures, Stored, StoredFile},
    capture::{Sweep, Swept, Tell},
    model::MessageId,
};
use tapedeck_sim::telegram::{
    Peer, Seen,
    make::{Plan, PlannedChat, peer_of},
};
use tempfile::TempDir;

use super::{
    engine::{On, open},
    stage::Stage,
};
use crate::{
    support::{Scene, variable},
    worlds::{generated_in, id_of},
};

/// Messages that are compared at a time.
const PAGE: usize = 500;
/// Chats that are compared side by side.
const TOGETHER: usize = 4;

#[tokio::test]
async fn generated_world_is_captured_field_by_field() {
    small_world_is_captured_field_by_field(On::Sqlite).await;
}

#[tokio::test]
async fn generated_world_is_captured_field_by_field_on_postgres() {
    small_world_is_captured_field_by_field(On::Postgres).await;
}

async fn small_world_is_captured_field_by_field(on: On) {
    let captured = Captured::of(on, 3_000, 40).await;
    captured.is_as_the_world().await;
    for chat in &captured.plan.chats {
        let certificate = captured.stage.certificate(id_of(peer_of(chat))).await;
        assert_eq!((certificate.share, certificate.loose), (1.0, 0), "{certificate}");
        assert_eq!(certificate.proven, certificate.held + certificate.not_shown, "{certificate}");
    }
    captured.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_thousand_messages_are_captured_field_by_field() {
    let messages = variable("TAPEDECK_TEST_MESSAGES").and_then(|text| text.parse().ok()).unwrap_or(200_000);
    let captured = Captured::of(On::Sqlite, messages, 200).await;
    captured.is_as_the_world().await;
    captured.finish().await;
}

struct Captured {
    stage: Stage,
    plan: Arc<Plan>,
    met: Mutex<Met>,
    _folder: TempDir,
}

/// What messages of the world have spoken of.
#[derive(Default)]
struct Met {
    seen: Seen,
    files: usize,
    reactions: usize,
    pinned: usize,
    names: usize,
}

impl Captured {
    async fn of(on: On, messages: usize, chats: usize) -> Self {
        let scene = Scene::open().await;
        let (plan, client) = generated_in(&scene, messages, chats);
        let session = client.session().clone();
        let folder = tempfile::tempdir().unwrap();
        on.make_anew(folder.path()).await;
        let mut stage = Stage::with(scene, session).await;
        stage.store = open(folder.path()).await;
        stage.rules(json!({ "types": ["private", "bots", "groups", "channels"] }));
        let captured = Self { stage, plan, met: Mutex::default(), _folder: folder };
        let swept = captured.sweep().await;
        let what = (swept.new, swept.unreadable, swept.out_of_reach);
        assert_eq!(what, (messages as u64, 0, 0), "{swept}");
        captured
    }

    /// However long it takes.
    async fn sweep(&self) -> Swept {
        let (swept, ended) = Sweep { capture: self.stage.capture(), tell: Tell::nobody() }.run().await;
        ended.unwrap();
        swept
    }

    async fn is_as_the_world(&self) {
        let chats = self.plan.chats.iter().map(|chat| Ok::<_, String>(self.chat(chat)));
        futures_util::stream::iter(chats)
            .try_buffer_unordered(TOGETHER)
            .try_for_each(|()| async { Ok(()) })
            .await
            .unwrap();
        self.lists_are_as_the_world().await;
        let (chats, users) = (self.chats().await.len() as u64, self.people().await.len() as u64);
        let figures = self.stage.store.figures().await.unwrap();
        let met = self.met.lock().unwrap();
        let files = met.files as u64;
        assert!(met.files > 0 && met.reactions > 0 && met.pinned > 0 && met.names > 0);
        // The rest is the engine's own affair.
        let StoreFigures { database_bytes, sequence, unindexed, .. } = figures.clone();
        let expected = StoreFigures {
            chats,
            users,
            messages: self.plan.messages() as u64,
            files,
            files_wanted: files,
            database_bytes,
            sequence,
            unindexed,
            ..StoreFigures::default()
        };
        assert_eq!(figures, expected);
    }

    async fn chat(&self, chat: &PlannedChat) -> Result<(), String> {
        let (peer, id) = (peer_of(chat), id_of(peer_of(chat)));
        let (mut held, mut after) = (0, MessageId(0));
        loop {
            let page = MessagePage::new(Around::After(after), PAGE);
            let page = self.stage.store.messages(self.stage.key(id), page).await.unwrap();
            let Some(last) = page.last() else { break };
            after = last.message.id;
            held += page.len();
            let ids: Vec<MessageId> = page.iter().map(|stored| stored.message.id).collect();
            let gone = self.stage.store.gone_reactions_of(self.stage.key(id), ids.clone()).await.unwrap();
            assert_eq!(gone, [], "nobody took any back");
            let files = self.stage.store.files_of(self.stage.key(id), ids).await.unwrap();
            self.page(peer, page, files).await?;
        }
        if held == chat.messages {
            Ok(())
        } else {
            Err(format!("{}: {held} of {}", chat.title, chat.messages))
        }
    }

    async fn page(&self, peer: Peer, page: Vec<Stored>, files: Vec<StoredFile>) -> Result<(), String> {
        let (world, me) = (self.stage.scene.world.clone(), self.plan.me());
        let comparing = tokio::task::spawn_blocking(move || {
            let theirs = world.telegram(|t| {
                let one = |stored: &Stored| messages::Theirs::of(t, me, peer, stored.message.id);
                page.iter().map(one).collect::<Vec<_>>()
            });
            messages::are_as(&page, files, &theirs).map(|()| theirs)
        });
        let theirs = comparing.await.unwrap()?;
        let mut met = self.met.lock().unwrap();
        theirs.iter().for_each(|theirs| theirs.note(&mut met));
        Ok(())
    }

    /// Nothing changes when everything is asked for again.
    async fn finish(self) {
        let again = self.sweep().await;
        assert_eq!((again.visited, again.new, again.changed), (0, 0, 0), "{again}");
        assert_eq!(self.stage.store.check().await.unwrap(), [""; 0]);
        self.stage.finish();
    }
}
