//! A poll or quiz, with its results as far as Telegram shows them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Blob, Extra, PeerId, RichText};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Poll {
    pub id: i64,
    pub question: RichText,
    pub answers: Vec<PollAnswer>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_closed: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_quiz: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_multiple_choice: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_public_voters: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_date: Option<Timestamp>,
    pub results: PollResults,
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

impl Poll {
    pub fn votes(&self, option: &Blob) -> Option<&PollVotes> {
        self.results.votes.iter().flatten().find(|votes| votes.option == *option)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PollAnswer {
    pub text: RichText,
    pub option: Blob,
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PollResults {
    /// Without what we chose ourselves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_partial: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub votes: Option<Vec<PollVotes>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent: Option<Vec<PeerId>>,
    /// Why the right answer of a quiz is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solution: Option<RichText>,
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PollVotes {
    pub option: Blob,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voters: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent: Option<Vec<PeerId>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_chosen: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_correct: bool,
}
