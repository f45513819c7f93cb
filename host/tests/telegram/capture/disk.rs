//! A disk that is full, at each write of the archive and of files: nothing half is seen, the error says what is full, and work
//! goes on when there is room again. The disk is a small file system in a mount namespace that ends with the test.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use tapedeck::{
    archive::{
        BlobHash, SharedStore, SqliteStore,
        media::{LocalMedia, MediaStore, Verified},
    },
    capture::{FetchMedia, Tell},
};
use tapedeck_sim::telegram::Peer;

use super::{
    media::Shelf,
    stage::{Stage, WITH_GRACE},
};
use crate::support::{ADA, GRACE, child::FOLDER, soon, variable};

const MESSAGES: usize = 400;
/// What is left free, from nothing on.
const STEP: usize = 24 * 1024;
const ROUNDS: usize = 60;

/// Runs one of the ignored tests where the folder that it is told of is a file system of its own.
fn on_a_small_disk(test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let script =
        "mount -t tmpfs -o size=4m tmpfs \"$1\" || exit 97; exec \"$0\" --exact \"$2\" --ignored --nocapture";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .arg(folder.path())
        .arg(test)
        .env(FOLDER, folder.path())
        .output()
        .expect("unshare is part of util-linux");
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert_ne!(
        output.status.code(),
        Some(97),
        "this machine lets nobody mount a small file system: {}",
        said[1]
    );
    assert!(output.status.success() && said[0].contains("1 passed"), "{}\n{}", said[0], said[1]);
}

#[test]
fn an_archive_on_a_full_disk_goes_on_when_there_is_room() {
    on_a_small_disk("capture::disk::archive_on_a_small_disk");
}

#[test]
fn files_on_a_full_disk_are_whole_or_not_there() {
    on_a_small_disk("capture::disk::files_on_a_small_disk");
}

struct Disk(PathBuf);

impl Disk {
    fn told() -> Option<Self> {
        variable(FOLDER).map(|folder| Self(folder.into()))
    }

    fn clear(&self) {
        for entry in fs::read_dir(&self.0).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        }
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Fills it up to so many bytes.
    fn fill(&self, left: usize) {
        let mut filler = File::create(self.filler()).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
        let length = filler.metadata().unwrap().len();
        filler.set_len(length.saturating_sub(left as u64)).unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    /// Where and why, in words that somebody can act on.
    fn is_named_in(&self, error: &dyn std::error::Error) {
        let mut words = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            words = format!("{words}: {error}");
            source = error.source();
        }
        let place = self.0.display().to_string();
        assert!(words.contains("the disk is full") && words.contains(&place), "{words}");
    }
}

fn open(file: &Path) -> Result<SharedStore, tapedeck::archive::StoreError> {
    SqliteStore::open(file).map(|store| Arc::new(store) as SharedStore)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs a small disk: `an_archive_on_a_full_disk_goes_on_when_there_is_room` gives it one"]
async fn archive_on_a_small_disk() {
    let Some(disk) = Disk::told() else { return };
    let mut stage = Stage::open().await;
    stage.scene.telegram(|t| {
        for number in 0..MESSAGES {
            t.say(Peer::User(ADA), GRACE, &format!("number {number} {}", "word ".repeat(80)));
        }
    });
    let elsewhere = stage.store.clone();
    let (mut not_opened, mut failed, mut whole) = (0, 0, 0);
    for round in 0..ROUNDS {
        disk.clear();
        disk.fill(round * STEP);
        let file = disk.0.join("archive/archive.db");
        stage.store = match open(&file) {
            Ok(store) => store,
            Err(error) => {
                disk.is_named_in(&error);
                assert!(error.is_temporary(), "{error:?}");
                not_opened += 1;
                disk.make_room();
                open(&file).unwrap()
            }
        };
        let (_, ended) = stage.try_sweep().await;
        match ended {
            Ok(()) => whole += 1,
            Err(error) => {
                disk.is_named_in(&error);
                assert!(error.is_temporary(), "{error:?}");
                failed += 1;
                // What is there can be read, and is all that the cursor speaks of.
                let ids = stage.ids(WITH_GRACE).await;
                assert_eq!(ids.len(), usize::try_from(stage.cursor(WITH_GRACE).await).unwrap());
                disk.make_room();
            }
        }
        // In the same process, as if nothing had been.
        stage.sweep().await;
        assert_eq!(stage.ids(WITH_GRACE).await.len(), MESSAGES, "with {} bytes", round * STEP);
        assert_eq!(stage.store.check().await.unwrap(), [""; 0], "with {} bytes", round * STEP);
        stage.store = elsewhere.clone();
    }
    println!("{not_opened} were not opened, {failed} sweeps failed, {whole} had room");
    assert!(not_opened > 0 && failed > 2 && whole > 0, "{not_opened}, {failed}, {whole}");
    stage.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs a small disk: `files_on_a_full_disk_are_whole_or_not_there` gives it one"]
async fn files_on_a_small_disk() {
    let Some(disk) = Disk::told() else { return };
    let (mut failed, mut whole) = (0, 0);
    for round in 0..ROUNDS {
        disk.clear();
        let shelf = Shelf::of(&[1, 5_000, 300_000, 700_000]).await;
        let folder = disk.0.join("media");
        let media = Arc::new(MediaStore::Local(LocalMedia::open(folder.clone()).unwrap()));
        let fetch = async || {
            let (capture, media) = (shelf.stage.capture(), media.clone());
            soon(FetchMedia { capture, media, tell: Tell::nobody() }.run()).await
        };
        disk.fill(round * STEP);
        match fetch().await {
            (_, Ok(())) => whole += 1,
            (fetched, Err(error)) => {
                disk.is_named_in(&error);
                assert!(error.is_temporary(), "{error:?}");
                assert_eq!(fetched.failed, 0, "no file is to blame");
                failed += 1;
            }
        }
        are_whole(&media, &folder).await;
        disk.make_room();
        let (_, ended) = fetch().await;
        ended.unwrap();
        assert_eq!(are_whole(&media, &folder).await, 4, "with {} bytes", round * STEP);
        assert_eq!(fs::read_dir(media.arriving()).unwrap().count(), 0);
        shelf.stage.finish();
    }
    println!("{failed} failed, {whole} had room");
    assert!(failed > 10 && whole > 0, "{failed}, {whole}");
}

/// Everything under its name; how many.
async fn are_whole(media: &MediaStore, folder: &Path) -> usize {
    let below = |folder: &Path| -> BTreeSet<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
    };
    let blobs: BTreeSet<PathBuf> = below(&folder.join("blobs")).iter().flat_map(|it| below(it)).collect();
    for blob in &blobs {
        let name = blob.file_name().unwrap().to_str().unwrap();
        let hash = BlobHash::from_hex(name).unwrap_or_else(|| panic!("{name} is no blob"));
        assert!(matches!(media.verify(hash).await.unwrap(), Verified::Whole { .. }), "{name} is half");
    }
    let chat = folder.join(WITH_GRACE.0.to_string());
    for link in below(&chat) {
        assert!(fs::read(&link).is_ok(), "{} leads nowhere", link.display());
    }
    blobs.len()
}
