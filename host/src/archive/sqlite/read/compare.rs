//! Rows of messages and their checksums.

use rusqlite::Connection;

use super::{super::columns::*, chat_key, limit};
use crate::{
    archive::{
        ChatKey, Compared, IdRange, StoreError,
        row::Soundness,
        sqlite::place::{id_of, keys_of, message_key},
    },
    model::MessageId,
};

pub(in crate::archive::sqlite) fn compare(
    db: &Connection,
    key: &ChatKey,
    after: Option<MessageId>,
    most: usize,
) -> Result<Compared, StoreError> {
    let Some(chat) = chat_key(db, key)? else { return Ok(Compared::default()) };
    let (first, last) = keys_of(chat);
    let first = after.map_or(first, |id| message_key(chat, id.0) + 1);
    let mut statement = db.prepare_cached(&compare_sql())?;
    let mut rows = statement.query([first, last, limit(most)])?;
    let mut compared = Compared::default();
    while let Some(sql) = rows.next()? {
        let id = MessageId(id_of(key_of(sql)?));
        compared.rows += 1;
        compared.range = IdRange::new(compared.range.map_or(id, |range| range.first), id);
        match soundness_of(sql, key.chat) {
            Soundness::Sound => {}
            Soundness::Unknown => compared.unsealed += 1,
            Soundness::Damaged => compared.damaged.push(id),
        }
    }
    Ok(compared)
}

pub(in crate::archive::sqlite) fn compare_sql() -> String {
    format!(
        "select {COLUMNS} from messages m not indexed {AUTHORS} where m.key between ?1 and ?2 order by m.key limit ?3"
    )
}
