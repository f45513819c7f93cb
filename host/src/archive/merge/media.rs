//! What hangs on a message: references are renewed, results and previews move, files stay.

use std::borrow::Cow;

use super::overlay::{Believe, overlay};
use crate::model::{Blob, Detail, File, Media, MediaKind, Message, Poll};

pub(super) fn merge_media(old: &Message, told: &Message) -> Option<Box<Media>> {
    let (stored, new) = match (&old.media, &told.media) {
        (Some(stored), Some(new)) if stored != new => (stored, new),
        (Some(stored), _) => return Some(stored.clone()),
        (None, new) => return new.clone(),
    };
    if says_nothing(new) {
        return Some(stored.clone());
    }
    if says_nothing(stored) || is_other(stored, new) && is_proven(old, told, new) {
        return Some(new.clone());
    }
    if is_other(stored, new) {
        return Some(stored.clone());
    }
    let mut both = overlay(&**stored, &**new, Believe::Told);
    if let (Some(stored), Some(told), Some(poll)) = (poll_of(stored), poll_of(new), poll_of_mut(&mut both)) {
        *poll = merge_poll(stored, told);
    }
    Some(Box::new(both))
}

fn says_nothing(media: &Media) -> bool {
    matches!(media.kind, MediaKind::Unsupported | MediaKind::Empty)
}

/// An edit has a date. Previews come, go and change by themselves.
fn is_proven(old: &Message, told: &Message, new: &Media) -> bool {
    if new.kind == MediaKind::WebPage {
        return new.detail.is_some() && told.edited >= old.edited;
    }
    told.edited.is_some() && told.edited >= old.edited
}

/// Not the same thing in another state.
fn is_other(stored: &Media, new: &Media) -> bool {
    let file = |media: &Media| media.file.as_ref().map(|file| file.id);
    let is_another_file = match (file(stored), file(new)) {
        (Some(stored), Some(new)) => stored != new,
        // A file that Telegram does not show any more is the same file.
        _ => false,
    };
    let is_another_detail = match (stored.detail.as_deref(), new.detail.as_deref()) {
        (Some(Detail::Poll(stored)), Some(Detail::Poll(new))) => stored.id != new.id,
        (Some(Detail::WebPage(stored)), Some(Detail::WebPage(new))) => stored.id != new.id,
        (Some(Detail::Dice { emoji: stored, .. }), Some(Detail::Dice { emoji: new, .. })) => stored != new,
        (Some(stored), Some(new)) => std::mem::discriminant(stored) != std::mem::discriminant(new),
        _ => false,
    };
    stored.kind != new.kind || is_another_file || is_another_detail
}

/// Somebody put another thing into its place.
pub(super) fn is_replaced(old: &Message, now: &Message) -> bool {
    match (&old.media, &now.media) {
        (Some(stored), Some(new)) => {
            !says_nothing(stored)
                && is_other(stored, new)
                && !(stored.kind == MediaKind::WebPage && new.kind == MediaKind::WebPage)
        }
        _ => false,
    }
}

/// References run out, and fresh ones are not news.
pub(super) fn without_references(message: &Message) -> Cow<'_, Message> {
    if message.files().is_empty() {
        return Cow::Borrowed(message);
    }
    let mut message = message.clone();
    let forget = |file: &mut File| file.reference = Blob::default();
    let of_media = |media: &mut Media| {
        media.file.as_deref_mut().into_iter().chain(&mut media.more_files).for_each(forget);
    };
    message.media.as_deref_mut().into_iter().for_each(of_media);
    message.action.as_deref_mut().and_then(|action| action.photo.as_deref_mut()).into_iter().for_each(forget);
    message.reply.as_deref_mut().and_then(|reply| reply.media.as_deref_mut()).into_iter().for_each(of_media);
    Cow::Owned(message)
}

pub(crate) fn poll_of(media: &Media) -> Option<&Poll> {
    match media.detail.as_deref() {
        Some(Detail::Poll(poll)) => Some(poll),
        _ => None,
    }
}

fn poll_of_mut(media: &mut Media) -> Option<&mut Poll> {
    match media.detail.as_deref_mut() {
        Some(Detail::Poll(poll)) => Some(poll),
        _ => None,
    }
}

/// The message with newer results of its poll; none when it carries another one.
pub(crate) fn with_poll(message: &Message, told: &Poll) -> Option<Message> {
    let mut message = message.clone();
    let poll = poll_of_mut(message.media.as_deref_mut()?).filter(|poll| poll.id == told.id)?;
    *poll = merge_poll(poll, told);
    Some(message)
}

/// Results that do not know what we chose keep what is known of it. A closed poll stays closed.
pub(crate) fn merge_poll(stored: &Poll, told: &Poll) -> Poll {
    let mut poll = overlay(stored, told, Believe::Told);
    if !told.results.is_partial || stored.results.is_partial {
        poll.results.is_partial = told.results.is_partial;
        return poll;
    }
    poll.results.is_partial = false;
    for votes in poll.results.votes.iter_mut().flatten() {
        if let Some(known) = stored.votes(&votes.option) {
            votes.is_chosen |= known.is_chosen;
            votes.is_correct |= known.is_correct;
        }
    }
    poll
}
