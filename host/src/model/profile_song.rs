//! A song at Telegram: a document that a message carries and a profile shows.

use serde::{Deserialize, Serialize};

use super::{Blob, File, MessageId};

/// What one has to know of a document to name it in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub id: i64,
    pub access_hash: i64,
    /// Runs out; a fresh one comes with every sight of the document.
    pub reference: Blob,
}

impl Document {
    pub fn of(file: &File) -> Self {
        Self { id: file.id, access_hash: file.access_hash, reference: file.reference.clone() }
    }
}

/// A song's message in Saved Messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SongMessage {
    #[default]
    None,
    /// It is about to be sent, or was sent without our knowing.
    Sending,
    There(MessageId),
    /// It is about to be deleted, or was deleted without our knowing.
    Deleting(MessageId),
}

impl SongMessage {
    pub fn id(self) -> Option<MessageId> {
        match self {
            Self::There(id) | Self::Deleting(id) => Some(id),
            Self::None | Self::Sending => None,
        }
    }
}

/// A song's place on the profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SongPlace {
    #[default]
    Off,
    /// It is about to be saved, or was saved without our knowing.
    Entering,
    On,
    /// It is about to be taken off, or was taken off without our knowing.
    Leaving,
    /// Somebody put it there after we had taken it off: it is theirs.
    Theirs,
}
