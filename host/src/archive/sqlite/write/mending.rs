//! Rows that are not what was written, and rows that cannot tell.

use rusqlite::params;

use super::{
    super::{
        columns::{AUTHORS, COLUMNS, Known, carried, date_of, key_of, known, seal_of, soundness_of, text_of},
        place::message_key,
    },
    Apply,
};
use crate::{
    archive::{
        IdRange, StoreError,
        merge::{mend, shows_less, unreadable},
        row::{SUM, Soundness},
    },
    model::{Message, PeerId},
};

/// What a row turns out to be that is said to be damaged.
enum Found {
    /// It is what was written.
    Sound,
    /// It went meanwhile.
    Gone,
    /// Telegram shows less than it has.
    OnlyCopy,
    Damaged {
        known: Box<Known>,
        is_misdated: bool,
    },
}

impl Apply<'_> {
    /// What is told takes the place of a row that is damaged.
    pub(super) fn mended(&mut self, told: &Message, sender_name: Option<&str>) -> Result<(), StoreError> {
        let (mut known, is_misdated) = match self.examine(told)? {
            Found::Sound => return self.messages(&[(told, sender_name)]),
            Found::Gone => return Ok(()),
            Found::OnlyCopy => {
                self.written.refused += 1;
                return Ok(());
            }
            Found::Damaged { known, is_misdated } => (known, is_misdated),
        };
        let merged = mend(&mut known.stored, told, sender_name);
        // Nothing of it stays.
        known.is_damaged = false;
        // What the name was kept under may hold another one by now.
        self.memory.authors.remove(&told.sender.map(|sender| sender.0));
        self.merged(told.chat, &known, merged, sender_name)?;
        if is_misdated {
            self.db
                .prepare_cached("update messages set date = ?2 where key = ?1")?
                .execute([known.key, told.date.as_second()])?;
            self.recount(told.chat)?;
        }
        Ok(())
    }

    fn examine(&mut self, told: &Message) -> Result<Found, StoreError> {
        let Some(room) = self.known_room(told.chat)?.map(|room| room.key) else { return Ok(Found::Gone) };
        let key = message_key(room, told.id.0);
        let sql = format!("select {COLUMNS} from messages m {AUTHORS} where m.key = ?1");
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query([key])?;
        let Some(sql) = rows.next()? else { return Ok(Found::Gone) };
        if soundness_of(sql, told.chat) != Soundness::Damaged {
            return Ok(Found::Sound);
        }
        if shows_less(carried(sql), &text_of(sql)?, told) {
            return Ok(Found::OnlyCopy);
        }
        let is_misdated = date_of(sql).ok() != Some(told.date.as_second());
        let known = match known(sql, told.chat) {
            Ok(known) => known,
            Err(_) => {
                let versions = "select count(*) from versions where message = ?1";
                let versions = self.db.prepare_cached(versions)?.query_row([key], |row| row.get(0))?;
                Known { key, stored: unreadable(told, versions), is_damaged: true }
            }
        };
        Ok(Found::Damaged { known: Box::new(known), is_misdated })
    }

    pub(super) fn sealed(&mut self, chat: PeerId, range: IdRange) -> Result<(), StoreError> {
        let Some(room) = self.known_room(chat)?.map(|room| room.key) else { return Ok(()) };
        let sql = format!(
            "select {COLUMNS} from messages m not indexed {AUTHORS} where m.key between ?1 and ?2 and (m.flags & {SUM}) = 0"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows =
            statement.query([message_key(room, range.first.0), message_key(room, range.last.0)])?;
        let mut sealed: Vec<(i64, i32)> = Vec::new();
        while let Some(sql) = rows.next()? {
            if soundness_of(sql, chat) == Soundness::Unknown {
                sealed.push((key_of(sql)?, seal_of(sql, chat)?));
            }
        }
        for (key, flags) in sealed {
            let seal = "update messages set flags = ?2 where key = ?1";
            self.db.prepare_cached(seal)?.execute(params![key, flags])?;
        }
        Ok(())
    }
}
