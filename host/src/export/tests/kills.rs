//! A process that exports without a pause is killed again and again: under the final name there is always a
//! whole export.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use super::desk::{Desk, chat, said, user};

const FOLDER: &str = "TAPEDECK_TEST_EXPORT_FOLDER";
const TEA: i64 = -1_000_000_000_001;
const MESSAGES: i32 = 2_000;

/// How often, `TAPEDECK_TEST_KILLS` says.
#[test]
fn kills_leave_no_half_export() {
    #[expect(clippy::disallowed_methods, reason = "a test is told how long it may take")]
    let kills = std::env::var("TAPEDECK_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let folder = tempfile::tempdir().unwrap();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..kills {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        write_and_kill(folder.path(), Duration::from_micros(random >> 46));
        inspect(&folder.path().join("out/x"));
    }
}

fn write_and_kill(folder: &Path, pause: Duration) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "export::tests::kills::exports_until_killed", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "exported"), "the child has died by itself");
    std::thread::sleep(pause);
    child.kill().unwrap();
    child.wait().unwrap();
}

fn inspect(export: &Path) {
    let text = std::fs::read_to_string(export.join("telegram-desktop/result.json")).unwrap();
    let written: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(written["messages"].as_array().unwrap().len(), MESSAGES as usize);
    let csv = std::fs::read_to_string(export.join("csv/messages.csv")).unwrap();
    assert_eq!(csv.lines().count(), MESSAGES as usize + 1);
}

#[test]
#[ignore = "it is the process that `kills_leave_no_half_export` kills"]
#[expect(clippy::disallowed_methods, reason = "it speaks to the test that has started it")]
fn exports_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let desk = Desk::open_in(Path::new(&folder)).await;
        if desk.names("").is_empty() {
            desk.write(vec![chat(TEA, "Tea"), user(7, "Ana")]).await;
            desk.keep(&(1..=MESSAGES).map(|id| said(TEA, id, "again")).collect::<Vec<_>>()).await;
        }
        let request = desk.request(&["csv", "telegram-desktop"], "x");
        loop {
            desk.export(&request).await.unwrap();
            println!("\nexported");
        }
    });
}
