//! Finds the message of a page that cannot be read, by asking for the page in halves.

use futures_util::future::BoxFuture;
use grammers_tl_types::{self as tl, Cursor, Deserializable as _};

use super::{
    page::{Page, Quarantined, method_of, peer_of},
    window::{Window, Windowed},
};
use crate::{
    model::MessageId,
    telegram::{Client, Error, Lane},
};

/// A page with more bad messages than this is not about a message, but about us: our version is
/// too old for everything.
const MOST_IN_A_PAGE: usize = 16;

/// A part of the page, newest first.
enum Piece {
    Read(Page),
    /// One message that cannot be read, with its whole answer.
    Bad {
        window: Window,
        bytes: Vec<u8>,
        error: tl::deserialize::Error,
    },
}

pub(super) async fn isolate<C: Windowed>(
    client: &Client,
    call: &C,
    error: &tl::deserialize::Error,
) -> Result<Page, Error> {
    tracing::warn!(%error, method = method_of(call), "A page has parts that are unknown here: looking for them");
    let window = pin_down(client, call).await?;
    let mut pieces = Vec::new();
    split(client, call, window, &mut pieces).await?;
    let bad = pieces.iter().filter(|piece| matches!(piece, Piece::Bad { .. })).count();
    if bad > MOST_IN_A_PAGE {
        return Err(Error::Decode { method: method_of(call), source: error.clone() });
    }
    assemble(client, call, pieces).await
}

/// A window from the newest message moves when a new one arrives; from a number it does not.
async fn pin_down<C: Windowed>(client: &Client, call: &C) -> Result<Window, Error> {
    let window = call.window();
    if window.offset_id != 0 {
        return Ok(window);
    }
    let newest = call.with(Window { limit: 1, add_offset: 0, ..window });
    let bytes = client.invoke_raw(Lane::Main, &newest).await?;
    let id = match Page::read(&bytes) {
        Ok(page) => page.messages.first().map(tl::enums::Message::id),
        Err(_) => peek_id(&bytes),
    };
    Ok(id.map_or(window, |id| Window { offset_id: id.saturating_add(1), ..window }))
}

fn split<'a, C: Windowed>(
    client: &'a Client,
    call: &'a C,
    window: Window,
    pieces: &'a mut Vec<Piece>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        let bytes = client.invoke_raw(Lane::Main, &call.with(window)).await?;
        match (Page::read(&bytes), window.halves()) {
            (Ok(page), _) => pieces.push(Piece::Read(page)),
            (Err(_), Some(halves)) => {
                for half in halves {
                    split(client, call, half, pieces).await?;
                }
            }
            (Err(error), None) => pieces.push(Piece::Bad { window, bytes, error }),
        }
        Ok(())
    })
}

async fn assemble<C: Windowed>(client: &Client, call: &C, pieces: Vec<Piece>) -> Result<Page, Error> {
    let mut whole = Page::default();
    let mut pieces = pieces.into_iter().peekable();
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Read(page) => whole.append(page),
            Piece::Bad { window, bytes, error } => {
                let newer = whole.ids().last().copied();
                let older = match pieces.peek() {
                    Some(Piece::Read(page)) => page.ids().first().copied(),
                    _ => None,
                };
                let id = match peek_id(&bytes) {
                    Some(id) => id,
                    None => find_id(client, call, window, newer, older).await?,
                };
                tracing::warn!(message.id = id, %error, "A message cannot be read by this version: kept as it came");
                whole.quarantined.push(Quarantined {
                    peer: peer_of(call.peer()),
                    id: MessageId(id),
                    bytes,
                    reason: error.to_string(),
                });
            }
        }
    }
    Ok(whole)
}

/// Where its neighbours leave room for several numbers, whether a page is empty tells which it is.
async fn find_id<C: Windowed>(
    client: &Client,
    call: &C,
    window: Window,
    newer: Option<i32>,
    older: Option<i32>,
) -> Result<i32, Error> {
    let below = [newer, (window.offset_id > 0).then_some(window.offset_id)].into_iter().flatten().min();
    let (mut low, mut high) = (older.unwrap_or(window.min_id), below.unwrap_or(i32::MAX));
    // It lies between both, which are not it.
    while high.saturating_sub(low) > 2 {
        let middle = low + (high - low) / 2;
        // The newest message below `middle`: ours, when nothing newer lies in between.
        let probe = Window { offset_id: high, add_offset: 0, limit: 1, max_id: 0, min_id: middle };
        let bytes = client.invoke_raw(Lane::Main, &call.with(probe)).await?;
        match Page::read(&bytes) {
            Ok(page) if page.is_empty() => high = middle + 1,
            Ok(_) | Err(_) => low = middle,
        }
    }
    Ok(low.saturating_add(1))
}

/// Reads the number of the only message of an answer, where its beginning has a known form.
fn peek_id(bytes: &[u8]) -> Option<i32> {
    const VECTOR: u32 = 0x1cb5_c415;
    let mut cursor = Cursor::from_slice(bytes);
    let mut next = || u32::deserialize(&mut cursor).ok();
    let name = tl::name_for_id(next()?);
    let skipped = match name {
        "messages.messages" => 0,
        "messages.messagesSlice" => {
            let flags = next()?;
            // The count; then what the flags announce. A flood notice has a length of its own.
            let announced = (flags & 0b0101).count_ones();
            if flags & 0b1000 == 0 { 1 + announced } else { return None }
        }
        "messages.channelMessages" => 2 + (next()? >> 2 & 1),
        _ => return None,
    };
    for _ in 0..skipped {
        next()?;
    }
    if (next()?, next()?) != (VECTOR, 1) {
        return None;
    }
    let words_before = match tl::name_for_id(next()?) {
        "message" => 2,
        "messageService" | "messageEmpty" => 1,
        _ => return None,
    };
    for _ in 0..words_before {
        next()?;
    }
    i32::try_from(next()?).ok()
}

#[cfg(test)]
mod tests {
    use grammers_tl_types::Serializable as _;

    use super::*;

    fn message(id: i32) -> tl::enums::Message {
        let peer_id = Some(tl::types::PeerUser { user_id: 7 }.into());
        tl::types::MessageEmpty { id, peer_id }.into()
    }

    #[test]
    fn numbers_can_be_peeked_at() {
        let (messages, nothing) = (vec![message(41)], Vec::new);
        let plain = tl::enums::messages::Messages::Messages(tl::types::messages::Messages {
            messages: messages.clone(),
            topics: Vec::new(),
            chats: Vec::new(),
            users: Vec::new(),
        });
        let slice = tl::enums::messages::Messages::Slice(tl::types::messages::MessagesSlice {
            inexact: true,
            count: 900,
            next_rate: Some(4),
            offset_id_offset: Some(5),
            search_flood: None,
            messages: messages.clone(),
            topics: Vec::new(),
            chats: Vec::new(),
            users: nothing(),
        });
        let channel = tl::enums::messages::Messages::ChannelMessages(tl::types::messages::ChannelMessages {
            inexact: false,
            pts: 77,
            count: 900,
            offset_id_offset: Some(3),
            messages,
            topics: Vec::new(),
            chats: Vec::new(),
            users: Vec::new(),
        });
        for answer in [plain, slice, channel] {
            let mut bytes = answer.to_bytes();
            assert_eq!(peek_id(&bytes), Some(41), "{answer:?}");
            let at = bytes.windows(4).position(|word| word == 0x90a6_ca84_u32.to_le_bytes()).unwrap();
            bytes[at] ^= 0xff;
            assert_eq!(peek_id(&bytes), None);
        }
    }
}
