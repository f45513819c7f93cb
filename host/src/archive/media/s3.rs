//! Blobs in a bucket of S3, or of what speaks like it.

use std::{
    fmt, fs,
    io::{Read as _, Write as _},
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt as _;
use jiff::Timestamp;
use object_store::{
    ClientOptions, ObjectStore, ObjectStoreExt as _, WriteMultipart,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path as Key,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Listed, MediaError, Placed, Verified, blocking,
    error::disk,
    links::{part_of, remove_if_there},
    local::{hash_file, sync_folder, tidy_arrived},
};
use crate::archive::stored::BlobHash;

/// Larger files go up in parts.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Of one file at the same time.
const PARTS_IN_FLIGHT: usize = 4;
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Clone, Debug)]
pub struct S3Settings {
    pub bucket: String,
    pub region: String,
    /// Of another service than Amazon's: `https://minio.example:9000`.
    pub endpoint: Option<String>,
    /// The bucket stands in the path of addresses, and not before the name of the host.
    pub is_path_style: bool,
    /// What every name in the bucket begins with.
    pub prefix: String,
    pub access_key: SecretString,
    pub secret_key: SecretString,
    /// Where files arrive before they go up.
    pub arriving: PathBuf,
}

pub struct S3Media {
    store: AmazonS3,
    bucket: String,
    prefix: Key,
    arriving: PathBuf,
}

impl fmt::Debug for S3Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Media")
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl S3Media {
    pub fn open(settings: &S3Settings) -> Result<Self, MediaError> {
        let arriving = settings.arriving.clone();
        fs::create_dir_all(&arriving).map_err(disk(&arriving, "make the folder"))?;
        let options = ClientOptions::new().with_allow_http(true).with_timeout(PATIENCE);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_virtual_hosted_style_request(!settings.is_path_style)
            .with_access_key_id(settings.access_key.expose_secret())
            .with_secret_access_key(settings.secret_key.expose_secret())
            .with_client_options(options);
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
        }
        let bucket = settings.bucket.clone();
        let store = builder.build().map_err(|source| refused(&bucket, source))?;
        Ok(Self { store, bucket, prefix: Key::from(settings.prefix.as_str()), arriving })
    }

    pub(super) fn arriving(&self) -> &Path {
        &self.arriving
    }

    /// A name is seen in the bucket when all of it has come.
    pub(super) async fn put(&self, file: PathBuf) -> Result<Placed, MediaError> {
        let path = file.clone();
        let (hash, bytes) = blocking(move || hash_file(&path)).await?;
        let key = self.key(hash);
        let is_new =
            self.size(hash).await? != Some(bytes) || self.verify(hash).await? != Verified::Whole { bytes };
        if is_new {
            self.send(&file, &key, bytes).await?;
        }
        blocking(move || remove_if_there(&file)).await?;
        Ok(Placed { hash, bytes, is_new })
    }

    async fn send(&self, file: &Path, key: &Key, bytes: u64) -> Result<(), MediaError> {
        if bytes <= PART_BYTES as u64 {
            let path = file.to_owned();
            let whole = blocking(move || fs::read(&path).map_err(disk(&path, "read"))).await?;
            return self.store.put(key, whole.into()).await.map(drop).map_err(|error| self.failed(error));
        }
        let upload = self.store.put_multipart(key).await.map_err(|error| self.failed(error))?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        match self.send_parts(file, &mut upload).await {
            Ok(()) => upload.finish().await.map(drop).map_err(|error| self.failed(error)),
            Err(error) => {
                // What has come of it is the bucket's to forget; the first error is the one that counts.
                let _ = upload.abort().await;
                Err(error)
            }
        }
    }

    async fn send_parts(&self, file: &Path, upload: &mut WriteMultipart) -> Result<(), MediaError> {
        let path = file.to_owned();
        let mut source = blocking(move || fs::File::open(&path).map_err(disk(&path, "read"))).await?;
        loop {
            upload.wait_for_capacity(PARTS_IN_FLIGHT).await.map_err(|error| self.failed(error))?;
            let path = file.to_owned();
            let (rest, part) = blocking(move || {
                let mut part = Vec::with_capacity(PART_BYTES);
                let read = (&mut source).take(PART_BYTES as u64).read_to_end(&mut part);
                read.map_err(disk(&path, "read"))?;
                Ok((source, part))
            })
            .await?;
            if part.is_empty() {
                return Ok(());
            }
            source = rest;
            upload.put(part.into());
        }
    }

    pub(super) async fn size(&self, hash: BlobHash) -> Result<Option<u64>, MediaError> {
        match self.store.head(&self.key(hash)).await {
            Ok(told) => Ok(Some(told.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    pub(super) async fn read(&self, hash: BlobHash, range: Range<u64>) -> Result<Bytes, MediaError> {
        let size = self.size(hash).await?.ok_or(MediaError::Missing { hash })?;
        let range = range.start..range.end.min(size);
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        self.store.get_range(&self.key(hash), range).await.map_err(|error| self.failed(error))
    }

    pub(super) async fn copy_to(&self, hash: BlobHash, path: PathBuf) -> Result<(), MediaError> {
        let part = part_of(&path);
        let copied = self.copy(hash, &part, &path).await;
        if copied.is_err() {
            // The first error is the one that counts.
            let _ = fs::remove_file(&part);
        }
        copied
    }

    async fn copy(&self, hash: BlobHash, part: &Path, path: &Path) -> Result<(), MediaError> {
        let mut stream = self.stream(hash).await?;
        let mut file = fs::File::create(part).map_err(disk(part, "write"))?;
        let mut hasher = blake3::Hasher::new();
        while let Some(bytes) = stream.next().await {
            let bytes = bytes.map_err(|error| self.failed(error))?;
            hasher.update(&bytes);
            let place = part.to_owned();
            file = blocking(move || file.write_all(&bytes).map(|()| file).map_err(disk(&place, "write")))
                .await?;
        }
        if BlobHash(*hasher.finalize().as_bytes()) != hash {
            return Err(MediaError::Missing { hash });
        }
        let (part, path) = (part.to_owned(), path.to_owned());
        blocking(move || {
            file.sync_all().map_err(disk(&part, "sync"))?;
            fs::rename(&part, &path).map_err(disk(&path, "make"))?;
            sync_folder(path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")))
        })
        .await
    }

    pub(super) async fn verify(&self, hash: BlobHash) -> Result<Verified, MediaError> {
        let mut stream = match self.stream(hash).await {
            Ok(stream) => stream,
            Err(MediaError::Missing { .. }) => return Ok(Verified::Missing),
            Err(error) => return Err(error),
        };
        let mut hasher = blake3::Hasher::new();
        let mut bytes = 0;
        while let Some(part) = stream.next().await {
            let part = part.map_err(|error| self.failed(error))?;
            bytes += part.len() as u64;
            hasher.update(&part);
        }
        let is_whole = BlobHash(*hasher.finalize().as_bytes()) == hash;
        Ok(if is_whole { Verified::Whole { bytes } } else { Verified::Damaged { bytes } })
    }

    async fn stream(
        &self,
        hash: BlobHash,
    ) -> Result<futures_util::stream::BoxStream<'static, object_store::Result<Bytes>>, MediaError> {
        match self.store.get(&self.key(hash)).await {
            Ok(found) => Ok(found.into_stream()),
            Err(object_store::Error::NotFound { .. }) => Err(MediaError::Missing { hash }),
            Err(error) => Err(self.failed(error)),
        }
    }

    pub(super) async fn remove(&self, hash: BlobHash) -> Result<bool, MediaError> {
        let was_there = self.size(hash).await?.is_some();
        match self.store.delete(&self.key(hash)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(was_there),
            Err(error) => Err(self.failed(error)),
        }
    }

    pub(super) async fn list(&self, after: Option<BlobHash>, most: usize) -> Result<Vec<Listed>, MediaError> {
        let folder = self.blobs();
        let listed = match after {
            Some(after) => self.store.list_with_offset(Some(&folder), &self.key(after)),
            None => self.store.list(Some(&folder)),
        };
        let mut listed = listed.take(most);
        let mut found = Vec::new();
        while let Some(told) = listed.next().await {
            let told = told.map_err(|error| self.failed(error))?;
            let hash = told.location.filename().and_then(BlobHash::from_hex);
            let changed =
                Timestamp::from_second(told.last_modified.timestamp()).unwrap_or(Timestamp::UNIX_EPOCH);
            found.extend(hash.map(|hash| Listed { hash, bytes: told.size, changed }));
        }
        found.sort_unstable_by_key(|listed| listed.hash);
        Ok(found)
    }

    pub(super) async fn tidy(&self, before: Timestamp) -> Result<u64, MediaError> {
        let arriving = self.arriving.clone();
        blocking(move || tidy_arrived(&arriving, before)).await
    }

    fn blobs(&self) -> Key {
        self.prefix.clone().join(super::local::BLOBS)
    }

    fn key(&self, hash: BlobHash) -> Key {
        let name = hash.to_hex();
        self.blobs().join(&name[..2]).join(name)
    }

    fn failed(&self, error: object_store::Error) -> MediaError {
        use object_store::Error;
        match error {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } | Error::NotFound { .. } => {
                refused(&self.bucket, error)
            }
            error => MediaError::Away { bucket: self.bucket.clone(), source: Box::new(error) },
        }
    }
}

fn refused(bucket: &str, error: object_store::Error) -> MediaError {
    MediaError::Refused { bucket: bucket.to_owned(), source: Box::new(error) }
}
