//! Rows that are not what was written. What flips their bits is the engine's own affair: see [`Damage`].

use super::*;
use crate::{
    archive::{Compared, DeletionMode, IdRange},
    model::{Entity, EntityKind, Reactions},
};

/// How an engine's rows are damaged behind its back.
pub(crate) struct Damage<R> {
    pub(crate) run: R,
    /// Sets another date.
    pub(crate) misdate: &'static str,
    /// Sets a detail that cannot be read.
    pub(crate) garble: &'static str,
    /// The table that senders' names lie in.
    pub(crate) names: &'static str,
}

impl<R: AsyncFn(String)> Damage<R> {
    async fn set(&self, text: &str, what: &str) {
        (self.run)(format!("update messages set {what} where text = '{text}'")).await;
    }

    async fn unseal(&self) {
        (self.run)("update messages set flags = flags & 65535".to_owned()).await;
    }
}

/// With something to say in every row.
fn rows() -> Vec<Message> {
    let row = |id| {
        let bold = Entity { offset: 0, length: 3, kind: EntityKind::Bold };
        let plain = worlds::plain(GROUP, id, &format!("row {id}"));
        Message { sender: Some(ADA), entities: vec![bold], views: Some(3), ..plain }
    };
    (1..=9).map(row).collect()
}

fn named(message: &Message) -> Write {
    Write::Message { message: Box::new(message.clone()), sender_name: Some("Ada".into()) }
}

fn mended(message: &Message) -> Write {
    Write::Mended { message: Box::new(message.clone()), sender_name: Some("Ada".into()) }
}

fn numbers(compared: &Compared) -> Vec<i32> {
    compared.damaged.iter().map(|id| id.0).collect()
}

async fn compared(desk: &Desk) -> Compared {
    desk.compare(desk.key(GROUP), None, 100).await.unwrap()
}

pub(crate) async fn damaged_rows_are_found_and_mended(desk: Desk, damage: Damage<impl AsyncFn(String)>) {
    let rows = rows();
    desk.tell(rows.iter().map(named).collect()).await;
    let before = desk.chat(desk.key(GROUP)).await.unwrap().unwrap();
    damage.set("row 2", "text = 'sow 2'").await;
    damage.set("row 3", "detail = null").await;
    damage.set("row 4", damage.misdate).await;
    damage.set("row 5", "views = 1027").await;
    damage.set("row 6", damage.garble).await;
    let found = compared(&desk).await;
    assert_eq!((found.rows, found.unsealed, numbers(&found)), (9, 0, vec![2, 3, 4, 5, 6]));
    assert_eq!(found.range, IdRange::new(MessageId(1), MessageId(9)));
    // What happens to a row afterwards makes nobody believe it.
    let reactions = Box::new(Reactions::default());
    desk.tell(vec![
        told(Message { views: Some(4), ..rows[1].clone() }),
        Write::Pinned { chat: GROUP, ids: vec![MessageId(2), MessageId(7)], is_pinned: true },
        Write::Deleted { chat: GROUP, id: MessageId(3), mode: DeletionMode::Soft },
        Write::Deleted { chat: GROUP, id: MessageId(8), mode: DeletionMode::Soft },
        Write::Reactions { chat: GROUP, id: MessageId(5), reactions },
        told(Message { forwards: Some(1), ..rows[8].clone() }),
    ])
    .await;
    assert_eq!(numbers(&compared(&desk).await), [2, 3, 4, 5, 6]);
    let mut again: Vec<Write> = rows[1..6].iter().map(mended).collect();
    let changed = Message { text: "row 9 again".into(), edited: Some(moment(9)), ..rows[8].clone() };
    again.push(mended(&changed));
    let written = desk.tell(again).await;
    assert_eq!((written.changed, written.refused), (6, 0));
    assert_eq!(numbers(&compared(&desk).await), Vec::<i32>::new());
    for message in &rows[1..6] {
        let stored = desk.get(GROUP, message.id.0).await.unwrap();
        assert_eq!((&stored.message, stored.sender_name.as_deref()), (message, Some("Ada")));
        assert_eq!(stored.deleted.is_some(), message.id.0 == 3);
        assert_eq!(stored.versions, 0, "a flipped bit is no edit");
    }
    let stored = desk.get(GROUP, 9).await.unwrap();
    assert_eq!((stored.message.text.as_str(), stored.versions), ("row 9 again", 1), "it was sound: an edit");
    let after = desk.chat(desk.key(GROUP)).await.unwrap().unwrap();
    assert_eq!(after.figures.first_date, before.figures.first_date);
    assert_eq!(after.figures.last_date, before.figures.last_date);
    desk.finish().await;
}

/// One name is that of many rows.
pub(crate) async fn a_damaged_name_of_a_sender_is_mended(desk: Desk, damage: Damage<impl AsyncFn(String)>) {
    let rows = rows();
    desk.tell(rows.iter().map(named).collect()).await;
    desk.tell(vec![told(Message { sender: None, ..worlds::plain(GROUP, 10, "of nobody") })]).await;
    // One bit of its last letter.
    (damage.run)(format!("update {} set name = 'Ad`' where name = 'Ada'", damage.names)).await;
    assert_eq!(desk.get(GROUP, 1).await.unwrap().sender_name.as_deref(), Some("Ad`"));
    assert_eq!(numbers(&compared(&desk).await), (1..=9).collect::<Vec<_>>());
    let written = desk.tell(rows[..5].iter().map(mended).collect()).await;
    assert_eq!((written.changed, written.refused), (5, 0));
    assert_eq!(numbers(&compared(&desk).await), [6, 7, 8, 9], "nobody has told these again");
    desk.tell(rows.iter().map(mended).collect()).await;
    for message in &rows {
        let stored = desk.get(GROUP, message.id.0).await.unwrap();
        assert_eq!((&stored.message, stored.sender_name.as_deref()), (message, Some("Ada")));
    }
    let later = Message { id: MessageId(11), ..rows[0].clone() };
    desk.tell(vec![named(&later)]).await;
    assert_eq!(desk.get(GROUP, 11).await.unwrap().sender_name.as_deref(), Some("Ada"));
    desk.finish().await;
}

pub(crate) async fn the_only_copy_of_a_row_stays(desk: Desk, damage: Damage<impl AsyncFn(String)>) {
    let photo = worlds::talk(4, 400, 6).into_iter().find(|message| message.media.is_some()).unwrap();
    let photo = Message { chat: GROUP, id: MessageId(1), text: "row 1".into(), ..photo };
    desk.tell(vec![named(&photo), named(&rows()[1])]).await;
    damage.set("row 1", "text = 'sow 1'").await;
    damage.set("row 2", "text = 'sow 2'").await;
    let without_media = mended(&Message { media: None, ..photo.clone() });
    let without_text = mended(&Message { text: String::new(), ..rows()[1].clone() });
    let written = desk.tell(vec![without_media, without_text]).await;
    assert_eq!((written.changed, written.refused), (0, 2));
    assert_eq!(desk.get(GROUP, 1).await.unwrap().message.media, photo.media);
    assert_eq!(desk.get(GROUP, 2).await.unwrap().message.text, "sow 2");
    assert_eq!(numbers(&compared(&desk).await), [1, 2]);
    desk.tell(vec![mended(&photo), mended(&rows()[1])]).await;
    desk.finish().await;
}

pub(crate) async fn rows_without_a_checksum_are_sealed(desk: Desk, damage: Damage<impl AsyncFn(String)>) {
    let world = worlds::everything(19, 600);
    desk.tell(world.iter().cloned().map(told).collect()).await;
    let unreadable = worlds::plain(OTHER, 1, "row 1");
    desk.tell(vec![told(unreadable.clone())]).await;
    damage.unseal().await;
    damage.set("row 1", damage.garble).await;
    desk.tell(vec![Write::Sealed { chat: OTHER, range: IdRange::of(MessageId(1)) }]).await;
    let found = desk.compare(desk.key(OTHER), None, 9).await.unwrap();
    assert_eq!((found.unsealed, numbers(&found)), (0, vec![1]), "what cannot be read is not sealed");
    desk.tell(vec![mended(&unreadable)]).await;
    let again = desk.tell(world.iter().cloned().map(told).collect()).await;
    assert_eq!(again.unchanged, world.len() as u64, "an older archive is not written anew");
    let chats: std::collections::BTreeSet<PeerId> = world.iter().map(|message| message.chat).collect();
    for chat in chats {
        let (mut after, mut rows) = (None, 0);
        loop {
            let page = desk.compare(desk.key(chat), after, 7).await.unwrap();
            let Some(range) = page.range else { break };
            assert_eq!((page.unsealed, page.damaged.len()), (page.rows, 0));
            rows += page.rows;
            desk.tell(vec![Write::Sealed { chat, range }]).await;
            after = Some(range.last);
        }
        assert_eq!(rows, world.iter().filter(|message| message.chat == chat).count() as u64);
    }
    let again = desk.tell(world.iter().cloned().map(told).collect()).await;
    assert_eq!(again.unchanged, world.len() as u64);
    desk.finish().await;
}
