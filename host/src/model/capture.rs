//! Words that configuration and capture share.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ChatKind, File, FileForm};

/// How people sort chats.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ChatType {
    Private,
    Bots,
    Groups,
    Channels,
}

impl From<ChatKind> for ChatType {
    fn from(kind: ChatKind) -> Self {
        match kind {
            ChatKind::Private => Self::Private,
            ChatKind::Bot => Self::Bots,
            ChatKind::Group | ChatKind::Supergroup | ChatKind::Direct => Self::Groups,
            ChatKind::Channel | ChatKind::Community => Self::Channels,
        }
    }
}

impl fmt::Display for ChatType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Private => "private",
            Self::Bots => "bots",
            Self::Groups => "groups",
            Self::Channels => "channels",
        })
    }
}

/// What a deletion at Telegram does in the archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Deletions {
    /// The message stays, and is marked with the moment.
    #[default]
    Soft,
    /// The message goes.
    Hard,
    /// Nothing.
    Off,
}

/// Files of messages by what they are.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    Photo,
    Video,
    VideoNote,
    Animation,
    Voice,
    Audio,
    Sticker,
    Document,
}

impl FileKind {
    pub const ALL: [Self; 8] = [
        Self::Photo,
        Self::Video,
        Self::VideoNote,
        Self::Animation,
        Self::Voice,
        Self::Audio,
        Self::Sticker,
        Self::Document,
    ];

    /// By what the file says of itself.
    pub fn of(file: &File) -> Self {
        let is_voice = file.audio.as_ref().is_some_and(|audio| audio.is_voice);
        let is_round = file.video.as_ref().is_some_and(|video| video.is_round);
        match file.form {
            FileForm::Photo => Self::Photo,
            FileForm::Document if file.sticker.is_some() => Self::Sticker,
            FileForm::Document if is_round => Self::VideoNote,
            FileForm::Document if is_voice => Self::Voice,
            FileForm::Document if file.is_animated => Self::Animation,
            FileForm::Document if file.video.is_some() => Self::Video,
            FileForm::Document if file.audio.is_some() => Self::Audio,
            FileForm::Document => Self::Document,
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Photo => "photo",
            Self::Video => "video",
            Self::VideoNote => "video-note",
            Self::Animation => "animation",
            Self::Voice => "voice",
            Self::Audio => "audio",
            Self::Sticker => "sticker",
            Self::Document => "document",
        })
    }
}

/// Whose small pictures are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Avatars {
    /// Nobody's.
    Off,
    /// Of chats, and of people with whom there is one.
    #[default]
    Chats,
    /// Of everybody who was ever met.
    All,
}
