use std::{fs, os::unix::fs::symlink};

use tapedeck::model::PluginState;

use crate::support::{Deck, filter};

#[tokio::test]
async fn files_that_are_no_plugins_say_why() {
    let deck = Deck::start(|_| {});
    let whole = filter("good", "1.0.0").component();
    fs::write(deck.file("text.wasm"), "hello").unwrap();
    fs::write(deck.file("half.wasm"), &whole[..whole.len() / 2]).unwrap();
    fs::write(deck.file("none.wasm"), "").unwrap();
    fs::create_dir(deck.file("folder.wasm")).unwrap();
    symlink("/etc/passwd", deck.file("link.wasm")).unwrap();
    deck.put("good.wasm", &filter("good", "1.0.0"));
    for (name, told) in [
        ("text", "a text file"),
        ("half", "ends in the middle"),
        ("none", "is empty"),
        ("folder", "a folder"),
        ("link", "leads out of the folder"),
    ] {
        let is_told = |deck: &Deck| match deck.view(name).map(|view| view.state) {
            Some(PluginState::Broken { reason }) => reason.contains(told) && reason.contains(".wasm"),
            _ => false,
        };
        deck.until(told, is_told).await;
    }
    deck.until("the good one works", |deck| deck.view("good").unwrap().state == PluginState::Ready).await;
    deck.finish().await;
}
