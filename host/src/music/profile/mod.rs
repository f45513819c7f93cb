//! What a profile should show becomes what it shows: wanted and real are compared, and the
//! difference is worked off in steps, each of which is noted before it is done. A crash between
//! any two of them leads to the same end.
//!
//! Accepted: a song that somebody takes off the profile in the moment between our saving it and our
//! noting so is saved once more when the process dies in that very moment. When the state is lost, what we
//! have put up is nobody's, and stays.

mod added;
mod board;
mod calls;
mod choices;
mod cover;
mod desk;
mod error;
mod explain;
mod journal;
mod library;
mod observe;
mod plan;
mod queue;
mod recordings;
mod supply;
#[cfg(test)]
mod tests;
mod wanted;
mod work;

use std::{fmt, path::PathBuf, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

pub use board::{Board, Boards, OnTheWay, SeenSong, SentPart, Shown, Terms};
pub use choices::{ChoiceRule, ChoiceView, ChoicesFile, ImportReport, Imported};
pub use desk::{Desk, DeskError, ProfileSongView, ProfileView};
pub use error::ProfileError;
pub use explain::{CandidateView, Explanation};
pub use queue::{QueueView, QueuedTrack};
pub use recordings::{RecordingError, Recordings};
pub use supply::{Answer, Ask, Found, Order, SongFile};
pub use wanted::{Played, RemovedByUser, Rules, Wanted};

use super::ledger::Ledger;
use crate::{clock::SharedClock, model::AccountName, state::State, telegram::music::Music};

/// One account's profile, and everything that it is changed with.
#[derive(Clone, Debug)]
pub struct Profile {
    pub account: AccountName,
    /// Its client has little patience: a long pause is for us to wait out, while other things go on.
    pub music: Music,
    /// For files, whose pauses are waited out beside everything else.
    pub uploads: Music,
    pub ledger: Ledger,
    pub state: State,
    pub clock: SharedClock,
    pub http: reqwest::Client,
    pub board: Board,
    /// For small files on their way.
    pub folder: PathBuf,
}

/// How it should be changed.
#[derive(Clone)]
pub struct Orders {
    pub rules: Rules,
    /// Files on their way at the same time: first ones, and as many better ones.
    pub workers: usize,
    pub ask: Ask,
    pub tell: Tell,
    pub stop: CancellationToken,
}

/// Hears how far the work is.
pub type Tell = Arc<dyn Fn(Telling) + Send + Sync>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telling {
    Doing {
        steps: u64,
        what: String,
    },
    /// Telegram asked for a pause.
    Waiting {
        until: Timestamp,
        reason: String,
    },
    GoingOn,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Songs of ours on the profile at the end.
    pub shown: usize,
    /// Files that went up and out.
    pub sent: u64,
    /// Documents that were sent before, and again.
    pub sent_again: u64,
    /// How many of the sent ones took the place of another.
    pub improved: u64,
    /// Songs put on the profile, or moved there.
    pub saved: u64,
    pub taken_off: u64,
    pub deleted: u64,
    /// Songs that somebody else took away.
    pub removed_by_user: u64,
    /// Tracks without a file, for now.
    pub without_file: u64,
}

impl Profile {
    /// Works until the profile is as it should be and no file is on its way; what is played meanwhile
    /// counts. One at a time works on an account.
    pub async fn reconcile(&self, orders: &Orders) -> (Figures, Result<(), ProfileError>) {
        let turn = orders.stop.run_until_cancelled(self.board.turn());
        let Some(_turn) = turn.await else { return (Figures::default(), Err(ProfileError::Stopped)) };
        match work::Work::begin(self, orders) {
            Ok(mut work) => {
                let result = Box::pin(work.run()).await;
                let figures = work.figures();
                self.board.note_run(&figures);
                (figures, result)
            }
            Err(error) => (Figures::default(), Err(error)),
        }
    }
}

impl Figures {
    /// What both have done; of what is there, what the later one says.
    fn and(&self, later: &Self) -> Self {
        Self {
            shown: later.shown,
            sent: self.sent + later.sent,
            sent_again: self.sent_again + later.sent_again,
            improved: self.improved + later.improved,
            saved: self.saved + later.saved,
            taken_off: self.taken_off + later.taken_off,
            deleted: self.deleted + later.deleted,
            removed_by_user: self.removed_by_user + later.removed_by_user,
            without_file: later.without_file,
        }
    }
}

impl fmt::Debug for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Orders").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let songs = if self.shown == 1 { "1 song".to_owned() } else { format!("{} songs", self.shown) };
        write!(f, "{songs} on the profile")?;
        let mut parts = Vec::new();
        for (count, what) in [
            (self.sent - self.improved.min(self.sent), "sent"),
            (self.improved, "improved"),
            (self.sent_again, "sent again"),
            (self.taken_off, "taken off"),
            (self.removed_by_user, "removed by somebody"),
            (self.without_file, "without a file"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        if parts.is_empty() { f.write_str("; nothing to do") } else { write!(f, ": {}", parts.join(", ")) }
    }
}
