//! What stands around messages: a chat by itself, or a list of chats under headings.

use tapedeck_plugin::{
    chats::{Chat, Person},
    json,
};

use crate::peer;

/// Of a chat's marks: the account has left it.
const LEFT: u64 = 1 << 3;

#[derive(Debug)]
pub(crate) struct Frame {
    is_single: bool,
    /// Whose export it is: said where there are several chats.
    account: Option<Person>,
    chats: u64,
    /// In the list of chats that the account has left.
    is_among_left: bool,
    /// In this chat.
    messages: u64,
}

impl Frame {
    pub(crate) const fn new(is_single: bool, account: Option<Person>) -> Self {
        Self { is_single, account, chats: 0, is_among_left: false, messages: 0 }
    }

    pub(crate) fn begin_chat(&mut self, out: &mut Vec<u8>, chat: &Chat) {
        // They come last. What comes behind them all the same, since it was asked for so, stays in their list.
        let is_left = chat.marks & LEFT != 0;
        match (self.is_single, self.chats) {
            (true, _) => {}
            (false, 0) => self.begin(out, is_left),
            (false, _) if is_left && !self.is_among_left => {
                out.extend_from_slice(b"\n]}]},\n");
                list(out, is_left);
            }
            (false, _) => out.extend_from_slice(b"\n]},\n"),
        }
        self.is_among_left |= is_left;
        self.chats += 1;
        self.messages = 0;
        let kind = kind(chat, self.account.as_ref().map(|account| account.id));
        out.extend_from_slice(b"{\n");
        if kind != "saved_messages" {
            out.extend_from_slice(b" \"name\": ");
            match chat.title.as_str() {
                "" => out.extend_from_slice(b"null"),
                title => json::string(out, title),
            }
            out.extend_from_slice(b",\n");
        }
        out.extend_from_slice(b" \"type\": ");
        json::string(out, kind);
        out.extend_from_slice(b",\n \"id\": ");
        json::integer(out, peer::bare(chat.id));
        out.extend_from_slice(b",\n \"messages\": [");
    }

    /// Goes before each message.
    pub(crate) fn next_message(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.messages == 0 { b"\n  " } else { b",\n  " });
        self.messages += 1;
    }

    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        match (self.is_single, self.chats) {
            (true, 0) => out.extend_from_slice(b"{\n \"name\": null,\n \"messages\": []\n}\n"),
            (true, _) => out.extend_from_slice(b"\n ]\n}\n"),
            (false, chats) => {
                if chats == 0 {
                    self.begin(out, false);
                } else {
                    out.extend_from_slice(b"\n]}");
                }
                out.extend_from_slice(b"]}\n}\n");
            }
        }
    }

    /// Whose account it is comes before the chats: readers need it to tell which messages are theirs.
    fn begin(&self, out: &mut Vec<u8>, is_left: bool) {
        let about = "Messages from a Tapedeck archive, in the shape of Telegram Desktop's export.";
        out.extend_from_slice(b"{\n \"about\": ");
        json::string(out, about);
        if let Some(account) = &self.account {
            out.extend_from_slice(b",\n \"personal_information\": ");
            json::object(out, |object| write_owner(object, account));
        }
        out.extend_from_slice(b",\n");
        list(out, is_left);
    }
}

fn write_owner(object: &mut json::Object<'_>, account: &Person) {
    object.integer("user_id", account.id);
    object.string("first_name", account.first_name.as_deref().unwrap_or_default());
    object.string("last_name", account.last_name.as_deref().unwrap_or_default());
    if let Some(phone) = &account.phone {
        object.string("phone_number", &format!("+{}", phone.trim_start_matches('+')));
    }
    if let Some(name) = account.usernames.first() {
        object.string("username", &format!("@{name}"));
    }
}

/// The heading of a list, open.
fn list(out: &mut Vec<u8>, is_left: bool) {
    let (name, about) = match is_left {
        false => ("chats", "All chats of this export."),
        true => ("left_chats", "Chats that the account is not in any more."),
    };
    out.extend_from_slice(format!(" \"{name}\": {{\"about\": ").as_bytes());
    json::string(out, about);
    out.extend_from_slice(b", \"list\": [\n");
}

/// As Telegram Desktop sorts chats.
fn kind(chat: &Chat, account: Option<i64>) -> &'static str {
    let is_public = !chat.usernames.is_empty();
    match chat.kind.as_str() {
        "private" if account == Some(chat.id) => "saved_messages",
        "bot" => "bot_chat",
        "group" => "private_group",
        "supergroup" | "community" if is_public => "public_supergroup",
        "supergroup" | "community" | "direct" => "private_supergroup",
        "channel" if is_public => "public_channel",
        "channel" => "private_channel",
        _ => "personal_chat",
    }
}
