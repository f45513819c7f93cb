//! Decides what plays: answers of sources with their moments go in, what the ledger has to know
//! comes out. It knows no clock and does no I/O.
//!
//! - A song counts once it was seen to be listened to for the minimum; skipping leaves no trace.
//! - What is not heard for a moment goes on. Only an answer past the grace stops playback: silence
//!   of a source says nothing.
//! - The first source that plays wins. Another one takes over when the first has been quiet for a
//!   while; when both say the same song, it is one play of two sources.
//!
//! Accepted: a song that is skipped between two looks may be missed, and what was listened to since
//! the last look at a skipped song does not count.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    spin::{Spin, signed},
    voice::{Mood, Past, Voice},
};
use crate::{
    config::PlayerSection,
    model::{EndedHow, Play, PlayId, Playing, Said, Sameness, SourceName, TrackKey},
    music::ledger::{Seen, play_id},
    state::PlayerRecord,
};

/// How long the source that won may be quiet before another takes over.
const HAND_OVER: SignedDuration = SignedDuration::from_secs(10);
/// How often the ledger is told how far a song has come.
const NOTE_EVERY: SignedDuration = SignedDuration::from_secs(60);

#[derive(Clone, Debug)]
pub(crate) struct Player {
    rules: PlayerSection,
    /// The one that wins first.
    pub(super) voices: Vec<Voice>,
    current: Option<Current>,
    is_stopped: bool,
    /// The last moment that it was told.
    now: Option<Timestamp>,
}

/// The play that goes on, or could.
#[derive(Clone, Debug)]
struct Current {
    source: SourceName,
    /// Of that source's spin.
    number: u64,
    play: Play,
    noted: Timestamp,
}

/// What the ledger has to know, in this order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// A song counts from now on; [`Player::adopt`] wants the play as the ledger has it.
    Begin(Play),
    /// More is known of a play: how far it is, who else tells of it, how it ended.
    Note(Play),
    /// The play goes on after playback had stopped.
    Resume(Play),
    Stop,
}

impl Player {
    pub(crate) fn new(rules: PlayerSection) -> Self {
        let voices = rules.sources.iter().map(|source| Voice::new(*source)).collect();
        Self { rules, voices, current: None, is_stopped: true, now: None }
    }

    /// Goes on where the ledger says that it was.
    pub(crate) fn resume(&mut self, play: Play, record: &PlayerRecord) {
        let Some(said) = play.sources.first() else { return };
        let Some(voice) = self.voices.iter_mut().find(|voice| voice.source == said.source) else { return };
        let heard = record.heard.unwrap_or(play.started);
        voice.resume(Spin {
            number: 0,
            track: play.track.clone(),
            started: said.started,
            listened: play.listened,
            at: heard,
            progress: record.progress,
            is_playing: record.is_playing,
        });
        self.is_stopped = record.is_stopped;
        self.current = Some(Current { source: said.source, number: 0, noted: heard, play });
    }

    /// The rules of a changed configuration.
    pub(crate) fn set_rules(&mut self, rules: PlayerSection) {
        let mut voices: Vec<Voice> = rules.sources.iter().map(|source| Voice::new(*source)).collect();
        for voice in &mut voices {
            if let Some(old) = self.voices.iter().find(|old| old.source == voice.source) {
                *voice = old.clone();
            }
        }
        (self.voices, self.rules) = (voices, rules);
    }

    /// The play that has begun is this one in the ledger.
    pub(crate) fn adopt(&mut self, begun: PlayId, known: &Play) {
        if let Some(current) = self.current.as_mut().filter(|current| current.play.id == begun) {
            (current.play.id, current.play.key) = (known.id, known.key.clone());
            (current.play.started, current.play.sources) = (known.started, known.sources.clone());
        }
    }

    /// A source has answered.
    pub(crate) fn hear(&mut self, source: SourceName, at: Timestamp, playing: &Playing) -> Vec<Step> {
        let mut steps = Vec::new();
        self.take_time(at);
        let Some(voice) = self.voices.iter_mut().find(|voice| voice.source == source) else { return steps };
        if let Some(past) = voice.hear(at, playing, &self.rules) {
            self.take_past(source, past, &mut steps);
        }
        self.choose(at, &mut steps);
        self.look_at_current(source, at, &mut steps);
        self.stop_when_quiet(at, &mut steps);
        steps
    }

    /// A clock that goes back takes what was seen with it, so that no grace waits for hours.
    fn take_time(&mut self, at: Timestamp) {
        if self.now.is_some_and(|now| at < now) {
            self.voices.iter_mut().for_each(|voice| voice.set_back(at));
            self.current.iter_mut().for_each(|current| current.noted = current.noted.min(at));
        }
        self.now = Some(at);
    }

    /// Something else has taken the place of a song.
    fn take_past(&mut self, source: SourceName, past: Past, steps: &mut Vec<Step>) {
        let Past { spin, ended, how } = past;
        if self.is_current(source, &spin) {
            self.end_current(ended, how, Some(&spin), steps);
        } else if how == EndedHow::Finished
            && self.winner(ended).is_none_or(|winner| winner == source)
            && spin.listened >= self.needed(&spin)
        {
            // Short, or nobody could ask in time; but it was heard to its end.
            self.leave_current(ended, steps);
            let play = self.play_of(source, &spin);
            steps.push(Step::Begin(play.clone()));
            self.begin(source, &spin, play);
            self.end_current(ended, how, Some(&spin), steps);
        }
    }

    /// Begins the song of the source that wins, if it counts already.
    fn choose(&mut self, at: Timestamp, steps: &mut Vec<Step>) {
        let Some(winner) = self.winner(at) else { return };
        let Some(voice) = self.voice(winner).filter(|voice| voice.mood == Mood::Song) else { return };
        let Some(spin) = voice.spin.clone() else { return };
        if self.is_current(winner, &spin) {
            self.go_on(at, &spin, steps);
        } else if self.is_same_as_current(&spin) {
            self.hand_over(winner, &spin, at, steps);
        } else if spin.listened >= self.needed(&spin) {
            self.leave_current(at, steps);
            let play = self.play_of(winner, &spin);
            steps.push(Step::Begin(play.clone()));
            self.begin(winner, &spin, play);
        }
    }

    /// The first one that plays, unless one before it has only just become quiet.
    fn winner(&self, at: Timestamp) -> Option<SourceName> {
        let current = self.current.as_ref().map(|current| current.source).filter(|_| !self.is_stopped);
        let has_just_stopped = |voice: &&Voice| {
            Some(voice.source) == current
                && voice.quiet_since().is_some_and(|since| at.duration_since(since) < HAND_OVER)
        };
        let plays = |voice: &&Voice| voice.mood == Mood::Song || has_just_stopped(voice);
        let holds = |voice: &&Voice| voice.mood == Mood::Held;
        self.voices.iter().find(plays).or_else(|| self.voices.iter().find(holds)).map(|voice| voice.source)
    }

    /// Another source that says the same adds its word; a known one how far it has come.
    fn look_at_current(&mut self, source: SourceName, at: Timestamp, steps: &mut Vec<Step>) {
        let Some(spin) = self.voice(source).and_then(|voice| voice.spin.clone()) else { return };
        let is_alive = self.voice(source).is_some_and(Voice::is_alive);
        if !is_alive || self.is_stopped || !self.is_same_as_current(&spin) {
            return;
        }
        let said = self.said(source, &spin);
        let Some(current) = &mut self.current else { return };
        let is_known = current.play.sources.iter().any(|known| known.source == source);
        if !is_known {
            current.play.sources.push(said);
        }
        if current.source == source {
            current.play.listened = current.play.listened.max(spin.listened);
        }
        if !is_known || at.duration_since(current.noted) >= NOTE_EVERY {
            current.noted = at;
            steps.push(Step::Note(current.play.clone()));
        }
    }

    fn go_on(&mut self, at: Timestamp, spin: &Spin, steps: &mut Vec<Step>) {
        let Some(current) = &mut self.current else { return };
        current.play.listened = current.play.listened.max(spin.listened);
        let was_over = current.play.ended.take().is_some();
        current.play.ended_how = None;
        if self.is_stopped {
            self.is_stopped = false;
            current.noted = at;
            steps.push(Step::Resume(current.play.clone()));
        } else if was_over {
            current.noted = at;
            steps.push(Step::Note(current.play.clone()));
        }
    }

    /// The play goes on at another source.
    fn hand_over(&mut self, source: SourceName, spin: &Spin, at: Timestamp, steps: &mut Vec<Step>) {
        if let Some(current) = &mut self.current {
            (current.source, current.number) = (source, spin.number);
        }
        self.go_on(at, spin, steps);
    }

    fn stop_when_quiet(&mut self, at: Timestamp, steps: &mut Vec<Step>) {
        if self.is_stopped || !self.is_quiet_for_long(at) {
            return;
        }
        self.is_stopped = true;
        if let Some(current) = &self.current {
            let spin = self.voice(current.source).and_then(|voice| voice.spin.clone());
            let spin = spin.filter(|spin| spin.number == current.number);
            let has_finished = spin.as_ref().is_some_and(|spin| spin.has_finished(spin.at));
            let how = if has_finished { EndedHow::Finished } else { EndedHow::Stopped };
            let since = self.voice(current.source).and_then(Voice::quiet_since).unwrap_or(at);
            self.end_current(since, how, spin.as_ref(), steps);
        }
        steps.push(Step::Stop);
    }

    fn is_quiet_for_long(&self, at: Timestamp) -> bool {
        self.voices.iter().all(|voice| match voice.mood {
            Mood::Song | Mood::Held => false,
            // A source that has not answered since the start may be playing.
            Mood::Unknown => self.current.as_ref().is_none_or(|current| current.source != voice.source),
            Mood::Paused { .. } | Mood::Gone { .. } => self.grace_end(voice).is_some_and(|end| at >= end),
        })
    }

    fn grace_end(&self, voice: &Voice) -> Option<Timestamp> {
        let (since, grace) = match voice.mood {
            Mood::Paused { since } => (since, self.rules.pause_grace),
            Mood::Gone { since } => (since, self.rules.stop_grace),
            Mood::Unknown | Mood::Song | Mood::Held => return None,
        };
        since.checked_add(signed(grace.0)).ok()
    }

    /// When a look at this source could change something, all else being as it is.
    pub(crate) fn moments(&self, source: SourceName) -> Moments {
        let Some(voice) = self.voice(source) else { return Moments::default() };
        let spin = voice.spin.as_ref().filter(|_| voice.mood == Mood::Song);
        let counts_at = spin.filter(|spin| !self.is_current(source, spin)).and_then(|spin| {
            let left = self.needed(spin).checked_sub(spin.listened).filter(|left| !left.is_zero())?;
            spin.at.checked_add(signed(left)).ok()
        });
        Moments {
            counts_at,
            ends_at: spin.and_then(Spin::end),
            stops_at: self.grace_end(voice).filter(|_| !self.is_stopped),
            began_at: spin.map(|spin| spin.started),
        }
    }

    pub(super) fn voice(&self, source: SourceName) -> Option<&Voice> {
        self.voices.iter().find(|voice| voice.source == source)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// The source that is believed now, and the play that counts, if one does.
    pub(super) fn believed(&self, at: Timestamp) -> Option<(&Voice, Option<&Play>)> {
        let voice = self.winner(at).and_then(|winner| self.voice(winner));
        let voice =
            voice.or_else(|| self.voice(self.current.as_ref()?.source)).filter(|_| !self.is_stopped)?;
        let spin = voice.spin.as_ref()?;
        let current = self.current.as_ref().filter(|_| self.is_current(voice.source, spin));
        Some((voice, current.map(|current| &current.play)))
    }

    /// Where the play that goes on was seen last, to be remembered over a restart.
    pub(crate) fn seen(&self) -> Option<Seen> {
        let current = self.current.as_ref()?;
        let spin = self.voice(current.source)?.spin.as_ref().filter(|spin| spin.number == current.number)?;
        Some(Seen { at: spin.at, progress: spin.progress, is_playing: spin.is_playing })
    }

    /// The play that goes on, as it is now: for the end of the player.
    pub(crate) fn present(&self) -> Option<&Play> {
        self.current.as_ref().map(|current| &current.play).filter(|play| play.ended.is_none())
    }

    /// Whether this is the play that goes on, or could.
    pub(crate) fn is_present(&self, play: PlayId) -> bool {
        self.current.as_ref().is_some_and(|current| current.play.id == play)
    }

    fn is_current(&self, source: SourceName, spin: &Spin) -> bool {
        self.current.as_ref().is_some_and(|it| it.source == source && it.number == spin.number)
    }

    /// The same song, at the same time.
    fn is_same_as_current(&self, spin: &Spin) -> bool {
        let Some(Current { source, number, play, .. }) = &self.current else { return false };
        let is_over =
            self.voice(*source).and_then(|voice| voice.spin.as_ref()).is_none_or(|it| it.number != *number);
        let length = play.track.duration.or(spin.track.duration).unwrap_or(Duration::from_secs(600));
        let apart = spin.started.duration_since(play.started).abs();
        !is_over && apart < signed(length) && play.track.sameness(&spin.track) != Sameness::Different
    }

    /// Half of it is enough of a short song.
    fn needed(&self, spin: &Spin) -> Duration {
        let least = self.rules.min_listening.0;
        spin.track.duration.map_or(least, |length| least.min(length / 2))
    }

    fn begin(&mut self, source: SourceName, spin: &Spin, play: Play) {
        self.is_stopped = false;
        self.current = Some(Current { source, number: spin.number, noted: spin.at, play });
    }

    fn leave_current(&mut self, at: Timestamp, steps: &mut Vec<Step>) {
        let Some(current) = &self.current else { return };
        let spin = self.voice(current.source).and_then(|voice| voice.spin.clone());
        let ended = spin.as_ref().map_or(at, |spin| spin.at);
        let how = match spin.as_ref().is_some_and(|spin| spin.has_finished(spin.at)) {
            true => EndedHow::Finished,
            false => EndedHow::Skipped,
        };
        self.end_current(ended, how, spin.as_ref(), steps);
        self.current = None;
    }

    /// Writes the end of the play, once. It stays the one that could go on.
    fn end_current(&mut self, ended: Timestamp, how: EndedHow, spin: Option<&Spin>, steps: &mut Vec<Step>) {
        let Some(current) = &mut self.current else { return };
        if current.play.ended.is_some() {
            return;
        }
        if let Some(spin) = spin {
            current.play.listened = current.play.listened.max(spin.listened);
        }
        current.play.ended = Some(ended.max(current.play.started));
        current.play.ended_how = Some(how);
        steps.push(Step::Note(current.play.clone()));
    }

    fn play_of(&self, source: SourceName, spin: &Spin) -> Play {
        let key = TrackKey::of(&spin.track);
        Play {
            id: play_id(&key, spin.started),
            key,
            track: spin.track.clone(),
            sources: vec![self.said(source, spin)],
            started: spin.started,
            ended: None,
            listened: spin.listened,
            ended_how: None,
        }
    }

    fn said(&self, source: SourceName, spin: &Spin) -> Said {
        // Elsewhere the device is where it plays, not who tells.
        let is_told_by_client = source == SourceName::ListenBrainz;
        let client = self.voice(source).and_then(|voice| voice.device.clone()).filter(|_| is_told_by_client);
        Said { source, client, started: spin.started }
    }
}

/// See [`Player::moments`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moments {
    /// The song will have been listened to for long enough to count.
    pub(crate) counts_at: Option<Timestamp>,
    /// The song will be over.
    pub(crate) ends_at: Option<Timestamp>,
    /// A grace will be over.
    pub(crate) stops_at: Option<Timestamp>,
    /// The song that plays has begun.
    pub(crate) began_at: Option<Timestamp>,
}
