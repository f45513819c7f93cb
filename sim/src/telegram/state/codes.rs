use std::collections::{BTreeMap, VecDeque};

use super::{Telegram, digits, random};

/// How long a code can be used, in seconds.
const CODE_LASTS: i32 = 300;
const CODE_LENGTH: usize = 5;
/// After so many wrong guesses a code is worthless.
const MOST_GUESSES: u32 = 5;

/// So many codes are sent to a phone in so many seconds.
const MOST_CODES: usize = 20;
const CODES_COUNT: i32 = 3600;

/// The codes that were sent and not used up, by `phone_code_hash`.
#[derive(Debug, Default)]
pub struct Codes {
    by_hash: BTreeMap<String, Code>,
    /// The newest code of each phone.
    newest: BTreeMap<String, String>,
    /// When the latest logins with each phone were begun.
    begun: BTreeMap<String, VecDeque<i32>>,
}

/// A code on its way to a phone.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    phone: String,
    code: String,
    expires: i32,
    guesses: u32,
    pub(crate) sent_by: SentBy,
    /// It was right, but nobody has this phone: the next step is to sign up.
    may_sign_up: bool,
}

/// How a code travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentBy {
    /// As a message to the account's other devices.
    App,
    Sms,
    Call,
}

/// What a guess was worth.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Guess {
    Right,
    Wrong,
    Expired,
}

impl SentBy {
    pub(crate) fn next(self) -> Option<Self> {
        match self {
            Self::App => Some(Self::Sms),
            Self::Sms => Some(Self::Call),
            Self::Call => None,
        }
    }
}

impl Code {
    pub(crate) fn length(&self) -> i32 {
        i32::try_from(self.code.len()).unwrap_or_default()
    }
}

impl Telegram {
    /// The newest code that was sent to a phone: what a person would read there.
    pub fn last_code(&self, phone: &str) -> Option<String> {
        self.codes.newest.get(&digits(phone)).cloned()
    }

    /// Counts a login that begins. The error says how many seconds are too early for it.
    pub(crate) fn begin_code(&mut self, phone: &str) -> Result<(), u32> {
        let now = self.now();
        let begun = self.codes.begun.entry(digits(phone)).or_default();
        begun.retain(|at| at.saturating_add(CODES_COUNT) > now);
        match begun.front() {
            Some(oldest) if begun.len() >= MOST_CODES => {
                Err(oldest.saturating_add(CODES_COUNT).saturating_sub(now).unsigned_abs())
            }
            _ => {
                begun.push_back(now);
                Ok(())
            }
        }
    }

    /// Sends a code; with the hash of an earlier one, it takes that one's place.
    pub(crate) fn send_code(&mut self, phone: &str, sent_by: SentBy, hash: Option<&str>) -> (String, Code) {
        let phone = digits(phone);
        let hash = hash.map_or_else(|| hex(&random::<9>()), str::to_owned);
        let code: String = random::<CODE_LENGTH>().iter().map(|byte| char::from(b'0' + byte % 10)).collect();
        self.codes.newest.insert(phone.clone(), code.clone());
        let expires = self.now().saturating_add(CODE_LASTS);
        let code = Code { phone, code, expires, guesses: 0, sent_by, may_sign_up: false };
        self.codes.by_hash.insert(hash.clone(), code.clone());
        (hash, code)
    }

    /// The code that was sent to a phone under a hash, if it can still be used.
    pub(crate) fn code(&self, phone: &str, hash: &str) -> Option<&Code> {
        let now = self.now();
        let code = self.codes.by_hash.get(hash)?;
        (code.phone == digits(phone) && code.expires > now).then_some(code)
    }

    pub(crate) fn guess_code(&mut self, phone: &str, hash: &str, guess: &str) -> Guess {
        if self.code(phone, hash).is_none() {
            return Guess::Expired;
        }
        let Some(code) = self.codes.by_hash.get_mut(hash) else { return Guess::Expired };
        if code.guesses >= MOST_GUESSES {
            self.codes.by_hash.remove(hash);
            return Guess::Expired;
        }
        if code.code != guess {
            code.guesses += 1;
            return Guess::Wrong;
        }
        code.may_sign_up = true;
        Guess::Right
    }

    /// Whether a code was right, so that its owner may sign up with it.
    pub(crate) fn may_sign_up(&self, phone: &str, hash: &str) -> bool {
        self.code(phone, hash).is_some_and(|code| code.may_sign_up)
    }

    pub(crate) fn forget_code(&mut self, hash: &str) -> bool {
        self.codes.by_hash.remove(hash).is_some()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
