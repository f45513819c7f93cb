//! Wakes the jobs that wait for something to play, and tells listeners of logins at Spotify. The events carry
//! nothing: who wakes reads the ledger.

use crate::{
    event::{Bus, Event},
    lifecycle::Lifecycle,
    model::EventName,
    music::ledger::Ledger,
    scheduler::Scheduler,
    spotify::Spotify,
};

const STARTED: &str = "track-started";
const STOPPED: &str = "playback-stopped";

/// Tells until the daemon drains. What happens faster than it can be told is told once.
pub(super) fn spawn(ledger: &Ledger, scheduler: &Scheduler, lifecycle: &Lifecycle) {
    let (mut changes, scheduler, draining) = (ledger.changes(), scheduler.clone(), lifecycle.draining());
    lifecycle.spawn("announcer", async move {
        let mut told = *changes.borrow_and_update();
        loop {
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = draining.cancelled() => return,
            }
            let now = *changes.borrow_and_update();
            for (name, is_news) in
                [(STARTED, now.started != told.started), (STOPPED, now.stopped != told.stopped)]
            {
                if is_news {
                    emit(&scheduler, name).await;
                }
            }
            told = now;
        }
    });
}

pub(super) fn spawn_logins(spotify: &Spotify, bus: &Bus, lifecycle: &Lifecycle) {
    let (mut changes, bus, draining) = (spotify.changes(), bus.clone(), lifecycle.draining());
    lifecycle.spawn("spotify-announcer", async move {
        loop {
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = draining.cancelled() => return,
            }
            bus.send(Event::Spotify);
        }
    });
}

async fn emit(scheduler: &Scheduler, name: &str) {
    let event: EventName = name.parse().expect("a name of ours");
    if let Err(error) = scheduler.emit(event).await {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "Jobs that wait for `{name}` were not woken");
    }
}
