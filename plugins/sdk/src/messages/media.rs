//! What can hang on a message.

/// The kind of a message's media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaKind {
    Nothing,
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
    /// Something newer than this crate.
    Other(u16),
}

/// By their numbers in the contract.
const ALL: [(MediaKind, &str); 26] = [
    (MediaKind::Nothing, "nothing"),
    (MediaKind::Photo, "photo"),
    (MediaKind::Video, "video"),
    (MediaKind::VideoNote, "video-note"),
    (MediaKind::Animation, "animation"),
    (MediaKind::Voice, "voice"),
    (MediaKind::Audio, "audio"),
    (MediaKind::Sticker, "sticker"),
    (MediaKind::Document, "document"),
    (MediaKind::Contact, "contact"),
    (MediaKind::Place, "place"),
    (MediaKind::LivePlace, "live-place"),
    (MediaKind::Venue, "venue"),
    (MediaKind::Poll, "poll"),
    (MediaKind::WebPage, "web-page"),
    (MediaKind::Game, "game"),
    (MediaKind::Invoice, "invoice"),
    (MediaKind::Dice, "dice"),
    (MediaKind::Story, "story"),
    (MediaKind::Giveaway, "giveaway"),
    (MediaKind::GiveawayResults, "giveaway-results"),
    (MediaKind::Paid, "paid"),
    (MediaKind::ToDo, "to-do"),
    (MediaKind::VideoStream, "video-stream"),
    (MediaKind::Unsupported, "unsupported"),
    (MediaKind::Empty, "empty"),
];

impl MediaKind {
    pub fn from_number(number: u16) -> Self {
        ALL.get(usize::from(number)).map_or(Self::Other(number), |&(kind, _)| kind)
    }

    /// Its number in the contract.
    pub fn number(self) -> u16 {
        if let Self::Other(number) = self {
            return number;
        }
        ALL.iter()
            .zip(0..)
            .find_map(|(&(kind, _), number)| (kind == self).then_some(number))
            .unwrap_or(u16::MAX)
    }

    /// `photo`, `video-note` and so on; `other` for something newer than this crate.
    pub fn name(self) -> &'static str {
        ALL.get(usize::from(self.number())).map_or("other", |&(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_kinds_are_the_same_list() {
        for number in 0..100 {
            assert_eq!(MediaKind::from_number(number).number(), number);
        }
        assert_eq!((MediaKind::Photo.number(), MediaKind::Empty.number()), (1, 25));
        assert_eq!((MediaKind::VideoNote.name(), MediaKind::Other(99).name()), ("video-note", "other"));
    }
}
