//! What stands around messages: a chat by itself, or a list of chats under headings.

use tapedeck_plugin::{chats::Chat, json};

use crate::peer;

/// Of a chat's marks: the account has left it.
const LEFT: u64 = 1 << 3;

#[derive(Debug)]
pub(crate) struct Frame {
    is_single: bool,
    chats: u64,
    /// In the list of chats that the account has left.
    is_among_left: bool,
    /// In this chat.
    messages: u64,
}

impl Frame {
    pub(crate) const fn new(is_single: bool) -> Self {
        Self { is_single, chats: 0, is_among_left: false, messages: 0 }
    }

    pub(crate) fn begin_chat(&mut self, out: &mut Vec<u8>, chat: &Chat, account: Option<i64>) {
        // They come last. What comes behind them all the same, since it was asked for so, stays in their list.
        let is_left = chat.marks & LEFT != 0;
        match (self.is_single, self.chats) {
            (true, _) => {}
            (false, 0) => begin(out, is_left),
            (false, _) if is_left && !self.is_among_left => {
                out.extend_from_slice(b"\n]}]},\n");
                list(out, is_left);
            }
            (false, _) => out.extend_from_slice(b"\n]},\n"),
        }
        self.is_among_left |= is_left;
        self.chats += 1;
        self.messages = 0;
        let kind = kind(chat, account);
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
                    begin(out, false);
                } else {
                    out.extend_from_slice(b"\n]}");
                }
                out.extend_from_slice(b"]}\n}\n");
            }
        }
    }
}

fn begin(out: &mut Vec<u8>, is_left: bool) {
    let about = "Messages from a Tapedeck archive, in the shape of Telegram Desktop's export.";
    out.extend_from_slice(b"{\n \"about\": ");
    json::string(out, about);
    out.extend_from_slice(b",\n");
    list(out, is_left);
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
