//! Messages, many at once: one look at what is known of them, then only what is new or changed is written.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    super::{
        columns::{COLUMNS, INSERT, Known, NAMES, Place, Rows, UPDATE, examined, is_same},
        sql::json,
        text::to_column,
    },
    Apply,
    figures::Figures,
};
use crate::{
    archive::{
        ChangeKind, StoreError, Stored, Write,
        merge::{Earlier, Merged, merge, moved, poll_of},
        row::{Row, date_of, moment},
    },
    model::{Message, MessageId, PeerId, Reactions},
};

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

impl Apply<'_> {
    pub(super) async fn messages(&mut self, told: &[Told<'_>]) -> Result<(), StoreError> {
        let mut chats: BTreeMap<PeerId, Vec<Told<'_>>> = BTreeMap::new();
        for one in told {
            chats.entry(one.0.chat).or_default().push(*one);
        }
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for (chat, mut told) in chats {
            told.sort_unstable_by_key(|(message, _)| message.id);
            let room = self.room(chat).await?.clone();
            let (unknown, differing) = self.look(chat, room.key, &told).await?;
            if !unknown.is_empty() && !room.now.is_out_of_order {
                let dates =
                    unknown.iter().map(|(message, _)| (message.id.0, message.date.as_second())).collect();
                let is_out_of_order = self.is_out_of_order(room.key, &room.now, dates).await?;
                self.room(chat).await?.now.is_out_of_order = is_out_of_order;
            }
            new.extend(unknown);
            changed.extend(differing.into_iter().map(|((message, name), known)| {
                let merged = merge(&known.stored, message, name);
                (chat, known, merged, name)
            }));
        }
        self.insert(&new).await?;
        self.merged(changed).await
    }

    /// Those that are not known, and those that are known otherwise.
    async fn look<'t>(
        &mut self,
        chat: PeerId,
        room: i64,
        told: &[Told<'t>],
    ) -> Result<(Vec<Told<'t>>, Vec<(Told<'t>, Known)>), StoreError> {
        let ids: Vec<i32> = told.iter().map(|(message, _)| message.id.0).collect();
        let sql = format!("select {COLUMNS} from messages m {NAMES} where m.chat = $1 and m.id = any($2)");
        let mut rows = HashMap::new();
        for sql in self.rows(&sql, &[&room, &ids]).await? {
            rows.insert(sql.try_get::<_, i32>(2)?, sql);
        }
        let (mut unknown, mut differing) = (Vec::new(), Vec::new());
        for one in told {
            match rows.get(&one.0.id.0) {
                None => unknown.push(*one),
                Some(sql) if is_same(sql, &Row::of(one.0), one.1)? => self.written.unchanged += 1,
                Some(sql) => differing.push((*one, examined(sql, chat)?)),
            }
        }
        Ok((unknown, differing))
    }

    /// Whether the dates of the chat follow its ids no more, with these among its messages.
    async fn is_out_of_order(
        &self,
        room: i64,
        figures: &Figures,
        mut dates: Vec<(i32, i64)>,
    ) -> Result<bool, StoreError> {
        let (first, last) = (dates[0].0, dates[dates.len() - 1].0);
        if figures.messages > 0 {
            if figures.newest.is_some_and(|newest| first > newest) {
                dates.insert(0, (i32::MIN, figures.last_date().unwrap_or(i64::MIN)));
            } else if figures.oldest.is_some_and(|oldest| last < oldest) {
                dates.push((i32::MAX, figures.first_date().unwrap_or(i64::MAX)));
            } else {
                // Among the others: each stands between its neighbours.
                let ids: Vec<i32> = dates.iter().map(|(id, _)| *id).collect();
                let sql = "select near.id, near.moment from unnest($2::integer[]) as told (id) cross join lateral ( \
                           (select id, moment from messages where chat = $1 and id < told.id order by id desc limit 1) \
                           union all \
                           (select id, moment from messages where chat = $1 and id > told.id order by id limit 1)) as near";
                for row in self.rows(sql, &[&room, &ids]).await? {
                    dates.push((row.try_get(0)?, date_of(row.try_get(1)?)));
                }
                dates.sort_unstable();
            }
        }
        Ok(!dates.is_sorted_by_key(|(_, date)| *date))
    }

    async fn insert(&mut self, new: &[Told<'_>]) -> Result<(), StoreError> {
        if new.is_empty() {
            return Ok(());
        }
        let count = i64::try_from(new.len()).unwrap_or(i64::MAX);
        let numbers = "update counters set next_message = next_message + $1 returning next_message";
        let next: i64 = self.row(numbers, &[&count]).await?.try_get(0)?;
        let first = next - count;
        self.new = Some((self.new.map_or(first, |(first, _)| first), next - 1));
        let places = self.places(new).await?;
        let names = self.name_keys(new.iter().filter_map(|(_, name)| *name)).await?;
        let (mut rows, mut files, mut polls) = (Rows::default(), Vec::new(), Vec::new());
        for ((key, (message, name)), place) in (first..).zip(new).zip(places) {
            let name = name.filter(|name| !name.is_empty());
            let stored = Stored {
                message: (*message).clone(),
                sender_name: name.map(str::to_owned),
                deleted: None,
                versions: 0,
            };
            let room = self.room(message.chat).await?;
            room.now.add(message.id.0, place);
            let sender_name = name.and_then(|name| Some((*names.get(name)?, name)));
            let place = Place { key, chat: room.key, moment: place, sender_name, is_damaged: false };
            rows.push(place, &stored);
            let room_key = room.key;
            let before = files.len();
            files.extend(
                super::files::numbers(message)
                    .into_iter()
                    .enumerate()
                    .map(|(at, file)| (key, at, room_key, file)),
            );
            let added = i64::try_from(files.len() - before).unwrap_or(0);
            self.room(message.chat).await?.now.files += added;
            polls.extend(message.media.as_deref().and_then(poll_of).map(|poll| (poll.id, key)));
            self.feed.message(message.chat, ChangeKind::New, message.id);
        }
        self.run(INSERT, &rows.values()).await?;
        self.insert_files(&files).await?;
        self.insert_polls(&polls).await?;
        self.written.new += u64::try_from(count).unwrap_or(0);
        Ok(())
    }

    /// A place on the time line for each, which no other message has.
    pub(super) async fn places(&self, new: &[Told<'_>]) -> Result<Vec<i64>, StoreError> {
        let mut places: Vec<i64> =
            new.iter().map(|(message, _)| moment(message.date.as_second(), message.id.0)).collect();
        let (mut asked, mut taken) = (HashSet::new(), HashSet::new());
        loop {
            let ask: Vec<i64> = places.iter().copied().filter(|place| asked.insert(*place)).collect();
            if ask.is_empty() {
                return Ok(places);
            }
            for row in self.rows("select moment from messages where moment = any($1)", &[&ask]).await? {
                taken.insert(row.try_get::<_, i64>(0)?);
            }
            let mut given = HashSet::new();
            for place in &mut places {
                while taken.contains(place) || !given.insert(*place) {
                    *place = next_place(*place);
                }
            }
        }
    }

    async fn name_keys(&self, names: impl Iterator<Item = &str>) -> Result<HashMap<String, i64>, StoreError> {
        let names: HashSet<&str> = names.filter(|name| !name.is_empty()).collect();
        if names.is_empty() {
            return Ok(HashMap::new());
        }
        let columns: Vec<String> = names.iter().map(|name| to_column(name).into_owned()).collect();
        let known = "select key, name from names where md5(name) = any(select md5(told) from unnest($1::text[]) as told)";
        let mut keys: HashMap<String, i64> = HashMap::new();
        for is_second in [false, true] {
            for row in self.rows(known, &[&columns]).await? {
                keys.insert(row.try_get(1)?, row.try_get(0)?);
            }
            let missing: Vec<&String> = columns.iter().filter(|name| !keys.contains_key(*name)).collect();
            if missing.is_empty() || is_second {
                break;
            }
            let add = "insert into names (name) select unnest($1::text[]) on conflict do nothing";
            self.run(add, &[&missing]).await?;
        }
        let own = names.into_iter().filter_map(|name| Some((name.to_owned(), *keys.get(&*to_column(name))?)));
        Ok(own.collect())
    }

    async fn insert_polls(&self, polls: &[(i64, i64)]) -> Result<(), StoreError> {
        if polls.is_empty() {
            return Ok(());
        }
        let (polls, messages): (Vec<i64>, Vec<i64>) = polls.iter().copied().unzip();
        let sql = "insert into polls (poll, message) select * from unnest($1::bigint[], $2::bigint[]) on conflict do nothing";
        self.run(sql, &[&polls, &messages]).await.map(drop)
    }

    /// What merging has brought is written.
    pub(super) async fn merged(
        &mut self,
        changed: Vec<(PeerId, Known, Merged, Option<&str>)>,
    ) -> Result<(), StoreError> {
        let names = changed.iter().filter_map(|(_, known, merged, told)| match merged.names_sender {
            true => *told,
            false => known.stored.sender_name.as_deref(),
        });
        let names = self.name_keys(names).await?;
        let (mut rows, mut polls, mut reindex) = (Rows::default(), Vec::new(), Vec::new());
        for (chat, known, merged, told) in &changed {
            let Merged { message, change, earlier, is_refused, names_sender, heirs } = merged;
            self.written.refused += u64::from(*is_refused);
            let added = match earlier {
                Some(earlier) => u32::from(self.earlier(known.key, earlier, self.at).await?),
                None => 0,
            };
            if message.is_none() && !names_sender && added == 0 {
                self.written.unchanged += 1;
                continue;
            }
            let sender_name = if *names_sender { *told } else { known.stored.sender_name.as_deref() };
            let now = message.as_deref().unwrap_or(&known.stored.message);
            let versions = known.stored.versions + added;
            let stored = Stored { message: now.clone(), versions, ..known.stored.clone() };
            let sender_name = sender_name.and_then(|name| Some((*names.get(name)?, name)));
            let (room, is_damaged) = (self.room(*chat).await?.key, known.is_damaged);
            let place = Place { key: known.key, chat: room, moment: known.moment, sender_name, is_damaged };
            rows.push(place, &stored);
            polls.extend(now.media.as_deref().and_then(poll_of).map(|poll| (poll.id, known.key)));
            self.moved(known.key, &known.stored, now.reactions.as_deref()).await?;
            let files = self.changed_files(*chat, known, now, heirs).await?;
            self.room(*chat).await?.now.files += files;
            let counted =
                if change.is_some() { &mut self.written.changed } else { &mut self.written.unchanged };
            *counted += 1;
            if let Some(change) = change {
                if matches!(change, ChangeKind::Edited | ChangeKind::Touched) {
                    reindex.push(known.key);
                }
                self.feed.message(*chat, *change, MessageId(now.id.0));
            }
        }
        if !rows.is_empty() {
            self.run(UPDATE, &rows.values()).await?;
        }
        if !reindex.is_empty() {
            let sql = "insert into reindex (message) select unnest($1::bigint[]) on conflict do nothing";
            self.run(sql, &[&reindex]).await?;
        }
        self.insert_polls(&polls).await
    }

    /// Whether it was not known.
    pub(super) async fn earlier(
        &self,
        key: i64,
        earlier: &Earlier,
        captured: i64,
    ) -> Result<bool, StoreError> {
        let entities = (!earlier.entities.is_empty()).then(|| json(&earlier.entities));
        let sql = "insert into versions (message, text, entities, since, captured) \
                   select $1::bigint, $2::text, $3::text::json, $4::bigint, $5::bigint where not exists \
                   (select 1 from versions where message = $1::bigint and since = $4::bigint and text = $2::text \
                   and entities::text is not distinct from $3::text)";
        let text = to_column(&earlier.text);
        let added = self.run(sql, &[&key, &text, &entities, &earlier.since.as_second(), &captured]).await?;
        Ok(added > 0)
    }

    /// Whoever saw the text change first knows best when that was.
    pub(super) async fn captured_no_later(
        &self,
        key: i64,
        earlier: &Earlier,
        captured: i64,
    ) -> Result<(), StoreError> {
        let entities = (!earlier.entities.is_empty()).then(|| json(&earlier.entities));
        let sql = "update versions set captured = $5::bigint where message = $1::bigint and since = $4::bigint \
                   and text = $2::text and entities::text is not distinct from $3::text and captured > $5::bigint";
        let text = to_column(&earlier.text);
        self.run(sql, &[&key, &text, &entities, &earlier.since.as_second(), &captured]).await?;
        Ok(())
    }

    /// Reactions that went are remembered, those that came back are not gone.
    async fn moved(&self, key: i64, before: &Stored, after: Option<&Reactions>) -> Result<(), StoreError> {
        let before = before.message.reactions.as_deref();
        if before == after {
            return Ok(());
        }
        let moved = moved(before, after);
        for (reaction, count) in moved.gone {
            let sql = "insert into gone_reactions (message, reaction, count, gone) values ($1, $2, $3, $4) \
                       on conflict (message, reaction) do update set count = excluded.count, gone = excluded.gone";
            self.run(sql, &[&key, &json(&reaction), &count, &self.at]).await?;
        }
        let present: Vec<String> = moved.present.iter().map(json).collect();
        self.run("delete from gone_reactions where message = $1 and reaction = any($2)", &[&key, &present])
            .await?;
        Ok(())
    }
}

/// The next place within the same second.
fn next_place(place: i64) -> i64 {
    let ties = (1 << 22) - 1;
    place & !ties | (place + 1) & ties
}
