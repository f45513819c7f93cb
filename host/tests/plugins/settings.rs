//! Settings: refused where they are set, and kept to themselves where they are secret.

use serde_json::json;
use tapedeck::{
    model::PluginState,
    plugin_host::{Failure, Secrets},
};

use crate::support::{Deck, probe::NAME};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_settings_show_at_load() {
    let deck = Deck::with_probe_and(&[], |_, table| {
        table.settings = json!({ "configure": "fail settings" });
    })
    .await;
    let view = deck.view(NAME).unwrap();
    let PluginState::Broken { reason } = &view.state else { panic!("{:?}", view.state) };
    assert!(
        reason.starts_with("it refuses its settings: ") && reason.contains("as it was asked to"),
        "{reason}"
    );
    assert!(deck.log(NAME).last().unwrap().starts_with("error: Cannot be loaded: it refuses its settings"));
    assert_eq!(view.figures.calls, 0);
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_settings_stay_while_new_are_refused() {
    let mut deck = Deck::with_probe(&[]).await;
    let table = deck.tables.get_mut(NAME).unwrap();
    table.settings = json!({ "configure": "trap" });
    deck.apply().await;
    let view = deck.view(NAME).unwrap();
    assert_eq!(view.state, PluginState::Ready);
    assert!(view.problem.unwrap().contains("stopped in the middle"));
    assert_eq!(deck.ask("settings").await, "{}");
    deck.tables.get_mut(NAME).unwrap().settings = json!({ "push": "nothing" });
    deck.apply().await;
    assert_eq!(deck.view(NAME).unwrap().problem, None);
    assert_eq!(deck.ask("settings").await, r#"{"push":"nothing"}"#);
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_a_grant_is_left_to_the_first_call() {
    // Tried with nothing granted, it fails; with what it was granted, it works.
    let deck = Deck::with_probe_and(&["kv=1KiB"], |_, table| {
        table.settings = json!({ "configure": "kv-store started yes" });
    })
    .await;
    assert_eq!(deck.view(NAME).unwrap().state, PluginState::Ready);
    assert_eq!(deck.state.plugin_kv.used(NAME).unwrap(), 0, "the trial has stored nothing");
    assert!(!deck.log(NAME).iter().any(|line| line.contains("may not use")), "nobody was refused");
    assert_eq!(deck.ask("kv-load started").await, "yes");
    deck.withdraw("kv");
    let Err(Failure::Guest(refused)) = deck.find("settings").await else { panic!("it works without") };
    assert!(refused.to_string().contains("refuses its settings"), "{refused}");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_stay_out_of_all_that_is_shown() {
    const SECRET: &str = "hunter2-hunter2";
    let deck = Deck::with_probe_and(&[], |_, table| {
        table.settings = json!({ "finish": SECRET, "push": "open" });
        table.secrets = Secrets::among(&table.settings, &json!({ "finish": "•••", "push": "open" }));
        assert!(!format!("{table:?}").contains(SECRET));
    })
    .await;
    assert!(deck.find("settings").await.unwrap().contains(SECRET), "the plugin itself gets it");
    let reason = deck.judge(&["settings"]).await.unwrap();
    assert!(reason.contains(r#""finish":"•••""#) && !reason.contains(SECRET), "{reason}");
    for request in
        ["log 3 the key is hunter2-hunter2", "stdout hunter2-hunter2", "stderr open hunter2-hunter2"]
    {
        deck.judge(&[request]).await.unwrap();
        deck.find(request).await.unwrap();
    }
    let failed = deck.ask("fail hunter2-hunter2").await;
    assert!(failed.contains("code •••"), "{failed}");
    assert!(deck.find(&format!("kv-load {SECRET}")).await.is_err());
    let shown = serde_json::to_string(&deck.view(NAME).unwrap()).unwrap();
    assert!(!shown.contains(SECRET), "{shown}");
    let log = deck.log(NAME);
    assert!(log.iter().any(|line| line == "info: the key is •••"), "{log:?}");
    assert!(log.iter().any(|line| line == "warn: open •••"), "{log:?}");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_stay_out_of_what_settings_are_refused_with() {
    let deck = Deck::with_probe_and(&[], |_, table| {
        table.settings = json!({ "configure": "fail hunter2-hunter2", "push": "hunter2-hunter2" });
        table.secrets =
            Secrets::among(&table.settings, &json!({ "configure": "fail hunter2-hunter2", "push": "•••" }));
    })
    .await;
    let view = deck.view(NAME).unwrap();
    let PluginState::Broken { reason } = &view.state else { panic!("{:?}", view.state) };
    assert!(reason.contains("•••") && !reason.contains("hunter2"), "{reason}");
    assert!(!deck.log(NAME).join(" ").contains("hunter2"));
    deck.finish().await;
}
