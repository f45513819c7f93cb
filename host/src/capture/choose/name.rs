//! How people name chats in a list.

use std::{convert::Infallible, fmt, str::FromStr};

use super::Facts;
use crate::model::{MessageId, PeerId};

/// An id, a public name, a folder or a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatName {
    Id(PeerId),
    /// Without the `@`.
    Username(String),
    /// Its title or its number.
    Folder(String),
    /// The whole of it.
    Title(String),
}

impl FromStr for ChatName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let text = text.trim();
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        Ok(match (text.strip_prefix('@'), text.strip_prefix("folder:")) {
            (Some(name), _) => Self::Username(name.to_owned()),
            (None, Some(folder)) => Self::Folder(folder.trim().to_owned()),
            (None, None) => Self::Title(text.to_owned()),
        })
    }
}

impl fmt::Display for ChatName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Username(name) => write!(f, "@{name}"),
            Self::Folder(folder) => write!(f, "folder:{folder}"),
            Self::Title(title) => f.write_str(title),
        }
    }
}

impl ChatName {
    pub fn list(texts: &[String]) -> Vec<Self> {
        texts.iter().map(|text| text.parse().unwrap_or_else(|never: Infallible| match never {})).collect()
    }

    pub fn names(&self, facts: &Facts<'_>) -> bool {
        match self {
            Self::Id(id) => *id == facts.chat.id,
            Self::Username(name) => facts.chat.usernames.iter().any(|it| it.eq_ignore_ascii_case(name)),
            Self::Folder(folder) => {
                facts.folders.iter().any(|it| it.title == *folder || it.id.to_string() == *folder)
            }
            Self::Title(title) => facts.chat.title == *title,
        }
    }

    /// Whether the list of chats has to be read to know whom it means.
    pub fn needs_the_list(&self) -> bool {
        matches!(self, Self::Folder(_) | Self::Title(_))
    }
}

/// A topic of a forum that is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SkippedTopic {
    pub chat: PeerId,
    pub topic: MessageId,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` names no topic: write the number of the chat and that of the topic, such as \"-1001234567890:42\""
)]
pub struct InvalidTopic(String);

impl FromStr for SkippedTopic {
    type Err = InvalidTopic;

    fn from_str(text: &str) -> Result<Self, InvalidTopic> {
        let invalid = || InvalidTopic(text.chars().take(80).collect());
        let (chat, topic) = text.trim().rsplit_once(':').ok_or_else(invalid)?;
        let chat: PeerId = chat.parse().map_err(|_| invalid())?;
        let topic: i32 = topic.trim().parse().map_err(|_| invalid())?;
        if topic < 1 { Err(invalid()) } else { Ok(Self { chat, topic: MessageId(topic) }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_themselves_what_they_are() {
        for text in ["-1001234567890", "777000", "@rust", "folder:Work", "Family & friends"] {
            let name: ChatName = text.parse().unwrap();
            assert_eq!(name.to_string(), text);
        }
        assert_eq!("folder: 3".parse(), Ok(ChatName::Folder("3".into())));
        assert!("Family".parse::<ChatName>().unwrap().needs_the_list());
        assert!(!"@family".parse::<ChatName>().unwrap().needs_the_list());
    }

    #[test]
    fn topics_need_both_numbers() {
        let topic: SkippedTopic = "-1001234567890:42".parse().unwrap();
        assert_eq!((topic.chat.0, topic.topic.0), (-1_001_234_567_890, 42));
        for text in ["", "42", "a:1", "1:b", "1:0", "1:-3"] {
            assert!(text.parse::<SkippedTopic>().is_err(), "{text}");
        }
    }
}
