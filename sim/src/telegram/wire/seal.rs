//! The encryption of MTProto 2.0, from the server's side.

use bytes::{Buf as _, Bytes, BytesMut};
use grammers_crypto::aes::{ige_decrypt, ige_encrypt};
use sha2::{Digest as _, Sha256};

use super::frame::HEADROOM;
use crate::telegram::state::Secret;

/// Key id and message key.
const OUTER: usize = 8 + 16;
/// Salt, session, message id, sequence number, length.
const INNER: usize = 8 + 8 + 8 + 4 + 4;

/// A packet that was decrypted: one message, which may be a container.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) salt: i64,
    pub(super) session: i64,
    pub(super) msg_id: i64,
    pub(super) seq_no: i32,
    pub(super) body: Bytes,
    /// What to say when the client wants to know at once that it arrived.
    pub(super) token: u32,
}

/// What a message to the client is wrapped in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) salt: i64,
    pub(super) session: i64,
    pub(super) msg_id: i64,
    pub(super) seq_no: i32,
}

/// The id of the key a packet is encrypted with; 0 when it is not encrypted.
pub(super) fn key_id(packet: &[u8]) -> Option<i64> {
    packet.get(..8)?.try_into().ok().map(i64::from_le_bytes)
}

/// Decrypts a packet. `None`: it was not made with this key, or is damaged.
pub(super) fn open(secret: &Secret, mut packet: BytesMut) -> Option<Opened> {
    // Padded transports leave up to 15 bytes of noise at the end.
    let sealed = packet.len().checked_sub(OUTER)? / 16 * 16;
    packet.truncate(OUTER + sealed);
    if sealed < INNER {
        return None;
    }
    let msg_key: [u8; 16] = packet[8..OUTER].try_into().ok()?;
    let (key, iv) = derive(secret, &msg_key, 0);
    packet.advance(OUTER);
    ige_decrypt(&mut packet, &key, &iv);
    let hash = hash_with(secret, 0, &packet);
    if hash[8..24] != msg_key {
        return None;
    }
    let mut plain = packet.freeze();
    let (salt, session) = (plain.get_i64_le(), plain.get_i64_le());
    let (msg_id, seq_no, length) = (plain.get_i64_le(), plain.get_i32_le(), plain.get_u32_le() as usize);
    let padding = plain.len().checked_sub(length)?;
    if length % 4 != 0 || !(12..=1024).contains(&padding) {
        return None;
    }
    plain.truncate(length);
    let token = u32::from_le_bytes(hash[..4].try_into().ok()?);
    Some(Opened { salt, session, msg_id, seq_no, body: plain, token })
}

/// Encrypts a message into a packet, with room for the transport's header in front.
pub(super) fn seal(secret: &Secret, header: Header, body: &[u8]) -> Vec<u8> {
    let unpadded = INNER + body.len();
    let padding = 12 + (16 - (unpadded + 12) % 16) % 16;
    let start = HEADROOM + OUTER;
    // Four more for the checksum of the full transport.
    let mut packet = Vec::with_capacity(start + unpadded + padding + 4);
    packet.resize(HEADROOM, 0);
    packet.extend_from_slice(&secret.id.to_le_bytes());
    packet.resize(start, 0);
    packet.extend_from_slice(&header.salt.to_le_bytes());
    packet.extend_from_slice(&header.session.to_le_bytes());
    packet.extend_from_slice(&header.msg_id.to_le_bytes());
    packet.extend_from_slice(&header.seq_no.to_le_bytes());
    packet.extend_from_slice(&(body.len() as u32).to_le_bytes());
    packet.extend_from_slice(body);
    // Nobody is kept from guessing here: the padding may as well be the message id.
    packet.extend(header.msg_id.to_le_bytes().into_iter().cycle().take(padding));
    let msg_key: [u8; 16] =
        hash_with(secret, 8, &packet[start..])[8..24].try_into().expect("a SHA-256 has 32 bytes");
    let (key, iv) = derive(secret, &msg_key, 8);
    ige_encrypt(&mut packet[start..], &key, &iv);
    packet[HEADROOM + 8..start].copy_from_slice(&msg_key);
    packet
}

/// `x` is 0 for what clients send and 8 for what servers send.
fn hash_with(secret: &Secret, x: usize, plain: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(&secret.bytes[88 + x..120 + x]).chain_update(plain).finalize().into()
}

fn derive(secret: &Secret, msg_key: &[u8; 16], x: usize) -> ([u8; 32], [u8; 32]) {
    let bytes = &secret.bytes;
    let a: [u8; 32] = Sha256::new().chain_update(msg_key).chain_update(&bytes[x..x + 36]).finalize().into();
    let b: [u8; 32] =
        Sha256::new().chain_update(&bytes[40 + x..76 + x]).chain_update(msg_key).finalize().into();
    let braid = |a: &[u8; 32], b: &[u8; 32]| {
        let mut braided = *a;
        braided[8..24].copy_from_slice(&b[8..24]);
        braided
    };
    (braid(&a, &b), braid(&b, &a))
}

#[cfg(test)]
mod tests {
    use grammers_crypto::{AuthKey, DequeBuffer, decrypt_data_v2, encrypt_data_v2};

    use super::*;
    use crate::telegram::state::Keys;

    fn key() -> ([u8; 256], std::sync::Arc<Secret>) {
        let bytes = std::array::from_fn(|n| (n * 7) as u8);
        let mut keys = Keys::default();
        let id = keys.add(2, bytes);
        (bytes, std::sync::Arc::clone(&keys.get(id).unwrap().secret))
    }

    /// As a client writes it: salt, session, message id, sequence number, length, body.
    fn plain(body: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        for number in [11_i64, 22, 44] {
            plain.extend_from_slice(&number.to_le_bytes());
        }
        plain.extend_from_slice(&3_i32.to_le_bytes());
        plain.extend_from_slice(&(body.len() as u32).to_le_bytes());
        plain.extend_from_slice(body);
        plain
    }

    #[test]
    fn opens_what_a_client_sealed() {
        let (bytes, secret) = key();
        let mut buffer = DequeBuffer::with_capacity(0, 64);
        buffer.extend(plain(&[1, 2, 3, 4]));
        encrypt_data_v2(&mut buffer, &AuthKey::from_bytes(bytes));
        assert_eq!(key_id(&buffer[..]), Some(secret.id));
        let opened = open(&secret, BytesMut::from(&buffer[..])).unwrap();
        assert_eq!((opened.salt, opened.session, opened.msg_id, opened.seq_no), (11, 22, 44, 3));
        assert_eq!(opened.body[..], [1, 2, 3, 4]);
        let mut damaged = BytesMut::from(&buffer[..]);
        damaged[40] ^= 1;
        assert!(open(&secret, damaged).is_none());
    }

    #[test]
    fn client_opens_what_was_sealed() {
        let (bytes, secret) = key();
        for length in (0..64).step_by(4) {
            let body = vec![5; length];
            let header = Header { salt: 11, session: 22, msg_id: 44, seq_no: 3 };
            let mut packet = seal(&secret, header, &body)[HEADROOM..].to_vec();
            let opened = decrypt_data_v2(&mut packet, &AuthKey::from_bytes(bytes)).unwrap();
            assert_eq!(opened[..INNER + length], plain(&body));
            assert!((12..=1024).contains(&(opened.len() - INNER - length)));
        }
    }
}
