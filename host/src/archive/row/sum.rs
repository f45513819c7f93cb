//! Whether a row still says what was written: its checksum lies in `flags`, above the single bits.
//!
//! - Fifteen bits, 0 when there is none: rows of older archives have none until they are sealed.
//! - A true CRC, not a hash cut short: an odd number of flipped bits is always found, so every single one is. Anything
//!   else passes with a chance of one in 32,767.
//! - It covers what only a full write of the row changes, as the engine keeps it. Pins, deletions and the count of
//!   earlier texts have statements of their own and are left out.
//! - A step of the schema that writes one of these columns anew takes the checksums out, or makes them anew.

use super::{Flag, Row};
use crate::model::PeerId;

/// The bits of `flags` that hold the checksum. They stay below the sign, which PostgreSQL would show.
pub(crate) const SUM: i32 = 0x7fff << SHIFT;
const SHIFT: u32 = 16;

/// Bits that statements of their own change.
const LOOSE: i32 = SUM | Flag::Pinned as i32;

/// What takes the place of a checksum of 0. An even number of bits, like 0: whatever turns one into the other has
/// flipped an even number of bits itself.
const INSTEAD_OF_ZERO: u16 = 0b11;

/// What a row says in words, byte for byte as the engine keeps it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) detail: Option<&'a [u8]>,
    pub(crate) action: Option<&'a [u8]>,
    pub(crate) sender_name: Option<&'a [u8]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Soundness {
    Sound,
    /// It has no checksum yet.
    Unknown,
    Damaged,
}

/// `flags` of a row that is being written.
pub(crate) fn sealed<D>(row: &Row<'_, D>, chat: PeerId, words: &Words<'_>) -> i32 {
    let sum = match sum(row, chat, words) {
        0 => INSTEAD_OF_ZERO,
        sum => sum,
    };
    without_sum(row.flags) | i32::from(sum) << SHIFT
}

/// `flags` of a row that was damaged before it changed: nobody may take it for sound.
pub(crate) fn spoilt(sealed: i32) -> i32 {
    const OTHER: i32 = 0x5555 << SHIFT;
    match sealed & SUM {
        OTHER => sealed ^ SUM,
        _ => sealed ^ OTHER,
    }
}

pub(crate) fn without_sum(flags: i32) -> i32 {
    flags & !SUM
}

/// Of a row as it was read, whose words may be no texts any more.
pub(crate) fn soundness<D>(row: &Row<'_, D>, chat: PeerId, words: &Words<'_>) -> Soundness {
    match row.flags & SUM {
        0 => Soundness::Unknown,
        known if known == sealed(row, chat, words) & SUM => Soundness::Sound,
        _ => Soundness::Damaged,
    }
}

/// The numbers at fixed places, then the words. What is absent is a zero, and a bit that says so.
fn sum<D>(row: &Row<'_, D>, chat: PeerId, words: &Words<'_>) -> u16 {
    let Row { id, date, edited, sender, flags, reply_to, topic, album, views, forwards, media, .. } = row;
    let mut absent = 0_u32;
    let mut place = 0;
    let mut is_there = |is_there: bool| {
        absent |= u32::from(!is_there) << place;
        place += 1;
    };
    for number in [edited, sender, album] {
        is_there(number.is_some());
    }
    for number in [reply_to, topic, views, forwards, media] {
        is_there(number.is_some());
    }
    for word in [words.detail, words.action, words.sender_name] {
        is_there(word.is_some());
    }
    let long = |number: Option<i64>| number.unwrap_or(0).cast_unsigned();
    let short = |number: Option<i32>| number.unwrap_or(0).cast_unsigned();
    let two = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    let length = |word: Option<&[u8]>| u32::try_from(word.map_or(0, <[u8]>::len)).unwrap_or(u32::MAX);
    let mut crc = Crc(0);
    let numbers = [
        chat.0.cast_unsigned(),
        two(id.cast_unsigned(), (flags & !LOOSE).cast_unsigned()),
        date.cast_unsigned(),
        long(*edited),
        long(*sender),
        long(*album),
        two(short(*reply_to), short(*topic)),
        two(short(*views), short(*forwards)),
        two(short(*media), absent),
        two(length(Some(words.text)), length(words.detail)),
        two(length(words.action), length(words.sender_name)),
    ];
    numbers.into_iter().for_each(|number| crc.word(number));
    for word in [Some(words.text), words.detail, words.action, words.sender_name] {
        crc.bytes(word.unwrap_or_default());
    }
    crc.0
}

/// x¹⁵ + x¹⁴ + x¹¹ + x¹⁰ + x⁷ + x⁶ + x² + 1, the lowest bit first. It is (x + 1) times a primitive polynomial of degree
/// 14: the first factor finds every odd number of flipped bits, the second every two that are less than two thousand
/// bytes apart. Archives hold what comes of it: it never changes.
const POLYNOMIAL: u16 = 0x5199;

/// What a byte comes to that so many others follow.
static TABLES: [[u16; 256]; 8] = tables();

const fn tables() -> [[u16; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u16;
        let mut step = 0;
        while step < 64 {
            crc = crc >> 1 ^ if crc & 1 == 1 { POLYNOMIAL } else { 0 };
            step += 1;
            if step % 8 == 0 {
                tables[step / 8 - 1][byte] = crc;
            }
        }
        byte += 1;
    }
    tables
}

struct Crc(u16);

impl Crc {
    /// Eight bytes at once.
    fn word(&mut self, word: u64) {
        let bytes = (word ^ u64::from(self.0)).to_le_bytes();
        self.0 = bytes
            .iter()
            .zip(TABLES.iter().rev())
            .fold(0, |crc, (byte, table)| crc ^ table[usize::from(*byte)]);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        words.iter().for_each(|word| self.word(u64::from_le_bytes(*word)));
        for byte in rest {
            let [low, high] = self.0.to_le_bytes();
            self.0 = TABLES[0][usize::from(byte ^ low)] ^ u16::from(high);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::testing::worlds;

    fn crc(bytes: &[u8]) -> u16 {
        let mut crc = Crc(0);
        crc.bytes(bytes);
        crc.0
    }

    fn words_of<'a>(row: &'a Row<'_>) -> Words<'a> {
        Words {
            text: row.text.as_bytes(),
            detail: row.detail.as_deref().map(str::as_bytes),
            action: row.action.as_deref().map(str::as_bytes),
            sender_name: Some(b"Ada"),
        }
    }

    fn random(state: &mut u64) -> usize {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(*state >> 33).unwrap()
    }

    /// Bit by bit, as the definition has it.
    #[test]
    fn eight_bytes_at_once_come_to_the_same() {
        let mut bytes = Vec::new();
        for number in 0..70_u8 {
            let slow = bytes.iter().fold(0_u16, |crc, byte| {
                (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
                    crc >> 1 ^ if crc & 1 == 1 { POLYNOMIAL } else { 0 }
                })
            });
            assert_eq!(crc(&bytes), slow);
            assert!(slow < 1 << 15);
            bytes.push(number.wrapping_mul(37) ^ 0xa5);
        }
    }

    /// Also where the checksum is the one that has to give way to another.
    #[test]
    fn every_single_flipped_bit_is_found() {
        let message = worlds::plain(PeerId::channel(5), 7, "");
        let mut texts = vec![b"The tape runs.".repeat(30)];
        let is_zero = |text: &Vec<u8>| {
            let row = Row::of(&message);
            sum(&row, message.chat, &Words { text, ..words_of(&row) }) == 0
        };
        texts.extend((0_u32..).map(|number| number.to_string().into_bytes()).find(is_zero));
        for mut text in texts {
            let row = Row::of(&message);
            let mut row =
                Row { flags: sealed(&row, message.chat, &Words { text: &text, ..words_of(&row) }), ..row };
            let state =
                |row: &Row<'_>, text: &[u8]| soundness(row, message.chat, &Words { text, ..words_of(row) });
            assert_eq!(state(&row, &text), Soundness::Sound);
            for bit in 0..text.len() * 8 {
                text[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(state(&row, &text), Soundness::Damaged, "{bit}");
                text[bit / 8] ^= 1 << (bit % 8);
            }
            for bit in 0..64 {
                row.date ^= 1 << bit;
                assert_eq!(state(&row, &text), Soundness::Damaged, "{bit} of the date");
                row.date ^= 1 << bit;
            }
            row.flags ^= Flag::Pinned as i32;
            assert_eq!(state(&row, &text), Soundness::Sound, "a pin has a statement of its own");
            row.flags = spoilt(row.flags);
            assert_eq!(state(&row, &text), Soundness::Damaged);
        }
    }

    #[test]
    fn a_thousand_flipped_bits_of_a_world_are_found() {
        let world = worlds::everything(5, 2_000);
        let mut state = 0x2545_f491_4f6c_dd1d;
        let mut flipped = 0;
        while flipped < 1_000 {
            let message = &world[random(&mut state) % world.len()];
            let row = Row::of(message);
            let row = Row { flags: sealed(&row, message.chat, &words_of(&row)), ..row };
            assert_eq!(soundness(&row, message.chat, &words_of(&row)), Soundness::Sound);
            let mut text = row.text.as_bytes().to_vec();
            if text.is_empty() {
                continue;
            }
            let bit = random(&mut state) % (text.len() * 8);
            text[bit / 8] ^= 1 << (bit % 8);
            let words = Words { text: &text, ..words_of(&row) };
            assert_eq!(soundness(&row, message.chat, &words), Soundness::Damaged, "{bit} of {}", row.text);
            flipped += 1;
        }
    }

    #[test]
    fn nothing_that_is_absent_looks_like_something() {
        let message = worlds::plain(PeerId::channel(5), 7, "so");
        let row = Row::of(&message);
        let flags = sealed(&row, message.chat, &words_of(&row));
        let row = Row { flags, ..row };
        let others = [
            Row { views: Some(0), ..row.clone() },
            Row { forwards: Some(0), ..row.clone() },
            Row { edited: Some(0), ..row.clone() },
            Row { media: Some(0), ..row.clone() },
            Row { id: 8, ..row.clone() },
        ];
        for other in others {
            assert_eq!(soundness(&other, message.chat, &words_of(&other)), Soundness::Damaged, "{other:?}");
        }
        assert_eq!(soundness(&row, PeerId::channel(6), &words_of(&row)), Soundness::Damaged);
        let nameless = Words { sender_name: None, ..words_of(&row) };
        assert_eq!(soundness(&row, message.chat, &nameless), Soundness::Damaged);
        assert_eq!(soundness(&Row { flags: 0, ..row.clone() }, message.chat, &nameless), Soundness::Unknown);
        assert!(flags > 0 && spoilt(flags) > 0);
        assert!((1..1 << 15).all(|sum: i32| {
            let spoilt = spoilt(sum << SHIFT) & SUM;
            spoilt != 0 && spoilt != sum << SHIFT
        }));
    }
}
