//! Blobs of this machine, and the same promises kept by a bucket.

use std::{fs, os::unix::fs::symlink, process::Command};

use tempfile::TempDir;

use super::{links::Form, *};
use crate::model::PeerId;

fn local() -> (TempDir, MediaStore) {
    let folder = tempfile::tempdir().unwrap();
    let media = LocalMedia::open(folder.path().join("media")).unwrap();
    (folder, MediaStore::Local(media))
}

/// A file that has arrived.
fn arrived(media: &MediaStore, name: &str, bytes: &[u8]) -> PathBuf {
    let path = media.arriving().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

async fn put(media: &MediaStore, bytes: &[u8]) -> Placed {
    media.put(arrived(media, "one", bytes)).await.unwrap()
}

/// What every media store keeps.
async fn keeps_its_promises(media: &MediaStore) {
    let large: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
    let first = put(media, b"hello").await;
    assert_eq!((first.bytes, first.is_new), (5, true));
    assert_eq!(first.hash.0, *blake3::hash(b"hello").as_bytes());
    let again = put(media, b"hello").await;
    assert_eq!((again.hash, again.is_new), (first.hash, false));
    assert!(!media.arriving().join("one").exists(), "it has been taken away");

    let film = put(media, &large).await;
    assert_eq!(media.size(film.hash).await.unwrap(), Some(20_000_000));
    assert_eq!(media.read(film.hash, 9_999_990..10_000_010).await.unwrap(), large[9_999_990..10_000_010]);
    assert_eq!(media.read(film.hash, 19_999_998..u64::MAX).await.unwrap(), large[19_999_998..]);
    assert!(media.read(film.hash, 30_000_000..30_000_001).await.unwrap().is_empty());
    assert_eq!(media.verify(film.hash).await.unwrap(), Verified::Whole { bytes: 20_000_000 });
    let empty = put(media, b"").await;
    assert_eq!(media.verify(empty.hash).await.unwrap(), Verified::Whole { bytes: 0 });

    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("film.mp4");
    media.copy_to(film.hash, copy.clone()).await.unwrap();
    assert!(fs::read(&copy).unwrap() == large);
    assert_eq!(fs::read_dir(copies.path()).unwrap().count(), 1);

    let mut all = [first.hash, film.hash, empty.hash];
    all.sort();
    let hashes = |listed: Vec<Listed>| listed.into_iter().map(|it| it.hash).collect::<Vec<_>>();
    assert_eq!(hashes(media.list(None, 10).await.unwrap()), all);
    assert_eq!(hashes(media.list(None, 2).await.unwrap()), all[..2]);
    assert_eq!(hashes(media.list(Some(all[1]), 10).await.unwrap()), all[2..]);

    assert!(media.remove(film.hash).await.unwrap());
    assert!(!media.remove(film.hash).await.unwrap());
    assert_eq!(media.size(film.hash).await.unwrap(), None);
    assert_eq!(media.verify(film.hash).await.unwrap(), Verified::Missing);
    assert!(matches!(media.read(film.hash, 0..1).await, Err(MediaError::Missing { .. })));
    assert!(matches!(media.copy_to(film.hash, copy).await, Err(MediaError::Missing { .. })));
}

#[tokio::test]
async fn who_puts_and_who_removes_take_turns() {
    let (_folder, media) = local();
    let (one, other) = (media.claim().await.unwrap(), media.claim().await.unwrap());
    drop(one);
    assert!(media.clearance().await.unwrap().is_none());
    drop(other);
    let clearance = media.clearance().await.unwrap();
    assert!(clearance.is_some());
    assert!(media.clearance().await.unwrap().is_none());
    let waiting = media.claim();
    tokio::pin!(waiting);
    assert!(futures_util::poll!(&mut waiting).is_pending());
    drop(clearance);
    drop(waiting.await.unwrap());
}

#[tokio::test]
async fn a_folder_keeps_its_promises() {
    let (_folder, media) = local();
    keeps_its_promises(&media).await;
}

/// Run by scripts/test-s3, which starts the server.
#[tokio::test]
#[ignore = "needs a server that speaks S3: make test-s3"]
#[expect(clippy::disallowed_methods, reason = "the script that starts the server says where it is")]
async fn a_bucket_keeps_its_promises() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint = std::env::var("TAPEDECK_TEST_S3").expect("run `make test-s3`");
    let folder = tempfile::tempdir().unwrap();
    let settings = S3Settings {
        bucket: "deck".into(),
        region: "us-east-1".into(),
        endpoint: Some(endpoint),
        prefix: "archive/one".into(),
        access_key: "key".to_owned().into(),
        secret_key: "secret".to_owned().into(),
        is_path_style: true,
        arriving: folder.path().join("arriving"),
    };
    let media = MediaStore::S3(S3Media::open(&settings).unwrap());
    keeps_its_promises(&media).await;
    assert_eq!(media.path(put(&media, b"x").await.hash), None);

    let elsewhere = S3Settings { bucket: "nobody".into(), ..settings.clone() };
    let error = S3Media::open(&elsewhere).unwrap().put(arrived(&media, "one", b"lost")).await.unwrap_err();
    assert!(matches!(error, MediaError::Refused { .. }) && !error.is_temporary(), "{error:?}");
    assert!(media.arriving().join("one").exists(), "what could not go up stays");
    let nowhere = S3Settings { endpoint: Some("http://127.0.0.1:1".into()), ..settings };
    let nowhere = S3Media::open(&nowhere).unwrap();
    let asked = tokio::time::timeout(std::time::Duration::from_secs(600), nowhere.size(BlobHash([0; 32])));
    let error = asked.await.unwrap().unwrap_err();
    assert!(error.is_temporary(), "{error:?}");
}

#[tokio::test]
async fn damage_is_found_and_healed_by_the_same_file() {
    let (_folder, media) = local();
    let hash = put(&media, &[7; 1000]).await.hash;
    let path = media.path(hash).unwrap();
    for bit in (0..8000).step_by(97) {
        let mut bytes = fs::read(&path).unwrap();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        assert_eq!(media.verify(hash).await.unwrap(), Verified::Damaged { bytes: 1000 });
        assert!(path.exists(), "the only copy stays until there is a better one");
        assert!(put(&media, &[7; 1000]).await.is_new);
        assert_eq!(media.verify(hash).await.unwrap(), Verified::Whole { bytes: 1000 });
    }
    fs::write(&path, [7; 999]).unwrap();
    assert_eq!(media.verify(hash).await.unwrap(), Verified::Damaged { bytes: 999 });
}

#[tokio::test]
async fn readable_names_survive_a_move() {
    let (folder, media) = local();
    let hash = put(&media, b"picture").await.hash;
    let link = "-1001234/5_picture.jpg".to_owned();
    media.link(link.clone(), hash).await.unwrap();
    media.link(link.clone(), hash).await.unwrap();
    let moved = folder.path().join("moved");
    fs::rename(folder.path().join("media"), &moved).unwrap();
    assert_eq!(fs::read(moved.join(&link)).unwrap(), b"picture");
    assert!(fs::read_link(moved.join(&link)).unwrap().is_relative());
    assert_eq!(fs::read_dir(moved.join("-1001234")).unwrap().count(), 1);
}

#[tokio::test]
async fn names_lead_to_the_blob_that_came_last() {
    let (folder, media) = local();
    let (old, new) = (put(&media, b"old").await.hash, put(&media, b"new").await.hash);
    let link = "7/5.bin".to_owned();
    media.link(link.clone(), old).await.unwrap();
    media.link(link.clone(), new).await.unwrap();
    assert_eq!(fs::read(folder.path().join("media").join(&link)).unwrap(), b"new");
    media.unlink(link.clone()).await.unwrap();
    media.unlink(link).await.unwrap();
    assert!(media.size(new).await.unwrap().is_some());
}

#[tokio::test]
async fn what_people_put_there_stays() {
    let (folder, media) = local();
    let hash = put(&media, b"ours").await.hash;
    let chat = folder.path().join("media/7");
    fs::create_dir(&chat).unwrap();
    fs::write(chat.join("5.bin"), "theirs").unwrap();
    symlink("../../.git/annex/objects/gone", chat.join("6.bin")).unwrap();
    for name in ["7/5.bin", "7/6.bin"] {
        media.link(name.into(), hash).await.unwrap();
    }
    assert_eq!(media.tidy(Timestamp::UNIX_EPOCH).await.unwrap(), 0);
    assert_eq!(fs::read(chat.join("5.bin")).unwrap(), b"theirs");
    assert_eq!(fs::read_link(chat.join("6.bin")).unwrap().to_str(), Some("../../.git/annex/objects/gone"));
}

#[tokio::test]
async fn names_are_copies_where_links_are_impossible() {
    let folder = tempfile::tempdir().unwrap();
    let media = MediaStore::Local(LocalMedia::open_with(folder.path().to_owned(), Form::Copy).unwrap());
    let hash = put(&media, b"picture").await.hash;
    media.link("7/5.jpg".into(), hash).await.unwrap();
    let at = folder.path().join("7/5.jpg");
    assert!(!at.is_symlink() && fs::read(&at).unwrap() == b"picture");
    assert_eq!(fs::read_dir(folder.path().join("7")).unwrap().count(), 1);
}

#[tokio::test]
async fn names_stay_inside_the_folder() {
    let (_folder, media) = local();
    let hash = put(&media, b"x").await.hash;
    for link in
        ["../x", "7/../../x", "/etc/passwd", "7/a/b", "x", "7/", "blobs/aa", "7/a\\b", ".arriving/x", ""]
    {
        let error = media.link(link.into(), hash).await.unwrap_err();
        assert!(matches!(error, MediaError::BadLink { .. }), "{link}: {error}");
    }
    assert_eq!(link_of(PeerId(7), &file(), NAME_BYTES), "7/1.bin");
}

fn file() -> crate::model::File {
    serde_json::from_value(serde_json::json!({
        "role": "main", "form": "document", "id": 1, "access_hash": 1, "reference": "", "dc": 1,
        "date": "2024-01-01T00:00:00Z", "size_bytes": 1,
    }))
    .unwrap()
}

#[tokio::test]
async fn tidying_takes_dangling_names_and_old_remains() {
    let (folder, media) = local();
    let (gone, kept) = (put(&media, b"gone").await.hash, put(&media, b"kept").await.hash);
    media.link("7/1.bin".into(), gone).await.unwrap();
    media.link("7/2.bin".into(), kept).await.unwrap();
    media.remove(gone).await.unwrap();
    arrived(&media, "half.part", b"ha");
    assert_eq!(media.tidy(Timestamp::UNIX_EPOCH).await.unwrap(), 1, "what has just come is still coming");
    assert!(!folder.path().join("media/7/1.bin").is_symlink());
    assert!(folder.path().join("media/7/2.bin").exists());
    // What kills have left of a name and of a copy.
    let shelf = media.path(kept).unwrap().parent().unwrap().to_owned();
    let remains = [folder.path().join("media/7/2.bin"), shelf.join("x")].map(|it| super::links::part_of(&it));
    remains.iter().for_each(|part| fs::write(part, "half").unwrap());
    assert_eq!(media.tidy(Timestamp::UNIX_EPOCH).await.unwrap(), 0);
    assert_eq!(media.tidy(Timestamp::MAX).await.unwrap(), 3);
    assert!(remains.iter().all(|part| !part.exists()) && folder.path().join("media/7/2.bin").exists());
    assert_eq!(fs::read_dir(media.arriving()).unwrap().count(), 0);
}

#[tokio::test]
async fn remains_are_no_blobs() {
    let (_folder, media) = local();
    let hash = put(&media, b"one").await.hash;
    let shelf = media.path(hash).unwrap().parent().unwrap().to_owned();
    fs::write(shelf.join(format!("{}.part", hash.to_hex())), "half").unwrap();
    fs::write(shelf.join("notes.txt"), "mine").unwrap();
    assert_eq!(media.list(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn files_of_another_disk_are_taken_too() {
    let (_folder, media) = local();
    let other = tempfile::tempdir_in("/dev/shm").unwrap();
    let file = other.path().join("film");
    fs::write(&file, b"film").unwrap();
    let placed = media.put(file.clone()).await.unwrap();
    assert!(!file.exists() && media.verify(placed.hash).await.unwrap() == Verified::Whole { bytes: 4 });
    let error = media.put(file).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot read /dev/shm/"), "{error}");
}

/// Runs again as its own child where the folder is a file system of 1 MiB, in a mount namespace that ends with it.
#[test]
#[expect(clippy::disallowed_methods, reason = "tells the child from its parent")]
fn a_full_disk_leaves_everything_as_it_was() {
    const NAME: &str = "archive::media::tests::a_full_disk_leaves_everything_as_it_was";
    if let Ok(folder) = std::env::var("TAPEDECK_TEST_SMALL_DISK") {
        return on_a_full_disk(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let binary = std::env::current_exe().unwrap();
    let script = "mount -t tmpfs -o size=1m tmpfs \"$TAPEDECK_TEST_SMALL_DISK\" && exec \"$0\" \"$@\"";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(binary)
        .args(["--exact", NAME, "--nocapture"])
        .env("TAPEDECK_TEST_SMALL_DISK", folder.path())
        .output()
        .expect("unshare is part of util-linux");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn on_a_full_disk(small: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let media = MediaStore::Local(LocalMedia::open_with(small.join("media"), Form::Copy).unwrap());
    let elsewhere = tempfile::tempdir().unwrap();
    let film = elsewhere.path().join("film");
    fs::write(&film, vec![1; 3_000_000]).unwrap();
    let error = runtime.block_on(media.put(film.clone())).unwrap_err();
    assert!(matches!(error, MediaError::Full { .. }) && error.is_temporary(), "{error:?}");
    assert!(error.to_string().contains("the disk is full. Make room"), "{error}");
    assert_eq!(fs::metadata(&film).unwrap().len(), 3_000_000, "what could not be taken stays");
    assert!(runtime.block_on(media.list(None, 10)).unwrap().is_empty());
    let shelf = media.path(BlobHash(*blake3::hash(&vec![1; 3_000_000]).as_bytes())).unwrap();
    let remains = fs::read_dir(shelf.parent().unwrap()).unwrap().count();
    assert_eq!(remains, 0, "nothing is left over");

    fs::write(media.arriving().join("half"), vec![2; 700_000]).unwrap();
    let placed = runtime.block_on(media.put(media.arriving().join("half"))).unwrap();
    let error = runtime.block_on(media.link("7/5.bin".into(), placed.hash)).unwrap_err();
    assert!(matches!(error, MediaError::Full { .. }), "{error:?}");
    assert_eq!(fs::read_dir(small.join("media/7")).unwrap().count(), 0, "no half name");
}
