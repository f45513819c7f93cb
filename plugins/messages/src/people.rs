//! Who speaks. What is kept grows with the people of an export, not with its messages.

use std::collections::HashMap;

use tapedeck_plugin::{
    Message,
    chats::{Chat, Person},
    marks,
};

/// Everybody who was introduced, the account, and the chat that is being written.
#[derive(Debug, Default)]
pub struct People {
    known: HashMap<i64, Known>,
    account: Option<i64>,
    chat: Option<(i64, Known)>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    name: String,
    username: Option<String>,
}

/// Somebody who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who<'a> {
    /// 0 where nobody knows.
    pub id: i64,
    /// Empty for accounts that are deleted or were never met.
    pub name: &'a str,
    pub username: Option<&'a str>,
}

impl People {
    pub fn of_account(account: Option<Person>) -> Self {
        let mut people = Self::default();
        if let Some(person) = account {
            people.account = Some(person.id);
            people.introduce(vec![person]);
        }
        people
    }

    pub fn begin_chat(&mut self, chat: &Chat) {
        let known = Known { name: chat.title.clone(), username: chat.usernames.first().cloned() };
        self.chat = Some((chat.id, known));
    }

    pub fn introduce(&mut self, people: Vec<Person>) {
        for Person { id, name, usernames, .. } in people {
            self.known.insert(id, Known { name, username: usernames.into_iter().next() });
        }
    }

    /// Who wrote it: the one whom it names, else the account, the other side of a private chat, or the
    /// channel or group itself.
    pub fn of<'a>(&'a self, message: &Message<'a>) -> Who<'a> {
        let id = message.sender_id().unwrap_or_else(|| {
            let is_ours = message.is(marks::OUTGOING) && !message.is(marks::POST);
            if is_ours { self.account.unwrap_or(0) } else { message.chat_id() }
        });
        let who = self.named(id);
        match who.name {
            // They were somebody when the message came, and it has kept how they were called.
            "" => Who { name: message.extra("sender-name").unwrap_or_default(), ..who },
            _ => who,
        }
    }

    /// Whatever is known of this id.
    pub fn named(&self, id: i64) -> Who<'_> {
        let of_chat = || self.chat.as_ref().filter(|(chat, _)| *chat == id).map(|(_, known)| known);
        let known = self.known.get(&id).or_else(of_chat);
        Who {
            id,
            name: known.map_or("", |known| &known.name),
            username: known.and_then(|known| known.username.as_deref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tapedeck_plugin::testing::{Batch, Draft, message};

    use super::*;

    const CHANNEL: i64 = -1_000_000_000_001;

    fn person(id: i64, name: &str) -> Person {
        Person { id, name: name.into(), usernames: vec![name.to_lowercase()], ..Person::default() }
    }

    fn people(kind: &str, id: i64) -> People {
        let mut people = People::of_account(Some(person(1, "Me")));
        people.introduce(vec![person(7, "Ana")]);
        people.begin_chat(&Chat { id, kind: kind.into(), title: "There".into(), ..Chat::default() });
        people
    }

    fn said(people: &People, draft: Draft) -> (i64, String) {
        let batch: Batch = [draft].into_iter().collect();
        let messages = batch.messages();
        let who = people.of(&messages.get(0).unwrap());
        (who.id, who.name.to_owned())
    }

    #[test]
    fn private_chats_have_two_sides() {
        let people = people("private", 9);
        assert_eq!(said(&people, message("a").sender(0).chat(9)), (9, "There".into()));
        assert_eq!(said(&people, message("b").sender(0).chat(9).mark(marks::OUTGOING)), (1, "Me".into()));
    }

    #[test]
    fn channels_speak_as_themselves() {
        let people = people("channel", CHANNEL);
        let post = message("a").sender(0).mark(marks::POST).mark(marks::OUTGOING);
        assert_eq!(said(&people, post), (CHANNEL, "There".into()));
    }

    #[test]
    fn who_was_never_met_keeps_the_name_of_then() {
        let people = people("group", -5);
        assert_eq!(said(&people, message("a").sender(7)), (7, "Ana".into()));
        assert_eq!(said(&people, message("a").sender(8).extra("sender-name", "Bo")), (8, "Bo".into()));
        assert_eq!(said(&people, message("a").sender(8)), (8, String::new()));
        assert_eq!(people.named(7).username, Some("ana"));
    }
}
