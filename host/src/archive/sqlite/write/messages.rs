//! Messages, many at once: one look at what is known of each stretch, then only what is new or changed
//! is written.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{ToSql, params};

use super::{
    super::{
        columns::*,
        place::{id_of, message_key, message_key_of},
    },
    Apply, Fresh,
    figures::Figures,
};
use crate::{
    archive::{
        ChangeKind, StoreError, Stored, Write,
        merge::{Earlier, Merged, merge, moved, poll_of},
        row::{Packed, Row, json, spoilt},
    },
    model::{Message, MessageId, PeerId, Reactions},
};

/// Ids that are no further apart are looked at together.
const NEAR: i64 = 64;

pub(super) type Told<'a> = (&'a Message, Option<&'a str>);

/// The messages that the writes begin with, as long as none comes twice.
pub(super) fn run(writes: &[Write]) -> Vec<Told<'_>> {
    let mut seen = HashSet::new();
    let messages = writes.iter().map_while(|write| match write {
        Write::Message { message, sender_name } => Some((&**message, sender_name.as_deref())),
        _ => None,
    });
    messages.take_while(|(message, _)| seen.insert((message.chat, message.id))).collect()
}

/// What is told, as a row.
struct New<'a> {
    row: Row<'a, Packed<'a>>,
    message: &'a Message,
    sender_name: Option<&'a str>,
}

/// What one look at a stretch has found.
#[derive(Default)]
struct Look {
    /// Places in the stretch of those that are not known.
    new: Vec<usize>,
    /// Those that are known otherwise.
    differing: Vec<(usize, Known)>,
    same: u64,
    /// Ids and dates of all that is known there.
    dates: Vec<(i32, i64)>,
}

impl Apply<'_> {
    pub(super) fn messages(&mut self, told: &[Told<'_>]) -> Result<(), StoreError> {
        let mut chats: BTreeMap<PeerId, Vec<New<'_>>> = BTreeMap::new();
        for (message, sender_name) in told {
            let new = New { row: Row::short(message), message, sender_name: *sender_name };
            chats.entry(message.chat).or_default().push(new);
        }
        for (chat, mut told) in chats {
            told.sort_unstable_by_key(|new| new.row.id);
            let is_near = |a: &New<'_>, b: &New<'_>| i64::from(b.row.id) - i64::from(a.row.id) <= NEAR;
            for stretch in told.chunk_by(is_near) {
                self.stretch(chat, stretch)?;
            }
        }
        Ok(())
    }

    fn stretch(&mut self, chat: PeerId, told: &[New<'_>]) -> Result<(), StoreError> {
        let room = self.room(chat)?.clone();
        let (first, last) = (told[0].row.id, told[told.len() - 1].row.id);
        let look = if room.now.is_beyond(first, last) {
            Look { new: (0..told.len()).collect(), ..Look::default() }
        } else {
            self.look(chat, room.key, told)?
        };
        self.written.unchanged += look.same;
        if !look.new.is_empty() && !room.now.is_out_of_order {
            let dates = look.new.iter().map(|place| (told[*place].row.id, told[*place].row.date));
            let dates = dates.chain(look.dates.iter().copied()).collect();
            let is_out_of_order = self.is_out_of_order(room.key, &room.now, dates)?;
            self.room(chat)?.now.is_out_of_order = is_out_of_order;
        }
        if let (Some(first), Some(last)) = (look.new.first(), look.new.last()) {
            self.fresh.push(Fresh {
                first: message_key(room.key, told[*first].row.id),
                last: message_key(room.key, told[*last].row.id),
                count: look.new.len() as i64,
            });
        }
        for place in look.new {
            self.insert(chat, room.key, &told[place])?;
        }
        for (place, known) in look.differing {
            let told = &told[place];
            let merged = merge(&known.stored, told.message, told.sender_name);
            self.merged(chat, &known, merged, told.sender_name)?;
        }
        Ok(())
    }

    fn look(&self, chat: PeerId, room: i64, told: &[New<'_>]) -> Result<Look, StoreError> {
        let sql = format!(
            "select {COLUMNS} from messages m {AUTHORS} where m.key between ?1 and ?2 order by m.key"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let key = |new: &New<'_>| message_key(room, new.row.id);
        let mut rows = statement.query([key(&told[0]), key(&told[told.len() - 1])])?;
        let mut look = Look::default();
        let mut next = 0;
        while let Some(sql) = rows.next()? {
            let id = id_of(key_of(sql)?);
            look.dates.push((id, date_of(sql)?));
            while told.get(next).is_some_and(|new| new.row.id < id) {
                look.new.push(next);
                next += 1;
            }
            let Some(new) = told.get(next).filter(|new| new.row.id == id) else { continue };
            if is_same(sql, &new.row, new.sender_name)? {
                look.same += 1;
            } else {
                look.differing.push((next, examined(sql, chat)?));
            }
            next += 1;
        }
        look.new.extend(next..told.len());
        Ok(look)
    }

    /// Whether the dates of the chat follow its ids no more, with these among its messages.
    fn is_out_of_order(
        &self,
        room: i64,
        figures: &Figures,
        mut dates: Vec<(i32, i64)>,
    ) -> Result<bool, StoreError> {
        dates.sort_unstable();
        let (first, last) = (dates[0].0, dates[dates.len() - 1].0);
        if figures.messages > 0 {
            if figures.newest.is_some_and(|newest| first > newest) {
                dates.insert(0, (i32::MIN, figures.last_date.unwrap_or(i64::MIN)));
            } else if figures.oldest.is_some_and(|oldest| last < oldest) {
                dates.push((i32::MAX, figures.first_date.unwrap_or(i64::MAX)));
            } else {
                let below =
                    "select date from messages where key >= ?1 and key < ?2 order by key desc limit 1";
                let above = "select date from messages where key > ?1 and key < ?2 order by key limit 1";
                let (start, end) = (message_key(room, i32::MIN), message_key_of(room, i64::MAX));
                let (first, last) = (message_key(room, first), message_key(room, last));
                dates.splice(0..0, self.dates(below, start, first)?.map(|date| (i32::MIN, date)));
                dates.extend(self.dates(above, last, end)?.map(|date| (i32::MAX, date)));
            }
        }
        Ok(!dates.is_sorted_by_key(|(_, date)| *date))
    }

    fn dates(&self, sql: &str, first: i64, end: i64) -> Result<Option<i64>, StoreError> {
        use rusqlite::OptionalExtension as _;
        Ok(self.db.prepare_cached(sql)?.query_row([first, end], |row| row.get(0)).optional()?)
    }

    fn insert(&mut self, chat: PeerId, room: i64, new: &New<'_>) -> Result<(), StoreError> {
        let key = message_key(room, new.row.id);
        let sender_name = new.sender_name.filter(|name| !name.is_empty());
        let author = self.author_key(new.row.sender, sender_name)?;
        let flags = flags_of(&new.row, chat, sender_name);
        let head: [&dyn ToSql; 3] = [&key, &new.row.date, &author];
        let all: Vec<&dyn ToSql> = head.into_iter().chain(values(&new.row, &flags)).collect();
        self.db.prepare_cached(INSERT)?.execute(all.as_slice())?;
        let files = self.new_files(key, new.message)?;
        if let Some(poll) = new.message.media.as_deref().and_then(poll_of) {
            self.db.prepare_cached("insert or ignore into polls values (?1, ?2)")?.execute([poll.id, key])?;
        }
        let figures = &mut self.room(chat)?.now;
        figures.add(new.row.id, new.row.date);
        figures.files += files;
        self.written.new += 1;
        self.feed.message(chat, ChangeKind::New, MessageId(new.row.id));
        Ok(())
    }

    /// What merging has brought is written.
    pub(super) fn merged(
        &mut self,
        chat: PeerId,
        known: &Known,
        merged: Merged,
        sender_name: Option<&str>,
    ) -> Result<(), StoreError> {
        let Merged { message, change, earlier, is_refused, names_sender, heirs } = merged;
        self.written.refused += u64::from(is_refused);
        let added = match earlier {
            Some(earlier) => u32::from(self.earlier(known.key, &earlier, self.at)?),
            None => 0,
        };
        if message.is_none() && !names_sender && added == 0 {
            self.written.unchanged += 1;
            return Ok(());
        }
        let sender_name = if names_sender { sender_name } else { known.stored.sender_name.as_deref() };
        let now = message.as_deref().unwrap_or(&known.stored.message);
        self.update(known, now, sender_name, known.stored.versions + added)?;
        self.moved(known.key, &known.stored, now.reactions.as_deref())?;
        let files = self.changed_files(known, now, &heirs)?;
        self.room(chat)?.now.files += files;
        let counted = if change.is_some() { &mut self.written.changed } else { &mut self.written.unchanged };
        *counted += 1;
        if let Some(change) = change {
            if matches!(change, ChangeKind::Edited | ChangeKind::Touched) {
                self.db.prepare_cached("insert or ignore into reindex values (?1)")?.execute([known.key])?;
            }
            self.feed.message(chat, change, now.id);
        }
        Ok(())
    }

    fn update(
        &mut self,
        known: &Known,
        now: &Message,
        sender_name: Option<&str>,
        versions: u32,
    ) -> Result<(), StoreError> {
        let row = Row::short(now);
        let author = self.author_key(row.sender, sender_name)?;
        let flags = flags_of(&row, now.chat, sender_name);
        let flags = if known.is_damaged { spoilt(flags) } else { flags };
        let head: [&dyn ToSql; 3] = [&known.key, &author, &versions];
        let all: Vec<&dyn ToSql> = head.into_iter().chain(values(&row, &flags)).collect();
        self.db.prepare_cached(UPDATE)?.execute(all.as_slice())?;
        if let Some(poll) = now.media.as_deref().and_then(poll_of) {
            self.db
                .prepare_cached("insert or ignore into polls values (?1, ?2)")?
                .execute([poll.id, known.key])?;
        }
        Ok(())
    }

    /// Whether it was not known.
    pub(super) fn earlier(&self, key: i64, earlier: &Earlier, captured: i64) -> Result<bool, StoreError> {
        let entities = (!earlier.entities.is_empty()).then(|| json(&earlier.entities));
        let added = self
            .db
            .prepare_cached(
                "insert into versions (message, text, entities, since, captured) select ?1, ?2, ?3, ?4, ?5 \
                 where not exists (select 1 from versions where message = ?1 and since = ?4 and text = ?2 \
                 and entities is ?3)",
            )?
            .execute(params![key, earlier.text, entities, earlier.since.as_second(), captured])?;
        Ok(added > 0)
    }

    /// Whoever saw the text change first knows best when that was.
    pub(super) fn captured_no_later(
        &self,
        key: i64,
        earlier: &Earlier,
        captured: i64,
    ) -> Result<(), StoreError> {
        let entities = (!earlier.entities.is_empty()).then(|| json(&earlier.entities));
        self.db
            .prepare_cached(
                "update versions set captured = ?5 where message = ?1 and since = ?4 and text = ?2 \
                 and entities is ?3 and captured > ?5",
            )?
            .execute(params![key, earlier.text, entities, earlier.since.as_second(), captured])?;
        Ok(())
    }

    /// Reactions that went are remembered, those that came back are not gone.
    pub(super) fn moved(
        &self,
        key: i64,
        before: &Stored,
        after: Option<&Reactions>,
    ) -> Result<(), StoreError> {
        let before = before.message.reactions.as_deref();
        if before == after {
            return Ok(());
        }
        let moved = moved(before, after);
        for (reaction, count) in moved.gone {
            self.db
                .prepare_cached(
                    "insert into gone_reactions values (?1, ?2, ?3, ?4) \
                     on conflict do update set count = excluded.count, gone = excluded.gone",
                )?
                .execute(params![key, json(&reaction), count, self.at])?;
        }
        for reaction in moved.present {
            self.db
                .prepare_cached("delete from gone_reactions where message = ?1 and reaction = ?2")?
                .execute(params![key, json(&reaction)])?;
        }
        Ok(())
    }
}
