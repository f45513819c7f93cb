//! A generated world, with every kind of message that the layer has, is in the archive as it is.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use serde_json::json;
use tapedeck::{
    archive::{Around, ChatsPage, MessagePage, Stored},
    capture::{Sweep, Swept, Tell},
    model::{Fetched, Message, MessageId},
    telegram::convert,
};
use tapedeck_sim::telegram::{
    Peer,
    make::{Plan, PlannedChat, peer_of},
};

use super::stage::Stage;
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
    let captured = Captured::of(3_000, 40).await;
    captured.is_as_the_world().await;
    for chat in &captured.plan.chats {
        let certificate = captured.stage.certificate(id_of(peer_of(chat))).await;
        assert_eq!((certificate.share, certificate.loose), (1.0, 0), "{certificate}");
        assert_eq!(certificate.proven, certificate.held + certificate.not_shown, "{certificate}");
    }
    let chats = captured.stage.store.chats(ChatsPage { limit: 1_000, ..ChatsPage::default() }).await.unwrap();
    assert!(chats.len() >= captured.plan.chats.len());
    captured.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_thousand_messages_are_captured_field_by_field() {
    let messages = variable("TAPEDECK_TEST_MESSAGES").and_then(|text| text.parse().ok()).unwrap_or(200_000);
    let captured = Captured::of(messages, 200).await;
    captured.is_as_the_world().await;
    captured.finish().await;
}

struct Captured {
    stage: Stage,
    plan: Arc<Plan>,
}

impl Captured {
    async fn of(messages: usize, chats: usize) -> Self {
        let scene = Scene::open().await;
        let (plan, client) = generated_in(&scene, messages, chats);
        let session = client.session().clone();
        let mut stage = Stage::with(scene, session).await;
        stage.rules(json!({ "types": ["private", "bots", "groups", "channels"] }));
        let captured = Self { stage, plan };
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
            self.page(peer, page).await?;
        }
        if held == chat.messages {
            Ok(())
        } else {
            Err(format!("{}: {held} of {}", chat.title, chat.messages))
        }
    }

    async fn page(&self, peer: Peer, page: Vec<Stored>) -> Result<(), String> {
        let (world, me) = (self.stage.scene.world.clone(), self.plan.me());
        let comparing = tokio::task::spawn_blocking(move || {
            let theirs = world.telegram(|t| {
                let one = |stored: &Stored| t.message(me, peer, stored.message.id.0);
                page.iter().map(one).collect::<Vec<_>>()
            });
            page.iter().zip(theirs).try_for_each(|(stored, theirs)| is_as(stored, expected(theirs)))
        });
        comparing.await.unwrap()
    }

    /// Nothing changes when everything is asked for again.
    async fn finish(self) {
        let again = self.sweep().await;
        assert_eq!((again.visited, again.new, again.changed), (0, 0, 0), "{again}");
        assert_eq!(self.stage.store.check().await.unwrap(), [""; 0]);
        self.stage.finish();
    }
}

fn expected(theirs: Option<tapedeck_sim::telegram::tl::enums::Message>) -> Option<Message> {
    match convert::fetched(theirs?) {
        Fetched::Message(message) => Some(*message),
        Fetched::Missing { .. } => None,
    }
}

fn is_as(stored: &Stored, expected: Option<Message>) -> Result<(), String> {
    if Some(&stored.message) == expected.as_ref() && stored.deleted.is_none() && stored.versions == 0 {
        return Ok(());
    }
    Err(format!("{stored:?} is {expected:?}"))
}
