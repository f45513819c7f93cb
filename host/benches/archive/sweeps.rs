//! From the simulated Telegram to rows that can be found.

use std::{sync::Arc, time::Instant};

use tapedeck::{
    archive::{Around, ChatKey, ChatsPage, MessagePage, SharedStore},
    capture::{Capture, Sweep, Tell},
    clock::SystemClock,
    lifecycle::Lifecycle,
    model::AccountName,
};

use super::{
    Task,
    figures::{cpu, figure, forget_peak, peak_mib, resident_mib},
    served::connect,
};

/// As the job `archive` does it.
const INDEX_STEP: usize = 5_000;

pub(crate) async fn measure(store: &SharedStore, task: &Task) {
    let lifecycle = Lifecycle::default();
    let client = connect(task.hello.as_ref().expect("a hello"), &lifecycle);
    let types = serde_json::json!({ "types": ["private", "bots", "groups", "channels"] });
    let capture = Capture {
        account: AccountName::main(),
        client: client.clone(),
        store: store.clone(),
        section: serde_json::from_value(types).expect("a section"),
        plugins: None,
        clock: Arc::new(SystemClock),
    };
    forget_peak();
    let (base, started, before) = (resident_mib(), Instant::now(), cpu());
    let (swept, ended) = Sweep { capture: capture.clone(), tell: Tell::nobody() }.run().await;
    ended.expect("it sweeps");
    let (captured, used) = (started.elapsed(), cpu() - before);
    let mut indexed = 0;
    loop {
        let step = store.index(INDEX_STEP).await.expect("it is indexed");
        indexed += step.messages;
        if step.left == 0 {
            break;
        }
    }
    let (whole, all) = (started.elapsed(), cpu() - before);
    let new = swept.new as f64;
    assert!(indexed >= swept.new, "{indexed} of {}", swept.new);
    figure("captured: Telegram to rows", new / captured.as_secs_f64(), "messages/s", "");
    figure("captured: Telegram to rows", new / used.as_secs_f64(), "messages/CPU-s", "");
    figure("captured and indexed: Telegram to search", new / whole.as_secs_f64(), "messages/s", "");
    figure(
        "captured and indexed: Telegram to search",
        new / all.as_secs_f64(),
        "messages/CPU-s",
        "aim 21,000 or more",
    );
    figure("memory meanwhile, at most", peak_mib(), "MiB resident", "aim 64 or less");
    figure("memory before", base, "MiB resident", "");
    let again = Instant::now();
    let before = cpu();
    Sweep { capture, tell: Tell::nobody() }.run().await.1.expect("it sweeps");
    figure("a sweep that finds nothing new, wall", again.elapsed().as_secs_f64() * 1e3, "ms", "");
    figure("a sweep that finds nothing new, CPU", (cpu() - before).as_secs_f64() * 1e3, "ms", "");
    disk(store, swept.new).await;
    lifecycle.drain();
    client.close();
}

async fn disk(store: &SharedStore, messages: u64) {
    let figures = store.figures().await.expect("figures");
    let per_million = figures.database_bytes as f64 / messages as f64;
    figure("disk of a million messages with search", per_million, "MB", "aim 150 or less (SQLite)");
    let mut texts = Vec::new();
    for chat in store.chats(ChatsPage { limit: 200, ..ChatsPage::default() }).await.expect("chats") {
        let key = ChatKey { account: chat.account, chat: chat.chat.id };
        let page = MessagePage::new(Around::End, 100);
        texts.extend(store.messages(key, page).await.expect("a page").into_iter().map(|it| it.message));
    }
    let count = texts.len() as f64;
    let bytes: usize = texts.iter().map(|it| it.text.len()).sum();
    let letters: usize = texts.iter().map(|it| it.text.chars().count()).sum();
    let media = texts.iter().filter(|it| it.media.is_some()).count();
    figure("of it the text of a message, on average", bytes as f64 / count, "bytes", "");
    figure("which is", letters as f64 / count, "letters", "");
    figure("messages with media", media as f64 * 100.0 / count, "%", "");
}
