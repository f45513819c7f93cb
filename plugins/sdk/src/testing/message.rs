//! Messages for tests.

use std::time::Duration;

use crate::{
    MediaKind, Messages,
    bindings::host::tapedeck::plugin::messages::{Batch as Columns, ExtraColumn, Texts},
};

/// A message that says this. It has a number by its place, and a chat and a sender of their own;
/// what else it is, is said as with a builder.
pub fn message(text: impl Into<String>) -> Draft {
    Draft {
        text: text.into(),
        id: 0,
        chat: -1_000_000_000_001,
        sender: 1001,
        date: 1_700_000_000,
        edit_date: 0,
        marks: 0,
        media: 0,
        media_size: 0,
        duration_ms: 0,
        reply_to: 0,
        topic: 0,
        forward: 0,
        via_bot: 0,
        album: 0,
        views: 0,
        extra: Vec::new(),
    }
}

/// A message that is being made up.
#[derive(Clone, Debug)]
pub struct Draft {
    text: String,
    id: i64,
    chat: i64,
    sender: i64,
    date: i64,
    edit_date: i64,
    marks: u64,
    media: u16,
    media_size: u64,
    duration_ms: u32,
    reply_to: i64,
    topic: i64,
    forward: i64,
    via_bot: i64,
    album: i64,
    views: u32,
    extra: Vec<(String, String)>,
}

impl Draft {
    pub fn id(self, id: i64) -> Self {
        Self { id, ..self }
    }

    pub fn chat(self, chat: i64) -> Self {
        Self { chat, ..self }
    }

    /// 0 for nobody.
    pub fn sender(self, sender: i64) -> Self {
        Self { sender, ..self }
    }

    pub fn date(self, date: i64) -> Self {
        Self { date, ..self }
    }

    pub fn edit_date(self, edit_date: i64) -> Self {
        Self { edit_date, ..self }
    }

    /// Makes a fact of [`marks`](crate::marks) true of it.
    pub fn mark(self, mark: u64) -> Self {
        Self { marks: self.marks | mark, ..self }
    }

    pub fn media(self, kind: MediaKind, bytes: u64) -> Self {
        Self { media: kind.number(), media_size: bytes, ..self }
    }

    pub fn duration(self, duration: Duration) -> Self {
        Self { duration_ms: duration.as_millis().try_into().unwrap_or(u32::MAX), ..self }
    }

    pub fn reply_to(self, reply_to: i64) -> Self {
        Self { reply_to, ..self }.mark(crate::marks::REPLY)
    }

    pub fn topic(self, topic: i64) -> Self {
        Self { topic, ..self }
    }

    /// Makes it forwarded; 0 for an author who hides.
    pub fn forwarded_from(self, forward: i64) -> Self {
        Self { forward, ..self }.mark(crate::marks::FORWARDED)
    }

    pub fn via_bot(self, via_bot: i64) -> Self {
        Self { via_bot, ..self }
    }

    pub fn album(self, album: i64) -> Self {
        Self { album, ..self }
    }

    pub fn views(self, views: u32) -> Self {
        Self { views, ..self }
    }

    /// A fact without a column of its own.
    pub fn extra(mut self, name: &str, value: &str) -> Self {
        self.extra.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Messages as a host hands them over: `[message("a"), message("b")].into_iter().collect()`.
#[derive(Clone, Debug)]
pub struct Batch {
    drafts: Vec<Draft>,
    columns: Columns,
}

impl Batch {
    pub fn messages(&self) -> Messages<'_> {
        Messages::new(&self.columns).expect("columns made from messages fit together")
    }

    #[cfg(test)]
    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }

    pub(crate) fn text(&self, index: usize) -> &str {
        &self.drafts[index].text
    }
}

impl FromIterator<Draft> for Batch {
    fn from_iter<I: IntoIterator<Item = Draft>>(drafts: I) -> Self {
        let numbered = drafts.into_iter().zip(1..);
        let drafts: Vec<Draft> = numbered
            .map(|(draft, place)| Draft { id: if draft.id == 0 { place } else { draft.id }, ..draft })
            .collect();
        let columns = Columns {
            ids: column(&drafts, |it| it.id),
            chat_ids: column(&drafts, |it| it.chat),
            sender_ids: column(&drafts, |it| it.sender),
            dates: column(&drafts, |it| it.date),
            edit_dates: column(&drafts, |it| it.edit_date),
            marks: column(&drafts, |it| it.marks),
            media_kinds: column(&drafts, |it| it.media),
            media_sizes: column(&drafts, |it| it.media_size),
            media_durations_ms: column(&drafts, |it| it.duration_ms),
            reply_to_ids: column(&drafts, |it| it.reply_to),
            topic_ids: column(&drafts, |it| it.topic),
            forward_ids: column(&drafts, |it| it.forward),
            via_bot_ids: column(&drafts, |it| it.via_bot),
            album_ids: column(&drafts, |it| it.album),
            views: column(&drafts, |it| it.views),
            texts: texts(drafts.iter().map(|it| it.text.as_str())),
            extra: extra(&drafts),
        };
        Self { drafts, columns }
    }
}

fn column<T>(drafts: &[Draft], value: impl Fn(&Draft) -> T) -> Vec<T> {
    drafts.iter().map(value).collect()
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> Texts {
    let mut texts = Texts { offsets: vec![0], bytes: Vec::new() };
    for value in values {
        texts.bytes.extend_from_slice(value.as_bytes());
        texts.offsets.push(texts.bytes.len() as u32);
    }
    texts
}

fn extra(drafts: &[Draft]) -> Vec<ExtraColumn> {
    let mut names: Vec<&String> =
        drafts.iter().flat_map(|it| it.extra.iter().map(|(name, _)| name)).collect();
    names.sort();
    names.dedup();
    let value = |draft: &'_ Draft, name: &str| {
        draft
            .extra
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    };
    let columns = names.into_iter().map(|name| {
        let values: Vec<String> = drafts.iter().map(|draft| value(draft, name)).collect();
        ExtraColumn { name: name.clone(), values: texts(values.iter().map(String::as_str)) }
    });
    columns.collect()
}
