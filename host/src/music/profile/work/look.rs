//! What should be there, and what is: read afresh, and compared with what is noted.

use super::Work;
use crate::{
    model::{Document, File},
    music::profile::{
        ProfileError, SeenSong,
        observe::{Sight, observe},
        wanted::{Played, wanted},
    },
    telegram,
};

impl Work<'_> {
    pub(super) fn read_wanted(&mut self) -> Result<(), ProfileError> {
        let (ledger, rules) = (&self.profile.ledger, &self.orders.rules);
        let played = Played {
            heard: ledger.recent_distinct(rules.keep)?,
            is_stopped: ledger.is_stopped()?,
            session: ledger.session()?,
        };
        let tracks = self.library.tracks(ledger)?;
        self.wanted = wanted(&played, &tracks, rules);
        let unwanted = tracks.into_iter().filter_map(|track| Some((track.key, track.unwanted?)));
        self.unwanted = unwanted.collect();
        self.choices.clear();
        for wanted in &self.wanted {
            if let Some(choice) = self.profile.state.music_choices.get(&wanted.key)? {
                self.choices.insert(wanted.key.clone(), (choice.backend, choice.candidate.id));
            }
        }
        let (wanted, songs) = (&self.wanted, &self.library.songs);
        self.ready.retain(|id, ready| {
            wanted.iter().any(|wanted| wanted.key == ready.song.track) || songs.contains_key(id)
        });
        Ok(())
    }

    /// What is there, and what somebody has done to it.
    pub(super) async fn look(&mut self) -> Result<(), ProfileError> {
        let music = &self.profile.music;
        let known: Vec<i64> = self.seen.iter().map(|song| song.document).collect();
        let messages: Vec<_> = self.library.songs.values().filter_map(|song| song.message.id()).collect();
        let known = if self.was_seen { known.as_slice() } else { &[] };
        let looking = async { tokio::try_join!(music.songs(known), music.carried(&messages)) };
        let looked = tokio::select! {
            // Boxed: calls of Telegram are large on the stack.
            looked = self.supply.beside(Box::pin(looking)) => looked,
            () = self.orders.stop.cancelled() => return Err(ProfileError::Stopped),
        };
        let (songs, carried) = match looked {
            Ok(looked) => looked,
            Err(telegram::Error::Flood { method, until }) => {
                self.pause_until(until, method);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(songs) = songs {
            self.seen = songs.iter().map(seen).collect();
        }
        (self.was_seen, self.is_stale) = (true, false);
        let messages = carried.iter().map(|(id, file)| (*id, Document::of(file))).collect();
        let profile = self.seen.iter().map(|song| song.document).collect();
        let observed = observe(&mut self.library.songs, &Sight { profile, messages });
        self.figures.removed_by_user += observed.removed.len() as u64;
        for track in &observed.removed {
            tracing::info!(track, "Somebody removed this song: it goes from the other place too");
        }
        let (now, rule) = (self.profile.clock.now(), self.orders.rules.removed_by_user);
        self.library.note_removed(&observed.removed, (&self.profile.ledger, now), rule)?;
        self.library.write(&observed.changed)?;
        self.library.tidy()?;
        self.library.prune(&self.wanted, now)?;
        self.library.flushed().await?;
        self.show(Some(now));
        Ok(())
    }
}

fn seen(file: &File) -> SeenSong {
    let audio = file.audio.as_ref();
    SeenSong {
        document: file.id,
        title: audio.and_then(|audio| audio.title.clone()).or_else(|| file.name.clone()),
        performer: audio.and_then(|audio| audio.performer.clone()),
        seconds: audio.map_or(0, |audio| u32::try_from(audio.seconds).unwrap_or(0)),
    }
}
