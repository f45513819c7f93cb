//! What a message carries besides text.

use serde::{Deserialize, Serialize};

use super::{Extra, PeerId, file::File, message::Story, poll::Poll};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Media {
    pub kind: MediaKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Box<File>>,
    /// Covers, other qualities, pictures of a page, a paid album.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_files: Vec<File>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_spoiler: bool,
    /// Destroys itself so long after it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Box<Detail>>,
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

impl Media {
    pub(super) fn collect_files<'a>(&'a self, files: &mut Vec<&'a File>) {
        files.extend(self.file.as_deref());
        files.extend(&self.more_files);
    }
}

/// In the order of their numbers in the plugins' contract: new ones come last.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum MediaKind {
    Photo,
    Video,
    VideoNote,
    Animation,
    Voice,
    Audio,
    Sticker,
    Document,
    Contact,
    Place,
    LivePlace,
    Venue,
    Poll,
    WebPage,
    Game,
    Invoice,
    Dice,
    Story,
    Giveaway,
    GiveawayResults,
    Paid,
    ToDo,
    VideoStream,
    Unsupported,
    Empty,
}

impl MediaKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Video => "video",
            Self::VideoNote => "video-note",
            Self::Animation => "animation",
            Self::Voice => "voice",
            Self::Audio => "audio",
            Self::Sticker => "sticker",
            Self::Document => "document",
            Self::Contact => "contact",
            Self::Place => "place",
            Self::LivePlace => "live-place",
            Self::Venue => "venue",
            Self::Poll => "poll",
            Self::WebPage => "web-page",
            Self::Game => "game",
            Self::Invoice => "invoice",
            Self::Dice => "dice",
            Self::Story => "story",
            Self::Giveaway => "giveaway",
            Self::GiveawayResults => "giveaway-results",
            Self::Paid => "paid",
            Self::ToDo => "to-do",
            Self::VideoStream => "video-stream",
            Self::Unsupported => "unsupported",
            Self::Empty => "empty",
        }
    }
}

/// What a kind of media says of itself. Kinds without one keep all in `extra`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detail {
    Contact(Contact),
    Place(Place),
    Poll(Poll),
    WebPage(WebPage),
    Dice { emoji: String, value: i32 },
    Story(Story),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub phone: String,
    pub first_name: String,
    pub last_name: String,
    pub vcard: String,
    /// 0 for somebody without an account.
    pub user: PeerId,
}

/// A point on the map, with the name of a venue when it has one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub latitude: f64,
    pub longitude: f64,
    pub access_hash: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy_meters: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue: Option<Venue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LivePlace>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Venue {
    pub title: String,
    pub address: String,
    pub provider: String,
    pub id: String,
    pub kind: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LivePlace {
    pub period_seconds: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading_degrees: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert_meters: Option<i32>,
}

/// The preview of a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebPage {
    pub id: i64,
    pub url: String,
    pub display_url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}
