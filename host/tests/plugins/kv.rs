//! `kv`: a room for each plugin, with a quota, over restarts.

use crate::support::{
    Deck,
    probe::{NAME, table},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_outlive_the_daemon() {
    let deck = Deck::with_probe(&["kv=1KiB"]).await;
    deck.judge(&["kv-store song/1 one", "kv-store song/2 two"]).await.unwrap();
    assert_eq!(deck.find("kv-load song/1").await.unwrap(), "one", "whichever way it is called");
    let folder = deck.finish_and_keep().await;
    let deck = Deck::probe_in(folder, &["kv=1KiB"], |_, _| {}).await;
    assert_eq!(deck.ask("kv-names song/").await, "song/1 song/2");
    assert_eq!(deck.judge(&["kv-remove song/1", "kv-load song/1"]).await.unwrap(), "nothing");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quotas_are_kept_to_the_byte() {
    let deck = Deck::with_probe(&["kv=100B"]).await;
    assert_eq!(deck.judge(&["kv-fill key 97"]).await.unwrap(), "");
    let full = deck.ask("kv-fill kez 1").await;
    assert!(full.contains("104 bytes would be used, 100 are granted"), "{full}");
    let larger = deck.ask("kv-fill key 98").await;
    assert!(larger.contains("101 bytes would be used"), "{larger}");
    assert_eq!(deck.state.plugin_kv.used(NAME).unwrap(), 100, "what was refused has changed nothing");
    // What was asked for is no bound: the grant is.
    deck.plugins.approve(&NAME.parse().unwrap(), "kv=200B".parse().unwrap(), "ann").unwrap();
    assert_eq!(deck.ask("kv-fill kez 1").await, "");
    let key = deck.ask(&format!("kv-load {}", "k".repeat(513))).await;
    assert!(key.contains("a key has 1 to 512 bytes"), "{key}");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plugins_do_not_see_one_another() {
    let deck = Deck::with_probe_and(&["kv=1KiB"], |plan, _| {
        let mut other = table(plan, NAME, &["kv=1KiB"]);
        other.settings = serde_json::json!({ "select-chat": "kv-load key" });
        plan.tables.insert("other".parse().unwrap(), other);
    })
    .await;
    deck.state.plugin_kv.set("other", b"key", b"of the other", 100).unwrap();
    assert_eq!(deck.ask("kv-load key").await, "nothing");
    assert_eq!(deck.ask("kv-names k").await, "");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_behind_is_told_and_forgotten() {
    let mut deck = Deck::with_probe(&[]).await;
    let name = NAME.parse().unwrap();
    deck.plugins.approve(&name, "kv=1KiB".parse().unwrap(), "ann").unwrap();
    deck.judge(&["kv-store key value"]).await.unwrap();
    assert_eq!(deck.plugins.remains().unwrap(), []);
    let table = deck.tables.remove(&name).unwrap();
    deck.apply().await;
    let remains = deck.plugins.remains().unwrap();
    assert_eq!(remains.len(), 1);
    assert_eq!((remains[0].name.as_str(), remains[0].kv_bytes, remains[0].decisions), (NAME, 8, 1));
    // It comes back, and finds what it had.
    deck.tables.insert(name.clone(), table);
    deck.apply().await;
    assert_eq!(deck.ask("kv-load key").await, "value");
    let forgotten = deck.plugins.forget(&name, true, false).unwrap();
    assert_eq!((forgotten.values, forgotten.decisions), (1, 0));
    assert_eq!(deck.ask("kv-load key").await, "nothing");
    assert_eq!(deck.plugins.forget(&name, true, true).unwrap().decisions, 1);
    assert!(crate::support::probe::is_denied(&deck.ask("kv-load key").await), "at once");
    deck.finish().await;
}
