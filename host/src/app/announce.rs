//! Wakes the jobs that wait for something to play or for somebody to log in to Telegram, and tells listeners of logins at
//! Spotify and of news in the archive. The events carry nothing: who wakes reads the ledger, or the archive.

use jiff::SignedDuration;

use crate::{
    archive::SharedStore,
    clock::SharedClock,
    event::{Bus, Event},
    lifecycle::Lifecycle,
    model::EventName,
    music::ledger::Ledger,
    scheduler::Scheduler,
    spotify::Spotify,
    telegram::Accounts,
};

const STARTED: &str = "track-started";
const STOPPED: &str = "playback-stopped";
const LOGGED_IN: &str = "telegram-login";
/// Between two words about the archive: a sweep writes many times a second.
const ARCHIVE_PACE: SignedDuration = SignedDuration::from_millis(400);

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

/// Jobs that found nobody logged in have ended for good: this starts them.
pub(super) fn spawn_arrivals(accounts: &Accounts, scheduler: &Scheduler, lifecycle: &Lifecycle) {
    let (mut arrivals, scheduler, draining) = (accounts.arrivals(), scheduler.clone(), lifecycle.draining());
    lifecycle.spawn("telegram-announcer", async move {
        loop {
            tokio::select! {
                arrived = arrivals.changed() => if arrived.is_err() { return },
                () = draining.cancelled() => return,
            }
            emit(&scheduler, LOGGED_IN).await;
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

/// Tells pages that there is something new in the archive, however fast it is written.
pub(super) fn spawn_archive(store: &SharedStore, bus: &Bus, clock: &SharedClock, lifecycle: &Lifecycle) {
    let (mut written, bus, clock) = (store.written(), bus.clone(), clock.clone());
    let draining = lifecycle.draining();
    lifecycle.spawn("archive-announcer", async move {
        loop {
            tokio::select! {
                changed = written.changed() => if changed.is_err() { return },
                () = draining.cancelled() => return,
            }
            bus.send(Event::Archive);
            tokio::select! {
                () = clock.sleep_until(clock.now() + ARCHIVE_PACE) => {}
                () = draining.cancelled() => return,
            }
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
