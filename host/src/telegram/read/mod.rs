//! Reading pages of messages, chats and topics.
//!
//! Answers are taken as bytes first. A page that this version cannot read is asked for again in
//! parts, down to the one message that is to blame: its bytes are kept with the reason, and the
//! rest goes on. The users and chats of a page reach the session in one pass.

mod by_id;
mod dialogs;
mod isolate;
mod listed;
mod named;
mod page;
mod people;
mod reader;
mod topics;
mod window;

pub use by_id::by_ids;
pub use dialogs::{DialogPage, Dialogs, Folder};
pub use listed::{Listed, MOST_DIALOGS, folders, peer_dialogs, resolve};
pub use named::{FindError, find_chats};
pub use page::{Page, Quarantined};
pub use people::{MOST_PEOPLE, people};
pub use reader::{Reader, history, pinned, replies, search};
pub use topics::{TopicPage, Topics};
pub use window::{Windowed, blank_search};
