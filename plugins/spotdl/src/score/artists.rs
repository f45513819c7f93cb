//! Whether a hit is by the song's artists.

use super::{Seen, Song};
use crate::text::{has_words, ratio, words};

const CLEAR: f64 = 90.0;
const LIKELY: f64 = 80.0;
/// Of guests whom nobody names: many recordings name the main artist alone.
const NOT_NAMED: f64 = 50.0;
/// What channels add to an artist's name.
const OF_CHANNELS: [&str; 8] = ["vevo", "topic", "official", "officiel", "oficial", "channel", "music", "tv"];

impl Song {
    pub(super) fn artists(&self, seen: &Seen<'_>) -> f64 {
        let Some((main, guests)) = self.artists.split_first() else {
            // Nothing is known, so nothing speaks against it.
            return 100.0;
        };
        let alike_main = self.alike(main, seen);
        let alike: Vec<f64> = guests.iter().map(|guest| self.alike(guest, seen)).collect();
        let is_by_one_of_us = alike.iter().fold(alike_main, |most, it| most.max(*it)) >= CLEAR;
        let main_match = match alike_main {
            CLEAR.. => alike_main,
            _ => alike_main.max(self.in_title(main, seen, is_by_one_of_us)),
        };
        if guests.is_empty() {
            return main_match;
        }
        let least = if seen.artists.len() == 1 && main_match >= CLEAR { NOT_NAMED } else { 0.0 };
        let guest = |(guest, alike): (&String, &f64)| {
            let named = if *alike < 100.0 && seen.title.has(guest) { 100.0 } else { 0.0 };
            alike.max(named).max(least)
        };
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let guests = guests.iter().zip(&alike).map(guest).sum::<f64>() / guests.len() as f64;
        f64::midpoint(main_match, guests)
    }

    /// How much an artist is one of those whom the hit names.
    fn alike(&self, artist: &str, seen: &Seen<'_>) -> f64 {
        if seen.artists.iter().any(|theirs| theirs == artist) {
            return 100.0;
        }
        let each = seen.artists.iter().map(|theirs| {
            if is_channel_of(artist, theirs) {
                return 100.0;
            }
            let contained = has_words(theirs, artist) && self.accounts_for(theirs, artist)
                // One name for all of them, as players tell it: "A & B", "A feat. B".
                || is_first_of(theirs, artist);
            let contained = if contained { CLEAR } else { 0.0 };
            ratio(artist, theirs).max(contained)
        });
        let all = if self.artists.len() == 1 && seen.artists.len() > 1 {
            ratio(artist, &seen.artists.join("-"))
        } else {
            0.0
        };
        each.fold(all, f64::max)
    }

    /// A title such as "Artist - Song", uploaded by anybody. What labels deliver names its artists, so there it counts only
    /// when one of them is among ours.
    fn in_title(&self, artist: &str, seen: &Seen<'_>, is_by_one_of_us: bool) -> f64 {
        if !seen.title.has(artist)
            || has_words(&self.title.whole, artist)
            || seen.hit.is_verified && !is_by_one_of_us
        {
            return 0.0;
        }
        if seen.title.whole.starts_with(artist) || is_by_one_of_us { CLEAR } else { LIKELY }
    }

    /// Whether all other words of a name are those of our artists, or what channels add.
    fn accounts_for(&self, name: &str, artist: &str) -> bool {
        let is_known = |word: &str| {
            OF_CHANNELS.contains(&word)
                || word == "and"
                || words(artist).any(|it| it == word)
                || self.artists.iter().any(|it| words(it).any(|it| it == word))
        };
        words(name).all(is_known)
    }
}

/// Whether a name is the first of those in a joint one, and so long that this is no accident.
fn is_first_of(name: &str, joint: &str) -> bool {
    name.len() >= 4 && 4 * name.len() >= joint.len() && joint.starts_with(name) && has_words(joint, name)
}

/// "`AdeleVEVO`" is Adele's.
fn is_channel_of(artist: &str, name: &str) -> bool {
    if artist.as_bytes().first() != name.as_bytes().first() {
        return false;
    }
    let mut rest: String = words(name).collect();
    for word in OF_CHANNELS {
        if let Some(short) = rest.strip_suffix(word).filter(|short| !short.is_empty()) {
            rest.truncate(short.len());
        }
    }
    words(artist).try_fold(rest.as_str(), |rest, word| rest.strip_prefix(word)).is_some_and(str::is_empty)
}
