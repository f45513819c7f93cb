//! What went wrong with the tool that is replaced, and may not go wrong here.

use std::sync::Arc;

use serde_json::json;
use tapedeck::{
    archive::{
        Batch, DeletionMode, FileState, FilesPage, MediaClass, Source, Write,
        media::{LocalMedia, MediaStore},
    },
    capture::{CaptureError, FetchMedia, FetchedMedia, ListenRules, Sweep, Tell, VerifyMedia},
    model::{AccountName, ChatKind, MediaKind, MessageId, PeerId},
};
use tapedeck_sim::telegram::{Fault, Peer, Spot, blank, tl};
use tokio_util::sync::CancellationToken;

use super::{
    listen,
    stage::{Stage, WITH_GRACE},
};
use crate::support::{ADA, GRACE, soon};

const GROUP: PeerId = PeerId::channel(55);

async fn fetch(stage: &Stage, media: &Arc<MediaStore>) -> FetchedMedia {
    let work = FetchMedia { capture: stage.capture(), media: media.clone(), tell: Tell::nobody() };
    let (done, ended) = soon(work.run()).await;
    ended.unwrap();
    done
}

/// Who comes and goes is told by updates of the chat, too: they are no messages.
#[tokio::test]
async fn members_that_are_synchronised_make_no_messages() {
    let stage = listen::stage().await;
    listen::while_listening(&stage, ListenRules::default(), async {
        stage.scene.telegram(|t| {
            t.add_user(900, "Somebody");
            t.join(Peer::Channel(55), 900);
            t.push(ADA, tl::types::UpdateChannel { channel_id: 55 });
            t.push(
                ADA,
                tl::types::UpdateChatParticipantAdd {
                    chat_id: 55,
                    user_id: 900,
                    inviter_id: GRACE,
                    date: 0,
                    version: 2,
                },
            );
            let title = tl::types::MessageActionChatEditTitle { title: "Renamed".into() };
            t.happen(Peer::Channel(55), GRACE, title.into());
        });
        listen::says(&stage, "end");
        listen::eventually(&stage, GROUP, |texts| texts.iter().any(|text| text == "end")).await;
    })
    .await;
    let there =
        stage.scene.telegram(|t| t.history(ADA, Peer::Channel(55)).unwrap().ids_from(0).collect::<Vec<_>>());
    assert_eq!(stage.ids(GROUP).await, there, "each has the number that Telegram gave it");
    let stored = stage.stored(GROUP).await;
    let actions: Vec<_> = stored.iter().filter_map(|it| it.message.action.as_deref()).collect();
    assert_eq!(actions.iter().filter(|it| it.title.as_deref() == Some("Renamed")).count(), 1, "{actions:?}");
    stage.finish();
}

/// As in forwards out of private channels.
#[tokio::test]
async fn media_without_a_file_is_kept_and_never_fetched() {
    let stage = Stage::open().await;
    stage.scene.telegram(|t| {
        let mut nothing = blank::media_document(tl::types::DocumentEmpty { id: 0 }.into());
        let mut message = blank::message(0, Peer::User(ADA), 0, "empty");
        message.media = Some(nothing.clone().into());
        t.post(Peer::User(ADA), GRACE, message.clone().into());
        nothing.document = None;
        message.media = Some(nothing.into());
        t.post(Peer::User(ADA), GRACE, message.into());
    });
    stage.scene.grace_says(1);
    assert_eq!(stage.sweep().await.new, 3);
    let stored = stage.stored(WITH_GRACE).await;
    let kinds: Vec<_> = stored.iter().filter_map(|it| it.message.media.as_ref()).map(|it| it.kind).collect();
    assert_eq!(kinds, [MediaKind::Document, MediaKind::Document]);
    let page = FilesPage {
        account: None,
        chat: None,
        class: MediaClass::All,
        most_attempts: u32::MAX,
        after: 0,
        limit: 9,
    };
    assert!(stage.store.files(page).await.unwrap().0.is_empty());
    let folder = tempfile::tempdir().unwrap();
    let media = Arc::new(MediaStore::Local(LocalMedia::open(folder.path().to_owned()).unwrap()));
    stage.forget_calls();
    let done = fetch(&stage, &media).await;
    assert_eq!((done.fetched, done.failed, done.skipped), (0, 0, 0));
    assert_eq!(stage.all_calls(), 0);
    stage.finish();
}

/// A message that is gone counts as a try, and is given up after as many as there may be.
#[tokio::test]
async fn files_of_messages_that_are_gone_are_given_up() {
    let mut stage = Stage::open().await;
    stage.rules(json!({ "media": { "attempts": 2 } }));
    stage.scene.telegram(|t| {
        let file = t.add_document(vec![7; 3_000], "application/pdf", Vec::new());
        t.send_file(Peer::User(ADA), GRACE, &file, "");
    });
    stage.sweep().await;
    stage.scene.telegram(|t| {
        t.delete(Spot::Box { owner: ADA, id: 1 });
        t.files.expire_references();
    });
    let folder = tempfile::tempdir().unwrap();
    let media = Arc::new(MediaStore::Local(LocalMedia::open(folder.path().to_owned()).unwrap()));
    for failed in [1, 1, 0] {
        assert_eq!(fetch(&stage, &media).await.failed, failed);
    }
    let files = stage.store.files_of(stage.key(WITH_GRACE), vec![MessageId(1)]).await.unwrap();
    assert_eq!(files[0].attempts, 2);
    assert!(matches!(files[0].state, FileState::Failed { .. }), "{:?}", files[0].state);
    stage.finish();
}

async fn marks(stage: &Stage, chat: PeerId) -> (ChatKind, bool, bool) {
    let stored = stage.store.chat(stage.key(chat)).await.unwrap().unwrap();
    (stored.chat.kind, stored.is_archived, stored.chat.is_forum)
}

/// A file goes with the last message that had it, and its name with it.
#[tokio::test]
async fn files_of_what_was_removed_are_reclaimed() {
    let mut stage = Stage::open().await;
    stage.rules(json!({ "deletions": "hard" }));
    stage.scene.telegram(|t| {
        let shared = t.add_document(vec![7; 3_000], "application/pdf", Vec::new());
        let single = t.add_document(vec![8; 3_000], "application/pdf", Vec::new());
        for file in [&shared, &shared, &single] {
            t.send_file(Peer::User(ADA), GRACE, file, "");
        }
    });
    stage.sweep().await;
    let folder = tempfile::tempdir().unwrap();
    let media = Arc::new(MediaStore::Local(LocalMedia::open(folder.path().to_owned()).unwrap()));
    assert_eq!(fetch(&stage, &media).await.fetched, 3);
    let look = async || {
        let (capture, media) = (stage.capture(), media.clone());
        let work = VerifyMedia { capture, media, removes_orphans: true, tell: Tell::nobody() };
        let (done, ended) = soon(work.run()).await;
        ended.unwrap();
        done
    };
    let verify = async || look().await.orphans;
    let blobs = async || media.list(None, 10).await.unwrap().len();
    let names = || std::fs::read_dir(folder.path().join(GRACE.to_string())).unwrap().count();
    assert_eq!((verify().await, blobs().await, names()), (0, 2, 2));
    for (removed, left) in [(1, 2), (3, 1), (2, 0)] {
        let gone = Write::Deleted { chat: WITH_GRACE, id: MessageId(removed), mode: DeletionMode::Hard };
        let mut batch = Batch::new(AccountName::main(), Source::Recheck, jiff::Timestamp::UNIX_EPOCH);
        batch.writes.push(gone);
        stage.store.write(batch).await.unwrap();
        // The same bytes come in once more just now: who brings them will speak of them in a moment.
        let claim = media.claim().await.unwrap();
        let before = blobs().await;
        verify().await;
        assert_eq!(blobs().await, before, "nothing is removed meanwhile");
        drop(claim);
        verify().await;
        assert_eq!((blobs().await, names()), (left, left), "after the message {removed}");
    }
    // A kill came between these files and their rows: long ago, and just now.
    for (name, byte) in [("old", 1_u8), ("new", 2)] {
        let arrived = media.arriving().join(name);
        std::fs::write(&arrived, vec![byte; 100]).unwrap();
        let placed = media.put(arrived).await.unwrap();
        let hash = placed.hash.to_hex();
        let blob = std::fs::File::open(folder.path().join("blobs").join(&hash[..2]).join(&hash)).unwrap();
        if name == "old" {
            blob.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        }
    }
    let done = look().await;
    assert_eq!((done.orphans, done.unheard_of, blobs().await), (0, 1, 2), "they may be another archive's");
    stage.finish();
}

/// A run over chosen chats knows nothing of the list, and says nothing of it.
#[tokio::test]
async fn a_strict_list_leaves_marks_of_chats_alone() {
    let mut stage = Stage::open().await;
    let forum = PeerId::channel(70);
    stage.scene.grace_says(1);
    stage.scene.telegram(|t| {
        t.add_forum(70, "Forum", GRACE);
        t.add_channel(71, "News", GRACE);
        for channel in [70, 71] {
            t.join(Peer::Channel(channel), ADA);
            t.say(Peer::Channel(channel), GRACE, "hello");
        }
        for peer in [Peer::User(GRACE), Peer::Channel(70)] {
            t.mailbox(ADA).talks.entry(peer).or_default().folder = 1;
        }
    });
    stage.sweep().await;
    let before = [
        (ChatKind::Private, true, false),
        (ChatKind::Supergroup, true, true),
        (ChatKind::Channel, false, false),
    ];
    for (chat, expected) in [WITH_GRACE, forum, PeerId::channel(71)].into_iter().zip(before) {
        assert_eq!(marks(&stage, chat).await, expected);
    }
    stage.rules(json!({ "chats": [GRACE.to_string(), forum.0.to_string()] }));
    stage.scene.grace_says(1);
    stage.scene.telegram(|t| t.say(Peer::Channel(70), GRACE, "more"));
    assert_eq!(stage.sweep().await.new, 2);
    for (chat, expected) in [WITH_GRACE, forum].into_iter().zip(before) {
        assert_eq!(marks(&stage, chat).await, expected);
    }
    stage.finish();
}

/// Pauses while the list is read are waited out at the page: it never begins anew.
#[tokio::test]
async fn a_list_of_thousands_is_read_once_through_floods() {
    let stage = Stage::open().await;
    stage.scene.telegram(|t| {
        for id in 1_000..3_000 {
            t.add_user(id, "Somebody");
            t.say(Peer::User(ADA), id, "hello");
        }
    });
    // Known already: only the list is of interest.
    let mut dialogs = tapedeck::telegram::read::Dialogs::new(&stage.client, Default::default());
    let mut quiet = 0;
    while soon(dialogs.next_page()).await.unwrap().is_some() {
        quiet += 1;
    }
    stage.scene.telegram(|t| {
        for call in [2, 5, 11, 17] {
            t.faults.add(Fault::flood_premium(0).on("messages.getDialogs").at_call(call).strict());
        }
    });
    stage.forget_calls();
    let mut dialogs = tapedeck::telegram::read::Dialogs::new(&stage.client, Default::default());
    let mut peers = std::collections::BTreeSet::new();
    while let Some(page) = soon(dialogs.next_page()).await.unwrap() {
        peers.extend(page.dialogs.into_iter().map(|dialog| format!("{:?}", dialog.peer)));
    }
    assert_eq!(peers.len(), 2_000);
    let calls = stage.scene.calls("messages.getDialogs");
    assert!(calls <= quiet + 1 + 4, "{calls} calls, {quiet} without floods");
    stage.finish();
}

/// As at a shutdown in the middle of the very first run.
#[tokio::test]
async fn a_first_sweep_that_is_ended_goes_on_at_its_page() {
    let stage = Stage::open().await;
    stage.scene.grace_says(450);
    let stop = CancellationToken::new();
    let ending = stop.clone();
    let hear = move |step: tapedeck::capture::Step| {
        if step.unit == "messages" && step.done > 0 {
            ending.cancel();
        }
    };
    let sweep = Sweep { capture: stage.capture(), tell: Tell::new(hear, stop) };
    let (_, ended) = soon(sweep.run()).await;
    assert!(matches!(ended, Err(CaptureError::Stopped)), "{ended:?}");
    let cursor = stage.cursor(WITH_GRACE).await;
    assert!(cursor > 0 && cursor < 450, "{cursor}");
    assert_eq!(
        stage.ids(WITH_GRACE).await.len(),
        usize::try_from(cursor).unwrap(),
        "the cursor says what is there"
    );
    stage.forget_calls();
    assert_eq!(stage.sweep().await.new, 450 - u64::try_from(cursor).unwrap());
    assert_eq!(stage.ids(WITH_GRACE).await, (1..=450).collect::<Vec<_>>());
    stage.finish();
}
