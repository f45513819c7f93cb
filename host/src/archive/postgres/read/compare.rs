//! Rows of messages and their checksums.

use deadpool_postgres::Object;

use super::{chat_key, limit, rows};
use crate::{
    archive::{
        ChatKey, Compared, IdRange, StoreError,
        postgres::columns::{COLUMNS, NAMES, soundness_of},
        row::Soundness,
    },
    model::MessageId,
};

pub(in crate::archive::postgres) async fn compare(
    client: &mut Object,
    key: ChatKey,
    after: Option<MessageId>,
    most: usize,
) -> Result<Compared, StoreError> {
    let Some(chat) = chat_key(client, &key).await? else { return Ok(Compared::default()) };
    let Some(first) = after.map_or(Some(i32::MIN), |id| id.0.checked_add(1)) else {
        return Ok(Compared::default());
    };
    let sql = format!(
        "select {COLUMNS} from messages m {NAMES} where m.chat = $1 and m.id >= $2 order by m.id limit $3"
    );
    let mut compared = Compared::default();
    for row in rows(client, &sql, &[&chat, &first, &limit(most)]).await? {
        let id = MessageId(row.try_get(2)?);
        compared.rows += 1;
        compared.range = IdRange::new(compared.range.map_or(id, |range| range.first), id);
        match soundness_of(&row, key.chat)? {
            Soundness::Sound => {}
            Soundness::Unknown => compared.unsealed += 1,
            Soundness::Damaged => compared.damaged.push(id),
        }
    }
    Ok(compared)
}
