//! The one place of an account that knows when Telegram may be asked again: pauses that Telegram
//! demanded, which hold over a restart, and the pace that we keep by ourselves.
//!
//! A pause holds the calls of its kind back, not those of other kinds: while history has to wait,
//! updates go on. Callers may give up at any await; nothing is lost by it.

mod pacing;
mod waits;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

pub use pacing::{Pacing, Rate};
pub use waits::{TellWaits, Waiting};

use super::{Patience, call::Call};
use crate::{
    clock::SharedClock,
    model::AccountName,
    state::{TelegramWait, TelegramWaits},
    telegram::Error,
};
pub(super) use pacing::Family;
use pacing::Lines;
pub(super) use waits::Teller;
use waits::Waits;

/// Telegram counts whole seconds on a clock of its own.
const MARGIN: SignedDuration = SignedDuration::from_millis(500);
/// What a pause without a number is taken for.
const UNNAMED_PAUSE_S: u32 = 30;

/// What the page, the metrics and a run's status show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GovernorState {
    /// The longest pause; it may be over when it is read.
    pub waiting: Option<Waiting>,
    /// Sent, each try counted.
    pub calls: u64,
    /// How often Telegram asked for a pause.
    pub floods: u64,
    pub in_flight: u32,
    pub last_answer: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct Governor {
    clock: SharedClock,
    inner: Mutex<Inner>,
    state: watch::Sender<GovernorState>,
}

#[derive(Debug)]
struct Inner {
    lines: Lines,
    waits: Waits,
}

impl Governor {
    pub(super) fn new(
        account: &AccountName,
        pacing: Pacing,
        stored: Option<TelegramWaits>,
        clock: SharedClock,
    ) -> Self {
        let waits = Waits::load(account, stored, clock.now());
        let state = GovernorState { waiting: waits.longest(clock.now()), ..GovernorState::default() };
        let inner = Inner { lines: Lines::new(pacing), waits };
        Self { clock, inner: Mutex::new(inner), state: watch::Sender::new(state) }
    }

    pub(super) fn state(&self) -> watch::Receiver<GovernorState> {
        self.state.subscribe()
    }

    /// Returns when the call may be sent.
    pub(super) async fn admit(
        &self,
        call: &Call,
        patience: Patience,
        teller: Option<&Teller>,
    ) -> Result<Turn<'_>, Error> {
        let family = Family::of(call.method);
        let scopes = scopes(call, family);
        let mut place = None;
        loop {
            if let Some(waiting) = self.pause(&scopes) {
                self.wait(waiting, call, patience, teller).await?;
                // A place from before the pause would let all who stood in line go at once.
                place = None;
                continue;
            }
            let turn = *place.get_or_insert_with(|| self.lock().lines.take_place(family, Instant::now()));
            if turn <= Instant::now() {
                break;
            }
            sleep_until(turn).await;
        }
        self.state.send_modify(|state| {
            state.calls += 1;
            state.in_flight += 1;
        });
        Ok(Turn { governor: self })
    }

    /// Telegram asked for a pause.
    pub(super) fn note_flood(&self, call: &Call, name: &str, seconds: Option<u32>) {
        let seconds = seconds.unwrap_or(UNNAMED_PAUSE_S);
        let now = self.clock.now();
        let pause = SignedDuration::from_secs(seconds.into()) + MARGIN;
        let until = now.checked_add(pause).unwrap_or(Timestamp::MAX);
        let family = Family::of(call.method);
        let scope = scope_of_flood(call, family, name);
        tracing::info!(method = call.method, seconds, "Telegram asks for a pause until {until}");
        let mut inner = self.lock();
        let pause = Duration::try_from(pause).unwrap_or_default();
        if let Some(until) = Instant::now().checked_add(pause) {
            inner.lines.empty(family, until);
        }
        inner.waits.add(scope, until, seconds, call.method);
        let longest = inner.waits.longest(now);
        drop(inner);
        self.state.send_modify(|state| {
            state.floods += 1;
            state.waiting = longest;
        });
    }

    async fn wait(
        &self,
        waiting: Waiting,
        call: &Call,
        patience: Patience,
        teller: Option<&Teller>,
    ) -> Result<(), Error> {
        let left = waiting.until.duration_since(self.clock.now());
        if let Patience::UpTo(most) = patience
            && SignedDuration::try_from(most).is_ok_and(|most| left > most)
        {
            return Err(Error::Flood { method: call.method, until: waiting.until });
        }
        let _told = teller.map(|teller| teller.begin(&waiting));
        self.clock.sleep_until(waiting.until).await;
        let longest = self.lock().waits.longest(self.clock.now());
        self.state.send_if_modified(|state| {
            let has_changed = state.waiting != longest;
            state.waiting = longest;
            has_changed
        });
        Ok(())
    }

    fn pause(&self, scopes: &[String]) -> Option<Waiting> {
        let now = self.clock.now();
        let mut inner = self.lock();
        scopes.iter().filter_map(|scope| inner.waits.in_force(scope, now)).max_by_key(|waiting| waiting.until)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held while a call is on its way.
#[derive(Debug)]
pub(super) struct Turn<'governor> {
    governor: &'governor Governor,
}

impl Turn<'_> {
    pub(super) fn note_answer(&self) {
        let now = self.governor.clock.now();
        self.governor.state.send_modify(|state| state.last_answer = Some(now));
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.governor.state.send_modify(|state| state.in_flight = state.in_flight.saturating_sub(1));
    }
}

/// Which pauses hold a call back.
fn scopes(call: &Call, family: Family) -> Vec<String> {
    let mut scopes = vec![scope(call, family)];
    scopes.extend(call.slow_chat());
    scopes
}

fn scope(call: &Call, family: Family) -> String {
    match family {
        Family::Read => "read".to_owned(),
        Family::Files => "files".to_owned(),
        Family::Send => "send".to_owned(),
        // A name that may not be looked up for a day says nothing about other calls.
        Family::Lookup | Family::Free => call.method.to_owned(),
    }
}

/// Slow mode holds back one chat.
fn scope_of_flood(call: &Call, family: Family, name: &str) -> String {
    let chat = if name == "SLOWMODE_WAIT" { call.slow_chat() } else { None };
    chat.unwrap_or_else(|| scope(call, family))
}

impl From<&TelegramWait> for Waiting {
    fn from(wait: &TelegramWait) -> Self {
        Self { until: wait.until, method: wait.method.clone(), seconds: wait.seconds }
    }
}

#[cfg(test)]
mod tests;
