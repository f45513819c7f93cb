//! Who wrote a message: the replaced tool named senders in each one.

use std::collections::HashMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sender {
    pub(crate) name: String,
    pub(crate) username: Option<String>,
}

/// Everybody who was introduced. It grows with the people of an export, not with its messages.
#[derive(Debug, Default)]
pub(crate) struct Senders {
    people: HashMap<i64, Sender>,
    /// It is never introduced: that is told at the beginning.
    account: Option<i64>,
    /// For messages without a sender: the other side of a private chat, a channel, a group that
    /// speaks as itself.
    chat: Sender,
}

impl Senders {
    pub(crate) fn of_account(account: Option<(i64, Sender)>) -> Self {
        let id = account.as_ref().map(|(id, _)| *id);
        Self { people: account.into_iter().collect(), account: id, ..Self::default() }
    }

    pub(crate) fn begin_chat(&mut self, chat: Sender) {
        self.chat = chat;
    }

    pub(crate) fn introduce(&mut self, id: i64, sender: Sender) {
        self.people.insert(id, sender);
    }

    /// `id` is 0 where Telegram names nobody. Who was never introduced is nobody we know.
    pub(crate) fn of(&self, id: i64, is_outgoing: bool) -> Option<&Sender> {
        match (id, self.account.filter(|_| is_outgoing)) {
            (0, Some(account)) => self.people.get(&account),
            (0, None) => Some(&self.chat),
            (id, _) => self.people.get(&id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Sender {
        Sender { name: name.into(), username: None }
    }

    #[test]
    fn private_chats_have_two_sides() {
        let mut senders = Senders::of_account(Some((1, named("Me"))));
        senders.begin_chat(named("You"));
        assert_eq!(senders.of(0, true), Some(&named("Me")));
        assert_eq!(senders.of(0, false), Some(&named("You")));
    }

    #[test]
    fn the_account_is_known_by_its_id() {
        let mut senders = Senders::of_account(Some((1, named("Me"))));
        senders.begin_chat(named("Tea"));
        assert_eq!(senders.of(1, true), Some(&named("Me")));
        assert_eq!(senders.of(1, false), Some(&named("Me")), "written by another one's hand");
        assert_eq!(Senders::default().of(1, true), None);
    }

    #[test]
    fn channels_speak_as_themselves() {
        let mut senders = Senders::of_account(None);
        senders.begin_chat(named("News"));
        assert_eq!(senders.of(0, true), Some(&named("News")));
    }

    #[test]
    fn newest_name_counts() {
        let mut senders = Senders::default();
        senders.introduce(7, named("Bo"));
        senders.introduce(7, named("Bosse"));
        assert_eq!(senders.of(7, false), Some(&named("Bosse")));
        assert_eq!(senders.of(8, false), None);
    }
}
