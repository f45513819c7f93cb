//! What the operator may set.

use schemars::JsonSchema;
use serde::Deserialize;
use tapedeck_plugin::Error;

/// What the operator may set.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where YouTube Music is searched. Another address needs a grant of its own.
    pub(crate) search_url: String,
    /// What yt-dlp is told to fetch; `{id}` stands for the recording's id.
    pub(crate) watch_url: String,
    /// The country that the search is made for, as two letters. Without one, the country of the machine's address.
    pub(crate) country: Option<String>,
    /// How many hits of each search are looked at while none is sure.
    pub(crate) results: u32,
    /// Recordings with a lower score, 0 to 100, are not offered at all.
    pub(crate) min_score: f64,
    /// What the recording becomes.
    pub(crate) format: Format,
    /// Bits per second, such as "128k"; "auto" as many as the source has; "disable" takes the sound as it is where the format
    /// allows that.
    pub(crate) bitrate: Bitrate,
    /// Which of the source's formats yt-dlp chooses, in its own words. Without it, what fits the format best.
    pub(crate) source_format: Option<String>,
    /// How often yt-dlp tries again when a download breaks.
    pub(crate) retries: u32,
    /// Text of a cookies file in Netscape's format, for recordings that need an account. Best given as a secret:
    /// { file = "/path/to/cookies.txt" }.
    pub(crate) cookies: Option<String>,
    /// Further arguments for yt-dlp, before the address.
    pub(crate) extra_args: Vec<String>,
    /// How long yt-dlp and ffmpeg may take, each, in seconds. The limits of the plugin and of its grants hold in any case.
    pub(crate) program_seconds: u32,
    /// A recording whose length differs from the track's by more seconds is refused after the download too.
    pub(crate) max_difference_seconds: u32,
    /// Puts the album's picture into the file.
    pub(crate) cover: bool,
    /// Leaves out larger pictures.
    pub(crate) max_cover_bytes: u32,
    /// A server that answers as lrclib.net does, which is asked for the words of the song. Empty for no words.
    pub(crate) lyrics_url: String,
    /// For how many hours it is remembered that nothing was found, or that a recording cannot be had. 0 for not at all.
    pub(crate) forget_failures_hours: u32,
    /// For how many hours it is remembered what was found. 0 for not at all.
    pub(crate) forget_found_hours: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            search_url: "https://music.youtube.com".into(),
            watch_url: "https://music.youtube.com/watch?v={id}".into(),
            country: None,
            results: 50,
            min_score: 0.0,
            format: Format::Mp3,
            bitrate: Bitrate::default(),
            source_format: None,
            retries: 5,
            cookies: None,
            extra_args: Vec::new(),
            program_seconds: 240,
            max_difference_seconds: 14,
            cover: true,
            max_cover_bytes: 2 << 20,
            lyrics_url: "https://lrclib.net".into(),
            forget_failures_hours: 24,
            forget_found_hours: 7 * 24,
        }
    }
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Mp3,
    M4a,
    Opus,
    Ogg,
    Flac,
}

/// How much of the sound is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "^(auto|disable|[0-9]{1,3}k)$"))]
pub(crate) enum Bitrate {
    /// As the source.
    Auto,
    /// No new encoding.
    Disable,
    /// Thousands of bits per second.
    Fixed(u32),
}

impl Default for Bitrate {
    fn default() -> Self {
        Self::Fixed(128)
    }
}

impl serde::Serialize for Bitrate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Disable => serializer.serialize_str("disable"),
            Self::Fixed(kilobits) => serializer.collect_str(&format_args!("{kilobits}k")),
        }
    }
}

impl TryFrom<String> for Bitrate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "auto" => Ok(Self::Auto),
            "disable" => Ok(Self::Disable),
            _ => match text.strip_suffix('k').and_then(|number| number.parse().ok()) {
                Some(kilobits @ 8..=320) => Ok(Self::Fixed(kilobits)),
                _ => {
                    Err(format!("`{text}` is no bitrate: write \"auto\", \"disable\", or \"8k\" to \"320k\""))
                }
            },
        }
    }
}

impl Format {
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::M4a => "m4a",
            Self::Opus => "opus",
            Self::Ogg => "ogg",
            Self::Flac => "flac",
        }
    }

    pub(crate) const fn mime(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
            Self::M4a => "audio/mp4",
            Self::Opus | Self::Ogg => "audio/ogg",
            Self::Flac => "audio/flac",
        }
    }
}

impl Settings {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let is_address = |text: &str| text.starts_with("https://") || text.starts_with("http://");
        if !is_address(&self.search_url) {
            return Err(Error::settings(
                "`search_url` is no address: write it as \"https://music.youtube.com\"",
            ));
        }
        if !is_address(&self.watch_url) || !self.watch_url.contains("{id}") {
            let why = "`watch_url` has to be an address with {id} in it: \"https://music.youtube.com/watch?v={id}\"";
            return Err(Error::settings(why));
        }
        if !self.lyrics_url.is_empty() && !is_address(&self.lyrics_url) {
            return Err(Error::settings(
                "`lyrics_url` is no address: write \"https://lrclib.net\", or \"\" for no words",
            ));
        }
        if !(0.0..=100.0).contains(&self.min_score) {
            return Err(Error::settings("`min_score` is not between 0 and 100"));
        }
        if self
            .country
            .as_ref()
            .is_some_and(|it| it.len() != 2 || !it.bytes().all(|it| it.is_ascii_alphabetic()))
        {
            return Err(Error::settings("`country` is no country: write two letters, such as \"ES\""));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Settings)) -> Result<(), Error> {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.check()
    }

    #[test]
    fn defaults_are_fine() {
        check(|_| {}).unwrap();
        assert_eq!(Settings::default().bitrate, Bitrate::Fixed(128));
    }

    #[test]
    fn wrong_settings_are_named() {
        for (wrong, name) in [
            (check(|it| it.search_url = "music.youtube.com".into()), "`search_url`"),
            (check(|it| it.watch_url = "https://youtu.be/".into()), "`watch_url`"),
            (check(|it| it.lyrics_url = "lrclib".into()), "`lyrics_url`"),
            (check(|it| it.min_score = 101.0), "`min_score`"),
            (check(|it| it.country = Some("Spain".into())), "`country`"),
        ] {
            assert!(matches!(wrong, Err(Error::Settings(text)) if text.starts_with(name)), "{name}");
        }
    }

    #[test]
    fn bitrates_are_read_as_written() {
        let read = |text: &str| Bitrate::try_from(text.to_owned());
        assert_eq!((read("auto"), read("disable")), (Ok(Bitrate::Auto), Ok(Bitrate::Disable)));
        assert_eq!(read("256k"), Ok(Bitrate::Fixed(256)));
        for wrong in ["256", "k", "1k", "999k", "-1k", "128 k"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
