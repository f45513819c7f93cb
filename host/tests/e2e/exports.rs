//! `tapedeck export`, and what comes of it when it is imported again.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{sources::*, *};

const WRITTEN: [&str; 6] = ["csv", "html", "json", "markdown", "telegram-desktop", "text"];

/// A folder whose exporters are those that come with Tapedeck.
fn desk() -> Folder {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins").canonicalize().unwrap();
    let table =
        |name: &&str| format!("[plugins.{name}]\nfile = {:?}\n", bundled.join(format!("{name}.wasm")));
    let tables: String = WRITTEN.iter().map(table).collect();
    Folder::with(&format!("[plugin_host]\ncache = {:?}\n{tables}", plugin_cache()))
}

/// With three messages, of which one has a picture.
fn filled() -> Folder {
    let folder = desk();
    let path = desktop_with_picture(&folder, "desktop");
    folder.cli_json(&["import", path.to_str().unwrap()]);
    std::fs::remove_dir_all(path).unwrap();
    folder
}

fn export(folder: &Folder, name: &str, more: &[&str]) -> Value {
    folder.cli_json(&[&["export", "--output", name], more].concat())
}

fn held(path: &Path) -> (u64, u64, u64) {
    let folder = Folder::with("");
    let summary = &folder.cli_json(&["import", path.to_str().unwrap()])["summary"];
    let number = |name: &str| summary[name].as_u64().unwrap_or_else(|| panic!("{summary}"));
    (number("new"), number("files_taken"), number("unreadable") + number("files_missing"))
}

fn comes_back(media: &str, combinations: &[&[&str]]) {
    let folder = filled();
    for (number, formats) in combinations.iter().enumerate() {
        let name = format!("out{number}");
        export(&folder, &name, &[*formats, &["--media", media]].concat());
        assert_eq!(held(&folder.path(&name)), (MESSAGES, 1, 0), "{formats:?}");
    }
}

#[test]
fn exports_of_the_same_second_have_folders_of_their_own() {
    let folder = filled();
    let mut daemon = folder.start();
    for _ in 0..4 {
        daemon.post_json("/api/v1/archive/exports", &json!({ "formats": ["csv"] }));
    }
    let mut runs = Vec::new();
    daemon.wait_until("all have ended", |daemon| {
        let listed = daemon.get("/api/v1/archive/exports");
        runs = listed["exports"].as_array().unwrap().clone();
        runs.len() == 4 && runs.iter().all(|it| it["run"]["ended"].is_string())
    });
    let places: std::collections::BTreeSet<_> =
        runs.iter().map(|it| it["run"]["summary"]["data"]["path"].to_string()).collect();
    assert_eq!(places.len(), 4, "{runs:?}");
    assert!(runs.iter().all(|it| it["is_there"] == true), "{runs:?}");
    daemon.stop();
}

#[test]
fn json_is_imported_again_with_its_files() {
    let full = ["--format", "json", "--set", "full=true"];
    comes_back("copy", &[&["--format", "json"], &full, &["--format", "json", "--incremental"]]);
}

/// Deleted, with two earlier texts; the other one was never touched.
fn edited_and_deleted(folder: &Folder) -> std::path::PathBuf {
    let version = |text: &str, hour: u32| {
        let at = format!("2026-01-10T1{hour}:00:00Z");
        json!({ "text": text, "since": at, "captured": at })
    };
    let messages = json!([
        { "id": 1, "date": "2026-01-10T10:00:00", "text": "message 1", "sender_id": 5, "edit_date": "2026-01-10T13:00:00",
          "deleted": "2026-01-11T00:00:00Z", "versions": [version("at first", 0), version("then", 2)] },
        { "id": 2, "date": "2026-01-10T10:00:01", "text": "message 2", "sender_id": 5 },
    ]);
    let path = folder.path("full.json");
    let export = json!({ "chat": { "id": CHAT, "type": "group", "title": "Talk" }, "messages": messages });
    std::fs::write(&path, export.to_string()).unwrap();
    path
}

#[test]
fn full_json_brings_back_deletions_and_earlier_texts() {
    let (first, second) = (desk(), Folder::with(""));
    first.cli_json(&["import", edited_and_deleted(&first).to_str().unwrap()]);
    export(&first, "out", &["--format", "json", "--set", "full=true"]);
    second.cli_json(&["import", first.path("out").to_str().unwrap()]);
    for folder in [&first, &second] {
        let count = |sql: &str| ask(folder, sql);
        let deleted = "SELECT count(*) FROM messages WHERE deleted IS NOT NULL";
        assert_eq!((count(deleted), count("SELECT count(*) FROM versions")), (1, 2));
    }
}

#[test]
fn what_telegram_desktop_would_write_is_imported_again_with_its_files() {
    comes_back(
        "link",
        &[&["--format", "telegram-desktop"], &["--format", "telegram-desktop", "--incremental"]],
    );
}

#[test]
fn formats_beside_each_other_are_imported_again_with_the_files_that_they_share() {
    let all: Vec<&str> = WRITTEN.iter().flat_map(|format| ["--format", *format]).collect();
    comes_back("copy", &[&["--format", "html", "--format", "json", "--incremental"], &all]);
}

#[test]
fn a_format_is_found_by_its_folder_and_by_its_file() {
    let folder = filled();
    export(&folder, "out", &["--format", "json", "--format", "telegram-desktop", "--media", "link"]);
    for path in
        ["out/json", "out/json/messages.json", "out/telegram-desktop", "out/telegram-desktop/result.json"]
    {
        assert_eq!(held(&folder.path(path)), (MESSAGES, 1, 0), "{path}");
    }
}

#[test]
fn what_was_appended_is_imported_too() {
    let folder = filled();
    let formats = ["--format", "json", "--format", "telegram-desktop", "--incremental", "--media", "copy"];
    export(&folder, "log", &formats);
    let mut more: Vec<Value> = (4..=6).map(said).collect();
    more[1]["photo"] = "photos/b.jpg".into();
    let path = desktop(&folder, "more", &more);
    std::fs::write(path.join("photos/b.jpg"), b"another picture").unwrap();
    folder.cli_json(&["import", path.to_str().unwrap()]);
    let appended = export(&folder, "log", &formats);
    assert_eq!((&appended["messages"], &appended["is_unchanged"]), (&3.into(), &false.into()), "{appended}");
    assert!(folder.path("log/telegram-desktop/result.0002.json").is_file());
    for path in ["log", "log/json"] {
        assert_eq!(held(&folder.path(path)), (6, 2, 0), "{path}");
    }
}

#[test]
fn exports_for_people_say_that_they_are_not_imported() {
    let folder = filled();
    export(&folder, "pages", &["--format", "html", "--format", "csv"]);
    let output = folder.cli(&["import", "pages"]);
    let said = text(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("telegram-desktop"), "{said}");
}

#[test]
fn files_that_only_look_shared_are_not_read() {
    let folder = filled();
    export(&folder, "out", &["--format", "json", "--format", "telegram-desktop", "--media", "copy"]);
    let result = folder.path("out/telegram-desktop/result.json");
    std::fs::write(folder.path("out/secret"), "key").unwrap();
    let written = std::fs::read_to_string(&result).unwrap();
    let start = written.find("../media/").unwrap();
    let end = start + written[start..].find('"').unwrap();
    for climbs in ["../secret", "../media/../secret", "../../config.toml"] {
        std::fs::write(&result, format!("{}{climbs}{}", &written[..start], &written[end..])).unwrap();
        assert_eq!(held(&result), (MESSAGES, 0, 1), "{climbs}");
    }
    // As if somebody else had laid it out so.
    std::fs::write(&result, &written).unwrap();
    std::fs::remove_file(folder.path("out/.tapedeck-export.json")).unwrap();
    assert_eq!(held(&result), (MESSAGES, 0, 1));
}

#[test]
#[ignore = "it needs a bucket: `make test-s3` has one"]
#[expect(clippy::disallowed_methods, reason = "the script says where its server is")]
fn a_bucket_is_imported_into_and_exported_from() {
    let endpoint = std::env::var("TAPEDECK_TEST_S3").expect("run `make test-s3`");
    let in_bucket = |prefix: &str| {
        let folder = desk();
        let config = std::fs::read_to_string(folder.path("config.toml")).unwrap();
        folder.write_config(&format!(
            "[archive]\nmedia = {{ store = \"s3://deck/{prefix}\", endpoint = \"{endpoint}\", region = \"us-east-1\", \
             access_key = \"key\", secret_key = \"secret\" }}\n{}",
            config.replace("[server]\nlisten = \"127.0.0.1:0\"\n", "")
        ));
        folder
    };
    let (first, second) = (in_bucket("one"), in_bucket("two"));
    let source = desktop_with_picture(&first, "desktop");
    let imported = &first.cli_json(&["import", source.to_str().unwrap()])["summary"];
    assert_eq!((&imported["new"], &imported["files_taken"]), (&MESSAGES.into(), &1.into()), "{imported}");
    let again = &first.cli_json(&["import", source.to_str().unwrap()])["summary"];
    assert_eq!((&again["files_taken"], &again["files_known"]), (&0.into(), &1.into()), "{again}");
    std::fs::remove_dir_all(source).unwrap();
    assert!(!first.data().join("archive/media/blobs").exists(), "files are in the bucket alone");
    for media in ["copy", "link"] {
        for formats in [
            &["--format", "telegram-desktop"][..],
            &["--format", "html", "--format", "json", "--incremental"],
        ] {
            let name = format!("{media}{}", formats.len());
            let exported = export(&first, &name, &[formats, &["--media", media]].concat());
            assert_eq!((&exported["files"], &exported["missing"]), (&1.into(), &0.into()), "{exported}");
            let pictures: Vec<_> =
                std::fs::read_dir(first.path(&name).join(format!("media/{CHAT}"))).unwrap().collect();
            assert_eq!(pictures.len(), 1);
            let picture = pictures[0].as_ref().unwrap().path();
            assert!(!picture.is_symlink(), "nothing but a copy can come from a bucket");
            assert_eq!(std::fs::read(picture).unwrap(), b"a picture");
            assert_eq!(held(&first.path(&name)), (MESSAGES, 1, 0), "{name}");
        }
    }
    let moved = &second.cli_json(&["import", first.path("copy2").to_str().unwrap()])["summary"];
    assert_eq!((&moved["new"], &moved["files_taken"]), (&MESSAGES.into(), &1.into()), "{moved}");
    let back = export(&second, "back", &["--format", "telegram-desktop", "--media", "copy"]);
    assert_eq!((&back["files"], &back["missing"]), (&1.into(), &0.into()), "{back}");
    // What a bucket has lost is told, and costs nothing else.
    let gone = in_bucket("nothing-there");
    let database = first.data().join("archive");
    std::fs::create_dir_all(gone.data()).unwrap();
    std::process::Command::new("cp").arg("-a").arg(database).arg(gone.data()).status().unwrap();
    let without = export(&gone, "without", &["--format", "telegram-desktop", "--media", "copy"]);
    assert_eq!(
        (&without["messages"], &without["files"], &without["missing"]),
        (&MESSAGES.into(), &0.into(), &1.into()),
        "{without}"
    );
}
