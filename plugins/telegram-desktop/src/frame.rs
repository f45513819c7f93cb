//! What stands around messages: a chat by itself, or a list of chats under headings.

use tapedeck_plugin::{chats::Chat, json};

use crate::peer;

#[derive(Debug)]
pub(crate) struct Frame {
    is_single: bool,
    chats: u64,
    /// In this chat.
    messages: u64,
}

impl Frame {
    pub(crate) const fn new(is_single: bool) -> Self {
        Self { is_single, chats: 0, messages: 0 }
    }

    pub(crate) fn begin_chat(&mut self, out: &mut Vec<u8>, chat: &Chat, account: Option<i64>) {
        match (self.is_single, self.chats) {
            (true, _) => {}
            (false, 0) => self.begin(out),
            (false, _) => out.extend_from_slice(b"\n]},\n"),
        }
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
                    self.begin(out);
                } else {
                    out.extend_from_slice(b"\n]}");
                }
                out.extend_from_slice(b"]}\n}\n");
            }
        }
    }

    fn begin(&self, out: &mut Vec<u8>) {
        let about = "Messages from a Tapedeck archive, in the shape of Telegram Desktop's export.";
        out.extend_from_slice(b"{\n \"about\": ");
        json::string(out, about);
        out.extend_from_slice(b",\n \"chats\": {\"about\": ");
        json::string(out, "All chats of this export.");
        out.extend_from_slice(b", \"list\": [\n");
    }
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
