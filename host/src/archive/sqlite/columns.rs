//! Message rows out of and into SQL.

use std::borrow::Cow;

use rusqlite::{
    ToSql,
    types::{ToSqlOutput, ValueRef},
};

use super::place::id_of;
use crate::{
    archive::{
        StoreError, Stored,
        row::{Packed, Row, SUM, Soundness, Words, sealed, soundness},
    },
    model::PeerId,
};

/// In the order of [`Place`]. Reads from `messages m` and [`AUTHORS`].
pub(super) const COLUMNS: &str = "m.key, m.date, m.text, m.flags, m.edited, m.reply_to, m.topic, m.album, m.views, \
     m.forwards, m.media, m.action, m.detail, m.deleted, m.versions, w.sender, w.name";
pub(super) const AUTHORS: &str = "left join authors w on w.key = m.author";

/// Where each column stands.
struct Place;

impl Place {
    const KEY: usize = 0;
    const DATE: usize = 1;
    const TEXT: usize = 2;
    const FLAGS: usize = 3;
    const EDITED: usize = 4;
    const REPLY_TO: usize = 5;
    const TOPIC: usize = 6;
    const ALBUM: usize = 7;
    const VIEWS: usize = 8;
    const FORWARDS: usize = 9;
    const MEDIA: usize = 10;
    const ACTION: usize = 11;
    const DETAIL: usize = 12;
    const DELETED: usize = 13;
    const VERSIONS: usize = 14;
    const SENDER: usize = 15;
    const NAME: usize = 16;
}

/// How many columns a message takes, for those who read more behind them.
pub(super) const WIDTH: usize = 17;

pub(super) const INSERT: &str = "insert into messages (key, date, author, flags, text, detail, media, reply_to, views, \
     forwards, edited, topic, album, action) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// The date of a message never changes, and neither do chat and id.
pub(super) const UPDATE: &str = "update messages set author = ?2, versions = nullif(?3, 0), flags = ?4, text = ?5, \
     detail = ?6, media = ?7, reply_to = ?8, views = ?9, forwards = ?10, edited = ?11, topic = ?12, album = ?13, \
     action = ?14 where key = ?1";

/// A row with its place in the table.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) key: i64,
    pub(super) stored: Stored,
    /// Whether the row is not what was written; only [`examined`] says so.
    pub(super) is_damaged: bool,
}

pub(super) fn key_of(sql: &rusqlite::Row<'_>) -> rusqlite::Result<i64> {
    sql.get(Place::KEY)
}

pub(super) fn date_of(sql: &rusqlite::Row<'_>) -> rusqlite::Result<i64> {
    sql.get(Place::DATE)
}

/// What it carries, as far as it can be read.
pub(super) fn carried(sql: &rusqlite::Row<'_>) -> Option<i32> {
    sql.get(Place::MEDIA).ok().flatten()
}

/// Its text, as far as it can be read.
pub(super) fn text_of<'r>(sql: &'r rusqlite::Row<'_>) -> rusqlite::Result<Cow<'r, str>> {
    Ok(match sql.get_ref(Place::TEXT)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes),
        _ => Cow::Borrowed(""),
    })
}

/// Whether it is by this sender and carries this.
pub(super) fn has(
    sql: &rusqlite::Row<'_>,
    sender: Option<i64>,
    media: Option<i32>,
) -> rusqlite::Result<bool> {
    let is_by = sender.is_none() || sql.get::<_, Option<i64>>(Place::SENDER)? == sender;
    Ok(is_by && (media.is_none() || sql.get::<_, Option<i32>>(Place::MEDIA)? == media))
}

pub(super) fn known(sql: &rusqlite::Row<'_>, chat: PeerId) -> Result<Known, StoreError> {
    let key: i64 = sql.get(Place::KEY)?;
    let row = Row {
        id: id_of(key),
        date: sql.get(Place::DATE)?,
        edited: sql.get(Place::EDITED)?,
        sender: sql.get(Place::SENDER)?,
        text: Cow::Owned(sql.get(Place::TEXT)?),
        flags: sql.get(Place::FLAGS)?,
        reply_to: sql.get(Place::REPLY_TO)?,
        topic: sql.get(Place::TOPIC)?,
        album: sql.get(Place::ALBUM)?,
        views: sql.get(Place::VIEWS)?,
        forwards: sql.get(Place::FORWARDS)?,
        media: sql.get(Place::MEDIA)?,
        action: sql.get::<_, Option<String>>(Place::ACTION)?.map(Cow::Owned),
        detail: detail(sql, Place::DETAIL)?,
    };
    let stored = Stored {
        message: row.into_message_from_short(chat)?,
        sender_name: sql.get(Place::NAME)?,
        deleted: sql.get::<_, Option<i64>>(Place::DELETED)?.map(super::time::time).transpose()?,
        versions: sql.get::<_, Option<u32>>(Place::VERSIONS)?.unwrap_or(0),
    };
    Ok(Known { key, stored, is_damaged: false })
}

/// For those who write the row anew.
pub(super) fn examined(sql: &rusqlite::Row<'_>, chat: PeerId) -> Result<Known, StoreError> {
    Ok(Known { is_damaged: soundness_of(sql, chat) == Soundness::Damaged, ..known(sql, chat)? })
}

/// Looks at the bytes as they lie there, since damaged ones may be no texts.
pub(super) fn soundness_of(sql: &rusqlite::Row<'_>, chat: PeerId) -> Soundness {
    // Nobody has written a column of another type.
    match compared(sql, chat).unwrap_or(Soundness::Damaged) {
        // What cannot be read needs no checksum to be damaged.
        Soundness::Unknown if known(sql, chat).is_err() => Soundness::Damaged,
        found => found,
    }
}

fn compared(sql: &rusqlite::Row<'_>, chat: PeerId) -> rusqlite::Result<Soundness> {
    Ok(soundness(&numbers(sql)?, chat, &words(sql)?))
}

fn numbers(sql: &rusqlite::Row<'_>) -> rusqlite::Result<Row<'static, ()>> {
    Ok(Row {
        id: id_of(sql.get(Place::KEY)?),
        date: sql.get(Place::DATE)?,
        edited: sql.get(Place::EDITED)?,
        sender: sql.get(Place::SENDER)?,
        text: Cow::Borrowed(""),
        flags: sql.get(Place::FLAGS)?,
        reply_to: sql.get(Place::REPLY_TO)?,
        topic: sql.get(Place::TOPIC)?,
        album: sql.get(Place::ALBUM)?,
        views: sql.get(Place::VIEWS)?,
        forwards: sql.get(Place::FORWARDS)?,
        media: sql.get(Place::MEDIA)?,
        action: None,
        detail: None,
    })
}

fn words<'r>(sql: &'r rusqlite::Row<'_>) -> rusqlite::Result<Words<'r>> {
    let bytes = |place: usize| {
        Ok::<_, rusqlite::Error>(match sql.get_ref(place)? {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes),
            _ => None,
        })
    };
    Ok(Words {
        text: bytes(Place::TEXT)?.unwrap_or_default(),
        detail: bytes(Place::DETAIL)?,
        action: bytes(Place::ACTION)?,
        sender_name: bytes(Place::NAME)?,
    })
}

/// `flags` of a row that is being written.
pub(super) fn flags_of(row: &Row<'_, Packed<'_>>, chat: PeerId, sender_name: Option<&str>) -> i32 {
    let words = Words {
        text: row.text.as_bytes(),
        detail: row.detail.as_ref().map(Packed::as_bytes),
        action: row.action.as_deref().map(str::as_bytes),
        sender_name: sender_name.map(str::as_bytes),
    };
    sealed(row, chat, &words)
}

/// `flags` with the checksum of all that the row says now.
pub(super) fn seal_of(sql: &rusqlite::Row<'_>, chat: PeerId) -> rusqlite::Result<i32> {
    Ok(sealed(&numbers(sql)?, chat, &words(sql)?))
}

/// A text, or bytes when there is something behind the text.
pub(super) fn detail<'r>(sql: &'r rusqlite::Row<'_>, place: usize) -> rusqlite::Result<Option<Packed<'r>>> {
    Ok(match sql.get_ref(place)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(Packed::stored(bytes)),
        _ => None,
    })
}

impl ToSql for Packed<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let bytes = self.as_bytes();
        Ok(ToSqlOutput::Borrowed(if self.is_text() { ValueRef::Text(bytes) } else { ValueRef::Blob(bytes) }))
    }
}

pub(super) fn stored(sql: &rusqlite::Row<'_>, chat: PeerId) -> Result<Stored, StoreError> {
    known(sql, chat).map(|known| known.stored)
}

/// Whether the row says just that already; then nobody has to look closer.
pub(super) fn is_same(
    sql: &rusqlite::Row<'_>,
    told: &Row<'_, Packed<'_>>,
    sender_name: Option<&str>,
) -> rusqlite::Result<bool> {
    let number = |place: usize, told: Option<i64>| {
        Ok::<_, rusqlite::Error>(match sql.get_ref(place)? {
            ValueRef::Integer(known) => Some(known) == told,
            _ => told.is_none(),
        })
    };
    let bytes = |place: usize, told: Option<&[u8]>| {
        Ok::<_, rusqlite::Error>(match sql.get_ref(place)? {
            ValueRef::Text(known) | ValueRef::Blob(known) => Some(known) == told,
            _ => told.is_none(),
        })
    };
    let text = |place: usize, told: Option<&str>| bytes(place, told.map(str::as_bytes));
    let has_name = sender_name.is_none_or(str::is_empty) || sql.get_ref(Place::NAME)? != ValueRef::Null;
    Ok(has_name
        && number(Place::DATE, Some(told.date))?
        // Its checksum tells of the row and not of the message.
        && number_without_sum(sql)? == i64::from(told.flags)
        && text(Place::TEXT, Some(&told.text))?
        && bytes(Place::DETAIL, told.detail.as_ref().map(Packed::as_bytes))?
        && number(Place::EDITED, told.edited)?
        && number(Place::SENDER, told.sender)?
        && number(Place::VIEWS, told.views.map(i64::from))?
        && number(Place::FORWARDS, told.forwards.map(i64::from))?
        && number(Place::REPLY_TO, told.reply_to.map(i64::from))?
        && number(Place::TOPIC, told.topic.map(i64::from))?
        && number(Place::ALBUM, told.album)?
        && number(Place::MEDIA, told.media.map(i64::from))?
        && text(Place::ACTION, told.action.as_deref())?)
}

fn number_without_sum(sql: &rusqlite::Row<'_>) -> rusqlite::Result<i64> {
    Ok(sql.get::<_, i64>(Place::FLAGS)? & !i64::from(SUM))
}

/// The values of a row from `flags` to `action`, in the order of [`INSERT`] and [`UPDATE`]; `flags` with its checksum.
pub(super) fn values<'r>(row: &'r Row<'_, Packed<'_>>, flags: &'r i32) -> [&'r dyn ToSql; 11] {
    [
        flags,
        &row.text,
        &row.detail,
        &row.media,
        &row.reply_to,
        &row.views,
        &row.forwards,
        &row.edited,
        &row.topic,
        &row.album,
        &row.action,
    ]
}
