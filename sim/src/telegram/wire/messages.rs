//! Messages: containers and compression, in and out.

use std::io::{Read as _, Write as _};

use bytes::{Buf as _, Bytes};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use grammers_tl_types::{Cursor, Deserializable as _, Serializable as _};

use super::session::Origin;

pub(super) const CONTAINER: u32 = 0x73f1_f8dc;
pub(super) const GZIP_PACKED: u32 = 0x3072_cfa1;
const RPC_RESULT: u32 = 0xf35c_6d01;

/// Answers at least this long are compressed when that makes them shorter.
const WORTH_PACKING: usize = 512;
/// A packet that unpacks to more is an attack or a mistake.
const LARGEST_UNPACKED: u64 = 16 * 1024 * 1024;
/// `rpc_result` and the id of the message it answers.
const RESULT_HEADER: usize = 4 + 8;
/// Message id, sequence number and length, for each in a container.
const MESSAGE_HEADER: usize = 8 + 4 + 4;
const MOST_IN_CONTAINER: usize = 100;
const LARGEST_CONTAINER: usize = 256 * 1024;

/// A message from the client.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) msg_id: i64,
    pub(super) seq_no: i32,
    pub(super) body: Bytes,
}

/// A message to the client, not numbered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outgoing {
    pub(super) origin: Origin,
    /// It wants an acknowledgement.
    pub(super) is_content: bool,
    pub(super) body: Vec<u8>,
}

/// The container's insides make no sense.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadContainer;

pub(super) fn constructor(body: &[u8]) -> Option<u32> {
    body.get(..4)?.try_into().ok().map(u32::from_le_bytes)
}

/// The messages of a packet: the one there is, or what the container holds, unpacked.
pub(super) fn unpack(outer: Message) -> Result<Vec<Message>, BadContainer> {
    let outer_id = outer.msg_id;
    let outer = gunzip(outer)?;
    if constructor(&outer.body) != Some(CONTAINER) {
        return Ok(vec![outer]);
    }
    let mut rest = outer.body.slice(4..);
    let count = if rest.len() >= 4 { rest.get_u32_le() as usize } else { return Err(BadContainer) };
    let mut messages = Vec::with_capacity(count.min(1024));
    for _ in 0..count {
        if rest.len() < MESSAGE_HEADER {
            return Err(BadContainer);
        }
        let (msg_id, seq_no, length) = (rest.get_i64_le(), rest.get_i32_le(), rest.get_u32_le() as usize);
        if rest.len() < length || msg_id >= outer_id {
            return Err(BadContainer);
        }
        let message = gunzip(Message { msg_id, seq_no, body: rest.split_to(length) })?;
        if constructor(&message.body) == Some(CONTAINER) {
            return Err(BadContainer);
        }
        messages.push(message);
    }
    Ok(messages)
}

fn gunzip(message: Message) -> Result<Message, BadContainer> {
    if constructor(&message.body) != Some(GZIP_PACKED) {
        return Ok(message);
    }
    let packed =
        Vec::<u8>::deserialize(&mut Cursor::from_slice(&message.body[4..])).map_err(|_| BadContainer)?;
    let mut body = Vec::new();
    GzDecoder::new(&packed[..]).take(LARGEST_UNPACKED).read_to_end(&mut body).map_err(|_| BadContainer)?;
    Ok(Message { body: body.into(), ..message })
}

impl Outgoing {
    /// The answer to a call, written straight behind its header and compressed where that pays.
    pub(super) fn answer(req_msg_id: i64, may_pack: bool, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut body = Vec::with_capacity(256);
        RPC_RESULT.serialize(&mut body);
        req_msg_id.serialize(&mut body);
        write(&mut body);
        if may_pack && body.len() - RESULT_HEADER >= WORTH_PACKING {
            pack(&mut body);
        }
        Self { origin: Origin::Answer, is_content: true, body }
    }

    /// What the protocol itself answers: bare, and not to be acknowledged.
    pub(super) fn service(value: &impl grammers_tl_types::Serializable) -> Self {
        Self { origin: Origin::Answer, is_content: false, body: value.to_bytes() }
    }

    /// What nobody asked for, such as updates.
    pub(super) fn notice(value: &impl grammers_tl_types::Serializable) -> Self {
        Self { origin: Origin::Other, is_content: true, body: value.to_bytes() }
    }
}

/// Replaces what follows the header by its compressed form, if that is shorter.
fn pack(body: &mut Vec<u8>) {
    let plain = body.len() - RESULT_HEADER;
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain / 2), Compression::fast());
    // A vector takes every byte.
    let packed = encoder.write_all(&body[RESULT_HEADER..]).and_then(|()| encoder.finish());
    if let Ok(packed) = packed
        && packed.len() + 12 < plain
    {
        body.truncate(RESULT_HEADER);
        GZIP_PACKED.serialize(body);
        packed.serialize(body);
    }
}

/// Groups messages into packets: what is small travels together, what is large alone.
pub(super) fn group(messages: Vec<Outgoing>) -> impl Iterator<Item = Vec<Outgoing>> {
    let mut messages = messages.into_iter().peekable();
    std::iter::from_fn(move || {
        let first = messages.next()?;
        let mut size = first.body.len();
        let mut group = vec![first];
        while group.len() < MOST_IN_CONTAINER
            && let Some(next) =
                messages.next_if(|next| size + MESSAGE_HEADER + next.body.len() <= LARGEST_CONTAINER)
        {
            size += MESSAGE_HEADER + next.body.len();
            group.push(next);
        }
        Some(group)
    })
}

/// Appends a numbered message to a container's body.
pub(super) fn append(container: &mut Vec<u8>, msg_id: i64, seq_no: i32, body: &[u8]) {
    container.reserve(MESSAGE_HEADER + body.len());
    msg_id.serialize(container);
    seq_no.serialize(container);
    (body.len() as u32).serialize(container);
    container.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contain(messages: &[(i64, &[u8])]) -> Bytes {
        let mut body = Vec::new();
        CONTAINER.serialize(&mut body);
        (messages.len() as u32).serialize(&mut body);
        for (id, inner) in messages {
            append(&mut body, *id, 1, inner);
        }
        body.into()
    }

    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut body = vec![0; RESULT_HEADER];
        body.extend_from_slice(plain);
        pack(&mut body);
        body.split_off(RESULT_HEADER)
    }

    #[test]
    fn containers_and_gzip_are_unpacked() {
        let long = vec![7; 2000];
        let gzip = packed(&long);
        assert_eq!(constructor(&gzip), Some(GZIP_PACKED));
        let body = contain(&[(4, &[1, 0, 0, 0]), (8, &gzip)]);
        let messages = unpack(Message { msg_id: 12, seq_no: 0, body }).unwrap();
        assert_eq!(messages.iter().map(|message| message.msg_id).collect::<Vec<_>>(), [4, 8]);
        assert_eq!(messages[1].body, long);
    }

    #[test]
    fn senseless_containers_are_refused() {
        let inner = contain(&[(4, &[1, 0, 0, 0])]);
        let outer = |msg_id, body| unpack(Message { msg_id, seq_no: 0, body }).map(|_| ());
        assert_eq!(outer(12, contain(&[(8, &inner)])), Err(BadContainer));
        assert_eq!(outer(4, inner.clone()), Err(BadContainer));
        assert_eq!(outer(12, inner.slice(..inner.len() - 4)), Err(BadContainer));
    }

    #[test]
    fn only_what_shrinks_is_packed() {
        let long = Outgoing::answer(8, true, |out| out.extend([7; 600]));
        assert!(long.body.len() < 600);
        let noise = crate::telegram::state::random::<600>();
        let answer = Outgoing::answer(8, true, |out| out.extend(&noise));
        assert_eq!(answer.body[RESULT_HEADER..], noise);
        let plain = Outgoing::answer(8, false, |out| out.extend([7; 600]));
        assert_eq!(plain.body.len(), RESULT_HEADER + 600);
    }

    #[test]
    fn large_messages_travel_alone() {
        let sized = |size| Outgoing { origin: Origin::Answer, is_content: true, body: vec![0; size] };
        let sizes = [10, 10, LARGEST_CONTAINER, 10, 10];
        let groups: Vec<_> = group(sizes.map(sized).into()).map(|group| group.len()).collect();
        assert_eq!(groups, [2, 1, 2]);
        assert_eq!(group(vec![sized(4); 101]).map(|group| group.len()).collect::<Vec<_>>(), [100, 1]);
    }
}
