//! A row that is damaged meets what Telegram tells of its message.

use super::{Earlier, Merged};
use crate::{
    archive::{
        row::media_code,
        stored::{ChangeKind, Stored},
    },
    model::{MediaKind, Message},
};

/// Whether Telegram shows less than the row had: then the row may be the only copy, and stays what it is.
pub(in crate::archive) fn shows_less(media: Option<i32>, text: &str, told: &Message) -> bool {
    let kind = told.media.as_ref().map(|media| media.kind);
    let has_no_media = matches!(kind, None | Some(MediaKind::Empty | MediaKind::Unsupported));
    let had_media = media.is_some_and(|code| kind.is_none_or(|kind| code != media_code(kind)));
    had_media && has_no_media || told.text.is_empty() && !text.is_empty() && told.edited.is_none()
}

/// The row becomes what is told, since nobody knows what of it is damaged. Words that an edit has replaced stay as an
/// earlier text: they may be the damaged ones, and there are no others.
pub(in crate::archive) fn mend(stored: &mut Stored, told: &Message, sender_name: Option<&str>) -> Merged {
    let old = &mut stored.message;
    // Who is another one by damage has another one's name; and the name itself may be what is damaged.
    let has_name = sender_name.is_some_and(|name| !name.is_empty());
    if old.sender != told.sender || has_name {
        stored.sender_name = None;
    }
    let is_edited = told.edited > old.edited && told.text != old.text && !old.text.is_empty();
    let earlier = is_edited.then(|| Earlier {
        text: old.text.clone(),
        entities: old.entities.clone(),
        since: old.edited.unwrap_or(old.date),
    });
    // A damaged reaction is none that went.
    old.reactions.clone_from(&told.reactions);
    Merged {
        message: Some(Box::new(told.clone())),
        change: Some(ChangeKind::Edited),
        earlier,
        names_sender: stored.sender_name.is_none() && has_name,
        ..Merged::default()
    }
}

/// What stands in for a row that cannot be read any more.
pub(in crate::archive) fn unreadable(told: &Message, versions: u32) -> Stored {
    // Without its files, so that they are looked for.
    let message = Message { media: None, action: None, reply: None, ..told.clone() };
    Stored { message, sender_name: None, deleted: None, versions }
}
