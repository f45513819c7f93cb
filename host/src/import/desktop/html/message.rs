//! One message of a page.

use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::{text, tree::Element};
use crate::{
    import::{
        blank,
        folder::{Folder, Found},
        kind::Kind,
        source::ToldMessage,
    },
    model::{
        Action, Audio, ChatKind, Contact, Detail, Extra, FileForm, Forward, Media, MediaKind, Message,
        MessageId, PeerId, PixelSize, Place, Reaction, ReactionCount, Reactions, Reply, Video,
    },
};

/// What messages of a page are read with.
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) chat: PeerId,
    pub(super) kind: ChatKind,
    pub(super) folder: &'a Folder,
    pub(super) timezone: Option<&'a TimeZone>,
    /// Whose messages go on without a name, also on the next page.
    pub(super) last_name: Option<String>,
    /// Of the message or the day above.
    pub(super) last_date: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) enum Read {
    Message(Box<ToldMessage>),
    /// A line between days.
    Nothing,
    Unreadable(String),
    NoTimezone,
}

impl Page<'_> {
    pub(super) fn read(&mut self, element: &Element) -> Read {
        let number = element.attribute("id").and_then(|id| id.strip_prefix("message"));
        let Some(number) = number.and_then(|digits| digits.parse::<i64>().ok()) else {
            return Read::Unreadable("it has no id".into());
        };
        if element.has_class("service") {
            return self.service(element, number);
        }
        let Some(id) = message_id(number) else {
            return Read::Unreadable("its id is no id of a message".into());
        };
        let Some(body) = element.child_of_class("body") else {
            return Read::Unreadable("it has no body".into());
        };
        let date = body.child_of_class("date").and_then(|it| it.attribute("title")).unwrap_or_default();
        match moment(date, self.timezone) {
            Moment::At(date) => {
                self.last_date = Some(date);
                Read::Message(Box::new(self.ordinary(element, body, id, date)))
            }
            Moment::NoTimezone => Read::NoTimezone,
            Moment::Unclear => {
                Read::Unreadable(format!("its date is none: `{}`", date.chars().take(40).collect::<String>()))
            }
        }
    }

    /// Service lines have no time of their own: that of the message above is nearest.
    fn service(&mut self, element: &Element, number: i64) -> Read {
        let Some(body) = element.child_of_class("body") else { return Read::Nothing };
        let words = body.words();
        if number <= 0 {
            // Days, and notes of the export itself.
            self.last_date = day(&words).or(self.last_date);
            return Read::Nothing;
        }
        let Some(id) = message_id(number) else {
            return Read::Unreadable("its id is no id of a message".into());
        };
        let Some(date) = self.last_date else {
            return Read::Unreadable("a service line stands before every date".into());
        };
        let mut message = blank::message(Kind::TelegramDesktopHtml, self.chat, id, date);
        blank::keep(&mut message, "date", "about".into());
        let target = body.find(&|it| it.attribute("onclick").is_some_and(|it| it.contains("GoToMessage")));
        let target = target.and_then(go_to);
        message.reply = target.map(|id| Box::new(Reply { message: Some(id), ..Reply::default() }));
        message.action = Some(Box::new(action(&words, target.is_some())));
        Read::Message(Box::new(ToldMessage::new(message)))
    }

    fn ordinary(&mut self, element: &Element, body: &Element, id: MessageId, date: Timestamp) -> ToldMessage {
        let mut message = blank::message(Kind::TelegramDesktopHtml, self.chat, id, date);
        message.marks.is_post = self.kind == ChatKind::Channel;
        let name = body.child_of_class("from_name").map(Element::own_words);
        if !element.has_class("joined") || name.is_some() {
            self.last_name = name;
        }
        let mut told = Parts { page: self, message: &mut message, file: None, unknown: Vec::new() };
        told.body(body);
        let (file, unknown) = (told.file, told.unknown);
        if !unknown.is_empty() {
            blank::keep(&mut message, "html", json!(unknown));
        }
        let mut told = ToldMessage::new(message);
        told.sender_name = self.last_name.clone();
        told.file = file;
        told
    }
}

/// Collects the parts of a message's body.
struct Parts<'p, 'a> {
    page: &'p Page<'a>,
    message: &'p mut Message,
    file: Option<Found>,
    unknown: Vec<String>,
}

impl Parts<'_, '_> {
    fn body(&mut self, body: &Element) {
        for part in body.elements() {
            let has = |class| part.has_class(class);
            if has("date") || has("userpic_wrap") {
                continue;
            }
            if has("from_name") {
                if let Some(via) = part.child_of_class("details") {
                    self.unknown.push(via.words());
                }
            } else if has("reply_to") {
                self.reply(part);
            } else if has("forwarded") && has("body") {
                self.forward(part);
            } else if has("media_wrap") {
                self.media(part);
            } else if has("text") {
                let written = text::rich_text(part);
                (self.message.text, self.message.entities) = (written.text, written.entities);
            } else if has("signature") {
                self.message.signature = Some(part.words());
            } else if has("reactions") {
                self.reactions(part);
            } else {
                self.unknown.push(part.words());
            }
        }
        self.unknown.retain(|text| !text.is_empty());
    }

    fn reply(&mut self, part: &Element) {
        let target = part.find(&|it| it.name == "a").and_then(go_to);
        match target {
            Some(id) => self.message.reply = Some(Box::new(Reply { message: Some(id), ..Reply::default() })),
            None => self.unknown.push(part.words()),
        }
    }

    fn forward(&mut self, part: &Element) {
        let named = part.child_of_class("from_name");
        let name = named.map(Element::own_words).filter(|name| !name.is_empty());
        let told = named
            .and_then(|it| it.find_class("date"))
            .and_then(|it| it.attribute("title").map(str::to_owned).or_else(|| Some(it.words())));
        let original = told.as_deref().and_then(|date| match moment(date, self.page.timezone) {
            Moment::At(date) => Some(date),
            _ => None,
        });
        if original.is_none() {
            blank::keep(self.message, "forward_date", "unknown".into());
        }
        self.message.forward = Some(Box::new(Forward {
            date: original.unwrap_or(self.message.date),
            from: None,
            from_name: name,
            post: None,
            signature: None,
            saved_from_chat: None,
            saved_from_message: None,
            saved_from: None,
            saved_from_name: None,
            saved_date: None,
            announcement: None,
            is_imported: false,
            was_outgoing: false,
        }));
        // What was forwarded stands inside.
        for inner in part.elements().filter(|it| !it.has_class("from_name")) {
            if inner.has_class("media_wrap") {
                self.media(inner);
            } else if inner.has_class("text") {
                let written = text::rich_text(inner);
                (self.message.text, self.message.entities) = (written.text, written.entities);
            } else if inner.has_class("reply_to") {
                self.reply(inner);
            } else {
                self.unknown.push(inner.words());
            }
        }
    }

    fn media(&mut self, wrap: &Element) {
        let Some(block) = wrap.elements().next() else { return };
        let words = block.words();
        match media(block, self.page.folder, self.message.date) {
            Some((media, found)) => {
                self.message.media = Some(Box::new(media));
                self.file = found;
                if !words.is_empty() {
                    blank::keep(self.message, "media", words.into());
                }
            }
            None => self.unknown.push(words),
        }
    }

    fn reactions(&mut self, part: &Element) {
        let mut counts = Vec::new();
        for one in part.elements().filter(|it| it.has_class("reaction")) {
            let Some(emoji) = one.find_class("emoji").map(Element::words) else { continue };
            let told = one.find_class("count").and_then(|it| it.words().parse::<i32>().ok());
            let people = one.find_class("userpics").map(|it| it.elements().count());
            let count = told.or_else(|| i32::try_from(people?).ok()).filter(|count| *count > 0).unwrap_or(1);
            counts.push(ReactionCount { reaction: Reaction::Emoji(emoji), count, chosen: None });
        }
        if counts.is_empty() {
            self.unknown.push(part.words());
        } else {
            self.message.reactions =
                Some(Box::new(Reactions { counts, is_partial: true, ..Reactions::default() }));
        }
    }
}

fn message_id(number: i64) -> Option<MessageId> {
    i32::try_from(number).ok().filter(|id| *id != 0).map(MessageId)
}

/// `#go_to_message7`, or in a page of its own: `messages2.html#go_to_message7`.
fn go_to(link: &Element) -> Option<MessageId> {
    let (_, number) = link.attribute("href")?.split_once("#go_to_message")?;
    message_id(number.parse().ok()?)
}

#[derive(Debug, PartialEq, Eq)]
enum Moment {
    At(Timestamp),
    NoTimezone,
    Unclear,
}

/// `17.03.2019 18:33:43 UTC+01:00`; older pages leave the offset out.
fn moment(title: &str, timezone: Option<&TimeZone>) -> Moment {
    let mut words = title.split_ascii_whitespace();
    let (Some(day), Some(time)) = (words.next(), words.next()) else { return Moment::Unclear };
    let mut parts = day.split('.');
    let iso = match (parts.next(), parts.next(), parts.next()) {
        (Some(day), Some(month), Some(year)) => format!("{year:0>4}-{month:0>2}-{day:0>2}T{time}"),
        _ => return Moment::Unclear,
    };
    let zoned = match words.next() {
        Some(offset) => {
            let offset = offset.trim_start_matches("UTC").trim_start_matches("GMT");
            let offset = if offset.is_empty() { "Z" } else { offset };
            return format!("{iso}{offset}").parse().map_or(Moment::Unclear, Moment::At);
        }
        None => iso.parse::<civil::DateTime>(),
    };
    match (zoned, timezone) {
        (Err(_), _) => Moment::Unclear,
        (Ok(_), None) => Moment::NoTimezone,
        (Ok(local), Some(zone)) => {
            local.to_zoned(zone.clone()).map_or(Moment::Unclear, |it| Moment::At(it.timestamp()))
        }
    }
}

/// `17 March 2019`, between messages. When the day begins depends on the reader; this is only for lines without a time.
fn day(words: &str) -> Option<Timestamp> {
    let mut parts = words.split_ascii_whitespace();
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
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
    let month = months.iter().position(|name| *name == month)? + 1;
    format!("{year:0>4}-{month:02}-{day:0>2}T00:00:00Z").parse().ok()
}

/// What a service line says, as far as its words are known.
fn action(words: &str, has_target: bool) -> Action {
    let known = [
        (" pinned ", "pin_message"),
        (" created group ", "chat_create"),
        (" created channel ", "channel_create"),
        (" created topic ", "topic_create"),
        (" changed group title to ", "chat_edit_title"),
        (" changed group photo", "chat_edit_photo"),
        (" deleted group photo", "chat_delete_photo"),
        (" joined group by link", "chat_joined_by_link"),
        (" joined group by request", "chat_joined_by_request"),
        (" converted this group to a supergroup", "chat_migrate_to"),
        (" converted a basic group to this supergroup", "channel_migrate_from"),
        (" joined Telegram", "contact_sign_up"),
        (" cleared history", "history_clear"),
        (" took a screenshot", "screenshot_taken"),
        (" invited ", "chat_add_user"),
        (" removed ", "chat_delete_user"),
    ];
    let name = known.iter().find(|(part, _)| words.contains(part)).map(|(_, name)| *name);
    let name =
        if has_target { name.or(Some("pin_message")) } else { name.filter(|name| *name != "pin_message") };
    let quoted =
        words.split_once('«').and_then(|(_, rest)| rest.rsplit_once('»')).map(|(title, _)| title.to_owned());
    let is_titled = name.is_some_and(|name| {
        matches!(name, "chat_create" | "channel_create" | "topic_create" | "chat_edit_title")
    });
    let mut extra = Map::new();
    extra.insert("message".into(), Value::String(words.to_owned()));
    Action {
        name: name.unwrap_or("custom_action").to_owned(),
        users: Vec::new(),
        title: quoted.filter(|_| is_titled),
        migration: None,
        photo: None,
        extra: Extra::from(extra),
    }
}

/// A block of media: its classes say of which kind.
fn media(block: &Element, folder: &Folder, date: Timestamp) -> Option<(Media, Option<Found>)> {
    let known = [
        ("photo_wrap", MediaKind::Photo),
        ("media_photo", MediaKind::Photo),
        ("sticker_wrap", MediaKind::Sticker),
        ("animated_wrap", MediaKind::Animation),
        ("video_file_wrap", MediaKind::Video),
        ("media_video", MediaKind::Video),
        ("media_voice_message", MediaKind::Voice),
        ("media_audio_file", MediaKind::Audio),
        ("media_file", MediaKind::Document),
        ("media_contact", MediaKind::Contact),
        ("media_location", MediaKind::Place),
        ("media_live_location", MediaKind::LivePlace),
        ("media_venue", MediaKind::Venue),
        ("media_game", MediaKind::Game),
        ("media_invoice", MediaKind::Invoice),
        ("media_poll", MediaKind::Poll),
    ];
    let (_, kind) = known.into_iter().find(|(class, _)| block.has_class(class))?;
    let mut media = blank::media(kind);
    let form = match kind {
        MediaKind::Photo => FileForm::Photo,
        MediaKind::Sticker | MediaKind::Animation | MediaKind::Video => FileForm::Document,
        MediaKind::Voice | MediaKind::Audio | MediaKind::Document => FileForm::Document,
        _ => {
            media.detail = detail(kind, block);
            media.extra.insert("text", block.words().into());
            return Some((media, None));
        }
    };
    let found = match block.attribute("href") {
        Some(path) => folder.find(path),
        None => Found::Nothing(block.find_class("description").map(Element::words).unwrap_or_default()),
    };
    let mut file = blank::file(form, date);
    if let Found::File { bytes, .. } = &found {
        file.size_bytes = i64::try_from(*bytes).unwrap_or(0);
    }
    let title = block.find_class("title").map(Element::words);
    let clock = block.find_class("video_duration").or_else(|| block.find_class("status")).map(Element::words);
    let seconds = clock.as_deref().and_then(seconds).unwrap_or(0);
    match kind {
        MediaKind::Video | MediaKind::Animation => {
            file.video = Some(Box::new(Video {
                pixels: PixelSize { width: 0, height: 0 },
                seconds: f64::from(seconds),
                is_round: block
                    .attribute("href")
                    .is_some_and(|path| path.starts_with("round_video_messages/")),
                is_streamable: false,
                is_silent: kind == MediaKind::Animation,
                codec: None,
                still_at_seconds: None,
                preload_bytes: None,
            }));
            file.is_animated = kind == MediaKind::Animation;
            if file.video.as_ref().is_some_and(|video| video.is_round) {
                media.kind = MediaKind::VideoNote;
            }
        }
        MediaKind::Voice | MediaKind::Audio => {
            let is_voice = kind == MediaKind::Voice;
            let title = title.filter(|_| !is_voice);
            file.audio = Some(Box::new(Audio { seconds, is_voice, title, performer: None, waveform: None }));
        }
        MediaKind::Document => file.name = title,
        _ => {}
    }
    media.file = Some(Box::new(file));
    Some((media, Some(found)))
}

/// `01:02:03`, with other words behind.
fn seconds(clock: &str) -> Option<i32> {
    let first = clock.split([',', ' ']).next()?;
    let mut seconds = 0_i32;
    for part in first.split(':').map(str::parse::<i32>) {
        seconds = seconds.checked_mul(60)?.checked_add(part.ok()?)?;
    }
    first.contains(':').then_some(seconds)
}

fn detail(kind: MediaKind, block: &Element) -> Option<Box<Detail>> {
    let words = |class| block.find_class(class).map(Element::words).unwrap_or_default();
    match kind {
        MediaKind::Contact => Some(Box::new(Detail::Contact(Contact {
            phone: words("status"),
            first_name: words("title"),
            last_name: String::new(),
            vcard: String::new(),
            user: PeerId(0),
        }))),
        MediaKind::Place => {
            let query = block.attribute("href")?.split_once("q=")?.1;
            let point = query.split('&').next()?;
            let (latitude, longitude) = point.split_once(',')?;
            Some(Box::new(Detail::Place(Place {
                latitude: latitude.parse().ok()?,
                longitude: longitude.parse().ok()?,
                access_hash: 0,
                accuracy_meters: None,
                venue: None,
                live: None,
            })))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_need_an_offset_or_a_zone() {
        let at = |text: &str| Moment::At(text.parse().unwrap());
        assert_eq!(moment("17.03.2019 18:33:43 UTC+01:00", None), at("2019-03-17T17:33:43Z"));
        assert_eq!(moment("17.03.2019 18:33:43 UTC-03:30", None), at("2019-03-17T22:03:43Z"));
        assert_eq!(moment("17.03.2019 18:33:43", None), Moment::NoTimezone);
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        assert_eq!(moment("17.07.2019 18:33:43", Some(&madrid)), at("2019-07-17T16:33:43Z"));
        assert_eq!(moment("yesterday", None), Moment::Unclear);
        assert_eq!(moment("17.13.2019 18:33:43 UTC+01:00", None), Moment::Unclear);
    }

    #[test]
    fn lengths_are_read_off_the_clock() {
        assert_eq!(seconds("00:03, 10.2 KB"), Some(3));
        assert_eq!(seconds("1:02:03"), Some(3723));
        assert_eq!(seconds("10.2 KB"), None);
    }
}
