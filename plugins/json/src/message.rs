//! One message as an object. The first fields are those of the replaced tool, in its order.

use tapedeck_plugin::{Date, json};

use crate::senders::Sender;

/// What every export says of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    /// Only where the shape does not say it already.
    pub(crate) chat_id: Option<i64>,
    pub(crate) id: i64,
    pub(crate) date: i64,
    pub(crate) sender: Option<&'a Sender>,
    pub(crate) text: &'a str,
    pub(crate) is_outgoing: bool,
    pub(crate) reply_to: Option<i64>,
}

/// `more` adds the fuller fields.
pub(crate) fn write(out: &mut Vec<u8>, said: &Said<'_>, more: impl FnOnce(&mut json::Object<'_>)) {
    json::object(out, |message| {
        if let Some(chat) = said.chat_id {
            message.integer("chat_id", chat);
        }
        message.integer("id", said.id);
        message.string("date", Date::of(said.date).as_str());
        message.object("sender", |sender| {
            optional(sender, "name", said.sender.map(|it| it.name.as_str()));
            optional(sender, "username", said.sender.and_then(|it| it.username.as_deref()));
        });
        message.string("text", said.text);
        message.boolean("is_outgoing", said.is_outgoing);
        match said.reply_to {
            Some(id) => message.integer("reply_to", id),
            None => message.null("reply_to"),
        }
        more(message);
    });
}

pub(crate) fn optional(object: &mut json::Object<'_>, name: &str, value: Option<&str>) {
    match value.filter(|value| !value.is_empty()) {
        Some(value) => object.string(name, value),
        None => object.null(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: Said<'_> = Said {
        chat_id: None,
        id: 7,
        date: 1_772_368_200,
        sender: None,
        text: "so \"fine\"\n🎵",
        is_outgoing: false,
        reply_to: None,
    };

    fn written(said: &Said<'_>) -> String {
        let mut out = Vec::new();
        write(&mut out, said, |_| {});
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_are_those_of_the_replaced_tool() {
        let sender = Sender { name: "Ana".into(), username: Some("ana".into()) };
        let said = Said { sender: Some(&sender), reply_to: Some(3), is_outgoing: true, ..SAID };
        assert_eq!(
            written(&said),
            r#"{"id":7,"date":"2026-03-01T12:30:00","sender":{"name":"Ana","username":"ana"},"text":"so \"fine\"\n🎵","is_outgoing":true,"reply_to":3}"#
        );
    }

    #[test]
    fn what_is_not_known_is_null() {
        let text = written(&SAID);
        assert!(text.contains(r#""sender":{"name":null,"username":null}"#), "{text}");
        assert!(text.contains(r#""reply_to":null"#), "{text}");
    }

    #[test]
    fn fuller_fields_come_last() {
        let mut out = Vec::new();
        write(&mut out, &Said { chat_id: Some(-5), ..SAID }, |more| more.integer("views", 9));
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with(r#"{"chat_id":-5,"id":7,"#) && text.ends_with(r#""views":9}"#), "{text}");
    }
}
