//! One piece of work on a profile: look, decide, note, do, note, and decide again.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    Figures, Orders, Profile, ProfileError, SeenSong, Telling, Wanted,
    calls::Call,
    journal::{self, Outcome},
    library::Library,
    observe::{Sight, observe},
    plan::{Ready, Situation, Step},
    supply::{Brought, Fetched, NotBrought, Porter, Supply},
    wanted::{Played, wanted},
};
use crate::{
    model::{Document, File, SongMessage, SongPlace},
    state::ProfileSong,
    telegram::{self, music::Uploaded, upload::SendError},
};

/// Failures of one song in a row, after which somebody should hear of it.
const MOST_FAILURES: u32 = 5;
const LONGEST_HOLD: SignedDuration = SignedDuration::from_secs(60);
const DEFAULT_MIME: &str = "audio/mpeg";

pub(super) struct Work<'a> {
    profile: &'a Profile,
    orders: &'a Orders,
    library: Library,
    supply: Supply,
    wanted: Vec<Wanted>,
    /// Backend and recording that somebody has chosen, by track.
    choices: BTreeMap<String, (String, String)>,
    /// The songs on the profile, as they were seen and as our steps have changed them.
    seen: Vec<SeenSong>,
    was_seen: bool,
    /// Something may be different from what was seen.
    is_stale: bool,
    ready: BTreeMap<String, ReadySong>,
    holds: BTreeMap<String, Hold>,
    pause: Option<Timestamp>,
    steps: u64,
    figures: Figures,
}

/// A file that is up, and the song that it becomes.
struct ReadySong {
    song: ProfileSong,
    uploaded: Uploaded,
    mime: String,
    is_upgrade: bool,
}

/// A song whose last step failed.
#[derive(Clone, Copy, Debug)]
struct Hold {
    failures: u32,
    until: Timestamp,
}

impl<'a> Work<'a> {
    pub(super) fn begin(profile: &'a Profile, orders: &'a Orders) -> Result<Self, ProfileError> {
        let Profile { uploads: music, http, folder, .. } = profile.clone();
        let known = profile.board.shown().profile;
        Ok(Self {
            library: Library::load(profile.account.as_str(), &profile.state, &profile.ledger)?,
            supply: Supply::new(Porter { music, http, folder }, orders.ask.clone(), orders.workers),
            profile,
            orders,
            wanted: Vec::new(),
            choices: BTreeMap::new(),
            was_seen: known.is_some(),
            seen: known.unwrap_or_default(),
            is_stale: true,
            ready: BTreeMap::new(),
            holds: BTreeMap::new(),
            pause: None,
            steps: 0,
            figures: Figures::default(),
        })
    }

    pub(super) async fn run(&mut self) -> Result<(), ProfileError> {
        let (mut played, mut wishes) = (self.profile.ledger.changes(), self.profile.board.wishes());
        loop {
            if self.orders.stop.is_cancelled() {
                return Err(ProfileError::Stopped);
            }
            played.borrow_and_update();
            wishes.borrow_and_update();
            self.read_wanted()?;
            self.take_finished()?;
            self.order_files();
            if self.pause.is_none() && self.is_stale {
                self.look().await?;
                continue;
            }
            let step = self.situation().next_step();
            match step {
                Some(step) if self.pause.is_none() => self.do_step(step).await?,
                None if self.supply.is_empty() && !self.is_held() && !self.is_stale => return Ok(()),
                _ => {
                    self.tell_waiting();
                    let due = self.next_due();
                    let clock = self.profile.clock.clone();
                    tokio::select! {
                        () = self.orders.stop.cancelled() => {}
                        Ok(()) = played.changed() => {}
                        Ok(()) = wishes.changed() => {}
                        () = self.supply.progress() => {}
                        () = async {
                            match due {
                                Some(due) => clock.sleep_until(due).await,
                                None => std::future::pending().await,
                            }
                        } => {}
                    }
                    self.end_waits();
                }
            }
        }
    }

    pub(super) fn figures(&self) -> Figures {
        let situation = self.situation();
        let is_there = |song: &&ProfileSong| {
            let on = |document: &Document| situation.profile.contains(&document.id);
            song.place != SongPlace::Theirs && song.document.as_ref().is_some_and(on)
        };
        let shown = self.library.songs.values().filter(is_there).count();
        let without_file = situation.needs().iter().filter(|need| !need.is_upgrade).count() as u64;
        Figures { shown, without_file, ..self.figures.clone() }
    }

    fn read_wanted(&mut self) -> Result<(), ProfileError> {
        let (ledger, rules) = (&self.profile.ledger, &self.orders.rules);
        let played = Played { heard: ledger.recent_distinct(rules.keep)?, is_stopped: ledger.is_stopped()? };
        self.wanted = wanted(&played, &self.library.tracks(ledger)?, rules);
        self.choices.clear();
        for wanted in &self.wanted {
            if let Some(choice) = self.profile.state.music_choices.get(&wanted.key)? {
                self.choices.insert(wanted.key.clone(), (choice.backend, choice.candidate.id));
            }
        }
        let (wanted, songs) = (&self.wanted, &self.library.songs);
        self.ready.retain(|id, ready| {
            wanted.iter().any(|wanted| wanted.key == ready.song.track) || songs.contains_key(id)
        });
        Ok(())
    }

    fn situation(&self) -> Situation {
        let now = self.profile.clock.now();
        let held = self.holds.iter().filter(|(_, hold)| hold.until > now);
        let ready = self.ready.iter();
        Situation {
            wanted: self.wanted.iter().map(|wanted| wanted.key.clone()).collect(),
            profile: self.seen.iter().map(|song| song.document).collect(),
            songs: self.library.songs.values().cloned().collect(),
            ready: ready
                .map(|(id, ready)| Ready { song: id.clone(), track: ready.song.track.clone() })
                .collect(),
            room: self.orders.rules.keep.max(self.wanted.len()),
            held: held.map(|(id, _)| id.clone()).collect(),
            rejected: self.rejected(),
        }
    }

    /// Tracks whose newest song is another recording than the one that somebody has chosen.
    fn rejected(&self) -> BTreeSet<String> {
        let newest = |key: &str| {
            let songs =
                self.library.songs.values().filter(|song| song.track == key && song.document.is_some());
            songs.max_by_key(|song| song.made)
        };
        let is_rejected = |(key, (backend, candidate)): (&String, &(String, String))| {
            let song = newest(key)?;
            (song.backend != *backend || song.candidate != *candidate).then(|| key.clone())
        };
        self.choices.iter().filter_map(is_rejected).collect()
    }

    fn order_files(&mut self) {
        let needs = self.situation().needs();
        let (library, now) = (&self.library, self.profile.clock.now());
        self.supply.follow(&needs, &self.wanted, |need| library.may_try(&need.track, need.is_upgrade, now));
        let on_the_way = self.supply.on_the_way();
        let on_the_way = on_the_way
            .map(|(track, is_upgrade)| super::OnTheWay { track: track.clone(), is_upgrade })
            .collect();
        self.profile.board.change(|shown| shown.on_the_way = on_the_way);
    }

    fn take_finished(&mut self) -> Result<(), ProfileError> {
        for Fetched { track, is_upgrade, result } in self.supply.take_finished() {
            match result {
                Ok(brought) => self.take(&track, is_upgrade, *brought)?,
                Err(NotBrought::Cancelled) => {}
                Err(NotBrought::Nothing { may_help_later }) => {
                    let next = self.note_failure(&track, is_upgrade, may_help_later)?;
                    match is_upgrade {
                        true => {
                            tracing::debug!(track, "No backend has a better file; asked again after {next}")
                        }
                        false => tracing::info!(track, "No backend has a file; asked again after {next}"),
                    }
                }
                Err(NotBrought::NotUp(error)) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(track, error, "A file could not be sent up; it is tried again later");
                    self.note_failure(&track, is_upgrade, true)?;
                }
            }
        }
        Ok(())
    }

    /// A file takes the place of another only when it is better.
    fn take(&mut self, key: &str, is_upgrade: bool, brought: Brought) -> Result<(), ProfileError> {
        let Some(wanted) = self.wanted.iter().find(|wanted| wanted.key == key) else { return Ok(()) };
        let now = self.profile.clock.now();
        let Brought { found, file_name, uploaded } = brought;
        let is_fit = match self.choices.get(key) {
            Some((backend, candidate)) => found.backend == *backend && found.candidate == *candidate,
            None => !found.is_placeholder,
        };
        if is_upgrade && !is_fit {
            tracing::info!(track = key, backend = found.backend, "This is no better than what is there");
            self.note_failure(key, is_upgrade, true)?;
            return Ok(());
        }
        self.library.note_success(key, is_upgrade)?;
        let seconds = found.recording.duration.or(wanted.track.duration).unwrap_or(Duration::ZERO);
        let id = new_id();
        let song = ProfileSong {
            account: self.profile.account.to_string(),
            id: id.clone(),
            track: key.to_owned(),
            title: wanted.track.title.clone(),
            performer: wanted.track.artists.join(", "),
            seconds: u32::try_from(seconds.as_secs()).unwrap_or(u32::MAX),
            file_name,
            bytes: found.recording.bytes,
            backend: found.backend,
            candidate: found.candidate,
            rank: found.rank,
            is_placeholder: found.is_placeholder,
            document: None,
            message: SongMessage::None,
            place: SongPlace::Off,
            sends: 0,
            made: self.library.next_made(now),
        };
        let mime = found.recording.mime;
        let mime = if mime.is_empty() { DEFAULT_MIME.to_owned() } else { mime };
        self.ready.insert(id, ReadySong { song, uploaded, mime, is_upgrade });
        Ok(())
    }

    /// What is there, and what somebody has done to it.
    async fn look(&mut self) -> Result<(), ProfileError> {
        let music = &self.profile.music;
        let known: Vec<i64> = self.seen.iter().map(|song| song.document).collect();
        let messages: Vec<_> = self.library.songs.values().filter_map(|song| song.message.id()).collect();
        let known = if self.was_seen { known.as_slice() } else { &[] };
        let looking = async { tokio::try_join!(music.songs(known), music.carried(&messages)) };
        let looked = tokio::select! {
            // Boxed: calls of Telegram are large on the stack.
            looked = self.supply.beside(Box::pin(looking)) => looked,
            () = self.orders.stop.cancelled() => return Err(ProfileError::Stopped),
        };
        let (songs, carried) = match looked {
            Ok(looked) => looked,
            Err(telegram::Error::Flood { method, until }) => {
                self.pause_until(until, method);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(songs) = songs {
            self.seen = songs.iter().map(seen).collect();
        }
        (self.was_seen, self.is_stale) = (true, false);
        let messages = carried.iter().map(|(id, file)| (*id, Document::of(file))).collect();
        let profile = self.seen.iter().map(|song| song.document).collect();
        let observed = observe(&mut self.library.songs, &Sight { profile, messages });
        self.figures.removed_by_user += observed.removed.len() as u64;
        for track in &observed.removed {
            tracing::info!(track, "Somebody removed this song: it goes from the other place too");
        }
        let (now, rule) = (self.profile.clock.now(), self.orders.rules.removed_by_user);
        self.library.note_removed(&observed.removed, now, rule)?;
        self.library.write(&observed.changed)?;
        self.library.tidy()?;
        self.library.flushed().await?;
        self.show(Some(now));
        Ok(())
    }

    async fn do_step(&mut self, step: Step) -> Result<(), ProfileError> {
        let new = match &step {
            Step::Send { song } => self.ready.get(song).map(|ready| ready.song.clone()),
            _ => None,
        };
        self.tell(&step);
        let changed = journal::begin(&step, &mut self.library.songs, new);
        self.library.write(&changed)?;
        // Nothing is done before this is on the disk.
        self.library.flushed().await?;
        let ready = step.songs().first().and_then(|song| self.ready.get(song));
        let (uploaded, mime) =
            ready.map_or((None, DEFAULT_MIME), |it| (Some(&it.uploaded), it.mime.as_str()));
        let Some(call) = Call::of(&step, &self.library.songs, uploaded, mime) else {
            self.is_stale = true;
            return self.hold(&step);
        };
        let music = self.profile.music.clone();
        let outcome = tokio::select! {
            outcome = self.supply.beside(Box::pin(call.done(&music))) => outcome,
            () = self.orders.stop.cancelled() => return Err(ProfileError::Stopped),
        };
        match outcome {
            Ok(outcome) => self.finish(&step, &outcome),
            Err(error) => self.failed(&step, error),
        }
    }

    fn finish(&mut self, step: &Step, outcome: &Outcome) -> Result<(), ProfileError> {
        for id in step.songs() {
            self.holds.remove(&id);
            let song = self.library.songs.get(&id);
            // The number of a message is of no use when the message is gone or never was.
            if let (Some(song), Step::Delete { .. } | Step::Settle { .. }) = (song, step)
                && !matches!(outcome, Outcome::Sent { .. })
            {
                self.profile.music.forget(&song.intent())?;
            }
        }
        let changed = journal::end(step, outcome, &mut self.library.songs);
        self.library.write(&changed)?;
        self.steps += 1;
        match step {
            Step::Settle { .. } => {}
            Step::Send { song } => {
                let is_upgrade = self.ready.remove(song).is_some_and(|ready| ready.is_upgrade);
                self.figures.sent += 1;
                self.figures.improved += u64::from(is_upgrade);
            }
            Step::Resend { .. } => self.figures.sent_again += 1,
            Step::Save { song, after } => {
                self.move_seen(song, after.as_ref());
                self.figures.saved += 1;
            }
            Step::Unsave { song } => {
                let document = self.document_of(song);
                self.seen.retain(|seen| Some(seen.document) != document);
                self.figures.taken_off += 1;
            }
            Step::Delete { songs } => self.figures.deleted += songs.len() as u64,
        }
        self.library.tidy()?;
        self.show(None);
        Ok(())
    }

    fn move_seen(&mut self, song: &str, after: Option<&String>) {
        let Some(song) = self.library.songs.get(song) else { return };
        let Some(document) = song.document.as_ref().map(|it| it.id) else { return };
        let entry = SeenSong {
            document,
            title: Some(song.title.clone()),
            performer: Some(song.performer.clone()).filter(|it| !it.is_empty()),
            seconds: song.seconds,
        };
        self.seen.retain(|seen| seen.document != document);
        let after = after.and_then(|after| self.document_of(after));
        let place = after.and_then(|after| self.seen.iter().position(|seen| seen.document == after));
        self.seen.insert(place.map_or(0, |place| place + 1), entry);
    }

    fn document_of(&self, song: &str) -> Option<i64> {
        Some(self.library.songs.get(song)?.document.as_ref()?.id)
    }

    /// What comes of a step that failed: a pause for all, a pause for this song, or an end.
    fn failed(&mut self, step: &Step, error: ProfileError) -> Result<(), ProfileError> {
        self.is_stale = true;
        if let Some(telegram::Error::Flood { method, until }) = error.telegram() {
            self.pause_until(*until, method);
            return Ok(());
        }
        let is_refusal =
            matches!(error.telegram(), Some(telegram::Error::Rpc { .. })) && !error.is_temporary();
        let is_vanished = matches!(error, ProfileError::Send(SendError::Vanished { .. }));
        if !(is_refusal || is_vanished || error.is_temporary()) {
            return Err(error);
        }
        tracing::warn!(?step, error = &error as &dyn std::error::Error, "A step on the profile failed");
        match step {
            // Somebody deleted it at once.
            Step::Send { song } | Step::Resend { song } | Step::Settle { song } if is_vanished => {
                self.ready.remove(song);
                self.forget_message(song, |_| {})?;
                let track = self.library.songs.get(song).map(|song| song.track.clone());
                let (now, rule) = (self.profile.clock.now(), self.orders.rules.removed_by_user);
                self.library.note_removed(&track, now, rule)?;
                self.library.tidy()?;
                Ok(())
            }
            // The file is of no use, or the document is known no more: another one has to be brought.
            Step::Send { song } | Step::Resend { song } if is_refusal => {
                let is_upgrade = self.ready.remove(song).is_some_and(|ready| ready.is_upgrade);
                let track = self.library.songs.get(song).map(|song| song.track.clone());
                self.forget_message(song, |song| song.document = None)?;
                if let (Some(track), Step::Send { .. }) = (track, step) {
                    self.note_failure(&track, is_upgrade, true)?;
                }
                self.library.tidy()?;
                Ok(())
            }
            // What cannot be put on the profile again and again is not what we take it for.
            Step::Save { song, .. } if is_refusal && self.failures(song) + 1 >= MOST_FAILURES => {
                let mut track = None;
                if let Some(song) = self.library.songs.get_mut(song) {
                    song.document = None;
                    track = Some(song.track.clone());
                }
                self.library.write([song])?;
                self.holds.remove(song);
                // Or nothing can be put there at all: the next try is later and later.
                track.map_or(Ok(()), |track| self.note_failure(&track, false, true).map(drop))
            }
            _ => {
                self.hold(step)?;
                let is_too_often = step.songs().iter().any(|song| self.failures(song) >= MOST_FAILURES);
                if is_too_often { Err(error) } else { Ok(()) }
            }
        }
    }

    fn note_failure(
        &self,
        track: &str,
        is_upgrade: bool,
        may_help_later: bool,
    ) -> Result<Timestamp, ProfileError> {
        let now = self.profile.clock.now();
        Ok(self.library.note_failure(track, is_upgrade, now, may_help_later)?)
    }

    fn forget_message(
        &mut self,
        song: &str,
        change: impl FnOnce(&mut ProfileSong),
    ) -> Result<(), ProfileError> {
        if let Some(song) = self.library.songs.get_mut(song) {
            self.profile.music.forget(&song.intent())?;
            song.message = SongMessage::None;
            change(song);
        }
        Ok(self.library.write([song])?)
    }

    fn failures(&self, song: &str) -> u32 {
        self.holds.get(song).map_or(0, |hold| hold.failures)
    }

    fn hold(&mut self, step: &Step) -> Result<(), ProfileError> {
        let now = self.profile.clock.now();
        for song in step.songs() {
            let failures = self.failures(&song) + 1;
            let pause = SignedDuration::from_secs(1 << (failures - 1).min(6)).min(LONGEST_HOLD);
            let until = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
            self.holds.insert(song, Hold { failures, until });
        }
        Ok(())
    }

    fn pause_until(&mut self, until: Timestamp, method: &str) {
        self.pause = Some(until);
        let left = until.duration_since(self.profile.clock.now()).as_secs().max(0);
        let reason = format!("it asked for {left} s after {method}");
        (self.orders.tell)(Telling::Waiting { until, reason });
        self.profile.board.change(|shown| shown.waiting_until = Some(until));
    }

    /// The end of a wait that comes first.
    fn next_due(&self) -> Option<Timestamp> {
        match self.pause {
            Some(pause) => Some(pause),
            None => {
                let now = self.profile.clock.now();
                self.holds.values().map(|hold| hold.until).filter(|until| *until > now).min()
            }
        }
    }

    fn is_held(&self) -> bool {
        let now = self.profile.clock.now();
        self.holds.values().any(|hold| hold.until > now)
    }

    fn end_waits(&mut self) {
        let now = self.profile.clock.now();
        if self.pause.is_some_and(|pause| pause <= now) {
            self.pause = None;
            (self.orders.tell)(Telling::GoingOn);
            self.profile.board.change(|shown| shown.waiting_until = None);
        }
        // Songs of which nothing is wanted any more hold nothing up.
        let songs = &self.library.songs;
        self.holds.retain(|id, _| songs.contains_key(id) || self.ready.contains_key(id));
    }

    fn show(&self, seen: Option<Timestamp>) {
        self.profile.board.change(|shown| {
            shown.profile = Some(self.seen.clone());
            shown.seen = seen.or(shown.seen);
        });
    }

    fn tell_waiting(&self) {
        let files = self.supply.on_the_way().count();
        if files > 0 {
            let what = if files == 1 {
                "1 file is on its way".to_owned()
            } else {
                format!("{files} files are on their way")
            };
            (self.orders.tell)(Telling::Doing { steps: self.steps, what });
        }
    }

    fn tell(&self, step: &Step) {
        let name = |id: &String| {
            let song = self.library.songs.get(id).or_else(|| self.ready.get(id).map(|it| &it.song));
            song.map(|song| match song.performer.is_empty() {
                true => song.title.clone(),
                false => format!("{} - {}", song.performer, song.title),
            })
        };
        let first = step.songs().first().and_then(name).unwrap_or_default();
        let what = match step {
            Step::Settle { .. } => format!("Looking for {first}"),
            Step::Send { .. } | Step::Resend { .. } => format!("Sending {first}"),
            Step::Save { .. } => format!("Showing {first}"),
            Step::Unsave { .. } => format!("Taking off {first}"),
            Step::Delete { songs } => format!("Deleting {} messages", songs.len()),
        };
        (self.orders.tell)(Telling::Doing { steps: self.steps, what });
    }
}

fn seen(file: &File) -> SeenSong {
    let audio = file.audio.as_ref();
    SeenSong {
        document: file.id,
        title: audio.and_then(|audio| audio.title.clone()).or_else(|| file.name.clone()),
        performer: audio.and_then(|audio| audio.performer.clone()),
        seconds: audio.map_or(0, |audio| u32::try_from(audio.seconds).unwrap_or(0)),
    }
}

fn new_id() -> String {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).expect("the system has working randomness");
    format!("{:016x}", u64::from_le_bytes(bytes))
}
