//! Rows that are not what was written, and rows that cannot tell.

use super::{
    super::{
        columns::{COLUMNS, Known, NAMES, known, seal_of, soundness_of, text_of},
        time::time,
    },
    Apply,
};
use crate::{
    archive::{
        IdRange, StoreError, Stored,
        merge::{mend, shows_less, unreadable},
        row::{SUM, Soundness, date_of},
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
    Damaged(Box<Known>),
}

impl Apply<'_> {
    /// What is told takes the place of a row that is damaged.
    pub(super) async fn mended(
        &mut self,
        told: &Message,
        sender_name: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut known = match self.examine(told).await? {
            Found::Sound => return self.messages(&[(told, sender_name)]).await,
            Found::Gone => return Ok(()),
            Found::OnlyCopy => {
                self.written.refused += 1;
                return Ok(());
            }
            Found::Damaged(known) => *known,
        };
        let merged = mend(&mut known.stored, told, sender_name);
        // Nothing of it stays.
        known.is_damaged = false;
        let (key, moment) = (known.key, known.moment);
        self.merged(vec![(told.chat, known, merged, sender_name)]).await?;
        if date_of(moment) != told.date.as_second() {
            let place = self.places(&[(told, None)]).await?.first().copied().unwrap_or(moment);
            self.run("update messages set moment = $2 where key = $1", &[&key, &place]).await?;
            self.recount(told.chat).await?;
        }
        Ok(())
    }

    async fn examine(&mut self, told: &Message) -> Result<Found, StoreError> {
        let Some(room) = self.known_key(told.chat).await? else { return Ok(Found::Gone) };
        let sql = format!("select {COLUMNS} from messages m {NAMES} where m.chat = $1 and m.id = $2");
        let Some(sql) = self.maybe(&sql, &[&room, &told.id.0]).await? else { return Ok(Found::Gone) };
        if soundness_of(&sql, told.chat)? != Soundness::Damaged {
            return Ok(Found::Sound);
        }
        if shows_less(sql.try_get(12)?, &text_of(&sql)?, told) {
            return Ok(Found::OnlyCopy);
        }
        if let Ok(known) = known(&sql, told.chat) {
            return Ok(Found::Damaged(Box::new(known)));
        }
        let (key, moment, deleted): (i64, i64, Option<i64>) =
            (sql.try_get(0)?, sql.try_get(1)?, sql.try_get(15)?);
        let versions = "select count(*)::integer from versions where message = $1";
        let versions: i32 = self.row(versions, &[&key]).await?.try_get(0)?;
        let stored = unreadable(told, u32::try_from(versions).unwrap_or(0));
        let stored = Stored { deleted: deleted.map(time).transpose()?, ..stored };
        Ok(Found::Damaged(Box::new(Known { key, moment, stored, is_damaged: true })))
    }

    pub(super) async fn sealed(&mut self, chat: PeerId, range: IdRange) -> Result<(), StoreError> {
        let Some(room) = self.known_key(chat).await? else { return Ok(()) };
        let sql = format!(
            "select {COLUMNS} from messages m {NAMES} where m.chat = $1 and m.id between $2 and $3 and (m.flags & {SUM}) = 0"
        );
        let (mut keys, mut sums) = (Vec::new(), Vec::new());
        for row in self.rows(&sql, &[&room, &range.first.0, &range.last.0]).await? {
            if soundness_of(&row, chat)? == Soundness::Unknown {
                keys.push(row.try_get::<_, i64>(0)?);
                sums.push(seal_of(&row, chat)? & SUM);
            }
        }
        let seal = format!(
            "update messages set flags = flags | new.sum from unnest($1::bigint[], $2::integer[]) as new (key, sum) \
             where messages.key = new.key and (flags & {SUM}) = 0"
        );
        self.run(&seal, &[&keys, &sums]).await.map(drop)
    }
}
