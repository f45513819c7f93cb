//! What stands around messages and between them. Nothing is kept but where we are, so an export of
//! any length needs the memory of one batch.

use serde::{Deserialize, Serialize};
use tapedeck_plugin::json;

/// The two shapes that the replaced tool had, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Shape {
    /// `{"chat": …, "messages": […]}`; several chats are a list of these.
    #[default]
    Object,
    /// `[…]`: messages alone. With several chats each message says which one it is of.
    Array,
}

#[derive(Debug)]
pub(crate) struct Frame {
    shape: Shape,
    is_single: bool,
    chats: u64,
    /// In this chat; in the whole export if it is one array.
    messages: u64,
}

impl Frame {
    pub(crate) const fn new(shape: Shape, is_single: bool) -> Self {
        Self { shape, is_single, chats: 0, messages: 0 }
    }

    /// Whether a message has to say which chat it is of.
    pub(crate) fn names_chats(&self) -> bool {
        self.shape == Shape::Array && !self.is_single
    }

    pub(crate) fn begin_chat(&mut self, out: &mut Vec<u8>, chat: impl FnOnce(&mut json::Object<'_>)) {
        let is_first = self.chats == 0;
        self.chats += 1;
        match self.shape {
            Shape::Array => out.extend_from_slice(if is_first { b"[" } else { b"" }),
            Shape::Object => {
                let before: &[u8] = match (self.is_single, is_first) {
                    (true, _) => b"",
                    (false, true) => b"[\n",
                    (false, false) => b"\n]},\n",
                };
                out.extend_from_slice(before);
                out.extend_from_slice(b"{\"chat\":");
                json::object(out, chat);
                out.extend_from_slice(b",\n\"messages\":[");
                self.messages = 0;
            }
        }
    }

    /// Goes before each message.
    pub(crate) fn next_message(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.messages == 0 { b"\n" } else { b",\n" });
        self.messages += 1;
    }

    pub(crate) fn finish(&self, out: &mut Vec<u8>) {
        let end: &[u8] = match (self.shape, self.is_single, self.chats) {
            (Shape::Object, true, 0) => b"{\"chat\":null,\n\"messages\":[]}\n",
            (Shape::Object, true, _) => b"\n]}\n",
            (_, _, 0) => b"[]\n",
            (Shape::Object, false, _) => b"\n]}\n]\n",
            (Shape::Array, ..) => b"\n]\n",
        };
        out.extend_from_slice(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(shape: Shape, is_single: bool, chats: &[&[i64]]) -> String {
        let mut frame = Frame::new(shape, is_single);
        let mut out = Vec::new();
        for (number, messages) in chats.iter().enumerate() {
            frame.begin_chat(&mut out, |chat| chat.integer("id", number as i64));
            for id in *messages {
                frame.next_message(&mut out);
                json::integer(&mut out, *id);
            }
        }
        frame.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn same(text: &str, wanted: &str) {
        let parse = |text| serde_json::from_str::<serde_json::Value>(text).expect(text);
        assert_eq!(parse(text), parse(wanted), "{text}");
    }

    #[test]
    fn one_chat_is_one_object() {
        same(&export(Shape::Object, true, &[&[1, 2]]), r#"{"chat": {"id": 0}, "messages": [1, 2]}"#);
    }

    #[test]
    fn several_chats_are_a_list_of_objects() {
        same(
            &export(Shape::Object, false, &[&[1], &[], &[2, 3]]),
            r#"[{"chat": {"id": 0}, "messages": [1]}, {"chat": {"id": 1}, "messages": []}, {"chat": {"id": 2}, "messages": [2, 3]}]"#,
        );
    }

    #[test]
    fn array_holds_messages_alone() {
        same(&export(Shape::Array, true, &[&[1, 2]]), "[1, 2]");
        same(&export(Shape::Array, false, &[&[1], &[], &[2, 3]]), "[1, 2, 3]");
    }

    #[test]
    fn nothing_is_valid_too() {
        same(&export(Shape::Object, true, &[]), r#"{"chat": null, "messages": []}"#);
        same(&export(Shape::Object, true, &[&[]]), r#"{"chat": {"id": 0}, "messages": []}"#);
        for is_single in [true, false] {
            same(&export(Shape::Array, is_single, &[]), "[]");
            same(&export(Shape::Array, is_single, &[&[]]), "[]");
        }
        same(&export(Shape::Object, false, &[]), "[]");
    }

    #[test]
    fn each_message_has_a_line() {
        assert_eq!(export(Shape::Array, true, &[&[1, 2]]), "[\n1,\n2\n]\n");
    }
}
