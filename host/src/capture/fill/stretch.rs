//! One stretch of a chat, read upwards and claimed page by page.

use crate::{
    archive::{IdRange, Source, Write, Written},
    capture::{
        Capture, CaptureError, Tell,
        batch::add,
        intake::Intake,
        page::{Page, covered},
        poison::PoisonOfChat,
    },
    model::{Chat, MessageId},
    telegram::read,
};

#[derive(Clone, Copy, Debug)]
pub(in crate::capture) struct Stretch<'a> {
    pub(in crate::capture) chat: &'a Chat,
    /// Not part of it.
    pub(in crate::capture) after: MessageId,
    /// The last one of it; without one, whatever is newer.
    pub(in crate::capture) to: Option<MessageId>,
}

/// Nothing of it is the sweep's: the cursor stays where it is.
pub(in crate::capture) async fn fill_stretch(
    capture: &Capture,
    tell: &Tell,
    intake: &mut Intake,
    stretch: Stretch<'_>,
) -> Result<Written, CaptureError> {
    let Stretch { chat, mut after, to } = stretch;
    let id = chat.id;
    let peer = capture.client.input_peer(id).await?;
    let known = capture.store.poison(Some(capture.account.clone()), Some(id)).await?;
    let mut poison = PoisonOfChat::new(known.into_iter().map(|(_, poison)| poison).collect());
    let mut pages = read::history(&capture.client, peer).after(after.0);
    let mut written = Written::default();
    intake.begin(chat).await?;
    while to.is_none_or(|to| after < to) {
        let page = tell.unless_stopped(pages.next_page()).await??.map(Page::of);
        let Some((page, newest)) = page.and_then(|page| page.newest().map(|newest| (page, newest))) else {
            // Nothing that is newer is shown.
            let rest = to.and_then(|to| IdRange::new(MessageId(after.0.saturating_add(1)), to));
            capture.note_empty(id, rest).await?;
            break;
        };
        let ranges = covered(after, newest, &page.bad);
        let bad = poison.note(id, &page.bad, capture.clock.now());
        let mut writes = intake.take(capture, id, page).await?.writes;
        writes.extend(bad);
        writes.extend(ranges.into_iter().map(|range| Write::Covered { chat: id, range }));
        add(&mut written, &capture.write(Source::Fill, writes).await?);
        after = newest;
    }
    Ok(written)
}
