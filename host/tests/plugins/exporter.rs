//! Exporters: sessions from the first byte to the last, and those that end in the middle.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tapedeck::{
    model::{Chat, Period, PluginName},
    plugin_host::{ExportOptions, ExporterSession, Failure, Limit, Piece, PluginSettings},
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    Deck, message, messages,
    probe::{NAME, built, table},
};

fn chat() -> Chat {
    serde_json::from_value(json!({ "id": -1_000_000_000_007_i64, "kind": "supergroup", "title": "Club" }))
        .unwrap()
}

fn options(format: &str) -> ExportOptions {
    ExportOptions {
        format: format.into(),
        parameters: serde_json::Map::new(),
        created: jiff::Timestamp::UNIX_EPOCH,
        account: None,
        is_single_chat: true,
        has_facts_if_full: false,
        extra: Vec::new(),
    }
}

async fn probe(settings: Value, edit: impl FnOnce(&mut PluginSettings)) -> Deck {
    Deck::with_probe_and(&["scratch=1KiB"], |_, table| {
        table.settings = settings;
        edit(table);
    })
    .await
}

/// On a thread that may wait.
async fn export<T: Send + 'static>(
    deck: &Deck,
    name: &str,
    work: impl FnOnce(ExporterSession) -> T + Send + 'static,
) -> T {
    let name: PluginName = name.parse().unwrap();
    let exporter = deck.plugins.exporter(&name);
    let export = move || {
        let format = exporter.formats().unwrap().remove(0).name;
        work(exporter.open(&options(&format)).unwrap())
    };
    tokio::task::spawn_blocking(export).await.unwrap()
}

fn text(pieces: &[Piece]) -> String {
    assert!(pieces.iter().all(|piece| piece.path.is_empty()));
    pieces.iter().map(|piece| std::str::from_utf8(&piece.content).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bundled_json_is_one_document() {
    let deck = Deck::with_probe_and(&[], |plan, _| {
        let exporter = table(plan, "json", &[]);
        plan.tables.insert("json".parse().unwrap(), exporter);
    })
    .await;
    let written = export(&deck, "json", |mut session| {
        let mut written = text(&session.begin_chat(&chat(), &[]).unwrap());
        session.introduce(&[]).unwrap();
        for batch in [messages(500), vec![message(501, "quotes \" and \n lines, 🎵")]] {
            written += &text(&session.push(&batch, None, None).unwrap());
        }
        written + &text(&session.finish().unwrap())
    })
    .await;
    let document: Value = serde_json::from_str(&written).unwrap();
    let listed = document["messages"].as_array().unwrap();
    assert_eq!(listed.len(), 501, "{}", &written[..200]);
    assert!(listed[500].to_string().contains("quotes \\\" and \\n lines, 🎵"), "{}", listed[500]);
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_remember_to_their_end() {
    let deck = probe(json!({}), |_| {}).await;
    let ended = export(&deck, NAME, |mut session| {
        session.begin_chat(&chat(), &[]).unwrap();
        session.push(&messages(3), None, None).unwrap();
        session.push(&messages(4), None, None).unwrap();
        text(&session.finish().unwrap())
    })
    .await;
    assert_eq!(ended, "probe: 1 chats, 0 people, 7 messages\n");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_in_the_middle_ends_the_session() {
    for end in ["trap", "loop", "panic"] {
        let settings = json!({ "begin-chat": "scratch-write a text", "push": end });
        let deck = probe(settings, |table| table.limits.deadline = Period(Duration::from_millis(200))).await;
        let (session, failures) = export(&deck, NAME, |mut session| {
            session.begin_chat(&chat(), &[]).unwrap();
            let failures = [(); 2].map(|()| session.push(&messages(1), None, None).unwrap_err());
            (session, failures)
        })
        .await;
        assert!(
            matches!(failures[0].failure, Failure::Trap { .. } | Failure::Timeout { .. }),
            "{end}: {failures:?}"
        );
        // Whoever goes on with it hears that, and nothing reaches the guest.
        assert!(failures[1].to_string().contains("this export has failed already"), "{failures:?}");
        assert_eq!(deck.rooms(), 0, "its files do not wait for who keeps the session");
        let after = tokio::task::spawn_blocking(move || session.finish()).await.unwrap();
        assert!(after.unwrap_err().to_string().contains("failed already"));
        // The next one begins afresh.
        let begun = export(&deck, NAME, |mut session| text(&session.begin_chat(&chat(), &[]).unwrap())).await;
        assert_eq!(begun, "chat -1000000000007 with 0 topics\n");
        deck.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_own_refusals_do_not_end_it() {
    let deck = probe(json!({ "push": "fail temporary" }), |_| {}).await;
    let ended = export(&deck, NAME, |mut session| {
        session.begin_chat(&chat(), &[]).unwrap();
        for _ in 0..2 {
            let refused = session.push(&messages(2), None, None).unwrap_err();
            assert!(refused.is_temporary(), "{refused}");
        }
        text(&session.finish().unwrap())
    })
    .await;
    assert_eq!(ended, "probe: 1 chats, 0 people, 4 messages\n");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_last_for_one_session() {
    let settings = json!({ "begin-chat": "scratch-append a text", "push": "scratch-entries" });
    let deck = probe(settings, |_| {}).await;
    for _ in 0..2 {
        let (session, listed) = export(&deck, NAME, |mut session| {
            session.begin_chat(&chat(), &[]).unwrap();
            let listed = text(&session.push(&messages(1), None, None).unwrap());
            (session, listed)
        })
        .await;
        assert_eq!((listed.as_str(), deck.rooms()), ("a 4\n", 1));
        drop(session);
        assert_eq!(deck.rooms(), 0);
    }
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_out_of_the_export_are_garbage() {
    for path in ["../escape", "/etc/passwd"] {
        let deck = probe(json!({ "finish": format!("path {path}") }), |_| {}).await;
        let failed = export(&deck, NAME, |session| session.finish().unwrap_err()).await;
        assert!(matches!(failed.failure, Failure::Garbage { .. }), "{failed}");
        deck.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_of_the_host_are_garbage() {
    for path in ["media/-7/1.jpg", "MEDIA/x", ".tapedeck-export.json", ".pages.0001.json", "a/.b"] {
        let deck = probe(json!({ "push": format!("path {path}") }), |_| {}).await;
        let failed =
            export(&deck, NAME, |mut session| session.push(&messages(1), None, None).unwrap_err()).await;
        assert!(matches!(failed.failure, Failure::Garbage { .. }), "{failed}");
        let words = failed.to_string();
        assert!(words.starts_with("plugin probe ") && words.contains(path), "{words}");
        deck.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_export_writes_has_an_end() {
    let deck = probe(json!({ "push": "bytes 1000" }), |table| table.limits.export_bytes = 2_500).await;
    for _ in 0..2 {
        let failed = export(&deck, NAME, |mut session| {
            for _ in 0..2 {
                assert_eq!(session.push(&messages(1), None, None).unwrap()[0].content.len(), 1_000);
            }
            session.push(&messages(1), None, None).unwrap_err()
        });
        let failed = failed.await;
        assert!(
            matches!(failed.failure, Failure::Limit { which: Limit::ExportBytes { limit: 2_500 } }),
            "each export is counted by itself: {failed}"
        );
        assert!(failed.to_string().contains("limits.export_bytes") && !failed.is_temporary(), "{failed}");
    }
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_one_export_have_an_end() {
    let settings = json!({ "begin-chat": "pieces 1000", "push": "path a/b/1.txt", "finish": "path a/2.txt" });
    let deck = probe(settings, |table| table.limits.export_files = 4).await;
    let failed = export(&deck, NAME, |mut session| {
        assert_eq!(session.begin_chat(&chat(), &[]).unwrap().len(), 1_000, "of one file");
        session.push(&messages(1), None, None).unwrap();
        session.push(&messages(1), None, None).unwrap();
        session.finish().unwrap_err()
    })
    .await;
    assert!(
        matches!(failed.failure, Failure::Limit { which: Limit::ExportFiles { limit: 4 } }),
        "folders count, too: {failed}"
    );
    deck.finish().await;
}

/// A home has files whose names everybody knows.
#[test]
fn a_call_writes_over_nothing_beside_its_output() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("profile.sh");
    std::fs::write(&profile, "mine").unwrap();
    for (path, code) in [("profile.sh", 2), ("other.sh", 2), (".bashrc", 1)] {
        let settings = json!({ "push": format!("path {path}") }).to_string();
        let called = std::process::Command::new(env!("CARGO_BIN_EXE_tapedeck"))
            .args(["plugins", "call"])
            .arg(built(NAME))
            .args(["--kind", "exporter", "--text", "hi", "--settings", &settings, "--cache"])
            .arg(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugin-cache"))
            .arg("--output")
            .arg(folder.path().join("out.json"))
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&called.stderr);
        assert_eq!(called.status.code(), Some(code), "{path}: {said}");
        assert_eq!(std::fs::read_to_string(&profile).unwrap(), "mine");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traps_when_dropped_are_told() {
    // The guest's own destructor runs at the end: what goes wrong there is an error too.
    let deck = probe(json!({ "finish": "trap" }), |_| {}).await;
    let failed = export(&deck, NAME, |session| session.finish().unwrap_err()).await;
    assert!(matches!(failed.failure, Failure::Trap { .. }), "{failed}");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_does_not_wait_for_exports() {
    let deck = probe(json!({ "push": "loop" }), |table| table.limits.deadline = Period::from_secs(60)).await;
    let cancel = CancellationToken::new();
    let exporter = deck.plugins.exporter(&NAME.parse().unwrap()).cancelled_by(cancel.clone());
    let (begun, is_begun) = mpsc::channel();
    let exporting = tokio::task::spawn_blocking(move || {
        let mut session = exporter.open(&options("probe")).unwrap();
        begun.send(()).unwrap();
        session.push(&messages(1), None, None).unwrap_err()
    });
    is_begun.recv().unwrap();
    let began = Instant::now();
    cancel.cancel();
    let failed = exporting.await.unwrap();
    assert!(matches!(failed.failure, Failure::Cancelled), "{failed}");
    assert!(began.elapsed() < Duration::from_secs(2));
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn formats_without_a_name_are_garbage() {
    let deck = probe(json!({ "formats": "nothing empty-name" }), |_| {}).await;
    let exporter = deck.plugins.exporter(&NAME.parse().unwrap());
    let failed = tokio::task::spawn_blocking(move || exporter.formats()).await.unwrap().unwrap_err();
    assert!(matches!(failed.failure, Failure::Garbage { .. }), "{failed}");
    deck.finish().await;
}
