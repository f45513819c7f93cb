//! How surely a recording is the track: spotDL's figures and bounds. README.md says where they differ, and why.

mod artists;
mod name;
#[cfg(test)]
mod tests;
mod versions;

use serde::Serialize;
use tapedeck_plugin::tracks::Track;

use crate::text::{Title, fold, has_letters, ratio, words};
use versions::Versions;

const LEAST_NAME: f64 = 60.0;
const LEAST_ARTISTS: f64 = 70.0;
const LEAST_TIME: f64 = 25.0;
/// For recordings about which not all is well.
const LEAST_TIME_OF_DOUBTFUL: f64 = 50.0;
const DOUBTFUL: f64 = 75.0;
/// Above it, the time needs no say.
const SURE: f64 = 85.0;
const SAME_ALBUM: f64 = 80.0;
const OTHER_EXPLICITNESS: f64 = 5.0;
const VERSION: f64 = 15.0;
/// Another number is another song: Part 1 and Part 2.
const NUMBER: f64 = 2.0 * VERSION;
/// The same recording stands on many albums. When its length agrees too, the album says little.
const OTHER_ALBUM: f64 = 10.0;
const SAME_LENGTH: f64 = 3.0;

const NO_WORD: &str = "no word of the title";

/// A track, ready to be compared.
#[derive(Clone, Debug)]
pub struct Song {
    title: Title,
    artists: Vec<String>,
    /// Words of its title and of its artists.
    known: Vec<String>,
    album: Option<String>,
    /// What its own title says of the version.
    own: Versions,
    /// What the album says of the version: its titles need not repeat it.
    of_album: Versions,
    seconds: Option<f64>,
    is_explicit: Option<bool>,
}

/// A recording that a search has found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hit {
    pub id: String,
    pub title: String,
    /// Or the channel that uploaded it.
    pub artists: Vec<String>,
    pub album: Option<String>,
    pub seconds: Option<f64>,
    pub views: Option<u64>,
    pub is_explicit: Option<bool>,
    /// Whether the label delivered it.
    pub is_verified: bool,
}

/// What is thought of a hit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// 0 to 100; 0 when it is rejected.
    pub score: f64,
    /// Why it is none of those that are chosen from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<&'static str>,
    pub name: f64,
    pub artists: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub album: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<f64>,
    /// Words that make it another version.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<&'static str>,
}

impl Verdict {
    pub(crate) fn has_common_word(&self) -> bool {
        self.rejected != Some(NO_WORD)
    }

    pub(crate) fn has_right_length(&self) -> bool {
        self.time.is_none_or(|time| time >= LEAST_TIME)
    }
}

impl Song {
    pub fn of(track: &Track) -> Self {
        let artists: Vec<_> =
            track.artists.iter().map(|artist| fold(artist)).filter(|artist| !artist.is_empty()).collect();
        let title = Title::of(&track.title, artists.iter().map(String::as_str));
        let known = words(&title.whole).chain(artists.iter().flat_map(|artist| words(artist)));
        let album = track.album.as_deref().map(fold).filter(|album| !album.is_empty());
        Self {
            known: known.map(str::to_owned).collect(),
            of_album: album.as_deref().map_or(Versions::NONE, |album| Versions::of(words(album))),
            album,
            own: Versions::of(words(&title.whole)),
            // Both sides are whole seconds, or one of them would always be half a second off.
            seconds: track.duration_ms.map(|ms| f64::from(ms / 1000)),
            is_explicit: track.is_explicit,
            title,
            artists,
        }
    }

    /// What is thought of a hit. When it answers to the track's ISRC, album and time have less to say.
    pub fn judge(&self, hit: &Hit, is_by_isrc: bool) -> Verdict {
        let seen = Seen::of(hit, self);
        let time = self.time(hit);
        let mut verdict = Verdict {
            score: 0.0,
            rejected: None,
            name: 0.0,
            artists: 0.0,
            album: None,
            time,
            versions: Vec::new(),
        };
        if !self.has_common_word(&seen) {
            verdict.rejected = Some(NO_WORD);
            return verdict;
        }
        let versions = self.versions(&seen);
        verdict.versions = versions.names().collect();
        verdict.artists = self.artists(&seen);
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let cost = VERSION * verdict.versions.len() as f64;
        verdict.name = (self.name(&seen) - cost).max(0.0);
        let mut score = f64::midpoint(verdict.name, verdict.artists);
        if hit.is_verified && !is_by_isrc {
            verdict.album = self.album_match(&seen);
            if let Some(album) = verdict.album.filter(|album| *album <= SAME_ALBUM) {
                let with_album = f64::midpoint(score, album);
                let is_same_length = time.is_some_and(|time| time >= time_match(SAME_LENGTH));
                score = if is_same_length { with_album.max(score - OTHER_ALBUM) } else { with_album };
            }
        }
        verdict.rejected = match time {
            _ if verdict.name <= LEAST_NAME => Some("another title"),
            _ if verdict.artists < LEAST_ARTISTS => Some("another artist"),
            Some(time) if time < LEAST_TIME => Some("another length"),
            Some(time) if time < LEAST_TIME_OF_DOUBTFUL && score < DOUBTFUL => Some("another length"),
            _ => None,
        };
        if verdict.rejected.is_some() {
            return verdict;
        }
        if let Some(time) = time.filter(|_| score <= SURE && !is_by_isrc) {
            score = f64::midpoint(score, time);
        }
        if let (Some(wanted), Some(is)) = (self.is_explicit, hit.is_explicit)
            && wanted != is
        {
            score -= OTHER_EXPLICITNESS;
        }
        verdict.score = score.clamp(0.0, 100.0);
        verdict
    }

    fn has_common_word(&self, seen: &Seen<'_>) -> bool {
        let has_one = |text: &str| words(&self.title.whole).any(|word| has_letters(text, word));
        let theirs = &seen.title.whole;
        // Joined, because one side may write in two words what the other writes in one.
        has_one(theirs) || theirs.contains('-') && has_one(&theirs.replace('-', ""))
    }

    fn time(&self, hit: &Hit) -> Option<f64> {
        Some(time_match(self.seconds? - hit.seconds?.trunc()))
    }

    fn album_match(&self, seen: &Seen<'_>) -> Option<f64> {
        Some(ratio(self.album.as_deref()?, seen.album.as_deref()?))
    }

    /// How the hit is another version than the track.
    fn versions(&self, seen: &Seen<'_>) -> Versions {
        let theirs = &seen.title.whole;
        // Most titles say nothing of the version: then nothing has to be compared.
        let of_title = match Versions::of(words(theirs)) {
            Versions::NONE => Versions::NONE,
            _ => Versions::of(surplus(words(theirs), self.known.iter().map(String::as_str))),
        };
        let of_others = seen
            .artists
            .iter()
            .filter(|artist| !self.artists.contains(artist))
            .fold(Versions::NONE, |all, artist| all.and(Versions::of_channel(artist)));
        let of_album = match seen.album.as_deref() {
            None => Versions::NONE,
            album if album == self.album.as_deref() => self.of_album,
            Some(album) => Versions::of(words(album)),
        };
        let own = self.own;
        let too_much = of_title.and(of_others.without(own)).and(of_album.other_takes().without(own));
        let wanted = match own {
            Versions::NONE => Versions::NONE,
            _ => Versions::of(surplus(words(&self.title.whole), words(theirs))),
        };
        let too_little = wanted.other_takes().without(of_album);
        too_much.without(self.of_album).and(too_little)
    }
}

/// What has to be known of a hit in order to compare it.
struct Seen<'a> {
    hit: &'a Hit,
    title: Title,
    artists: Vec<String>,
    album: Option<String>,
}

impl<'a> Seen<'a> {
    fn of(hit: &'a Hit, song: &Song) -> Self {
        let artists: Vec<_> = hit.artists.iter().map(|artist| fold(artist)).collect();
        let names = artists.iter().chain(&song.artists).map(String::as_str);
        let title = Title::of(&hit.title, names);
        Self { hit, title, album: hit.album.as_deref().map(fold), artists }
    }
}

/// Words of a text that the others do not account for, each of those for one.
fn surplus<'a>(
    of: impl Iterator<Item = &'a str>,
    others: impl Iterator<Item = &'a str> + Clone,
) -> impl Iterator<Item = &'a str> {
    // A bit for each of the others that is taken. Nobody reads a title beyond that many words.
    let mut taken = 0_u64;
    of.filter(move |word| {
        let mut free =
            others.clone().take(64).enumerate().filter(|(at, other)| taken >> at & 1 == 0 && other == word);
        match free.next() {
            Some((at, _)) => {
                taken |= 1 << at;
                false
            }
            None => true,
        }
    })
}

fn time_match(difference: f64) -> f64 {
    100.0 * (-0.1 * difference.abs()).exp()
}
