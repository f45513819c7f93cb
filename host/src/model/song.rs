//! When two tracks are the same song: the same recording, whoever names it.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use super::Track;

/// What a song is known by from its first play on, whichever of its names comes later:
/// `spotify:…`, `isrc:…`, `recording:…` or `text:…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, examples("spotify:4uLU6hMCjMI75M1A2tKUQC"))]
pub struct TrackKey(String);

/// How surely two tracks are one song.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sameness {
    Different,
    /// The same words, and lengths that fit.
    Likely,
    /// The same ISRC or recording.
    Recording,
    /// The same id at the same service.
    Exact,
}

/// Lengths of one recording differ by this much between services.
const SLACK: Duration = Duration::from_secs(3);

impl TrackKey {
    /// The key of a track that nobody has heard before. What is known of it already is the ledger's to say.
    pub fn of(track: &Track) -> Self {
        let names = track.names();
        match names.iter().find(|name| !name.starts_with(TEXT)) {
            Some(name) => Self(name.clone()),
            None => {
                let seconds = track.duration.map(|it| (it.as_millis() + 500) / 1000);
                let text = names.into_iter().next().unwrap_or_else(|| TEXT.to_owned());
                Self(seconds.map_or(text.clone(), |seconds| format!("{text}|{seconds}")))
            }
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for TrackKey {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for TrackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const TEXT: &str = "text:";

impl Track {
    /// An id of this scheme; for `spotify` the one that was asked for, which stays the same in every market.
    pub fn id(&self, scheme: &str) -> Option<&str> {
        self.ids.iter().find(|id| id.scheme == scheme).map(|id| id.value.as_str())
    }

    /// Everything that this song can be found by, the surest first; the last one is its words.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for scheme in ["spotify", "isrc", "recording"] {
            let ids = self.ids.iter().filter(|id| id.scheme == scheme && !id.value.trim().is_empty());
            names.extend(ids.map(|id| format!("{scheme}:{}", plain_id(scheme, &id.value))));
        }
        let (artist, title) = (self.folded_artist(), folded_title(&self.title));
        if !title.is_empty() {
            names.push(format!("{TEXT}{artist}|{title}"));
        }
        names
    }

    pub fn sameness(&self, other: &Self) -> Sameness {
        if self.shares("spotify", other) {
            return Sameness::Exact;
        }
        if self.shares("isrc", other) || self.shares("recording", other) {
            return Sameness::Recording;
        }
        if self.differs("isrc", other) || self.differs("recording", other) {
            return Sameness::Different;
        }
        let is_same = folded_title(&self.title) == folded_title(&other.title)
            && self.folded_artist() == other.folded_artist()
            && !self.title.trim().is_empty();
        if is_same && self.has_length_of(other.duration) { Sameness::Likely } else { Sameness::Different }
    }

    /// Unknown lengths contradict nothing.
    pub fn has_length_of(&self, other: Option<Duration>) -> bool {
        match (self.duration, other) {
            (Some(own), Some(other)) => own.abs_diff(other) <= SLACK,
            _ => true,
        }
    }

    /// `Artist, Artist - Title`, for people.
    pub fn shown(&self) -> String {
        match self.artists.is_empty() {
            true => self.title.clone(),
            false => format!("{} - {}", self.artists.join(", "), self.title),
        }
    }

    fn values(&self, scheme: &str) -> Vec<String> {
        self.ids.iter().filter(|id| id.scheme == scheme).map(|id| plain_id(scheme, &id.value)).collect()
    }

    fn shares(&self, scheme: &str, other: &Self) -> bool {
        let others = other.values(scheme);
        self.values(scheme).iter().any(|id| others.contains(id))
    }

    fn differs(&self, scheme: &str, other: &Self) -> bool {
        let (own, others) = (self.values(scheme), other.values(scheme));
        !own.is_empty() && !others.is_empty() && !own.iter().any(|id| others.contains(id))
    }

    /// Of the main one: services differ in how they join the others to it.
    fn folded_artist(&self) -> String {
        fold(first_artist(self.artists.first().map_or("", String::as_str)))
    }
}

/// ISRCs are written with dashes and in small letters too.
fn plain_id(scheme: &str, value: &str) -> String {
    match scheme {
        "isrc" => value.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase(),
        "recording" => value.trim().to_ascii_lowercase(),
        _ => value.trim().to_owned(),
    }
}

/// Without guests in brackets or behind "feat.", which some services put into titles.
fn folded_title(title: &str) -> String {
    let lower = title.to_lowercase();
    let guests = ["(feat", "[feat", "(ft.", "[ft.", "(with ", "[with ", " feat. ", " ft. "];
    let end = guests.iter().filter_map(|mark| lower.find(mark)).filter(|at| *at > 0).min();
    let (name, rest) = lower.split_at(end.unwrap_or(lower.len()));
    // What follows the bracket, such as "- Live", belongs to the title.
    let after = rest.find([')', ']']).map_or("", |at| &rest[at + 1..]);
    let plain = fold(&format!("{name} {after}"));
    if plain.is_empty() { lower.trim().to_owned() } else { plain }
}

fn first_artist(artists: &str) -> &str {
    let separators = [", ", "; ", " & ", " feat", " ft. ", " x ", " vs", " / ", " with "];
    let end = separators.iter().filter_map(|mark| artists.find(mark)).filter(|at| *at > 0).min();
    &artists[..end.unwrap_or(artists.len())]
}

/// Small letters without accents, words apart by one space.
pub fn fold(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut is_apart = false;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        // An apostrophe holds a word together.
        if matches!(c, '\'' | '\u{2019}' | '\u{2bc}' | '`') {
            continue;
        }
        if !c.is_alphanumeric() {
            is_apart = true;
            continue;
        }
        if is_apart && !words.is_empty() {
            words.push(' ');
        }
        is_apart = false;
        match plain_letter(c) {
            Some(plain) => words.push_str(plain),
            None => words.push(c),
        }
    }
    // All of it may be signs: `!!!` is a band.
    if words.is_empty() { text.trim().to_lowercase() } else { words }
}

/// Letters that are no others with an accent, but are written so.
fn plain_letter(c: char) -> Option<&'static str> {
    Some(match c {
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TrackId;

    fn track(artist: &str, title: &str, seconds: u64, ids: &[(&str, &str)]) -> Track {
        Track {
            title: title.into(),
            artists: vec![artist.into()],
            duration: (seconds > 0).then(|| Duration::from_secs(seconds)),
            ids: ids
                .iter()
                .map(|(scheme, value)| TrackId { scheme: (*scheme).into(), value: (*value).into() })
                .collect(),
            ..Track::default()
        }
    }

    #[test]
    fn the_surest_name_becomes_the_key() {
        let ids = [("isrc", "us-rc1-76-07839"), ("spotify", "4uLU"), ("recording", "ABC")];
        for (count, key) in [(3, "spotify:4uLU"), (1, "isrc:USRC17607839")] {
            assert_eq!(TrackKey::of(&track("A", "B", 200, &ids[..count])).as_str(), key);
        }
        assert_eq!(TrackKey::of(&track("A", "B", 200, &ids[2..])).as_str(), "recording:abc");
        assert_eq!(TrackKey::of(&track("The Café", "B!", 200, &[])).as_str(), "text:the cafe|b|200");
    }

    #[test]
    fn ids_decide_before_words() {
        let one = track("A", "Song", 200, &[("spotify", "1"), ("isrc", "USAA10000001")]);
        let relinked = track("A", "Song (Deluxe)", 200, &[("spotify", "2"), ("isrc", "usaa1-00-00001")]);
        let other = track("A", "Song", 200, &[("spotify", "3"), ("isrc", "USAA10000002")]);
        assert_eq!(one.sameness(&one), Sameness::Exact);
        assert_eq!(one.sameness(&relinked), Sameness::Recording);
        assert_eq!(one.sameness(&other), Sameness::Different);
    }

    #[test]
    fn words_are_compared_as_people_read_them() {
        let plain = track("Beyoncé", "Déjà Vu", 240, &[]);
        for (artist, title) in [
            ("Beyonce, JAY-Z", "Deja Vu (feat. JAY-Z)"),
            ("BEYONCÉ feat. JAY-Z", "Déjà  vu"),
            ("Beyoncé & Jay-Z", "De\u{301}ja\u{300} Vu!"),
        ] {
            assert_eq!(plain.sameness(&track(artist, title, 242, &[])), Sameness::Likely, "{artist} {title}");
        }
        for (artist, title, seconds) in [
            ("Beyoncé", "Déjà Vu (feat. JAY-Z) - Live", 240),
            ("Beyoncé", "Déjà Vu", 250),
            ("Olivia", "Déjà Vu", 240),
            ("Beyoncé", "", 240),
        ] {
            let other = track(artist, title, seconds, &[]);
            assert_eq!(plain.sameness(&other), Sameness::Different, "{artist} {title}");
        }
    }

    #[test]
    fn an_unknown_length_contradicts_nothing() {
        let (long, unknown) = (track("A", "B", 400, &[]), track("A", "B", 0, &[("spotify", "1")]));
        assert_eq!(long.sameness(&unknown), Sameness::Likely);
    }

    #[test]
    fn names_of_signs_stay_apart() {
        let (one, other) = (track("!!!", "+", 200, &[]), track("???", "×", 200, &[]));
        assert_eq!(one.sameness(&other), Sameness::Different);
        assert_eq!(one.sameness(&one), Sameness::Likely);
        assert_eq!(track("Рубль", "Йод", 9, &[]).sameness(&track("рубль", "Иод", 9, &[])), Sameness::Likely);
    }
}
