//! Sessions: what was received and sent in each, and what is wrong with a message's number.

use std::{
    collections::{HashSet, VecDeque},
    time::{SystemTime, UNIX_EPOCH},
};

use super::salts::wire_now;

/// How many message ids are remembered, to notice those that come twice.
const REMEMBERED: usize = 1024;

/// How far a client's clock may be off, in seconds.
const TOO_OLD: i64 = 300;
const TOO_NEW: i64 = 30;

/// Why a message is ignored: the codes of `bad_msg_notification`.
pub(super) mod bad {
    pub(in super::super) const ID_TOO_LOW: i32 = 16;
    pub(in super::super) const ID_TOO_HIGH: i32 = 17;
    pub(in super::super) const ID_NOT_BY_FOUR: i32 = 18;
    pub(in super::super) const CONTAINER_TWICE: i32 = 19;
    pub(in super::super) const SEQ_TOO_LOW: i32 = 32;
    pub(in super::super) const SEQ_TOO_HIGH: i32 = 33;
    pub(in super::super) const SEQ_ODD: i32 = 34;
    pub(in super::super) const SEQ_EVEN: i32 = 35;
    pub(in super::super) const SALT: i32 = 48;
    pub(in super::super) const CONTAINER: i32 = 64;
}

/// One session of a key.
#[derive(Debug, Default)]
pub(super) struct Session {
    is_greeted: bool,
    /// How many messages that want an acknowledgement were sent.
    sent: i32,
    last_sent_id: i64,
    seen: HashSet<i64>,
    seen_in_order: VecDeque<i64>,
    /// The newest message that counts, and its number.
    newest: Option<(i64, i32)>,
}

/// What the two low bits of a message id from the server say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Answer = 1,
    Other = 3,
}

impl Session {
    /// A message id that is newer than all before, and the sequence number that goes with it.
    pub(super) fn number(&mut self, origin: Origin, is_content: bool) -> (i64, i32) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(0) << 32;
        let mut id = seconds | i64::from(since.subsec_nanos()) << 2;
        if id <= self.last_sent_id {
            id = (self.last_sent_id & !3) + 4;
        }
        id |= origin as i64;
        self.last_sent_id = id;
        let seq_no = self.sent * 2 + i32::from(is_content);
        self.sent += i32::from(is_content);
        (id, seq_no)
    }

    /// True for the first packet of the session.
    pub(super) fn greet(&mut self) -> bool {
        !std::mem::replace(&mut self.is_greeted, true)
    }

    /// What is wrong with the id of what came in one packet.
    pub(super) fn check_id(&self, msg_id: i64, is_container: bool) -> Result<(), i32> {
        if msg_id & 3 != 0 {
            return Err(bad::ID_NOT_BY_FOUR);
        }
        let age = wire_now() - (msg_id >> 32);
        if age > TOO_OLD {
            return Err(bad::ID_TOO_LOW);
        }
        if age < -TOO_NEW {
            return Err(bad::ID_TOO_HIGH);
        }
        if is_container && self.seen.contains(&msg_id) {
            return Err(bad::CONTAINER_TWICE);
        }
        Ok(())
    }

    /// Remembers a message. `Ok(false)`: it came before and is not to be done again.
    pub(super) fn receive(&mut self, msg_id: i64, seq_no: i32, is_content: bool) -> Result<bool, i32> {
        if self.seen.contains(&msg_id) {
            return Ok(false);
        }
        match (is_content, seq_no & 1 == 1) {
            (true, false) => return Err(bad::SEQ_EVEN),
            (false, true) => return Err(bad::SEQ_ODD),
            _ => {}
        }
        if is_content && let Some((newest_id, newest_seq)) = self.newest {
            if msg_id > newest_id && seq_no <= newest_seq {
                return Err(bad::SEQ_TOO_LOW);
            }
            if msg_id < newest_id && seq_no >= newest_seq {
                return Err(bad::SEQ_TOO_HIGH);
            }
        }
        if is_content && self.newest.is_none_or(|(newest_id, _)| msg_id > newest_id) {
            self.newest = Some((msg_id, seq_no));
        }
        self.remember(msg_id);
        Ok(true)
    }

    pub(super) fn remember(&mut self, msg_id: i64) {
        if self.seen.insert(msg_id) {
            self.seen_in_order.push_back(msg_id);
        }
        if self.seen_in_order.len() > REMEMBERED
            && let Some(oldest) = self.seen_in_order.pop_front()
        {
            self.seen.remove(&oldest);
        }
    }

    /// The byte of `msgs_state_info`: 4 is received, 1 is too old to know, 2 is not received.
    pub(super) fn state_of(&self, msg_id: i64) -> u8 {
        if self.seen.contains(&msg_id) {
            4
        } else if self.seen_in_order.front().is_some_and(|&oldest| msg_id < oldest) {
            1
        } else {
            2
        }
    }
}
