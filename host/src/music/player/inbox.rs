//! What scrobblers say that plays now. They tell when a song begins and nothing when it ends, so each
//! word holds for as long as the song is, and the newest one counts.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::spin::{signed, unsigned};
use crate::model::{Playable, Playing, Sameness, Track};

/// A song of unknown length.
const USUAL: SignedDuration = SignedDuration::from_mins(10);
/// Said again this near the end, or later, it is the next play of the same song.
const TAIL: SignedDuration = SignedDuration::from_secs(15);
/// A length beyond this is a mistake.
const LONGEST: SignedDuration = SignedDuration::from_hours(6);

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Inbox {
    words: Arc<watch::Sender<BTreeMap<String, Word>>>,
}

#[derive(Clone, Debug)]
pub(super) struct Word {
    track: Track,
    began: Timestamp,
    told: Timestamp,
}

impl Default for Inbox {
    fn default() -> Self {
        Self { words: Arc::new(watch::Sender::new(BTreeMap::new())) }
    }
}

impl Inbox {
    /// A client says that this plays now.
    pub fn playing_now(&self, client: &str, track: Track, now: Timestamp) {
        self.say(client, Word { track, began: now, told: now }, now);
    }

    /// A client says that this was listened to; maybe it still goes on.
    pub fn listened(&self, client: &str, track: Track, began: Timestamp, now: Timestamp) {
        let word = Word { track, began: began.min(now), told: now };
        // What it says to play now is the better word.
        if word.holds(now) && !self.words.borrow().get(client).is_some_and(|word| word.holds(now)) {
            self.say(client, word, now);
        }
    }

    fn say(&self, client: &str, mut word: Word, now: Timestamp) {
        self.words.send_modify(|words| {
            words.retain(|_, word| word.holds(now));
            // Clients repeat themselves, after a pause for instance.
            if let Some(before) = words.get(client).filter(|before| before.is_repeated_by(&word)) {
                word.began = before.began;
            }
            words.insert(client.to_owned(), word);
        });
    }

    /// The newest word that still holds.
    pub(crate) fn playing(&self, now: Timestamp) -> Playing {
        let words = self.words.borrow();
        let newest = words.iter().filter(|(_, word)| word.holds(now)).max_by_key(|(_, word)| word.told);
        newest.map_or_else(Playing::default, |(client, word)| Playing {
            what: Playable::Song(word.track.clone()),
            is_playing: true,
            progress: Some(word.progress(now)),
            device: Some(client.clone()),
            is_private: false,
        })
    }

    /// When the newest word ends to hold.
    pub(crate) fn ends_at(&self, now: Timestamp) -> Option<Timestamp> {
        let words = self.words.borrow();
        words.values().filter(|word| word.holds(now)).max_by_key(|word| word.told).map(Word::end)
    }

    /// Wakes when somebody says something.
    pub(super) fn changes(&self) -> watch::Receiver<BTreeMap<String, Word>> {
        self.words.subscribe()
    }
}

impl Word {
    fn length(&self) -> SignedDuration {
        self.track.duration.map_or(USUAL, |length| signed(length).min(LONGEST))
    }

    fn end(&self) -> Timestamp {
        self.began.checked_add(self.length()).unwrap_or(Timestamp::MAX)
    }

    /// Not before its time either: the clock may have gone back.
    fn holds(&self, now: Timestamp) -> bool {
        now < self.end() && self.began.duration_since(now) < TAIL
    }

    fn progress(&self, now: Timestamp) -> Duration {
        unsigned(now.duration_since(self.began))
    }

    fn is_repeated_by(&self, word: &Self) -> bool {
        let into = word.began.duration_since(self.began);
        self.track.sameness(&word.track) != Sameness::Different && into < self.length() - TAIL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).unwrap()
    }

    fn track(title: &str, seconds: u64) -> Track {
        let duration = (seconds > 0).then(|| Duration::from_secs(seconds));
        Track { title: title.into(), artists: vec!["Ann".into()], duration, ..Track::default() }
    }

    fn title(inbox: &Inbox, second: i64) -> Option<String> {
        inbox.playing(at(second)).what.track().map(|track| track.title.clone())
    }

    #[test]
    fn a_word_holds_as_long_as_the_song() {
        let inbox = Inbox::default();
        for (length, held, gone) in [(200, 199, 200), (0, 599, 600)] {
            inbox.playing_now("a", track("x", length), at(0));
            assert_eq!(inbox.playing(at(30)).progress, Some(Duration::from_secs(30)));
            assert_eq!(title(&inbox, held).as_deref(), Some("x"));
            assert_eq!(title(&inbox, gone), None);
            inbox.playing_now("a", track("y", 1), at(1));
        }
    }

    #[test]
    fn repeating_oneself_is_not_beginning_again() {
        let inbox = Inbox::default();
        inbox.playing_now("a", track("x", 200), at(0));
        inbox.playing_now("a", track("x", 200), at(90));
        assert_eq!(inbox.playing(at(100)).progress, Some(Duration::from_secs(100)));
        inbox.playing_now("a", track("x", 200), at(199));
        assert_eq!(inbox.playing(at(209)).progress, Some(Duration::from_secs(10)), "the next play of it");
    }

    #[test]
    fn the_newest_word_of_all_clients_counts() {
        let inbox = Inbox::default();
        inbox.playing_now("a", track("x", 300), at(0));
        inbox.playing_now("b", track("y", 100), at(10));
        assert_eq!(title(&inbox, 50).as_deref(), Some("y"));
        assert_eq!(inbox.playing(at(50)).device.as_deref(), Some("b"));
        assert_eq!(title(&inbox, 120).as_deref(), Some("x"));
        assert_eq!(inbox.ends_at(at(120)), Some(at(300)));
    }

    #[test]
    fn a_listen_without_a_word_may_still_go_on() {
        let inbox = Inbox::default();
        inbox.listened("a", track("x", 300), at(0), at(150));
        assert_eq!(inbox.playing(at(160)).progress, Some(Duration::from_secs(160)));
        inbox.playing_now("a", track("y", 300), at(170));
        inbox.listened("a", track("x", 300), at(0), at(171));
        assert_eq!(title(&inbox, 180).as_deref(), Some("y"));
        inbox.listened("b", track("old", 300), at(-900), at(181));
        assert_eq!(title(&inbox, 190).as_deref(), Some("y"));
    }

    #[test]
    fn a_clock_set_back_ends_words_of_the_future() {
        let inbox = Inbox::default();
        inbox.playing_now("a", track("x", 300), at(5000));
        assert_eq!(title(&inbox, 0), None);
    }
}
