use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

/// What can be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Song(Song),
    Episode(Episode),
    /// A file of the listener's own.
    Local(Local),
    /// The Web API says no more of it than that it is one.
    Ad(Duration),
    /// Something that the Web API names without an item.
    Unknown(Duration),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Song {
    pub id: String,
    pub title: String,
    pub artists: Vec<String>,
    pub album: String,
    pub duration: Duration,
    pub isrc: Option<String>,
    pub is_explicit: bool,
    pub release_date: Option<String>,
    pub track_number: u32,
    /// Addresses and widths.
    pub covers: Vec<(String, u32)>,
    /// The ids that it goes by in other markets.
    pub relinks: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    pub id: String,
    pub title: String,
    pub show: String,
    pub duration: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    pub title: String,
    pub artist: String,
    pub album: String,
    pub duration: Duration,
}

/// What an application is told.
#[derive(Clone, Copy, Debug)]
pub struct Tells {
    /// Applications in development mode are not told since 2026.
    pub links: bool,
    pub external_ids: bool,
}

impl Default for Tells {
    fn default() -> Self {
        Self { links: true, external_ids: true }
    }
}

impl Song {
    /// A song whose id and ISRC follow from its words.
    pub fn new(artist: &str, title: &str, seconds: u64) -> Self {
        let number = crc32fast::hash(format!("{artist}\n{title}").as_bytes());
        Self {
            id: id_of(number),
            title: title.into(),
            artists: vec![artist.into()],
            album: format!("{title} (Album)"),
            duration: Duration::from_secs(seconds),
            isrc: Some(format!("QZSIM{:07}", number % 10_000_000)),
            is_explicit: false,
            release_date: Some("2001-02-03".into()),
            track_number: 1,
            covers: vec![(format!("https://i.scdn.co/image/{number:08x}"), 640)],
            relinks: BTreeMap::new(),
        }
    }

    /// "Song 7" by "Artist 2": a different one for each number.
    pub fn numbered(number: usize, seconds: u64) -> Self {
        Self::new(&format!("Artist {}", number % 5), &format!("Song {number}"), seconds)
    }

    /// In this market, it goes by another id.
    pub fn relinked(mut self, market: &str, id: &str) -> Self {
        self.relinks.insert(market.into(), id.into());
        self
    }
}

/// 22 letters and digits, as all ids there.
fn id_of(number: u32) -> String {
    const LETTERS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut rest = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut letters = Vec::with_capacity(22);
    for _ in 0..22 {
        letters.push(LETTERS[usize::try_from(rest % 62).expect("below 62")]);
        rest = (rest / 62) ^ rest.rotate_left(17).wrapping_mul(0xD134_2543_DE82_EF95);
    }
    letters.into_iter().map(char::from).collect()
}

impl Item {
    pub fn duration(&self) -> Duration {
        match self {
            Self::Song(song) => song.duration,
            Self::Episode(episode) => episode.duration,
            Self::Local(local) => local.duration,
            Self::Ad(duration) | Self::Unknown(duration) => *duration,
        }
    }

    /// As in `currently_playing_type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Song(_) | Self::Local(_) => "track",
            Self::Episode(_) => "episode",
            Self::Ad(_) => "ad",
            Self::Unknown(_) => "unknown",
        }
    }

    pub(super) fn to_json(&self, market: &str, tells: Tells) -> Value {
        match self {
            Self::Song(song) => song.to_json(market, tells),
            Self::Episode(episode) => episode.to_json(),
            Self::Local(local) => local.to_json(),
            Self::Ad(_) | Self::Unknown(_) => Value::Null,
        }
    }
}

impl From<Song> for Item {
    fn from(song: Song) -> Self {
        Self::Song(song)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn artist(name: &str) -> Value {
    json!({ "external_urls": {}, "href": null, "id": null, "name": name, "type": "artist", "uri": null })
}

impl Song {
    fn to_json(&self, market: &str, tells: Tells) -> Value {
        let relinked = self.relinks.get(market);
        let id = relinked.unwrap_or(&self.id);
        let artists: Vec<Value> = self.artists.iter().map(|name| artist(name)).collect();
        let images: Vec<Value> = self
            .covers
            .iter()
            .map(|(url, width)| json!({ "url": url, "width": width, "height": width }))
            .collect();
        let mut item = json!({
            "album": {
                "album_type": "album", "artists": [artists[0]], "id": "6XhjNHCyCDyyGJRM5mg40G", "images": images,
                "external_urls": { "spotify": "https://open.spotify.com/album/6XhjNHCyCDyyGJRM5mg40G" },
                "href": "https://api.spotify.com/v1/albums/6XhjNHCyCDyyGJRM5mg40G", "is_playable": true,
                "name": self.album, "release_date": self.release_date, "release_date_precision": "day",
                "total_tracks": 10, "type": "album", "uri": "spotify:album:6XhjNHCyCDyyGJRM5mg40G",
            },
            "artists": artists, "disc_number": 1, "duration_ms": millis(self.duration), "explicit": self.is_explicit,
            "external_urls": { "spotify": format!("https://open.spotify.com/track/{id}") },
            "href": format!("https://api.spotify.com/v1/tracks/{id}"), "id": id, "is_local": false, "is_playable": true,
            "name": self.title, "preview_url": null, "track_number": self.track_number, "type": "track",
            "uri": format!("spotify:track:{id}"),
        });
        if tells.external_ids {
            item["external_ids"] = self.isrc.as_ref().map_or(json!({}), |isrc| json!({ "isrc": isrc }));
        }
        if tells.links && relinked.is_some() {
            item["linked_from"] = json!({
                "external_urls": { "spotify": format!("https://open.spotify.com/track/{}", self.id) },
                "href": format!("https://api.spotify.com/v1/tracks/{}", self.id), "id": self.id, "type": "track",
                "uri": format!("spotify:track:{}", self.id),
            });
        }
        item
    }
}

impl Episode {
    pub fn new(show: &str, title: &str, seconds: u64) -> Self {
        let id = id_of(crc32fast::hash(format!("{show}\n{title}").as_bytes()));
        Self { id, title: title.into(), show: show.into(), duration: Duration::from_secs(seconds) }
    }

    fn to_json(&self) -> Value {
        let images = json!([{ "url": "https://i.scdn.co/image/show", "width": 640, "height": 640 }]);
        json!({
            "audio_preview_url": null, "description": "", "duration_ms": millis(self.duration), "explicit": false,
            "external_urls": { "spotify": format!("https://open.spotify.com/episode/{}", self.id) },
            "href": format!("https://api.spotify.com/v1/episodes/{}", self.id), "html_description": "", "id": self.id,
            "images": images, "is_externally_hosted": false, "is_playable": true, "language": "en", "languages": ["en"],
            "name": self.title, "release_date": "2020-01-01", "release_date_precision": "day", "type": "episode",
            "uri": format!("spotify:episode:{}", self.id),
            "show": { "name": self.show, "publisher": "Somebody", "images": images, "type": "show", "total_episodes": 7,
                      "id": "38bS44xjbVVZ3No3ByF1dJ", "uri": "spotify:show:38bS44xjbVVZ3No3ByF1dJ" },
        })
    }
}

impl Local {
    pub fn new(artist: &str, title: &str, seconds: u64) -> Self {
        let (title, artist) = (title.into(), artist.into());
        Self { title, artist, album: String::new(), duration: Duration::from_secs(seconds) }
    }

    fn to_json(&self) -> Value {
        json!({
            "album": { "album_type": null, "artists": [], "available_markets": [], "external_urls": {}, "href": null,
                       "id": null, "images": [], "name": self.album, "release_date": null,
                       "release_date_precision": null, "type": "album", "uri": null },
            "artists": [artist(&self.artist)], "available_markets": [], "disc_number": 0,
            "duration_ms": millis(self.duration), "explicit": false, "external_ids": {}, "external_urls": {},
            "href": null, "id": null, "is_local": true, "name": self.title, "popularity": 0, "preview_url": null,
            "track_number": 0, "type": "track",
            "uri": format!("spotify:local:{}:{}:{}:{}", self.artist, self.album, self.title, self.duration.as_secs()),
        })
    }
}
