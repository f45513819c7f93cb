//! What there is to say of a song, in words that do not disturb their neighbours.

use crate::model::{Play, Said, SourceName, Track};

/// The names that templates may use, but for `song`, which is made of these.
pub(super) const NAMES: [&str; 8] =
    ["artists", "artist", "title", "album", "year", "duration", "link", "source"];

/// The words of one song, by name. What is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) artists: String,
    pub(super) artist: String,
    pub(super) title: String,
    pub(super) album: String,
    pub(super) year: String,
    pub(super) duration: String,
    pub(super) link: String,
    pub(super) source: String,
}

impl Words {
    pub(super) fn of(play: &Play) -> Self {
        let track = &play.track;
        let artists: Vec<String> = track.artists.iter().map(|name| clean(name)).collect();
        Self {
            artist: artists.first().cloned().unwrap_or_default(),
            artists: artists.join(", "),
            title: clean(&track.title),
            album: clean(track.album.as_deref().unwrap_or_default()),
            year: year(track),
            duration: duration(track),
            link: link(track),
            source: play.sources.first().map(source).unwrap_or_default(),
        }
    }

    pub(super) fn get(&self, name: &str) -> &str {
        match name {
            "artists" => &self.artists,
            "artist" => &self.artist,
            "title" => &self.title,
            "album" => &self.album,
            "year" => &self.year,
            "duration" => &self.duration,
            "link" => &self.link,
            "source" => &self.source,
            _ => "",
        }
    }
}

/// One line, without marks that turn the writing of all that follows them.
fn clean(text: &str) -> String {
    let is_turning =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let visible = text.chars().filter(|c| !is_turning(*c) && *c != '\u{feff}');
    let plain: String = visible.map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether it is written from right to left, or has such words in it.
pub(super) fn is_right_to_left(text: &str) -> bool {
    // Hebrew to Arabic Extended-A, their presentation forms, and the scripts of the first plane that are alike.
    let is_right = |c: char| {
        matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}')
            || matches!(c, '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    };
    text.chars().any(is_right)
}

fn year(track: &Track) -> String {
    let digits = track.release_date.as_deref().unwrap_or_default().chars().take(4);
    digits.take_while(char::is_ascii_digit).collect()
}

fn duration(track: &Track) -> String {
    let Some(seconds) = track.duration.map(|it| (it.as_millis() + 500) / 1000) else { return String::new() };
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Where people can listen to it. Scrobblers may call anything an id.
fn link(track: &Track) -> String {
    let id = |scheme: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        track.id(scheme).filter(|id| !id.is_empty() && id.len() <= 64 && id.chars().all(is_plain))
    };
    if let Some(id) = id("spotify") {
        return format!("https://open.spotify.com/track/{id}");
    }
    id("recording").map(|id| format!("https://musicbrainz.org/recording/{id}")).unwrap_or_default()
}

fn source(said: &Said) -> String {
    let name = match said.source {
        SourceName::Spotify => "Spotify",
        SourceName::ListenBrainz => "ListenBrainz",
    };
    clean(said.client.as_deref().unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::TrackId;

    #[test]
    fn marks_that_turn_the_writing_are_left_out() {
        assert_eq!(clean(" a\u{202e}b\u{2067}\n\tc\u{0}  d\u{feff} "), "ab c d");
        // What joins letters and pictures stays.
        assert_eq!(clean("می\u{200c}خواهم 👩\u{200d}🎤"), "می\u{200c}خواهم 👩\u{200d}🎤");
        assert!(
            is_right_to_left("Song שיר") && is_right_to_left("أغنية") && !is_right_to_left("Песня 歌 🎵")
        );
    }

    #[test]
    fn links_are_made_of_plain_ids() {
        let track = |scheme: &str, value: &str| Track {
            ids: vec![TrackId { scheme: scheme.into(), value: value.into() }],
            ..Track::default()
        };
        assert_eq!(link(&track("spotify", "4cOd")), "https://open.spotify.com/track/4cOd");
        assert_eq!(link(&track("recording", "a-1")), "https://musicbrainz.org/recording/a-1");
        assert_eq!(link(&track("spotify", "x/../y?z")), "");
        assert_eq!(link(&track("isrc", "US1")), "");
    }

    #[test]
    fn lengths_and_years_are_short() {
        let track = |seconds, date: &str| Track {
            duration: Some(Duration::from_secs(seconds)),
            release_date: Some(date.into()),
            ..Track::default()
        };
        assert_eq!((duration(&track(65, "")), year(&track(1, "1999-05"))), ("1:05".into(), "1999".into()));
        assert_eq!((duration(&track(3_725, "")), year(&track(1, "soon"))), ("1:02:05".into(), String::new()));
    }
}
