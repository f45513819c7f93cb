//! What an account's file holds: blocks, each with its kind before it. One of them is the login.

use std::collections::BTreeMap;

use super::{ImportedLogin, stream::Stream};
use crate::telegram::servers::AuthKey;

/// A key of one data centre, before there was [`LOGIN`].
const KEY: u32 = 0x00;
/// The user and the home, before there was [`LOGIN`].
const USER: u32 = 0x01;
/// Addresses of data centres, in three ages.
const ADDRESS_WITH_HOST: u32 = 0x02;
const ADDRESS: u32 = 0x27;
const ADDRESSES: u32 = 0x4A;
const LOGIN: u32 = 0x4B;

/// Where the user's id would be, says that ids with 64 bits follow.
const WIDE_IDS: (i32, i32) = (-1, -1);
/// Connections of one data centre beside the main one are numbered with steps of this.
const SHIFT: i32 = 10_000;
/// There are five.
const MOST_KEYS: i32 = 1000;

#[derive(Default)]
struct Found {
    user_id: i64,
    home: i32,
    keys: BTreeMap<i32, AuthKey>,
}

/// `None` when nobody is logged in.
pub(super) fn read(blocks: &[u8]) -> Result<Option<ImportedLogin>, &'static str> {
    let mut stream = Stream::new(blocks);
    let mut found = Found::default();
    while !stream.is_at_end() {
        let kind = stream.u32().ok_or("what is locked in it ends too early")?;
        // What is unknown cannot be skipped: its length is not told. Telegram Desktop stops too.
        match found.read_block(kind, &mut stream).ok_or("its login ends too early")? {
            Block::Known => {}
            Block::Unknown => break,
        }
    }
    found.into_login()
}

enum Block {
    Known,
    Unknown,
}

impl Found {
    fn read_block(&mut self, kind: u32, stream: &mut Stream<'_>) -> Option<Block> {
        match kind {
            KEY => self.read_key(stream)?,
            USER => {
                (self.user_id, self.home) = (i64::from(stream.i32()?), stream.i32()?);
            }
            ADDRESS_WITH_HOST => {
                stream.u32()?;
                stream.bytes()?;
                stream.bytes()?;
                stream.u32()?;
            }
            ADDRESS => {
                stream.u64()?;
                stream.bytes()?;
                stream.u32()?;
            }
            ADDRESSES => {
                stream.bytes()?;
            }
            LOGIN => self.read_login(&mut Stream::new(stream.bytes()?))?,
            _ => return Some(Block::Unknown),
        }
        Some(Block::Known)
    }

    fn read_login(&mut self, stream: &mut Stream<'_>) -> Option<()> {
        let narrow = (stream.i32()?, stream.i32()?);
        (self.user_id, self.home) = if narrow == WIDE_IDS {
            (stream.u64()?.cast_signed(), stream.i32()?)
        } else {
            (narrow.0.into(), narrow.1)
        };
        let count = stream.i32().filter(|count| (0..=MOST_KEYS).contains(count))?;
        // Keys that wait for their end at Telegram follow; they open nothing.
        (0..count).try_for_each(|_| self.read_key(stream))
    }

    fn read_key(&mut self, stream: &mut Stream<'_>) -> Option<()> {
        let (dc, key) = (stream.i32()?, stream.array()?);
        if dc > 0 && dc < SHIFT {
            self.keys.insert(dc, key);
        }
        Some(())
    }

    fn into_login(mut self) -> Result<Option<ImportedLogin>, &'static str> {
        let home = self.home % SHIFT;
        if self.user_id <= 0 || home <= 0 {
            return Ok(None);
        }
        let auth_key = self.keys.remove(&home).ok_or("it has no key for its own data centre")?;
        Ok(Some(ImportedLogin {
            dc_id: home,
            auth_key,
            user_id: Some(self.user_id),
            other_keys: self.keys,
            peers: Vec::new(),
        }))
    }
}
