//! Transports: how packets are told apart in a stream of bytes.

use bytes::{Buf as _, BytesMut};

/// Room for the longest transport header, kept free in front of every packet that is sent.
pub(super) const HEADROOM: usize = 8;

/// Telegram closes connections that announce more.
const LARGEST_PACKET: usize = 2 * 1024 * 1024;

/// Set in the length by clients that want to hear at once that a packet has arrived.
const WANTS_QUICK_ACK: u32 = 1 << 31;

/// A transport, as the client chose it by its first bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// Length, sequence number, payload, CRC-32.
    Full { received: u32, sent: u32 },
    /// One or four bytes of length.
    Abridged,
    /// Four bytes of length.
    Intermediate,
    /// As intermediate, with up to 15 bytes of noise at the end.
    Padded,
}

/// What a client sent in one piece.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) bytes: BytesMut,
    pub(super) wants_quick_ack: bool,
}

/// The stream makes no sense: there is nothing left but to close it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Garbled;

impl Transport {
    /// Tells the transport and removes its tag. `None`: more bytes are needed.
    pub(super) fn detect(inbox: &mut BytesMut) -> Option<Self> {
        if inbox.first() == Some(&0xef) {
            inbox.advance(1);
            return Some(Self::Abridged);
        }
        let tag = inbox.get(..4)?;
        let transport = match tag {
            [0xee, 0xee, 0xee, 0xee] => Self::Intermediate,
            [0xdd, 0xdd, 0xdd, 0xdd] => Self::Padded,
            _ => return Some(Self::Full { received: 0, sent: 0 }),
        };
        inbox.advance(4);
        Some(transport)
    }

    /// Takes the next packet out of what has arrived. `None`: it is not whole yet.
    pub(super) fn unframe(&mut self, inbox: &mut BytesMut) -> Result<Option<Packet>, Garbled> {
        match self {
            Self::Full { received, .. } => unframe_full(received, inbox),
            Self::Abridged => unframe_abridged(inbox),
            Self::Intermediate | Self::Padded => {
                let Some(length) = word(inbox, 0) else { return Ok(None) };
                take(inbox, 4, (length & !WANTS_QUICK_ACK) as usize, length & WANTS_QUICK_ACK != 0)
            }
        }
    }

    /// Writes the header into the headroom and what follows the payload behind it. Returns where
    /// the packet begins.
    pub(super) fn frame(&mut self, packet: &mut Vec<u8>) -> usize {
        let length = packet.len() - HEADROOM;
        match self {
            Self::Full { sent, .. } => {
                packet[..4].copy_from_slice(&(length as u32 + 12).to_le_bytes());
                packet[4..8].copy_from_slice(&sent.to_le_bytes());
                *sent += 1;
                let crc = crc32fast::hash(packet);
                packet.extend_from_slice(&crc.to_le_bytes());
                0
            }
            Self::Abridged if length / 4 < 0x7f => {
                packet[7] = (length / 4) as u8;
                7
            }
            Self::Abridged => {
                packet[4..8].copy_from_slice(&((length as u32 / 4) << 8 | 0x7f).to_le_bytes());
                4
            }
            Self::Intermediate | Self::Padded => {
                packet[4..8].copy_from_slice(&(length as u32).to_le_bytes());
                4
            }
        }
    }

    /// An error of the transport itself, such as -404.
    pub(super) fn error(&mut self, code: i32) -> Vec<u8> {
        match self {
            // Bare: no length around it, no checksum behind it.
            Self::Full { .. } => code.to_le_bytes().to_vec(),
            _ => {
                let mut packet = vec![0; HEADROOM];
                packet.extend_from_slice(&code.to_le_bytes());
                let start = self.frame(&mut packet);
                packet.split_off(start)
            }
        }
    }

    /// That a packet has arrived. `None`: this transport has no way to ask or to say so.
    pub(super) fn quick_ack(&self, token: u32) -> Option<[u8; 4]> {
        match self {
            Self::Full { .. } => None,
            Self::Abridged => Some((token | WANTS_QUICK_ACK).to_be_bytes()),
            Self::Intermediate | Self::Padded => Some((token | WANTS_QUICK_ACK).to_le_bytes()),
        }
    }
}

fn unframe_full(received: &mut u32, inbox: &mut BytesMut) -> Result<Option<Packet>, Garbled> {
    let Some(length) = word(inbox, 0) else { return Ok(None) };
    let length = length as usize;
    if !(12..=LARGEST_PACKET).contains(&length) {
        return Err(Garbled);
    }
    if inbox.len() < length {
        inbox.reserve(length - inbox.len());
        return Ok(None);
    }
    let mut bytes = inbox.split_to(length);
    let crc = word(&bytes, length - 4).ok_or(Garbled)?;
    if word(&bytes, 4) != Some(*received) || crc32fast::hash(&bytes[..length - 4]) != crc {
        return Err(Garbled);
    }
    *received += 1;
    bytes.advance(8);
    bytes.truncate(length - 12);
    Ok(Some(Packet { bytes, wants_quick_ack: false }))
}

fn unframe_abridged(inbox: &mut BytesMut) -> Result<Option<Packet>, Garbled> {
    let Some(&first) = inbox.first() else { return Ok(None) };
    let wants_quick_ack = first & 0x80 != 0;
    match first & 0x7f {
        0x7f => {
            let Some(length) = word(inbox, 0) else { return Ok(None) };
            take(inbox, 4, (length >> 8) as usize * 4, wants_quick_ack)
        }
        length => take(inbox, 1, usize::from(length) * 4, wants_quick_ack),
    }
}

fn take(
    inbox: &mut BytesMut,
    header: usize,
    length: usize,
    wants_quick_ack: bool,
) -> Result<Option<Packet>, Garbled> {
    if length == 0 || length > LARGEST_PACKET {
        return Err(Garbled);
    }
    if inbox.len() < header + length {
        inbox.reserve(header + length - inbox.len());
        return Ok(None);
    }
    inbox.advance(header);
    Ok(Some(Packet { bytes: inbox.split_to(length), wants_quick_ack }))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server sends is what a client of the same transport sends, but for the tag.
    fn round_trip(mut server: Transport, length: usize) {
        let payload: Vec<u8> = (0..length).map(|n| n as u8).collect();
        let mut inbox = BytesMut::new();
        for _ in 0..2 {
            let mut packet = vec![0; HEADROOM];
            packet.extend_from_slice(&payload);
            let start = server.frame(&mut packet);
            inbox.extend_from_slice(&packet[start..]);
        }
        let mut client = match server {
            Transport::Full { .. } => Transport::Full { received: 0, sent: 0 },
            other => other,
        };
        let mut partly = BytesMut::from(&inbox[..length]);
        assert!(client.unframe(&mut partly).unwrap().is_none());
        for _ in 0..2 {
            let packet = client.unframe(&mut inbox).unwrap().unwrap();
            assert_eq!(packet.bytes, payload);
            assert!(!packet.wants_quick_ack);
        }
        assert!(inbox.is_empty());
    }

    #[test]
    fn every_transport_brings_packets_back() {
        for length in [24, 4 * 0x7e, 4 * 0x7f, 600_000] {
            round_trip(Transport::Full { received: 0, sent: 0 }, length);
            round_trip(Transport::Abridged, length);
            round_trip(Transport::Intermediate, length);
            round_trip(Transport::Padded, length);
        }
    }

    #[test]
    fn first_bytes_tell_the_transport() {
        let mut inbox = BytesMut::from(&[0xef, 1][..]);
        assert_eq!(Transport::detect(&mut inbox), Some(Transport::Abridged));
        assert_eq!(inbox[..], [1]);
        let mut inbox = BytesMut::from(&[0xee; 3][..]);
        assert_eq!(Transport::detect(&mut inbox), None);
        inbox.extend_from_slice(&[0xee]);
        assert_eq!(Transport::detect(&mut inbox), Some(Transport::Intermediate));
        let mut inbox = BytesMut::from(&[0xdd; 4][..]);
        assert_eq!(Transport::detect(&mut inbox), Some(Transport::Padded));
        let mut inbox = BytesMut::from(&[40, 0, 0, 0][..]);
        assert_eq!(Transport::detect(&mut inbox), Some(Transport::Full { received: 0, sent: 0 }));
        assert_eq!(inbox.len(), 4);
    }

    #[test]
    fn damaged_full_packets_are_refused() {
        let mut packet = vec![0; HEADROOM + 24];
        Transport::Full { received: 0, sent: 0 }.frame(&mut packet);
        packet[20] ^= 1;
        let mut receiver = Transport::Full { received: 0, sent: 0 };
        assert_eq!(receiver.unframe(&mut BytesMut::from(&packet[..])).unwrap_err(), Garbled);
        packet[20] ^= 1;
        let mut receiver = Transport::Full { received: 1, sent: 0 };
        assert_eq!(receiver.unframe(&mut BytesMut::from(&packet[..])).unwrap_err(), Garbled);
    }

    #[test]
    fn quick_acks_are_asked_for_and_given() {
        let mut inbox = BytesMut::from(&[0x80 | 1, 9, 9, 9, 9][..]);
        assert!(Transport::Abridged.unframe(&mut inbox).unwrap().unwrap().wants_quick_ack);
        let mut inbox = BytesMut::from(&[4, 0, 0, 0x80, 9, 9, 9, 9][..]);
        let packet = Transport::Intermediate.unframe(&mut inbox).unwrap().unwrap();
        assert!(packet.wants_quick_ack && packet.bytes.len() == 4);
        assert_eq!(Transport::Abridged.quick_ack(1), Some([0x80, 0, 0, 1]));
        assert_eq!(Transport::Intermediate.quick_ack(1), Some([1, 0, 0, 0x80]));
        assert_eq!(Transport::Full { received: 0, sent: 0 }.quick_ack(1), None);
    }
}
