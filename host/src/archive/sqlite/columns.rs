//! Message rows out of and into SQL.

use std::borrow::Cow;

use rusqlite::{ToSql, types::ValueRef};

use crate::{
    archive::{
        StoreError, Stored,
        row::{Row, date_of},
    },
    model::PeerId,
};

/// In the order of [`Place`]. Reads from `messages m` and [`NAMES`].
pub(super) const COLUMNS: &str = "m.key, m.moment, m.id, m.sender, m.text, m.flags, m.edited, m.reply_to, m.topic, \
     m.album, m.views, m.forwards, m.media, m.action, m.detail, m.deleted, m.versions, n.name";
pub(super) const NAMES: &str = "left join names n on n.key = m.sender_name";

/// Where each column stands.
struct Place;

impl Place {
    const KEY: usize = 0;
    const MOMENT: usize = 1;
    const ID: usize = 2;
    const SENDER: usize = 3;
    const TEXT: usize = 4;
    const FLAGS: usize = 5;
    const EDITED: usize = 6;
    const REPLY_TO: usize = 7;
    const TOPIC: usize = 8;
    const ALBUM: usize = 9;
    const VIEWS: usize = 10;
    const FORWARDS: usize = 11;
    const MEDIA: usize = 12;
    const ACTION: usize = 13;
    const DETAIL: usize = 14;
    const DELETED: usize = 15;
    const VERSIONS: usize = 16;
    const NAME: usize = 17;
}

/// How many columns a message takes, for those who read more behind them.
pub(super) const WIDTH: usize = 18;

pub(super) const INSERT: &str = "insert into messages (key, chat, moment, sender_name, id, sender, text, flags, edited, \
     reply_to, topic, album, views, forwards, media, action, detail) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";

/// The date of a message never changes, and neither do chat and id.
pub(super) const UPDATE: &str = "update messages set sender_name = ?2, sender = ?3, text = ?4, flags = ?5, edited = ?6, \
     reply_to = ?7, topic = ?8, album = ?9, views = ?10, forwards = ?11, media = ?12, action = ?13, detail = ?14, \
     versions = ?15 where key = ?1";

/// A row with its places in the tables.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) key: i64,
    pub(super) moment: i64,
    pub(super) stored: Stored,
}

pub(super) fn key_of(sql: &rusqlite::Row<'_>) -> rusqlite::Result<(i64, i64, i32)> {
    Ok((sql.get(Place::KEY)?, sql.get(Place::MOMENT)?, sql.get(Place::ID)?))
}

pub(super) fn known(sql: &rusqlite::Row<'_>, chat: PeerId) -> Result<Known, StoreError> {
    let moment: i64 = sql.get(Place::MOMENT)?;
    let row = Row {
        id: sql.get(Place::ID)?,
        date: date_of(moment),
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
        detail: sql.get(Place::DETAIL)?,
    };
    let stored = Stored {
        message: row.into_message(chat)?,
        sender_name: sql.get(Place::NAME)?,
        deleted: sql.get::<_, Option<i64>>(Place::DELETED)?.map(super::time::time).transpose()?,
        versions: sql.get(Place::VERSIONS)?,
    };
    Ok(Known { key: sql.get(Place::KEY)?, moment, stored })
}

pub(super) fn stored(sql: &rusqlite::Row<'_>, chat: PeerId) -> Result<Stored, StoreError> {
    known(sql, chat).map(|known| known.stored)
}

/// Whether the row says just that already; then nobody has to look closer.
pub(super) fn is_same(
    sql: &rusqlite::Row<'_>,
    told: &Row<'_>,
    sender_name: Option<&str>,
) -> rusqlite::Result<bool> {
    let number = |place: usize, told: Option<i64>| {
        Ok::<_, rusqlite::Error>(match sql.get_ref(place)? {
            ValueRef::Integer(known) => Some(known) == told,
            _ => told.is_none(),
        })
    };
    let text = |place: usize, told: Option<&str>| {
        Ok::<_, rusqlite::Error>(match sql.get_ref(place)? {
            ValueRef::Text(known) => Some(known) == told.map(str::as_bytes),
            _ => told.is_none(),
        })
    };
    let moment: i64 = sql.get(Place::MOMENT)?;
    let has_name = sender_name.is_none_or(str::is_empty) || sql.get_ref(Place::NAME)? != ValueRef::Null;
    Ok(has_name
        && date_of(moment) == told.date
        && number(Place::FLAGS, Some(told.flags.into()))?
        && text(Place::TEXT, Some(&told.text))?
        && text(Place::DETAIL, told.detail.as_deref())?
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

/// The values of a row from `sender` to `detail`, in the order of [`INSERT`] and [`UPDATE`].
pub(super) fn values<'r>(row: &'r Row<'_>) -> [&'r dyn ToSql; 12] {
    [
        &row.sender,
        &row.text,
        &row.flags,
        &row.edited,
        &row.reply_to,
        &row.topic,
        &row.album,
        &row.views,
        &row.forwards,
        &row.media,
        &row.action,
        &row.detail,
    ]
}
