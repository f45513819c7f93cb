//! The songs and tracks of one account, as the disk has them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    Wanted,
    journal::{self, Songs},
    wanted::RemovedByUser,
};
use crate::{
    model::{SongMessage, SongPlace},
    music::ledger::Ledger,
    state::{FileAttempts, ProfileSong, ProfileTrack, State, StateError},
};

/// However long backends say that they have nothing, the chain is looked at again after this.
const LONGEST_UNSEEN: SignedDuration = SignedDuration::from_hours(1);
/// Songs that are nowhere now, but known to Telegram: so many need not go up again.
const MOST_KEPT: usize = 500;

#[derive(Debug)]
pub(super) struct Library {
    account: String,
    state: State,
    pub(super) songs: Songs,
}

impl Library {
    pub(super) fn load(account: &str, state: &State, ledger: &Ledger) -> Result<Self, StateError> {
        let mut songs = Songs::new();
        for mut song in state.profile_songs.of_account(account)? {
            // Two tracks may have turned out to be one.
            song.track = ledger.present_key(song.track.into())?.to_string();
            songs.insert(song.id.clone(), song);
        }
        Ok(Self { account: account.to_owned(), state: state.clone(), songs })
    }

    /// Writes these songs; those that are not there are removed.
    pub(super) fn write(&self, ids: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), StateError> {
        for id in ids {
            match self.songs.get(id.as_ref()) {
                Some(song) => self.state.profile_songs.put(song)?,
                None => {
                    self.state.profile_songs.remove(&self.account, id.as_ref())?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn flushed(&self) -> Result<(), StateError> {
        self.state.flushed().await
    }

    /// Removes what cannot be of use any more.
    pub(super) fn tidy(&mut self) -> Result<(), StateError> {
        let useless = journal::useless(&self.songs);
        self.songs.retain(|id, _| !useless.contains(id));
        self.write(&useless)
    }

    /// Forgets the oldest of the songs that are neither wanted nor anywhere, beyond [`MOST_KEPT`], and that
    /// files were asked for in vain for tracks that nobody wants now.
    pub(super) fn prune(&mut self, wanted: &[Wanted], now: Timestamp) -> Result<(), StateError> {
        let is_wanted = |track: &str| wanted.iter().any(|wanted| wanted.key == track);
        let mut kept: Vec<&ProfileSong> = self.songs.values().collect();
        kept.retain(|song| is_nowhere(song) && !is_wanted(&song.track));
        kept.sort_by_key(|song| std::cmp::Reverse(song.made));
        let forgotten: Vec<String> = kept.iter().skip(MOST_KEPT).map(|song| song.id.clone()).collect();
        self.songs.retain(|id, _| !forgotten.contains(id));
        self.write(&forgotten)?;
        for track in self.state.profile_tracks.of_account(&self.account)? {
            if track.says_nothing(now) && !is_wanted(&track.key) {
                self.state.profile_tracks.remove(&self.account, &track.key)?;
            }
        }
        Ok(())
    }

    /// What people did to tracks, under the keys that the ledger has for them now.
    pub(super) fn tracks(&self, ledger: &Ledger) -> Result<Vec<ProfileTrack>, StateError> {
        let mut tracks: BTreeMap<String, ProfileTrack> = BTreeMap::new();
        for mut track in self.state.profile_tracks.of_account(&self.account)? {
            track.key = ledger.present_key(track.key.into())?.to_string();
            let (removed, cleaned, unwanted) = (track.removed, track.cleaned, track.unwanted.clone());
            let known = tracks.entry(track.key.clone()).or_insert(track);
            known.removed = known.removed.max(removed);
            known.cleaned = known.cleaned.max(cleaned);
            known.unwanted = known.unwanted.take().or(unwanted);
        }
        Ok(tracks.into_values().collect())
    }

    /// Somebody removed these: what was played before does not bring them back.
    pub(super) fn note_removed<'a>(
        &self,
        tracks: impl IntoIterator<Item = &'a String>,
        (ledger, now): (&Ledger, Timestamp),
        rule: RemovedByUser,
    ) -> Result<(), StateError> {
        if rule == RemovedByUser::Forget {
            return Ok(());
        }
        let ahead = ledger.ahead(now)?;
        for key in tracks {
            let removed = ahead.get(key).copied().unwrap_or(now);
            self.change_track(key, |track| track.removed = Some(removed))?;
        }
        Ok(())
    }

    /// There is no file, or no better one, or it cannot be put up. What may pass is tried later and later; what is
    /// said to hold until `not_before` is not, but looked at every hour: backends may be others by then, and
    /// those that had nothing are not asked for it.
    pub(super) fn note_failure(
        &self,
        key: &str,
        is_upgrade: bool,
        now: Timestamp,
        not_before: Option<Timestamp>,
    ) -> Result<Timestamp, StateError> {
        let mut next = now;
        self.change_track(key, |track| {
            let attempts = if is_upgrade { &mut track.better } else { &mut track.first };
            let after = |pause| now.saturating_add(pause).unwrap_or(Timestamp::MAX);
            next = match not_before {
                Some(not_before) => not_before.min(after(LONGEST_UNSEEN)).max(now),
                None => after(SignedDuration::from_mins(1 << attempts.failures.min(8))),
            };
            attempts.failures = attempts.failures.saturating_add(1);
            attempts.next = Some(next);
        })?;
        Ok(next)
    }

    /// Its song is on the profile: not before that a file was of use.
    pub(super) fn note_success(&self, key: &str, is_placeholder: bool) -> Result<(), StateError> {
        let known = self.state.profile_tracks.get(&self.account, key)?;
        let better = if is_placeholder { known.better } else { FileAttempts::default() };
        if (known.first, known.better) != (FileAttempts::default(), better) {
            self.change_track(key, |track| (track.first, track.better) = (FileAttempts::default(), better))?;
        }
        Ok(())
    }

    pub(super) fn forget_unwanted(&self, key: &str) -> Result<(), StateError> {
        self.change_track(key, |track| track.unwanted = None)
    }

    pub(super) fn may_try(&self, key: &str, is_upgrade: bool, now: Timestamp) -> bool {
        let track = self.state.profile_tracks.get(&self.account, key);
        let attempts = track.map(|track| if is_upgrade { track.better } else { track.first });
        !attempts.is_ok_and(|attempts| attempts.next.is_some_and(|next| next > now))
    }

    fn change_track(&self, key: &str, change: impl FnOnce(&mut ProfileTrack)) -> Result<(), StateError> {
        let mut track = self.state.profile_tracks.get(&self.account, key)?;
        change(&mut track);
        self.state.profile_tracks.put(&track)
    }

    /// A time for a new song: later than that of any other, whatever the clock says.
    pub(super) fn next_made(&self, now: Timestamp) -> Timestamp {
        let newest = self.songs.values().map(|song: &ProfileSong| song.made).max();
        let later = newest.and_then(|newest| newest.checked_add(SignedDuration::from_millis(1)).ok());
        later.map_or(now, |later| later.max(now))
    }
}

/// What others have put on the profile since stays theirs without our knowing of it.
fn is_nowhere(song: &ProfileSong) -> bool {
    song.message == SongMessage::None && matches!(song.place, SongPlace::Off | SongPlace::Theirs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Document, MessageId, Track};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).unwrap()
    }

    fn song(number: i64, place: SongPlace, message: SongMessage) -> ProfileSong {
        let document = Document { id: number, access_hash: 1, reference: Default::default() };
        ProfileSong {
            account: "main".into(),
            id: format!("{number:08}"),
            track: format!("track {number}"),
            title: "Song".into(),
            performer: String::new(),
            seconds: 200,
            file_name: "Song.mp3".into(),
            bytes: 1,
            backend: "zero".into(),
            candidate: String::new(),
            rank: 0,
            is_placeholder: false,
            document: Some(document),
            message,
            place,
            sends: 1,
            made: at(number),
        }
    }

    fn wanted(number: i64) -> Wanted {
        Wanted { key: format!("track {number}"), track: Track::default(), at: at(0), file: None }
    }

    #[test]
    fn only_the_newest_of_the_gone_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let most = i64::try_from(MOST_KEPT).unwrap();
        for number in 0..most + 5 {
            let message = if number == 3 { SongMessage::There(MessageId(7)) } else { SongMessage::None };
            let place = if number == 2 { SongPlace::On } else { SongPlace::Off };
            state.profile_songs.put(&song(number, place, message)).unwrap();
        }
        let ledger = Ledger::new(state.clone());
        let mut library = Library::load("main", &state, &ledger).unwrap();
        // 1 is wanted, 2 on the profile, the message of 3 is there.
        library.prune(&[wanted(1)], at(0)).unwrap();
        let left = Library::load("main", &state, &ledger).unwrap().songs;
        assert_eq!(left.len(), MOST_KEPT + 3);
        assert!(!left.contains_key("00000000") && !left.contains_key("00000004"));
        assert!(["00000001", "00000002", "00000003", "00000005"].iter().all(|id| left.contains_key(*id)));
        assert_eq!(left.len(), library.songs.len());
    }

    #[test]
    fn vain_attempts_are_forgotten_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let ledger = Ledger::new(state.clone());
        let mut library = Library::load("main", &state, &ledger).unwrap();
        for number in 0..3 {
            library.note_failure(&format!("track {number}"), true, at(0), None).unwrap();
        }
        library.note_removed([&"track 0".to_owned()], (&ledger, at(0)), RemovedByUser::UntilPlayed).unwrap();
        library.prune(&[wanted(1)], at(10)).unwrap();
        assert_eq!(state.profile_tracks.of_account("main").unwrap().len(), 3, "the next try is not due");
        library.prune(&[wanted(1)], at(3600)).unwrap();
        let left = state.profile_tracks.of_account("main").unwrap();
        let keys: Vec<_> = left.iter().map(|track| track.key.as_str()).collect();
        assert_eq!(keys, ["track 0", "track 1"], "what people did stays");
        assert_eq!(left[1].better, FileAttempts { failures: 1, next: Some(at(60)) });
    }

    #[test]
    fn what_backends_remember_says_when_to_ask_again() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let library = Library::load("main", &state, &Ledger::new(state.clone())).unwrap();
        let next = |track: &str, not_before| library.note_failure(track, false, at(0), not_before).unwrap();
        assert_eq!(next("minutes", Some(at(600))), at(600));
        assert_eq!(next("week", Some(at(7 * 86_400))), at(3_600), "other backends may be there by then");
        assert_eq!(next("past", Some(at(-5))), at(0));
        assert_eq!((next("may pass", None), next("may pass", None)), (at(60), at(120)));
        assert!(!library.may_try("minutes", false, at(599)) && library.may_try("minutes", false, at(600)));
    }

    #[test]
    fn only_a_song_on_the_profile_ends_the_failures() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let library = Library::load("main", &state, &Ledger::new(state.clone())).unwrap();
        for is_upgrade in [false, true] {
            library.note_failure("a", is_upgrade, at(0), None).unwrap();
        }
        library.note_success("a", true).unwrap();
        assert!(
            library.may_try("a", false, at(1)) && !library.may_try("a", true, at(1)),
            "silence is no better"
        );
        library.note_success("a", false).unwrap();
        assert!(library.may_try("a", true, at(1)));
    }
}
