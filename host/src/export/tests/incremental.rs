use std::{
    collections::BTreeMap,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde_json::{Value, json};

use super::desk::{Desk, FORMATS, chat, said, user};
use crate::{
    archive::{BlobHash, DeletionMode, FileKey, FilePlace, FileState, Write},
    export::{Goal, MediaMode, Request},
    model::{Message, MessageId, PeerId},
};

const TEA: i64 = -1_000_000_000_001;

async fn desk() -> (Desk, Request) {
    let desk = Desk::open().await;
    desk.write(vec![chat(TEA, "Tea"), user(7, "Ana")]).await;
    desk.keep(&(1..=300).map(|id| said(TEA, id, &format!("tea {id}"))).collect::<Vec<_>>()).await;
    let request = Request { is_incremental: true, ..desk.request(&["csv", "html", "json"], "log") };
    (desk, request)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_run_adds_what_is_new() {
    let (desk, request) = desk().await;
    let first = desk.export(&request).await.unwrap();
    assert_eq!((first.messages, first.is_unchanged), (300, false));
    let again = desk.export(&request).await.unwrap();
    assert!(again.is_unchanged, "{again}");
    desk.keep(&[said(TEA, 301, "new"), said(TEA, 302, "newer")]).await;
    let edited = Message { edited: Some("2026-03-01T00:00:00Z".parse().unwrap()), ..said(TEA, 7, "changed") };
    desk.keep(&[edited]).await;
    desk.write(vec![Write::Deleted { chat: PeerId(TEA), id: MessageId(9), mode: DeletionMode::Soft }]).await;
    let more = desk.export(&request).await.unwrap();
    assert_eq!((more.chats, more.is_unchanged), (1, false));
    assert_eq!(desk.names("log/csv"), ["messages.0002.csv", "messages.csv"]);
    assert_eq!(desk.read("log/csv/messages.csv").lines().count(), 301);
    let part: Value = serde_json::from_str(&desk.read("log/json/messages.0002.json")).unwrap();
    let ids: Vec<i64> =
        part["messages"].as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [7, 9, 301, 302]);
    assert_eq!(part["messages"][0]["text"], "changed");
    assert_eq!(desk.read("log/html/messages.html").matches("class=\"row").count(), 302);
    assert!(desk.export(&request).await.unwrap().is_unchanged);
    assert_eq!(desk.names(""), ["log"]);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_from_a_backup_is_exported_whole() {
    let (desk, request) = desk().await;
    let path = desk.folder.join("out/log/.tapedeck-export.json");
    // What came since in the lost archive has had these numbers, at another time; or none has come as far.
    for change in [("reached", json!("2020-01-01T00:00:00Z")), ("sequence", json!(1_000_000))] {
        desk.export(&request).await.unwrap();
        assert!(desk.export(&request).await.unwrap().is_unchanged);
        let mut mark: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        mark[change.0] = change.1;
        std::fs::write(&path, mark.to_string()).unwrap();
        let again = desk.export(&request).await.unwrap();
        assert_eq!((again.messages, again.is_unchanged), (300, false), "{}", change.0);
    }
    // Marks of older versions do not say when.
    let mut mark: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    mark.as_object_mut().unwrap().remove("reached");
    std::fs::write(&path, mark.to_string()).unwrap();
    assert!(desk.export(&request).await.unwrap().is_unchanged);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_are_found_later_are_not_lost() {
    let (desk, request) = desk().await;
    desk.export(&request).await.unwrap();
    desk.write(vec![chat(-5, "Old")]).await;
    desk.keep(&[said(-5, 1, "from long ago")]).await;
    let more = desk.export(&request).await.unwrap();
    assert_eq!(more.chats, 1);
    assert!(desk.read("log/csv/messages.0002.csv").contains("from long ago"));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_come_later_are_told() {
    let (desk, request) = desk().await;
    let with_files = Request { media: MediaMode::Copy, ..request.clone() };
    let without = Request { goal: Goal::Folder(desk.folder.join("out/bare")), ..request };
    let media = json!({ "kind": "document", "file": {
        "role": "main", "form": "document", "id": 91, "access_hash": 1, "reference": "", "dc": 2,
        "date": "2026-01-01T00:00:00Z", "size_bytes": 5, "mime": "text/plain", "name": "list.txt",
    } });
    desk.keep(&[Message { media: Some(serde_json::from_value(media).unwrap()), ..said(TEA, 301, "see") }])
        .await;
    for request in [&with_files, &without] {
        desk.export(request).await.unwrap();
    }
    assert!(!desk.read("log/html/messages.html").contains("media/-1000000000001/"));
    let hash = BlobHash([7; 32]);
    let blob = desk.folder.join("media/blobs/07").join(hash.to_hex());
    std::fs::create_dir_all(blob.parent().unwrap()).unwrap();
    std::fs::write(&blob, "hello").unwrap();
    let state = FileState::Held(FilePlace { hash, bytes: 5, link: "-1000000000001/91_list.txt".into() });
    let key = FileKey { chat: PeerId(TEA), id: MessageId(301), file: 91 };
    desk.write(vec![Write::Blob { hash, bytes: 5 }, Write::File { key, state }]).await;
    let more = desk.export(&with_files).await.unwrap();
    assert_eq!((more.messages, more.files), (1, 1));
    assert_eq!(desk.read("log/media/-1000000000001/91_list.txt"), "hello");
    assert!(desk.read("log/json/messages.0002.json").contains("../media/-1000000000001/91_list.txt"));
    assert!(desk.read("log/html/messages.html").contains("href=\"../media/-1000000000001/91_list.txt\""));
    assert!(desk.export(&with_files).await.unwrap().is_unchanged);
    assert!(desk.export(&without).await.unwrap().is_unchanged, "nobody asked it for files");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_question_begins_anew() {
    let (desk, request) = desk().await;
    desk.export(&request).await.unwrap();
    desk.keep(&[said(TEA, 301, "new")]).await;
    let mut other = request.clone();
    other.filter.senders = vec![PeerId(7)];
    let anew = desk.export(&other).await.unwrap();
    assert_eq!(anew.messages, 301);
    assert_eq!(desk.names("log/csv"), ["messages.csv"]);
    desk.finish().await;
}

/// Every file below the folder of exports, with what changes when it is written.
fn files(desk: &Desk) -> BTreeMap<PathBuf, (u64, u64, SystemTime)> {
    fn walk(folder: &Path, all: &mut BTreeMap<PathBuf, (u64, u64, SystemTime)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let facts = path.metadata().unwrap();
            match facts.is_dir() {
                true => walk(&path, all),
                false => drop(all.insert(path, (facts.len(), facts.ino(), facts.modified().unwrap()))),
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(&desk.folder.join("out"), &mut all);
    all
}

/// All formats, with small pages.
fn every_format(desk: &Desk, name: &str) -> Request {
    let mut request = Request { is_incremental: true, ..desk.request(&FORMATS, name) };
    for format in request.formats.iter_mut().filter(|it| it.format == "html") {
        format.parameters.insert("messages_per_page".into(), 100.into());
    }
    request
}

fn all_pages(desk: &Desk, folder: &str) -> String {
    let names = desk.names(folder).into_iter().filter(|name| name.starts_with("messages"));
    names.map(|name| desk.read(&format!("{folder}/{name}"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_new_writes_nothing_and_a_little_writes_little() {
    let desk = Desk::open().await;
    desk.write(vec![chat(TEA, "Tea"), user(7, "Ana")]).await;
    desk.keep(&(1..=5_000).map(|id| said(TEA, id, &format!("tea {id}"))).collect::<Vec<_>>()).await;
    let request = every_format(&desk, "log");
    desk.export(&request).await.unwrap();
    let first = files(&desk);
    assert!(desk.export(&request).await.unwrap().is_unchanged);
    assert_eq!(files(&desk), first, "not a file was touched");
    desk.keep(&(5_001..=5_010).map(|id| said(TEA, id, "new")).collect::<Vec<_>>()).await;
    let more = desk.export(&request).await.unwrap();
    assert_eq!((more.messages, more.places.len()), (10, FORMATS.len()), "{more:?}");
    let second = files(&desk);
    let size = |all: &BTreeMap<PathBuf, (u64, u64, SystemTime)>, is_counted: &dyn Fn(&PathBuf) -> bool| {
        all.iter().filter(|(path, _)| is_counted(path)).map(|(_, (bytes, ..))| bytes).sum::<u64>()
    };
    let written = size(&second, &|path| second.get(path) != first.get(path));
    let all = size(&second, &|_| true);
    assert!(written * 20 < all, "{written} of {all} bytes were written");
    let gone: Vec<_> = first.keys().filter(|path| !second.contains_key(*path)).collect();
    assert!(gone.len() == 1 && gone[0].ends_with(".pages.0001.json"), "{gone:?}");
    let pages = all_pages(&desk, "log/html");
    assert!((1..=5_010).all(|id| pages.matches(&format!("id=\"m{id}\"")).count() == 1), "each once");
    let last_but_one = desk.read("log/html/messages50.html");
    assert!(last_but_one.contains("href=\"messages51.html\">Later"), "the page before leads there");
    assert!(desk.read("log/html/index.html").contains("010 messages"));
    for name in ["result.json", "result.0002.json"] {
        let result: Value =
            serde_json::from_str(&desk.read(&format!("log/telegram-desktop/{name}"))).unwrap();
        let count = result["messages"].as_array().unwrap().len();
        assert_eq!(count, if name == "result.json" { 5_000 } else { 10 });
    }
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_that_were_added_to_are_as_if_they_were_written_at_once() {
    let desk = Desk::open().await;
    desk.write(vec![chat(TEA, "Tea"), user(7, "Ana")]).await;
    desk.keep(&(1..=950).map(|id| said(TEA, id, &format!("tea {id}"))).collect::<Vec<_>>()).await;
    let request = every_format(&desk, "log");
    desk.export(&request).await.unwrap();
    let before = files(&desk);
    let edited =
        Message { edited: Some("2026-03-01T00:00:00Z".parse().unwrap()), ..said(TEA, 250, "changed") };
    desk.keep(&[edited]).await;
    desk.write(vec![Write::Deleted { chat: PeerId(TEA), id: MessageId(420), mode: DeletionMode::Soft }])
        .await;
    desk.keep(&(951..=1_130).map(|id| said(TEA, id, "more")).collect::<Vec<_>>()).await;
    desk.export(&request).await.unwrap();
    let after = files(&desk);
    let is_touched = |name: &str| {
        let path = desk.folder.join("out/log/html").join(name);
        before.get(&path) != after.get(&path)
    };
    let touched: Vec<usize> = (2..=12).filter(|page| is_touched(&format!("messages{page}.html"))).collect();
    assert_eq!((touched, is_touched("messages.html")), (vec![3, 5, 10, 11, 12], false));
    desk.export(&every_format(&desk, "fresh")).await.unwrap();
    for name in desk.names("fresh/html").into_iter().filter(|name| !name.starts_with('.')) {
        assert!(
            desk.read(&format!("log/html/{name}")) == desk.read(&format!("fresh/html/{name}")),
            "{name} differs"
        );
    }
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_chats_that_come_later_join_the_others() {
    let desk = Desk::open().await;
    desk.write(vec![chat(TEA, "Tea"), user(7, "Ana")]).await;
    desk.keep(&(500..=650).map(|id| said(TEA, id, "tea")).collect::<Vec<_>>()).await;
    let request = every_format(&desk, "log");
    desk.export(&request).await.unwrap();
    desk.write(vec![chat(-5, "Old")]).await;
    desk.keep(&[said(-5, 1, "from long ago")]).await;
    desk.keep(&(1..=30).map(|id| said(TEA, id, "found later")).collect::<Vec<_>>()).await;
    desk.export(&request).await.unwrap();
    let first = desk.read("log/html/messages.html");
    assert_eq!((first.matches("found later").count(), first.matches("class=\"row").count()), (30, 130));
    assert!(desk.read("log/html/chats/2/messages.html").contains("from long ago"));
    let index = desk.read("log/html/index.html");
    assert!(index.contains("href=\"chats/2/messages.html\"") && index.contains("href=\"messages.html\""));
    // What was removed for good goes with the pages that are written anew, and stays on the others.
    let gone = (551..=650).map(|id| Write::Deleted {
        chat: PeerId(TEA),
        id: MessageId(id),
        mode: DeletionMode::Hard,
    });
    desk.write(gone.collect()).await;
    assert!(desk.export(&request).await.unwrap().is_unchanged);
    desk.keep(&[said(TEA, 651, "the last one")]).await;
    desk.export(&request).await.unwrap();
    let pages = all_pages(&desk, "log/html");
    let has = |id: i32| pages.contains(&format!("id=\"m{id}\""));
    assert_eq!([has(551), has(600), has(650), has(651)], [true, false, false, true]);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_beginning_that_moves_writes_pages_anew() {
    let (desk, mut request) = desk().await;
    let since = |second: i64| Some(jiff::Timestamp::from_second(second).unwrap());
    request.filter.from = since(1_700_000_100);
    desk.export(&request).await.unwrap();
    desk.keep(&[said(TEA, 301, "new")]).await;
    request.filter.from = since(1_700_000_200);
    desk.export(&request).await.unwrap();
    assert_eq!(desk.read("log/html/messages.html").matches("class=\"row").count(), 102);
    assert_eq!(desk.names("log/html"), [".pages.0002.json", "index.html", "messages.html"]);
    desk.finish().await;
}
