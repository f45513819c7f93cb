//! How steps change what is known of songs: once before the call, which is written and flushed, and
//! once after it. Whatever lies between, a start after a crash sees from the first that the second may
//! be missing, and [`super::observe`] finds out.

use std::collections::BTreeMap;

use super::plan::Step;
use crate::{
    model::{Document, MessageId, SongMessage, SongPlace},
    state::ProfileSong,
};

/// Songs by their ids.
pub(super) type Songs = BTreeMap<String, ProfileSong>;

/// What Telegram has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The message that carries the song, and the document in it.
    Sent {
        message: MessageId,
        document: Document,
    },
    /// The message that a crash had left open never went out, or is gone.
    NotSent,
    Done,
}

/// Notes that a step is about to be done. `new` is the song of [`Step::Send`], which nobody knows yet.
/// Returns the songs that have changed.
pub(super) fn begin(step: &Step, songs: &mut Songs, new: Option<ProfileSong>) -> Vec<String> {
    if let (Step::Send { song }, Some(new)) = (step, new) {
        songs.entry(song.clone()).or_insert(new);
    }
    let change: fn(&mut ProfileSong) = match step {
        // It only looks.
        Step::Settle { .. } => return Vec::new(),
        Step::Send { .. } | Step::Resend { .. } => |song| {
            // One that is left open goes on under its number.
            if song.message != SongMessage::Sending {
                song.sends += 1;
                song.message = SongMessage::Sending;
            }
        },
        Step::Save { .. } => |song| song.place = SongPlace::Entering,
        Step::Unsave { .. } => |song| song.place = SongPlace::Leaving,
        Step::Delete { .. } => |song| {
            if let Some(id) = song.message.id() {
                song.message = SongMessage::Deleting(id);
            }
        },
    };
    for_each(step, songs, change)
}

/// Notes that it is done. Returns the songs that have changed.
pub(super) fn end(step: &Step, outcome: &Outcome, songs: &mut Songs) -> Vec<String> {
    for_each(step, songs, |song| match (step, outcome) {
        (
            Step::Settle { .. } | Step::Send { .. } | Step::Resend { .. },
            Outcome::Sent { message, document },
        ) => {
            song.message = SongMessage::There(*message);
            song.document = Some(document.clone());
        }
        (Step::Settle { .. } | Step::Send { .. } | Step::Resend { .. }, _) => {
            song.message = SongMessage::None
        }
        (Step::Save { .. }, _) => song.place = SongPlace::On,
        (Step::Unsave { .. }, _) => song.place = SongPlace::Off,
        (Step::Delete { .. }, _) => song.message = SongMessage::None,
    })
}

fn for_each(step: &Step, songs: &mut Songs, change: impl Fn(&mut ProfileSong)) -> Vec<String> {
    let ids = step.songs();
    for id in &ids {
        if let Some(song) = songs.get_mut(id) {
            change(song);
        }
    }
    ids
}

/// Songs that cannot be of use any more: without a document and a message, or replaced by a newer one.
pub(super) fn useless(songs: &Songs) -> Vec<String> {
    let is_idle = |song: &ProfileSong| {
        song.message == SongMessage::None && matches!(song.place, SongPlace::Off | SongPlace::Entering)
    };
    let has_newer = |song: &ProfileSong| {
        songs.values().any(|other| {
            other.track == song.track
                && other.document.is_some()
                && (other.made, &other.id) > (song.made, &song.id)
        })
    };
    let useless = songs.values().filter(|song| is_idle(song) && (song.document.is_none() || has_newer(song)));
    useless.map(|song| song.id.clone()).collect()
}

impl Step {
    /// The songs that it changes.
    pub(super) fn songs(&self) -> Vec<String> {
        match self {
            Self::Settle { song }
            | Self::Send { song }
            | Self::Resend { song }
            | Self::Save { song, .. }
            | Self::Unsave { song } => vec![song.clone()],
            Self::Delete { songs } => songs.clone(),
        }
    }
}
