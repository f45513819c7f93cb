//! What comes out of the archive.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    batch::{BlockedKind, Source},
    range::{IdRange, Ranges},
};
use crate::model::{AccountName, Blob, Chat, Entity, File, Message, MessageId, PeerId, Reaction};

pub use crate::model::FolderRecord;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChatKey {
    pub account: AccountName,
    pub chat: PeerId,
}

/// A message, and what the archive knows of it besides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    pub message: Message,
    /// As it was when the message was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Timestamp>,
    /// How many earlier texts there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub versions: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// An earlier text of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<Entity>,
    /// From when on it was the message's text.
    pub since: Timestamp,
    pub captured: Timestamp,
}

/// A reaction that a message had, and has no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoneReaction {
    pub reaction: Reaction,
    /// How many there were last.
    pub count: i32,
    /// When that was noticed.
    pub gone: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredChat {
    pub account: AccountName,
    pub chat: Chat,
    pub is_archived: bool,
    pub is_pinned: bool,
    /// The sweep has everything up to here.
    pub cursor: Option<MessageId>,
    /// A sweep has come to its newest message at least once.
    pub is_read_to_end: bool,
    pub figures: ChatFigures,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChatFigures {
    pub messages: u64,
    pub deleted: u64,
    pub files: u64,
    /// Of files that are held.
    pub file_bytes: u64,
    pub oldest: Option<MessageId>,
    pub newest: Option<MessageId>,
    pub first_date: Option<Timestamp>,
    pub last_date: Option<Timestamp>,
}

/// A name, title, username or picture that somebody had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    pub peer: PeerId,
    /// `name`, `usernames`, `phone`, `photo`.
    pub what: String,
    pub value: String,
    pub since: Timestamp,
}

/// How far a chat has been read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatSync {
    /// The sweep has everything up to here.
    pub cursor: Option<MessageId>,
    pub coverage: Ranges,
    /// What the list of chats said last.
    pub dialog: Option<Dialog>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialog {
    pub top: MessageId,
    pub fingerprint: i64,
}

/// Something has changed: where, and what. Consumers keep the number up to which they have seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub sequence: i64,
    pub account: AccountName,
    pub chat: PeerId,
    pub kind: ChangeKind,
    /// The messages that it is about lie in here; others may, too.
    pub ids: Option<IdRange>,
    pub source: Source,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    New,
    Edited,
    Deleted,
    Undeleted,
    Pinned,
    Reactions,
    /// Counters, previews, poll results.
    Touched,
    Chat,
    File,
    /// Gone for good: a hard deletion, a retention, a chat that was forgotten.
    Removed,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Poison {
    pub chat: PeerId,
    pub id: MessageId,
    pub reason: String,
    /// What Telegram sent, where that is known.
    pub bytes: Option<Blob>,
    /// In how many runs.
    pub attempts: u32,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// An edit or deletion that came with too many others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockedOperation {
    /// Given by the store.
    pub number: i64,
    pub chat: PeerId,
    pub kind: BlockedKind,
    pub ids: Vec<MessageId>,
    /// The message as it would be, of an edit.
    pub message: Option<Box<Message>>,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileKey {
    pub chat: PeerId,
    pub id: MessageId,
    /// Telegram's number of the file.
    pub file: i64,
}

/// A file of a message. Every file that `Message::files` tells has one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredFile {
    pub account: AccountName,
    pub key: FileKey,
    pub file: File,
    pub state: FileState,
    pub attempts: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum FileState {
    /// Not fetched yet, or to be fetched again.
    Wanted,
    Held(FilePlace),
    /// Nobody wants it: too large, the wrong kind, a chat without media.
    Skipped {
        why: String,
    },
    /// It was tried; `Wanted` as long as attempts are left.
    Failed {
        why: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePlace {
    pub hash: BlobHash,
    pub bytes: u64,
    /// The readable name beneath the media folder, `<chat>/<file>`.
    pub link: String,
}

/// blake3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobHash(pub [u8; 32]);

impl BlobHash {
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn from_hex(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (place, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).ok()?;
        }
        Some(Self(hash))
    }
}

impl std::fmt::Debug for BlobHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl Serialize for BlobHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for BlobHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("a hash is 64 hexadecimal digits"))
    }
}

/// The newest picture of a chat or user that is held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AvatarRecord {
    pub photo: i64,
    pub hash: BlobHash,
    pub extension: String,
}

/// What comparing rows of messages with their checksums has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    pub rows: u64,
    /// That have no checksum yet; see [`Write::Sealed`](super::Write::Sealed).
    pub unsealed: u64,
    /// That are not what was written.
    pub damaged: Vec<MessageId>,
    /// The first and the last row; none when there was none.
    pub range: Option<IdRange>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StoreFigures {
    pub chats: u64,
    pub users: u64,
    pub messages: u64,
    pub deleted: u64,
    pub versions: u64,
    pub files: u64,
    pub files_held: u64,
    pub files_wanted: u64,
    /// Of blobs, each once.
    pub blob_bytes: u64,
    /// Of the database on the disk.
    pub database_bytes: u64,
    pub poison: u64,
    pub blocked: u64,
    pub sequence: i64,
    /// Messages that search cannot find yet.
    pub unindexed: u64,
}

/// How far a step of indexing came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indexed {
    pub messages: u64,
    pub left: u64,
}
