use grammers_tl_types::{
    enums::{self, Peer},
    types,
};

use super::{
    attach,
    dice::Dice,
    media::{Kind, Made},
    talk::Tongue,
    text::Text,
};

/// Where and when a message is made: everything that its parts may ask about.
pub(crate) struct Scene<'a> {
    pub(crate) dice: Dice,
    pub(crate) tongue: Tongue,
    pub(crate) id: i32,
    pub(crate) date: i32,
    /// Who writes.
    pub(crate) from: i64,
    pub(crate) me: i64,
    /// Who else could be meant: the members of the chat.
    pub(crate) members: &'a [i64],
    /// Another chat, to forward from and to link to.
    pub(crate) channel: i64,
}

impl Scene<'_> {
    pub(crate) fn say(&mut self) -> String {
        self.tongue.say(&mut self.dice)
    }

    pub(crate) fn label(&mut self) -> String {
        self.tongue.label(&mut self.dice)
    }

    pub(crate) fn words(&mut self) -> enums::TextWithEntities {
        Text::plain(self.label()).into()
    }

    /// A member of the chat.
    pub(crate) fn member(&mut self) -> i64 {
        if self.members.is_empty() { self.me } else { self.dice.pick(self.members) }
    }

    pub(crate) fn peer_of_member(&mut self) -> Peer {
        user(self.member())
    }

    /// A file that no other message has.
    pub(crate) fn file(&mut self, kind: Kind) -> Made {
        Made::new(kind, self.dice.throw())
    }

    pub(crate) fn photo(&mut self) -> enums::Photo {
        attach::photo(self.file(Kind::Photo), self.date)
    }

    pub(crate) fn document(&mut self, kind: Kind) -> enums::Document {
        attach::document(self.file(kind), self.date)
    }
}

pub(crate) fn user(id: i64) -> Peer {
    types::PeerUser { user_id: id }.into()
}

pub(crate) fn group(id: i64) -> Peer {
    types::PeerChat { chat_id: id }.into()
}

pub(crate) fn channel(id: i64) -> Peer {
    types::PeerChannel { channel_id: id }.into()
}

#[cfg(test)]
pub(crate) fn sample(seed: u64) -> Scene<'static> {
    Scene {
        dice: Dice::at(seed, &[]),
        tongue: Tongue::English,
        id: 7,
        date: 1_700_000_000,
        from: 2,
        me: 1,
        members: &[2, 3, 4],
        channel: 6,
    }
}
