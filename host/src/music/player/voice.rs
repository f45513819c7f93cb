//! What one source says, over time.

use jiff::Timestamp;

use super::spin::Spin;
use crate::{
    config::{AdHandling, Handling, PlayerSection},
    model::{EndedHow, Playable, Playing, SourceName, Track},
};

#[derive(Clone, Debug)]
pub(super) struct Voice {
    pub(super) source: SourceName,
    /// The program behind it, or where it plays.
    pub(super) device: Option<String>,
    pub(super) spin: Option<Spin>,
    pub(super) mood: Mood,
    pub(super) heard_at: Option<Timestamp>,
    next_number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// Not heard of yet.
    Unknown,
    Song,
    /// Something that changes nothing, such as an advertisement.
    Held,
    Paused {
        since: Timestamp,
    },
    Gone {
        since: Timestamp,
    },
}

/// A spin that is over.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Past {
    pub(super) spin: Spin,
    pub(super) ended: Timestamp,
    pub(super) how: EndedHow,
}

/// What an answer means under the settings.
enum Sense<'a> {
    Song(&'a Track),
    Held,
    Gone,
}

impl Voice {
    pub(super) fn new(source: SourceName) -> Self {
        Self { source, device: None, spin: None, mood: Mood::Unknown, heard_at: None, next_number: 0 }
    }

    /// Goes on with a song from before a restart.
    pub(super) fn resume(&mut self, spin: Spin) {
        self.heard_at = Some(spin.at);
        self.next_number = self.next_number.max(spin.number + 1);
        self.spin = Some(spin);
    }

    /// Takes an answer. Returns the spin that is over with it.
    pub(super) fn hear(&mut self, at: Timestamp, playing: &Playing, rules: &PlayerSection) -> Option<Past> {
        let unseen_since = self.heard_at.replace(at);
        self.device.clone_from(&playing.device);
        let sense = sense(playing, rules);
        self.mood = match (&sense, playing.is_playing) {
            (Sense::Song(_), true) => Mood::Song,
            (Sense::Held, true) => Mood::Held,
            (Sense::Song(_) | Sense::Held, false) => match self.mood {
                Mood::Paused { since } => Mood::Paused { since },
                _ => Mood::Paused { since: at },
            },
            (Sense::Gone, _) => match self.mood {
                Mood::Gone { since } => Mood::Gone { since },
                // The last that is known is from before a restart.
                Mood::Unknown => Mood::Gone { since: unseen_since.unwrap_or(at) },
                _ => Mood::Gone { since: at },
            },
        };
        let Sense::Song(track) = sense else {
            self.spin.iter_mut().for_each(|spin| spin.rest(at));
            return None;
        };
        if let Some(spin) = self.spin.as_mut().filter(|spin| spin.goes_on(at, track, playing)) {
            spin.look(at, track, playing);
            return None;
        }
        let number = self.next_number;
        self.next_number += 1;
        let new = Spin::begin(number, at, track, playing, unseen_since);
        let ended = new.started;
        self.spin.replace(new).map(|mut spin| {
            let how = if spin.has_finished(ended) { EndedHow::Finished } else { EndedHow::Skipped };
            spin.finish(ended);
            // What was at rest ended when it was last heard.
            let ended = if spin.is_playing { ended.max(spin.at) } else { spin.at };
            Past { spin, ended, how }
        })
    }

    pub(super) fn is_alive(&self) -> bool {
        matches!(self.mood, Mood::Song | Mood::Held)
    }

    /// Since when it has not been playing.
    pub(super) fn quiet_since(&self) -> Option<Timestamp> {
        match self.mood {
            Mood::Paused { since } | Mood::Gone { since } => Some(since),
            Mood::Unknown | Mood::Song | Mood::Held => None,
        }
    }

    pub(super) fn set_back(&mut self, now: Timestamp) {
        self.heard_at = self.heard_at.map(|at| at.min(now));
        self.spin.iter_mut().for_each(|spin| spin.set_back(now));
        match &mut self.mood {
            Mood::Paused { since } | Mood::Gone { since } => *since = (*since).min(now),
            Mood::Unknown | Mood::Song | Mood::Held => {}
        }
    }
}

fn sense<'a>(playing: &'a Playing, rules: &PlayerSection) -> Sense<'a> {
    let by = |handling, track| match handling {
        Handling::Show => Sense::Song(track),
        Handling::Ignore => Sense::Held,
        Handling::Stop => Sense::Gone,
    };
    let is_silent = playing.what == Playable::Nothing && !playing.is_playing;
    if playing.is_private && !is_silent && rules.private_session != Handling::Show {
        return if rules.private_session == Handling::Ignore { Sense::Held } else { Sense::Gone };
    }
    match &playing.what {
        // Something plays, and Spotify does not say what.
        Playable::Nothing if playing.is_playing => Sense::Held,
        Playable::Nothing => Sense::Gone,
        Playable::Ad if rules.ads == AdHandling::Ignore => Sense::Held,
        Playable::Ad => Sense::Gone,
        // A title is the least that can be shown.
        Playable::Song(track) | Playable::Local(track) | Playable::Episode(track)
            if track.title.trim().is_empty() =>
        {
            Sense::Held
        }
        Playable::Song(track) => Sense::Song(track),
        Playable::Episode(track) => by(rules.episodes, track),
        Playable::Local(track) => by(rules.local_files, track),
    }
}
