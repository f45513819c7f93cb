//! The archive, opened by the first who needs it, and search kept up to date.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    archive::{
        self, Archive, PostgresStore, SharedStore, SqliteStore, StoreError, Turns,
        media::{Media, MediaPlace, S3Settings},
    },
    clock::SharedClock,
    config::{BucketName, Config},
    lifecycle::Lifecycle,
};

const FOLDER: &str = "archive";
const FILE: &str = "archive.sqlite";
/// Messages that search learns of at a time: what this process writes waits no longer than for these.
const STEP: usize = 2_000;
/// How long it gathers before: many small steps cost more than a large one.
const PACE: SignedDuration = SignedDuration::from_millis(300);
/// How often it looks by itself: nobody tells what a command beside the daemon has written.
const PATROL: SignedDuration = SignedDuration::from_secs(30);

/// Where it lies, or will.
pub fn archive_file(config: &Config) -> PathBuf {
    let folder = config.archive.folder.clone().unwrap_or_else(|| config.data.folder.join(FOLDER));
    folder.join(FILE)
}

/// Where the files of messages lie by what is in them: beside it, or in a bucket.
pub fn media(config: &Config) -> Media {
    let section = &config.archive.media;
    let folder = section.folder.clone().unwrap_or_else(|| archive_file(config).with_file_name("media"));
    // A configuration in force names a bucket that can be understood.
    let Some(BucketName { bucket, prefix }) = section.bucket().and_then(Result::ok) else {
        return Media::new(MediaPlace::Folder(folder));
    };
    let secret = |key: &Option<SecretString>| key.clone().unwrap_or_else(|| String::new().into());
    Media::new(MediaPlace::Bucket(S3Settings {
        bucket,
        region: section.region.clone(),
        endpoint: section.endpoint.clone(),
        is_path_style: section.path_style.unwrap_or(section.endpoint.is_some()),
        prefix,
        access_key: secret(&section.access_key),
        secret_key: secret(&section.secret_key),
        arriving: folder.join(".arriving"),
    }))
}

/// For those who read along while somebody else writes, and for the daemon: `opened` is told of the store once it is open.
pub fn archive(config: &Config, opened: impl Fn(&SharedStore) + Send + Sync + 'static) -> Archive {
    let (file, opened) = (archive_file(config), Arc::new(opened));
    if let Some(url) = config.archive.url.clone() {
        return Archive::new(
            || true,
            move || {
                let (url, opened) = (url.clone(), opened.clone());
                Box::pin(async move {
                    let store: SharedStore = Arc::new(PostgresStore::open(url.expose_secret()).await?);
                    opened(&store);
                    Ok(store)
                })
            },
        );
    }
    let there = file.clone();
    Archive::new(
        move || is_there(&there) || archive::has_left_traces(&there),
        move || {
            let (file, opened) = (file.clone(), opened.clone());
            Box::pin(async move {
                let place = file.display().to_string();
                let store = tokio::task::spawn_blocking(move || SqliteStore::open(&file)).await;
                let store =
                    store.map_err(|error| StoreError::Open { place, reason: error.to_string() })??;
                let store: SharedStore = Arc::new(store);
                opened(&store);
                Ok(store)
            })
        },
    )
}

/// Or may be: what cannot be looked at is not taken for nothing.
fn is_there(file: &Path) -> bool {
    !matches!(fs::symlink_metadata(file), Err(error) if error.kind() == ErrorKind::NotFound)
}

/// For those who only look: an archive that may not be written, as on a disk or in a folder that can only be read, is read
/// all the same.
pub async fn archive_to_read(config: &Config) -> Result<Option<SharedStore>, StoreError> {
    let refused = match archive(config, |_| {}).existing().await {
        Err(
            refused @ (StoreError::Open { .. } | StoreError::Unavailable { .. } | StoreError::Failed { .. }),
        ) if config.archive.url.is_none() => refused,
        opened => return opened,
    };
    let file = archive_file(config);
    match tokio::task::spawn_blocking(move || SqliteStore::open_source(&file)).await {
        Ok(Ok(store)) => Ok(Some(Arc::new(store))),
        _ => Err(refused),
    }
}

/// An archive that is there is opened with the daemon: others may have written into it that search does not know yet.
pub(super) fn spawn_opening(archive: &Archive, lifecycle: &Lifecycle) {
    let (archive, draining) = (archive.clone(), lifecycle.draining());
    lifecycle.spawn("archive-opening", async move {
        tokio::select! {
            opened = archive.existing() => if let Err(error) = opened {
                tracing::warn!(error = &error as &dyn std::error::Error, "The archive could not be opened yet");
            },
            () = draining.cancelled() => {}
        }
    });
}

/// Off the path of those who write: what they have written is found soon after.
pub(super) fn spawn_indexer(store: &SharedStore, clock: &SharedClock, lifecycle: &Lifecycle) {
    let (store, clock, mut written) = (store.clone(), clock.clone(), store.written());
    let draining = lifecycle.draining();
    lifecycle.spawn("archive-indexer", async move {
        let mut is_failing = false;
        let mut turns = Turns::begin();
        loop {
            written.borrow_and_update();
            match store.index(STEP).await {
                Ok(indexed) if indexed.left > 0 && !draining.is_cancelled() => {
                    turns.let_others_in().await;
                    continue;
                }
                Ok(_) => is_failing = false,
                // It is tried again and again; that it fails is said once.
                Err(error) if !is_failing => {
                    is_failing = true;
                    tracing::warn!(error = %error, "search could not be brought up to date");
                }
                Err(_) => {}
            }
            let gathered = async {
                let changed = written.changed().await;
                clock.sleep_until(clock.now() + PACE).await;
                changed
            };
            tokio::select! {
                changed = gathered => if changed.is_err() { return },
                // Another process may have written.
                () = clock.sleep_until(clock.now() + PATROL) => {}
                () = draining.cancelled() => return,
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::{
        archive::{Batch, Engine, PostgresServer as Server, SearchQuery, Source, Write},
        clock::{ManualClock, SystemClock},
        model::AccountName,
    };

    fn config(folder: &std::path::Path) -> Config {
        let mut config = Config::default();
        config.data.folder = folder.to_owned();
        config
    }

    #[tokio::test]
    async fn looking_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(&config(folder.path()), |_| {});
        assert!(archive.existing().await.unwrap().is_none());
        assert!(!folder.path().join(FOLDER).exists());
        archive.store().await.unwrap();
        assert!(folder.path().join("archive/archive.sqlite").exists());
    }

    #[tokio::test]
    async fn an_archive_that_is_gone_is_not_begun_anew() {
        for left in ["media/blobs/ab/x", "archive.sqlite-wal"] {
            for is_empty in [false, true] {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join(FOLDER).join(FILE);
                let left = file.with_file_name(left);
                fs::create_dir_all(left.parent().unwrap()).unwrap();
                fs::write(&left, "left").unwrap();
                if is_empty {
                    fs::write(&file, "").unwrap();
                }
                let archive = archive(&config(folder.path()), |_| {});
                for refused in [archive.existing().await.map(|_| ()), archive.store().await.map(|_| ())] {
                    let error = refused.unwrap_err().to_string();
                    assert!(error.contains("gone or empty") && error.contains("archive.sqlite"), "{error}");
                }
                assert!(left.exists() && file.exists() == is_empty);
            }
        }
    }

    #[test]
    fn what_cannot_be_looked_at_is_not_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_there(&folder.path().join("none")));
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(is_there(&folder.path().join("file/none")), "it is no folder");
    }

    #[tokio::test]
    async fn a_database_takes_the_place_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        config.archive.url = Some(Server::shared().database().await.into());
        let store = archive(&config, |_| {}).existing().await.unwrap().unwrap();
        assert_eq!(store.engine(), Engine::Postgres);
        assert!(!folder.path().join(FOLDER).exists());
        config.archive.url = Some("postgres://me:hidden@127.0.0.1:1/deck".into());
        let error = archive(&config, |_| {}).store().await.unwrap_err().to_string();
        assert!(error.contains("me@127.0.0.1:1/deck") && !error.contains("hidden"), "{error}");
    }

    /// With the text "a tape" in it.
    async fn write(store: &SharedStore) {
        let message =
            serde_json::json!({ "id": 1, "chat": -5, "date": "2024-01-01T00:00:00Z", "text": "a tape" });
        let mut batch = Batch::new(AccountName::main(), Source::Live, Timestamp::UNIX_EPOCH);
        let message = serde_json::from_value(message).unwrap();
        batch.writes.push(Write::Message { message: Box::new(message), sender_name: None });
        store.write(batch).await.unwrap();
    }

    async fn is_found(store: &SharedStore) {
        let query = SearchQuery { text: "tape".into(), limit: 5, ..SearchQuery::default() };
        let found = async {
            while store.search(query.clone()).await.unwrap().found.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), found).await.unwrap();
    }

    fn indexed(folder: &std::path::Path, clock: SharedClock, lifecycle: &Lifecycle) -> Archive {
        let spawning = lifecycle.clone();
        archive(&config(folder), move |store| spawn_indexer(store, &clock, &spawning))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_written_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let lifecycle = Lifecycle::default();
        let store = indexed(folder.path(), Arc::new(SystemClock), &lifecycle).store().await.unwrap();
        write(&store).await;
        is_found(&store).await;
        lifecycle.drain();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_another_process_writes_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let (lifecycle, clock) = (Lifecycle::default(), ManualClock::at(Timestamp::UNIX_EPOCH));
        let shared: SharedClock = clock.clone();
        let store = indexed(folder.path(), shared, &lifecycle).store().await.unwrap();
        let other = archive(&config(folder.path()), |_| {}).store().await.unwrap();
        write(&other).await;
        let moving = async {
            loop {
                clock.advance(PATROL);
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = is_found(&store) => {}
            () = moving => {}
        }
        lifecycle.drain();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_archive_that_is_there_is_indexed_from_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let other = archive(&config(folder.path()), |_| {}).store().await.unwrap();
        write(&other).await;
        let lifecycle = Lifecycle::default();
        let opened = indexed(folder.path(), Arc::new(SystemClock), &lifecycle);
        spawn_opening(&opened, &lifecycle);
        is_found(&other).await;
        lifecycle.drain();
    }

    #[tokio::test]
    async fn an_archive_that_cannot_be_written_is_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let store = archive(&config, |_| {}).store().await.unwrap();
        write(&store).await;
        drop(store);
        let kept = folder.path().join(FOLDER);
        let allow = |file: u32, of_folder: u32| {
            let mode = std::fs::Permissions::from_mode;
            std::fs::set_permissions(kept.join(FILE), mode(file)).unwrap();
            std::fs::set_permissions(&kept, mode(of_folder)).unwrap();
        };
        for file in [0o400, 0o600] {
            allow(file, 0o500);
            let store = archive_to_read(&config).await;
            allow(0o600, 0o700);
            assert_eq!(store.unwrap().unwrap().figures().await.unwrap().messages, 1, "{file:o}");
        }
    }
}
