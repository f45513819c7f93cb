//! What is written together.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    range::{IdRange, Ranges},
    stored::{
        BlobHash, BlockedOperation, FileKey, FileState, FolderRecord, GoneReaction, HistoryEntry, Poison,
        Version,
    },
};
use crate::model::{AccountName, Chat, Message, MessageId, PeerId, Poll, Reactions, Topic, User};

/// One transaction: all of it or nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    pub account: AccountName,
    pub source: Source,
    /// When it was learnt.
    pub at: Timestamp,
    /// In this order.
    pub writes: Vec<Write>,
}

impl Batch {
    pub fn new(account: AccountName, source: Source, at: Timestamp) -> Self {
        Self { account, source, at, writes: Vec::new() }
    }
}

/// Who tells. It decides nothing but what the change feed says: the rules of merging are the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    Sweep,
    Live,
    Fill,
    Recheck,
    Api,
    Import,
    Merge,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// What is known of a chat. A partial one never takes the place of more.
    Chat(Box<Chat>),
    /// Where the chat stands in the account's list. `None` leaves what is known.
    Listed {
        chat: PeerId,
        is_archived: Option<bool>,
        is_pinned: Option<bool>,
    },
    User(Box<User>),
    Topic {
        chat: PeerId,
        topic: Box<Topic>,
    },
    /// All folders of the account: those that are not among them are gone.
    Folders(Vec<FolderRecord>),
    /// A message as it is now. Merged with what is known of it: see [`super`]. What it does not say stays: reactions
    /// that are all gone are told with [`Write::Reactions`], a pin that was taken off with [`Write::Pinned`].
    Message {
        message: Box<Message>,
        /// The sender's name at this moment; kept as it is from the first time on.
        sender_name: Option<String>,
    },
    /// What Telegram tells of a message whose row is damaged: it takes the row's place, unless it is less than what the row
    /// had. A row that is sound is told as with [`Write::Message`].
    Mended {
        message: Box<Message>,
        sender_name: Option<String>,
    },
    /// Rows among these that have no checksum get theirs, of what they say now.
    Sealed {
        chat: PeerId,
        range: IdRange,
    },
    /// A text that the message had before, as another archive knows it. One that is known already changes nothing.
    Version {
        chat: PeerId,
        id: MessageId,
        version: Box<Version>,
    },
    /// All that is remembered of somebody's names and pictures, in place of what is known: from the archive that is copied.
    History {
        peer: PeerId,
        entries: Vec<HistoryEntry>,
    },
    /// A reaction that the message had before, as another archive knows it.
    GoneReaction {
        chat: PeerId,
        id: MessageId,
        gone: GoneReaction,
    },
    /// Telegram has it no more.
    Deleted {
        chat: PeerId,
        id: MessageId,
        mode: DeletionMode,
    },
    /// It was there all the time: a deletion that was taken back by hand.
    Undeleted {
        chat: PeerId,
        id: MessageId,
    },
    Pinned {
        chat: PeerId,
        ids: Vec<MessageId>,
        is_pinned: bool,
    },
    /// These and no others are pinned.
    PinnedExactly {
        chat: PeerId,
        ids: Vec<MessageId>,
    },
    /// All reactions of a message; an empty list when there are none any more. Partial ones are ignored where more is
    /// known.
    Reactions {
        chat: PeerId,
        id: MessageId,
        reactions: Box<Reactions>,
    },
    /// The results of a poll, wherever it stands.
    PollResults {
        poll: Box<Poll>,
    },
    /// Every message of these ids that Telegram shows has been read.
    Covered {
        chat: PeerId,
        range: IdRange,
    },
    /// The sweep has everything up to here. Moves forward only.
    Cursor {
        chat: PeerId,
        to: MessageId,
    },
    /// What the list of chats said at the last sweep: when it says the same again, nothing has changed. What was said
    /// later counts, by [`Batch::at`].
    Dialog {
        chat: PeerId,
        top: MessageId,
        fingerprint: i64,
    },
    /// A message that could not be read or stored. Its attempts are added to those that are known.
    Poison(Box<Poison>),
    /// It could, now.
    Healed {
        chat: PeerId,
        id: MessageId,
    },
    /// Something that the limiter of mass operations has held back. What waits already is not added again, so that a
    /// batch may be told twice.
    Blocked(Box<BlockedOperation>),
    /// It was applied or dismissed. Refused together with its batch when somebody has decided before.
    BlockedDone {
        number: i64,
        is_applied: bool,
    },
    /// What became of a file of a message.
    File {
        key: FileKey,
        state: FileState,
    },
    /// A blob lies in the media store.
    Blob {
        hash: BlobHash,
        bytes: u64,
    },
    /// It was an orphan, and is deleted.
    BlobGone {
        hash: BlobHash,
    },
    /// The small picture of a chat or user.
    Avatar {
        peer: PeerId,
        photo: i64,
        hash: BlobHash,
        extension: String,
    },
    /// Everything of a chat goes: rows, coverage, cursor. Files are left to the collection of orphans.
    ForgetChat {
        chat: PeerId,
    },
    /// Messages that are older than this go, for good; the feed tells of it.
    Prune {
        chat: PeerId,
        before: Timestamp,
    },
    /// These were read and not kept. They are added to those that are known.
    Skipped {
        chat: PeerId,
        ids: Ranges,
        why: String,
    },
    /// These were kept once and are gone for good, as another archive knows it. They are added to those that are known.
    Removed {
        chat: PeerId,
        ids: Ranges,
    },
    /// A word that a part of the program wants back, such as how far an import is.
    Note {
        name: String,
        value: Option<serde_json::Value>,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeletionMode {
    /// Kept, and marked with the moment.
    #[default]
    Soft,
    /// Row, versions, reactions and files go.
    Hard,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BlockedKind {
    Edit,
    Deletion,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    /// Texts that would have been rewound, or came without a date of their edit.
    pub refused: u64,
    /// Marked, or gone for good.
    pub deleted: u64,
    /// Files of messages that are gone for good. What lies on the disk is left to the collection of orphans.
    pub removed_files: u64,
    /// What those of them that were held have.
    pub removed_bytes: u64,
    /// The newest number of the change feed after it.
    pub sequence: i64,
}
