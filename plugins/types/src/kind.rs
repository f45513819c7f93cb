//! What a message is.

use schemars::JsonSchema;
use serde::{
    Deserialize,
    de::{
        IntoDeserializer as _,
        value::{Error, StrDeserializer},
    },
};
use tapedeck_plugin::{MediaKind, Message, marks};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Without media, the preview of a link left aside.
    Text,
    /// Somebody joined, a title changed, a message was pinned.
    Service,
    Photo,
    Video,
    /// A round video.
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
    /// A text with the preview of a link. It is a `text` too.
    WebPage,
    Game,
    Invoice,
    Dice,
    Story,
    Giveaway,
    GiveawayResults,
    /// Media that has to be paid for.
    Paid,
    /// A list of things to do.
    ToDo,
    VideoStream,
    /// Whatever is newer than this plugin.
    Other,
}

/// A set of kinds, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kinds(u32);

impl Kinds {
    pub(crate) fn of(kinds: &[Kind]) -> Self {
        Self(kinds.iter().fold(0, |bits, &kind| bits | 1 << kind as u32))
    }

    /// Usually one; the preview of a link is a text too.
    pub(crate) fn of_message(message: &Message<'_>) -> Self {
        if message.is(marks::SERVICE) {
            return Self::of(&[Kind::Service]);
        }
        match message.media() {
            MediaKind::Nothing | MediaKind::Empty => Self::of(&[Kind::Text]),
            MediaKind::WebPage => Self::of(&[Kind::Text, Kind::WebPage]),
            media => Self::of(&[kind(media)]),
        }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn contains(self, kind: Kind) -> bool {
        self.meet(Self::of(&[kind]))
    }
}

/// Both lists call them the same.
fn kind(media: MediaKind) -> Kind {
    let name: StrDeserializer<'_, Error> = media.name().into_deserializer();
    Kind::deserialize(name).unwrap_or(Kind::Other)
}
