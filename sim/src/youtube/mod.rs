//! A simulated YouTube Music: a search that answers as the page's own does, and the sound behind it. Beside it, what else
//! a track backend asks the world for: words of songs, and covers.

mod answer;
mod search;
mod server;
mod sound;

use serde::{Deserialize, Serialize};

pub use search::Filter;
pub use server::{YouTubeServer, serve};

/// What is there, and what was asked for. Plain state that tests read and change.
#[derive(Debug, Default)]
pub struct YouTube {
    pub recordings: Vec<Recording>,
    /// Every search is refused with this status.
    pub refuses: Option<u16>,
    /// Searches so far, oldest first.
    pub searches: Vec<Search>,
    /// Ids of recordings whose sound was asked for.
    pub fetched: Vec<String>,
    pub(crate) unexpected: Vec<String>,
}

/// Something that can be found and heard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recording {
    pub id: String,
    pub title: String,
    /// Or the channel, for a video.
    pub artists: Vec<String>,
    pub album: Option<String>,
    pub seconds: u32,
    pub views: u64,
    pub is_explicit: bool,
    pub kind: Kind,
    /// A search for it finds this.
    pub isrc: Option<String>,
    /// Its words, for who asks.
    pub lyrics: Option<String>,
    /// How long the sound really is, where the page tells something else.
    pub sounds_for: Option<u32>,
    /// Its sound is refused with this status.
    pub refuses: Option<u16>,
}

/// Who put it there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The label.
    #[default]
    Song,
    /// The artist.
    OfficialVideo,
    /// Anybody.
    Upload,
}

/// A search, as it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    pub query: String,
    pub filter: Filter,
    /// From 0.
    pub page: usize,
}

impl Default for Recording {
    fn default() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            artists: Vec::new(),
            album: None,
            seconds: 180,
            views: 1_000_000,
            is_explicit: false,
            kind: Kind::default(),
            isrc: None,
            lyrics: None,
            sounds_for: None,
            refuses: None,
        }
    }
}

impl Recording {
    /// A song as a label delivers it. Its id is made from its name, so the same one has it in every world.
    pub fn song(title: &str, artist: &str, album: &str, seconds: u32) -> Self {
        let (title, artists) = (title.to_owned(), vec![artist.to_owned()]);
        let id = id_of(&format!("{artist}/{title}/{album}"));
        Self { id, title, artists, album: Some(album.to_owned()), seconds, ..Self::default() }
    }

    /// A video that somebody has uploaded.
    pub fn upload(title: &str, channel: &str, seconds: u32) -> Self {
        let kind = Kind::Upload;
        Self { album: None, kind, ..Self::song(title, channel, "", seconds) }
    }
}

impl YouTube {
    /// Adds a recording, and gives its id.
    pub fn add(&mut self, recording: Recording) -> String {
        let id = recording.id.clone();
        self.recordings.retain(|other| other.id != id);
        self.recordings.push(recording);
        id
    }

    pub fn recording(&self, id: &str) -> Option<&Recording> {
        self.recordings.iter().find(|recording| recording.id == id)
    }

    pub(crate) fn unexpected(&self) -> Vec<String> {
        self.unexpected.clone()
    }
}

/// Eleven letters, as theirs are.
fn id_of(name: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    (0..11).map(|at| char::from(LETTERS[(hash >> (5 * at)) as usize & 63])).collect()
}
