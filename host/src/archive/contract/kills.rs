//! A process writes until it is killed, again and again: what it was told to be written is there, nothing is
//! there twice, no cursor goes back, and the engine finds nothing wrong.
//!
//! `TAPEDECK_TEST_KILLS=1000` takes some minutes.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use super::*;
use crate::archive::{Around, ChangeKind, IdRange, MessagePage, Ranges};

/// Names the folder that the two processes share.
pub(crate) const FOLDER: &str = "TAPEDECK_TEST_FOLDER";
const USUAL: u32 = 30;
const PAGE: i32 = 20;

#[expect(clippy::disallowed_methods, reason = "two processes of a test have nothing else in common")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The child: goes on where the archive says, and tells what it was promised.
pub(crate) async fn write_until_killed(store: SharedStore) {
    let desk = Desk::new(Fresh { store, kept: Box::new(()) });
    let mut cursor = desk.sync(desk.key(GROUP)).await.unwrap().cursor.map_or(0, |id| id.0);
    println!("\n! found {cursor}");
    loop {
        let range = IdRange { first: MessageId(cursor + 1), last: MessageId(cursor + PAGE) };
        let mut writes: Vec<Write> =
            (range.first.0..=range.last.0).map(|id| said(GROUP, id, "the tape")).collect();
        let edited =
            Message { edited: Some(moment(i64::from(cursor))), ..worlds::plain(GROUP, cursor, "edited") };
        writes.extend((cursor > 0).then(|| told(edited)));
        writes.push(Write::Covered { chat: GROUP, range });
        writes.push(Write::Cursor { chat: GROUP, to: range.last });
        // Others write at the same time.
        let live =
            desk.write(Batch { source: Source::Live, ..desk.batch(vec![said(ADA, cursor + 1, "live")]) });
        let (swept, live) = tokio::join!(desk.write(desk.batch(writes)), live);
        swept.unwrap();
        live.unwrap();
        cursor += PAGE;
        println!("\n! wrote {cursor}");
        if cursor % (PAGE * 4) == 0 {
            desk.index(64).await.unwrap();
        }
    }
}

fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    *state >> 33
}

/// The parent. `child` names the ignored test that calls [`write_until_killed`] on the same folder.
pub(crate) async fn survives(child: &str, folder: &Path, open: impl AsyncFn() -> Fresh) {
    let kills = variable("TAPEDECK_TEST_KILLS").and_then(|text| text.parse().ok()).unwrap_or(USUAL);
    let (mut state, mut promised, mut sequence) = (0x2545_F491_4F6C_DD1D_u64, 0, 0);
    for _ in 0..kills {
        let said = tokio::task::block_in_place(|| kill(child, folder, &mut state));
        let cursors: Vec<i32> =
            said.iter().filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        let found = cursors.first().copied().unwrap_or(promised);
        assert!(found >= promised, "{promised} was promised, {found} was found");
        promised = cursors.last().copied().unwrap_or(promised);
        let desk = Desk::new(open().await);
        sequence = look(&desk, promised, sequence).await;
        desk.finish().await;
    }
    assert!(promised > 0, "the test has something to look at");
}

fn kill(child: &str, folder: &Path, state: &mut u64) -> Vec<String> {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args([child, "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .filter(|line| line.starts_with("! "));
    let count = usize::try_from(random(state) % 12).unwrap() + 1;
    let mut said: Vec<String> = lines.by_ref().take(count).collect();
    std::thread::sleep(Duration::from_micros(random(state) % 6_000));
    process.kill().unwrap();
    process.wait().unwrap();
    said.extend(lines);
    said
}

/// All that belongs together is there, or none of it. The newest number of the feed.
async fn look(desk: &Desk, promised: i32, sequence: i64) -> i64 {
    let sync = desk.sync(desk.key(GROUP)).await.unwrap();
    let cursor = sync.cursor.map_or(0, |id| id.0);
    assert!(cursor >= promised && cursor % PAGE == 0, "{promised} was promised, the cursor is at {cursor}");
    let found =
        desk.messages(desk.key(GROUP), MessagePage::new(Around::After(MessageId(0)), 1 << 20)).await.unwrap();
    assert_eq!(ids(&found), (1..=cursor).collect::<Vec<_>>());
    let edited = found.iter().filter(|it| it.message.text == "edited").map(|it| it.message.id.0);
    assert_eq!(edited.collect::<Vec<_>>(), (1..cursor / PAGE).map(|page| page * PAGE).collect::<Vec<_>>());
    let covered: Ranges = IdRange::new(MessageId(1), MessageId(cursor)).into_iter().collect();
    assert_eq!(sync.coverage, covered);
    let changes = desk.changes(0, 1 << 20).await.unwrap();
    assert!(changes.is_sorted_by(|a, b| a.sequence < b.sequence));
    let told: Ranges = changes
        .iter()
        .filter(|it| it.chat == GROUP && it.kind == ChangeKind::New)
        .filter_map(|it| it.ids)
        .collect();
    assert_eq!(told, covered, "the feed tells of each");
    let last = changes.last().map_or(0, |it| it.sequence);
    assert!(last >= sequence, "numbers are never used again");
    last
}
