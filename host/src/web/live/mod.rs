//! Live events for the page, as Server-Sent Events.
//!
//! Nothing is lost in silence: a client that comes back says which event it saw last and gets
//! the ones after it, or `reset` when those are gone or the daemon is another one. Ids carry the
//! moment of the daemon's start, because numbers begin again with it.

use std::{collections::VecDeque, convert::Infallible};

use axum::response::sse::Event as SseEvent;
use futures_util::{Stream, stream};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use tokio_util::sync::CancellationToken;

use crate::{
    event::{Event, Numbered, Replay},
    model::{LogLine, RunId},
    web::{Web, auth::Identity, error::Problem},
};

const HEARTBEAT: SignedDuration = SignedDuration::from_secs(15);
/// Lines of a log in one event.
const LINES: usize = 500;

/// What a client wants to hear.
#[derive(Debug, Default)]
pub(crate) struct Wish {
    /// `Last-Event-ID`, as it was sent.
    pub(crate) last_seen: Option<String>,
    /// The run whose log it wants, and after which line.
    pub(crate) log: Option<(RunId, u64)>,
}

struct Live {
    web: Web,
    identity: Identity,
    events: broadcast::Receiver<Numbered>,
    pending: VecDeque<SseEvent>,
    log: Option<LogCursor>,
    is_turn_of_log: bool,
    next_beat: Timestamp,
    draining: CancellationToken,
    _slot: OwnedSemaphorePermit,
}

struct LogCursor {
    run: RunId,
    after: u64,
    has_more: bool,
}

/// Ends when the daemon drains, or when the one who listens may not any more.
pub(crate) fn listen(
    web: Web,
    identity: Identity,
    wish: Wish,
) -> Result<impl Stream<Item = Result<SseEvent, Infallible>>, Problem> {
    let slot = web.streams.clone().try_acquire_owned().map_err(|_| {
        Problem::unavailable("too many pages listen to live events already")
            .fix("Close some, or ask for /api/v1/runs now and then instead.")
    })?;
    let (pending, events) = begin(&web, wish.last_seen.as_deref());
    let next_beat = web.parts.clock.now() + HEARTBEAT;
    let log = wish.log.map(|(run, after)| LogCursor { run, after, has_more: true });
    let draining = web.parts.lifecycle.draining();
    let live =
        Live { web, identity, events, pending, log, is_turn_of_log: true, next_beat, draining, _slot: slot };
    Ok(stream::unfold(live, async |mut live| {
        let event = live.next().await?;
        Some((Ok(event), live))
    }))
}

/// What comes first: the missed events, or word that there is no way to tell what was missed.
fn begin(web: &Web, last_seen: Option<&str>) -> (VecDeque<SseEvent>, broadcast::Receiver<Numbered>) {
    let bus = &web.parts.bus;
    let Some(last_seen) = last_seen else {
        let events = bus.listen();
        let last = bus.last_id();
        // Sent at once, so that a client that loses its connection before the first event can say
        // where it was. An event without data is one that pages do not notice.
        let hello = SseEvent::default().comment("tapedeck").id(event_id(web, last));
        return (VecDeque::from([hello]), events);
    };
    let number = last_seen.split_once('-').and_then(|(started, number)| {
        let is_ours = started.parse() == Ok(web.started_at.as_millisecond());
        number.parse().ok().filter(|_| is_ours)
    });
    match bus.listen_since(number.unwrap_or(u64::MAX)) {
        (Replay::Events(missed), events) => {
            (missed.iter().filter_map(|missed| told(web, missed)).collect(), events)
        }
        (Replay::TooOld, events) => (VecDeque::from([reset(web)]), events),
    }
}

impl Live {
    async fn next(&mut self) -> Option<SseEvent> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Some(event);
            }
            let has_more = self.log.as_ref().is_some_and(|log| log.has_more);
            if has_more && self.is_turn_of_log {
                self.is_turn_of_log = false;
                self.read_log();
                continue;
            }
            // A long log takes turns with everything else, of which the rarest comes first.
            self.is_turn_of_log = true;
            tokio::select! {
                biased;
                () = self.draining.cancelled() => return None,
                () = self.web.parts.clock.sleep_until(self.next_beat) => {
                    self.next_beat = self.web.parts.clock.now() + HEARTBEAT;
                    if !self.web.auth.is_still_valid(&self.identity).await {
                        return None;
                    }
                    self.look_at_log();
                    self.pending.push_back(SseEvent::default().comment("still here"));
                }
                received = self.events.recv() => self.take(received)?,
                () = std::future::ready(()), if has_more => {}
            }
        }
    }

    fn take(&mut self, received: Result<Numbered, broadcast::error::RecvError>) -> Option<()> {
        match received {
            Ok(numbered) => {
                let run = match &numbered.event {
                    Event::Log { run, .. } => Some(*run),
                    Event::Run(run) => Some(run.id),
                    _ => None,
                };
                if self.log.as_ref().is_some_and(|log| Some(log.run) == run) {
                    self.look_at_log();
                }
                self.pending.extend(told(&self.web, &numbered));
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {
                self.look_at_log();
                self.pending.push_back(reset(&self.web));
            }
            Err(broadcast::error::RecvError::Closed) => return None,
        }
        Some(())
    }

    fn look_at_log(&mut self) {
        if let Some(log) = &mut self.log {
            log.has_more = true;
        }
    }

    fn read_log(&mut self) {
        let Some(log) = &mut self.log else { return };
        let lines = match (self.web.parts.read_log)(log.run, log.after, LINES) {
            Ok(lines) => lines,
            Err(error) => {
                tracing::warn!(run.id = %log.run, error = &error as &dyn std::error::Error, "A log cannot be read");
                Vec::new()
            }
        };
        log.has_more = lines.len() == LINES;
        if let Some(last) = lines.last() {
            log.after = last.seq;
            self.pending.push_back(with_data("log", &LogLines { run: log.run, lines: &lines }));
        }
    }
}

#[derive(Serialize)]
struct LogLines<'a> {
    run: RunId,
    lines: &'a [LogLine],
}

/// Lines of logs are told by [`Live::read_log`], and only to those who asked for that run's.
fn told(web: &Web, numbered: &Numbered) -> Option<SseEvent> {
    let event = match &numbered.event {
        Event::Run(run) => with_data("run", run),
        Event::Job(name) => with_data("job", &json!({ "name": name })),
        Event::Config => {
            let state = web.parts.config.borrow().state;
            with_data("config", &json!({ "state": state }))
        }
        Event::Emitted(event) => with_data("emitted", &json!({ "event": event })),
        Event::Account(name) => with_data("account", &json!({ "name": name })),
        Event::Plugin(name) => with_data("plugin", &json!({ "name": name })),
        Event::Player => with_data("player", &json!({})),
        Event::Profile(account) => with_data("profile", &json!({ "account": account })),
        Event::Track(key) => with_data("track", &json!({ "track": key })),
        Event::Spotify => with_data("spotify", &json!({})),
        Event::Archive => with_data("archive", &json!({})),
        // Never more than this: the link of a QR code logs in whoever sees it.
        Event::Login { id, account, step } => {
            with_data("login", &json!({ "id": id, "account": account, "step": step }))
        }
        Event::Log { .. } => return None,
    };
    Some(event.id(event_id(web, numbered.id)))
}

fn reset(web: &Web) -> SseEvent {
    // Numbered as now: whatever came before is read afresh anyway.
    with_data("reset", &json!({})).id(event_id(web, web.parts.bus.last_id()))
}

fn event_id(web: &Web, number: u64) -> String {
    format!("{}-{number}", web.started_at.as_millisecond())
}

fn with_data(name: &str, data: &impl Serialize) -> SseEvent {
    let event = SseEvent::default().event(name);
    event.json_data(data).expect("our own types have string keys and no failing Serialize")
}

#[cfg(test)]
mod tests;
