//! What is really there, compared with what is noted: calls that a crash left open are found done or
//! not, and songs that somebody took away are noticed.

use std::collections::{BTreeMap, BTreeSet};

use super::journal::Songs;
use crate::model::{Document, MessageId, SongMessage, SongPlace};

/// What a look at Telegram has shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Sight {
    /// Documents on the profile, the topmost first.
    pub(super) profile: Vec<i64>,
    /// The documents of messages that are there.
    pub(super) messages: BTreeMap<MessageId, Document>,
}

/// What followed from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Observed {
    /// Songs that are noted differently now.
    pub(super) changed: BTreeSet<String>,
    /// Tracks of which somebody removed the song or its message.
    pub(super) removed: BTreeSet<String>,
}

/// Between the two looks of a sight nothing of ours may be on its way.
pub(super) fn observe(songs: &mut Songs, sight: &Sight) -> Observed {
    let mut observed = Observed::default();
    for song in songs.values_mut() {
        let before = song.clone();
        let carried = song.message.id().and_then(|id| sight.messages.get(&id));
        let is_carried =
            carried.is_some_and(|it| song.document.as_ref().is_none_or(|known| known.id == it.id));
        if is_carried {
            song.document = carried.cloned();
        }
        let is_on = song.document.as_ref().is_some_and(|document| sight.profile.contains(&document.id));
        let mut is_removed = false;
        song.message = match song.message {
            // Whoever put something else into the message has made it theirs.
            SongMessage::There(_) if !is_carried => {
                is_removed = true;
                SongMessage::None
            }
            SongMessage::Deleting(_) if !is_carried => SongMessage::None,
            SongMessage::Deleting(id) => SongMessage::There(id),
            as_it_is => as_it_is,
        };
        song.place = match (song.place, is_on) {
            (SongPlace::On, false) => {
                is_removed = true;
                SongPlace::Off
            }
            (SongPlace::Leaving | SongPlace::Theirs, false) => SongPlace::Off,
            (SongPlace::Entering | SongPlace::Leaving, true) => SongPlace::On,
            // Before our own call somebody did the same by hand.
            (SongPlace::Off, true) if song.message != SongMessage::None => SongPlace::On,
            (SongPlace::Off, true) => SongPlace::Theirs,
            (as_it_is, _) => as_it_is,
        };
        if is_removed {
            observed.removed.insert(song.track.clone());
        }
        if *song != before {
            observed.changed.insert(song.id.clone());
        }
    }
    observed
}
