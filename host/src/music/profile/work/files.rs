//! Files are ordered, and what came of them: a song that can be sent, or a later try.

use std::time::Duration;

use super::Work;
use crate::{
    model::{SongMessage, SongPlace},
    music::profile::{
        OnTheWay, ProfileError,
        supply::{Brought, Fetched, NotBrought},
    },
    state::ProfileSong,
    telegram::music::Uploaded,
};

/// What most players give, and what is said of a file that does not say it.
pub(super) const DEFAULT_MIME: &str = "audio/mpeg";

/// A file that is up, and the song that it becomes.
pub(super) struct ReadySong {
    pub(super) song: ProfileSong,
    pub(super) uploaded: Uploaded,
    pub(super) mime: String,
    pub(super) is_upgrade: bool,
}

impl Work<'_> {
    pub(super) fn order_files(&mut self) {
        let needs = self.situation().needs();
        let (library, now) = (&self.library, self.profile.clock.now());
        self.supply.follow(&needs, &self.wanted, |need| library.may_try(&need.track, need.is_upgrade, now));
        let on_the_way = self.supply.on_the_way();
        let on_the_way =
            on_the_way.map(|(track, is_upgrade)| OnTheWay { track: track.clone(), is_upgrade }).collect();
        self.profile.board.change(|shown| shown.on_the_way = on_the_way);
    }

    pub(super) fn take_finished(&mut self) -> Result<(), ProfileError> {
        for Fetched { track, is_upgrade, result } in self.supply.take_finished() {
            match result {
                Ok(brought) => self.take(&track, is_upgrade, *brought)?,
                Err(NotBrought::Cancelled) => {}
                Err(NotBrought::Nothing { not_before }) => {
                    let next = self.note_failure(&track, is_upgrade, not_before)?;
                    match is_upgrade {
                        true => {
                            tracing::debug!(track, "No backend has a better file; asked again after {next}")
                        }
                        false => tracing::info!(track, "No backend has a file; asked again after {next}"),
                    }
                }
                Err(NotBrought::NotUp(error)) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(track, error, "A file could not be sent up; it is tried again later");
                    self.note_failure(&track, is_upgrade, None)?;
                }
            }
        }
        Ok(())
    }

    /// A file takes the place of another only when it is better.
    fn take(&mut self, key: &str, is_upgrade: bool, brought: Brought) -> Result<(), ProfileError> {
        let Some(wanted) = self.wanted.iter().find(|wanted| wanted.key == key) else { return Ok(()) };
        let now = self.profile.clock.now();
        let Brought { found, file_name, uploaded } = brought;
        let is_unwanted = self
            .unwanted
            .get(key)
            .is_some_and(|(backend, candidate)| found.backend == *backend && found.candidate == *candidate);
        if is_upgrade && is_unwanted && !self.choices.contains_key(key) {
            tracing::info!(
                track = key,
                backend = found.backend,
                "Backends choose the same one by themselves"
            );
            // Or it would be asked for once more before the record is read again.
            self.unwanted.remove(key);
            return Ok(self.library.forget_unwanted(key)?);
        }
        let is_fit = match self.choices.get(key) {
            Some((backend, candidate)) => found.backend == *backend && found.candidate == *candidate,
            None => !found.is_placeholder,
        };
        if is_upgrade && !is_fit {
            tracing::info!(track = key, backend = found.backend, "This is no better than what is there");
            self.note_failure(key, is_upgrade, None)?;
            return Ok(());
        }
        let seconds = found.recording.duration.or(wanted.track.duration).unwrap_or(Duration::ZERO);
        let id = new_id();
        let song = ProfileSong {
            account: self.profile.account.to_string(),
            id: id.clone(),
            track: key.to_owned(),
            title: wanted.track.title.clone(),
            performer: wanted.track.artists.join(", "),
            seconds: u32::try_from(seconds.as_secs()).unwrap_or(u32::MAX),
            file_name,
            bytes: found.recording.bytes,
            backend: found.backend,
            candidate: found.candidate,
            rank: found.rank,
            is_placeholder: found.is_placeholder,
            document: None,
            message: SongMessage::None,
            place: SongPlace::Off,
            sends: 0,
            made: self.library.next_made(now),
        };
        let mime = found.recording.mime;
        let mime = if mime.is_empty() { DEFAULT_MIME.to_owned() } else { mime };
        self.ready.insert(id, ReadySong { song, uploaded, mime, is_upgrade });
        Ok(())
    }
}

fn new_id() -> String {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).expect("the system has working randomness");
    format!("{:016x}", u64::from_le_bytes(bytes))
}
