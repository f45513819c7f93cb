//! Files of messages, blobs and small pictures.

use deadpool_postgres::Object;
use tokio_postgres::{Row as Sql, types::ToSql};

use super::{account, account_key, chat_key, count, limit, maybe, rows};
use crate::{
    archive::{
        AvatarRecord, BlobHash, ChatKey, FileKey, FilePlace, FileState, FilesPage, MediaClass, StoreError,
        StoredFile,
        postgres::{
            columns::{COLUMNS, NAMES, WIDTH, stored},
            error::damaged,
            sql::from_json,
            text::from_column,
            write::{FAILED, HELD, SKIPPED},
        },
    },
    model::{AccountName, File, MessageId, PeerId},
};

/// Behind the columns of the message that each file hangs on.
const FILE: &str =
    "f.key, f.file, f.state, f.attempts, f.why, b.hash, b.bytes, f.link, f.detail::text, a.name, c.id";

pub(in crate::archive::postgres) async fn files(
    client: &mut Object,
    page: FilesPage,
) -> Result<(Vec<StoredFile>, i64), StoreError> {
    let (limit, attempts) = (limit(page.limit), i32::try_from(page.most_attempts).unwrap_or(i32::MAX));
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&page.after, &attempts, &limit];
    let own;
    if let Some(name) = &page.account {
        let Some(key) = account_key(client, name).await? else { return Ok((Vec::new(), page.after)) };
        own = key;
        values.push(&own);
    }
    let peer = page.chat.map(|chat| chat.0);
    if let Some(peer) = &peer {
        values.push(peer);
    }
    let found = rows(client, &files_sql(&page), &values).await?;
    let end = found.last().map(|row| row.try_get(WIDTH)).transpose()?.unwrap_or(page.after);
    Ok((found.iter().map(stored_file).collect::<Result<_, _>>()?, end))
}

pub(in crate::archive::postgres) fn files_sql(page: &FilesPage) -> String {
    let class = match page.class {
        MediaClass::Wanted => " and f.state in (0, 3)",
        MediaClass::Held => " and f.state = 1",
        MediaClass::All => "",
    };
    let chats = match (page.account.is_some(), page.chat.is_some()) {
        (true, true) => " and f.chat in (select key from chats where account = $4 and id = $5)",
        (true, false) => " and f.chat in (select key from chats where account = $4)",
        (false, true) => " and f.chat in (select key from chats where id = $4)",
        (false, false) => "",
    };
    format!(
        "select {COLUMNS}, {FILE} from (select * from files f where f.key > $1 and f.attempts <= $2{class}{chats} \
         order by f.key limit $3) as f join messages m on m.key = f.message {NAMES} join chats c on c.key = f.chat \
         join accounts a on a.key = c.account left join blobs b on b.key = f.blob order by f.key"
    )
}

/// In the order of their ids.
pub(in crate::archive::postgres) async fn files_of(
    client: &mut Object,
    key: ChatKey,
    ids: Vec<MessageId>,
) -> Result<Vec<StoredFile>, StoreError> {
    let Some(chat) = chat_key(client, &key).await? else { return Ok(Vec::new()) };
    let ids: Vec<i32> = ids.into_iter().map(|id| id.0).collect();
    rows(client, &files_of_sql(), &[&chat, &ids]).await?.iter().map(stored_file).collect()
}

pub(in crate::archive::postgres) fn files_of_sql() -> String {
    format!(
        "select {COLUMNS}, {FILE} from messages m join files f on f.message = m.key {NAMES} \
         join chats c on c.key = m.chat join accounts a on a.key = c.account left join blobs b on b.key = f.blob \
         where m.chat = $1 and m.id = any($2) order by m.id, f.place"
    )
}

fn stored_file(row: &Sql) -> Result<StoredFile, StoreError> {
    let at = |place: usize| WIDTH + place;
    let chat = PeerId(row.try_get(at(10))?);
    let message = stored(row, chat)?.message;
    let number: i64 = row.try_get(at(1))?;
    let why =
        || Ok::<_, StoreError>(from_column(row.try_get::<_, Option<String>>(at(4))?.unwrap_or_default()));
    let state = match row.try_get::<_, i32>(at(2))? {
        HELD => FileState::Held(FilePlace {
            hash: hash(row.try_get::<_, Option<&[u8]>>(at(5))?.unwrap_or_default())?,
            bytes: count(row.try_get::<_, Option<i64>>(at(6))?.unwrap_or_default()),
            link: from_column(row.try_get::<_, Option<String>>(at(7))?.unwrap_or_default()),
        }),
        SKIPPED => FileState::Skipped { why: why()? },
        FAILED => FileState::Failed { why: why()? },
        _ => FileState::Wanted,
    };
    let file = match row.try_get::<_, Option<String>>(at(8))? {
        Some(detail) => from_json::<File>("a file", detail)?,
        None => message.files().into_iter().find(|file| file.id == number).cloned().ok_or_else(|| {
            damaged("a file", format!("{number} is not in its message {} of {chat}", message.id))
        })?,
    };
    Ok(StoredFile {
        account: account(row.try_get(at(9))?)?,
        key: FileKey { chat, id: message.id, file: number },
        file,
        state,
        attempts: u32::try_from(row.try_get::<_, i32>(at(3))?).unwrap_or(0),
    })
}

pub(super) fn hash(bytes: &[u8]) -> Result<BlobHash, StoreError> {
    bytes.try_into().map(BlobHash).map_err(|error| damaged("a hash", error))
}

pub(in crate::archive::postgres) async fn avatar(
    client: &mut Object,
    account: AccountName,
    peer: PeerId,
) -> Result<Option<AvatarRecord>, StoreError> {
    let sql = "select v.photo, b.hash, v.extension from avatars v join blobs b on b.key = v.blob \
               join accounts a on a.key = v.account where a.name = $1 and v.peer = $2 \
               order by v.since desc, v.photo desc limit 1";
    let Some(row) = maybe(client, sql, &[&account.as_str(), &peer.0]).await? else { return Ok(None) };
    Ok(Some(AvatarRecord {
        photo: row.try_get(0)?,
        hash: hash(row.try_get(1)?)?,
        extension: from_column(row.try_get(2)?),
    }))
}

pub(in crate::archive::postgres) async fn orphans(
    client: &mut Object,
    most: usize,
) -> Result<Vec<BlobHash>, StoreError> {
    rows(client, ORPHANS, &[&limit(most)]).await?.iter().map(|row| hash(row.try_get(0)?)).collect()
}

pub(in crate::archive::postgres) async fn known_blobs(
    client: &mut Object,
    hashes: Vec<BlobHash>,
) -> Result<Vec<BlobHash>, StoreError> {
    let asked: Vec<&[u8]> = hashes.iter().map(|hash| &hash.0[..]).collect();
    let sql = "select b.hash from unnest($1::bytea[]) with ordinality as asked (hash, place) \
               join blobs b on b.hash = asked.hash order by asked.place";
    rows(client, sql, &[&asked]).await?.iter().map(|row| hash(row.try_get(0)?)).collect()
}

pub(in crate::archive::postgres) const ORPHANS: &str = "select hash from blobs where not exists (select 1 from files where blob = blobs.key) \
     and not exists (select 1 from avatars where blob = blobs.key) order by key limit $1";
