//! How far chats have been read, the change feed, what could not be read or was held back, and notes.

use std::collections::HashMap;

use deadpool_postgres::Object;
use tokio_postgres::Row as Sql;

use super::{account, limit, maybe, rows};
use crate::{
    archive::{
        BlockedOperation, Change, ChatKey, ChatSync, DeletionsPage, Dialog, IdRange, Poison, PoisonList,
        PoisonPage, PoisonPlace, Ranges, StoreError,
        postgres::{
            sql::{from_json, from_word},
            text::from_column,
            time::time,
        },
        query::poison_list,
    },
    model::{AccountName, Blob, MessageId, PeerId},
};

fn chat_sync(row: &Sql) -> Result<ChatSync, StoreError> {
    let dialog = match (row.try_get::<_, Option<i32>>(1)?, row.try_get::<_, Option<i64>>(2)?) {
        (Some(top), Some(fingerprint)) => Some(Dialog { top: MessageId(top), fingerprint }),
        _ => None,
    };
    let cursor = row.try_get::<_, Option<i32>>(0)?.map(MessageId);
    Ok(ChatSync { cursor, coverage: Ranges::default(), dialog })
}

const MARKS: &str = "select c.cursor, c.dialog_top, c.dialog_fingerprint, c.id, c.key from chats c \
     join accounts a on a.key = c.account where a.name = $1";

fn range(row: &Sql, place: usize) -> Result<IdRange, StoreError> {
    Ok(IdRange { first: MessageId(row.try_get(place)?), last: MessageId(row.try_get(place + 1)?) })
}

pub(in crate::archive::postgres) async fn sync(
    client: &mut Object,
    key: ChatKey,
) -> Result<ChatSync, StoreError> {
    let sql = format!("{MARKS} and c.id = $2");
    let Some(row) = maybe(client, &sql, &[&key.account.as_str(), &key.chat.0]).await? else {
        return Ok(ChatSync::default());
    };
    let mut sync = chat_sync(&row)?;
    let chat: i64 = row.try_get(4)?;
    let held =
        rows(client, "select first, last from coverage where chat = $1 order by first", &[&chat]).await?;
    sync.coverage = held.iter().map(|row| range(row, 0)).collect::<Result<_, _>>()?;
    Ok(sync)
}

pub(in crate::archive::postgres) async fn chat_ids(
    client: &mut Object,
    account: AccountName,
) -> Result<Vec<PeerId>, StoreError> {
    let sql = "select c.id from chats c join accounts a on a.key = c.account where a.name = $1 order by c.id";
    let ids = rows(client, sql, &[&account.as_str()]).await?;
    ids.iter().map(|row| Ok(PeerId(row.try_get(0)?))).collect()
}

pub(in crate::archive::postgres) async fn syncs(
    client: &mut Object,
    account: AccountName,
) -> Result<Vec<(PeerId, ChatSync)>, StoreError> {
    let held = "select v.chat, v.first, v.last from coverage v join chats c on c.key = v.chat \
                join accounts a on a.key = c.account where a.name = $1 order by v.chat, v.first";
    let mut coverage: HashMap<i64, Vec<IdRange>> = HashMap::new();
    for row in rows(client, held, &[&account.as_str()]).await? {
        coverage.entry(row.try_get(0)?).or_default().push(range(&row, 1)?);
    }
    let marks = rows(client, &format!("{MARKS} order by c.id"), &[&account.as_str()]).await?;
    let of_chat = |row: &Sql| {
        let mut sync = chat_sync(row)?;
        sync.coverage = coverage.remove(&row.try_get(4)?).unwrap_or_default().into();
        Ok((PeerId(row.try_get(3)?), sync))
    };
    marks.iter().map(of_chat).collect()
}

pub(in crate::archive::postgres) const CHANGES: &str = "select c.sequence, a.name, c.chat, c.kind, c.first, c.last, c.source, c.at from changes c \
     join accounts a on a.key = c.account where c.sequence > $1 order by c.sequence limit $2";

pub(in crate::archive::postgres) async fn changes(
    client: &mut Object,
    after: i64,
    most: usize,
) -> Result<Vec<Change>, StoreError> {
    rows(client, CHANGES, &[&after, &limit(most)]).await?.iter().map(change).collect()
}

/// Goes through the deletions of the account behind one number, in an index that knows their times.
pub(in crate::archive::postgres) const DELETIONS: &str = "select c.sequence, $4::text, c.chat, c.kind, c.first, c.last, c.source, c.at \
     from changes c where c.account = (select key from accounts where name = $4) \
     and c.sequence > $1 and c.kind in ('deleted', 'removed') and c.at between $2 and $3 \
     order by c.sequence limit $5";

pub(in crate::archive::postgres) async fn deletions(
    client: &mut Object,
    page: DeletionsPage,
) -> Result<Vec<Change>, StoreError> {
    let DeletionsPage { account, from, to, after, limit: most } = page;
    let (from, to, account) = (from.as_millisecond(), to.as_millisecond(), account.as_str());
    rows(client, DELETIONS, &[&after, &from, &to, &account, &limit(most)]).await?.iter().map(change).collect()
}

fn change(row: &Sql) -> Result<Change, StoreError> {
    let ids = match (row.try_get::<_, Option<i32>>(4)?, row.try_get::<_, Option<i32>>(5)?) {
        (Some(first), Some(last)) => IdRange::new(MessageId(first), MessageId(last)),
        _ => None,
    };
    Ok(Change {
        sequence: row.try_get(0)?,
        account: account(row.try_get(1)?)?,
        chat: PeerId(row.try_get(2)?),
        kind: from_word("a change", row.try_get(3)?)?,
        ids,
        source: from_word("a change", row.try_get(6)?)?,
        at: time(row.try_get(7)?)?,
    })
}

pub(in crate::archive::postgres) async fn poison(
    client: &mut Object,
    account: Option<AccountName>,
    chat: Option<PeerId>,
) -> Result<Vec<(AccountName, Poison)>, StoreError> {
    let page = PoisonPage { account, chat, after: None, limit: usize::MAX };
    Ok(poison_after(client, page).await?.0)
}

pub(in crate::archive::postgres) const POISON: &str = "select a.name, c.id, p.id, p.reason, p.bytes, p.attempts, p.first, p.last, p.chat \
     from poison p join chats c on c.key = p.chat join accounts a on a.key = c.account \
     where (p.chat, p.id) > ($1, $2) and ($3::text is null or a.name = $3) and ($4::bigint is null or c.id = $4) \
     order by p.chat, p.id limit $5";

pub(in crate::archive::postgres) async fn poison_after(
    client: &mut Object,
    page: PoisonPage,
) -> Result<PoisonList, StoreError> {
    let PoisonPage { account: of, chat, after, limit: most } = page;
    let poison = |row: &Sql| {
        let poison = Poison {
            chat: PeerId(row.try_get(1)?),
            id: MessageId(row.try_get(2)?),
            reason: from_column(row.try_get(3)?),
            bytes: row.try_get::<_, Option<Vec<u8>>>(4)?.map(Blob),
            attempts: u32::try_from(row.try_get::<_, i32>(5)?).unwrap_or(0),
            first: time(row.try_get(6)?)?,
            last: time(row.try_get(7)?)?,
        };
        let place = PoisonPlace { chat: row.try_get(8)?, id: poison.id };
        Ok((place, account(row.try_get(0)?)?, poison))
    };
    let after = after.unwrap_or(PoisonPlace { chat: i64::MIN, id: MessageId(i32::MIN) });
    let (of, chat) = (of.as_ref().map(AccountName::as_str), chat.map(|chat| chat.0));
    let further = limit(most.saturating_add(1));
    let found = rows(client, POISON, &[&after.chat, &after.id.0, &of, &chat, &further]).await?;
    let found = found.iter().map(poison).collect::<Result<_, StoreError>>()?;
    Ok(poison_list(found, most))
}

pub(in crate::archive::postgres) async fn blocked(
    client: &mut Object,
    of: Option<AccountName>,
) -> Result<Vec<(AccountName, BlockedOperation)>, StoreError> {
    let sql = format!("{BLOCKED} and ($1::text is null or a.name = $1) order by b.number");
    let of = of.as_ref().map(AccountName::as_str);
    rows(client, &sql, &[&of]).await?.iter().map(blocked_row).collect()
}

pub(in crate::archive::postgres) async fn blocked_after(
    client: &mut Object,
    number: i64,
    most: usize,
) -> Result<Vec<(AccountName, BlockedOperation)>, StoreError> {
    let sql = format!("{BLOCKED} and b.number > $1 order by b.number limit $2");
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    rows(client, &sql, &[&number, &most]).await?.iter().map(blocked_row).collect()
}

pub(in crate::archive::postgres) async fn blocked_by_number(
    client: &mut Object,
    number: i64,
) -> Result<Option<(AccountName, BlockedOperation)>, StoreError> {
    let sql = format!("{BLOCKED} and b.number = $1");
    rows(client, &sql, &[&number]).await?.first().map(blocked_row).transpose()
}

const BLOCKED: &str = "select a.name, b.number, c.id, b.kind, b.ids, b.message::text, b.at from blocked b \
     join chats c on c.key = b.chat join accounts a on a.key = c.account where b.is_applied is null";

fn blocked_row(row: &Sql) -> Result<(AccountName, BlockedOperation), StoreError> {
    let message: Option<String> = row.try_get(5)?;
    let operation = BlockedOperation {
        number: row.try_get(1)?,
        chat: PeerId(row.try_get(2)?),
        kind: from_word("a blocked operation", row.try_get(3)?)?,
        ids: row.try_get::<_, Vec<i32>>(4)?.into_iter().map(MessageId).collect(),
        message: message.map(|text| from_json("a blocked operation", text)).transpose()?,
        at: time(row.try_get(6)?)?,
    };
    Ok((account(row.try_get(0)?)?, operation))
}

pub(in crate::archive::postgres) async fn note(
    client: &mut Object,
    account: AccountName,
    name: String,
) -> Result<Option<serde_json::Value>, StoreError> {
    let sql = "select n.value::text from notes n join accounts a on a.key = n.account where a.name = $1 and n.name = $2";
    let row = maybe(client, sql, &[&account.as_str(), &name]).await?;
    row.map(|row| from_json("a note", row.try_get(0)?)).transpose()
}
