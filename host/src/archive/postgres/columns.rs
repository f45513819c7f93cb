//! Message rows out of and into SQL.

use std::borrow::Cow;

use tokio_postgres::{
    Row as Sql,
    types::{FromSql, Type},
};

use super::{
    text::{from_column, json_from_column, json_to_column, to_column},
    time::time,
};
use crate::{
    archive::{
        StoreError, Stored,
        row::{Row, Soundness, Words, date_of, sealed, soundness, spoilt, without_sum},
    },
    model::PeerId,
};

/// In the order of [`known`]. Reads from `messages m` and [`NAMES`].
pub(super) const COLUMNS: &str = "m.key, m.moment, m.id, m.sender, m.text, m.flags, m.edited, m.reply_to, m.topic, \
     m.album, m.views, m.forwards, m.media, m.action, m.detail::text, m.deleted, m.versions, n.name";
/// How many columns a message takes, for those who read more behind them.
pub(super) const WIDTH: usize = 18;
pub(super) const NAMES: &str = "left join names n on n.key = m.sender_name";

/// A row with its places in the tables.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) key: i64,
    pub(super) moment: i64,
    pub(super) stored: Stored,
    /// Whether the row is not what was written; only [`examined`] says so.
    pub(super) is_damaged: bool,
}

pub(super) fn known(sql: &Sql, chat: PeerId) -> Result<Known, StoreError> {
    let moment: i64 = sql.try_get(1)?;
    let row = Row {
        id: sql.try_get(2)?,
        date: date_of(moment),
        edited: sql.try_get(6)?,
        sender: sql.try_get(3)?,
        text: Cow::Owned(from_column(sql.try_get(4)?)),
        flags: sql.try_get(5)?,
        reply_to: sql.try_get(7)?,
        topic: sql.try_get(8)?,
        album: sql.try_get(9)?,
        views: sql.try_get(10)?,
        forwards: sql.try_get(11)?,
        media: sql.try_get(12)?,
        action: sql.try_get::<_, Option<String>>(13)?.map(|name| Cow::Owned(from_column(name))),
        detail: sql.try_get::<_, Option<String>>(14)?.map(json_from_column),
    };
    let stored = Stored {
        message: row.into_message(chat)?,
        sender_name: sql.try_get::<_, Option<String>>(17)?.map(from_column),
        deleted: sql.try_get::<_, Option<i64>>(15)?.map(time).transpose()?,
        versions: u32::try_from(sql.try_get::<_, i32>(16)?).unwrap_or(0),
    };
    Ok(Known { key: sql.try_get(0)?, moment, stored, is_damaged: false })
}

/// For those who write the row anew.
pub(super) fn examined(sql: &Sql, chat: PeerId) -> Result<Known, StoreError> {
    Ok(Known { is_damaged: soundness_of(sql, chat)? == Soundness::Damaged, ..known(sql, chat)? })
}

/// Looks at the bytes as they lie there, since damaged ones may be no texts.
pub(super) fn soundness_of(sql: &Sql, chat: PeerId) -> Result<Soundness, StoreError> {
    Ok(match soundness(&numbers(sql)?, chat, &words(sql)?) {
        // What cannot be read needs no checksum to be damaged.
        Soundness::Unknown if known(sql, chat).is_err() => Soundness::Damaged,
        found => found,
    })
}

/// `flags` with the checksum of all that the row says now.
pub(super) fn seal_of(sql: &Sql, chat: PeerId) -> Result<i32, StoreError> {
    Ok(sealed(&numbers(sql)?, chat, &words(sql)?))
}

fn numbers(sql: &Sql) -> Result<Row<'static, ()>, StoreError> {
    Ok(Row {
        id: sql.try_get(2)?,
        date: date_of(sql.try_get(1)?),
        edited: sql.try_get(6)?,
        sender: sql.try_get(3)?,
        text: Cow::Borrowed(""),
        flags: sql.try_get(5)?,
        reply_to: sql.try_get(7)?,
        topic: sql.try_get(8)?,
        album: sql.try_get(9)?,
        views: sql.try_get(10)?,
        forwards: sql.try_get(11)?,
        media: sql.try_get(12)?,
        action: None,
        detail: None,
    })
}

fn words(sql: &Sql) -> Result<Words<'_>, StoreError> {
    let bytes = |place: usize| {
        sql.try_get::<_, Option<Bytes<'_>>>(place).map(|found| found.map(|Bytes(bytes)| bytes))
    };
    Ok(Words {
        text: bytes(4)?.unwrap_or_default(),
        detail: bytes(14)?,
        action: bytes(13)?,
        sender_name: bytes(17)?,
    })
}

/// A text as it comes from the server, whatever it is.
struct Bytes<'r>(&'r [u8]);

impl<'r> FromSql<'r> for Bytes<'r> {
    fn from_sql(_: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TEXT
    }
}

/// Its text, as far as it can be read.
pub(super) fn text_of(sql: &Sql) -> Result<Cow<'_, str>, StoreError> {
    Ok(String::from_utf8_lossy(sql.try_get::<_, Bytes<'_>>(4)?.0))
}

pub(super) fn stored(sql: &Sql, chat: PeerId) -> Result<Stored, StoreError> {
    known(sql, chat).map(|known| known.stored)
}

/// Whether the row says just that already; then nobody has to look closer.
pub(super) fn is_same(sql: &Sql, told: &Row<'_>, sender_name: Option<&str>) -> Result<bool, StoreError> {
    let moment: i64 = sql.try_get(1)?;
    let has_name = sender_name.is_none_or(str::is_empty) || sql.try_get::<_, Option<&str>>(17)?.is_some();
    Ok(has_name
        && date_of(moment) == told.date
        // Its checksum tells of the row and not of the message.
        && without_sum(sql.try_get(5)?) == told.flags
        && sql.try_get::<_, &str>(4)? == to_column(&told.text)
        && sql.try_get::<_, Option<String>>(14)?.map(json_from_column) == told.detail
        && sql.try_get::<_, Option<i64>>(6)? == told.edited
        && sql.try_get::<_, Option<i64>>(3)? == told.sender
        && sql.try_get::<_, Option<i32>>(10)? == told.views
        && sql.try_get::<_, Option<i32>>(11)? == told.forwards
        && sql.try_get::<_, Option<i32>>(7)? == told.reply_to
        && sql.try_get::<_, Option<i32>>(8)? == told.topic
        && sql.try_get::<_, Option<i64>>(9)? == told.album
        && sql.try_get::<_, Option<i32>>(12)? == told.media
        && sql.try_get::<_, Option<&str>>(13)? == told.action.as_deref().map(to_column).as_deref())
}

/// Many rows, column by column.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) key: Vec<i64>,
    pub(super) chat: Vec<i64>,
    pub(super) moment: Vec<i64>,
    pub(super) sender: Vec<Option<i64>>,
    pub(super) sender_name: Vec<Option<i64>>,
    pub(super) edited: Vec<Option<i64>>,
    pub(super) album: Vec<Option<i64>>,
    pub(super) deleted: Vec<Option<i64>>,
    pub(super) id: Vec<i32>,
    pub(super) flags: Vec<i32>,
    pub(super) reply_to: Vec<Option<i32>>,
    pub(super) topic: Vec<Option<i32>>,
    pub(super) views: Vec<Option<i32>>,
    pub(super) forwards: Vec<Option<i32>>,
    pub(super) media: Vec<Option<i32>>,
    pub(super) versions: Vec<i32>,
    pub(super) text: Vec<String>,
    pub(super) action: Vec<Option<String>>,
    pub(super) detail: Vec<Option<String>>,
}

/// Where a row goes that has been given its numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) key: i64,
    pub(super) chat: i64,
    pub(super) moment: i64,
    pub(super) sender_name: Option<(i64, &'a str)>,
    /// Whether the row that it takes the place of was damaged.
    pub(super) is_damaged: bool,
}

impl Rows {
    pub(super) fn push(&mut self, place: Place<'_>, stored: &Stored) {
        let mut row = Row::of(&stored.message);
        let detail = row.detail.take().map(json_to_column);
        let (text, name) = (to_column(&row.text), place.sender_name.map(|(_, name)| to_column(name)));
        let action = row.action.as_deref().map(to_column);
        let words = Words {
            text: text.as_bytes(),
            detail: detail.as_deref().map(str::as_bytes),
            action: action.as_deref().map(str::as_bytes),
            sender_name: name.as_deref().map(str::as_bytes),
        };
        let flags = sealed(&row, stored.message.chat, &words);
        self.flags.push(if place.is_damaged { spoilt(flags) } else { flags });
        self.key.push(place.key);
        self.chat.push(place.chat);
        self.moment.push(place.moment);
        self.sender_name.push(place.sender_name.map(|(key, _)| key));
        self.deleted.push(stored.deleted.map(|at| at.as_millisecond()));
        self.versions.push(i32::try_from(stored.versions).unwrap_or(i32::MAX));
        self.sender.push(row.sender);
        self.edited.push(row.edited);
        self.album.push(row.album);
        self.id.push(row.id);
        self.reply_to.push(row.reply_to);
        self.topic.push(row.topic);
        self.views.push(row.views);
        self.forwards.push(row.forwards);
        self.media.push(row.media);
        self.text.push(text.into_owned());
        self.action.push(action.map(Cow::into_owned));
        self.detail.push(detail);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    /// In the order of [`UNNEST`].
    pub(super) fn values(&self) -> [&(dyn tokio_postgres::types::ToSql + Sync); 19] {
        [
            &self.key,
            &self.chat,
            &self.moment,
            &self.sender,
            &self.sender_name,
            &self.edited,
            &self.album,
            &self.deleted,
            &self.id,
            &self.flags,
            &self.reply_to,
            &self.topic,
            &self.views,
            &self.forwards,
            &self.media,
            &self.versions,
            &self.text,
            &self.action,
            &self.detail,
        ]
    }
}

pub(super) const INSERT: &str = "insert into messages (key, chat, moment, sender, sender_name, edited, album, deleted, id, \
     flags, reply_to, topic, views, forwards, media, versions, text, action, detail) \
     select key, chat, moment, sender, sender_name, edited, album, deleted, id, \
     flags, reply_to, topic, views, forwards, media, versions, text, action, detail::json from \
     unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], \
     $9::integer[], $10::integer[], $11::integer[], $12::integer[], $13::integer[], $14::integer[], $15::integer[], \
     $16::integer[], $17::text[], $18::text[], $19::text[]) \
     as new (key, chat, moment, sender, sender_name, edited, album, deleted, id, \
     flags, reply_to, topic, views, forwards, media, versions, text, action, detail) order by key";

/// The date of a message never changes, and neither do chat and id.
pub(super) const UPDATE: &str = "update messages set sender = new.sender, sender_name = new.sender_name, edited = new.edited, \
     album = new.album, deleted = new.deleted, flags = new.flags, reply_to = new.reply_to, topic = new.topic, \
     views = new.views, forwards = new.forwards, media = new.media, versions = new.versions, text = new.text, \
     action = new.action, detail = new.detail::json from \
     unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], \
     $9::integer[], $10::integer[], $11::integer[], $12::integer[], $13::integer[], $14::integer[], $15::integer[], \
     $16::integer[], $17::text[], $18::text[], $19::text[]) \
     as new (key, chat, moment, sender, sender_name, edited, album, deleted, id, \
     flags, reply_to, topic, views, forwards, media, versions, text, action, detail) where messages.key = new.key";
