//! How often Telegram is asked: numbers by kind of call, and the arithmetic of keeping to them.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::Pace;

/// Calls that Telegram counts together, as far as anybody outside knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::telegram::client) enum Family {
    /// Pages of messages, chats and topics.
    Read,
    /// Parts of files, both ways.
    Files,
    /// Whatever others see: messages, edits, reactions, music on the profile.
    Send,
    /// One call for one user, chat or name: Telegram is strict about these.
    Lookup,
    /// Logging in, updates, configuration: few by nature, and late ones do harm.
    Free,
}

impl Family {
    pub(in crate::telegram::client) fn of(method: &str) -> Self {
        let (group, name) = method.split_once('.').unwrap_or(("", method));
        match (group, name) {
            ("upload", _) => Self::Files,
            ("users", "getUsers") | ("channels", "getChannels") | ("messages", "getChats") => Self::Read,
            ("contacts", "resolveUsername" | "resolvePhone") | ("users" | "channels", _)
                if is_lookup(name) =>
            {
                Self::Lookup
            }
            ("messages", "getFullChat" | "getPeerDialogs" | "getPeerSettings") => Self::Lookup,
            ("messages" | "channels" | "users" | "contacts" | "stories" | "photos", _) if is_read(name) => {
                Self::Read
            }
            ("messages" | "channels" | "contacts" | "stories" | "photos", _) => Self::Send,
            ("account", "saveMusic" | "updateStatus") => Self::Send,
            // Among the others is account.updateProfile: who may not change a bio for hours may still send.
            _ => Self::Free,
        }
    }
}

fn is_lookup(name: &str) -> bool {
    name.starts_with("getFull") || name.starts_with("resolve") || name == "getParticipant"
}

fn is_read(name: &str) -> bool {
    name.starts_with("get") || name.starts_with("search") || name.starts_with("check")
}

/// So many calls a second, after so many at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    pub per_second: f64,
    pub burst: u32,
}

/// The numbers of a pace; `None` is without a limit of our own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pacing {
    pub read: Option<Rate>,
    pub files: Option<Rate>,
    pub send: Option<Rate>,
    pub lookup: Option<Rate>,
}

const fn rate(per_second: f64, burst: u32) -> Option<Rate> {
    Some(Rate { per_second, burst })
}

impl Pacing {
    /// As fast as the other side answers: for servers of our own.
    pub const UNLIMITED: Self = Self { read: None, files: None, send: None, lookup: None };

    pub const fn of(pace: Pace) -> Self {
        match pace {
            Pace::Gentle => {
                Self { read: rate(1.0, 5), files: rate(8.0, 16), send: rate(0.5, 3), lookup: rate(0.2, 3) }
            }
            Pace::Normal => {
                Self { read: rate(3.0, 15), files: rate(24.0, 48), send: rate(1.0, 5), lookup: rate(0.5, 10) }
            }
            Pace::Fast => Self {
                read: rate(20.0, 60),
                files: rate(100.0, 200),
                send: rate(3.0, 20),
                lookup: rate(2.0, 30),
            },
        }
    }

    fn rate(&self, family: Family) -> Option<Rate> {
        match family {
            Family::Read => self.read,
            Family::Files => self.files,
            Family::Send => self.send,
            Family::Lookup => self.lookup,
            Family::Free => None,
        }
    }
}

/// When each family's next call may go. A caller takes a place in line and waits for it; one that
/// gives up leaves its place empty.
#[derive(Debug)]
pub(super) struct Lines {
    pacing: Pacing,
    /// When the line would be empty again.
    clear_at: [Option<Instant>; 5],
}

impl Lines {
    pub(super) fn new(pacing: Pacing) -> Self {
        Self { pacing, clear_at: [None; 5] }
    }

    /// Takes the next place; returns when its turn is.
    pub(super) fn take_place(&mut self, family: Family, now: Instant) -> Instant {
        let Some(rate) = self.pacing.rate(family) else { return now };
        let clear_at = self.clear_at[family as usize].unwrap_or(now).max(now) + rate.interval();
        self.clear_at[family as usize] = Some(clear_at);
        clear_at.checked_sub(rate.interval() * rate.burst).map_or(now, |turn| turn.max(now))
    }

    /// After a pause that Telegram asked for there is no burst.
    pub(super) fn empty(&mut self, family: Family, until: Instant) {
        if let Some(rate) = self.pacing.rate(family) {
            let clear_at = until + rate.interval() * rate.burst;
            let line = &mut self.clear_at[family as usize];
            *line = Some(line.map_or(clear_at, |line| line.max(clear_at)));
        }
    }
}

impl Rate {
    fn interval(self) -> Duration {
        Duration::from_secs_f64(1.0 / self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_goes_at_once_and_the_rest_in_line() {
        let mut lines = Lines::new(Pacing { read: rate(2.0, 3), ..Pacing::UNLIMITED });
        let now = Instant::now();
        let mut turns = (0..6).map(|_| (lines.take_place(Family::Read, now) - now).as_millis());
        assert_eq!(turns.by_ref().collect::<Vec<_>>(), [0, 0, 0, 500, 1000, 1500]);
        let later = now + Duration::from_secs(60);
        assert_eq!(lines.take_place(Family::Read, later), later);
        assert_eq!(lines.take_place(Family::Free, now), now);
    }

    #[test]
    fn no_burst_follows_a_pause() {
        let mut lines = Lines::new(Pacing { send: rate(1.0, 5), ..Pacing::UNLIMITED });
        let now = Instant::now();
        let until = now + Duration::from_secs(30);
        lines.empty(Family::Send, until);
        let turns: Vec<_> =
            (0..3).map(|_| (lines.take_place(Family::Send, until) - until).as_secs()).collect();
        assert_eq!(turns, [1, 2, 3]);
    }

    #[test]
    fn methods_belong_to_families() {
        for (method, family) in [
            ("messages.getHistory", Family::Read),
            ("account.saveMusic", Family::Send),
            ("account.updateProfile", Family::Free),
            ("messages.search", Family::Read),
            ("channels.getMessages", Family::Read),
            ("upload.getFile", Family::Files),
            ("messages.sendMedia", Family::Send),
            ("account.saveMusic", Family::Send),
            ("contacts.resolveUsername", Family::Lookup),
            ("channels.getFullChannel", Family::Lookup),
            ("users.getFullUser", Family::Lookup),
            ("users.getSavedMusic", Family::Read),
            ("updates.getDifference", Family::Free),
            ("auth.sendCode", Family::Free),
            ("ping", Family::Free),
        ] {
            assert_eq!(Family::of(method), family, "{method}");
        }
    }

    #[test]
    fn each_pace_is_faster_than_the_one_before() {
        let paces = [Pace::Gentle, Pace::Normal, Pace::Fast].map(Pacing::of);
        for family in [Family::Read, Family::Files, Family::Send, Family::Lookup] {
            let rates = paces.map(|pace| pace.rate(family).unwrap().per_second);
            assert!(rates.is_sorted(), "{family:?}: {rates:?}");
        }
    }
}
