//! Wakes the jobs that look after profiles when somebody deletes the message of a song. What is missed
//! here they find by themselves, later.

use tokio::sync::broadcast::error::RecvError;

use super::App;
use crate::{model::EventName, state::State, telegram::Deleted};

const EVENT: &str = "profile-changed";

impl App {
    pub fn spawn_profile_watch(&self) {
        let (state, scheduler) = (self.state.clone(), self.scheduler.clone());
        let (mut deletions, draining) = (self.accounts.deletions(), self.lifecycle.draining());
        let event: EventName = EVENT.parse().expect("it is a name");
        self.lifecycle.spawn("profile-watch", async move {
            loop {
                let deleted = tokio::select! {
                    deleted = deletions.recv() => deleted,
                    () = draining.cancelled() => return,
                };
                match deleted {
                    Ok(deleted) if !is_of_song(&state, &deleted) => continue,
                    Err(RecvError::Closed) => return,
                    // Among those that were missed may be one of ours.
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
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
