//! The archive, opened by the first who needs it, and search kept up to date.

use std::{path::PathBuf, sync::Arc};

use jiff::SignedDuration;
use secrecy::ExposeSecret as _;

use crate::{
    archive::{
        Archive, PostgresStore, SharedStore, SqliteStore, StoreError,
        media::{LocalMedia, MediaError, MediaStore},
    },
    clock::SharedClock,
    config::Config,
    export::Blobs,
    lifecycle::Lifecycle,
};

const FOLDER: &str = "archive";
const FILE: &str = "archive.sqlite";
/// Messages that search learns of at a time: those who write wait no longer than for these.
const STEP: usize = 2_000;
/// How long it gathers before: many small steps cost more than a large one.
const PACE: SignedDuration = SignedDuration::from_millis(300);

/// Where it lies, or will.
pub fn archive_file(config: &Config) -> PathBuf {
    let folder = config.archive.folder.clone().unwrap_or_else(|| config.data.folder.join(FOLDER));
    folder.join(FILE)
}

/// Where the files of messages lie by what is in them: beside it.
pub fn blobs(config: &Config) -> Blobs {
    Blobs::new(archive_file(config).with_file_name("media"))
}

/// The store of these files. Its folder is made.
pub fn media_store(config: &Config) -> Result<MediaStore, MediaError> {
    Ok(MediaStore::Local(LocalMedia::open(blobs(config).folder().to_owned())?))
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
        move || there.exists(),
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

/// Off the path of those who write: what they have written is found soon after.
pub(super) fn spawn_indexer(store: &SharedStore, clock: &SharedClock, lifecycle: &Lifecycle) {
    let (store, clock, mut written) = (store.clone(), clock.clone(), store.written());
    let draining = lifecycle.draining();
    lifecycle.spawn("archive-indexer", async move {
        loop {
            written.borrow_and_update();
            match store.index(STEP).await {
                Ok(indexed) if indexed.left > 0 && !draining.is_cancelled() => continue,
                Ok(_) => {}
                // The next batch that is written tries again.
                Err(error) => tracing::warn!(error = %error, "search could not be brought up to date"),
            }
            let gathered = async {
                let changed = written.changed().await;
                clock.sleep_until(clock.now() + PACE).await;
                changed
            };
            tokio::select! {
                changed = gathered => if changed.is_err() { return },
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
        clock::SystemClock,
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

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_written_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let lifecycle = Lifecycle::default();
        let spawning = lifecycle.clone();
        let archive = archive(&config(folder.path()), move |store| {
            let clock: SharedClock = Arc::new(SystemClock);
            spawn_indexer(store, &clock, &spawning);
        });
        let store = archive.store().await.unwrap();
        let message =
            serde_json::json!({ "id": 1, "chat": -5, "date": "2024-01-01T00:00:00Z", "text": "a tape" });
        let mut batch = Batch::new(AccountName::main(), Source::Live, Timestamp::UNIX_EPOCH);
        let message = serde_json::from_value(message).unwrap();
        batch.writes.push(Write::Message { message: Box::new(message), sender_name: None });
        store.write(batch).await.unwrap();
        let query = SearchQuery { text: "tape".into(), limit: 5, ..SearchQuery::default() };
        let found = async {
            while store.search(query.clone()).await.unwrap().found.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), found).await.unwrap();
        lifecycle.drain();
    }
}
