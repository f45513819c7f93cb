//! Bubbles, days, service lines.

use serde_json::Value;
use tapedeck_messages::{
    Comments, Entity, People, Reactions, Replied, Reply, Who, Zone, facts, forwarded, is_edited, is_harmless,
    number,
};
use tapedeck_plugin::{Message, html, marks};

use crate::{escaped, page::Pages, text};

const COLOURS: u64 = 7;

/// A message with who wrote it and what stands around it.
pub(crate) struct Bubble<'a> {
    pub(crate) message: &'a Message<'a>,
    pub(crate) who: Who<'a>,
    pub(crate) people: &'a People,
    pub(crate) zone: Zone,
    pub(crate) pages: &'a Pages,
    pub(crate) is_own: bool,
    /// It follows another one of the same sender.
    pub(crate) is_joined: bool,
}

/// Begins a day: what it shows at the top of the window goes with its messages.
pub(crate) fn day(out: &mut Vec<u8>, date: &str) {
    let months = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let number =
        |range: std::ops::Range<usize>| date.get(range).and_then(|it| it.parse::<usize>().ok()).unwrap_or(1);
    let month = months.get(number(5..7).saturating_sub(1)).copied().unwrap_or_default();
    let words = format!(
        "</section>\n<section>\n<p class=\"day\"><span>{} {month} {}</span></p>\n",
        number(8..10),
        &date[..4]
    );
    out.extend_from_slice(words.as_bytes());
}

pub(crate) fn service(out: &mut Vec<u8>, id: i64, words: &str) {
    out.extend_from_slice(format!("<p class=\"service\" id=\"m{id}\"><span dir=\"auto\">").as_bytes());
    escaped(out, words);
    out.extend_from_slice(b"</span></p>\n");
}

/// A letter in a circle.
pub(crate) fn avatar(out: &mut Vec<u8>, id: i64, name: &str) {
    let letter: String = name
        .chars()
        .find(|letter| letter.is_alphanumeric())
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    out.extend_from_slice(
        format!("<span class=\"avatar c{}\" aria-hidden=\"true\">", id.unsigned_abs() % COLOURS).as_bytes(),
    );
    escaped(out, &letter);
    out.extend_from_slice(b"</span>");
}

impl Bubble<'_> {
    pub(crate) fn open(&self, out: &mut Vec<u8>) {
        let Self { message, who, is_own, is_joined, .. } = self;
        let side = if *is_own { "own" } else { "other" };
        let joined = if *is_joined { " joined" } else { "" };
        let deleted = if message.extra("deleted").is_some() { " deleted" } else { "" };
        out.extend_from_slice(
            format!("<div class=\"row {side}{joined}{deleted}\" id=\"m{}\">", message.id()).as_bytes(),
        );
        let name = self.name();
        if !is_own {
            if *is_joined {
                out.extend_from_slice(b"<span class=\"avatar\"></span>");
            } else {
                avatar(out, who.id, &name);
            }
        }
        out.extend_from_slice(b"<div class=\"bubble\">");
        if !is_own && !is_joined {
            out.extend_from_slice(
                format!("<div class=\"name c{}\" dir=\"auto\">", who.id.unsigned_abs() % COLOURS).as_bytes(),
            );
            escaped(out, &name);
            out.extend_from_slice(b"</div>");
        }
        if let Some(topic) = message.topic_id().and_then(|id| self.pages.topic(id)) {
            out.extend_from_slice(b"<div class=\"topic\" dir=\"auto\"># ");
            escaped(out, topic);
            out.extend_from_slice(b"</div>");
        }
        self.origin(out);
        self.answered(out);
    }

    fn name(&self) -> String {
        match self.who.name {
            "" if self.who.id == 0 => "Somebody".to_owned(),
            "" => "Deleted account".to_owned(),
            name => name.to_owned(),
        }
    }

    fn origin(&self, out: &mut Vec<u8>) {
        let Some(name) = forwarded(self.message, self.people) else { return };
        out.extend_from_slice(b"<div class=\"forward\" dir=\"auto\">Forwarded");
        if !name.is_empty() {
            out.extend_from_slice(b" from <b>");
            escaped(out, &name);
            out.extend_from_slice(b"</b>");
        }
        out.extend_from_slice(b"</div>");
    }

    fn answered(&self, out: &mut Vec<u8>) {
        if !self.message.is(marks::REPLY) {
            return;
        }
        let reply: Reply = facts(self.message, "reply").unwrap_or_default();
        let Some(id) = reply.message.or_else(|| self.message.reply_to_id()) else { return };
        let replied: Option<Replied> = facts(self.message, "replied");
        // Every message of a topic answers its beginning: that says nothing.
        if reply.is_in_topic && reply.thread.is_none() && replied.is_none() {
            return;
        }
        let replied = replied.unwrap_or_default();
        let link = if reply.chat.is_none() { self.pages.link(id) } else { None };
        let tag = if link.is_some() { "a" } else { "div" };
        out.extend_from_slice(
            format!("<{tag} class=\"reply c{}\"", replied.sender.unsigned_abs() % COLOURS).as_bytes(),
        );
        if let Some(link) = link {
            out.extend_from_slice(format!(" href=\"{link}\"").as_bytes());
        }
        out.extend_from_slice(b"><b dir=\"auto\">");
        escaped(out, if replied.name.is_empty() { "In reply" } else { &replied.name });
        out.extend_from_slice(b"</b><span dir=\"auto\">");
        let words = reply.quote_text.as_deref().unwrap_or(&replied.text);
        match words.trim() {
            "" => escaped(out, replied.media.as_deref().unwrap_or("message")),
            words => escaped(out, &words.chars().take(120).collect::<String>()),
        }
        out.extend_from_slice(format!("</span></{tag}>").as_bytes());
    }

    /// Everything that is said, and when: at the end of the last line where that has room.
    pub(crate) fn words(&self, out: &mut Vec<u8>) {
        let message = self.message;
        let has_more = message.is(marks::HAS_REACTIONS | marks::HAS_COMMENTS | marks::HAS_BUTTONS);
        let is_inside = !message.text().is_empty() && !has_more;
        self.text(out, is_inside);
        self.below(out);
        if !is_inside {
            self.time(out);
        }
    }

    pub(crate) fn words_without_time(&self, out: &mut Vec<u8>) {
        self.text(out, false);
        self.below(out);
    }

    fn text(&self, out: &mut Vec<u8>, with_time: bool) {
        let message = self.message;
        if !message.text().is_empty() {
            let entities: Vec<Entity> = match message.is(marks::HAS_ENTITIES) {
                true => facts(message, "entities").unwrap_or_default(),
                false => Vec::new(),
            };
            out.extend_from_slice(b"<div class=\"text\" dir=\"auto\">");
            text::write(out, message.text(), &entities);
            if with_time {
                self.time(out);
            }
            out.extend_from_slice(b"</div>");
        }
    }

    fn below(&self, out: &mut Vec<u8>) {
        let message = self.message;
        if message.is(marks::HAS_REACTIONS) {
            reactions(out, message);
        }
        if message.is(marks::HAS_COMMENTS) {
            let comments: Comments = facts(message, "comments").unwrap_or_default();
            let words =
                format!("<div class=\"comments\">{} comments</div>", number(comments.count.unsigned_abs()));
            out.extend_from_slice(words.as_bytes());
        }
        if message.is(marks::HAS_BUTTONS) {
            buttons(out, message);
        }
    }

    pub(crate) fn time(&self, out: &mut Vec<u8>) {
        let message = self.message;
        let date = self.zone.date(message.date());
        let date = date.as_str();
        out.extend_from_slice(
            format!(
                "<time datetime=\"{date}{0}\" title=\"{date} {1}\">",
                self.zone.suffix(),
                self.zone.name()
            )
            .as_bytes(),
        );
        if message.extra("deleted").is_some() {
            out.extend_from_slice(b"deleted ");
        }
        if message.views() > 0 {
            out.extend_from_slice(format!("{} views ", number(message.views().into())).as_bytes());
        }
        if let Some(signature) = facts::<String>(message, "signature") {
            html::text(out, &signature);
            out.push(b' ');
        }
        if is_edited(message) {
            out.extend_from_slice(b"edited ");
        }
        out.extend_from_slice(&date.as_bytes()[11..16]);
        out.extend_from_slice(b"</time>");
    }

    pub(crate) fn close(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"</div></div>\n");
    }
}

fn reactions(out: &mut Vec<u8>, message: &Message<'_>) {
    let reactions: Reactions = facts(message, "reactions").unwrap_or_default();
    out.extend_from_slice(b"<div class=\"reactions\">");
    for counted in &reactions.counts {
        let own = if counted.chosen.is_some() { " class=\"own\"" } else { "" };
        out.extend_from_slice(format!("<span{own}>").as_bytes());
        escaped(out, counted.reaction.shown());
        out.extend_from_slice(format!(" {}</span>", counted.count).as_bytes());
    }
    out.extend_from_slice(b"</div>");
}

fn buttons(out: &mut Vec<u8>, message: &Message<'_>) {
    let Some(extra) = facts::<Value>(message, "extra") else { return };
    let Some(rows) = extra.pointer("/reply_markup/rows").and_then(Value::as_array) else { return };
    for row in rows {
        out.extend_from_slice(b"<div class=\"buttons\">");
        for button in row.get("buttons").and_then(Value::as_array).into_iter().flatten() {
            let text = button.get("text").and_then(Value::as_str).unwrap_or_default();
            let address = button.get("url").and_then(Value::as_str).filter(|it| is_harmless(it));
            match address {
                Some(address) => {
                    out.extend_from_slice(
                        b"<a target=\"_blank\" rel=\"noopener noreferrer nofollow\" href=\"",
                    );
                    escaped(out, address);
                    out.extend_from_slice(b"\">");
                    escaped(out, text);
                    out.extend_from_slice(b"</a>");
                }
                None => {
                    out.extend_from_slice(b"<span>");
                    escaped(out, text);
                    out.extend_from_slice(b"</span>");
                }
            }
        }
        out.extend_from_slice(b"</div>");
    }
}
