//! What cannot be had again: every message, in SQL that people can read without us.
//!
//! - One [`Store`] with two engines. Whatever belongs together is written in one transaction ([`Batch`]).
//! - Rows are never nulled, texts never rewound, cursors never moved back: `merge` says how a message that
//!   is known meets what is told of it now.
//! - A message that an import tells is completed by Telegram, in whichever order they come: see `secondhand`. `merge` asks it
//!   first; an imported file whose message Telegram tells becomes the file that it is there, with its state.
//! - Coverage says which stretches of message ids are known whole; only those who have read a stretch
//!   without a hole may add to it.

mod batch;
#[cfg(test)]
mod contract;
mod lazy;
pub mod media;
mod merge;
mod postgres;
mod query;
mod range;
mod rehearsal;
mod row;
mod search;
mod secondhand;
mod shelf;
mod sqlite;
mod store;
mod stored;
#[cfg(test)]
pub(crate) mod testing;
mod turns;

pub use batch::{Batch, BlockedKind, DeletionMode, Source, Write, Written};
pub use lazy::Archive;
pub(crate) use merge::{says_the_same, unknown_chat};
pub(crate) use postgres::Visit;
#[cfg(test)]
pub(crate) use postgres::testing::{Server as PostgresServer, connect as connect_postgres};
pub use postgres::{PostgresStore, is_address};
pub use query::{
    Around, AvatarsOf, AvatarsPage, ChatOrder, ChatsPage, DeletionsPage, FilesPage, Found, InvalidPlace,
    MediaClass, MessagePage, PoisonList, PoisonPage, PoisonPlace, SearchPage, SearchQuery,
};
pub use range::{IdRange, Ranges};
pub use rehearsal::Rehearsal;
pub(crate) use shelf::Shelf;
pub use sqlite::SqliteStore;
pub(crate) use sqlite::{APPLICATION_ID, has_journal, has_left_traces, read_only_uri};
pub(crate) use store::Answer;
pub use store::{Engine, SharedStore, Store, StoreError};
pub use stored::{
    AvatarRecord, BlobHash, BlockedOperation, Change, ChangeKind, ChatFigures, ChatKey, ChatSync, Compared,
    Dialog, FileKey, FilePlace, FileState, FolderRecord, GoneReaction, HistoryEntry, Indexed, Poison,
    StoreFigures, Stored, StoredChat, StoredFile, Version,
};
pub(crate) use turns::Turns;
