//! The state of the simulated Telegram: what tests read and change.

mod account;
pub mod blank;
mod change;
mod chats;
mod codes;
mod connections;
mod faults;
mod files;
mod gather;
mod history;
mod keys;
mod logins;
mod mailbox;
pub mod message;
mod password;
mod peer;
mod poll;
mod profile;
mod react;
mod record;
mod say;
mod seen;
mod short;
mod tokens;
mod told;
mod view;

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use grammers_tl_types as tl;

pub use account::{Account, Logged};
pub use chats::{Channel, Group, Member, Reactor, Role};
pub(crate) use codes::{Code, Guess};
pub use codes::{Codes, SentBy};
pub use connections::{Connection, Connections};
pub(crate) use faults::What;
pub use faults::{Fault, Faults, Silence};
pub(crate) use files::Upload;
pub use files::{Content, File, Files, Shelf, Thumb};
pub use history::{History, Source};
pub use keys::{Device, Key, Keys, Secret};
pub use logins::Authorization;
pub(crate) use logins::digits;
pub use mailbox::{Mailbox, Talk};
pub use password::Password;
pub(crate) use password::{GENERATOR, prime};
pub use peer::Peer;
pub use poll::{Poll, Vote};
pub use profile::{Profile, title_of};
pub(crate) use react::{reactions_of, recent_of};
pub use record::{CallMade, Calls};
pub(crate) use say::topic_of;
pub use seen::Seen;
pub(crate) use tokens::LoginToken;
pub use tokens::Tokens;
pub use told::Spot;
pub(crate) use told::{Told, pts_of};
pub(crate) use view::all_rights;

use super::DataCenter;

/// Everything the simulated Telegram knows.
#[derive(Debug, Default)]
pub struct Telegram {
    /// Everybody, by id, as a stranger sees them.
    pub users: BTreeMap<i64, tl::types::User>,
    /// What belongs to the users that somebody can log in as.
    pub accounts: BTreeMap<i64, Account>,
    /// What users' profiles show besides the name.
    pub profiles: BTreeMap<i64, Profile>,
    /// The messages and chat list of each account.
    pub boxes: BTreeMap<i64, Mailbox>,
    /// Basic groups, by id.
    pub groups: BTreeMap<i64, Group>,
    /// Channels, supergroups and forums, by id.
    pub channels: BTreeMap<i64, Channel>,
    pub files: Files,
    /// Which ids the same message has in the boxes of several accounts.
    pub(crate) twins: HashMap<u64, Vec<(i64, i32)>>,
    /// Who is not named in forwards, and what stands there.
    pub hidden_in_forwards: BTreeMap<i64, String>,
    /// What links show, by address.
    pub web_pages: BTreeMap<String, tl::types::WebPage>,
    pub sticker_sets: Vec<tl::types::messages::StickerSet>,
    /// Polls that somebody voted in, by id.
    pub polls: BTreeMap<i64, Poll>,
    pub keys: Keys,
    /// The logins, by hash.
    pub authorizations: BTreeMap<i64, Authorization>,
    /// The codes that were sent to phones.
    pub codes: Codes,
    /// What QR codes show, and what carries logins to other data centres.
    pub tokens: Tokens,
    /// Who is connected, and what waits to be sent to them.
    pub connections: Connections,
    pub faults: Faults,
    /// Every call that was made.
    pub calls: Calls,
    /// Where the data centres listen.
    pub data_centers: Vec<DataCenter>,
    /// Where clients are told to begin.
    pub nearest_dc: i32,
    /// Plain messages are pushed in the short forms, which name nobody: who does not know the
    /// sender has to ask for the difference.
    pub short_updates: bool,
    /// In how many seconds a client that shows a channel is to ask again; 30 unless told otherwise.
    pub channel_timeout: Option<i32>,
    /// Answers are never compressed, for measurements of something else.
    pub plain_answers: bool,
    /// What went wrong in the simulation itself.
    pub(crate) accidents: Vec<String>,
    /// The connection whose call is being answered: it hears of its own changes by the answer.
    calling: Option<u64>,
    clock: WorldClock,
    last_id: i64,
}

/// The time of the content: dates of messages, expiry of codes and tokens. Message ids and salts
/// follow the machine's clock, as the clients' do.
#[derive(Debug, Default)]
struct WorldClock {
    stopped_at: Option<i32>,
    ahead: i32,
}

impl Telegram {
    /// The world's time, in Unix seconds.
    pub fn now(&self) -> i32 {
        let base = self.clock.stopped_at.unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
            i32::try_from(since.as_secs()).unwrap_or(i32::MAX)
        });
        base.saturating_add(self.clock.ahead)
    }

    /// Stops the world's clock at a moment.
    pub fn set_now(&mut self, unix_seconds: i32) {
        self.clock = WorldClock { stopped_at: Some(unix_seconds), ahead: 0 };
    }

    /// Moves the world's clock forward.
    pub fn advance(&mut self, seconds: i32) {
        self.clock.ahead = self.clock.ahead.saturating_add(seconds);
    }

    /// A number that was never given before, for anything that needs one.
    pub fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// Somebody to talk to, or to log in as when an account is added too.
    pub fn add_user(&mut self, id: i64, first_name: &str) -> &mut tl::types::User {
        let mut user: tl::types::User = super::blank();
        user.id = id;
        user.first_name = Some(first_name.to_owned());
        self.users.entry(id).insert_entry(user).into_mut()
    }

    /// A user that can log in, at home in a data centre.
    pub fn add_account(&mut self, id: i64, first_name: &str, phone: &str, home_dc: i32) -> &mut Account {
        self.add_user(id, first_name);
        self.accounts.entry(id).insert_entry(Account::new(phone, home_dc)).into_mut()
    }

    pub fn account(&mut self, user: i64) -> Option<&mut Account> {
        self.accounts.get_mut(&user)
    }

    /// Sends an update to a user: numbers it where updates are numbered, keeps it for those who
    /// ask for the difference, and queues it for every connection of the user but the one that
    /// caused it. Returns the number it was given, 0 if none.
    ///
    /// Updates of channels are numbered by whoever calls this: they count per channel.
    pub fn push(&mut self, user: i64, update: impl Into<tl::enums::Update>) -> i32 {
        let mut update = update.into();
        let date = self.now();
        let Some(account) = self.accounts.get_mut(&user) else { return 0 };
        let number = account.number(&mut update, date);
        if self.faults.lose_updates {
            return number;
        }
        let short = self.short_updates.then(|| short::short_form(&update)).flatten();
        let updates = short.unwrap_or_else(|| self.envelope(user, update, date));
        for (id, connection) in self.connections.of_user(&self.keys, user) {
            if Some(id) != self.calling && connection.wants_updates {
                connection.queue(updates.clone());
            }
        }
        number
    }

    /// Tells every connection of a user that there is more than can be sent.
    pub fn push_too_long(&mut self, user: i64) {
        for (_, connection) in self.connections.of_user(&self.keys, user) {
            if connection.wants_updates {
                connection.queue(tl::enums::Updates::TooLong);
            }
        }
    }

    /// Remembers which connection's call is being answered.
    pub(crate) fn set_calling(&mut self, connection: Option<u64>) {
        self.calling = connection;
    }

    /// Faults that found an empty page, and so have changed nothing: as if they had not been asked for. How many.
    pub fn forget_blank_faults(&mut self) -> usize {
        let before = self.accidents.len();
        self.accidents.retain(|accident| !accident.ends_with(Self::BLANK));
        before - self.accidents.len()
    }

    pub(crate) const BLANK: &str = "which had none";

    pub(crate) fn unexpected(&self) -> Vec<String> {
        let unknown = self.calls.unknown().iter().map(|name| format!("the call {name} is not known"));
        unknown.chain(self.faults.unmet()).chain(self.accidents.iter().cloned()).collect()
    }
}

/// What proves that an account has met a user, chat or channel: different for each that looks.
pub fn access_hash(viewer: i64, peer: i64) -> i64 {
    // Two rounds of splitmix64: no secret, only spread well and the same every time.
    let mut mixed = (viewer as u64).rotate_left(32) ^ (peer as u64);
    for _ in 0..2 {
        mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
    }
    mixed as i64
}

/// A number nobody can guess, and above 0.
pub(crate) fn random_id() -> i64 {
    (i64::from_le_bytes(random()) & i64::MAX) | 1
}

pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes
}
