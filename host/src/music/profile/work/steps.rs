//! One step: noted, done, noted.

use super::{Work, files::DEFAULT_MIME};
use crate::music::profile::{
    ProfileError, SeenSong,
    calls::Call,
    journal::{self, Outcome},
    plan::Step,
};

impl Work<'_> {
    pub(super) async fn do_step(&mut self, step: Step) -> Result<(), ProfileError> {
        let new = match &step {
            Step::Send { song } => self.ready.get(song).map(|ready| ready.song.clone()),
            _ => None,
        };
        self.tell(&step);
        let changed = journal::begin(&step, &mut self.library.songs, new);
        self.library.write(&changed)?;
        // Nothing is done before this is on the disk.
        self.library.flushed().await?;
        let ready = step.songs().first().and_then(|song| self.ready.get(song));
        let (uploaded, mime) =
            ready.map_or((None, DEFAULT_MIME), |it| (Some(&it.uploaded), it.mime.as_str()));
        let Some(call) = Call::of(&step, &self.library.songs, uploaded, mime) else {
            self.is_stale = true;
            return self.hold(&step);
        };
        let music = self.profile.music.clone();
        let outcome = tokio::select! {
            outcome = self.supply.beside(Box::pin(call.done(&music))) => outcome,
            () = self.orders.stop.cancelled() => return Err(ProfileError::Stopped),
        };
        match outcome {
            Ok(outcome) => self.finish(&step, &outcome),
            Err(error) => self.failed(&step, error),
        }
    }

    fn finish(&mut self, step: &Step, outcome: &Outcome) -> Result<(), ProfileError> {
        for id in step.songs() {
            self.holds.remove(&id);
            let song = self.library.songs.get(&id);
            // The number of a message is of no use when the message is gone or never was.
            if let (Some(song), Step::Delete { .. } | Step::Settle { .. }) = (song, step)
                && !matches!(outcome, Outcome::Sent { .. })
            {
                self.profile.music.forget(&song.intent())?;
            }
        }
        let changed = journal::end(step, outcome, &mut self.library.songs);
        self.library.write(&changed)?;
        self.steps += 1;
        match step {
            Step::Settle { .. } => {}
            Step::Send { song } => {
                let is_upgrade = self.ready.remove(song).is_some_and(|ready| ready.is_upgrade);
                self.figures.sent += 1;
                self.figures.improved += u64::from(is_upgrade);
            }
            Step::Resend { .. } => self.figures.sent_again += 1,
            Step::Save { song, after } => {
                if let Some(song) = self.library.songs.get(song) {
                    self.library.note_success(&song.track, song.is_placeholder)?;
                }
                self.move_seen(song, after.as_ref());
                self.figures.saved += 1;
            }
            Step::Unsave { song } => {
                let document = self.document_of(song);
                self.seen.retain(|seen| Some(seen.document) != document);
                self.figures.taken_off += 1;
            }
            Step::Delete { songs } => self.figures.deleted += songs.len() as u64,
        }
        self.library.tidy()?;
        self.show(None);
        Ok(())
    }

    fn move_seen(&mut self, song: &str, after: Option<&String>) {
        let Some(song) = self.library.songs.get(song) else { return };
        let Some(document) = song.document.as_ref().map(|it| it.id) else { return };
        let entry = SeenSong {
            document,
            title: Some(song.title.clone()),
            performer: Some(song.performer.clone()).filter(|it| !it.is_empty()),
            seconds: song.seconds,
        };
        self.seen.retain(|seen| seen.document != document);
        let after = after.and_then(|after| self.document_of(after));
        let place = after.and_then(|after| self.seen.iter().position(|seen| seen.document == after));
        self.seen.insert(place.map_or(0, |place| place + 1), entry);
    }

    fn document_of(&self, song: &str) -> Option<i64> {
        Some(self.library.songs.get(song)?.document.as_ref()?.id)
    }
}
