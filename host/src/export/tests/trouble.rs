use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::desk::{Desk, chat, said, user};
use crate::export::{ExportError, Request, Watch, export};

const TEA: i64 = -1_000_000_000_001;

/// An archive of some pages, and an export of before.
async fn desk() -> (Desk, Request, String) {
    let desk = Desk::open().await;
    desk.write(vec![chat(TEA, "Tea"), user(7, "Ana")]).await;
    desk.keep(&(1..=3_000).map(|id| said(TEA, id, "before")).collect::<Vec<_>>()).await;
    let request = desk.request(&["csv", "text"], "x");
    desk.export(&request).await.unwrap();
    let before = desk.read("x/csv/messages.csv");
    desk.keep(&[said(TEA, 3_001, "after")]).await;
    (desk, request, before)
}

async fn untouched(desk: Desk, before: String) {
    assert_eq!(desk.read("x/csv/messages.csv"), before);
    assert_eq!(desk.names(""), ["x"], "nothing is left beside it");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_plugin_leaves_the_export_of_before() {
    let (desk, mut request, before) = desk().await;
    request.formats[1].parameters.insert("colour".into(), true.into());
    let failed = desk.export(&request).await.unwrap_err();
    assert!(matches!(failed, ExportError::Plugin(_)) && failed.to_string().contains("colour"), "{failed}");
    untouched(desk, before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_leaves_the_export_of_before() {
    let (desk, request, before) = desk().await;
    let stop = CancellationToken::new();
    let cancel = stop.clone();
    let watch = Watch { stop, report: Arc::new(move |_| cancel.cancel()) };
    assert!(export(&desk.parts, &request, &watch).await.is_err());
    untouched(desk, before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_counts_to_the_end() {
    let (desk, request, _) = desk().await;
    let (sender, counted) = std::sync::mpsc::channel();
    let watch = Watch {
        report: Arc::new(move |it| sender.send((it.messages, it.total)).unwrap()),
        ..Watch::nobody()
    };
    export(&desk.parts, &request, &watch).await.unwrap();
    drop(watch);
    let counted: Vec<_> = counted.iter().collect();
    assert_eq!(counted.last(), Some(&(3_001, Some(3_001))));
    assert!(counted.is_sorted() && counted.len() > 5);
    desk.finish().await;
}
