//! What the store alone does with rows: new ones, and those that it knows.

use std::{sync::Arc, time::Instant};

use jiff::Timestamp;
use tapedeck::{
    archive::{Batch, SharedStore, Source, Write},
    model::{AccountName, Fetched, Message},
    telegram::convert,
};
use tapedeck_sim::{World, telegram::make};

use super::{
    CHATS,
    figures::{cpu, figure},
    served::recipe,
};

/// As a sweep writes them.
const PAGE: usize = 100;

pub(crate) async fn measure(store: &SharedStore, messages: usize) {
    write(store, messages, "new rows").await;
    write(store, messages, "unchanged rows").await;
}

async fn write(store: &SharedStore, messages: usize, what: &str) {
    let mut source = Generated::new(messages);
    let (mut rows, mut wall, mut used) = (0, std::time::Duration::ZERO, std::time::Duration::ZERO);
    while let Some(messages) = source.next(PAGE) {
        let mut batch = Batch::new(AccountName::main(), Source::Sweep, Timestamp::UNIX_EPOCH);
        let told = |message: Message| {
            let sender_name = message.sender.map(|sender| format!("Sender {sender}"));
            Write::Message { message: Box::new(message), sender_name }
        };
        rows += messages.len();
        batch.writes = messages.into_iter().map(told).collect();
        let (started, before) = (Instant::now(), cpu());
        store.write(batch).await.expect("it is written");
        wall += started.elapsed();
        used += cpu() - before;
    }
    figure(&format!("{what}, {PAGE} a batch"), rows as f64 / wall.as_secs_f64(), "rows/s", "");
    figure(&format!("{what}, {PAGE} a batch"), rows as f64 / used.as_secs_f64(), "rows/CPU-s", "");
}

/// Chat by chat, the oldest first, as a sweep brings them.
struct Generated {
    world: World,
    plan: Arc<make::Plan>,
    chat: usize,
    after: i32,
}

impl Generated {
    fn new(messages: usize) -> Self {
        let world = World::default();
        let plan = world.telegram(|t| make::fill(t, &recipe(messages, CHATS)));
        Self { world, plan, chat: 0, after: 0 }
    }

    /// Of one chat.
    fn next(&mut self, most: usize) -> Option<Vec<Message>> {
        while let Some(chat) = self.plan.chats.get(self.chat) {
            let found: Vec<Message> = self.world.telegram(|t| {
                let history = t.history(self.plan.me(), make::peer_of(chat)).expect("it was made");
                let made = history.ids_from(self.after + 1).filter_map(|id| history.get(id));
                let message = |made| match convert::fetched(made) {
                    Fetched::Message(message) => Some(*message),
                    Fetched::Missing { .. } => None,
                };
                made.filter_map(|made| message(made.into_owned())).take(most).collect()
            });
            if let Some(last) = found.last() {
                self.after = last.id.0;
                return Some(found);
            }
            (self.chat, self.after) = (self.chat + 1, 0);
        }
        None
    }
}
