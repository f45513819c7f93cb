//! People as they are now, by their numbers.

use grammers_tl_types::{self as tl, functions::users::GetUsers};

use crate::{
    model::PeerId,
    telegram::{Client, Error, Lane},
};

/// As many as Telegram answers for in one call.
pub const MOST_PEOPLE: usize = 100;

/// Those whom this login has met; the others are left out.
pub async fn people(client: &Client, ids: &[PeerId]) -> Result<Vec<tl::enums::User>, Error> {
    let mut known = Vec::new();
    for id in ids {
        match client.input_user(*id).await {
            Ok(user) => known.push(user),
            Err(Error::UnknownPeer { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let mut found = Vec::with_capacity(known.len());
    for ids in known.chunks(MOST_PEOPLE) {
        found.extend(client.invoke_in(Lane::Main, &GetUsers { id: ids.to_vec() }).await?);
    }
    client.learn(&found, &[]).await?;
    Ok(found)
}
