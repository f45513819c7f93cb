use super::*;
use crate::{
    archive::{Around, IdRange, MessagePage},
    model::Extra,
};

/// A small generator of our own: the same shuffles on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, of: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % of
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for place in (1..list.len()).rev() {
            list.swap(place, self.below(place + 1));
        }
    }
}

/// Somebody who saw less of the same message: live, before its previews, edits and counts.
fn early(message: &Message) -> Message {
    let mut early = message.clone();
    early.reactions = None;
    early.views = early.views.map(|views| views / 2);
    early.fact_check = None;
    early.extra = Extra::default();
    if message.edited.is_some() && !message.marks.hides_edit && !message.text.is_empty() {
        early.text = format!("{} (draft)", message.text);
        early.entities = Vec::new();
        early.edited = None;
        early.marks.hides_edit = false;
    }
    early
}

/// What is there in the end: rows, coverage, cursors, counts.
async fn state(
    desk: &Desk,
    chats: &[PeerId],
) -> Vec<(Vec<Message>, crate::archive::ChatSync, crate::archive::ChatFigures)> {
    let mut all = Vec::new();
    for chat in chats {
        let page = MessagePage::new(Around::After(MessageId(i32::MIN)), 10_000);
        let messages = desk.messages(desk.key(*chat), page).await.unwrap();
        let figures = desk.chat(desk.key(*chat)).await.unwrap().unwrap().figures;
        all.push((
            messages.into_iter().map(|it| it.message).collect(),
            desk.sync(desk.key(*chat)).await.unwrap(),
            figures,
        ));
    }
    all
}

/// Sweep, listener, fill and import tell the same messages in pieces, some early and some late: however they
/// come, the archive is the same in the end.
pub(crate) async fn any_order_gives_the_same_archive(desk: Desk) {
    let world = worlds::everything(51, 700);
    let mut chats: Vec<PeerId> = world.iter().map(|message| message.chat).collect();
    chats.sort_unstable();
    chats.dedup();
    let accounts = ["a", "b", "c", "d"].map(|name| name.parse::<AccountName>().unwrap());
    let mut states = Vec::new();
    let mut dice = Dice(7);
    for (round, account) in accounts.into_iter().enumerate() {
        let desk = Desk { account, fresh: Fresh { store: desk.fresh.store.clone(), kept: Box::new(()) } };
        let mut batches: Vec<Vec<Write>> = Vec::new();
        for chat in &chats {
            let messages: Vec<&Message> = world.iter().filter(|message| message.chat == *chat).collect();
            for page in messages.chunks(40) {
                let range = IdRange { first: page[0].id, last: page[page.len() - 1].id };
                let mut sweep: Vec<Write> = page.iter().map(|message| told((*message).clone())).collect();
                sweep.push(Write::Covered { chat: *chat, range });
                sweep.push(Write::Cursor { chat: *chat, to: range.last });
                batches.push(sweep);
                for part in page.chunks(7) {
                    batches.push(part.iter().map(|message| told(early(message))).collect());
                }
            }
        }
        if round > 0 {
            dice.shuffle(&mut batches);
        }
        for mut writes in batches {
            // Rows before what speaks of them; among themselves in any order.
            let rows = writes.iter().take_while(|write| matches!(write, Write::Message { .. })).count();
            if round > 0 {
                dice.shuffle(&mut writes[..rows]);
            }
            desk.write(desk.batch(writes)).await.unwrap();
        }
        states.push(state(&desk, &chats).await);
    }
    let (first, others) = states.split_first().unwrap();
    let messages: Vec<&Message> = first.iter().flat_map(|it| &it.0).collect();
    assert_eq!(messages.len(), world.len());
    for message in messages {
        let wanted = world.iter().find(|it| it.chat == message.chat && it.id == message.id).unwrap();
        assert_eq!(message, wanted, "as the world is");
    }
    for other in others {
        assert_eq!(other, first);
    }
    desk.finish().await;
}
