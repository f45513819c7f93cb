//! What plays now, in words: a message that is edited, and may be pinned, and the account's bio.
//!
//! - Nothing is written that is there already, and nothing more often than the operator wants: of
//!   what happens meanwhile only the last is written.
//! - What is about to be done is on the disk before, so a crash sends nothing twice and loses no bio.
//! - The bio is looked at before each change. What was written there by somebody else is remembered, and
//!   comes back when nothing plays.
//!
//! Accepted: a bio that somebody writes between our look and our change, a few milliseconds later, is lost.

mod bio;
mod error;
mod memory;
mod notice;
mod scene;
mod shorten;
mod template;
mod words;
mod work;

use std::{fmt, sync::Arc, time::Duration};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

pub use error::NowPlayingError;
pub use memory::Signs;
pub use template::{BadTemplate, Template};

use super::{ledger::Ledger, profile::Board};
use crate::{clock::SharedClock, model::AccountName, state::State, telegram::Client};

/// One account, and everything that it takes to say something there.
#[derive(Clone, Debug)]
pub struct NowPlaying {
    pub account: AccountName,
    /// The name under which the message is kept.
    pub job: String,
    /// Its client has little patience: a long pause is for us to wait out, while other things go on.
    pub client: Client,
    pub ledger: Ledger,
    pub state: State,
    pub clock: SharedClock,
    pub board: Board,
    pub signs: Signs,
}

#[derive(Clone)]
pub struct Orders {
    pub notice: Order<NoticeRules>,
    pub bio: Order<BioRules>,
    pub tell: Tell,
    pub stop: CancellationToken,
}

#[derive(Clone, Debug)]
pub enum Order<R> {
    /// As these rules say.
    Keep(R),
    /// What was there before us comes back.
    TakeBack,
    /// It is somebody else's.
    Leave,
}

#[derive(Clone, Debug)]
pub struct NoticeRules {
    /// As people call it; `me` is Saved Messages.
    pub chat: String,
    pub text: Template,
    /// When nothing plays; without it, the message goes.
    pub idle: Option<Template>,
    pub pin: bool,
    pub preview: bool,
    pub when_deleted: WhenDeleted,
    pub min_interval: Duration,
}

#[derive(Clone, Debug)]
pub struct BioRules {
    pub text: Template,
    /// When nothing plays; without it, the person's own words come back.
    pub idle: Option<Template>,
    pub min_interval: Duration,
}

/// What it means that somebody deletes the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WhenDeleted {
    /// A new one is sent with the next song.
    #[default]
    SendAgain,
    /// There is none any more.
    Leave,
}

/// Hears until when nothing is done, and why. `None`: it goes on.
pub type Tell = Arc<dyn Fn(Option<&Waiting>) + Send + Sync>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub until: Timestamp,
    /// Telegram asked for it.
    pub is_demanded: bool,
    pub reason: String,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    pub messages_sent: u64,
    pub messages_edited: u64,
    pub messages_pinned: u64,
    pub messages_deleted: u64,
    pub bios_written: u64,
    /// The person's own words, again.
    pub bios_restored: u64,
}

impl NowPlaying {
    /// Works until everything says what it should; what is played meanwhile counts. One at a time works
    /// on an account.
    pub async fn say(&self, orders: &Orders) -> (Figures, Result<(), NowPlayingError>) {
        let turn = orders.stop.run_until_cancelled(self.signs.turn(&self.account));
        let Some(mut memory) = turn.await else { return (Figures::default(), Err(NowPlayingError::Stopped)) };
        let mut work = work::Work::new(self, orders, &mut memory);
        let result = Box::pin(work.run()).await;
        (work.figures, result)
    }
}

impl fmt::Debug for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Orders").field("notice", &self.notice).field("bio", &self.bio).finish_non_exhaustive()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = [
            (self.messages_sent, "message sent"),
            (self.messages_edited, "message edited"),
            (self.messages_pinned, "message pinned"),
            (self.messages_deleted, "message deleted"),
            (self.bios_written, "bio written"),
            (self.bios_restored, "own bio restored"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| if count == 1 { what.to_owned() } else { format!("{what} {count} times") })
        .collect();
        if parts.is_empty() { f.write_str("nothing to do") } else { f.write_str(&parts.join(", ")) }
    }
}
