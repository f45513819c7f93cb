//! What hangs on messages besides media: by the archive's own names, with what exporters need of it.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use tapedeck_plugin::Message;

use crate::media::File;

/// A fact of a message; none if it has none, or one that cannot be read here.
pub fn facts<T: DeserializeOwned>(message: &Message<'_>, name: &str) -> Option<T> {
    serde_json::from_str(message.extra(name)?).ok()
}

/// A mark on a stretch of text, counted in UTF-16 units.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Entity {
    pub offset: i64,
    pub length: i64,
    /// `bold`, `text-url` and so on.
    #[serde(rename = "type")]
    pub kind: String,
    pub language: String,
    pub url: String,
    pub user: i64,
    pub document: i64,
    pub is_collapsed: bool,
    /// Of a moment in the text, in Unix seconds.
    pub date: i64,
}

/// What happened, in a service message.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Action {
    /// Telegram's own name in snake case: `chat_add_user`.
    pub name: String,
    pub users: Vec<i64>,
    pub title: Option<String>,
    pub photo: Option<File>,
    /// By Telegram's own names.
    pub extra: Map<String, Value>,
}

impl Action {
    pub fn number(&self, name: &str) -> Option<i64> {
        self.extra.get(name)?.as_i64()
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.extra.get(name)?.as_str()
    }

    /// A user, group or channel as Telegram spells them, as one id.
    pub fn peer(&self, name: &str) -> Option<i64> {
        peer(self.extra.get(name)?)
    }

    /// The name of a constructor inside, such as why a call ended.
    pub fn constructor(&self, name: &str) -> Option<&str> {
        self.extra.get(name)?.get("_")?.as_str()
    }
}

fn peer(value: &Value) -> Option<i64> {
    let id = |name| value.get(name).and_then(Value::as_i64);
    id("user_id")
        .or_else(|| id("chat_id").map(|id| -id))
        .or_else(|| id("channel_id").map(|id| -1_000_000_000_000 - id))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Reply {
    pub message: Option<i64>,
    /// Only when it is another chat's.
    pub chat: Option<i64>,
    pub is_in_topic: bool,
    pub thread: Option<i64>,
    pub quote_text: Option<String>,
}

/// The message that is answered, where the host knows it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Replied {
    pub id: i64,
    pub sender: i64,
    pub name: String,
    /// The beginning of its text.
    pub text: String,
    /// `photo`, if it has some.
    pub media: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Forward {
    pub from: Option<i64>,
    pub from_name: Option<String>,
    pub signature: Option<String>,
    pub saved_from_chat: Option<i64>,
    pub saved_from_name: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Reactions {
    pub counts: Vec<ReactionCount>,
    pub recent: Option<Vec<PeerReaction>>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ReactionCount {
    pub reaction: Reaction,
    #[serde(default)]
    pub count: i64,
    /// Set when it is ours.
    #[serde(default)]
    pub chosen: Option<i64>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct PeerReaction {
    pub peer: i64,
    pub reaction: Reaction,
    /// As the archive writes dates.
    #[serde(default)]
    pub date: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reaction {
    Emoji(String),
    Custom(i64),
    Paid,
    Empty,
}

impl Reaction {
    /// The emoji, or something that stands for it.
    pub fn shown(&self) -> &str {
        match self {
            Self::Emoji(emoji) => emoji,
            Self::Custom(_) => "✨",
            Self::Paid => "⭐",
            Self::Empty => "",
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Comments {
    pub count: i64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn peers_of_actions_are_one_id() {
        let action: Action = serde_json::from_value(json!({
            "name": "geo_proximity_reached",
            "extra": { "from_id": { "_": "peerUser", "user_id": 7 }, "to_id": { "_": "peerChannel", "channel_id": 5 }, "distance": 30 }
        }))
        .unwrap();
        assert_eq!((action.peer("from_id"), action.peer("to_id")), (Some(7), Some(-1_000_000_000_005)));
        assert_eq!((action.number("distance"), action.text("distance")), (Some(30), None));
    }

    #[test]
    fn newer_facts_are_passed_over() {
        let reactions: Reactions = serde_json::from_value(json!({
            "counts": [{ "reaction": { "emoji": "👍" }, "count": 2, "mood": 1 }, { "reaction": "paid", "count": 1 }],
        }))
        .unwrap();
        assert_eq!(reactions.counts[0].reaction.shown(), "👍");
        assert_eq!(reactions.counts[1].reaction, Reaction::Paid);
    }
}
