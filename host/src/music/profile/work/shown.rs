//! What people see of the work while it goes on.

use jiff::Timestamp;

use super::Work;
use crate::music::profile::{Telling, plan::Step};

impl Work<'_> {
    pub(super) fn show(&self, seen: Option<Timestamp>) {
        self.profile.board.change(|shown| {
            shown.profile = Some(self.seen.clone());
            shown.seen = seen.or(shown.seen);
        });
    }

    pub(super) fn tell_waiting(&self) {
        let files = self.supply.on_the_way().count();
        if files > 0 {
            let what = if files == 1 {
                "1 file is on its way".to_owned()
            } else {
                format!("{files} files are on their way")
            };
            (self.orders.tell)(Telling::Doing { steps: self.steps, what });
        }
    }

    pub(super) fn tell(&self, step: &Step) {
        let name = |id: &String| {
            let song = self.library.songs.get(id).or_else(|| self.ready.get(id).map(|it| &it.song));
            song.map(|song| match song.performer.is_empty() {
                true => song.title.clone(),
                false => format!("{} - {}", song.performer, song.title),
            })
        };
        let first = step.songs().first().and_then(name).unwrap_or_default();
        let what = match step {
            Step::Settle { .. } => format!("Looking for {first}"),
            Step::Send { .. } | Step::Resend { .. } => format!("Sending {first}"),
            Step::Save { .. } => format!("Showing {first}"),
            Step::Unsave { .. } => format!("Taking off {first}"),
            Step::Delete { songs } => format!("Deleting {} messages", songs.len()),
        };
        (self.orders.tell)(Telling::Doing { steps: self.steps, what });
    }
}
