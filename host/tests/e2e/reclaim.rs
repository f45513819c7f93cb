//! The room of files comes back when the messages that had them are gone for good.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tapedeck_sim::telegram::{Peer, Spot};

use crate::support::{telegram::*, *};

const GRACE: i64 = 1002;

const JOBS: &str = r#"
[capture]
deletions = "hard"
undo_window = "0s"

[jobs.archive]
kind = "archive"

[jobs.recheck]
kind = "recheck"

[jobs.try-prune]
kind = "prune"
chats = ["1002"]
keep = "1h"
dry_run = true

[jobs.prune]
kind = "prune"
chats = ["1002"]
keep = "1h"
"#;

fn run(daemon: &mut Daemon, job: &str) -> Value {
    let id = daemon.post(&format!("/api/v1/jobs/{job}/run"))["id"].as_str().unwrap().to_owned();
    let run = |daemon: &Daemon| daemon.get(&format!("/api/v1/runs/{id}"));
    daemon.wait_until("the run ends", |daemon| !run(daemon)["ended"].is_null());
    let run = run(daemon);
    assert_eq!(run["status"], "succeeded", "{run}");
    run["summary"]["data"].clone()
}

fn files_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

#[test]
fn files_go_with_the_messages_that_had_them() {
    let folder = Folder::with(&format!("{SECTION}{JOBS}"));
    let telegram = SimTelegram::open(&folder);
    telegram.telegram(|t| {
        t.add_user(GRACE, "Grace");
        t.advance(-7_200);
        for byte in 1..=3 {
            let file = t.add_document(vec![byte; 3_000], "application/pdf", Vec::new());
            t.send_file(Peer::User(ANN), GRACE, &file, "");
            t.advance(if byte == 1 { 7_200 } else { 0 });
        }
    });
    let mut daemon = folder.start();
    telegram.log_in(&folder, &mut daemon);
    let blobs = folder.data().join("archive/media/blobs");
    assert_eq!(run(&mut daemon, "archive")["files"]["fetched"], 3);
    assert_eq!(files_below(&blobs), 3);

    telegram.telegram(|t| t.delete(Spot::Box { owner: ANN, id: 2 }));
    run(&mut daemon, "recheck");
    assert_eq!(run(&mut daemon, "archive")["reclaimed_files"], 1);
    assert_eq!(files_below(&blobs), 2);

    let told = ["removed", "files"];
    let pruned = run(&mut daemon, "try-prune");
    assert_eq!(told.map(|name| pruned[name].clone()), [json!(1), json!(1)], "{pruned}");
    assert_eq!(files_below(&blobs), 2);
    let pruned = run(&mut daemon, "prune");
    assert_eq!(told.map(|name| pruned[name].clone()), [json!(1), json!(1)], "{pruned}");
    assert_eq!(files_below(&blobs), 1);
    daemon.stop();
    telegram.world.finish().unwrap();
}
