//! The message is sent once, then edited; what people do to it is theirs to do.

use grammers_tl_types::enums::MessageEntity;
use tapedeck::music::now_playing::{NoticeRules, Order, WhenDeleted};
use tapedeck_sim::telegram::{Fault, Peer, message};

use super::stage::*;
use crate::support::*;

const SEND: &str = "messages.sendMessage";
const EDIT: &str = "messages.editMessage";
const PIN: &str = "messages.updatePinnedMessage";

async fn stage() -> Stage {
    Stage { bio: Order::Leave, ..Stage::new().await }
}

fn with(change: impl FnOnce(&mut NoticeRules)) -> Order<NoticeRules> {
    let mut rules = notice();
    change(&mut rules);
    Order::Keep(rules)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_message_is_sent_pinned_and_edited() {
    let stage = stage().await;
    assert_eq!(stage.run().await, Default::default(), "nothing was ever played");
    stage.play("Ann", "One").await;
    let done = stage.run().await;
    assert_eq!((done.messages_sent, done.messages_pinned), (1, 1));
    assert_eq!((stage.notes(), stage.pinned().len()), (vec!["♫ Ann – One".to_owned()], 1));
    stage.play("Ann", "Two").await;
    assert_eq!(stage.run().await.messages_edited, 1);
    assert_eq!(stage.notes(), ["♫ Ann – Two"]);
    stage.ledger.stop().await.unwrap();
    stage.pass(11);
    stage.run().await;
    assert_eq!(stage.notes(), ["Last heard: Ann – Two"]);
    stage.run().await;
    assert_eq!([SEND, EDIT, PIN].map(|method| stage.calls(method)), [1, 2, 1]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn song_is_a_link_without_preview() {
    let stage = stage().await;
    stage.play("Ann 🎵", "One").await;
    stage.run().await;
    let (text, entities) = stage.telegram(|t| {
        let history = t.history(ADA, Peer::User(ADA)).unwrap();
        let kept = history.get(history.ids_from(0).next().unwrap()).unwrap();
        let grammers_tl_types::enums::Message::Message(kept) = kept.as_ref() else { panic!("{kept:?}") };
        (kept.message.clone(), kept.entities.clone().unwrap())
    });
    let [MessageEntity::TextUrl(link)] = entities.as_slice() else { panic!("{entities:?}") };
    assert_eq!(link.url, "https://open.spotify.com/track/One");
    let units: Vec<u16> = text.encode_utf16().collect();
    let (start, length) = (link.offset as usize, link.length as usize);
    assert_eq!(String::from_utf16(&units[start..start + length]).unwrap(), "Ann 🎵 – One");
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn unpinned_message_stays_unpinned() {
    let stage = stage().await;
    stage.play("Ann", "One").await;
    stage.run().await;
    stage.telegram(|t| {
        let history = t.boxes.get_mut(&ADA).unwrap().histories.get_mut(&Peer::User(ADA)).unwrap();
        let id = history.pinned()[0];
        history.edit(id, |kept| match kept {
            grammers_tl_types::enums::Message::Message(kept) => kept.pinned = false,
            other => panic!("{other:?}"),
        });
    });
    stage.play("Ann", "Two").await;
    stage.run().await;
    assert_eq!((stage.notes(), stage.pinned()), (vec!["♫ Ann – Two".to_owned()], vec![]));
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_message_is_sent_anew() {
    let stage = stage().await;
    stage.play("Ann", "One").await;
    stage.run().await;
    stage.delete_notes();
    stage.play("Ann", "Two").await;
    stage.run().await;
    assert_eq!((stage.notes(), stage.pinned().len()), (vec!["♫ Ann – Two".to_owned()], 1));
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_message_stays_away_if_wanted() {
    let mut stage = stage().await;
    stage.notice = with(|rules| (rules.when_deleted, rules.idle) = (WhenDeleted::Leave, None));
    stage.play("Ann", "One").await;
    stage.run().await;
    stage.delete_notes();
    for title in ["Two", "Three"] {
        stage.play("Ann", title).await;
        stage.run().await;
    }
    stage.ledger.stop().await.unwrap();
    stage.run().await;
    stage.restart();
    stage.play("Ann", "Four").await;
    stage.run().await;
    assert_eq!((stage.notes(), stage.calls(SEND)), (vec![], 1));
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_idle_words_the_message_goes() {
    let mut stage = stage().await;
    stage.notice = with(|rules| rules.idle = None);
    stage.play("Ann", "One").await;
    stage.run().await;
    stage.ledger.stop().await.unwrap();
    assert_eq!(stage.run().await.messages_deleted, 1);
    assert_eq!(stage.notes(), [""; 0]);
    stage.play("Ann", "Two").await;
    stage.run().await;
    assert_eq!(stage.notes(), ["♫ Ann – Two"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn job_that_is_gone_leaves_no_message() {
    let mut stage = stage().await;
    stage.play("Ann", "One").await;
    stage.run().await;
    stage.notice = Order::TakeBack;
    stage.restart();
    stage.run().await;
    assert_eq!(stage.notes(), [""; 0]);
    assert_eq!(stage.scene.state.notices.all().unwrap(), []);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chat_gets_the_message_alone() {
    let mut stage = stage().await;
    let chat = stage.telegram(|t| {
        let chat = t.add_channel(60, "Ada's tapes", ADA);
        t.say(chat, ADA, "Welcome");
        chat
    });
    stage.play("Ann", "One").await;
    stage.run().await;
    stage.notice = with(|rules| rules.chat = "Ada's tapes".into());
    stage.pass(11);
    stage.run().await;
    assert_eq!(stage.notes(), [""; 0], "it has left the chat before");
    assert_eq!(stage.telegram(|t| notes(t, chat)), ["Welcome", "♫ Ann – One"]);
    stage.notice = Order::TakeBack;
    stage.run().await;
    assert_eq!(stage.telegram(|t| notes(t, chat)), ["Welcome"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_chat_says_what_to_write() {
    let mut stage = stage().await;
    stage.notice = with(|rules| rules.chat = "Nowhere".into());
    stage.play("Ann", "One").await;
    let error = stage.try_run().await.1.unwrap_err();
    let text = format!("{:#}", anyhow::Error::from(error));
    assert!(text.contains("no chat `Nowhere`"), "{text}");
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn message_that_may_not_be_pinned_stays() {
    let stage = stage().await;
    stage.telegram(|t| t.faults.add(Fault::refuse(400, "CHAT_ADMIN_REQUIRED").on(PIN).strict()));
    stage.play("Ann", "One").await;
    let done = stage.run().await;
    assert_eq!((done.messages_sent, done.messages_pinned), (1, 0));
    stage.play("Ann", "Two").await;
    stage.run().await;
    assert_eq!((stage.notes(), stage.calls(PIN)), (vec!["♫ Ann – Two".to_owned()], 1));
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn message_too_old_to_edit_is_replaced() {
    let stage = stage().await;
    stage.play("Ann", "One").await;
    stage.run().await;
    stage.telegram(|t| t.faults.add(Fault::refuse(400, "MESSAGE_EDIT_TIME_EXPIRED").on(EDIT).strict()));
    stage.play("Ann", "Two").await;
    stage.run().await;
    assert_eq!((stage.notes(), stage.pinned().len()), (vec!["♫ Ann – Two".to_owned()], 1));
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_titles_fit_into_a_message() {
    let stage = stage().await;
    stage.play("Ann", &"👩\u{200d}🎤 שיר ".repeat(1_000)).await;
    stage.run().await;
    let length = stage.notes()[0].encode_utf16().count();
    assert!((4_000..=4_096).contains(&length), "{length}");
    let text = stage.telegram(|t| {
        let history = t.history(ADA, Peer::User(ADA)).unwrap();
        let kept = history.get(history.ids_from(0).next().unwrap()).unwrap();
        message::text_of(&kept).to_owned()
    });
    assert!(text.ends_with("…\u{2069}"), "{text}");
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bio_is_written_though_the_message_fails() {
    let mut stage = stage().await;
    stage.bio = Order::Keep(bio());
    stage.telegram(|t| t.faults.add(Fault::refuse(403, "CHAT_WRITE_FORBIDDEN").on(SEND).strict()));
    stage.play("Ann", "One").await;
    let (done, result) = stage.try_run().await;
    assert_eq!(done.bios_written, 1);
    assert!(!result.unwrap_err().is_temporary());
    stage.pass(11);
    stage.run().await;
    assert_eq!(stage.notes(), ["♫ Ann – One"], "the next run sends it");
    stage.finish();
}
