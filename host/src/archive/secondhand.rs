//! How a message that an import tells meets what is told of it otherwise.
//!
//! An export or another tool's database knows less than Telegram does: no numbers of files, hardly any
//! counters, sometimes a text that was rendered. So, in whichever order the two come:
//!
//! - What Telegram tells takes the place of what an import told, whole.
//! - A text that was edited later is never lost to an earlier one, whoever tells it; the earlier one
//!   becomes a version.
//! - A second telling of the same source takes the place of the first; that of another source fills in
//!   what was missing.
//! - A file that an import has brought becomes Telegram's file at the same place, and is not fetched again.

use jiff::Timestamp;

use crate::model::{Entity, Extra, File, Message};

/// The message as it is, now that both are known.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settled {
    pub(super) message: Message,
    /// A text that it had before.
    pub(super) earlier: Option<Earlier>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Earlier {
    pub(super) text: String,
    pub(super) entities: Vec<Entity>,
    pub(super) since: Timestamp,
}

/// `None` when Telegram told both: then the ordinary rules decide.
pub(super) fn settle(known: &Message, told: &Message) -> Option<Settled> {
    let (base, other) = match (known.is_imported(), told.is_imported()) {
        (false, false) => return None,
        (true, false) => (told.clone(), known),
        (false, true) => (known.clone(), told),
        (true, true) if known.import_source() == told.import_source() => (filled(told, known), known),
        (true, true) => (filled(known, told), told),
    };
    Some(with_latest_text(base, other))
}

/// Which file of Telegram's each imported file is: by its place among the files, unless their sizes contradict.
pub(super) fn heirs(before: &Message, now: &Message) -> Vec<(i64, i64)> {
    let pairs = before.files().into_iter().zip(now.files());
    pairs.filter(|(old, new)| is_heir(old, new)).map(|(old, new)| (old.id, new.id)).collect()
}

fn is_heir(old: &File, new: &File) -> bool {
    let is_same_size = old.size_bytes == new.size_bytes || old.size_bytes == 0 || new.size_bytes == 0;
    old.is_imported() && old.id != new.id && old.form == new.form && is_same_size
}

fn with_latest_text(mut base: Message, other: &Message) -> Settled {
    let mut earlier = None;
    if base.text != other.text && other.edited > base.edited {
        earlier = Some(text_of(&base));
        take_text(&mut base, other);
    } else if base.text != other.text && other.edited < base.edited && !other.has_rendered_text() {
        earlier = Some(text_of(other));
    } else if other.edited == base.edited && base.has_rendered_text() && !other.has_rendered_text() {
        take_text(&mut base, other);
    }
    // The empty text of an album's later pictures is no version of anything.
    Settled { message: base, earlier: earlier.filter(|it| !it.text.is_empty()) }
}

fn text_of(message: &Message) -> Earlier {
    Earlier {
        text: message.text.clone(),
        entities: message.entities.clone(),
        since: message.edited.unwrap_or(message.date),
    }
}

fn take_text(message: &mut Message, other: &Message) {
    message.text.clone_from(&other.text);
    message.entities.clone_from(&other.entities);
    message.edited = other.edited;
    if message.is_imported() {
        message.set_rendered_text(other.has_rendered_text());
    }
}

/// `base`, with what only `other` knows.
fn filled(base: &Message, other: &Message) -> Message {
    let mut message = base.clone();
    macro_rules! fill {
        ($($field:ident),*) => { $( if message.$field.is_none() { message.$field.clone_from(&other.$field); } )* };
    }
    fill!(sender, media, action, reply, forward, reactions, comments, views, forwards, album, signature);
    fill!(via_bot, saved_peer, ttl_seconds, effect, fact_check);
    if message.text.is_empty() {
        take_text(&mut message, other);
    }
    keep_size(&mut message, other);
    message.marks.is_outgoing |= other.marks.is_outgoing;
    message.marks.is_pinned |= other.marks.is_pinned;
    let rest = Extra::from(
        message
            .extra
            .iter()
            .chain(other.extra.iter().filter(|(name, _)| message.extra.get(name).is_none()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<serde_json::Map<_, _>>(),
    );
    message.extra = rest;
    message
}

/// A telling that comes without its files does not know how large they are.
fn keep_size(message: &mut Message, other: &Message) {
    let file = message.media.as_mut().and_then(|media| media.file.as_mut());
    let known = other.media.as_ref().and_then(|media| media.file.as_ref());
    if let (Some(file), Some(known)) = (file, known)
        && file.size_bytes == 0
        && file.id == known.id
    {
        file.size_bytes = known.size_bytes;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        archive::testing::worlds,
        model::{Blob, FileForm, FileRole, Media, MediaKind, PeerId},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn message(text: &str, edited: Option<i64>) -> Message {
        Message { date: at(1000), edited: edited.map(at), ..worlds::plain(PeerId(-5), 7, text) }
    }

    fn imported(text: &str, edited: Option<i64>, source: &str) -> Message {
        let mut message = message(text, edited);
        message.extra.insert(Message::IMPORT, json!({ "from": source }));
        message
    }

    fn rendered(text: &str, edited: Option<i64>) -> Message {
        let mut message = imported(text, edited, "telegram-archive");
        message.set_rendered_text(true);
        message
    }

    fn with_file(mut message: Message, id: i64, dc: i32, size_bytes: i64) -> Message {
        let file = File {
            role: FileRole::Main,
            form: FileForm::Document,
            id,
            access_hash: i64::from(dc),
            reference: Blob::default(),
            dc,
            date: at(1000),
            size_bytes,
            mime: String::new(),
            name: None,
            picture: None,
            video: None,
            audio: None,
            sticker: None,
            is_animated: false,
            has_stickers: false,
            sizes: None,
            video_sizes: None,
            extra: Extra::default(),
        };
        message.media = Some(Box::new(Media {
            kind: MediaKind::Document,
            file: Some(Box::new(file)),
            more_files: Vec::new(),
            is_spoiler: false,
            ttl_seconds: None,
            detail: None,
            extra: Extra::default(),
        }));
        message
    }

    #[test]
    fn two_of_telegram_are_none_of_its_business() {
        assert_eq!(settle(&message("a", None), &message("b", None)), None);
    }

    #[test]
    fn telegram_completes_what_was_imported() {
        let mut captured = message("**hi**", Some(2000));
        captured.views = Some(9);
        let settled = settle(&rendered("hi", Some(2000)), &captured).unwrap();
        assert_eq!(settled, Settled { message: captured, earlier: None });
    }

    #[test]
    fn later_edit_survives_an_import_and_a_capture() {
        let (old, new) = (message("first", None), imported("second", Some(2000), "telegram-desktop"));
        for settled in [settle(&old, &new).unwrap(), settle(&new, &old).unwrap()] {
            assert_eq!((settled.message.text.as_str(), settled.message.edited), ("second", Some(at(2000))));
            let earlier = settled.earlier.unwrap();
            assert_eq!((earlier.text.as_str(), earlier.since), ("first", at(1000)));
            assert!(!settled.message.is_imported());
        }
    }

    #[test]
    fn another_source_fills_in() {
        let mut desktop = imported("exact", None, "telegram-desktop");
        desktop.signature = Some("Ed".into());
        let mut other = rendered("exact", None);
        other.views = Some(3);
        for (known, told) in [(&desktop, &other), (&other, &desktop)] {
            let settled = settle(known, told).unwrap();
            assert_eq!((settled.message.views, settled.message.signature.as_deref()), (Some(3), Some("Ed")));
            assert!(!settled.message.has_rendered_text());
        }
    }

    #[test]
    fn a_telling_without_its_files_changes_nothing() {
        let with = with_file(imported("", None, "telegram-desktop"), -1, 0, 500);
        let without = with_file(imported("", None, "telegram-desktop"), -1, 0, 0);
        assert_eq!(settle(&with, &without).unwrap().message, with);
        let later = with_file(imported("", None, "telegram-desktop"), -1, 0, 600);
        assert_eq!(settle(&with, &later).unwrap().message, later);
    }

    #[test]
    fn imported_files_become_those_of_telegram() {
        let imported = with_file(imported("", None, "telegram-desktop"), -1, 0, 500);
        let captured = |size| with_file(message("", None), 777, 2, size);
        assert_eq!(heirs(&imported, &captured(500)), [(-1, 777)]);
        assert_eq!(heirs(&imported, &captured(501)), []);
        assert_eq!(heirs(&captured(500), &imported), []);
    }

    fn any_telling() -> impl Strategy<Value = Message> {
        let text = prop::sample::select(vec!["", "a", "b"]);
        let kind = prop::sample::select(vec!["", "telegram-desktop"]);
        (text, prop::option::of(2000..2003_i64), kind, prop::option::of(1..3_i32)).prop_map(
            |(text, edited, kind, views)| {
                let mut told =
                    if kind.is_empty() { message(text, edited) } else { imported(text, edited, kind) };
                told.views = views;
                told
            },
        )
    }

    proptest! {
        #[test]
        fn order_of_import_and_capture_does_not_matter(one in any_telling(), other in any_telling()) {
            prop_assume!(one.is_imported() != other.is_imported());
            prop_assert_eq!(settle(&one, &other), settle(&other, &one));
        }

        #[test]
        fn telling_it_again_changes_nothing(one in any_telling(), other in any_telling()) {
            if let Some(settled) = settle(&one, &other)
                && let Some(again) = settle(&settled.message, &other)
            {
                prop_assert_eq!(again.message, settled.message);
            }
        }
    }
}
