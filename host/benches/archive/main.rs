//! What we promise about the archive, measured: `cargo bench -p tapedeck --bench archive`.
//!
//! Texts and media are those of the simulator's generator. CPU time is that of the whole process, without what
//! generating costs. `-- --messages 50000` measures a smaller archive.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use tapedeck::{
    archive::{
        Around, Batch, ChatKey, ChatsPage, MessagePage, SearchQuery, SharedStore, Source, SqliteStore, Write,
    },
    model::{AccountName, Fetched, Message, MessageId},
    telegram::convert,
};
use tapedeck_sim::{
    World,
    telegram::make::{self, Recipe},
};

const MESSAGES: usize = 1_000_000;
const CHATS: usize = 200;
/// Messages of the smaller archives that batches of other sizes are measured with.
const SMALL: usize = 100_000;
const INDEX_STEP: usize = 5_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --benches` passes that: there is nothing to test here.
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let place = arguments.iter().position(|argument| argument == "--messages");
    let number = place.and_then(|place| arguments.get(place + 1)?.parse().ok());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure(number.unwrap_or(MESSAGES)));
}

async fn measure(messages: usize) {
    for size in [100, 1_000] {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path());
        let mut source = Generated::new(SMALL.min(messages));
        let written = write(&store, &mut source, size).await;
        written.figure(&format!("new rows, batches of {size}"));
        let mut source = Generated::new(SMALL.min(messages));
        write(&store, &mut source, size).await.figure(&format!("unchanged rows, batches of {size}"));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    write(&store, &mut Generated::new(messages), 1_000).await.figure("new rows, all of them");
    disk(&store, messages, "rows").await;
    index(&store).await.figure("indexed rows");
    disk(&store, messages, "rows and search").await;
    searches(&store).await;
    pages(&store).await;
}

fn open(folder: &Path) -> SharedStore {
    Arc::new(SqliteStore::open(&folder.join("archive.sqlite")).expect("a store"))
}

/// Rows, wall time, CPU time.
#[derive(Default)]
struct Measured {
    rows: u64,
    wall: Duration,
    cpu: Duration,
}

impl Measured {
    fn figure(&self, what: &str) {
        let per = |time: Duration| self.rows as f64 / time.as_secs_f64();
        println!("{what:<44} {:>12.0} rows/s {:>12.0} rows/CPU-s", per(self.wall), per(self.cpu));
    }
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
        let recipe = Recipe { seed: 7, messages, chats: CHATS, everything: false, ..Recipe::default() };
        let plan = world.telegram(|t| make::fill(t, &recipe));
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

async fn write(store: &SharedStore, source: &mut Generated, size: usize) -> Measured {
    let mut all = Measured::default();
    while let Some(messages) = source.next(size) {
        let mut batch = Batch::new(AccountName::main(), Source::Sweep, Timestamp::UNIX_EPOCH);
        let told = |message: Message| {
            let sender_name = message.sender.map(|sender| format!("Sender {sender}"));
            Write::Message { message: Box::new(message), sender_name }
        };
        all.rows += messages.len() as u64;
        batch.writes = messages.into_iter().map(told).collect();
        let (started, before) = (Instant::now(), cpu());
        store.write(batch).await.expect("it is written");
        all.wall += started.elapsed();
        all.cpu += cpu() - before;
    }
    all
}

async fn index(store: &SharedStore) -> Measured {
    let (started, before) = (Instant::now(), cpu());
    let mut rows = 0;
    loop {
        let indexed = store.index(INDEX_STEP).await.expect("it is indexed");
        rows += indexed.messages;
        if indexed.left == 0 {
            return Measured { rows, wall: started.elapsed(), cpu: cpu() - before };
        }
    }
}

async fn disk(store: &SharedStore, messages: usize, what: &str) {
    let bytes = store.figures().await.expect("figures").database_bytes;
    let per_million = bytes as f64 / messages as f64;
    println!("{:<44} {per_million:>12.1} MB per million messages", format!("disk, {what}"));
}

async fn searches(store: &SharedStore) {
    for (what, text) in [
        ("rare word", "34600000000"),
        ("common word", "tape"),
        ("two words", "second side"),
        ("phrase", "\"half past seven\""),
        ("CJK", "磁带"),
        ("part of a word", "ehears"),
        ("nothing", "qwxyz"),
    ] {
        let query = || SearchQuery { text: text.to_owned(), limit: 50, ..SearchQuery::default() };
        let found = store.search(query()).await.expect("an answer").found.len();
        times(&format!("search: {what} ({found} found)"), async || {
            store.search(query()).await.expect("an answer");
        })
        .await;
    }
}

async fn pages(store: &SharedStore) {
    let chats = store.chats(ChatsPage { limit: 500, ..ChatsPage::default() }).await.expect("chats");
    let largest = chats.iter().max_by_key(|chat| chat.figures.messages).expect("a chat");
    let key = ChatKey { account: largest.account.clone(), chat: largest.chat.id };
    let (oldest, newest) = (largest.figures.oldest.expect("ids"), largest.figures.newest.expect("ids"));
    let middle = MessageId(oldest.0 + (newest.0 - oldest.0) / 2);
    let (first, last) =
        (largest.figures.first_date.expect("dates"), largest.figures.last_date.expect("dates"));
    let date = Timestamp::from_second((first.as_second() + last.as_second()) / 2).expect("a date");
    for (what, around) in [
        ("newest page of 50", Around::End),
        ("page of 50 in the middle", Around::Before(middle)),
        ("jump to a date", Around::Date(date)),
    ] {
        times(what, async || {
            let page = MessagePage::new(around, 50);
            assert_eq!(store.messages(key.clone(), page).await.expect("a page").len(), 50);
        })
        .await;
    }
    let ids: Vec<MessageId> = (0..100).map(|step| MessageId(newest.0 - step)).collect();
    times("deletions without a chat, 100 ids", async || {
        store.find_without_chat(AccountName::main(), ids.clone()).await.expect("an answer");
    })
    .await;
    times("list of 50 chats", async || {
        store.chats(ChatsPage { limit: 50, ..ChatsPage::default() }).await.expect("an answer");
    })
    .await;
}

/// The median and the worst of a hundred but one.
async fn times(what: &str, question: impl AsyncFn()) {
    const ROUNDS: usize = 200;
    let mut walls = Vec::with_capacity(ROUNDS);
    let before = cpu();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        question().await;
        walls.push(started.elapsed());
    }
    let cpu = (cpu() - before).as_secs_f64() * 1_000.0 / ROUNDS as f64;
    walls.sort_unstable();
    let at = |share: f64| walls[((ROUNDS - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!("{what:<44} {:>9.3} ms p50 {:>9.3} ms p99 {cpu:>9.3} ms CPU", at(0.5), at(0.99));
}

/// What this process has used so far.
fn cpu() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), u32::try_from(used.tv_nsec).unwrap_or(0))
}
