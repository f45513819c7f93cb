use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::telegram::Refusal;

/// What goes wrong, and when.
#[derive(Debug, Default)]
pub struct Faults {
    plan: Vec<Fault>,
    /// Data centres that say nothing.
    pub silent: BTreeMap<i32, Silence>,
    /// How long each data centre takes to answer. Concurrent calls wait side by side.
    pub latency: BTreeMap<i32, Duration>,
    /// Updates are numbered and kept, but not sent: whoever missed them has to ask.
    pub lose_updates: bool,
    /// Messages with these ids begin with an id that no layer has, in every page that holds them.
    pub unreadable: BTreeSet<i32>,
}

/// How a data centre says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Connections are accepted, nothing is read or written.
    OnAccept,
    /// The protocol works, calls are not answered.
    OnCalls,
    /// Connections are closed as soon as they are accepted.
    Refuses,
}

/// One thing that goes wrong.
#[derive(Clone, Debug)]
pub struct Fault {
    pub(crate) what: What,
    method: Option<&'static str>,
    dc: Option<i32>,
    user: Option<i64>,
    /// How many calls that fit are let through first.
    skip: u32,
    /// How many calls it still strikes.
    times: u32,
    is_strict: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Refuse(Refusal),
    /// The call is done, or not, and the connection is closed without an answer.
    Close {
        done: bool,
    },
    /// The connection is closed after so many more bytes were sent on it.
    CloseAfterBytes(u64),
    /// The call is not done and never answered.
    Silent,
    Delay(Duration),
    WrongSalt,
    /// The key is forgotten, and the client told so.
    KeyUnknown,
    /// Another id stands where a message of the answered page begins.
    UnknownConstructor {
        message: usize,
    },
    /// The answered page leaves out its first message and tells the others backwards.
    Misaligned,
    ExpiredReference,
    ShortPart {
        bytes: usize,
    },
}

impl Fault {
    fn new(what: What) -> Self {
        Self { what, method: None, dc: None, user: None, skip: 0, times: 1, is_strict: false }
    }

    /// `FLOOD_WAIT_x`.
    pub fn flood(seconds: u32) -> Self {
        Self::new(What::Refuse(Refusal::flood(seconds)))
    }

    /// `FLOOD_PREMIUM_WAIT_x`: what transfers of accounts without Premium meet.
    pub fn flood_premium(seconds: u32) -> Self {
        Self::new(What::Refuse(Refusal::flood_premium(seconds)))
    }

    /// Any other refusal.
    pub fn refuse(code: i32, name: &'static str) -> Self {
        Self::new(What::Refuse(Refusal::new(code, name)))
    }

    /// The connection is closed before the call is done.
    pub fn close_before() -> Self {
        Self::new(What::Close { done: false })
    }

    /// The call is done, but the connection is closed before the answer.
    pub fn close_after() -> Self {
        Self::new(What::Close { done: true })
    }

    /// The connection is closed in the middle: after so many more bytes were sent on it.
    pub fn close_after_bytes(bytes: u64) -> Self {
        Self::new(What::CloseAfterBytes(bytes))
    }

    /// The call is never answered.
    pub fn silent() -> Self {
        Self::new(What::Silent)
    }

    /// The call is answered later; those after it are not held up.
    pub fn delay(by: Duration) -> Self {
        Self::new(What::Delay(by))
    }

    /// The salt has changed: `bad_server_salt`, and the call has to be sent again.
    pub fn wrong_salt() -> Self {
        Self::new(What::WrongSalt)
    }

    /// The key is unknown from now on: a bare -404.
    pub fn key_unknown() -> Self {
        Self::new(What::KeyUnknown)
    }

    /// In the answered page, the message of this index begins with an id that no layer has.
    pub fn unknown_constructor(message: usize) -> Self {
        Self::new(What::UnknownConstructor { message })
    }

    /// The answer does not line up with what was asked: its first message is left out, the others come backwards.
    pub fn misaligned() -> Self {
        Self::new(What::Misaligned)
    }

    /// All file references given so far expire, and the call is refused for that.
    pub fn expired_reference() -> Self {
        Self::new(What::ExpiredReference)
    }

    /// The answered file part ends after so many bytes.
    pub fn short_part(bytes: usize) -> Self {
        Self::new(What::ShortPart { bytes })
    }

    /// Only calls of this method.
    pub fn on(mut self, method: &'static str) -> Self {
        self.method = Some(method);
        self
    }

    /// Only calls in this data centre.
    pub fn in_dc(mut self, dc: i32) -> Self {
        self.dc = Some(dc);
        self
    }

    /// Only calls of this user.
    pub fn of_user(mut self, user: i64) -> Self {
        self.user = Some(user);
        self
    }

    /// Strikes first at the n-th call that fits, counted from 1.
    pub fn at_call(mut self, n: u32) -> Self {
        self.skip = n.saturating_sub(1);
        self
    }

    /// Strikes this many calls; one unless told otherwise.
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Strikes for ever.
    pub fn always(self) -> Self {
        self.times(u32::MAX)
    }

    /// The test fails when the fault has not struck as often as planned.
    pub fn strict(mut self) -> Self {
        self.is_strict = true;
        self
    }

    fn fits(&self, method: &str, dc: i32, user: Option<i64>) -> bool {
        self.times > 0
            && self.method.is_none_or(|wanted| wanted == method)
            && self.dc.is_none_or(|wanted| wanted == dc)
            && self.user.is_none_or(|wanted| Some(wanted) == user)
    }
}

impl Faults {
    pub fn add(&mut self, fault: Fault) {
        self.plan.push(fault);
    }

    /// Ends all that was planned.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What strikes this call: the first fault of the plan that fits and is due.
    pub(crate) fn strike(&mut self, method: &str, dc: i32, user: Option<i64>) -> Option<What> {
        let mut struck = None;
        for fault in self.plan.iter_mut().filter(|fault| fault.fits(method, dc, user)) {
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if struck.is_none() {
                if fault.times != u32::MAX {
                    fault.times -= 1;
                }
                struck = Some(fault.what.clone());
            }
        }
        struck
    }

    /// The strict faults that have not struck as often as planned.
    pub(crate) fn unmet(&self) -> impl Iterator<Item = String> {
        self.plan.iter().filter(|fault| fault.is_strict && fault.times > 0).map(|fault| {
            let method = fault.method.unwrap_or("any call");
            format!("the fault {:?} on {method} was still to strike {} times", fault.what, fault.times)
        })
    }
}
