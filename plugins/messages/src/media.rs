//! What a message carries besides text.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::facts::Entity;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Media {
    /// As in the contract: `photo`, `video-note`.
    pub kind: String,
    pub file: Option<File>,
    pub more_files: Vec<File>,
    pub is_spoiler: bool,
    pub ttl_seconds: Option<i64>,
    pub detail: Detail,
    /// By Telegram's own names.
    pub extra: Map<String, Value>,
}

/// What a kind of media says of itself: at most one of these.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Detail {
    pub contact: Option<Contact>,
    pub place: Option<Point>,
    pub poll: Option<Poll>,
    pub web_page: Option<WebPage>,
    pub dice: Option<Dice>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct File {
    pub id: i64,
    pub size_bytes: i64,
    pub mime: String,
    pub name: Option<String>,
    pub picture: Option<Picture>,
    pub video: Option<Video>,
    pub audio: Option<Audio>,
    pub sticker: Option<Sticker>,
    pub sizes: Option<Vec<Size>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Picture {
    pub width: i64,
    pub height: i64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Video {
    pub pixels: Picture,
    pub seconds: f64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Audio {
    pub seconds: i64,
    pub title: Option<String>,
    pub performer: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sticker {
    pub emoji: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Size {
    pub pixels: Option<Picture>,
}

impl File {
    pub fn pixels(&self) -> Option<Picture> {
        let largest = || {
            let sizes = self.sizes.iter().flatten().filter_map(|size| size.pixels);
            sizes.max_by_key(|pixels| pixels.width * pixels.height)
        };
        self.video.map(|video| video.pixels).or(self.picture).or_else(largest)
    }

    pub fn seconds(&self) -> Option<i64> {
        #[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate")]
        let video = self.video.map(|video| video.seconds.round() as i64);
        video.or_else(|| self.audio.as_ref().map(|audio| audio.seconds))
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Contact {
    pub phone: String,
    pub first_name: String,
    pub last_name: String,
    pub vcard: String,
}

impl Contact {
    pub fn name(&self) -> String {
        let parts = [self.first_name.as_str(), self.last_name.as_str()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Point {
    pub latitude: f64,
    pub longitude: f64,
    pub venue: Option<Venue>,
    pub live: Option<Live>,
}

impl Point {
    /// A map of it.
    pub fn link(&self) -> String {
        let Self { latitude, longitude, .. } = self;
        format!(
            "https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=16/{latitude}/{longitude}"
        )
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Venue {
    pub title: String,
    pub address: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Live {
    pub period_seconds: i64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RichText {
    pub text: String,
    pub entities: Vec<Entity>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Poll {
    pub question: RichText,
    pub answers: Vec<PollAnswer>,
    pub is_closed: bool,
    pub is_quiz: bool,
    pub is_multiple_choice: bool,
    results: PollResults,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PollAnswer {
    pub text: RichText,
    option: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct PollResults {
    total: Option<i64>,
    votes: Option<Vec<PollVotes>>,
}

/// What was chosen how often.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PollVotes {
    option: String,
    pub voters: Option<i64>,
    pub is_chosen: bool,
    pub is_correct: bool,
}

impl Poll {
    pub fn total(&self) -> i64 {
        self.results.total.unwrap_or(0)
    }

    pub fn votes(&self, answer: &PollAnswer) -> Option<&PollVotes> {
        self.results.votes.iter().flatten().find(|votes| votes.option == answer.option)
    }
}

/// The preview of a link.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct WebPage {
    pub url: String,
    pub site: Option<String>,
    pub title: Option<String>,
    pub description: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Dice {
    pub emoji: String,
    pub value: i64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn details_are_found_by_their_kind() {
        let poll: Media = serde_json::from_value(json!({
            "kind": "poll",
            "detail": { "poll": {
                "question": { "text": "Tea?" }, "results": { "total": 3, "votes": [{ "option": "AQ==", "voters": 2, "is_chosen": true }] },
                "answers": [{ "text": { "text": "Yes" }, "option": "AQ==" }, { "text": { "text": "No" }, "option": "Ag==" }],
            } },
        }))
        .unwrap();
        let poll = poll.detail.poll.unwrap();
        assert_eq!((poll.total(), poll.votes(&poll.answers[0]).unwrap().voters), (3, Some(2)));
        assert!(poll.votes(&poll.answers[1]).is_none());
        let newer: Media =
            serde_json::from_value(json!({ "kind": "hologram", "detail": { "hologram": 1 } })).unwrap();
        assert!(newer.detail.poll.is_none());
    }

    #[test]
    fn the_largest_size_is_the_photo() {
        let file: File = serde_json::from_value(json!({
            "id": 1, "sizes": [{ "pixels": { "width": 90, "height": 60 } }, { "pixels": { "width": 800, "height": 600 } }, {}],
        }))
        .unwrap();
        assert_eq!(file.pixels(), Some(Picture { width: 800, height: 600 }));
    }
}
