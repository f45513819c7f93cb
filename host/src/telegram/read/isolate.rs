//! Finds the messages of a page that cannot be read, by asking for the page in parts.
//!
//! Every part begins where the one before has ended, by the number of a message and never by a count: what comes
//! or goes meanwhile moves nothing. The number of a message that cannot be read is known before anything beyond it is
//! asked for, so that whoever claims what lies between two messages claims nothing that nobody has read.

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

/// The page again, without what cannot be read.
pub(super) async fn isolate<C: Windowed>(
    client: &Client,
    call: &C,
    error: &tl::deserialize::Error,
) -> Result<Page, Error> {
    tracing::warn!(%error, method = method_of(call), "A page has parts that are unknown here: looking for them");
    Parts::of(client, call).read().await
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// From a message to newer ones.
    Up,
    /// From a message, or the newest, to older ones.
    Down,
}

struct Parts<'a, C> {
    client: &'a Client,
    call: &'a C,
    window: Window,
    way: Way,
    /// The message that the next part begins behind.
    at: i32,
    pieces: Vec<Page>,
    bad: usize,
}

/// An answer, as far as it can be read.
enum Answer {
    Read(Page),
    Bad { bytes: Vec<u8>, error: tl::deserialize::Error },
}

/// A message that cannot be read.
struct Found {
    id: i32,
    bytes: Vec<u8>,
    error: tl::deserialize::Error,
}

impl<'a, C: Windowed> Parts<'a, C> {
    /// A window lies above its message or below it: see [`Window::is_by_number`].
    fn of(client: &'a Client, call: &'a C) -> Self {
        let window = call.window();
        debug_assert!(window.is_by_number(), "{window:?}");
        let (way, at) = match (window.add_offset < 0, window.offset_id) {
            (true, id) => (Way::Up, window.min_id.max(id.saturating_sub(1))),
            (false, 0) => (Way::Down, i32::MAX),
            (false, id) => (Way::Down, id),
        };
        Self { client, call, window, way, at, pieces: Vec::new(), bad: 0 }
    }

    async fn read(mut self) -> Result<Page, Error> {
        // How many messages are still to be asked for, in which parts; the next one last.
        let mut sizes = vec![self.window.limit];
        split(&mut sizes);
        while let Some(&size) = sizes.last() {
            match self.ask(self.part(size)).await? {
                Answer::Read(page) => {
                    sizes.pop();
                    if !self.go_behind(page) {
                        break;
                    }
                }
                Answer::Bad { .. } if size > 1 => split(&mut sizes),
                Answer::Bad { bytes, error } => {
                    // One that has gone meanwhile is asked for no more: the part is, again.
                    if self.keep_bad(bytes, &error).await? {
                        sizes.pop();
                    }
                }
            }
        }
        Ok(self.assembled())
    }

    /// So many messages behind where we are.
    fn part(&self, size: i32) -> Window {
        match self.way {
            Way::Up => Window {
                offset_id: self.at.saturating_add(1),
                add_offset: -size,
                limit: size,
                min_id: self.at,
                ..self.window
            },
            Way::Down => {
                let offset_id = if self.at == i32::MAX { 0 } else { self.at };
                Window { offset_id, add_offset: 0, limit: size, ..self.window }
            }
        }
    }

    async fn ask(&self, window: Window) -> Result<Answer, Error> {
        let bytes = self.client.invoke_raw(Lane::Main, &self.call.with(window)).await?;
        Ok(match Page::read(&bytes) {
            Ok(page) => Answer::Read(page),
            Err(error) => Answer::Bad { bytes, error },
        })
    }

    /// Whether there was anything.
    fn go_behind(&mut self, mut page: Page) -> bool {
        let (way, at) = (self.way, self.at);
        page.keep(|id| if way == Way::Up { id > at } else { id < at });
        let ids = page.ids();
        let end = if way == Way::Up { ids.first() } else { ids.last() };
        let Some(end) = end else { return false };
        self.at = *end;
        self.pieces.push(page);
        true
    }

    /// Whether it is still there.
    async fn keep_bad(&mut self, bytes: Vec<u8>, error: &tl::deserialize::Error) -> Result<bool, Error> {
        self.bad += 1;
        if self.bad > MOST_IN_A_PAGE {
            return Err(Error::Decode { method: method_of(self.call), source: error.clone() });
        }
        let is_behind = |id: &i32| match self.way {
            Way::Up => *id > self.at,
            Way::Down => *id < self.at && *id > self.window.min_id,
        };
        let found = match peek_id(&bytes).filter(is_behind) {
            Some(id) => Found { id, bytes, error: error.clone() },
            None => match self.find().await? {
                Some(found) => found,
                None => return Ok(false),
            },
        };
        let Found { id, bytes, error } = found;
        tracing::warn!(message.id = id, %error, "A message cannot be read by this version: kept as it came");
        let peer = peer_of(self.call.peer());
        let quarantined = vec![Quarantined { peer, id: MessageId(id), bytes, reason: error.to_string() }];
        self.at = id;
        self.pieces.push(Page { quarantined, ..Page::default() });
        Ok(true)
    }

    /// The number of the message behind where we are, which says nothing itself: whether there is anything between two
    /// numbers tells it. The neighbours are mostly near. `None`: it was deleted while we looked. It may be another one than was
    /// asked for, when that was deleted: so it comes with its own bytes.
    async fn find(&self) -> Result<Option<Found>, Error> {
        // It lies between both, which are not it.
        let (mut low, mut high) = match self.way {
            Way::Up => (self.at, i32::MAX),
            Way::Down => (self.window.min_id, self.at),
        };
        let mut reach = if high == self.at && high == i32::MAX { i32::MAX } else { 2 };
        while high.saturating_sub(low) > 2 {
            let step = reach.min((high - low - 1) / 2 + 1);
            reach = reach.saturating_mul(2);
            match self.way {
                Way::Up if self.is_any(low, low + step).await? => high = low + step,
                Way::Up => low += step - 1,
                Way::Down if self.is_any(high - step, high).await? => low = high - step,
                Way::Down => high -= step - 1,
            }
        }
        let id = low.saturating_add(1);
        Ok(match self.ask(between(low, low.saturating_add(2))).await? {
            Answer::Read(_) => None,
            Answer::Bad { bytes, error } => Some(Found { id, bytes, error }),
        })
    }

    /// Whether there is a message between both.
    async fn is_any(&self, low: i32, high: i32) -> Result<bool, Error> {
        Ok(match self.ask(between(low, high)).await? {
            Answer::Read(page) => page.ids().iter().any(|id| *id > low && *id < high),
            Answer::Bad { .. } => true,
        })
    }

    fn assembled(self) -> Page {
        let mut pieces = self.pieces;
        if self.way == Way::Up {
            pieces.reverse();
        }
        let mut whole = Page::default();
        pieces.into_iter().for_each(|piece| whole.append(piece));
        // A part counts by itself.
        whole.newer = None;
        whole
    }
}

/// The newest message between both.
fn between(low: i32, high: i32) -> Window {
    Window { offset_id: high, add_offset: 0, limit: 1, max_id: 0, min_id: low }
}

/// Two parts instead of the next one.
fn split(sizes: &mut Vec<i32>) {
    let Some(size) = sizes.pop() else { return };
    let first = (size / 2).max(1);
    if size > first {
        sizes.push(size - first);
    }
    sizes.push(first);
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

    #[test]
    fn parts_come_to_the_whole() {
        for size in 1..=100 {
            let mut sizes = vec![size];
            split(&mut sizes);
            assert_eq!(sizes.iter().sum::<i32>(), size);
            assert!(sizes.iter().all(|part| *part > 0 && (*part < size || size == 1)), "{sizes:?}");
        }
    }

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
