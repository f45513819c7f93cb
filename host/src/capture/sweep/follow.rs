//! Groups that became supergroups: each half is read, wherever one has come upon the other. Which halves are
//! still to be read is kept in a note, written with the page that told of them.

use std::collections::BTreeSet;

use super::{Candidate, Sweep, Work};
use crate::{
    archive::{Source, Write},
    capture::{Capture, CaptureError, access::is_out_of_reach},
    model::PeerId,
    telegram::read::peer_dialogs,
};

const NOTE: &str = "follow";

pub(super) async fn read(capture: &Capture) -> Result<BTreeSet<PeerId>, CaptureError> {
    let note = capture.store.note(capture.account.clone(), NOTE.to_owned()).await?;
    Ok(note.and_then(|note| serde_json::from_value(note).ok()).unwrap_or_default())
}

pub(super) fn write(follow: &BTreeSet<PeerId>) -> Write {
    let value = (!follow.is_empty()).then(|| serde_json::to_value(follow).unwrap_or_default());
    Write::Note { name: NOTE.to_owned(), value }
}

impl Sweep {
    /// Queues the halves that nobody has taken up yet; says whether there are any.
    pub(super) async fn find_followed(&self, work: &mut Work) -> Result<bool, CaptureError> {
        let wanted: Vec<PeerId> = work.follow.difference(&work.done).copied().collect();
        for chat in wanted {
            let page = match self.tell.unless_stopped(peer_dialogs(&self.capture.client, &[chat])).await? {
                Ok(page) => page,
                Err(error) if is_out_of_reach(&error) => {
                    tracing::warn!(chat.id = chat.0, %error, "The other half of a group that moved cannot be read");
                    self.forget(work, chat).await?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let Some(listed) = page.listed().into_iter().next() else {
                self.forget(work, chat).await?;
                continue;
            };
            let candidate = Candidate { listed, is_placed: false };
            let facts = self.facts(&candidate, &work.folders);
            if work.intake.rules.leaves_out(&facts) {
                self.forget(work, chat).await?;
            } else {
                work.swept.chosen += 1;
                self.tell.board().list([candidate.line()]);
                work.queue.push_back(candidate);
            }
        }
        Ok(!work.queue.is_empty())
    }

    async fn forget(&self, work: &mut Work, chat: PeerId) -> Result<(), CaptureError> {
        work.follow.remove(&chat);
        work.done.insert(chat);
        self.capture.write(Source::Sweep, vec![write(&work.follow)]).await.map(drop)
    }
}
