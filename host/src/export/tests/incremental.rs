use serde_json::Value;

use super::desk::{Desk, chat, said, user};
use crate::{
    archive::{DeletionMode, Write},
    export::Request,
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
    // Pages lead to each other: they are written anew.
    assert_eq!(desk.read("log/html/messages.html").matches("class=\"row").count(), 302);
    assert!(desk.export(&request).await.unwrap().is_unchanged);
    assert_eq!(desk.names(""), ["log"]);
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
