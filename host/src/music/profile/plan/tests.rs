//! The planner against a Telegram that is a list and a map: whatever happened before, and wherever
//! a crash cuts it off, the end is what was wanted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    model::{Document, MessageId},
    music::profile::{
        journal::{self, Outcome, Songs},
        observe::{Observed, Sight, observe},
    },
};

/// Documents of other people have numbers from here on.
const FOREIGN: i64 = 1_000_000;

#[derive(Debug, Default)]
struct World {
    /// At Telegram.
    profile: Vec<i64>,
    messages: BTreeMap<MessageId, Document>,
    intents: BTreeMap<String, MessageId>,
    uploads: BTreeMap<String, usize>,
    /// On our disk.
    songs: Songs,
    removed: BTreeSet<String>,
    /// In our memory.
    wanted: Vec<String>,
    room: usize,
    ready: Vec<(Ready, ProfileSong)>,
    numbers: i64,
    /// Events until the process dies.
    fuse: Option<usize>,
    /// The most of our songs that were on the profile, since the last look.
    most: usize,
}

/// The process died.
#[derive(Debug)]
struct Killed;

impl World {
    fn number(&mut self) -> i64 {
        self.numbers += 1;
        self.numbers
    }

    fn situation(&self) -> Situation {
        Situation {
            wanted: self.wanted.iter().filter(|it| !self.removed.contains(*it)).cloned().collect(),
            profile: self.profile.clone(),
            songs: self.songs.values().cloned().collect(),
            ready: self.ready.iter().map(|(ready, _)| ready.clone()).collect(),
            room: self.room,
            held: BTreeSet::new(),
            rejected: BTreeSet::new(),
        }
    }

    /// As a start does.
    fn look(&mut self) -> Observed {
        let sight = Sight { profile: self.profile.clone(), messages: self.messages.clone() };
        let observed = observe(&mut self.songs, &sight);
        self.removed.extend(observed.removed.iter().cloned());
        observed
    }

    fn restart(&mut self) {
        self.ready.clear();
        self.fuse = None;
        self.look();
        self.most = self.ours();
    }

    fn ours(&self) -> usize {
        self.profile.iter().filter(|id| **id < FOREIGN).count()
    }

    fn burn(&mut self) -> Result<(), Killed> {
        match &mut self.fuse {
            Some(0) => Err(Killed),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// All files come at once: silence first, then music.
    fn fetch(&mut self) {
        for need in self.situation().needs() {
            let id = format!("song-{:06}", self.number());
            *self.uploads.entry(need.track.clone()).or_default() += 1;
            let song = ProfileSong {
                account: "main".into(),
                id: id.clone(),
                track: need.track.clone(),
                title: need.track.clone(),
                performer: String::new(),
                seconds: 1,
                file_name: format!("{}.mp3", need.track),
                bytes: 1,
                backend: String::new(),
                candidate: String::new(),
                rank: need.from,
                is_placeholder: need.from == 0,
                document: None,
                message: SongMessage::None,
                place: SongPlace::Off,
                sends: 0,
                made: Timestamp::from_second(self.numbers).unwrap(),
            };
            self.ready.push((Ready { song: id, track: need.track }, song));
        }
    }

    fn step(&mut self) -> Result<bool, Killed> {
        self.fetch();
        self.advance()
    }

    fn advance(&mut self) -> Result<bool, Killed> {
        let Some(step) = self.situation().next_step() else { return Ok(false) };
        let at = self.ready.iter().position(|(ready, _)| step == Step::Send { song: ready.song.clone() });
        let new = at.map(|at| self.ready[at].1.clone());
        self.burn()?;
        journal::begin(&step, &mut self.songs, new);
        self.burn()?;
        let outcome = self.call(&step);
        self.most = self.most.max(self.ours());
        self.burn()?;
        journal::end(&step, &outcome, &mut self.songs);
        if let Some(at) = at {
            self.ready.remove(at);
        }
        for id in journal::useless(&self.songs) {
            self.songs.remove(&id);
        }
        Ok(true)
    }

    /// What Telegram does.
    fn call(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Settle { song } => {
                let sent = self.intents.get(&self.songs[song].intent()).copied();
                let sent = sent.and_then(|id| Some((id, self.messages.get(&id)?.clone())));
                sent.map_or(Outcome::NotSent, |(message, document)| Outcome::Sent { message, document })
            }
            Step::Send { song } | Step::Resend { song } => {
                let known = self.songs[song].document.clone();
                let id = self.number();
                let fresh = || Document { id, access_hash: 0, reference: Default::default() };
                let document = known.unwrap_or_else(fresh);
                let message = MessageId(i32::try_from(self.number()).unwrap());
                assert!(self.intents.insert(self.songs[song].intent(), message).is_none(), "sent twice");
                self.messages.insert(message, document.clone());
                Outcome::Sent { message, document }
            }
            Step::Save { song, after } => {
                let id = self.songs[song].document.as_ref().unwrap().id;
                self.profile.retain(|other| *other != id);
                let place = after.as_ref().map_or(0, |after| {
                    let after = self.songs[after].document.as_ref().unwrap().id;
                    1 + self.profile.iter().position(|other| *other == after).expect("it is there")
                });
                self.profile.insert(place, id);
                Outcome::Done
            }
            Step::Unsave { song } => {
                let id = self.songs[song].document.as_ref().unwrap().id;
                self.profile.retain(|other| *other != id);
                Outcome::Done
            }
            Step::Delete { songs } => {
                for song in songs {
                    self.messages.remove(&self.songs[song].message.id().unwrap());
                }
                Outcome::Done
            }
        }
    }

    /// Until nothing is left to do; says how many steps it took.
    fn settle(&mut self) -> Result<usize, Killed> {
        for steps in 0..500 {
            if !self.step()? {
                return Ok(steps);
            }
        }
        panic!("it does not come to an end: {:#?}", self.situation().next_step());
    }

    fn shown(&self) -> Vec<String> {
        let of = |id: &i64| {
            let is_it = |song: &&ProfileSong| song.document.as_ref().is_some_and(|it| it.id == *id);
            self.songs.values().find(is_it).map(|song| song.track.clone())
        };
        self.profile.iter().filter(|id| **id < FOREIGN).map(|id| of(id).expect("no orphan")).collect()
    }

    fn foreign(&self) -> Vec<i64> {
        self.profile.iter().copied().filter(|id| *id >= FOREIGN).collect()
    }

    fn check_end(&self) {
        let wanted = self.situation().wanted;
        assert_eq!(self.shown(), wanted, "the profile is what was wanted");
        let mut carried: Vec<String> = Vec::new();
        for document in self.messages.values() {
            let is_it = |song: &&ProfileSong| song.document.as_ref() == Some(document);
            carried.extend(self.songs.values().find(is_it).map(|song| song.track.clone()));
        }
        let ours = self.messages.values().filter(|it| it.id < FOREIGN).count();
        carried.sort();
        let mut sorted = wanted;
        sorted.sort();
        assert_eq!((carried, ours), (sorted.clone(), sorted.len()), "one message for each, and no orphan");
    }
}

fn names(tracks: &[u8]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    tracks.iter().filter(|it| seen.insert(**it)).map(|it| format!("track-{it}")).collect()
}

fn filled(tracks: &[u8]) -> World {
    let mut world = World { wanted: names(tracks), room: 20, ..World::default() };
    world.settle().unwrap();
    world.check_end();
    world
}

/// What may happen.
#[derive(Clone, Debug)]
enum Happening {
    Play(Vec<u8>),
    /// The process dies after so many more notes and calls.
    Die(usize),
    TakeOff(usize),
    DeleteMessage(usize),
    AddForeign(usize),
    /// Somebody drags a song from one place to another.
    Drag(usize, usize),
}

fn happening() -> impl Strategy<Value = Happening> {
    let tracks = prop::collection::vec(0_u8..9, 0..7);
    prop_oneof![
        4 => tracks.prop_map(Happening::Play),
        4 => (0_usize..25).prop_map(Happening::Die),
        1 => (0_usize..9).prop_map(Happening::TakeOff),
        1 => (0_usize..9).prop_map(Happening::DeleteMessage),
        1 => (0_usize..9).prop_map(Happening::AddForeign),
        2 => (0_usize..9, 0_usize..9).prop_map(|(from, to)| Happening::Drag(from, to)),
    ]
}

impl World {
    /// While we do not look.
    fn happen(&mut self, happening: &Happening) {
        match happening {
            Happening::Play(tracks) => {
                self.wanted = names(tracks);
                // Played again: it may come back.
                self.removed.retain(|track| !names(tracks).contains(track));
            }
            Happening::Die(_) => {}
            Happening::TakeOff(at) => {
                if *at < self.profile.len() && self.profile[*at] < FOREIGN {
                    self.profile.remove(*at);
                }
            }
            Happening::DeleteMessage(at) => {
                if let Some(id) = self.messages.keys().nth(*at).copied() {
                    self.messages.remove(&id);
                }
            }
            Happening::AddForeign(at) => {
                let id = FOREIGN + self.number();
                self.profile.insert((*at).min(self.profile.len()), id);
            }
            Happening::Drag(from, to) => {
                if *from < self.profile.len() {
                    let id = self.profile.remove(*from);
                    self.profile.insert((*to).min(self.profile.len()), id);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_history_with_crashes_converges(history in prop::collection::vec(happening(), 1..14)) {
        let mut world = World { room: 7, ..World::default() };
        for happening in &history {
            world.happen(happening);
            world.restart();
            let foreign = world.foreign();
            world.fuse = match happening {
                Happening::Die(after) => Some(*after),
                _ => None,
            };
            if world.settle().is_ok() {
                world.check_end();
            }
            prop_assert_eq!(world.foreign(), foreign, "what is not ours stays in its order");
            prop_assert!(world.most <= 8, "one more than there is room for: {}", world.most);
        }
        world.restart();
        world.settle().unwrap();
        world.check_end();
        prop_assert_eq!(world.settle().unwrap(), 0, "nothing is left to do");
    }

    #[test]
    fn each_prefix_of_steps_leads_to_the_same_end(
        before in prop::collection::vec(0_u8..9, 0..7),
        after in prop::collection::vec(0_u8..9, 0..7),
    ) {
        for fuse in 0.. {
            let mut world = filled(&before);
            world.wanted = names(&after);
            world.fuse = Some(fuse);
            let is_whole = world.settle().is_ok();
            world.restart();
            prop_assert!(world.removed.is_empty(), "a crash is nobody's wish: {:?}", world.removed);
            world.settle().unwrap();
            world.check_end();
            if is_whole {
                break;
            }
        }
    }
}

#[test]
fn new_song_is_saved_before_an_old_one_leaves() {
    let mut world = filled(&[3, 2, 1]);
    world.room = 3;
    world.wanted = names(&[4, 3, 2]);
    world.fetch();
    let mut steps = Vec::new();
    while let Some(step) = world.situation().next_step() {
        steps.push(step);
        world.advance().unwrap();
    }
    assert!(
        matches!(
            &steps[..],
            [Step::Send { .. }, Step::Save { after: None, .. }, Step::Unsave { .. }, Step::Delete { .. }]
        ),
        "{steps:?}"
    );
    assert_eq!(world.most, 4);
}

#[test]
fn replayed_song_moves_by_one_call() {
    let mut world = filled(&[3, 2, 1]);
    world.wanted = names(&[1, 3, 2]);
    assert!(matches!(world.situation().next_step(), Some(Step::Save { after: None, .. })));
    assert_eq!(world.settle().unwrap(), 1);
    assert_eq!(world.shown(), names(&[1, 3, 2]));
}

#[test]
fn better_recording_takes_the_same_place() {
    let mut world = World { wanted: names(&[3, 2, 1]), room: 3, ..World::default() };
    world.fetch();
    while world.advance().unwrap() {}
    for place in [3, 2, 0] {
        world.happen(&Happening::AddForeign(place));
    }
    let tracks_and_others = |world: &World| {
        let mut shown: Vec<String> = world
            .profile
            .iter()
            .map(|id| {
                let is_it = |song: &&ProfileSong| song.document.as_ref().is_some_and(|it| it.id == *id);
                world.songs.values().find(is_it).map_or_else(|| id.to_string(), |song| song.track.clone())
            })
            .collect();
        shown.dedup();
        shown
    };
    let before = tracks_and_others(&world);
    world.fetch();
    while world.advance().unwrap() {
        assert_eq!(tracks_and_others(&world), before, "people see the same songs at the same places");
    }
    world.check_end();
    assert!(world.songs.values().all(|song| !song.is_placeholder));
}

#[test]
fn evicted_document_is_sent_again() {
    let mut world = filled(&[2, 1]);
    world.wanted = names(&[3, 2]);
    world.settle().unwrap();
    let uploads = world.uploads.clone();
    world.wanted = names(&[1, 3]);
    world.settle().unwrap();
    world.check_end();
    assert_eq!(world.uploads, uploads, "nothing goes up a second time");
}

#[test]
fn song_that_somebody_saved_is_theirs() {
    let mut world = filled(&[2, 1]);
    let ours = world.profile[1];
    world.wanted = names(&[2]);
    world.settle().unwrap();
    world.profile.push(ours);
    world.restart();
    assert_eq!(world.settle().unwrap(), 0, "it is not ours to take off");
    world.wanted = names(&[1, 2]);
    world.settle().unwrap();
    assert!(world.profile.contains(&ours) && world.profile.len() == 3, "{:?}", world.profile);
}

#[test]
fn failing_song_does_not_hold_others_up() {
    let mut world = filled(&[1]);
    world.wanted = names(&[3, 2, 1]);
    world.fetch();
    let mut situation = world.situation();
    situation.held = situation.ready.iter().take(1).map(|ready| ready.song.clone()).collect();
    let other = situation.ready[1].song.clone();
    assert_eq!(situation.next_step(), Some(Step::Send { song: other }));
}

/// Whose step failed waits: this one, and nothing else of it.
fn assert_waits(world: &World, is_it: impl Fn(&Step) -> bool) {
    let mut situation = world.situation();
    let step = situation.next_step().unwrap();
    assert!(is_it(&step), "{step:?}");
    situation.held = step.songs().into_iter().collect();
    assert_eq!(situation.next_step(), None, "{step:?}");
}

#[test]
fn songs_whose_step_failed_wait() {
    let mut world = filled(&[1]);
    world.wanted.clear();
    assert_waits(&world, |step| matches!(step, Step::Unsave { .. }));
    world.advance().unwrap();
    assert_waits(&world, |step| matches!(step, Step::Delete { .. }));
    let mut world = filled(&[1]);
    world.wanted = names(&[2, 1]);
    world.fetch();
    world.advance().unwrap();
    assert_waits(&world, |step| matches!(step, Step::Save { .. }));
    let mut world = World { wanted: names(&[1]), room: 3, ..World::default() };
    world.fetch();
    world.fuse = Some(2);
    world.advance().unwrap_err();
    world.wanted.clear();
    assert_waits(&world, |step| matches!(step, Step::Settle { .. }));
}

#[test]
fn unclear_message_of_an_unwanted_song_is_looked_for() {
    let mut world = World { wanted: names(&[1]), room: 3, ..World::default() };
    world.fetch();
    // It is sent, and the answer is lost.
    world.fuse = Some(2);
    world.advance().unwrap_err();
    world.fuse = None;
    world.wanted.clear();
    assert!(matches!(world.situation().next_step(), Some(Step::Settle { .. })));
    world.settle().unwrap();
    world.check_end();
}

#[test]
fn longest_ordered_part_stays() {
    let places: Vec<_> = [5, 1, 2, 9, 3].into_iter().enumerate().collect();
    assert_eq!(longest_rising(&places), BTreeSet::from([1, 2, 4]));
    assert!(longest_rising(&[]).is_empty());
}
