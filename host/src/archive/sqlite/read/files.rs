//! Files of messages, blobs and small pictures.

use std::collections::{HashMap, hash_map::Entry};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{super::columns::*, account_key, asked, chat_key, limit, parse_account};
use crate::{
    archive::{
        AvatarRecord, BlobHash, ChatKey, FileKey, FilePlace, FileState, FilesPage, MediaClass, StoreError,
        StoredFile,
        sqlite::{
            error::damaged,
            place::{chat_of, file_keys, file_keys_of, message_key, message_of},
            time::count,
            write::{FAILED, HELD, SKIPPED, from_json},
        },
    },
    model::{AccountName, File, Message, MessageId, PeerId},
};

const FILE: &str = "f.key, f.file, f.state, f.attempts, f.why, b.hash, b.bytes, f.link, f.detail";

/// A row of `files` and what it is about, without the file itself.
struct Found {
    key: i64,
    file: i64,
    chat: i64,
    attempts: u32,
    state: FileState,
    detail: Option<String>,
}

fn found(row: &rusqlite::Row<'_>) -> rusqlite::Result<Found> {
    let why = || row.get::<_, Option<String>>(4).map(Option::unwrap_or_default);
    let state = match row.get(2)? {
        HELD => FileState::Held(FilePlace {
            hash: BlobHash(row.get::<_, Option<[u8; 32]>>(5)?.unwrap_or_default()),
            bytes: row.get::<_, Option<i64>>(6)?.map_or(0, count),
            link: row.get::<_, Option<String>>(7)?.unwrap_or_default(),
        }),
        SKIPPED => FileState::Skipped { why: why()? },
        FAILED => FileState::Failed { why: why()? },
        _ => FileState::Wanted,
    };
    Ok(Found {
        key: row.get(0)?,
        file: row.get(1)?,
        chat: chat_of(message_of(row.get(0)?)),
        attempts: row.get(3)?,
        state,
        detail: row.get(8)?,
    })
}

pub(in crate::archive::sqlite) fn files(
    db: &Connection,
    page: &FilesPage,
) -> Result<(Vec<StoredFile>, i64), StoreError> {
    let account = match &page.account {
        None => None,
        Some(name) => match account_key(db, name)? {
            None => return Ok((Vec::new(), page.after)),
            Some(key) => Some(key),
        },
    };
    let sql = files_sql(page);
    let mut rows: Vec<Found> = Vec::new();
    for (first, last) in stretches(db, page, account)? {
        let limit = limit(page.limit - rows.len());
        let first = first.max(page.after.saturating_add(1));
        let wanted = asked(
            &sql,
            &[
                (":first", &first),
                (":last", &last),
                (":attempts", &page.most_attempts),
                (":account", &account),
                (":limit", &limit),
            ],
        );
        let mut statement = db.prepare_cached(&sql)?;
        for row in statement.query_map(wanted.as_slice(), found)? {
            rows.push(row?);
        }
        if rows.len() >= page.limit {
            break;
        }
    }
    let end = rows.last().map_or(page.after, |it| it.key);
    Ok((with_files(db, rows)?, end))
}

/// Where files of the page may be: of a chat, which more than one account may have, or anywhere.
fn stretches(db: &Connection, page: &FilesPage, account: Option<i64>) -> Result<Vec<(i64, i64)>, StoreError> {
    let Some(chat) = page.chat else { return Ok(vec![(0, i64::MAX)]) };
    let chats = "select key from chats where id = ?1 and (?2 is null or account = ?2) order by key";
    let mut chats = db.prepare_cached(chats)?;
    let chats = chats.query_map(params![chat.0, account], |row| row.get(0).map(file_keys_of))?;
    Ok(chats.collect::<Result<_, _>>()?)
}

pub(in crate::archive::sqlite) fn files_sql(page: &FilesPage) -> String {
    let class = match page.class {
        MediaClass::Wanted => " and f.state in (0, 3)",
        MediaClass::Held => " and f.state = 1",
        MediaClass::All => "",
    };
    let account = match (page.chat.is_some(), page.account.is_some()) {
        (false, true) => " and f.key >> 44 in (select key from chats where account = :account)",
        _ => "",
    };
    format!(
        "select {FILE} from files f left join blobs b on b.key = f.blob \
         where f.key between :first and :last and f.attempts <= :attempts{class}{account} \
         order by f.key limit :limit"
    )
}

pub(in crate::archive::sqlite) fn files_of(
    db: &Connection,
    key: &ChatKey,
    mut ids: Vec<MessageId>,
) -> Result<Vec<StoredFile>, StoreError> {
    let Some(chat) = chat_key(db, key)? else { return Ok(Vec::new()) };
    ids.sort_unstable();
    ids.dedup();
    let sql = format!(
        "select {FILE} from files f left join blobs b on b.key = f.blob where f.key between ?1 and ?2 order by f.key"
    );
    let mut files = db.prepare_cached(&sql)?;
    let mut all = Vec::new();
    for id in ids {
        let (first, last) = file_keys(message_key(chat, id.0));
        let rows: Vec<Found> = files.query_map([first, last], found)?.collect::<Result<_, _>>()?;
        all.extend(rows);
    }
    with_files(db, all)
}

/// What Telegram says of each file stands in its message.
fn with_files(db: &Connection, rows: Vec<Found>) -> Result<Vec<StoredFile>, StoreError> {
    let mut chats: HashMap<i64, (AccountName, PeerId)> = HashMap::new();
    let mut last: Option<(i64, Message)> = None;
    let mut files = Vec::with_capacity(rows.len());
    for row in rows {
        let (account, chat) = match chats.entry(row.chat) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(free) => match place_of(db, row.chat)? {
                Some(place) => free.insert(place).clone(),
                None => continue,
            },
        };
        let key = message_of(row.key);
        if last.as_ref().is_none_or(|(last, _)| *last != key) {
            last = message(db, key, chat)?.map(|message| (key, message));
        }
        let Some((_, message)) = &last else { continue };
        let file = match &row.detail {
            Some(detail) => from_json::<File>("a file", detail)?,
            None => {
                message.files().into_iter().find(|file| file.id == row.file).cloned().ok_or_else(|| {
                    damaged("a file", format!("{} is not in its message {} of {chat}", row.file, message.id))
                })?
            }
        };
        let key = FileKey { chat, id: message.id, file: row.file };
        files.push(StoredFile { account, key, file, state: row.state, attempts: row.attempts });
    }
    Ok(files)
}

/// Whose the chat with this key is, and which.
pub(in crate::archive::sqlite) fn place_of(
    db: &Connection,
    chat: i64,
) -> Result<Option<(AccountName, PeerId)>, StoreError> {
    let place = "select a.name, c.id from chats c join accounts a on a.key = c.account where c.key = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, PeerId(row.get(1)?)));
    let place = db.prepare_cached(place)?.query_row([chat], read).optional()?;
    place.map(|(name, id)| Ok((parse_account(&name)?, id))).transpose()
}

fn message(db: &Connection, key: i64, chat: PeerId) -> Result<Option<Message>, StoreError> {
    let sql = format!("select {COLUMNS} from messages m {AUTHORS} where m.key = ?1");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([key])?;
    Ok(rows.next()?.map(|row| stored(row, chat)).transpose()?.map(|stored| stored.message))
}

pub(in crate::archive::sqlite) fn avatar(
    db: &Connection,
    account: &AccountName,
    peer: PeerId,
) -> Result<Option<AvatarRecord>, StoreError> {
    let Some(account) = account_key(db, account)? else { return Ok(None) };
    let newest = "select v.photo, b.hash, v.extension from avatars v join blobs b on b.key = v.blob \
         where v.account = ?1 and v.peer = ?2 order by v.since desc, v.photo desc limit 1";
    let avatar = db.prepare_cached(newest)?.query_row(params![account, peer.0], |row| {
        Ok(AvatarRecord { photo: row.get(0)?, hash: BlobHash(row.get(1)?), extension: row.get(2)? })
    });
    Ok(avatar.optional()?)
}

pub(in crate::archive::sqlite) fn orphans(db: &Connection, most: usize) -> Result<Vec<BlobHash>, StoreError> {
    let mut statement = db.prepare_cached(ORPHANS)?;
    let hashes = statement.query_map([limit(most)], |row| row.get(0).map(BlobHash))?;
    Ok(hashes.collect::<Result<_, _>>()?)
}

pub(in crate::archive::sqlite) fn known_blobs(
    db: &Connection,
    hashes: &[BlobHash],
) -> Result<Vec<BlobHash>, StoreError> {
    let mut known = db.prepare_cached("select 1 from blobs where hash = ?1")?;
    let mut found = Vec::with_capacity(hashes.len());
    for hash in hashes {
        if known.exists([&hash.0])? {
            found.push(*hash);
        }
    }
    Ok(found)
}

pub(in crate::archive::sqlite) const ORPHANS: &str = "select hash from blobs where not exists (select 1 from files where blob = blobs.key) \
     and not exists (select 1 from avatars where blob = blobs.key) order by key limit ?1";
