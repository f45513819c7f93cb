//! Messages as columns, straight from the model: nothing is built per message, and the lists of
//! the last batch are filled again.

use tapedeck_bindings::capability::messages::{Batch, ExtraColumn, Texts};

use super::{
    codes::{media_code, message_marks},
    extra::{self, Material},
};
use crate::model::{File, Message};

pub(super) fn empty() -> Batch {
    Batch {
        ids: Vec::new(),
        chat_ids: Vec::new(),
        sender_ids: Vec::new(),
        dates: Vec::new(),
        edit_dates: Vec::new(),
        marks: Vec::new(),
        media_kinds: Vec::new(),
        media_sizes: Vec::new(),
        media_durations_ms: Vec::new(),
        reply_to_ids: Vec::new(),
        topic_ids: Vec::new(),
        forward_ids: Vec::new(),
        via_bot_ids: Vec::new(),
        album_ids: Vec::new(),
        views: Vec::new(),
        texts: empty_texts(),
        extra: Vec::new(),
    }
}

/// Puts these messages in place of what is there, with the extra facts of these names.
pub(super) fn fill(batch: &mut Batch, material: &Material<'_>, wanted: &[String]) {
    clear(batch, material.messages.len());
    for message in material.messages {
        push(batch, message);
    }
    batch.extra.clear();
    batch.extra.extend(wanted.iter().filter_map(|name| column(name, material)));
}

fn clear(batch: &mut Batch, len: usize) {
    fn anew<T>(list: &mut Vec<T>, len: usize) {
        list.clear();
        list.reserve(len);
    }
    anew(&mut batch.ids, len);
    anew(&mut batch.chat_ids, len);
    anew(&mut batch.sender_ids, len);
    anew(&mut batch.dates, len);
    anew(&mut batch.edit_dates, len);
    anew(&mut batch.marks, len);
    anew(&mut batch.media_kinds, len);
    anew(&mut batch.media_sizes, len);
    anew(&mut batch.media_durations_ms, len);
    anew(&mut batch.reply_to_ids, len);
    anew(&mut batch.topic_ids, len);
    anew(&mut batch.forward_ids, len);
    anew(&mut batch.via_bot_ids, len);
    anew(&mut batch.album_ids, len);
    anew(&mut batch.views, len);
    batch.texts.bytes.clear();
    anew(&mut batch.texts.offsets, len + 1);
    batch.texts.offsets.push(0);
}

fn push(batch: &mut Batch, message: &Message) {
    let (kind, file) = match &message.media {
        Some(media) => (media_code(media.kind), media.file.as_deref()),
        None => (0, None),
    };
    let reply = message.reply.as_ref().and_then(|reply| reply.message);
    let origin = message.forward.as_ref().and_then(|forward| forward.from);
    batch.ids.push(message.id.0.into());
    batch.chat_ids.push(message.chat.0);
    batch.sender_ids.push(message.sender.map_or(0, |peer| peer.0));
    batch.dates.push(message.date.as_second());
    batch.edit_dates.push(message.edited.map_or(0, |date| date.as_second()));
    batch.marks.push(message_marks(message));
    batch.media_kinds.push(kind);
    batch.media_sizes.push(file.map_or(0, size));
    batch.media_durations_ms.push(file.and_then(duration_ms).unwrap_or(0));
    batch.reply_to_ids.push(reply.map_or(0, |id| id.0.into()));
    batch.topic_ids.push(message.topic().map_or(0, |id| id.0.into()));
    batch.forward_ids.push(origin.map_or(0, |peer| peer.0));
    batch.via_bot_ids.push(message.via_bot.map_or(0, |peer| peer.0));
    batch.album_ids.push(message.album.unwrap_or(0));
    batch.views.push(message.views.map_or(0, count));
    batch.texts.bytes.extend_from_slice(message.text.as_bytes());
    end_text(&mut batch.texts);
}

fn column(name: &str, material: &Material<'_>) -> Option<ExtraColumn> {
    let mut values = empty_texts();
    values.offsets.reserve(material.messages.len());
    for place in 0..material.messages.len() {
        extra::write(name, material, place, &mut values.bytes)?;
        end_text(&mut values);
    }
    Some(ExtraColumn { name: name.to_owned(), values })
}

fn empty_texts() -> Texts {
    Texts { offsets: vec![0], bytes: Vec::new() }
}

fn end_text(texts: &mut Texts) {
    texts.offsets.push(u32::try_from(texts.bytes.len()).expect("a batch has no 4 GiB of text"));
}

pub(super) fn size(file: &File) -> u64 {
    u64::try_from(file.size_bytes).unwrap_or(0)
}

pub(super) fn duration_ms(file: &File) -> Option<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats saturate")]
    file.seconds().map(|seconds| (seconds * 1000.0).round() as u32)
}

/// Telegram counts with signs; less than nothing means nothing.
pub(super) fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        model::{Forward, MessageId, PeerId, Reply},
        plugin_host::calls::samples::message,
    };

    fn filled(messages: &[Message], wanted: &[&str]) -> Batch {
        let mut batch = empty();
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        fill(&mut batch, &Material::of(messages), &wanted);
        batch
    }

    fn text(texts: &Texts, place: usize) -> &str {
        let [from, to] = [texts.offsets[place], texts.offsets[place + 1]].map(|it| it as usize);
        std::str::from_utf8(&texts.bytes[from..to]).unwrap()
    }

    fn lengths(batch: &Batch) -> [usize; 16] {
        [
            batch.ids.len(),
            batch.chat_ids.len(),
            batch.sender_ids.len(),
            batch.dates.len(),
            batch.edit_dates.len(),
            batch.marks.len(),
            batch.media_kinds.len(),
            batch.media_sizes.len(),
            batch.media_durations_ms.len(),
            batch.reply_to_ids.len(),
            batch.topic_ids.len(),
            batch.forward_ids.len(),
            batch.via_bot_ids.len(),
            batch.album_ids.len(),
            batch.views.len(),
            batch.texts.offsets.len() - 1,
        ]
    }

    #[test]
    fn columns_are_as_long_as_the_batch() {
        let messages = [message(1, "grüß dich"), message(2, ""), message(3, "😀")];
        let batch = filled(&messages, &["json", "mime"]);
        assert_eq!(lengths(&batch), [3; 16]);
        assert_eq!(
            [text(&batch.texts, 0), text(&batch.texts, 1), text(&batch.texts, 2)],
            ["grüß dich", "", "😀"]
        );
        assert!(batch.extra.iter().all(|column| column.values.offsets.len() == 4));
    }

    #[test]
    fn nothing_is_left_of_the_batch_before() {
        let messages: Vec<Message> = (1..=10).map(|id| message(id, "before")).collect();
        let mut batch = empty();
        fill(&mut batch, &Material::of(&messages), &["json".to_owned()]);
        fill(&mut batch, &Material::of(&[message(99, "after")]), &[]);
        assert_eq!((lengths(&batch), batch.ids[0], batch.extra.len()), ([1; 16], 99, 0));
        assert_eq!(batch.texts.bytes, b"after");
    }

    #[test]
    fn facts_land_in_their_columns() {
        let mut it = message(7, "hello");
        it.views = Some(-3);
        it.album = Some(12);
        it.via_bot = Some(PeerId(5));
        it.reply = Some(Box::new(Reply {
            message: Some(MessageId(3)),
            thread: Some(MessageId(2)),
            is_in_topic: true,
            ..Reply::default()
        }));
        let forward = json!({ "date": "2020-01-01T00:00:00Z", "from": 77 });
        it.forward = Some(Box::new(serde_json::from_value::<Forward>(forward).unwrap()));
        let batch = filled(&[it], &[]);
        assert_eq!([batch.reply_to_ids[0], batch.topic_ids[0], batch.forward_ids[0]], [3, 2, 77]);
        assert_eq!([batch.via_bot_ids[0], batch.album_ids[0], batch.sender_ids[0]], [5, 12, 42]);
        assert_eq!((batch.views[0], batch.marks[0]), (0, 1 << 11 | 1 << 12));
    }

    #[test]
    fn unknown_columns_are_left_out() {
        let it = message(7, "hello");
        let batch = filled(std::slice::from_ref(&it), &["json", "sender-name", "mood", "entities"]);
        let names: Vec<&str> = batch.extra.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["json", "entities"]);
        let json: Message = serde_json::from_str(text(&batch.extra[0].values, 0)).unwrap();
        assert_eq!((json, text(&batch.extra[1].values, 0)), (it, ""));
    }
}
