use grammers_tl_types::{
    self as tl, RemoteCall,
    enums::InputMessage,
    functions::{channels, messages},
    types::InputMessageId,
};

use super::page::{Page, Quarantined, peer_of};
use crate::{
    model::{BarePeer, MessageId, PeerId},
    telegram::{Client, Error, Lane},
};

/// As many as Telegram takes in one call.
const MOST: usize = 100;

/// Messages by their numbers, in calls of a hundred. Those that are gone come as empty ones.
pub async fn by_ids(client: &Client, peer: PeerId, ids: &[MessageId]) -> Result<Page, Error> {
    let mut whole = Page::default();
    for ids in ids.chunks(MOST) {
        whole.append(some(client, peer, ids).await?);
    }
    client.learn(&whole.users, &whole.chats).await?;
    Ok(whole)
}

/// Asks again for each half when the whole cannot be read.
async fn some(client: &Client, peer: PeerId, ids: &[MessageId]) -> Result<Page, Error> {
    let bytes = ask(client, peer, ids).await?;
    match (Page::read(&bytes), ids) {
        (Ok(page), _) => Ok(page),
        (Err(error), [id]) => {
            tracing::warn!(message.id = id.0, %error, "A message cannot be read by this version: kept as it came");
            let peer = peer_of(&client.input_peer(peer).await?);
            let quarantined = vec![Quarantined { peer, id: *id, bytes, reason: error.to_string() }];
            Ok(Page { quarantined, ..Page::default() })
        }
        (Err(_), ids) => {
            let (first, rest) = ids.split_at(ids.len() / 2);
            let mut page = Box::pin(some(client, peer, first)).await?;
            page.append(Box::pin(some(client, peer, rest)).await?);
            Ok(page)
        }
    }
}

async fn ask(client: &Client, peer: PeerId, ids: &[MessageId]) -> Result<Vec<u8>, Error> {
    let id: Vec<InputMessage> = ids.iter().map(|id| InputMessageId { id: id.0 }.into()).collect();
    // In private chats and basic groups one count of numbers is shared by all.
    if let BarePeer::Channel(_) = peer.bare() {
        let channel = client.input_channel(peer).await?;
        raw(client, &channels::GetMessages { channel, id }).await
    } else {
        raw(client, &messages::GetMessages { id }).await
    }
}

async fn raw(
    client: &Client,
    call: &impl RemoteCall<Return = tl::enums::messages::Messages>,
) -> Result<Vec<u8>, Error> {
    client.invoke_raw(Lane::Main, call).await
}
