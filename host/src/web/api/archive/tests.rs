use serde_json::{Value, json};

use crate::{
    archive::{Batch, BlockedKind, BlockedOperation, DeletionMode, IdRange, Poison, Source, Write},
    model::{AccountName, Chat, EXPORT_MARK, Message, MessageId, PeerId, Run, RunId, Status, Summary, User},
    web::testing::{TestWeb, now},
};

const CHAT: PeerId = PeerId(-1_001_234_567_890);
const ADA: PeerId = PeerId(7);

fn main_account() -> AccountName {
    "main".parse().unwrap()
}

fn chat(id: PeerId, title: &str) -> Write {
    let chat: Chat =
        serde_json::from_value(json!({ "id": id, "kind": "supergroup", "title": title })).unwrap();
    Write::Chat(Box::new(chat))
}

fn message(chat: PeerId, id: i32, text: &str) -> Write {
    let date = now() + jiff::SignedDuration::from_mins(i64::from(id));
    let message: Message =
        serde_json::from_value(json!({ "id": id, "chat": chat, "date": date, "sender": ADA, "text": text }))
            .unwrap();
    Write::Message { message: Box::new(message), sender_name: None }
}

async fn write(world: &TestWeb, writes: impl IntoIterator<Item = Write>) {
    let store = world.web.parts.archive.store().await.unwrap();
    let mut batch = Batch::new(main_account(), Source::Sweep, now());
    batch.writes.extend(writes);
    store.write(batch).await.unwrap();
    while store.index(1000).await.unwrap().left > 0 {}
}

/// One chat of thirty messages, `number 1` to `number 30`.
async fn filled() -> TestWeb {
    let world = TestWeb::open();
    let ada: User =
        serde_json::from_value(json!({ "id": ADA, "first_name": "Ada", "last_name": "Lovelace" })).unwrap();
    let messages = (1..=30).map(|id| message(CHAT, id, &format!("number {id}")));
    write(&world, [chat(CHAT, "Tape club"), Write::User(Box::new(ada))].into_iter().chain(messages)).await;
    world
}

fn ids(page: &Value) -> Vec<i64> {
    page["messages"].as_array().unwrap().iter().map(|message| message["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn looking_makes_no_archive() {
    let world = TestWeb::open();
    let seen = world.get("/api/v1/archive").send().await.json();
    let max_upload = world.settings.borrow().server.max_upload.0;
    assert_eq!(seen, json!({ "is_there": false, "engine": null, "figures": null, "max_upload": max_upload }));
    for path in [
        "/chats",
        "/chats/5",
        "/chats/5/messages",
        "/chats/5/versions?message=1",
        "/chats/5/certificate",
        "/chats/5/picture",
        "/search?q=a",
        "/poison",
        "/blocked",
    ] {
        let refused = world.get(&format!("/api/v1/archive{path}")).send().await.problem(404);
        assert!(refused.contains("nothing was archived yet"), "{path}: {refused}");
    }
    assert_eq!(world.get("/api/v1/archive").send().await.json()["is_there"], false);
}

#[tokio::test]
async fn figures_and_chats_are_shown() {
    let world = filled().await;
    write(&world, [chat(PeerId(-5), "Other"), message(PeerId(-5), 90, "later")]).await;
    let seen = world.get("/api/v1/archive").send().await.json();
    assert_eq!((&seen["engine"], &seen["figures"]["messages"]), (&json!("sqlite"), &json!(31)));
    let first = world.get("/api/v1/archive/chats?limit=1").send().await.json();
    assert_eq!(first["chats"][0]["title"], "Other", "the newest message comes first");
    let next = first["next"].as_str().unwrap();
    assert_eq!(next, "main:-5");
    let second = world.get(&format!("/api/v1/archive/chats?limit=1&after={next}")).send().await.json();
    assert_eq!((&second["chats"][0]["id"], &second["next"]), (&json!(CHAT), &json!(null)));
    assert_eq!(second["chats"][0]["figures"]["messages"], 30);
    assert_eq!(second["chats"][0]["is_read_to_end"], false);
    let found = world.get("/api/v1/archive/chats?title=TAPE").send().await.json();
    assert_eq!(found["chats"].as_array().unwrap().len(), 1);
    for question in ["after=x", "after=main:x", "after=Main:5", "order=size", "colour=red"] {
        world.get(&format!("/api/v1/archive/chats?{question}")).send().await.problem(400);
    }
}

#[tokio::test]
async fn a_chat_says_how_far_it_was_read() {
    let world = filled().await;
    let (chat, top) = (CHAT, MessageId(30));
    let range = IdRange { first: MessageId(11), last: top };
    let dialog = Write::Dialog { chat, top, fingerprint: 1 };
    write(&world, [Write::Covered { chat, range }, Write::Cursor { chat, to: top }, dialog]).await;
    let seen = world.get(&format!("/api/v1/archive/chats/{CHAT}")).send().await.json();
    assert_eq!((&seen["cursor"], &seen["is_read_to_end"]), (&json!(30), &json!(true)));
    let seen = world.get(&format!("/api/v1/archive/chats/{CHAT}/certificate")).send().await.json();
    assert_eq!(seen["gaps"], json!([{ "first": 1, "last": 10 }]));
    assert_eq!((&seen["ids"], &seen["proven"], &seen["held"]), (&json!(30), &json!(20), &json!(30)));
    let refused = world.get(&format!("/api/v1/archive/chats/{CHAT}?account=other")).send().await.problem(404);
    assert!(refused.contains("of the account `other`"), "{refused}");
    world.get("/api/v1/archive/chats/club").send().await.problem(400);
}

#[tokio::test]
async fn messages_are_paged_in_both_ways() {
    let world = filled().await;
    let page = async |query: &str| {
        world.get(&format!("/api/v1/archive/chats/{CHAT}/messages?{query}")).send().await.json()
    };
    let newest = page("limit=10").await;
    assert_eq!(ids(&newest), (21..=30).collect::<Vec<_>>());
    assert_eq!((&newest["older"], &newest["newer"]), (&json!(21), &json!(null)));
    assert_eq!(newest["messages"][0]["sender_name"], "Ada Lovelace");
    let older = page("limit=20&before=21").await;
    assert_eq!(ids(&older), (1..=20).collect::<Vec<_>>());
    assert_eq!((&older["older"], &older["newer"]), (&json!(null), &json!(20)));
    let newer = page("limit=5&after=20").await;
    assert_eq!(ids(&newer), (21..=25).collect::<Vec<_>>());
    assert_eq!((&newer["older"], &newer["newer"]), (&json!(21), &json!(25)));
    let around = page("limit=4&around=15").await;
    assert_eq!(ids(&around), [14, 15, 16, 17]);
    assert_eq!((&around["older"], &around["newer"]), (&json!(14), &json!(17)));
    let alone = page("limit=1&around=15").await;
    assert_eq!((ids(&alone), &alone["newer"]), (vec![15], &json!(15)));
    let ends = page("limit=100&around=15").await;
    assert_eq!((&ends["older"], &ends["newer"]), (&json!(null), &json!(null)));
    let dated = page("limit=2&date=2026-01-02T03:14:05Z").await;
    assert_eq!(ids(&dated), [10, 11]);
    for question in ["before=3&after=4", "around=x", "date=yesterday"] {
        world.get(&format!("/api/v1/archive/chats/{CHAT}/messages?{question}")).send().await.problem(400);
    }
    world.get("/api/v1/archive/chats/99/messages").send().await.problem(404);
}

#[tokio::test]
async fn search_says_where_it_was_found() {
    let world = filled().await;
    write(&world, [chat(PeerId(-5), "Other"), message(PeerId(-5), 90, "number plate")]).await;
    let search =
        async |query: &str| world.get(&format!("/api/v1/archive/search?{query}")).send().await.json();
    let found = search("q=number&limit=2").await;
    assert_eq!((&found["found"][0]["chat_title"], &found["found"][0]["id"]), (&json!("Other"), &json!(90)));
    assert_eq!(
        (&found["found"][1]["chat_title"], &found["found"][1]["id"]),
        (&json!("Tape club"), &json!(30))
    );
    let next = found["next"].as_i64().unwrap();
    let further = search(&format!("q=number&limit=2&before={next}")).await;
    assert_eq!(further["found"][0]["id"], 29);
    assert_eq!(search(&format!("q=number%2017&chat={CHAT}")).await["found"][0]["id"], 17);
    assert_eq!(search("q=nothing%20like%20it").await, json!({ "found": [], "next": null }));
    for question in ["", "q=%20", "q=a&media=paper", "q=a&before=x"] {
        world.get(&format!("/api/v1/archive/search?{question}")).send().await.problem(400);
    }
}

#[tokio::test]
async fn what_could_not_be_read_is_listed() {
    let world = filled().await;
    let (chat, id) = (CHAT, MessageId(31));
    let poison =
        Poison { chat, id, reason: "odd bytes".into(), bytes: None, attempts: 2, first: now(), last: now() };
    write(&world, [Write::Poison(Box::new(poison))]).await;
    let listed = world.get(&format!("/api/v1/archive/poison?chat={CHAT}")).send().await.json();
    let expected = json!([{
        "account": "main", "chat": CHAT, "chat_title": "Tape club", "id": 31, "reason": "odd bytes", "attempts": 2,
        "first": now(), "last": now(),
    }]);
    assert_eq!(listed["poison"], expected);
    let others = world.get("/api/v1/archive/poison?account=other").send().await.json();
    assert_eq!(others, json!({ "poison": [], "next": null }));
}

#[tokio::test]
async fn what_could_not_be_read_is_listed_by_pages() {
    let world = filled().await;
    let poison = |id| Poison {
        chat: CHAT,
        id: MessageId(id),
        reason: "odd bytes".into(),
        bytes: None,
        attempts: 1,
        first: now(),
        last: now(),
    };
    write(&world, (1..=250).map(|id| Write::Poison(Box::new(poison(id))))).await;
    let page = async |query: &str| {
        let page = world.get(&format!("/api/v1/archive/poison?{query}")).send().await.json();
        let ids: Vec<i64> =
            page["poison"].as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()).collect();
        (ids, page["next"].as_str().map(str::to_owned))
    };
    let (mut seen, first) = page("").await;
    assert_eq!(seen.len(), 100, "a page has so many unless more are asked for");
    let mut next = first;
    while let Some(after) = next {
        let (ids, further) = page(&format!("limit=75&chat={CHAT}&after={after}")).await;
        seen.extend(ids);
        next = further;
    }
    assert_eq!(seen, (1..=250).collect::<Vec<_>>());
    for question in ["after=x", "after=5", "limit=ten"] {
        world.get(&format!("/api/v1/archive/poison?{question}")).send().await.problem(400);
    }
}

#[tokio::test]
async fn what_is_held_back_is_decided_once() {
    let world = filled().await;
    let held = |ids: Vec<MessageId>| {
        let kind = BlockedKind::Deletion;
        Write::Blocked(Box::new(BlockedOperation {
            number: 0,
            chat: CHAT,
            kind,
            ids,
            message: None,
            at: now(),
        }))
    };
    write(&world, [held(vec![MessageId(1), MessageId(2)]), held(vec![MessageId(3)])]).await;
    let list = async || world.get("/api/v1/archive/blocked").send().await.json()["blocked"].clone();
    let seen = list().await;
    assert_eq!(
        (&seen[0]["messages"], &seen[0]["ids"], &seen[0]["kind"]),
        (&json!(2), &json!([1, 2]), &json!("deletion"))
    );
    let decide = async |number: &Value, what: &str| {
        world.post(&format!("/api/v1/archive/blocked/{number}/{what}")).on_our_page().send().await
    };
    let applied = decide(&seen[0]["number"], "apply").await.json();
    assert_eq!(applied["messages"], 2);
    decide(&seen[1]["number"], "dismiss").await.json();
    assert_eq!(list().await, json!([]));
    assert!(decide(&seen[0]["number"], "apply").await.problem(404).contains("held back"));
    let page =
        world.get(&format!("/api/v1/archive/chats/{CHAT}/messages?limit=3&after=0")).send().await.json();
    let gone: Vec<bool> =
        page["messages"].as_array().unwrap().iter().map(|it| !it["deleted"].is_null()).collect();
    assert_eq!(gone, [true, true, false]);
}

#[tokio::test]
async fn sweeps_are_told_chat_by_chat() {
    let world = TestWeb::open();
    assert_eq!(world.get("/api/v1/archive/sweeps").send().await.json(), json!({ "sweeps": [] }));
    let run = crate::web::testing::run(3, "backup", Status::Running);
    let showing = world.web.parts.sweeps.begin(&main_account(), run.id, now());
    let seen = world.get("/api/v1/archive/sweeps").send().await.json();
    assert_eq!((&seen["sweeps"][0]["run"], &seen["sweeps"][0]["stage"]), (&json!(run.id), &json!("list")));
    drop(showing);
    let seen = world.get("/api/v1/archive/sweeps").send().await.json();
    assert_eq!((&seen["sweeps"][0]["stage"], &seen["sweeps"][0]["chats"]), (&json!("over"), &json!([])));
}

#[tokio::test]
async fn exports_and_imports_by_hand_are_runs() {
    let world = TestWeb::open();
    let export =
        async |body: Value| world.post("/api/v1/archive/exports").on_our_page().json(&body).send().await;
    assert!(export(json!({ "formats": ["html"] })).await.problem(404).contains("nothing was archived yet"));
    let world = filled().await;
    let post = async |path: &str, body: Value| world.post(path).on_our_page().json(&body).send().await;
    let made = post("/api/v1/archive/exports", json!({ "formats": ["html"], "media": "copy" })).await;
    assert_eq!((made.status.as_u16(), &made.json()["kind"]), (202, &json!("export")));
    for wrong in [
        json!({}),
        json!({ "formats": ["html"], "from": "yesterday" }),
        json!({ "formats": ["html"], "folder": "/" }),
    ] {
        post("/api/v1/archive/exports", wrong).await.problem(400);
    }
    let made =
        post("/api/v1/archive/imports", json!({ "path": "/home/ann/DataExport", "dry_run": true })).await;
    assert_eq!((made.status.as_u16(), &made.json()["kind"]), (202, &json!("import")));
    for wrong in [json!({}), json!({ "path": "DataExport" }), json!({ "path": "/x", "from": "paper" })] {
        post("/api/v1/archive/imports", wrong).await.problem(400);
    }
    assert_eq!(world.get("/api/v1/archive/formats").send().await.json(), json!({ "formats": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_export_wrote_is_downloaded() {
    let world = TestWeb::open();
    let folder = world.state.folder().join("exports/Bücher");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("messages.csv"), "id,text").unwrap();
    let data = json!({ "path": folder });
    let summary = Some(Summary { text: "1 message".into(), data });
    let run = crate::web::testing::run(7, "export-by-hand", Status::Succeeded);
    let run = Run { kind: "export".into(), summary, ..run };
    world.state.runs.commit(std::slice::from_ref(&run), &[]).unwrap();
    let path = format!("/api/v1/archive/exports/{}/file", run.id);
    assert!(world.get(&path).send().await.problem(404).contains("made again"), "it carries no mark of ours");
    let mark = |made: jiff::Timestamp| {
        let mark = json!({ "made": made }).to_string();
        std::fs::write(folder.join(EXPORT_MARK), mark).unwrap();
    };
    mark(now() + jiff::SignedDuration::from_hours(1));
    assert!(
        world.get(&path).send().await.problem(404).contains("made again"),
        "a later run has written over it"
    );
    mark(now() + jiff::SignedDuration::from_secs(1));
    let listed = world.get("/api/v1/archive/exports").send().await.json();
    assert_eq!(
        (&listed["exports"][0]["is_there"], &listed["exports"][0]["run"]["id"]),
        (&json!(true), &json!(run.id))
    );
    let alone = world.get(&path).send().await;
    assert_eq!((alone.status.as_u16(), alone.text.as_str()), (200, "id,text"));
    let called = alone.headers["content-disposition"].to_str().unwrap();
    assert_eq!(called, "attachment; filename=\"B_cher.csv\"; filename*=UTF-8''B%C3%BCcher.csv");
    std::fs::write(folder.join("more.csv"), "id").unwrap();
    let packed = world.get(&path).header("accept-encoding", "gzip").send().await;
    assert_eq!(packed.headers["content-type"], "application/zip");
    assert!(!packed.headers.contains_key("content-encoding"), "it is packed already");
    assert!(packed.text.starts_with("PK") && packed.text.contains("more.csv"));
    let stranger = Run { kind: "command".into(), ..Run { id: RunId(uuid::Uuid::from_u128(8)), ..run } };
    world.state.runs.commit(std::slice::from_ref(&stranger), &[]).unwrap();
    world.get(&format!("/api/v1/archive/exports/{}/file", stranger.id)).send().await.problem(404);
}

#[tokio::test]
async fn each_address_has_its_scope() {
    let world = TestWeb::with_user().await;
    let (read, run) = (world.token(&["read"]).await, world.token(&["read", "run"]).await);
    assert_eq!(world.get("/api/v1/archive").bearer(&read).send().await.status, 200);
    for what in ["apply", "dismiss"] {
        world.post(&format!("/api/v1/archive/blocked/1/{what}")).bearer(&run).send().await.problem(403);
    }
    let import = json!({ "path": "/etc" });
    world.post("/api/v1/archive/imports").bearer(&run).json(&import).send().await.problem(403);
    world.post("/api/v1/archive/exports").bearer(&read).json(&json!({})).send().await.problem(403);
    world.post("/api/v1/archive/poison/retry").bearer(&read).json(&json!({})).send().await.problem(403);
    world.post("/api/v1/archive/undo").bearer(&run).json(&json!({})).send().await.problem(403);
    let upload = world.post("/api/v1/archive/uploads?name=a.json").bearer(&run);
    upload.header("content-type", "application/octet-stream").body(b"{}".to_vec()).send().await.problem(403);
    let scrobble = world.token(&["scrobble"]).await;
    for path in [
        "",
        "/chats",
        "/chats/5",
        "/chats/5/messages",
        "/chats/5/versions?message=1",
        "/chats/5/certificate",
        "/chats/5/picture",
        "/search?q=a",
        "/poison",
        "/blocked",
        "/sweeps",
        "/formats",
        "/exports",
        "/exports/01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f/file",
    ] {
        world.get(&format!("/api/v1/archive{path}")).bearer(&scrobble).send().await.problem(403);
        world.get(&format!("/api/v1/archive{path}")).send().await.problem(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_are_listed_by_pages_whatever_became_of_their_jobs() {
    let world = TestWeb::open();
    let empty = world.get("/api/v1/archive/exports").send().await.json();
    assert_eq!(empty, json!({ "exports": [], "next": null }));
    let runs: Vec<Run> = (1..=60)
        .map(|id| {
            let (job, kind) = match id % 3 {
                0 => ("weekly-pages", "export"),
                1 => ("export-by-hand", "export"),
                _ => ("backup", "archive"),
            };
            Run { kind: kind.into(), ..crate::web::testing::run(id, job, Status::Succeeded) }
        })
        .collect();
    world.state.runs.commit(&runs, &[]).unwrap();
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("/api/v1/archive/exports?limit=15{before}")).send().await.json();
        let exports = page["exports"].as_array().unwrap().clone();
        seen.extend(exports.iter().map(|it| it["run"]["id"].as_str().unwrap().to_owned()));
        assert!(exports.iter().all(|it| it["is_there"] == false));
        let Some(next) = page["next"].as_str() else { break };
        before = format!("&before={next}");
    }
    let expected: Vec<String> =
        runs.iter().rev().filter(|run| run.kind == "export").map(|run| run.id.to_string()).collect();
    assert_eq!(seen, expected);
    world.get("/api/v1/archive/exports?before=x").send().await.problem(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_of_a_job_that_is_of_another_kind_now_are_listed() {
    let world = TestWeb::open();
    let runs: Vec<Run> = (1..=250)
        .map(|id| {
            let kind = if id <= 3 { "export" } else { "command" };
            Run { kind: kind.into(), ..crate::web::testing::run(id, "nightly", Status::Succeeded) }
        })
        .collect();
    world.state.runs.commit(&runs, &[]).unwrap();
    let page = world.get("/api/v1/archive/exports?limit=2").send().await.json();
    let seen: Vec<&str> =
        page["exports"].as_array().unwrap().iter().map(|it| it["run"]["id"].as_str().unwrap()).collect();
    assert_eq!(seen, [runs[2].id.to_string(), runs[1].id.to_string()]);
    assert_eq!(page["next"], json!(runs[1].id));
}

#[tokio::test]
async fn exports_can_be_of_some_senders() {
    let world = filled().await;
    let start =
        async |body: Value| world.post("/api/v1/archive/exports").on_our_page().json(&body).send().await;
    assert_eq!(start(json!({ "formats": ["json"], "senders": [ADA] })).await.status, 202);
    start(json!({ "formats": ["json"], "senders": ["Ada"] })).await.problem(400);
}

#[tokio::test]
async fn earlier_texts_are_shown() {
    let world = filled().await;
    let edited: Message = serde_json::from_value(json!({
        "id": 3, "chat": CHAT, "date": now() + jiff::SignedDuration::from_mins(3), "sender": ADA, "text": "another number",
        "edited": now() + jiff::SignedDuration::from_hours(1),
    }))
    .unwrap();
    write(&world, [Write::Message { message: Box::new(edited), sender_name: None }]).await;
    let address = |message: &str| format!("/api/v1/archive/chats/{CHAT}/versions?message={message}");
    let seen = world.get(&address("3")).send().await.json();
    assert_eq!(seen["versions"][0]["text"], "number 3");
    assert_eq!(world.get(&address("4")).send().await.json()["versions"], json!([]));
    world.get(&address("x")).send().await.problem(400);
    let of_none = world.get("/api/v1/archive/chats/99/versions?message=3").send().await.json();
    assert_eq!(of_none["versions"], json!([]));
}

#[tokio::test]
async fn deletions_are_taken_back_or_only_counted() {
    let world = filled().await;
    let gone = |id: i32| Write::Deleted { chat: CHAT, id: MessageId(id), mode: DeletionMode::Soft };
    write(&world, [gone(4), gone(5)]).await;
    let undo = async |body: Value| world.post("/api/v1/archive/undo").on_our_page().json(&body).send().await;
    let from = now() - jiff::SignedDuration::from_hours(1);
    let rehearsed = undo(json!({ "from": from, "dry_run": true })).await.json();
    assert_eq!((&rehearsed["messages"], &rehearsed["chats"][0]["title"]), (&json!(2), &json!("Tape club")));
    assert_eq!(undo(json!({ "from": from, "chat": CHAT })).await.json()["messages"], 2);
    assert_eq!(undo(json!({ "from": from })).await.json()["messages"], 0, "they are back already");
    for unclear in [json!({}), json!({ "from": from, "number": 7 }), json!({ "number": 7, "chat": CHAT })] {
        assert!(undo(unclear).await.problem(400).contains("which deletions"));
    }
    undo(json!({ "number": 7 })).await.problem(404);
}

#[tokio::test]
async fn an_applied_edit_is_taken_back_by_its_number() {
    let world = filled().await;
    let edited: Message = serde_json::from_value(json!({
        "id": 3, "chat": CHAT, "date": now() + jiff::SignedDuration::from_mins(3), "sender": ADA, "text": "another number",
        "edited": now() + jiff::SignedDuration::from_hours(1),
    }))
    .unwrap();
    let held = BlockedOperation {
        number: 0,
        chat: CHAT,
        kind: BlockedKind::Edit,
        ids: vec![MessageId(3)],
        message: Some(Box::new(edited)),
        at: now(),
    };
    write(&world, [Write::Blocked(Box::new(held))]).await;
    let post = async |path: &str, body: Value| {
        world.post(&format!("/api/v1/archive/{path}")).on_our_page().json(&body).send().await
    };
    let number = world.get("/api/v1/archive/blocked").send().await.json()["blocked"][0]["number"].clone();
    post(&format!("blocked/{number}/apply"), json!({})).await.json();
    let versions = format!("/api/v1/archive/chats/{CHAT}/versions?message=3");
    assert_eq!(world.get(&versions).send().await.json()["versions"][0]["text"], "number 3");
    let listed = world.get("/api/v1/archive/undo").send().await.json();
    assert_eq!(
        (&listed["applied"][0]["number"], &listed["applied"][0]["kind"]),
        (&number, &json!("edit")),
        "{listed}"
    );
    assert_eq!((&listed["applied"][0]["title"], &listed["next"]), (&json!("Tape club"), &json!(null)));
    let below = format!("/api/v1/archive/undo?before={number}");
    assert_eq!(world.get(&below).send().await.json()["applied"], json!([]));
    let undone = post("undo", json!({ "number": number })).await.json();
    assert_eq!(
        (&undone["messages"], &undone["edits"], &undone["chats"][0]["title"]),
        (&json!(1), &json!(1), &json!("Tape club"))
    );
    let earlier = world.get(&versions).send().await.json();
    assert!(earlier["versions"].to_string().contains("another number"), "{earlier}");
    assert!(post("undo", json!({ "number": number })).await.problem(409).contains("done already"));
}

#[tokio::test]
async fn chats_that_send_are_called_by_their_titles() {
    let world = filled().await;
    let of = |id: i32, sender: PeerId| {
        let said = json!({
            "id": id, "chat": CHAT, "date": "2026-01-03T00:00:00Z", "text": "hello", "sender": sender, "signature": "Signed",
        });
        Write::Message { message: Box::new(serde_json::from_value(said).unwrap()), sender_name: None }
    };
    let (news, untitled) = (PeerId::channel(5), PeerId::channel(6));
    write(&world, [chat(news, "Tape news"), chat(untitled, ""), of(31, news), of(32, untitled)]).await;
    let page = world.get(&format!("/api/v1/archive/chats/{CHAT}/messages?limit=2")).send().await.json();
    let names: Vec<&Value> =
        page["messages"].as_array().unwrap().iter().map(|it| &it["sender_name"]).collect();
    assert_eq!(names, ["Tape news", "Signed"]);
}

#[tokio::test]
async fn what_was_taken_back_is_listed_no_more() {
    let world = filled().await;
    let held = BlockedOperation {
        number: 0,
        chat: CHAT,
        kind: BlockedKind::Deletion,
        ids: vec![MessageId(4), MessageId(5)],
        message: None,
        at: now(),
    };
    write(&world, [Write::Blocked(Box::new(held))]).await;
    let post = async |path: &str, body: Value| {
        world.post(&format!("/api/v1/archive/{path}")).on_our_page().json(&body).send().await.json()
    };
    let listed = async || world.get("/api/v1/archive/undo").send().await.json()["applied"].clone();
    let number = world.get("/api/v1/archive/blocked").send().await.json()["blocked"][0]["number"].clone();
    assert_eq!(listed().await, json!([]), "nobody has applied it");
    post(&format!("blocked/{number}/apply"), json!({})).await;
    let rehearsed = post("undo", json!({ "number": number, "dry_run": true })).await;
    assert_eq!((&rehearsed["messages"], &rehearsed["edits"]), (&json!(2), &json!(0)));
    assert_eq!(listed().await[0]["number"], number, "a rehearsal takes nothing back");
    assert_eq!(post("undo", json!({ "number": number })).await["messages"], 2);
    assert_eq!(listed().await, json!([]));
    assert_eq!(post("undo", json!({ "number": number })).await["messages"], 0, "they are back already");
}

#[tokio::test]
async fn nobody_is_asked_again_without_a_login() {
    let world = TestWeb::open();
    let retry = async |world: &TestWeb, body: Value| {
        world.post("/api/v1/archive/poison/retry").on_our_page().json(&body).send().await
    };
    assert!(retry(&world, json!({})).await.problem(404).contains("nothing was archived yet"));
    let world = filled().await;
    assert!(retry(&world, json!({ "id": 3 })).await.problem(400).contains("without `chat`"));
    assert!(retry(&world, json!({ "chat": CHAT, "id": 3 })).await.problem(409).contains("main"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_of_chats_are_given_and_nothing_else() {
    let world = filled().await;
    let media = world.web.parts.media.store().await.unwrap();
    let keep = async |photo: i64, bytes: &[u8]| {
        let file = media.arriving().join(format!("{photo}"));
        std::fs::write(&file, bytes).unwrap();
        let placed = media.put(file).await.unwrap();
        let blob = Write::Blob { hash: placed.hash, bytes: placed.bytes };
        let avatar = Write::Avatar { peer: CHAT, photo, hash: placed.hash, extension: "jpg".into() };
        write(&world, [blob, avatar]).await;
        placed.hash
    };
    let address = format!("/api/v1/archive/chats/{CHAT}/picture");
    assert!(world.get(&address).send().await.problem(404).contains("no picture"));
    let shown =
        async || world.get(&format!("/api/v1/archive/chats/{CHAT}")).send().await.json()["photo"].clone();
    assert_eq!(shown().await, json!(null));
    keep(5, &[0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3]).await;
    let given = world.get(&address).send().await;
    assert_eq!(
        (given.status.as_u16(), &given.headers["content-type"]),
        (200, &"image/jpeg".parse().unwrap())
    );
    assert_eq!(given.headers["x-content-type-options"], "nosniff");
    assert_eq!(shown().await, 5);
    let tag = given.headers["etag"].to_str().unwrap().to_owned();
    let known = world.get(&address).header("if-none-match", &tag).send().await;
    assert_eq!(known.status, 304);
    for name in ["etag", "cache-control"] {
        assert_eq!(known.headers.get(name), given.headers.get(name), "{name}");
    }
    let lost = keep(6, b"<svg onload=alert(1)>").await;
    world.get(&address).send().await.problem(404);
    std::fs::remove_file(media.path(lost).unwrap()).unwrap();
    world.get(&address).send().await.problem(404);
    world.get("/api/v1/archive/chats/99/picture").send().await.problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_uploaded_and_imported_from_where_it_lies() {
    let world = TestWeb::open();
    let send = async |name: &str, bytes: &[u8]| {
        let address = format!("/api/v1/archive/uploads?name={name}");
        let request = world.post(&address).on_our_page().header("content-type", "application/octet-stream");
        request.body(bytes.to_vec()).send().await
    };
    let taken = send("result.json", b"{}").await;
    assert_eq!(taken.status, 201);
    let taken = taken.json();
    let path = taken["path"].as_str().unwrap().to_owned();
    assert_eq!((std::fs::read(&path).unwrap(), &taken["bytes"]), (b"{}".to_vec(), &json!(2)));
    let import =
        world.post("/api/v1/archive/imports").on_our_page().json(&json!({ "path": path })).send().await;
    assert_eq!(import.status, 202);
    std::fs::remove_file(&path).unwrap();
    let import =
        world.post("/api/v1/archive/imports").on_our_page().json(&json!({ "path": path })).send().await;
    assert!(import.problem(404).contains("Upload the file again"));
    std::fs::write(&path, b"{}").unwrap();
    for name in ["", "..%2Fresult.json", ".hidden"] {
        send(name, b"{}").await.problem(400);
    }
    assert!(send("result.json", b"").await.problem(400).contains("empty"));
    let mut settings = (**world.settings.borrow()).clone();
    settings.server.max_upload = crate::model::ByteSize(10);
    world.settings.send_replace(std::sync::Arc::new(settings));
    assert!(send("more.json", b"12345678").await.status == 201);
    assert!(send("result.json", b"12345678").await.problem(413).contains("uploaded before"));
    let folders = std::fs::read_dir(world.state.folder().join("uploads")).unwrap().count();
    assert_eq!(folders, 2, "what was refused is gone");
}

#[tokio::test]
async fn imports_say_what_becomes_of_files() {
    let world = TestWeb::open();
    let post =
        async |body: Value| world.post("/api/v1/archive/imports").on_our_page().json(&body).send().await;
    for told in [
        json!({ "path": "/x", "skip_media": true }),
        json!({ "path": "/x", "media": "/srv/media", "dry_run": true }),
    ] {
        assert_eq!(post(told).await.status, 202);
    }
    post(json!({ "path": "/x", "media": "media" })).await.problem(400);
    let refused = post(json!({ "path": "postgres://ada:hunter2@host/telegram" })).await.problem(400);
    assert!(refused.contains("`tapedeck import ") && !refused.contains("hunter2"), "{refused}");
}
