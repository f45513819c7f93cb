//! Chats that somebody named and that this login has never met: it cannot ask for them, only come upon them in the list. Who
//! is not in it is looked for again after a day; what goes on meanwhile makes this login meet them without that.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{Sweep, Work};
use crate::{
    archive::{Source, Write},
    capture::CaptureError,
    model::PeerId,
    telegram::{
        Error,
        read::{Dialogs, Folder},
    },
};

const NOTE: &str = "strangers";

/// Pages of the list that are read to learn of them.
const PAGES: usize = 10;

/// Until they are looked for again.
const REST: SignedDuration = SignedDuration::from_hours(24);

/// When each was looked for in vain.
type Sought = BTreeMap<PeerId, Timestamp>;

impl Sweep {
    /// Takes those out whom this login cannot ask for.
    pub(super) async fn leave_strangers_out(
        &self,
        work: &mut Work,
        wanted: &mut Vec<PeerId>,
    ) -> Result<(), CaptureError> {
        let mut strangers = self.strangers(wanted).await?;
        let before = self.sought().await?;
        let now = self.capture.clock.now();
        let mut sought = before.clone();
        // One whose time is yet to come was looked for by a wrong clock.
        sought.retain(|_, at| *at <= now && now.duration_since(*at) < REST);
        if strangers.iter().any(|chat| !sought.contains_key(chat)) {
            self.learn(strangers.clone()).await?;
            strangers = self.strangers(wanted).await?;
            sought.extend(strangers.iter().map(|chat| (*chat, now)));
        }
        sought.retain(|chat, _| strangers.contains(chat));
        if sought != before {
            let value = (!sought.is_empty()).then(|| serde_json::to_value(&sought).unwrap_or_default());
            self.capture.write(Source::Sweep, vec![Write::Note { name: NOTE.to_owned(), value }]).await?;
        }
        for chat in &strangers {
            tracing::warn!(
                chat.id = chat.0,
                "A chat that is named in [capture] is not in this account's list: correct or remove it there"
            );
            work.swept.out_of_reach += 1;
            work.done.insert(*chat);
        }
        wanted.retain(|chat| !strangers.contains(chat));
        Ok(())
    }

    async fn sought(&self) -> Result<Sought, CaptureError> {
        let note = self.capture.store.note(self.capture.account.clone(), NOTE.to_owned()).await?;
        Ok(note.and_then(|note| serde_json::from_value(note).ok()).unwrap_or_default())
    }

    async fn strangers(&self, chats: &[PeerId]) -> Result<BTreeSet<PeerId>, CaptureError> {
        let mut strangers = BTreeSet::new();
        for chat in chats {
            match self.capture.client.input_peer(*chat).await {
                Ok(_) => {}
                Err(Error::UnknownPeer { .. }) => drop(strangers.insert(*chat)),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(strangers)
    }

    /// Reads of the list as little as is needed to meet them; those who are not in it stay strangers.
    async fn learn(&self, mut strangers: BTreeSet<PeerId>) -> Result<(), CaptureError> {
        tracing::info!(chats = strangers.len(), "Looking for chats that this login has never seen");
        for folder in [Folder::Main, Folder::Archived] {
            let mut dialogs = Dialogs::new(&self.capture.client, folder);
            for _ in 0..PAGES {
                let Some(page) = self.tell.unless_stopped(dialogs.next_page()).await?? else { break };
                for listed in page.listed() {
                    strangers.remove(&listed.chat.id);
                }
                if strangers.is_empty() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
