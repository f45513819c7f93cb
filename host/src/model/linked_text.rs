use serde::{Deserialize, Serialize};

/// A text of which a part may be a link. Places and lengths count as Telegram counts: in units of
/// UTF-16.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedText {
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<TextLink>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextLink {
    pub start: usize,
    pub length: usize,
    pub url: String,
}

impl From<&str> for LinkedText {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), link: None }
    }
}
