use std::collections::BTreeSet;
#[cfg(target_os = "linux")]
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::desk::{Desk, FORMATS, account, chat, said, user};
use crate::{
    archive::{BlobHash, FileKey, FilePlace, FileState, Write, testing::worlds},
    export::{ExportError, Goal, MediaMode, Watch, export},
    model::{Message, MessageId, PeerId},
};

const TEA: i64 = -1_000_000_000_001;
const CAKE: i64 = -1_000_000_000_002;

async fn two_chats() -> Desk {
    let desk = Desk::open().await;
    desk.write(vec![chat(TEA, "Tea"), chat(CAKE, "Cake"), user(7, "Ana")]).await;
    let messages: Vec<Message> = (1..=700).map(|id| said(TEA, id, &format!("tea {id}"))).collect();
    desk.keep(&messages).await;
    desk.keep(&[said(CAKE, 1, "cake"), said(CAKE, 2, "more cake")]).await;
    desk
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_pass_feeds_every_format() {
    let desk = two_chats().await;
    let exported = desk.export(&desk.request(&FORMATS, "all")).await.unwrap();
    assert_eq!((exported.chats, exported.messages, exported.places.len()), (2, 702, 6));
    assert_eq!(desk.names(""), ["all"], "nothing is left beside it");
    let json: Value = serde_json::from_str(&desk.read("all/json/messages.json")).unwrap();
    let desktop: Value = serde_json::from_str(&desk.read("all/telegram-desktop/result.json")).unwrap();
    let count = |chats: &Value| {
        chats.as_array().unwrap().iter().map(|it| it["messages"].as_array().unwrap().len()).sum::<usize>()
    };
    assert_eq!((count(&json), count(&desktop["chats"]["list"])), (702, 702));
    assert_eq!(desktop["chats"]["list"][1]["messages"][699]["from"], "Ana");
    assert_eq!(desk.read("all/csv/messages.csv").lines().count(), 703);
    assert_eq!(desk.read("all/text/messages.txt").matches("] Ana: ").count(), 702);
    assert_eq!(desk.read("all/markdown/messages.md").matches("**Ana**").count(), 702);
    let pages = desk.read("all/html/chats/1/messages.html") + &desk.read("all/html/chats/2/messages.html");
    assert_eq!(pages.matches("class=\"row").count(), 702);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_is_named_like_everybody() {
    let desk = two_chats().await;
    let owner = json!({ "id": 9, "first_name": "Olga", "usernames": ["olga"], "is_self": true });
    desk.write(vec![Write::User(serde_json::from_value(owner).unwrap())]).await;
    let mut mine = Message { sender: Some(PeerId(9)), ..said(CAKE, 3, "mine") };
    mine.marks.is_outgoing = true;
    desk.keep(&[mine]).await;
    desk.export(&desk.request(&FORMATS, "all")).await.unwrap();
    let json: Value = serde_json::from_str(&desk.read("all/json/messages.json")).unwrap();
    let of_cake = json.as_array().unwrap().iter().find(|it| it["chat"]["title"] == "Cake").unwrap();
    assert_eq!(of_cake["messages"][2]["sender"], json!({ "name": "Olga", "username": "olga" }));
    let desktop: Value = serde_json::from_str(&desk.read("all/telegram-desktop/result.json")).unwrap();
    let told = json!({ "user_id": 9, "first_name": "Olga", "last_name": "", "username": "@olga" });
    assert_eq!(desktop["personal_information"], told);
    for file in ["csv/messages.csv", "text/messages.txt", "markdown/messages.md"] {
        assert!(desk.read(&format!("all/{file}")).contains("Olga"), "{file}");
    }
    desk.finish().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exporters_work_on_threads_that_give_way() {
    let ours = rustix::process::getpriority_process(None).unwrap();
    let desk = two_chats().await;
    let seen: Arc<Mutex<Vec<i32>>> = Arc::default();
    let last = seen.clone();
    let watch = Watch {
        report: Arc::new(move |_| *last.lock().unwrap() = niceness_of_threads("plugin-apart")),
        ..Watch::nobody()
    };
    export(&desk.parts, &desk.request(&FORMATS, "all"), &watch).await.unwrap();
    // By the last page, each of them has taken a step.
    let seen = seen.lock().unwrap().clone();
    let behind = seen.iter().filter(|nice| **nice > ours || ours == 19).count();
    assert!(behind >= FORMATS.len(), "{seen:?} beside {ours}");
    desk.finish().await;
}

#[cfg(target_os = "linux")]
fn niceness_of_threads(name: &str) -> Vec<i32> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("stat")).ok());
    let nice = |stat: String| {
        let (about, numbers) = stat.rsplit_once(") ")?;
        about.ends_with(&format!("({name}")).then(|| numbers.split(' ').nth(16)?.parse().ok()).flatten()
    };
    stats.filter_map(nice).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_telegram_has_can_be_exported() {
    let desk = Desk::open().await;
    let messages = worlds::everything(7, 1_500);
    let chats: BTreeSet<PeerId> = messages.iter().map(|it| it.chat).collect();
    desk.write(chats.iter().map(|it| chat(it.0, "Some")).collect()).await;
    desk.keep(&messages).await;
    let exported = desk.export(&desk.request(&FORMATS, "all")).await.unwrap();
    assert_eq!(exported.messages, messages.len() as u64);
    // Alone, it is read from columns only; it says the same.
    desk.export(&desk.request(&["json"], "plain")).await.unwrap();
    assert_eq!(desk.read("plain/messages.json"), desk.read("all/json/messages.json"));
    let desktop: Value = serde_json::from_str(&desk.read("all/telegram-desktop/result.json")).unwrap();
    let ids = |chat: PeerId| messages.iter().filter(move |it| it.chat == chat).map(|it| i64::from(it.id.0));
    for told in desktop["chats"]["list"].as_array().unwrap() {
        let found: BTreeSet<i64> =
            told["messages"].as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()).collect();
        assert!(chats.iter().any(|chat| ids(*chat).collect::<BTreeSet<_>>() == found), "{}", told["id"]);
    }
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_file_is_written_by_its_ending() {
    let desk = two_chats().await;
    let path = desk.folder.join("out/tea.csv");
    let request = crate::export::Request {
        chats: vec!["tea".into()],
        goal: Goal::File(path.clone()),
        ..desk.request(&["csv"], "x")
    };
    let exported = desk.export(&request).await.unwrap();
    assert_eq!((exported.messages, desk.names("")), (700, vec!["tea.csv".to_owned()]));
    let pages = crate::export::Request { goal: Goal::File(path), ..desk.request(&["html"], "x") };
    assert!(matches!(desk.export(&pages).await, Err(ExportError::ManyFiles { .. })));
    assert_eq!(desk.read("tea.csv").lines().count(), 701, "what was there stays");
    desk.finish().await;
}

async fn text(desk: &Desk, request: &crate::export::Request) -> String {
    desk.export(request).await.unwrap();
    desk.read("x/messages.txt")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_choose_messages() {
    let desk = two_chats().await;
    desk.keep(&[Message { sender: Some(PeerId(8)), ..said(CAKE, 3, "theirs") }]).await;
    let mut request = desk.request(&["text"], "x");
    request.filter.senders = vec![PeerId(8)];
    assert_eq!(text(&desk, &request).await.matches("\n[").count(), 1);
    request.filter.senders = Vec::new();
    request.filter.from = Some(jiff::Timestamp::from_second(1_700_000_699).unwrap());
    request.chats = vec![TEA.to_string()];
    assert_eq!(text(&desk, &request).await.matches("\n[").count(), 2);
    request.filter = crate::export::Filter { query: Some("cake".into()), ..crate::export::Filter::default() };
    request.chats = Vec::new();
    assert_eq!(text(&desk, &request).await.matches("\n[").count(), 2);
    request.chats = vec!["@nobody".into()];
    assert!(matches!(desk.export(&request).await, Err(ExportError::NoChat { .. })));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_come_along_and_are_told() {
    let desk = Desk::open().await;
    desk.write(vec![chat(TEA, "Tea")]).await;
    let photo = |id: i32, file: i64| {
        let media = json!({ "kind": "document", "file": {
            "role": "main", "form": "document", "id": file, "access_hash": 1, "reference": "", "dc": 2,
            "date": "2026-01-01T00:00:00Z", "size_bytes": 5, "mime": "text/plain", "name": "a b.txt",
        } });
        Message { media: Some(serde_json::from_value(media).unwrap()), ..said(TEA, id, "see") }
    };
    desk.keep(&[photo(1, 91), photo(2, 92)]).await;
    let hash = BlobHash([7; 32]);
    let blob = desk.folder.join("media/blobs/07").join(hash.to_hex());
    std::fs::create_dir_all(blob.parent().unwrap()).unwrap();
    std::fs::write(&blob, "hello").unwrap();
    let state = FileState::Held(FilePlace { hash, bytes: 5, link: "-1000000000001/91_a b.txt".into() });
    let key = FileKey { chat: PeerId(TEA), id: MessageId(1), file: 91 };
    desk.write(vec![Write::Blob { hash, bytes: 5 }, Write::File { key, state }]).await;
    for media in [MediaMode::Copy, MediaMode::Link] {
        let request = crate::export::Request { media, ..desk.request(&["html", "telegram-desktop"], "x") };
        let exported = desk.export(&request).await.unwrap();
        assert_eq!((exported.files, exported.missing), (1, 1));
        assert_eq!(desk.read("x/media/-1000000000001/91_a b.txt"), "hello");
        assert!(desk.read("x/html/messages.html").contains("href=\"../media/-1000000000001/91_a%20b.txt\""));
        let desktop: Value = serde_json::from_str(&desk.read("x/telegram-desktop/result.json")).unwrap();
        assert_eq!(desktop["messages"][0]["file"], "../media/-1000000000001/91_a b.txt");
        assert!(desktop["messages"][1]["file"].as_str().unwrap().starts_with("(File unavailable"));
    }
    let flat = crate::export::Request { media: MediaMode::Copy, ..desk.request(&["json"], "flat") };
    desk.export(&flat).await.unwrap();
    assert_eq!(desk.names("flat"), [".tapedeck-export.json", "media", "messages.json"]);
    assert_eq!(account().as_str(), "main");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_exports_of_a_job_go() {
    let desk = two_chats().await;
    for name in ["one", "two", "three"] {
        let request = crate::export::Request { keep: Some(2), ..desk.request(&["text"], name) };
        desk.export(&request).await.unwrap();
    }
    assert_eq!(desk.names("").len(), 2);
    assert!(desk.names("").contains(&"three".to_owned()));
    desk.finish().await;
}
