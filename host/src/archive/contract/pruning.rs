use super::*;
use crate::archive::{BlobHash, DeletionMode, FileKey, FilePlace, FileState, Rehearsal, Store as _};

/// Messages with files, one a second; every other file is held, and two messages have the same one.
async fn chat_of_files(desk: &Desk) -> PeerId {
    let has_file = |message: &Message| {
        message.media.as_ref().is_some_and(|media| media.file.is_some()) && message.files().len() == 1
    };
    let sample = worlds::talk(24, 400, 4).into_iter().find(has_file).unwrap();
    let mut writes = Vec::new();
    for id in 1..=1_200 {
        let mut message = Message { id: MessageId(id), date: moment(i64::from(id)), ..sample.clone() };
        if id % 3 > 0 {
            message.media = None;
            writes.push(told(message));
            continue;
        }
        let file = message.media.as_mut().unwrap().file.as_mut().unwrap();
        file.id = i64::from(id);
        let key = FileKey { chat: sample.chat, id: message.id, file: file.id };
        writes.push(told(message));
        if id % 2 == 0 {
            let hash = BlobHash([u8::try_from(id / 12 % 200).unwrap(); 32]);
            let place = FilePlace { hash, bytes: 100, link: format!("5/{id}.jpg") };
            writes.push(Write::File { key, state: FileState::Held(place) });
        }
    }
    writes.push(Write::Deleted { chat: sample.chat, id: MessageId(5), mode: DeletionMode::Soft });
    desk.tell(writes).await;
    sample.chat
}

pub(crate) async fn a_rehearsal_says_what_pruning_removes(desk: Desk) {
    let chat = chat_of_files(&desk).await;
    let rehearsal = Rehearsal::new(SharedStore::clone(&desk));
    let figures = async || desk.chat(desk.key(chat)).await.unwrap().unwrap().figures;
    let half = moment(600) + jiff::SignedDuration::from_millis(500);
    for (before, messages, files, bytes) in [
        (moment(1), 0, 0, 0),
        (moment(7), 6, 2, 100),
        // In the middle of a second, and over more than one page.
        (half, 594, 198, 9_900),
        (moment(9_999), 600, 200, 10_000),
        (moment(9_999), 0, 0, 0),
    ] {
        let prune = || vec![Write::Prune { chat, before }, Write::Prune { chat: OTHER, before }];
        let was = figures().await;
        let told = rehearsal.write(desk.batch(prune())).await.unwrap();
        assert_eq!(figures().await, was, "nothing is written");
        let done = desk.tell(prune()).await;
        let count = |it: &Written| (it.deleted, it.removed_files, it.removed_bytes);
        assert_eq!(
            (count(&told), count(&done)),
            ((messages, files, bytes), (messages, files, bytes)),
            "{before}"
        );
        let is = figures().await;
        let went = (was.messages - is.messages, was.files - is.files, was.file_bytes - is.file_bytes);
        assert_eq!(went, count(&done), "{before}");
    }
    desk.finish().await;
}
