//! Live updates, in order and without gaps, from where the last process left off.
//!
//! The order is kept by grammers' message boxes; asking for what is missing is done here, over the
//! client: with time limits, waits and new connections like any other call.
//!
//! - What was received counts as received when the caller says so ([`Updates::ack`]), after it is
//!   stored. A crash before that brings it again: handlers must not mind.
//! - Where Telegram gives up telling everything (too long an absence, an update that this version
//!   cannot read), an [`Update::Gap`] says which chat has to be read from where.
//! - A connection that broke is a gap like any other. There is always a state to catch up from.
//! - What is pushed may get lost without a trace, so from time to time Telegram is asked whether
//!   there was more.

mod behind;
mod changes;
mod gaps;
mod places;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use grammers_session::{
    Session as _,
    types::{ChannelState, UpdateState, UpdatesState},
    updates::{MessageBoxes, PrematureEndReason, State, UpdatesLike},
};
use grammers_tl_types::{
    enums::{self, updates as answers},
    functions::updates as calls,
    types,
};
use tokio::time::{Instant, sleep_until, timeout_at};

use self::{behind::Behind, changes::Count, gaps::soften_too_long};
use super::{
    Client, Error,
    client::{Listening, Pushed},
};
use crate::model::{MessageId, PeerId};

/// Updates of a channel that Telegram gives in one answer.
const CHANNEL_LIMIT: i32 = 100;

/// Says which message of a chat is the newest that is stored; `None` for chats that nobody keeps.
pub type NewestKnown = Arc<dyn Fn(PeerId) -> BoxFuture<'static, Option<MessageId>> + Send + Sync>;

#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    Telegram(Box<enums::Update>),
    /// A change that a difference tells, such as an edit or a deletion: it happened while nobody heard it.
    Missed(Box<enums::Update>),
    /// What is newer than `after` in this chat has to be read: Telegram will not tell it again.
    Gap {
        peer: PeerId,
        after: MessageId,
    },
}

/// What came together.
#[derive(Debug)]
pub struct Batch {
    pub updates: Vec<Update>,
    pub users: Vec<enums::User>,
    pub chats: Vec<enums::Chat>,
    pub token: Token,
}

/// What a step has come to.
enum Stepped {
    Told(Batch),
    /// Something was done; nothing is to be told yet.
    On,
    /// Nothing is known to be missing: one would have to wait.
    Quiet {
        until: Instant,
    },
}

/// Whether a difference was due.
enum Missing {
    Filled,
    /// Until then, unless something is pushed.
    Nothing {
        until: Instant,
    },
}

/// Up to where a batch reaches.
#[derive(Clone, Debug)]
pub struct Token(UpdatesState);

pub struct Updates {
    client: Client,
    listening: Listening,
    newest_known: NewestKnown,
    boxes: MessageBoxes,
    has_state: bool,
    behind: Behind,
    /// What has arrived and is not dealt with yet: whoever waits may give up in the middle of it.
    pushed: Option<Pushed>,
    /// When Telegram is asked next whether there is more than it pushed.
    look_at: Instant,
    /// The date of the last difference. The message boxes go by what was pushed, and would skip
    /// channels whose updates got lost before that.
    since: i32,
    ready: VecDeque<Batch>,
    /// What the last batch reaches up to.
    told: UpdatesState,
    has_read_dialogs: bool,
    /// Channels that do not say where their updates are: they are not asked again.
    out_of_reach: HashSet<PeerId>,
    /// How often in a row a channel has refused to tell what was missed.
    refused: HashMap<i64, u32>,
    failures: u32,
    not_before: Option<Instant>,
    /// Until then nothing has to be asked, unless something is pushed.
    quiet_until: Instant,
}

impl Updates {
    /// Begins to listen; what was missed since the last [`Self::ack`] comes first. The list of
    /// chats should be read afterwards, not before.
    pub async fn open(client: &Client, newest_known: NewestKnown) -> Result<Self, Error> {
        let listening = client.listen();
        let state = client.session().updates_state().await.map_err(session_error)?;
        Ok(Self {
            client: client.clone(),
            listening,
            newest_known,
            has_state: state.pts != 0,
            boxes: boxes_at(&state),
            behind: Behind::default(),
            pushed: None,
            look_at: Instant::now() + client.look_period(),
            since: state.date,
            ready: VecDeque::new(),
            told: state,
            has_read_dialogs: false,
            out_of_reach: HashSet::new(),
            refused: HashMap::new(),
            failures: 0,
            not_before: None,
            quiet_until: Instant::now(),
        })
    }

    /// The next batch. Passing troubles are waited out; an error is one that somebody has to act
    /// on, and the next call tries again after a pause. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Result<Batch, Error> {
        loop {
            match self.next_missed().await? {
                Some(batch) => return Ok(batch),
                None => self.wait_for_more().await?,
            }
        }
    }

    /// The next batch of what is known to be missing, such as all that was missed while nobody listened, or of what has
    /// arrived.
    pub async fn next_missed(&mut self) -> Result<Option<Batch>, Error> {
        loop {
            match self.advance().await? {
                Stepped::Told(batch) => return Ok(Some(batch)),
                Stepped::On => {}
                Stepped::Quiet { until } => {
                    self.quiet_until = until;
                    return Ok(None);
                }
            }
        }
    }

    /// After [`Self::next_missed`] had nothing: until something is pushed, or it is time to ask whether there is more. It asks
    /// nothing itself, so that it costs nothing to give it up and wait again.
    pub async fn wait_for_more(&mut self) -> Result<(), Error> {
        if self.pushed.is_none() {
            self.wait(self.quiet_until).await?;
        }
        Ok(())
    }

    /// What has arrived by now, without waiting or asking for more: what comes in masses can be stored together.
    pub async fn next_arrived(&mut self) -> Result<Option<Batch>, Error> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Some(batch));
            }
            if self.has_to_ask() || !self.has_state || self.not_before.is_some() || !self.receive_arrived() {
                return Ok(None);
            }
            self.take().await?;
        }
    }

    fn has_to_ask(&self) -> bool {
        self.boxes.get_difference().is_some() || self.boxes.get_channel_difference().is_some()
    }

    /// A step; after a trouble that passes, another one.
    async fn advance(&mut self) -> Result<Stepped, Error> {
        loop {
            self.pause().await;
            match self.step().await {
                Ok(stepped) => {
                    self.failures = 0;
                    return Ok(stepped);
                }
                Err(error) => {
                    self.failures = self.failures.saturating_add(1);
                    self.not_before = Some(Instant::now() + self.client.pause_after(self.failures));
                    if !error.is_temporary() {
                        return Err(error);
                    }
                    tracing::warn!(%error, "Live updates are interrupted; trying again");
                }
            }
        }
    }

    /// After a trouble, for as long as it asks for.
    async fn pause(&mut self) {
        if let Some(due) = self.not_before {
            sleep_until(due).await;
            self.not_before = None;
        }
    }

    /// What this batch brought is stored: it will not come again.
    pub async fn ack(&self, token: Token) -> Result<(), Error> {
        self.client.session().set_update_state(UpdateState::All(token.0)).await.map_err(session_error)
    }

    async fn step(&mut self) -> Result<Stepped, Error> {
        if let Some(batch) = self.ready.pop_front() {
            return Ok(Stepped::Told(batch));
        }
        if !self.has_state {
            self.begin_anew().await?;
            return Ok(Stepped::On);
        }
        let Missing::Nothing { until } = self.fill_missing().await? else { return Ok(Stepped::On) };
        if !self.receive_arrived() {
            return Ok(Stepped::Quiet { until });
        }
        self.take().await?;
        Ok(Stepped::On)
    }

    /// For something that is pushed; the next step deals with it.
    async fn wait(&mut self, until: Instant) -> Result<(), Error> {
        match timeout_at(until, self.listening.next()).await {
            Ok(Some(pushed)) => self.pushed = Some(pushed),
            Ok(None) => return Err(Error::Closed),
            Err(_) => {}
        }
        Ok(())
    }

    /// Whether there is something to deal with.
    fn receive_arrived(&mut self) -> bool {
        if self.pushed.is_none() {
            // That somebody else listens now is noticed by who waits.
            self.pushed = self.listening.next().now_or_never().flatten();
        }
        self.pushed.is_some()
    }

    /// Asks for one difference that is due. Nothing that was pushed may be taken before all are
    /// there: the message boxes would let it through, and what is stored would seem to reach that far.
    async fn fill_missing(&mut self) -> Result<Missing, Error> {
        // First, as these may find that differences are due.
        self.begin_due();
        let deadline = self.boxes.check_deadlines().into();
        if let Some(call) = self.boxes.get_difference() {
            self.fill(call).await?;
        } else if let Some(call) = self.boxes.get_channel_difference() {
            self.fill_channel(call).await?;
        } else {
            let until = self.behind.next_due().into_iter().fold(self.look_at.min(deadline), Instant::min);
            return Ok(Missing::Nothing { until });
        }
        Ok(Missing::Filled)
    }

    fn begin_due(&mut self) {
        let now = Instant::now();
        if self.behind.next_due().is_some_and(|due| due <= now) {
            for count in self.behind.take_due(&self.boxes.session_state(), now) {
                tracing::debug!(?count, "An update did not come: asking for the difference");
                self.begin_difference(count);
            }
        }
        if self.look_at <= now {
            self.look_at = now + self.client.look_period();
            if self.has_to_ask() {
                self.begin_difference(Count::Common);
            } else {
                // Anew: they would ask each quiet channel after a quarter of an hour.
                self.boxes = boxes_at(&self.boxes.session_state());
            }
        }
    }

    /// The difference is asked for by the next step.
    fn begin_difference(&mut self, count: Count) {
        let gap = match count {
            Count::Common => UpdatesLike::ConnectionClosed,
            Count::Channel(channel_id) => {
                let update = types::UpdateChannelTooLong { channel_id, pts: None }.into();
                UpdatesLike::Updates(types::UpdateShort { update, date: 0 }.into())
            }
        };
        // Nothing comes out of these; an error says that the difference is to be asked for.
        drop(self.boxes.process_updates(gap));
    }

    /// Where nobody tells which channels have moved.
    fn ask_all_channels(&mut self) {
        for channel in self.boxes.session_state().channels {
            self.begin_difference(Count::Channel(channel.id));
        }
    }

    /// Deals with what was pushed. Until all that takes time is over, it is still there.
    async fn take(&mut self) -> Result<(), Error> {
        let gaps = match self.pushed.as_mut() {
            Some(Pushed::Updates(updates)) => {
                let places = self.boxes.session_state().channels;
                prepare(&self.client, &self.newest_known, &places, updates).await?
            }
            _ => Vec::new(),
        };
        match self.pushed.take() {
            Some(Pushed::Updates(pushed)) => self.take_pushed(*pushed, gaps),
            Some(Pushed::Gap) => self.begin_difference(Count::Common),
            None => {}
        }
        Ok(())
    }

    fn take_pushed(&mut self, pushed: UpdatesLike, gaps: Vec<Update>) {
        let heard = behind::heard(&pushed);
        // A gap is filled by the next step; what came is part of the difference.
        let (updates, users, chats) = self.boxes.process_updates(pushed).unwrap_or_default();
        self.behind.note(&heard, &self.boxes.session_state(), Instant::now());
        self.tell(updates, users, chats, gaps);
    }

    async fn fill(&mut self, mut call: calls::GetDifference) -> Result<(), Error> {
        call.date = call.date.min(self.since).max(1);
        let mut answer = match self.client.invoke(&call).await {
            Ok(answer) => answer,
            Err(error) if matches!(error, Error::Decode { .. }) || error.is("PERSISTENT_TIMESTAMP_*") => {
                tracing::warn!(%error, "What was missed cannot be had as updates: comparing all chats");
                return self.begin_anew().await;
            }
            Err(error) => return Err(error),
        };
        let (mut gaps, mut changes) = (Vec::new(), Vec::new());
        match &mut answer {
            answers::Difference::Difference(types::updates::Difference {
                other_updates,
                users,
                chats,
                ..
            })
            | answers::Difference::Slice(types::updates::DifferenceSlice {
                other_updates,
                users,
                chats,
                ..
            }) => {
                self.client.learn(users, chats).await?;
                gaps = self.soften_difference(other_updates).await;
                changes = changes::take(other_updates, Count::Common);
            }
            answers::Difference::TooLong(_) => {
                tracing::warn!("Too much was missed for Telegram to tell: comparing all chats");
                gaps = self.compare_all().await?;
            }
            answers::Difference::Empty(_) => {}
        }
        match &answer {
            answers::Difference::Empty(it) => self.since = it.date,
            answers::Difference::Difference(it) => {
                let enums::updates::State::State(state) = &it.state;
                self.since = state.date;
            }
            // Channels are told of with the last slice.
            answers::Difference::Slice(_) | answers::Difference::TooLong(_) => {}
        }
        self.look_at = Instant::now() + self.client.look_period();
        let is_too_long = matches!(answer, answers::Difference::TooLong(_));
        let (updates, users, chats) = self.boxes.apply_difference(answer);
        if is_too_long {
            self.ask_all_channels();
        }
        self.tell(updates, users, chats, changes.into_iter().map(Update::missed).chain(gaps));
        Ok(())
    }

    async fn fill_channel(&mut self, mut call: calls::GetChannelDifference) -> Result<(), Error> {
        let enums::InputChannel::Channel(types::InputChannel { channel_id, .. }) = call.channel else {
            self.boxes.end_channel_difference(PrematureEndReason::Banned);
            return Ok(());
        };
        let peer = PeerId::channel(channel_id);
        let Some(channel) = self.find_channel(peer).await? else {
            tracing::warn!(chat.id = peer.0, "A channel is not in the list of chats: its updates end");
            self.boxes.end_channel_difference(PrematureEndReason::Banned);
            return Ok(());
        };
        call.channel = channel;
        call.limit = CHANNEL_LIMIT;
        let answer = match self.client.invoke(&call).await {
            Ok(answer) => answer,
            Err(error) if matches!(error, Error::Decode { .. }) || error.is("PERSISTENT_TIMESTAMP_*") => {
                tracing::warn!(%error, chat.id = peer.0, "What was missed cannot be had as updates");
                self.skip_channel(peer).await?
            }
            // The others go on meanwhile.
            Err(error @ Error::Rpc { .. }) if error.is_temporary() => {
                tracing::warn!(%error, chat.id = peer.0, "Telegram has troubles with a channel");
                self.boxes.end_channel_difference(PrematureEndReason::TemporaryServerIssues);
                let again = Instant::now() + self.client.pause_after(u32::MAX);
                self.behind.note_failure(Count::Channel(channel_id), again);
                return Ok(());
            }
            Err(error @ Error::Rpc { .. }) => {
                self.note_refusal(channel_id, &error);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.refused.remove(&channel_id);
        let (mut answer, gaps) = self.soften_channel_too_long(peer, answer).await?;
        let changes = match &mut answer {
            answers::ChannelDifference::Difference(answer) => {
                changes::take(&mut answer.other_updates, Count::Channel(channel_id))
            }
            _ => Vec::new(),
        };
        unhurried(&mut answer);
        let (updates, users, chats) = self.boxes.apply_channel_difference(answer);
        self.tell(updates, users, chats, changes.into_iter().map(Update::missed).chain(gaps));
        Ok(())
    }

    /// Mostly we are not in the channel any more, but a single refusal proves nothing, and whoever forgets where a channel's
    /// updates are cannot ask for what was missed. The others go on meanwhile.
    fn note_refusal(&mut self, channel_id: i64, error: &Error) {
        let peer = PeerId::channel(channel_id);
        let refusals = self.refused.entry(channel_id).or_default();
        *refusals += 1;
        let pause = match *refusals {
            1 => self.client.pause_after(u32::MAX),
            2 => self.client.look_period(),
            _ => {
                tracing::info!(%error, chat.id = peer.0, "A channel tells us nothing any more: its updates end");
                self.refused.remove(&channel_id);
                self.boxes.end_channel_difference(PrematureEndReason::Banned);
                return;
            }
        };
        tracing::info!(%error, chat.id = peer.0, "A channel does not tell what was missed: asking again later");
        self.boxes.end_channel_difference(PrematureEndReason::TemporaryServerIssues);
        self.behind.note_failure(Count::Channel(channel_id), Instant::now() + pause);
    }

    /// Makes a batch, when there is news.
    fn tell(
        &mut self,
        updates: Vec<(enums::Update, State)>,
        users: Vec<enums::User>,
        chats: Vec<enums::Chat>,
        then: impl IntoIterator<Item = Update>,
    ) {
        // As long as a channel is still to be asked, the date is that from which the account tells of it again.
        let date = if self.boxes.get_channel_difference().is_some() { self.told.date } else { self.since };
        let state = UpdatesState { date, ..self.boxes.session_state() };
        let updates = updates.into_iter().map(|(update, _)| Update::told(update));
        let updates: Vec<Update> = updates.chain(then).collect();
        // A later date alone is nothing to store.
        if updates.is_empty() && (UpdatesState { date: self.told.date, ..state.clone() }) == self.told {
            return;
        }
        self.told = state.clone();
        self.ready.push_back(Batch { updates, users, chats, token: Token(state) });
    }
}

/// What has to be found out before an update can be taken. It may be done twice.
async fn prepare(
    client: &Client,
    newest_known: &NewestKnown,
    places: &[ChannelState],
    pushed: &mut UpdatesLike,
) -> Result<Vec<Update>, Error> {
    let UpdatesLike::Updates(updates) = pushed else { return Ok(Vec::new()) };
    let parts = match updates {
        enums::Updates::Updates(all) => Some((&mut all.updates, &all.users, &all.chats)),
        enums::Updates::Combined(all) => Some((&mut all.updates, &all.users, &all.chats)),
        _ => None,
    };
    if let Some((updates, users, chats)) = parts {
        client.learn(users, chats).await?;
        return Ok(soften_too_long(newest_known, places, updates).await);
    }
    let enums::Updates::UpdateShort(short) = updates else { return Ok(Vec::new()) };
    let date = short.date;
    let mut one = vec![short.update.clone()];
    let gaps = soften_too_long(newest_known, places, &mut one).await;
    *updates = match one.pop() {
        Some(update) => types::UpdateShort { update, date }.into(),
        // With a number of its own it would be one of a row: this has none, and says nothing.
        None => types::Updates { updates: one, users: Vec::new(), chats: Vec::new(), date, seq: 0 }.into(),
    };
    Ok(gaps)
}

/// The message boxes with this state. They begin with asking what the account has missed; which channels have moved
/// is part of that answer, and the others are not asked.
fn boxes_at(state: &UpdatesState) -> MessageBoxes {
    let mut boxes = MessageBoxes::load(UpdatesState { channels: Vec::new(), ..state.clone() });
    for channel in &state.channels {
        boxes.try_set_channel_state(channel.id, channel.pts);
    }
    boxes
}

fn session_error(error: super::session::SessionError) -> Error {
    Error::Session { source: error.into() }
}

/// Telegram says when a chat that somebody has open is to be asked again. The message boxes would
/// ask for every channel so often; which of them moved, the difference of the account tells.
fn unhurried(answer: &mut answers::ChannelDifference) {
    match answer {
        answers::ChannelDifference::Empty(it) => it.timeout = None,
        answers::ChannelDifference::Difference(it) => it.timeout = None,
        answers::ChannelDifference::TooLong(it) => it.timeout = None,
    }
}
