//! From what a source tells to batches of the archive.
//!
//! - Memory holds one batch and the one that is read meanwhile, however long the source is.
//! - How far it is stands in the same transaction as what was written: a kill at any moment costs nothing but
//!   reading the source up to there again. Importing the same once more changes nothing.
//! - No cursor is moved and no coverage is claimed: no source says that it left nothing out.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{
    error::ImportError,
    folder::Found,
    media::{Keeper, Taken, Target, target},
    source::{Fingerprint, Meter, Source, Told, ToldMessage, Unreadable},
    twice,
};
use crate::{
    archive::{
        Batch, ChatKey, DeletionMode, FileKey, FileState, FolderRecord, SharedStore, StoredFile, Write,
        Written,
    },
    clock::SharedClock,
    model::{AccountName, Chat, MessageId, PeerId, User, counted},
};

pub(super) const MESSAGES_PER_BATCH: usize = 500;
const BYTES_PER_BATCH: u64 = 4 << 20;
/// More are counted, not listed.
const MOST_LISTED: usize = 50;
/// People and chats that were told already; more are told again.
const MOST_KNOWN: usize = 100_000;

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ImportSummary {
    pub chats: u64,
    pub messages: u64,
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    /// Texts that would have rewound a newer one.
    pub refused: u64,
    pub deleted: u64,
    pub files_taken: u64,
    pub file_bytes: u64,
    /// Held before: by an earlier import, or by a capture.
    pub files_known: u64,
    /// Not part of the source.
    pub files_missing: u64,
    pub unreadable: u64,
    /// The first of those that could not be read.
    pub unreadable_first: Vec<Unreadable>,
    /// An earlier attempt had come so far.
    pub resumed_after: u64,
    #[serde(rename = "duration_ms", serialize_with = "as_ms")]
    pub duration: Duration,
}

fn as_ms<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

impl ImportSummary {
    fn add(&mut self, written: &Written) {
        self.new += written.new;
        self.changed += written.changed;
        self.unchanged += written.unchanged;
        self.refused += written.refused;
        self.deleted += written.deleted;
    }

    /// None: nothing was unreadable.
    pub fn unreadable_in_words(&self, is_rehearsal: bool) -> Option<String> {
        let rest = if is_rehearsal { "nothing was written" } else { "the rest is imported" };
        let parts = counted(self.unreadable, "part");
        (self.unreadable > 0).then(|| format!("{parts} could not be read; {rest}"))
    }

    fn list(&mut self, unreadable: Unreadable) {
        self.unreadable += 1;
        if self.unreadable_first.len() < MOST_LISTED {
            self.unreadable_first.push(unreadable);
        }
    }
}

/// What becomes of the source's files.
#[derive(Debug)]
pub(crate) enum Files {
    Take(Keeper),
    /// Nobody wants them.
    Skip,
    /// Counted as if they were taken.
    Count,
}

pub(crate) struct Engine {
    pub(crate) store: SharedStore,
    pub(crate) clock: SharedClock,
    pub(crate) path: PathBuf,
    pub(crate) account: AccountName,
    /// Whose it is, as far as the archive knows.
    pub(crate) owner: Option<PeerId>,
    pub(crate) files: Files,
    pub(crate) token: CancellationToken,
    pub(crate) progress: watch::Sender<ImportSummary>,
}

/// How far an import is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Resume {
    contents: String,
    messages: u64,
}

impl Engine {
    pub(crate) async fn run(
        &self,
        source: Box<dyn Source>,
        meter: Meter,
        fingerprint: &Fingerprint,
    ) -> Result<ImportSummary, ImportError> {
        let begun = self.clock.now();
        let note = format!("import:{}", fingerprint.place());
        let resume = Resume { contents: fingerprint.contents(), messages: 0 };
        let done = self.load(&note, &resume).await?;
        let (chunks, mut incoming) = mpsc::channel(1);
        let reading = tokio::task::spawn_blocking(move || Reader::new(chunks, meter, done).read(source));
        let mut work = Work {
            engine: self,
            note,
            resume: Resume { messages: done, ..resume },
            known_users: HashMap::new(),
            known_chats: HashMap::new(),
            summary: ImportSummary { resumed_after: done, ..ImportSummary::default() },
        };
        loop {
            // The source may lie on a disk that does not answer any more.
            let chunk = tokio::select! {
                biased;
                () = self.token.cancelled() => return Err(ImportError::Stopped),
                chunk = incoming.recv() => chunk,
            };
            let Some(chunk) = chunk else { break };
            work.write(chunk).await?;
            self.progress.send_replace(work.summary.clone());
        }
        reading.await.map_err(|error| ImportError::Broken(error.to_string()))??;
        work.finish().await?;
        work.summary.duration =
            Duration::try_from(self.clock.now().duration_since(begun)).unwrap_or_default();
        self.progress.send_replace(work.summary.clone());
        Ok(work.summary)
    }

    /// How many messages an earlier attempt at the same contents has written.
    async fn load(&self, note: &str, present: &Resume) -> Result<u64, ImportError> {
        let kept = self.store.note(self.account.clone(), note.to_owned()).await?;
        let kept = kept.and_then(|value| serde_json::from_value::<Resume>(value).ok());
        Ok(kept.filter(|kept| kept.contents == present.contents).map_or(0, |kept| kept.messages))
    }

    fn batch(&self, at: Timestamp) -> Batch {
        Batch::new(self.account.clone(), crate::archive::Source::Import, at)
    }
}

/// On the thread that reads: gathers what is told.
struct Reader {
    chunks: mpsc::Sender<Vec<Told>>,
    meter: Meter,
    chunk: Vec<Told>,
    messages: usize,
    /// Where the meter was when this chunk began.
    begun: u64,
    /// Messages that are written already.
    left_out: u64,
}

impl Reader {
    fn new(chunks: mpsc::Sender<Vec<Told>>, meter: Meter, left_out: u64) -> Self {
        Self { chunks, meter, chunk: Vec::new(), messages: 0, begun: 0, left_out }
    }

    fn read(mut self, mut source: Box<dyn Source>) -> Result<(), ImportError> {
        let outcome = source.read(&mut |told| self.hear(told));
        if !matches!(outcome, Err(ImportError::Stopped)) {
            // What comes before a damaged place is good.
            self.send()?;
        }
        outcome
    }

    fn hear(&mut self, told: Told) -> Result<(), ImportError> {
        if matches!(told, Told::Message(_)) {
            if self.left_out > 0 {
                self.left_out -= 1;
                return Ok(());
            }
            self.messages += 1;
        }
        self.chunk.push(told);
        let (read, _) = self.meter.read();
        let is_full = self.messages >= MESSAGES_PER_BATCH || self.chunk.len() >= 4 * MESSAGES_PER_BATCH;
        if is_full || read.saturating_sub(self.begun) >= BYTES_PER_BATCH {
            self.begun = read;
            return self.send();
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), ImportError> {
        self.messages = 0;
        if self.chunk.is_empty() {
            return Ok(());
        }
        // Nobody listens any more when writing has failed or was stopped.
        self.chunks.blocking_send(std::mem::take(&mut self.chunk)).map_err(|_| ImportError::Stopped)
    }
}

struct Work<'a> {
    engine: &'a Engine,
    note: String,
    resume: Resume,
    known_users: HashMap<PeerId, User>,
    known_chats: HashMap<PeerId, Chat>,
    summary: ImportSummary,
}

impl Work<'_> {
    async fn write(&mut self, mut chunk: Vec<Told>) -> Result<(), ImportError> {
        twice::agree(&mut chunk);
        let _claim = match &self.engine.files {
            Files::Take(keeper) => Some(keeper.claim().await?),
            Files::Skip | Files::Count => None,
        };
        let stored = self.stored_files(&chunk).await?;
        let mut batch = self.engine.batch(self.engine.clock.now());
        let mut deletions: BTreeMap<Timestamp, Vec<Write>> = BTreeMap::new();
        for told in chunk {
            match told {
                Told::Chat(chat) => self.chat(*chat, &mut batch.writes),
                Told::User(user) => self.user(*user, &mut batch.writes)?,
                Told::Listed { chat, is_archived } => {
                    batch.writes.push(Write::Listed {
                        chat,
                        is_archived: Some(is_archived),
                        is_pinned: None,
                    });
                }
                Told::Topic { chat, topic } => batch.writes.push(Write::Topic { chat, topic }),
                Told::Folders(folders) => self.folders(folders, &mut batch.writes).await?,
                Told::Unreadable(unreadable) => self.summary.list(unreadable),
                Told::Version { chat, id, version } => {
                    batch.writes.push(Write::Version { chat, id, version })
                }
                Told::Message(told) => {
                    if let Some(at) = told.deleted {
                        let (chat, id) = (told.message.chat, told.message.id);
                        let deletion = Write::Deleted { chat, id, mode: DeletionMode::Soft };
                        deletions.entry(at).or_default().push(deletion);
                    }
                    self.message(*told, &stored, &mut batch.writes).await?;
                }
            }
        }
        self.write_with_deletions(batch, deletions).await
    }

    /// A batch says one moment, and a deletion has its own. The note comes with the last of them: what is cut short
    /// in between is written again.
    async fn write_with_deletions(
        &mut self,
        mut batch: Batch,
        deletions: BTreeMap<Timestamp, Vec<Write>>,
    ) -> Result<(), ImportError> {
        let note = Write::Note { name: self.note.clone(), value: serde_json::to_value(&self.resume).ok() };
        let count = deletions.len();
        if count == 0 {
            batch.writes.push(note.clone());
        }
        self.send(batch).await?;
        for (number, (at, writes)) in deletions.into_iter().enumerate() {
            let mut batch = self.engine.batch(at);
            batch.writes = writes;
            if number + 1 == count {
                batch.writes.push(note.clone());
            }
            self.send(batch).await?;
        }
        Ok(())
    }

    async fn send(&mut self, batch: Batch) -> Result<(), ImportError> {
        let written = self.engine.store.write(batch).await?;
        self.summary.add(&written);
        Ok(())
    }

    /// The next import of the same begins at its start.
    async fn finish(&mut self) -> Result<(), ImportError> {
        let mut batch = self.engine.batch(self.engine.clock.now());
        batch.writes.push(Write::Note { name: self.note.clone(), value: None });
        self.engine.store.write(batch).await?;
        Ok(())
    }

    fn chat(&mut self, chat: Chat, writes: &mut Vec<Write>) {
        if self.known_chats.get(&chat.id) == Some(&chat) {
            return;
        }
        if self.known_chats.len() >= MOST_KNOWN {
            self.known_chats.clear();
        }
        if self.known_chats.insert(chat.id, chat.clone()).is_none() {
            self.summary.chats += 1;
        }
        writes.push(Write::Chat(Box::new(chat)));
    }

    /// They are told all at once, and those of the account itself know more.
    async fn folders(&self, folders: Vec<FolderRecord>, writes: &mut Vec<Write>) -> Result<(), ImportError> {
        if self.engine.store.folders(self.engine.account.clone()).await?.is_empty() {
            writes.push(Write::Folders(folders));
        }
        Ok(())
    }

    fn user(&mut self, user: User, writes: &mut Vec<Write>) -> Result<(), ImportError> {
        if self.known_users.get(&user.id) == Some(&user) {
            return Ok(());
        }
        // Ids of private chats mean something within one account only.
        if let Some(ours) = self.engine.owner.filter(|ours| user.is_self && *ours != user.id) {
            let (path, account) = (self.engine.path.clone(), self.engine.account.clone());
            return Err(ImportError::OtherOwner { path, theirs: user.id, account, ours });
        }
        if self.known_users.len() >= MOST_KNOWN {
            self.known_users.clear();
        }
        self.known_users.insert(user.id, user.clone());
        writes.push(Write::User(Box::new(user)));
        Ok(())
    }

    async fn message(
        &mut self,
        told: ToldMessage,
        stored: &StoredFiles,
        writes: &mut Vec<Write>,
    ) -> Result<(), ImportError> {
        let ToldMessage { message, sender_name, file, more_files, versions, deleted: _ } = told;
        self.summary.messages += 1;
        self.resume.messages += 1;
        let (chat, id) = (message.chat, message.id);
        let known = stored.get(&(chat, id)).map_or(&[][..], Vec::as_slice);
        let mut states = Vec::new();
        if let Some((found, first)) = file.zip(message.files().into_iter().next()) {
            states.extend(self.file(&message, first, found, known).await?);
        }
        for (number, found) in more_files {
            let Some(file) = message.files().into_iter().find(|file| file.id == number) else { continue };
            let same: Vec<StoredFile> = known.iter().filter(|it| it.key.file == number).cloned().collect();
            // Where Telegram has other files, this is none of them.
            if known.is_empty() || !same.is_empty() {
                states.extend(self.file(&message, file, found, &same).await?);
            }
        }
        writes.push(Write::Message { message: Box::new(message), sender_name });
        let versions = versions.into_iter();
        writes.extend(versions.map(|version| Write::Version { chat, id, version: Box::new(version) }));
        writes.extend(states);
        Ok(())
    }

    /// What becomes of a file of the message, of which the archive knows these.
    async fn file(
        &mut self,
        message: &crate::model::Message,
        file: &crate::model::File,
        found: Found,
        known: &[StoredFile],
    ) -> Result<Option<Write>, ImportError> {
        let key = |file| FileKey { chat: message.chat, id: message.id, file };
        let skipped =
            |why: String| Some(Write::File { key: key(file.id), state: FileState::Skipped { why } });
        let (path, bytes) = match found {
            Found::File { path, bytes } => (path, bytes),
            Found::Nothing(why) => {
                self.summary.files_missing += 1;
                return Ok(if known.is_empty() { skipped(why) } else { None });
            }
        };
        let files = &self.engine.files;
        let has_lost = |hash| matches!(files, Files::Take(keeper) if keeper.has_lost(hash));
        let file = match target(known, file, bytes) {
            Target::Held(file, hash) if has_lost(hash) => file,
            Target::Held(..) => {
                self.summary.files_known += 1;
                return Ok(None);
            }
            Target::Other => return Ok(None),
            Target::File(file) => file,
        };
        let place = match files {
            Files::Skip if known.is_empty() => return Ok(skipped("imported without media".into())),
            Files::Skip => return Ok(None),
            Files::Count => None,
            Files::Take(keeper) => match keeper.take(&path, message, file).await? {
                Taken::Held(place) => Some(place),
                Taken::Unreadable(reason) => {
                    let place = path.display().to_string();
                    self.summary.list(Unreadable { place, reason: reason.clone() });
                    return Ok(if known.is_empty() { skipped(reason) } else { None });
                }
            },
        };
        self.summary.files_taken += 1;
        self.summary.file_bytes += bytes;
        Ok(place.map(|place| Write::File { key: key(file.id), state: FileState::Held(place) }))
    }

    /// What the archive knows of the files of these messages.
    async fn stored_files(&self, chunk: &[Told]) -> Result<StoredFiles, ImportError> {
        let mut wanted: BTreeMap<PeerId, Vec<MessageId>> = BTreeMap::new();
        for told in chunk {
            if let Told::Message(told) = told
                && (told.file.is_some() || !told.more_files.is_empty())
            {
                wanted.entry(told.message.chat).or_default().push(told.message.id);
            }
        }
        let mut stored = StoredFiles::new();
        for (chat, ids) in wanted {
            let key = ChatKey { account: self.engine.account.clone(), chat };
            for file in self.engine.store.files_of(key, ids).await? {
                stored.entry((chat, file.key.id)).or_default().push(file);
            }
        }
        Ok(stored)
    }
}

type StoredFiles = HashMap<(PeerId, MessageId), Vec<StoredFile>>;
