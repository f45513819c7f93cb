//! What people see of a sweep while it goes on, chat by chat, and of the last one when it is over. In memory only: what a
//! restart takes away, the next sweep tells anew.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{AccountName, MessageId, PeerId, RunId};

/// The sweeps of all accounts. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Sweeps {
    boards: Arc<Mutex<BTreeMap<AccountName, Board>>>,
}

/// One sweep. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Mutex<Shown>>);

/// As long as it lives, the sweep goes on.
#[derive(Debug)]
pub struct Showing(Board);

#[derive(Clone, Debug, Default)]
pub struct Shown {
    pub run: Option<RunId>,
    pub began: Option<Timestamp>,
    pub stage: SweepStage,
    /// In the order in which they are taken up.
    chats: Vec<ChatLine>,
    places: HashMap<PeerId, usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SweepStage {
    /// The list of chats is being read.
    #[default]
    List,
    Chats,
    /// What came is made findable, and files are fetched.
    Files,
    Over,
}

/// How far one chat is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChatLine {
    pub chat: PeerId,
    pub title: String,
    pub state: ChatState,
    /// Messages that this sweep brought.
    pub new: u64,
    /// Where it began to read.
    pub from: MessageId,
    /// How far it has read.
    pub at: MessageId,
    /// The newest message, as the list says.
    pub top: MessageId,
    /// Why it failed.
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChatState {
    Reading,
    Failed,
    /// This account may not read it any more.
    OutOfReach,
    Waiting,
    Done,
    /// The list says what it said last time.
    Unchanged,
}

/// How many chats are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SweepCounts {
    pub reading: usize,
    pub failed: usize,
    pub out_of_reach: usize,
    pub waiting: usize,
    pub done: usize,
    pub unchanged: usize,
}

impl Sweeps {
    /// In the place of the account's last sweep.
    pub fn begin(&self, account: &AccountName, run: RunId, began: Timestamp) -> Showing {
        let board = Board::default();
        board.change(|shown| (shown.run, shown.began) = (Some(run), Some(began)));
        self.lock().insert(account.clone(), board.clone());
        Showing(board)
    }

    pub fn all(&self) -> Vec<(AccountName, Shown)> {
        self.lock().iter().map(|(account, board)| (account.clone(), board.shown())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<AccountName, Board>> {
        self.boards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Showing {
    pub fn board(&self) -> Board {
        self.0.clone()
    }

    pub fn come_to(&self, stage: SweepStage) {
        self.0.change(|shown| shown.stage = stage);
    }
}

impl Drop for Showing {
    fn drop(&mut self) {
        self.0.change(|shown| {
            shown.stage = SweepStage::Over;
            // What was under way when it was cut short is read by the next one.
            for line in shown.chats.iter_mut().filter(|line| line.state == ChatState::Reading) {
                line.state = ChatState::Waiting;
            }
        });
    }
}

impl Board {
    pub fn shown(&self) -> Shown {
        self.lock().clone()
    }

    /// These are taken up, in this order, after those that are there already.
    pub(super) fn list(&self, chats: impl IntoIterator<Item = (PeerId, String, MessageId)>) {
        self.change(|shown| {
            shown.stage = SweepStage::Chats;
            for (chat, title, top) in chats {
                shown.places.insert(chat, shown.chats.len());
                let (state, zero) = (ChatState::Waiting, MessageId(0));
                shown.chats.push(ChatLine {
                    chat,
                    title,
                    state,
                    new: 0,
                    from: zero,
                    at: zero,
                    top,
                    reason: None,
                });
            }
        });
    }

    pub(super) fn reading(&self, chat: PeerId, from: MessageId) {
        self.line(chat, |line| (line.state, line.from, line.at) = (ChatState::Reading, from, from));
    }

    pub(super) fn page(&self, chat: PeerId, at: MessageId, new: u64) {
        self.line(chat, |line| (line.at, line.new) = (at, line.new + new));
    }

    pub(super) fn ended(&self, chat: PeerId, state: ChatState, reason: Option<String>) {
        self.line(chat, |line| (line.state, line.reason) = (state, reason));
    }

    fn line(&self, chat: PeerId, change: impl FnOnce(&mut ChatLine)) {
        self.change(|shown| {
            if let Some(line) = shown.places.get(&chat).and_then(|place| shown.chats.get_mut(*place)) {
                change(line);
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    pub fn counts(&self) -> SweepCounts {
        let mut counts = SweepCounts::default();
        for line in &self.chats {
            *match line.state {
                ChatState::Reading => &mut counts.reading,
                ChatState::Failed => &mut counts.failed,
                ChatState::OutOfReach => &mut counts.out_of_reach,
                ChatState::Waiting => &mut counts.waiting,
                ChatState::Done => &mut counts.done,
                ChatState::Unchanged => &mut counts.unchanged,
            } += 1;
        }
        counts
    }

    /// At most so many, those first that people look for: what is read, what went wrong, what comes next, what was done last.
    /// What has not changed is left out.
    pub fn lines(&self, most: usize) -> Vec<ChatLine> {
        let mut lines: Vec<(usize, &ChatLine)> =
            self.chats.iter().enumerate().filter(|(_, line)| line.state != ChatState::Unchanged).collect();
        lines.sort_by_key(|(place, line)| {
            let place = if line.state == ChatState::Done { usize::MAX - place } else { *place };
            (line.state, place)
        });
        lines.into_iter().take(most).map(|(_, line)| line.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn began() -> (Sweeps, Showing) {
        let sweeps = Sweeps::default();
        let run = RunId("01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f".parse().unwrap());
        let showing = sweeps.begin(&AccountName::main(), run, Timestamp::UNIX_EPOCH);
        showing.board().list((1..=6).map(|id| (PeerId(id), format!("chat {id}"), MessageId(100))));
        (sweeps, showing)
    }

    fn order(sweeps: &Sweeps, most: usize) -> Vec<(i64, ChatState)> {
        sweeps.all()[0].1.lines(most).iter().map(|line| (line.chat.0, line.state)).collect()
    }

    #[test]
    fn what_people_look_for_stands_first() {
        let (sweeps, showing) = began();
        let board = showing.board();
        board.ended(PeerId(1), ChatState::Done, None);
        board.ended(PeerId(2), ChatState::Unchanged, None);
        board.ended(PeerId(3), ChatState::Failed, Some("refused".into()));
        board.ended(PeerId(4), ChatState::Done, None);
        board.reading(PeerId(5), MessageId(10));
        board.page(PeerId(5), MessageId(60), 40);
        use ChatState::{Done, Failed, Reading, Waiting};
        assert_eq!(order(&sweeps, 9), [(5, Reading), (3, Failed), (6, Waiting), (4, Done), (1, Done)]);
        assert_eq!(order(&sweeps, 2), [(5, Reading), (3, Failed)]);
        let shown = &sweeps.all()[0].1;
        let line = &shown.lines(1)[0];
        assert_eq!((line.from, line.at, line.new), (MessageId(10), MessageId(60), 40));
        let expected =
            SweepCounts { reading: 1, failed: 1, waiting: 1, done: 2, unchanged: 1, out_of_reach: 0 };
        assert_eq!(shown.counts(), expected);
    }

    #[test]
    fn a_sweep_that_is_cut_short_reads_nothing_any_more() {
        let (sweeps, showing) = began();
        showing.board().reading(PeerId(1), MessageId(0));
        drop(showing);
        let shown = &sweeps.all()[0].1;
        assert_eq!((shown.stage, shown.counts().reading, shown.counts().waiting), (SweepStage::Over, 0, 6));
    }
}
