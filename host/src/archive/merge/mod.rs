//! How what is told meets what is known. Pure: engines only apply what comes out.
//!
//! Promises, whoever tells and in whatever order: nothing that is known is emptied, no text goes back
//! to an earlier one, and what is told twice changes nothing the second time.

mod media;
mod mend;
mod overlay;
mod people;
mod reactions;

pub(crate) use media::{poll_of, with_poll};
pub(in crate::archive) use mend::{mend, shows_less, unreadable};
pub(crate) use people::{chat_names, merge_chat, merge_topic, merge_user, unknown_chat, user_names};
pub(crate) use reactions::{merge_reactions, moved};

use self::overlay::{Believe, overlay};
pub(super) use super::secondhand::Earlier;
use super::{
    secondhand::{Settled, heirs, settle},
    stored::{ChangeKind, Stored},
};
use crate::model::{Extra, Marks, MediaKind, Message};

/// What becomes of a message that is known when it is told again.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::archive) struct Merged {
    /// As it is from now on; none when there is nothing to write.
    pub(crate) message: Option<Box<Message>>,
    /// What the feed tells of it; none for what nobody can see, such as a fresh reference of a file.
    pub(crate) change: Option<ChangeKind>,
    /// The words that have given way.
    pub(in crate::archive) earlier: Option<Earlier>,
    /// The text that was told was not taken.
    pub(crate) is_refused: bool,
    /// The sender had no name so far, and has one now.
    pub(crate) names_sender: bool,
    /// Which file each imported one has turned out to be.
    pub(crate) heirs: Vec<(i64, i64)>,
}

pub(in crate::archive) fn merge(stored: &Stored, told: &Message, sender_name: Option<&str>) -> Merged {
    let names_sender = stored.sender_name.is_none() && sender_name.is_some_and(|name| !name.is_empty());
    let old = &stored.message;
    let merged = if old == told {
        Merged::default()
    } else if let Some(Settled { mut message, earlier }) = settle(old, told) {
        message.marks.is_pinned |= old.marks.is_pinned;
        // Its row keeps the date that it has.
        message.date = old.date;
        Merged { heirs: heirs(old, &message), earlier, ..Merged::of(old, message) }
    } else {
        let words = Words::of(old, told);
        let gives_way = words == Words::Edited && (!old.text.is_empty() || !old.entities.is_empty());
        let earlier = gives_way.then(|| Earlier {
            text: old.text.clone(),
            entities: old.entities.clone(),
            since: old.edited.unwrap_or(old.date),
        });
        let is_refused = words == Words::Refused;
        Merged { earlier, is_refused, ..Merged::of(old, merged(old, told, words)) }
    };
    Merged { names_sender, ..merged }
}

impl Merged {
    fn of(old: &Message, now: Message) -> Self {
        let change = if now == *old { None } else { what_changed(old, &now) };
        Self { message: (now != *old).then(|| Box::new(now)), change, ..Self::default() }
    }
}

/// Whether it is an edit that waits already. Counters and references of files may have moved meanwhile.
pub(in crate::archive) fn is_same_edit(held: Option<&Message>, told: &Message) -> bool {
    held.is_some_and(|held| held.edited == told.edited && says_the_same(held, told))
}

/// Whether nothing is lost when the one takes the place of the other: reactions, counters and buttons are no words.
pub(crate) fn says_the_same(one: &Message, other: &Message) -> bool {
    let kind = |of: &Message| of.media.as_ref().map(|media| media.kind);
    let files = |of: &Message| of.files().iter().map(|file| file.id).collect::<Vec<_>>();
    // Words of a list to do are words, too.
    let list =
        |of: &Message| of.media.as_ref().filter(|it| it.kind == MediaKind::ToDo).map(|it| it.extra.clone());
    one.text == other.text
        && one.entities == other.entities
        && kind(one) == kind(other)
        && files(one) == files(other)
        && list(one) == list(other)
}

/// What becomes of text and marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    /// They stay, and so does the date of the edit: reactions move Telegram's.
    Same,
    /// There were none.
    Filled,
    Edited,
    /// An earlier text, or one without a date that would prove it newer.
    Refused,
}

impl Words {
    fn of(old: &Message, told: &Message) -> Self {
        let is_newer = told.edited > old.edited;
        let is_older = told.edited < old.edited;
        if told.text == old.text {
            return match (told.entities == old.entities, old.entities.is_empty(), told.entities.is_empty()) {
                (true, ..) | (_, _, true) => Self::Same,
                (_, true, _) if !is_older => Self::Filled,
                // The same words in bold: an edit like others.
                _ if is_newer => Self::Edited,
                _ => Self::Same,
            };
        }
        match (told.text.is_empty(), old.text.is_empty()) {
            // A caption that was taken away; without a date it was not told.
            (true, _) if is_newer => Self::Edited,
            (true, _) => Self::Same,
            (_, true) if is_older && old.edited.is_some() => Self::Refused,
            (_, true) => Self::Filled,
            _ if told.edited.is_none() || is_older => Self::Refused,
            _ => Self::Edited,
        }
    }
}

fn merged(old: &Message, told: &Message, words: Words) -> Message {
    let believe = if told.edited < old.edited { Believe::Stored } else { Believe::Told };
    let mut now = old.clone();
    if matches!(words, Words::Filled | Words::Edited) {
        now.text.clone_from(&told.text);
        now.entities.clone_from(&told.entities);
    }
    // Words that were not there before may come of an edit, or of somebody who knows more.
    let is_added = words == Words::Filled && old.text != told.text && told.edited > old.edited;
    if words == Words::Edited || is_added {
        (now.edited, now.marks.hides_edit) = (told.edited, told.marks.hides_edit);
    }
    let hides_edit = now.marks.hides_edit;
    now.marks = Marks { hides_edit, ..marks(old.marks, told.marks) };
    now.media = media::merge_media(old, told);
    if media::is_replaced(old, &now) && told.edited > old.edited {
        (now.edited, now.marks.hides_edit) = (told.edited, told.marks.hides_edit);
    }
    now.reactions = merge_reactions(old.reactions.as_deref(), told.reactions.as_deref()).map(Box::new);
    // Both only grow: an old telling has the smaller one.
    now.views = old.views.max(told.views);
    now.forwards = old.forwards.max(told.forwards);
    now.sender = old.sender.or(told.sender);
    now.album = old.album.or(told.album);
    now.via_bot = old.via_bot.or(told.via_bot);
    now.saved_peer = old.saved_peer.or(told.saved_peer);
    now.effect = old.effect.or(told.effect);
    now.ttl_seconds = believed(&old.ttl_seconds, &told.ttl_seconds, believe);
    now.signature = believed(&old.signature, &told.signature, believe);
    now.action = both(&old.action, &told.action, Believe::Told);
    now.reply = both(&old.reply, &told.reply, Believe::Told);
    now.forward = both(&old.forward, &told.forward, believe);
    now.comments = both(&old.comments, &told.comments, believe);
    now.fact_check = both(&old.fact_check, &told.fact_check, believe);
    if !told.restrictions.is_empty() && (believe == Believe::Told || old.restrictions.is_empty()) {
        now.restrictions.clone_from(&told.restrictions);
    }
    now.extra = merge_extra(&old.extra, &told.extra, believe);
    now
}

fn believed<T: Clone>(old: &Option<T>, told: &Option<T>, believe: Believe) -> Option<T> {
    let (first, second) = if believe == Believe::Told { (told, old) } else { (old, told) };
    first.clone().or_else(|| second.clone())
}

fn both<T>(old: &Option<T>, told: &Option<T>, believe: Believe) -> Option<T>
where
    T: serde::Serialize + serde::de::DeserializeOwned + Clone + PartialEq,
{
    match (old, told) {
        (Some(old), Some(told)) if old != told => Some(overlay(old, told, believe)),
        (Some(_), _) => old.clone(),
        (None, _) => told.clone(),
    }
}

fn merge_extra(old: &Extra, told: &Extra, believe: Believe) -> Extra {
    if told.is_empty() || told == old {
        old.clone()
    } else if old.is_empty() {
        told.clone()
    } else {
        overlay(old, told, believe)
    }
}

/// Facts do not become untrue because somebody does not tell them. A pin goes by a word of its own.
fn marks(old: Marks, told: Marks) -> Marks {
    Marks {
        is_outgoing: old.is_outgoing || told.is_outgoing,
        is_pinned: old.is_pinned || told.is_pinned,
        is_post: old.is_post || told.is_post,
        is_silent: old.is_silent || told.is_silent,
        is_mention: old.is_mention || told.is_mention,
        // What was heard once stays heard.
        is_media_unread: old.is_media_unread && told.is_media_unread,
        is_from_scheduled: old.is_from_scheduled || told.is_from_scheduled,
        hides_edit: old.hides_edit,
        is_protected: old.is_protected || told.is_protected,
        has_caption_above: old.has_caption_above || told.has_caption_above,
    }
}

/// The one word for it, the weightiest first. None when only references of files differ.
fn what_changed(old: &Message, now: &Message) -> Option<ChangeKind> {
    if old.text != now.text
        || old.entities != now.entities
        || old.edited != now.edited
        || media::is_replaced(old, now)
    {
        return Some(ChangeKind::Edited);
    }
    if old.marks.is_pinned != now.marks.is_pinned {
        return Some(ChangeKind::Pinned);
    }
    if old.reactions != now.reactions {
        return Some(ChangeKind::Reactions);
    }
    (media::without_references(old) != media::without_references(now)).then_some(ChangeKind::Touched)
}

#[cfg(test)]
mod tests;
