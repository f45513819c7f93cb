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
        // A document that was given up is not known again by its message.
        if is_carried && song.document.is_some() {
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::state::ProfileSong;

    const MESSAGE: MessageId = MessageId(7);

    fn document(id: i64) -> Document {
        Document { id, access_hash: 0, reference: Default::default() }
    }

    /// What becomes of one song with document 1.
    fn seen(place: SongPlace, message: SongMessage, sight: &Sight) -> (ProfileSong, Observed) {
        let song = ProfileSong {
            account: "main".into(),
            id: "song".into(),
            track: "track".into(),
            title: "Song".into(),
            performer: String::new(),
            seconds: 1,
            file_name: "Song.mp3".into(),
            bytes: 1,
            backend: "zero".into(),
            candidate: String::new(),
            rank: 0,
            is_placeholder: false,
            document: Some(document(1)),
            message,
            place,
            sends: 1,
            made: Timestamp::UNIX_EPOCH,
        };
        let mut songs = Songs::from([(song.id.clone(), song)]);
        let observed = observe(&mut songs, sight);
        (songs.remove("song").unwrap(), observed)
    }

    fn sight(profile: &[i64], carried: Option<i64>) -> Sight {
        let messages = carried.into_iter().map(|id| (MESSAGE, document(id))).collect();
        Sight { profile: profile.to_vec(), messages }
    }

    #[test]
    fn message_with_something_else_in_it_is_theirs() {
        let (song, observed) = seen(SongPlace::On, SongMessage::There(MESSAGE), &sight(&[1], Some(2)));
        assert_eq!((song.message, song.document), (SongMessage::None, Some(document(1))));
        assert_eq!(observed.removed, BTreeSet::from(["track".to_owned()]));
    }

    #[test]
    fn song_that_somebody_saves_before_us_is_on() {
        let (song, observed) = seen(SongPlace::Off, SongMessage::There(MESSAGE), &sight(&[1], Some(1)));
        assert_eq!((song.place, observed.removed.len()), (SongPlace::On, 0));
        let (song, _) = seen(SongPlace::Off, SongMessage::None, &sight(&[1], None));
        assert_eq!(song.place, SongPlace::Theirs, "without a message of ours it is theirs");
    }

    #[test]
    fn song_of_theirs_that_leaves_may_be_ours_again() {
        let (song, observed) = seen(SongPlace::Theirs, SongMessage::None, &sight(&[], None));
        assert_eq!((song.place, observed.removed.len()), (SongPlace::Off, 0));
    }

    #[test]
    fn document_that_was_given_up_stays_given_up() {
        let mut song = seen(SongPlace::Off, SongMessage::There(MESSAGE), &sight(&[], Some(1))).0;
        song.document = None;
        let mut songs = Songs::from([(song.id.clone(), song)]);
        observe(&mut songs, &sight(&[], Some(1)));
        assert_eq!(
            (songs["song"].document.clone(), songs["song"].message),
            (None, SongMessage::There(MESSAGE))
        );
    }
}
