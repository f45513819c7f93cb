//! The one place where Telegram meets the archive.
//!
//! - What was read without a hole is said to be covered, in the transaction that holds its messages; nothing
//!   else is. So a kill, a pause or an error at any moment costs at most one page, and nobody has to remember it.
//! - Only the sweep moves cursors. The listener is quick, the sweep is whole.
//! - What cannot be read is written down before it is passed. What was skipped is written down with the reason.

// What the archive can prove of a chat.
pub mod certificate;
// Which chats are in, and why.
pub mod choose;
// Deletions and edits that come in masses are held back.
pub mod guard;

mod access;
mod avatars;
mod batch;
mod board;
mod error;
mod fill;
mod filter;
mod gaps;
mod intake;
mod live;
mod media;
mod page;
mod parts;
mod poison;
mod prune;
mod recheck;
mod skipped;
mod spared;
mod sweep;
mod tell;
mod undo;

use crate::{
    archive::SharedStore, clock::SharedClock, config::CaptureSection, model::AccountName,
    plugin_host::Plugins, telegram::Client,
};

pub use avatars::{FetchAvatars, FetchedAvatars};
pub use board::{Board, ChatLine, ChatState, Showing, Shown, SweepCounts, SweepStage, Sweeps};
pub use error::CaptureError;
pub use fill::{Fill, Filled};
pub use gaps::{ChatGaps, chats_with_gaps};
pub use live::{Decision, Heard, HeldError, Listen, ListenRules, decide};
pub use media::{FetchMedia, FetchedMedia, VerifiedMedia, VerifyMedia};
pub use parts::{CaptureParts, OpenError};
pub use poison::{Retried, RetryPoison};
pub use prune::{Prune, Pruned};
pub use recheck::{Recheck, Rechecked};
pub use sweep::{Sweep, Swept};
pub use tell::{Step, Tell};
pub use undo::{AppliedOperation, Undo, UndoError, UndoWhich, Undone, UndoneChat, applied_operations};

/// What every work of capturing needs.
#[derive(Clone, Debug)]
pub struct Capture {
    pub account: AccountName,
    pub client: Client,
    pub store: SharedStore,
    /// As it holds for the account.
    pub section: CaptureSection,
    /// Where filters are; without them none is asked.
    pub plugins: Option<Plugins>,
    pub clock: SharedClock,
}
