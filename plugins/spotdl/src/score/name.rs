//! Whether a hit is called what the song is called.

use super::{NUMBER, Seen, Song, Versions, surplus};
use crate::text::{ratio, words};

/// Below it, the order of the words is given another chance.
const CLEAR: f64 = 75.0;

impl Song {
    pub(super) fn name(&self, seen: &Seen<'_>) -> f64 {
        let (ours, theirs) = (&self.title, &seen.title);
        let mut best = ratio(&ours.whole, &theirs.whole);
        if best < 100.0 {
            best = best.max(ratio(&ours.name, &theirs.name));
        }
        if best <= CLEAR {
            best = best.max(self.sorted(seen));
        }
        if best <= CLEAR && self.own != Versions::NONE && self.own == Versions::of(words(&theirs.whole)) {
            // Live at Wembley is live: where says less than what.
            best = best.max(ratio(ours.core(), theirs.core()));
        }
        if self.has_other_number(seen) { best - NUMBER } else { best }
    }

    /// Without artists, and in the order of the alphabet.
    fn sorted(&self, seen: &Seen<'_>) -> f64 {
        let artists = || self.artists.iter().chain(&seen.artists).flat_map(|artist| words(artist));
        let is_in_title = |word: &str| words(&self.title.name).any(|it| it == word);
        let is_artist = |word: &str| !is_in_title(word) && artists().any(|it| it == word);
        let mut theirs: Vec<_> = words(&seen.title.name).filter(|word| !is_artist(word)).collect();
        let mut ours: Vec<_> = words(&self.title.name).collect();
        ours.sort_unstable();
        theirs.sort_unstable();
        ratio(&ours.join("-"), &theirs.join("-"))
    }

    fn has_other_number(&self, seen: &Seen<'_>) -> bool {
        let (ours, theirs) = (&self.title.name, &seen.title.name);
        let numbers = |text| words(text).filter(|word| is_number(word));
        surplus(numbers(ours), words(theirs)).next().is_some()
            && surplus(numbers(theirs), words(ours)).next().is_some()
    }
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
        || matches!(
            word,
            "ii" | "iii" | "iv" | "vi" | "vii" | "viii" | "ix" | "one" | "two" | "three" | "four"
        )
}
