//! Listens that somebody tells of afterwards.

use jiff::{SignedDuration, Timestamp};

use super::{Ledger, joined, play_id};
use crate::{
    model::{EndedHow, Play, Said, SourceName, Track, TrackKey},
    state::StateError,
};

/// Clocks of those who tell may be ahead by this.
pub(crate) const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// A song that somebody has listened to.
#[derive(Clone, Debug, PartialEq)]
pub struct Listen {
    pub track: Track,
    pub started: Timestamp,
    pub source: SourceName,
    pub client: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub new: usize,
    /// Somebody has told of them before.
    pub known: usize,
}

impl Ledger {
    /// Writes those that are not known yet. Telling of them again changes nothing.
    pub async fn take(&self, listens: &[Listen]) -> Result<Taken, StateError> {
        let newest_before = self.newest_start()?;
        let (mut taken, mut newest) = (Taken::default(), None);
        for listen in listens {
            // Each by itself, so that a thousand of them keep nobody waiting.
            let is_new = self.write(|| self.take_one(listen))?;
            if is_new {
                taken.new += 1;
                newest = newest.max(Some(listen.started));
            } else {
                taken.known += 1;
            }
        }
        // What is newer by our clock may be older by that of whoever told before.
        let by_another_clock = |newest: Timestamp| newest.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
        let is_news = newest.map(by_another_clock) > newest_before;
        self.tell(|changes| if is_news { changes.started += 1 } else { changes.edited += 1 }).await?;
        Ok(taken)
    }

    fn take_one(&self, listen: &Listen) -> Result<bool, StateError> {
        let Listen { track, started, source, client } = listen.clone();
        let said = Said { source, client, started };
        let key = TrackKey::of(&track);
        let told = Play {
            id: play_id(&key, started),
            key,
            track,
            sources: vec![said.clone()],
            started,
            ended: None,
            listened: std::time::Duration::ZERO,
            ended_how: Some(EndedHow::Unknown),
        };
        match self.find_same(&told.track, Some(&said), started)? {
            Some(known) => {
                let joined = joined(known.clone(), &told);
                if joined != known {
                    self.state.plays.put(&joined)?;
                }
                Ok(false)
            }
            None => {
                self.state.plays.put(&self.keyed(told)?)?;
                Ok(true)
            }
        }
    }

    fn newest_start(&self) -> Result<Option<Timestamp>, StateError> {
        Ok(self.page(None, 1)?.first().map(|play| play.started))
    }
}
