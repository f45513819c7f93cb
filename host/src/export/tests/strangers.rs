//! Exporters that write where nothing of theirs belongs.

use std::path::PathBuf;

use serde_json::json;

use super::desk::{Desk, chat, said};
use crate::{
    archive::{BlobHash, FileKey, FilePlace, FileState, Write},
    export::{ExportError, MediaMode, Request},
    model::{Message, MessageId, PeerId},
    plugin_host::Failure,
};

const TEA: i64 = -1_000_000_000_001;

/// A message with a file, and where the archive has that.
async fn desk(settings: serde_json::Value) -> (Desk, PathBuf) {
    let desk = Desk::with_probe(settings).await;
    desk.write(vec![chat(TEA, "Tea")]).await;
    let media = json!({ "kind": "document", "file": {
        "role": "main", "form": "document", "id": 91, "access_hash": 1, "reference": "", "dc": 2,
        "date": "2026-01-01T00:00:00Z", "size_bytes": 5, "mime": "text/plain", "name": "91.txt",
    } });
    desk.keep(&[Message { media: Some(serde_json::from_value(media).unwrap()), ..said(TEA, 1, "see") }])
        .await;
    let hash = BlobHash([7; 32]);
    let blob = desk.folder.join("media/blobs/07").join(hash.to_hex());
    std::fs::create_dir_all(blob.parent().unwrap()).unwrap();
    std::fs::write(&blob, "hello").unwrap();
    let state = FileState::Held(FilePlace { hash, bytes: 5, link: "-1000000000001/91.txt".into() });
    let key = FileKey { chat: PeerId(TEA), id: MessageId(1), file: 91 };
    desk.write(vec![Write::Blob { hash, bytes: 5 }, Write::File { key, state }]).await;
    (desk, blob)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_archives_media_are_out_of_reach() {
    // Where the link lies already, and where it will lie.
    for call in ["push", "begin-chat"] {
        let (desk, blob) = desk(json!({ call: "path media/-1000000000001/91.txt" })).await;
        let request = Request { media: MediaMode::Link, ..desk.request(&["probe"], "x") };
        let refused = desk.export(&request).await.unwrap_err();
        let is_garbage = matches!(&refused, ExportError::Plugin(error) if matches!(error.failure, Failure::Garbage { .. }));
        assert!(is_garbage && refused.to_string().starts_with("plugin probe "), "{refused}");
        assert_eq!(std::fs::read_to_string(blob).unwrap(), "hello");
        assert_eq!(desk.names(""), [""; 0], "nothing is left");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_write_to_one_place() {
    let (desk, _) = desk(json!({})).await;
    let refused = desk.export(&desk.request(&["probe", "probe"], "x")).await.unwrap_err();
    assert!(matches!(refused, ExportError::SamePlace { .. }) && !refused.is_temporary(), "{refused}");
    desk.export(&desk.request(&["probe"], "x")).await.unwrap();
    assert_eq!(desk.read("x/messages.txt").lines().last().unwrap(), "probe: 1 chats, 0 people, 1 messages");
    desk.finish().await;
}
