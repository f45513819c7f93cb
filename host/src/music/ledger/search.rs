//! Looking through what was played, a page at a time.

use jiff::Timestamp;

use super::{Ledger, lowest_id};
use crate::{
    model::{Play, PlayId, TrackKey, fold},
    state::StateError,
};

/// Plays that are looked at for one page: what is found later comes with the next one.
const MOST_SEEN: usize = 20_000;

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Only plays that began before this one.
    pub before: Option<PlayId>,
    pub song: Option<TrackKey>,
    /// Those that began at this time or later.
    pub since: Option<Timestamp>,
    /// Those that began earlier.
    pub until: Option<Timestamp>,
    /// All of these words are in its title, artists or album, however they are written.
    pub words: String,
}

/// Newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub plays: Vec<Play>,
    /// Where the next page begins; it may be that nothing is found there.
    pub next: Option<PlayId>,
}

impl Ledger {
    pub fn search(&self, search: &Search, limit: usize) -> Result<Page, StateError> {
        let end = search.until.map(lowest_id);
        let before = search.before.into_iter().chain(end).min();
        match &search.song {
            Some(song) => {
                let plays = self.state.plays.of_song(song);
                let is_older = |play: &Play| before.is_none_or(|before| play.id < before);
                page(plays.filter(|play| play.as_ref().map_or(true, is_older)), search, limit)
            }
            None => page(self.state.plays.newest(before), search, limit),
        }
    }
}

fn page(
    plays: impl Iterator<Item = Result<Play, StateError>>,
    search: &Search,
    limit: usize,
) -> Result<Page, StateError> {
    let words = fold(&search.words);
    let words: Vec<&str> = words.split_whitespace().collect();
    let (mut page, mut last) = (Page::default(), None);
    for (play, seen) in plays.zip(1..) {
        let play = play?;
        if search.since.is_some_and(|since| play.started < since) {
            return Ok(page);
        }
        if page.plays.len() == limit || seen > MOST_SEEN {
            page.next = last;
            return Ok(page);
        }
        last = Some(play.id);
        if has_words(&play, &words) {
            page.plays.push(play);
        }
    }
    Ok(page)
}

fn has_words(play: &Play, words: &[&str]) -> bool {
    if words.is_empty() {
        return true;
    }
    let track = &play.track;
    let album = track.album.as_deref().unwrap_or_default();
    let text = fold(&format!("{} {} {album}", track.title, track.artists.join(" ")));
    words.iter().all(|word| text.contains(word))
}
