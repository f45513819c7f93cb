//! What everybody may see of the player: what plays now, and how its sources are.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use super::{decide::Player, voice::Mood};
use crate::{
    event::{Bus, Event},
    model::{NowView, PlayerView, SourceName, SourceState, SourceView, TrackView},
};

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Window {
    view: Arc<watch::Sender<PlayerView>>,
    bus: Bus,
    /// Held by the one player that runs.
    seat: Arc<Mutex<bool>>,
}

impl Window {
    pub fn new(bus: Bus) -> Self {
        Self { view: Arc::new(watch::Sender::new(PlayerView::default())), bus, seat: Arc::default() }
    }

    pub fn view(&self) -> PlayerView {
        self.view.borrow().clone()
    }

    #[cfg(test)]
    pub(super) fn watch(&self) -> watch::Receiver<PlayerView> {
        self.view.subscribe()
    }

    /// Listeners are told only of what they could not work out: a song that goes on is no news.
    pub(super) fn show(&self, view: PlayerView) {
        let is_news = essence(&self.view.borrow()) != essence(&view);
        self.view.send_replace(view);
        if is_news {
            self.bus.send(Event::Player);
        }
    }

    /// The right to be the player that runs; `None` while another one does.
    pub(super) fn sit(&self) -> Option<Seat> {
        let mut is_taken = self.seat.lock().unwrap_or_else(PoisonError::into_inner);
        (!std::mem::replace(&mut *is_taken, true)).then(|| Seat { window: self.clone() })
    }
}

/// Given back when dropped; nothing plays then, as far as anybody knows.
#[derive(Debug)]
pub(super) struct Seat {
    window: Window,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let last = self.window.view();
        self.window.show(PlayerView { is_running: false, now: None, ..last });
        *self.window.seat.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }
}

/// What is worth an event.
fn essence(view: &PlayerView) -> impl PartialEq + use<> {
    let now = view
        .now
        .as_ref()
        .map(|now| (now.source, now.started, now.is_playing, now.play, now.track.title.clone()));
    let sources: Vec<_> =
        view.sources.iter().map(|source| (source.source, source.state, source.problem.clone())).collect();
    (view.is_running, view.is_stopped, now, sources)
}

/// What the player makes of its sources.
pub(super) fn now_of(player: &Player, at: Timestamp) -> Option<NowView> {
    let (voice, play) = player.believed(at)?;
    let spin = voice.spin.as_ref()?;
    Some(NowView {
        source: voice.source,
        device: voice.device.clone(),
        track: TrackView::from(&spin.track),
        is_playing: voice.mood == Mood::Song,
        started: spin.started,
        progress_ms: spin.progress.and_then(|progress| u64::try_from(progress.as_millis()).ok()),
        as_of: spin.at,
        play: play.map(|play| play.id),
        song: play.map(|play| play.key.clone()),
    })
}

pub(super) fn source_of(player: &Player, source: SourceName) -> SourceView {
    let voice = player.voice(source);
    let state = match voice.map_or(Mood::Unknown, |voice| voice.mood) {
        Mood::Unknown => SourceState::Silent,
        Mood::Song | Mood::Held => SourceState::Playing,
        Mood::Paused { .. } => SourceState::Paused,
        Mood::Gone { .. } => SourceState::Idle,
    };
    let heard_at = voice.and_then(|voice| voice.heard_at);
    SourceView { source, state, heard_at, ..SourceView::silent(source) }
}
