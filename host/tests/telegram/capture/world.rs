//! A generated world, with every kind of message that the layer has, is in the archive as it is.

use serde_json::json;
use tapedeck::{archive::ChatsPage, model::Fetched, telegram::convert};
use tapedeck_sim::telegram::make::peer_of;

use super::stage::Stage;
use crate::{
    support::Scene,
    worlds::{generated, id_of},
};

#[tokio::test]
async fn generated_world_is_captured_field_by_field() {
    let scene = Scene::open().await;
    let (plan, client) = generated(&scene, 3_000);
    let session = client.session().clone();
    let mut stage = Stage::with(scene, session).await;
    stage.rules(json!({ "types": ["private", "bots", "groups", "channels"] }));
    let swept = stage.sweep().await;
    assert_eq!((swept.new, swept.unreadable, swept.out_of_reach), (3_000, 0, 0), "{swept}");
    for chat in &plan.chats {
        let peer = peer_of(chat);
        let stored = stage.stored(id_of(peer)).await;
        assert_eq!(stored.len(), chat.messages, "{}", chat.title);
        for kept in stored {
            let id = kept.message.id;
            let theirs = stage.scene.telegram(|t| t.message(plan.me(), peer, id.0)).unwrap();
            let Fetched::Message(expected) = convert::fetched(theirs) else { panic!("{id} is no message") };
            assert_eq!(kept.message, *expected);
            assert_eq!(kept.deleted, None);
        }
        let certificate = stage.certificate(id_of(peer)).await;
        assert_eq!((certificate.share, certificate.loose), (1.0, 0), "{certificate}");
        assert_eq!(certificate.proven, certificate.held + certificate.not_shown, "{certificate}");
    }
    let chats = stage.store.chats(ChatsPage { limit: 1_000, ..ChatsPage::default() }).await.unwrap();
    assert!(chats.len() >= plan.chats.len());
    // Nothing changes when everything is asked for again.
    let again = stage.sweep().await;
    assert_eq!((again.visited, again.new, again.changed), (0, 0, 0), "{again}");
    stage.finish();
}
