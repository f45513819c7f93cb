use grammers_tl_types as tl;

use super::{Password, Seen, Telegram};

/// What belongs to a user that somebody can log in as.
#[derive(Debug)]
pub struct Account {
    /// In digits, with the country, without a plus.
    pub phone: String,
    /// The data centre that holds it.
    pub home_dc: i32,
    /// What a login has to prove after the phone.
    pub password: Option<Password>,
    /// Telegram refuses to log it in.
    pub is_banned: bool,
    /// How many numbered changes there were: the common box of messages.
    pub pts: i32,
    pub qts: i32,
    pub seq: i32,
    /// When the newest change was.
    pub date: i32,
    /// Every numbered change, oldest first.
    pub log: Vec<Logged>,
}

/// A change that those who missed it can ask for.
#[derive(Clone, Debug)]
pub struct Logged {
    /// The box's number after the change.
    pub pts: i32,
    pub date: i32,
    pub update: tl::enums::Update,
}

impl Account {
    pub(crate) fn new(phone: &str, home_dc: i32) -> Self {
        let phone = super::digits(phone);
        Self {
            phone,
            home_dc,
            password: None,
            is_banned: false,
            pts: 1,
            qts: 0,
            seq: 1,
            date: 0,
            log: Vec::new(),
        }
    }

    /// Forgets all changes but the newest: who missed more is told that it is too much.
    pub fn trim_log(&mut self, keep: usize) {
        self.log.drain(..self.log.len().saturating_sub(keep));
    }

    /// Numbers an update of the common box and keeps it. Returns its number, 0 if it has none.
    pub(crate) fn number(&mut self, update: &mut tl::enums::Update, date: i32) -> i32 {
        let Some((pts, pts_count)) = common_pts(update) else { return 0 };
        self.pts += *pts_count;
        *pts = self.pts;
        self.date = date;
        self.log.push(Logged { pts: self.pts, date, update: update.clone() });
        self.pts
    }
}

impl Telegram {
    /// Wraps an update with everybody it mentions, as they look to the receiver.
    pub(crate) fn envelope(&self, receiver: i64, update: tl::enums::Update, date: i32) -> tl::enums::Updates {
        let mut seen = Seen::default();
        seen.update(&update);
        if seen == Seen::default() {
            return tl::types::UpdateShort { update, date }.into();
        }
        self.wrapped(receiver, vec![update], date)
    }

    /// Wraps updates with everybody they mention.
    pub(crate) fn wrapped(
        &self,
        receiver: i64,
        updates: Vec<tl::enums::Update>,
        date: i32,
    ) -> tl::enums::Updates {
        let mut seen = Seen::default();
        updates.iter().for_each(|update| seen.update(update));
        let (chats, users) = self.people(receiver, &seen);
        tl::types::Updates { updates, users, chats, date, seq: 0 }.into()
    }
}

/// Where an update of the common box keeps its number, and by how much it counts.
pub(crate) fn common_pts(update: &mut tl::enums::Update) -> Option<(&mut i32, &mut i32)> {
    use tl::enums::Update as U;
    Some(match update {
        U::NewMessage(u) => (&mut u.pts, &mut u.pts_count),
        U::EditMessage(u) => (&mut u.pts, &mut u.pts_count),
        U::DeleteMessages(u) => (&mut u.pts, &mut u.pts_count),
        U::ReadHistoryInbox(u) => (&mut u.pts, &mut u.pts_count),
        U::ReadHistoryOutbox(u) => (&mut u.pts, &mut u.pts_count),
        U::ReadMessagesContents(u) => (&mut u.pts, &mut u.pts_count),
        U::WebPage(u) => (&mut u.pts, &mut u.pts_count),
        U::FolderPeers(u) => (&mut u.pts, &mut u.pts_count),
        U::PinnedMessages(u) => (&mut u.pts, &mut u.pts_count),
        _ => return None,
    })
}
