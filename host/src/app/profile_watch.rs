//! Wakes the jobs that look after profiles when somebody deletes the message of a song, and when somebody
//! has logged in: what was played before that waits for it. What is missed here they find by themselves, later.

use tokio::sync::broadcast::error::RecvError;

use super::App;
use crate::{model::EventName, state::State, telegram::Deleted};

const EVENT: &str = "profile-changed";

impl App {
    pub fn spawn_profile_watch(&self) {
        let (state, scheduler) = (self.state.clone(), self.scheduler.clone());
        let (mut deletions, draining) = (self.accounts.deletions(), self.lifecycle.draining());
        let mut arrivals = self.accounts.arrivals();
        let event: EventName = EVENT.parse().expect("it is a name");
        self.lifecycle.spawn("profile-watch", async move {
            loop {
                let has_news = tokio::select! {
                    deleted = deletions.recv() => match deleted {
                        Ok(deleted) => is_of_song(&state, &deleted),
                        Err(RecvError::Closed) => return,
                        // Among those that were missed may be one of ours.
                        Err(RecvError::Lagged(_)) => true,
                    },
                    arrived = arrivals.changed() => match arrived {
                        Ok(()) => true,
                        Err(_) => return,
                    },
                    () = draining.cancelled() => return,
                };
                if !has_news {
                    continue;
                }
                if let Err(error) = scheduler.emit(event.clone()).await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "Nobody was woken");
                }
            }
        });
    }
}

fn is_of_song(state: &State, deleted: &Deleted) -> bool {
    let Deleted { account, messages } = deleted;
    let songs = state.profile_songs.of_account(account.as_str());
    // A song that cannot be read is the job's to tell of.
    songs.map_or(true, |songs| {
        songs.iter().any(|song| song.message.id().is_some_and(|id| messages.contains(&id)))
    })
}
