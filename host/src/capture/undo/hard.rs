//! Hard deletions wait out their time: a message is marked, and goes when `undo_window` is over.
//!
//! From when on deletions are meant for good is kept as a number of the change feed, in a note that is there as long as
//! the setting is: what was marked before, while deletions were soft, stays.

use std::collections::{BTreeMap, btree_map::Entry};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{PAGE, alone, kept, marked};
use crate::{
    archive::{Change, ChangeKind, DeletionMode, Ranges, Source, Write},
    capture::{Capture, CaptureError},
    config::CaptureSection,
    model::{Deletions, PeerId},
};

const NOTE: &str = "hard-deletions";

/// Up to where they were carried out.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    after: i64,
}

/// What is written when Telegram has a message no more; none when nothing is.
pub(in crate::capture) fn mode(section: &CaptureSection) -> Option<DeletionMode> {
    match section.deletions {
        Deletions::Off => None,
        Deletions::Soft => Some(DeletionMode::Soft),
        Deletions::Hard if section.undo_window.is_zero() => Some(DeletionMode::Hard),
        Deletions::Hard => Some(DeletionMode::Soft),
    }
}

/// Before anything is deleted: from here on deletions are hard, or are no more.
pub(in crate::capture) async fn begin(capture: &Capture) -> Result<(), CaptureError> {
    let is_hard = capture.section.deletions == Deletions::Hard;
    let note = capture.store.note(capture.account.clone(), NOTE.to_owned()).await?;
    match (is_hard, note) {
        (true, None) => {
            let after = capture.store.figures().await?.sequence;
            write(capture, Vec::new(), Some(&Mark { after })).await
        }
        (false, Some(_)) => write(capture, Vec::new(), None).await,
        _ => Ok(()),
    }
}

/// Removes what was marked longer ago than the window. Says how many.
pub(in crate::capture) async fn carry_out(capture: &Capture) -> Result<u64, CaptureError> {
    if capture.section.deletions != Deletions::Hard {
        return Ok(0);
    }
    let window = SignedDuration::try_from(capture.section.undo_window.0).unwrap_or(SignedDuration::MAX);
    let before = capture.clock.now().checked_sub(window).unwrap_or(Timestamp::MIN);
    let note = capture.store.note(capture.account.clone(), NOTE.to_owned()).await?;
    let Some(mut mark) = note.and_then(|note| serde_json::from_value::<Mark>(note).ok()) else {
        return Ok(0);
    };
    let mut removed = 0;
    loop {
        // What is brought back meanwhile stays.
        let _alone = alone().await;
        let changes = capture.store.changes(mark.after, PAGE).await?;
        // Only a deletion whose time is not over is waited for: whatever else was told has nothing to wait.
        let is_due = |change: &Change| !is_deletion(capture, change) || change.at <= before;
        let due: Vec<Change> = changes.into_iter().take_while(is_due).collect();
        let Some(last) = due.last() else { return Ok(removed) };
        mark.after = last.sequence;
        let writes = doomed(capture, due, before).await?;
        removed += writes.len() as u64;
        write(capture, writes, Some(&mark)).await?;
    }
}

fn is_deletion(capture: &Capture, change: &Change) -> bool {
    change.account == capture.account
        && change.kind == ChangeKind::Deleted
        && matches!(change.source, Source::Live | Source::Recheck)
}

async fn doomed(capture: &Capture, due: Vec<Change>, before: Timestamp) -> Result<Vec<Write>, CaptureError> {
    // In a storm there are many of one moment.
    let mut together: BTreeMap<(PeerId, Timestamp), Ranges> = BTreeMap::new();
    for change in due.into_iter().filter(|change| is_deletion(capture, change)) {
        let Some(range) = change.ids else { continue };
        together.entry((change.chat, change.at)).or_default().add(range);
    }
    let mut kept_of: BTreeMap<PeerId, Ranges> = BTreeMap::new();
    let mut writes = Vec::new();
    for ((chat, moment), ranges) in together {
        let key = capture.key(chat);
        let kept = match kept_of.entry(chat) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(kept(&capture.store, &key).await?),
        };
        let ids = marked(&capture.store, &key, &ranges, |at| at <= before && at == moment).await?;
        let ids = ids.into_iter().filter(|id| !kept.contains(*id));
        writes.extend(ids.map(|id| Write::Deleted { chat, id, mode: DeletionMode::Hard }));
    }
    Ok(writes)
}

async fn write(capture: &Capture, mut writes: Vec<Write>, mark: Option<&Mark>) -> Result<(), CaptureError> {
    let value = mark.and_then(|mark| serde_json::to_value(mark).ok());
    writes.push(Write::Note { name: NOTE.to_owned(), value });
    capture.write(Source::Recheck, writes).await.map(drop)
}
