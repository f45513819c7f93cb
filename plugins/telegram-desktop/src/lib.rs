//! Exports chats as Telegram Desktop does, for whatever reads its `result.json`. Nothing is gathered: a
//! message is written as it comes.

mod action;
mod frame;
mod media;
mod peer;
mod text;

use frame::Frame;
use schemars::JsonSchema;
use serde::Deserialize;
use tapedeck_messages::{
    Action, Entity, Files, Forward, People, Reaction, Reactions, Reply, Who, Zone, facts,
};
use tapedeck_plugin::{
    Error, Exporter, FileFormat, Message, Messages, Options, Output,
    chats::{Chat, Person, Topic},
    json, marks,
};

/// What the operator may set, and what one export may ask for in its parameters.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The offset from UTC in which dates are written, such as `+02:00`: Telegram Desktop wrote them by the
    /// clock of its computer. The moments beside them are the same everywhere.
    utc_offset: String,
}

struct DesktopExport {
    zone: Zone,
    frame: Frame,
    people: People,
}

const COLUMNS: [&str; 10] = [
    "entities",
    "media",
    "files",
    "action",
    "reply",
    "forward",
    "reactions",
    "signature",
    "sender-name",
    "extra",
];

impl Exporter for DesktopExport {
    type Settings = Settings;

    const COLUMNS: &'static [&'static str] = &COLUMNS;

    fn formats() -> Vec<FileFormat> {
        vec![FileFormat {
            name: "telegram-desktop".into(),
            extension: "json".into(),
            mime: "application/json".into(),
            summary: "result.json as Telegram Desktop writes it, of one chat or of many".into(),
        }]
    }

    fn open(settings: &Settings, options: Options, _: &mut Output) -> Result<Self, Error> {
        let zone = Zone::asked(&options.parameters, &settings.utc_offset).map_err(Error::settings)?;
        let frame = Frame::new(options.is_single_chat, options.account.clone());
        Ok(Self { zone, frame, people: People::of_account(options.account) })
    }

    fn begin_chat(&mut self, chat: &Chat, _: &[Topic], out: &mut Output) -> Result<(), Error> {
        self.people.begin_chat(chat);
        self.frame.begin_chat(out.main(), chat);
        Ok(())
    }

    fn introduce(&mut self, people: Vec<Person>) -> Result<(), Error> {
        self.people.introduce(people);
        Ok(())
    }

    fn push(&mut self, messages: &Messages<'_>, out: &mut Output) -> Result<(), Error> {
        let out = out.main();
        for message in messages.iter() {
            self.frame.next_message(out);
            json::object(out, |object| self.write(object, &message));
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Output) -> Result<(), Error> {
        self.frame.finish(out.main());
        Ok(())
    }
}

impl DesktopExport {
    fn write(&self, object: &mut json::Object<'_>, message: &Message<'_>) {
        let action: Option<Action> = message.is(marks::SERVICE).then(|| facts(message, "action")).flatten();
        let is_service = message.is(marks::SERVICE);
        object.integer("id", message.id());
        object.string("type", if is_service { "service" } else { "message" });
        self.moment(object, ["date", "date_unixtime"], message.date());
        if let Some(edited) = message.edit_date().filter(|_| !message.is(marks::HIDES_EDIT)) {
            self.moment(object, ["edited", "edited_unixtime"], edited);
        }
        let who = self.people.of(message);
        if is_service {
            named(object, ["actor", "actor_id"], who);
            match &action {
                Some(action) => action::write(object, action, message, &self.people),
                None => object.string("action", "unknown"),
            }
        } else {
            named(object, ["from", "from_id"], who);
            self.origin(object, message);
        }
        if let Some(media) = facts(message, "media") {
            media::write(object, &media, &Files::of(message));
        }
        let entities: Vec<Entity> = match message.is(marks::HAS_ENTITIES) {
            true => facts(message, "entities").unwrap_or_default(),
            false => Vec::new(),
        };
        text::write(object, message.text(), &entities);
        if message.is(marks::HAS_BUTTONS) {
            media::write_buttons(object, message);
        }
        if message.is(marks::HAS_REACTIONS) {
            self.reactions(object, message);
        }
    }

    fn moment(&self, object: &mut json::Object<'_>, [date, moment]: [&str; 2], seconds: i64) {
        object.string(date, self.zone.date(seconds).as_str());
        object.string(moment, &seconds.to_string());
    }

    /// What it answers, where it comes from, who signed it.
    fn origin(&self, object: &mut json::Object<'_>, message: &Message<'_>) {
        let signature: Option<String> = facts(message, "signature");
        if let Some(signature) = signature {
            object.string("author", &signature);
        }
        let forward: Option<Forward> =
            message.is(marks::FORWARDED).then(|| facts(message, "forward")).flatten();
        if let Some(forward) = forward {
            match forward.from {
                Some(id) => named(object, ["forwarded_from", "forwarded_from_id"], self.people.named(id)),
                None => nullable(object, "forwarded_from", forward.from_name.as_deref().unwrap_or_default()),
            }
            if let Some(id) = forward.saved_from_chat {
                nullable(object, "saved_from", self.people.named(id).name);
            }
        }
        let reply: Option<Reply> = message.is(marks::REPLY).then(|| facts(message, "reply")).flatten();
        if let Some(reply) = reply
            && let Some(id) = reply.message
        {
            object.integer("reply_to_message_id", id);
            if let Some(chat) = reply.chat {
                object.string("reply_to_peer_id", &peer::id(chat));
            }
        }
        if let Some(bot) = message.via_bot_id()
            && let Some(name) = self.people.named(bot).username
        {
            object.string("via_bot", &format!("@{name}"));
        }
    }

    fn reactions(&self, object: &mut json::Object<'_>, message: &Message<'_>) {
        let Some(reactions) = facts::<Reactions>(message, "reactions") else { return };
        object.array("reactions", |list| {
            for counted in &reactions.counts {
                list.object(|object| {
                    let kind = match &counted.reaction {
                        Reaction::Emoji(_) => "emoji",
                        Reaction::Custom(_) => "custom_emoji",
                        Reaction::Paid => "paid",
                        Reaction::Empty => "empty",
                    };
                    object.string("type", kind);
                    object.integer("count", counted.count);
                    match &counted.reaction {
                        Reaction::Emoji(emoji) => object.string("emoji", emoji),
                        Reaction::Custom(document) => object.string("document_id", &document.to_string()),
                        Reaction::Paid | Reaction::Empty => {}
                    }
                    let recent = reactions.recent.iter().flatten();
                    let recent: Vec<_> = recent.filter(|it| it.reaction == counted.reaction).collect();
                    if recent.is_empty() {
                        return;
                    }
                    object.array("recent", |list| {
                        for by in recent {
                            list.object(|object| {
                                named(object, ["from", "from_id"], self.people.named(by.peer));
                                object.string("date", by.date.get(..19).unwrap_or(&by.date));
                            });
                        }
                    });
                });
            }
        });
    }
}

/// A name and an id; the name of a deleted account is null.
fn named(object: &mut json::Object<'_>, [name, id]: [&str; 2], who: Who<'_>) {
    nullable(object, name, who.name);
    if who.id != 0 {
        object.string(id, &peer::id(who.id));
    }
}

fn nullable(object: &mut json::Object<'_>, name: &str, value: &str) {
    match value {
        "" => object.null(name),
        value => object.string(name, value),
    }
}

tapedeck_plugin::export!(DesktopExport: Exporter, settings: "settings.schema.json");

#[cfg(test)]
mod tests;
