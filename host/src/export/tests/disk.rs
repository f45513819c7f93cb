//! A disk that is full, at each write of an export. It is a small file system in a mount namespace that ends with the test.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use super::desk::{Desk, chat, said, user};
use crate::export::{Goal, Request};

const FOLDER: &str = "TAPEDECK_TEST_EXPORT_DISK";
const TEA: i64 = -1_000_000_000_001;
const STEP: usize = 48 * 1024;
const ROUNDS: usize = 60;

#[test]
fn a_full_disk_leaves_the_export_of_before() {
    let folder = tempfile::tempdir().unwrap();
    let script =
        "mount -t tmpfs -o size=6m tmpfs \"$1\" || exit 97; exec \"$0\" --exact \"$2\" --ignored --nocapture";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .arg(folder.path())
        .arg("export::tests::disk::exports_to_a_small_disk")
        .env(FOLDER, folder.path())
        .output()
        .expect("unshare is part of util-linux");
    let told = [output.stdout, output.stderr].map(|told| String::from_utf8_lossy(&told).into_owned());
    assert_ne!(
        output.status.code(),
        Some(97),
        "this machine lets nobody mount a small file system: {}",
        told[1]
    );
    assert!(output.status.success() && told[0].contains("1 passed"), "{}\n{}", told[0], told[1]);
}

/// Up to so many bytes.
fn fill(filler: &Path, left: usize) {
    let mut file = File::create(filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(left as u64)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs a small disk: `a_full_disk_leaves_the_export_of_before` gives it one"]
async fn exports_to_a_small_disk() {
    #[expect(clippy::disallowed_methods, reason = "it is told where the disk is")]
    let Some(disk) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let desk = Desk::open().await;
    desk.write(vec![chat(TEA, "Tea"), user(7, "Ana")]).await;
    desk.keep(&[said(TEA, 1, "before")]).await;
    let goal = disk.join("out");
    let usual = desk.request(&["csv", "telegram-desktop", "text"], "x");
    let request = Request { goal: Goal::Folder(goal.clone()), ..usual };
    desk.export(&request).await.unwrap();
    let before = fs::read(goal.join("csv/messages.csv")).unwrap();
    desk.keep(&(2..=3_000).map(|id| said(TEA, id, "after a while")).collect::<Vec<_>>()).await;
    let (filler, mut failed) = (disk.join("filler"), 0);
    for round in 0..ROUNDS {
        fill(&filler, round * STEP);
        let ended = desk.export(&request).await;
        fs::remove_file(&filler).unwrap();
        match ended {
            Ok(_) => break,
            Err(error) => {
                let words = error.to_string();
                assert!(words.contains("the disk is full"), "{words}");
                assert!(words.contains(&disk.display().to_string()), "{words}");
                assert!(error.is_temporary());
            }
        }
        failed += 1;
        assert_eq!(fs::read(goal.join("csv/messages.csv")).unwrap(), before, "with {} bytes", round * STEP);
        let names: Vec<_> = fs::read_dir(&disk).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(names, ["out"], "nothing is left beside it");
    }
    assert!(failed > 5, "only {failed} exports met the end of the disk");
    desk.export(&request).await.unwrap();
    assert_eq!(fs::read_to_string(goal.join("csv/messages.csv")).unwrap().lines().count(), 3_001);
    desk.finish().await;
}
