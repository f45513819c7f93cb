//! One file on its way up. What has arrived stays known while the [`Upload`] lives, so a second
//! run after an error sends only what is missing.

use std::{
    fmt, fs, io,
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use grammers_session::Session as _;
use grammers_tl_types::{enums as tl, functions, types};
use tokio::time::Instant;

use super::UploadError;
use crate::telegram::{
    Client, Error, Lane,
    download::{DownloadProgress, Watcher, Window},
};

const PART: u64 = 512 * 1024;
/// Larger files go up by other calls, and without a checksum.
const LARGEST_SMALL: u64 = 10 * 1024 * 1024;
/// With Telegram Premium; without, half of it.
const MOST_PARTS: u64 = 8000;
const MOST_IN_FLIGHT: usize = 8;
/// How often a part is sent that Telegram says it did not keep.
const MOST_TRIES: u32 = 3;

#[derive(Clone)]
pub struct Uploads {
    client: Client,
}

pub struct Upload {
    name: String,
    content: Arc<Content>,
    /// Ours to choose; Telegram knows the parts by it.
    id: i64,
    is_saved: Vec<bool>,
}

struct Content {
    path: PathBuf,
    file: fs::File,
    size: u64,
    changed: (i64, i64),
}

impl Upload {
    /// Looks at the file; `name` is what receivers see. Blocking.
    pub fn open(path: &Path, name: &str) -> Result<Self, UploadError> {
        let disk = |source| UploadError::Disk { path: path.to_owned(), source };
        let file = fs::File::open(path).map_err(disk)?;
        let known = file.metadata().map_err(disk)?;
        if known.is_dir() {
            return Err(disk(io::ErrorKind::IsADirectory.into()));
        }
        let size = known.len();
        if size == 0 {
            return Err(UploadError::Empty { path: path.to_owned() });
        }
        let (parts, most) = (size.div_ceil(PART), MOST_PARTS * PART);
        if parts > MOST_PARTS {
            return Err(UploadError::TooLarge { path: path.to_owned(), bytes: size, most });
        }
        let changed = (known.mtime(), known.mtime_nsec());
        let content = Arc::new(Content { path: path.to_owned(), file, size, changed });
        let is_saved = vec![false; usize::try_from(parts).unwrap_or(0)];
        Ok(Self { name: name.to_owned(), content, id: random_id(), is_saved })
    }

    pub fn size_bytes(&self) -> u64 {
        self.content.size
    }

    fn is_small(&self) -> bool {
        self.content.size <= LARGEST_SMALL
    }

    fn done_bytes(&self) -> u64 {
        let saved = self.is_saved.iter().enumerate().filter(|(_, is_saved)| **is_saved);
        saved.map(|(index, _)| self.content.length(index) as u64).sum()
    }

    fn as_input(&self, md5: String) -> tl::InputFile {
        let (id, name) = (self.id, self.name.clone());
        let parts = i32::try_from(self.is_saved.len()).unwrap_or(i32::MAX);
        if self.is_small() {
            types::InputFile { id, parts, name, md5_checksum: md5 }.into()
        } else {
            types::InputFileBig { id, parts, name }.into()
        }
    }
}

impl Content {
    fn length(&self, index: usize) -> usize {
        usize::try_from((self.size - offset(index).min(self.size)).min(PART)).unwrap_or(0)
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, UploadError> {
        let mut bytes = vec![0; self.length(index)];
        match self.file.read_exact_at(&mut bytes, offset(index)) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.has_changed()),
            Err(source) => Err(UploadError::Disk { path: self.path.clone(), source }),
        }
    }

    /// Of a small file.
    fn md5(&self) -> Result<String, UploadError> {
        let mut context = md5::Context::new();
        for index in 0..usize::try_from(self.size.div_ceil(PART)).unwrap_or(0) {
            context.consume(self.read(index)?);
        }
        Ok(format!("{:x}", context.finalize()))
    }

    fn check_unchanged(&self) -> Result<(), UploadError> {
        let known =
            self.file.metadata().map_err(|source| UploadError::Disk { path: self.path.clone(), source })?;
        let is_same = known.len() == self.size && (known.mtime(), known.mtime_nsec()) == self.changed;
        if is_same { Ok(()) } else { Err(self.has_changed()) }
    }

    fn has_changed(&self) -> UploadError {
        UploadError::Changed { path: self.path.clone() }
    }
}

impl Uploads {
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Sends what Telegram does not have yet, and returns what a message names the file by.
    pub async fn run(&self, upload: &mut Upload, watcher: &Watcher) -> Result<tl::InputFile, UploadError> {
        tokio::select! {
            biased;
            () = watcher.cancel.cancelled() => return Err(UploadError::Cancelled),
            sent = self.send_missing(upload, watcher) => sent?,
        }
        let (content, is_small) = (Arc::clone(&upload.content), upload.is_small());
        let md5 = blocking(move || {
            let md5 = if is_small { content.md5()? } else { String::new() };
            content.check_unchanged().map(|()| md5)
        });
        Ok(upload.as_input(md5.await?))
    }

    async fn send_missing(&self, upload: &mut Upload, watcher: &Watcher) -> Result<(), UploadError> {
        let missing: Vec<usize> =
            (0..upload.is_saved.len()).filter(|index| !upload.is_saved[*index]).collect();
        let mut missing = missing.into_iter();
        let (id, total) = (upload.id, (!upload.is_small()).then_some(upload.is_saved.len()));
        let mut window = Window::up_to(MOST_IN_FLIGHT);
        let mut in_flight = FuturesUnordered::new();
        let mut failure = None;
        loop {
            while failure.is_none() && in_flight.len() < window.size() {
                let Some(index) = missing.next() else { break };
                let content = Arc::clone(&upload.content);
                in_flight.push(async move {
                    let started = Instant::now();
                    let sent = self.send_part(&content, id, index, total).await;
                    (index, started.elapsed(), sent)
                });
            }
            let Some((index, took, sent)) = in_flight.next().await else { break };
            match sent {
                Ok(()) => {
                    window.note_part(took);
                    upload.is_saved[index] = true;
                    if let Some(progress) = &watcher.progress {
                        let total_bytes = Some(upload.content.size);
                        progress(DownloadProgress { done_bytes: upload.done_bytes(), total_bytes });
                    }
                }
                // What is on its way is waited for, so that it need not be sent again.
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(()), Err)
    }

    async fn send_part(
        &self,
        content: &Arc<Content>,
        id: i64,
        index: usize,
        total: Option<usize>,
    ) -> Result<(), UploadError> {
        let of_path = |source| UploadError::Telegram { path: content.path.clone(), source };
        let home = self.client.session().home_dc_id();
        let lane = Lane::Media(home.map_err(|error| of_path(Error::Session { source: error.into() }))?);
        let part = i32::try_from(index).unwrap_or(i32::MAX);
        for _ in 0..MOST_TRIES {
            let read = Arc::clone(content);
            let bytes = blocking(move || read.read(index)).await?;
            let is_kept = match total {
                None => {
                    let call = functions::upload::SaveFilePart { file_id: id, file_part: part, bytes };
                    self.client.invoke_in(lane, &call).await
                }
                Some(total) => {
                    let file_total_parts = i32::try_from(total).unwrap_or(i32::MAX);
                    let call = functions::upload::SaveBigFilePart {
                        file_id: id,
                        file_part: part,
                        file_total_parts,
                        bytes,
                    };
                    self.client.invoke_in(lane, &call).await
                }
            };
            if is_kept.map_err(of_path)? {
                return Ok(());
            }
        }
        Err(UploadError::NotKept { path: content.path.clone() })
    }
}

impl fmt::Debug for Uploads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uploads").finish_non_exhaustive()
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("name", &self.name)
            .field("size", &self.content.size)
            .finish_non_exhaustive()
    }
}

fn offset(index: usize) -> u64 {
    index as u64 * PART
}

pub(super) fn random_id() -> i64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system has a working random generator");
    i64::from_le_bytes(bytes)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, UploadError> + Send + 'static,
) -> Result<T, UploadError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(UploadError::Cancelled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("song.mp3");
        fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    #[test]
    fn small_files_carry_their_checksum() {
        let (_folder, path) = file(b"abc");
        let upload = Upload::open(&path, "song.mp3").unwrap();
        let md5 = upload.content.md5().unwrap();
        assert_eq!(md5, "900150983cd24fb0d6963f7d28e17f72");
        assert!(matches!(upload.as_input(md5), tl::InputFile::File(it) if it.parts == 1));
    }

    #[test]
    fn large_files_go_in_big_parts() {
        let (_folder, path) = file(b"");
        fs::File::options().write(true).open(&path).unwrap().set_len(LARGEST_SMALL + 1).unwrap();
        let upload = Upload::open(&path, "film.mp4").unwrap();
        assert_eq!(upload.is_saved.len(), 21);
        assert_eq!(upload.content.length(20), 1);
        assert!(matches!(upload.as_input(String::new()), tl::InputFile::Big(it) if it.parts == 21));
    }

    #[test]
    fn empty_and_huge_files_are_refused() {
        let (_folder, path) = file(b"");
        assert!(matches!(Upload::open(&path, "a").unwrap_err(), UploadError::Empty { .. }));
        fs::File::options().write(true).open(&path).unwrap().set_len(MOST_PARTS * PART + 1).unwrap();
        assert!(matches!(Upload::open(&path, "a").unwrap_err(), UploadError::TooLarge { .. }));
        assert!(matches!(Upload::open(path.parent().unwrap(), "a").unwrap_err(), UploadError::Disk { .. }));
    }

    #[test]
    fn files_that_change_meanwhile_are_noticed() {
        let (_folder, path) = file(b"abc");
        let upload = Upload::open(&path, "song.mp3").unwrap();
        upload.content.check_unchanged().unwrap();
        fs::write(&path, "abcd").unwrap();
        assert!(matches!(upload.content.check_unchanged().unwrap_err(), UploadError::Changed { .. }));
    }
}
