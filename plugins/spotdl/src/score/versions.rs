//! Words that make another recording of a song: a remix, a concert, a karaoke version.

use crate::text::words;

/// What a title, or the name of who uploaded it, says of the version. Each costs the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Versions(u32);

/// Their names, as reasons give them.
const NAMES: [&str; 22] = [
    "bass boosted",
    "remix",
    "remaster",
    "reverb",
    "live",
    "acoustic",
    "8D",
    "concert",
    "a cappella",
    "slowed",
    "instrumental",
    "cover",
    "karaoke",
    "sped up",
    "loop",
    "tribute",
    "demo",
    "lesson",
    "reaction",
    "ringtone",
    "mashup",
    "piano",
];
const BASS: u32 = 0;
const REMIX: u32 = 1;
const REMASTER: u32 = 2;
const REVERB: u32 = 3;
const LIVE: u32 = 4;
const ACOUSTIC: u32 = 5;
const EIGHT_D: u32 = 6;
const CONCERT: u32 = 7;
const CAPPELLA: u32 = 8;
const SLOWED: u32 = 9;
const INSTRUMENTAL: u32 = 10;
const COVER: u32 = 11;
const KARAOKE: u32 = 12;
const SPED_UP: u32 = 13;
const LOOP: u32 = 14;
const TRIBUTE: u32 = 15;
const DEMO: u32 = 16;
const LESSON: u32 = 17;
const REACTION: u32 = 18;
const RINGTONE: u32 = 19;
const MASHUP: u32 = 20;
const PIANO: u32 = 21;

impl Versions {
    pub(crate) const NONE: Self = Self(0);
    /// The same take, cut anew: who wants one of the two takes the other.
    const SAME_TAKE: Self = Self(1 << REMASTER);
    /// What can be told from the name of a channel. Halls, festivals and labels have the other words in theirs.
    const OF_CHANNELS: Self = Self(
        1 << COVER
            | 1 << KARAOKE
            | 1 << SPED_UP
            | 1 << TRIBUTE
            | 1 << EIGHT_D
            | 1 << SLOWED
            | 1 << INSTRUMENTAL
            | 1 << LESSON
            | 1 << RINGTONE
            | 1 << BASS
            | 1 << LOOP
            | 1 << REACTION,
    );

    /// What these words say.
    pub(crate) fn of<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut found = 0;
        let (mut last, mut before) = ("", "");
        for word in words {
            if let Some(version) = by_word(word).or_else(|| by_pair(last, word)) {
                found |= 1 << version;
            }
            if (before, last, word) == ("in", "style", "of") || (before, last, word) == ("the", "style", "of")
            {
                found |= 1 << KARAOKE;
            }
            (before, last) = (last, word);
        }
        Self(found)
    }

    /// What the name of somebody who uploads says.
    pub(crate) fn of_channel(folded: &str) -> Self {
        Self(Self::of(words(folded)).0 & Self::OF_CHANNELS.0)
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those that cannot stand in for another.
    pub(crate) const fn other_takes(self) -> Self {
        self.without(Self::SAME_TAKE)
    }

    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 == 1).map(|(_, name)| name)
    }
}

fn by_word(word: &str) -> Option<u32> {
    Some(match word {
        "bassboosted" | "bassboost" => BASS,
        "remix" | "remixed" | "rmx" => REMIX,
        "remaster" | "remastered" | "remasterizado" => REMASTER,
        "reverb" | "reverbed" => REVERB,
        "live" | "unplugged" => LIVE,
        "acoustic" | "acustico" | "akustik" => ACOUSTIC,
        "8d" | "8daudio" | "9d" | "16d" => EIGHT_D,
        "concert" => CONCERT,
        "acapella" | "acappella" | "accapella" | "cappella" => CAPPELLA,
        "slowed" | "daycore" => SLOWED,
        "instrumental" | "instrumentals" => INSTRUMENTAL,
        "cover" | "covers" | "covered" => COVER,
        "karaoke" | "singalong" => KARAOKE,
        "sped" | "spedup" | "nightcore" => SPED_UP,
        "loop" | "looped" => LOOP,
        "tribute" => TRIBUTE,
        "demo" | "rehearsal" => DEMO,
        "lesson" | "tutorial" => LESSON,
        "reaction" | "reacts" | "reacting" => REACTION,
        "ringtone" => RINGTONE,
        "mashup" | "medley" | "megamix" | "parody" => MASHUP,
        _ => return None,
    })
}

fn by_pair(first: &str, second: &str) -> Option<u32> {
    let is_count =
        |word: &str| word == "one" || word.bytes().all(|byte| byte.is_ascii_digit()) && !word.is_empty();
    Some(match (first, second) {
        ("bass", "boosted" | "boost") => BASS,
        ("speed" | "speeded", "up") => SPED_UP,
        ("backing", "track") | ("sing", "along") | ("minus", "one") => KARAOKE,
        ("type", "beat") => INSTRUMENTAL,
        ("vocals", "only") => CAPPELLA,
        ("made", "famous") | ("originally", "performed") => TRIBUTE,
        ("piano", "version" | "cover" | "solo") => PIANO,
        ("lullaby", "version" | "rendition" | "renditions") | ("music", "box") => TRIBUTE,
        (count, "hour" | "hours" | "hr" | "hrs") if is_count(count) => LOOP,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        Versions::of(words(text)).names().collect()
    }

    #[test]
    fn versions_are_told_by_words() {
        assert_eq!(names("hello-remastered-remaster-2011"), ["remaster"]);
        assert_eq!(names("hello-slowed-reverb"), ["reverb", "slowed"]);
        assert_eq!(names("hello-live-in-concert"), ["live", "concert"]);
        assert_eq!(names("hello-speed-up-1-hour"), ["sped up", "loop"]);
        assert_eq!(names("hello-in-the-style-of-adele"), ["karaoke"]);
        assert_eq!(names("hello-bass-boosted-8d-audio"), ["bass boosted", "8D"]);
    }

    #[test]
    fn parts_of_words_say_nothing() {
        for text in [
            "alive",
            "discover",
            "undercover-lover",
            "oliver",
            "remixes-of-time-0",
            "speed-of-sound",
            "up",
            "hour",
        ] {
            assert!(names(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn channels_tell_less_than_titles() {
        assert_eq!(Versions::of_channel("karaoke-version").names().collect::<Vec<_>>(), ["karaoke"]);
        assert_eq!(Versions::of_channel("live-nation-concert-hall"), Versions::NONE);
        assert_eq!(names("live").len(), 1);
    }

    #[test]
    fn a_remaster_is_the_same_take() {
        assert_eq!(Versions::of(words("remaster")).other_takes(), Versions::NONE);
        assert_ne!(Versions::of(words("live")).other_takes(), Versions::NONE);
    }
}
