//! `tapedeck import`, from what people have on their disks.

use std::path::Path;

use serde_json::Value;

use crate::{
    postgres,
    support::{sources::*, *},
};

fn import(folder: &Folder, path: &Path, more: &[&str]) -> Value {
    folder.cli_json(&[&["import", path.to_str().unwrap()], more].concat())
}

/// Its exit code and what it says.
fn refused(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let output = folder.cli(arguments);
    assert!(!folder.data().join("archive").exists(), "an archive was made by {arguments:?}");
    (output.status.code(), text(&output.stderr))
}

fn texts(folder: &Folder) -> Vec<String> {
    let shown = folder.cli_json(&["archive", "show", &CHAT.to_string()]);
    let messages = shown.as_array().unwrap_or_else(|| panic!("{shown}"));
    let text = |it: &Value| it["message"]["text"].as_str().unwrap_or_else(|| panic!("{it}")).to_owned();
    messages.iter().map(text).collect()
}

#[test]
fn every_kind_is_found_taken_over_and_known_again() {
    type Made = fn(&Folder) -> std::path::PathBuf;
    let chat = CHAT.to_string();
    let of_chat = ["--chat", chat.as_str()];
    let kinds: [(&str, Made, &[&str], u64); 5] = [
        ("telegram-desktop", |folder| desktop_with_picture(folder, "desktop"), &[], 1),
        ("telegram-desktop-html", desktop_html, &of_chat, 0),
        ("telegram-archive", telegram_archive, &[], 1),
        ("scraper-server", scraper_server, &[], 0),
        ("json", plain_json, &[], 0),
    ];
    for (kind, make, more, files) in kinds {
        let folder = Folder::with("");
        let path = make(&folder);
        let first = import(&folder, &path, more);
        let summary = &first["summary"];
        assert_eq!((&first["kind"], &first["dry_run"]), (&kind.into(), &false.into()));
        assert_eq!((&summary["new"], &summary["unreadable"]), (&MESSAGES.into(), &0.into()), "{first}");
        assert_eq!(summary["files_taken"], files, "{first}");
        let mut told = texts(&folder);
        told.sort();
        assert_eq!(told, ["message 1", "message 2", "message 3"], "{kind}");
        let again = &import(&folder, &path, more)["summary"];
        assert_eq!((&again["new"], &again["changed"]), (&0.into(), &0.into()), "{kind}: {again}");
        assert_eq!((&again["unchanged"], &again["files_known"]), (&MESSAGES.into(), &files.into()), "{kind}");
        let taken_away = take_pictures_away(&path);
        assert_eq!(taken_away, files, "{kind}");
        let without = &import(&folder, &path, more)["summary"];
        assert_eq!((&without["new"], &without["changed"]), (&0.into(), &0.into()), "{kind}: {without}");
    }
}

/// How many there were.
fn take_pictures_away(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    let paths = entries.map(|entry| entry.unwrap().path());
    let gone = paths.map(|path| match path.extension().and_then(std::ffi::OsStr::to_str) {
        _ if path.is_dir() => take_pictures_away(&path),
        Some("jpg" | "png") => {
            std::fs::remove_file(&path).unwrap();
            1
        }
        _ => 0,
    });
    gone.sum()
}

#[test]
fn a_database_on_a_server_is_taken_over() {
    let folder = Folder::with("");
    let media = telegram_archive(&folder).join("media");
    let address = postgres::database();
    postgres::execute(&address, TELEGRAM_ARCHIVE);
    let first = import(&folder, Path::new(&address), &["--media", media.to_str().unwrap()]);
    let summary = &first["summary"];
    assert_eq!((&summary["new"], &summary["files_taken"]), (&MESSAGES.into(), &1.into()), "{first}");
    let again = &import(&folder, Path::new(&address), &["--media", media.to_str().unwrap()])["summary"];
    assert_eq!((&again["new"], &again["changed"]), (&0.into(), &0.into()), "{again}");
}

#[test]
fn what_is_not_there_makes_no_archive() {
    let folder = Folder::with("");
    let (code, said) = refused(&folder, &["import", "nowhere"]);
    assert!(
        code == Some(2) && said.contains("nowhere cannot be read") && said.contains("export's folder"),
        "{said}"
    );
    std::fs::write(folder.path("notes.txt"), "not an export").unwrap();
    let (code, said) = refused(&folder, &["import", "notes.txt"]);
    assert!(code == Some(2) && said.contains("notes.txt") && said.contains("(`from`)"), "{said}");
    let (code, said) = refused(&folder, &["import", "notes.txt", "--from", "whatsapp"]);
    assert!(code == Some(2) && said.contains("telegram-desktop"), "{said}");
    let (code, said) = refused(&folder, &["import", "postgres://me:hidden@127.0.0.1:1/gone", "--dry-run"]);
    assert!(code == Some(1) && said.contains("me@127.0.0.1:1/gone") && !said.contains("hidden"), "{said}");
}

#[test]
fn a_file_of_another_kind_says_so() {
    let folder = Folder::with("");
    std::fs::write(folder.path("result.json"), "{ \"a\": [1, 2 ").unwrap();
    let output = folder.cli(&["import", "result.json", "--from", "telegram-desktop"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("result.json"), "{}", text(&output.stderr));
    let output = folder.cli(&["import", "result.json", "--from", "telegram-archive"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("damaged"), "{}", text(&output.stderr));
}

#[test]
fn rehearsals_write_nothing() {
    let folder = Folder::with("");
    let path = desktop_with_picture(&folder, "desktop");
    let rehearsed = import(&folder, &path, &["--dry-run"]);
    let summary = &rehearsed["summary"];
    assert_eq!((&rehearsed["dry_run"], &summary["new"]), (&true.into(), &MESSAGES.into()));
    assert_eq!((&summary["files_taken"], &summary["file_bytes"]), (&1.into(), &9.into()), "{summary}");
    assert!(!folder.data().join("archive").exists(), "an archive was made");
    import(&folder, &path, &["--skip-media"]);
    let changes = || ask(&folder, "SELECT max(sequence) FROM changes");
    let before = changes();
    let rehearsed = &import(&folder, &path, &["--dry-run"])["summary"];
    assert_eq!((&rehearsed["new"], &rehearsed["files_taken"]), (&0.into(), &1.into()), "{rehearsed}");
    assert!(before > 0 && changes() == before, "the archive was written to");
    let blobs = folder.data().join("archive/media/blobs");
    assert!(std::fs::read_dir(blobs).into_iter().flatten().next().is_none(), "a file was taken");
}

/// Killed again and again, each time a little later.
#[test]
fn killed_imports_go_on_where_they_were() {
    const ALL: u64 = 6_000;
    let folder = Folder::with("");
    let messages: Vec<Value> = (1..=ALL as usize).map(said).collect();
    let path = desktop(&folder, "desktop", &messages);
    let mut kills = 0;
    for goal in [1, ALL / 3, ALL / 2] {
        let mut child = folder.command().arg("import").arg(&path).spawn().unwrap();
        while count(&folder) < goal && child.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        kills += u32::from(child.kill().is_ok() && !child.wait().unwrap().success());
    }
    assert!(kills > 0, "it was too fast for this test");
    let held = count(&folder);
    let summary = &import(&folder, &path, &[])["summary"];
    let resumed = summary["resumed_after"].as_u64().unwrap();
    assert!(resumed > 0 && resumed <= held, "{summary}");
    assert_eq!(summary["new"].as_u64().unwrap() + held, ALL, "{summary}");
    assert_eq!(count(&folder), ALL);
    let stats = folder.cli(&["archive", "stats", "--check"]);
    assert!(stats.status.success(), "{}", text(&stats.stderr));
}

#[test]
fn an_export_of_nothing_is_an_error() {
    let folder = Folder::with("");
    let export = |more: &[&str]| {
        let output = folder.cli(&[&["export", "--format", "text", "--output", "out"], more].concat());
        assert!(!folder.path("out").exists(), "something was written");
        (output.status.code(), text(&output.stderr))
    };
    let (code, said) = export(&[]);
    assert!(code == Some(1) && said.contains("nothing was archived yet") && said.contains("kind"), "{said}");
    let path = desktop_with_picture(&folder, "desktop");
    import(&folder, &path, &["--account", "work"]);
    let (code, said) = export(&[]);
    assert!(
        code == Some(1) && said.contains("no chats of the account main") && said.contains("--account"),
        "{said}"
    );
    let (code, said) = export(&["--account", "work", "--kind", "channel"]);
    assert!(code == Some(1) && said.contains("no chats of these kinds"), "{said}");
}
