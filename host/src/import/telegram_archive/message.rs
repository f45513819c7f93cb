//! One row of Telegram-Archive's messages, with what hangs on it.

use serde_json::Value;

use super::{media, text};
use crate::{
    archive::Version,
    import::{blank, fields::Fields, folder::Folder, kind::Kind, source::ToldMessage, sqlite::take_moment},
    model::{
        Action, Blob, ChatKind, Detail, Extra, Forward, Media, MediaKind, Message, MessageId, Migration,
        PeerId, Poll, PollAnswer, PollResults, PollVotes, Reaction, ReactionCount, Reactions, Reply,
        RichText, WebPage,
    },
};

/// Rows of other tables.
pub(super) struct Beside {
    pub(super) media: Vec<Fields>,
    pub(super) reactions: Vec<Fields>,
    pub(super) versions: Vec<Fields>,
}

pub(super) struct Place<'a> {
    pub(super) chat: PeerId,
    pub(super) kind: ChatKind,
    pub(super) is_forum: bool,
    pub(super) folder: Option<&'a Folder>,
}

pub(super) fn message(
    mut row: Fields,
    beside: Beside,
    place: &Place<'_>,
) -> Result<ToldMessage, &'static str> {
    let id = row.number("id").and_then(|id| i32::try_from(id).ok()).filter(|id| *id != 0);
    let id = MessageId(id.ok_or("its id is no id of a message")?);
    let date = take_moment(&mut row, "date").ok_or("it has no date")?;
    let mut message = blank::message(Kind::TelegramArchive, place.chat, id, date);
    message.edited = take_moment(&mut row, "edit_date");
    message.sender = row.number("sender_id").filter(|id| *id != 0).map(PeerId);
    message.marks.is_outgoing = row.flag("is_outgoing");
    message.marks.is_pinned = row.flag("is_pinned");
    message.marks.is_post = place.kind == ChatKind::Channel;
    message.reply = reply(&mut row, place);
    let raw = row.text("raw_data").and_then(|raw| serde_json::from_str(&raw).ok()).and_then(Fields::of);
    let raw = raw.or_else(|| row.object("raw_data"));
    let mut raw = raw.unwrap_or_default();
    message.album = raw.number("grouped_id");
    message.signature = raw.text("post_author");
    message.forward = forward(&mut row, &mut raw, &mut message);
    let written = row.text("text").unwrap_or_default();
    message.action = action(&mut raw, &written);
    if message.action.is_none() && !written.is_empty() {
        let text = text::unrendered(&written);
        (message.text, message.entities) = (text.text, text.entities);
        message.set_rendered_text(true);
    }
    message.reactions = reactions(beside.reactions);
    let mut found = None;
    if let Some(row) = beside.media.into_iter().next().or_else(|| inline_media(&mut row)) {
        let (media, file) = media::media(row, place.folder, date);
        message.media = Some(Box::new(media));
        found = file;
    }
    detail(&mut message, &mut raw);
    blank::keep_rest(&mut message, raw.rest());
    let mut told = ToldMessage::new(message);
    told.file = found;
    told.sender_name = row.text("sender_name").filter(|name| !name.is_empty());
    if row.flag("is_deleted") {
        told.deleted = Some(take_moment(&mut row, "deleted_at").unwrap_or(date));
    }
    told.versions = beside.versions.into_iter().filter_map(version).collect();
    Ok(told)
}

fn reply(row: &mut Fields, place: &Place<'_>) -> Option<Box<Reply>> {
    let message = row.number("reply_to_msg_id").and_then(|id| i32::try_from(id).ok()).map(MessageId);
    let thread = row.number("reply_to_top_id").and_then(|id| i32::try_from(id).ok()).map(MessageId);
    let quote_text = row.text("reply_to_text").filter(|text| !text.is_empty());
    if message.is_none() && thread.is_none() {
        return None;
    }
    Some(Box::new(Reply {
        message,
        thread,
        is_in_topic: place.is_forum && thread.is_some(),
        quote_text,
        ..Reply::default()
    }))
}

/// When the original was written was not kept.
fn forward(row: &mut Fields, raw: &mut Fields, message: &mut Message) -> Option<Box<Forward>> {
    let from = row.number("forward_from_id").filter(|id| *id != 0).map(PeerId);
    let from_name = raw.text("forward_from_name");
    if from.is_none() && from_name.is_none() {
        return None;
    }
    blank::keep(message, "forward_date", "unknown".into());
    Some(Box::new(Forward {
        date: message.date,
        from,
        from_name,
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
    }))
}

/// The text of a service message is a sentence that the tool made up.
fn action(raw: &mut Fields, written: &str) -> Option<Box<Action>> {
    let is_service = raw.has("service_type") || raw.has("action_type");
    if !is_service {
        return None;
    }
    raw.take("service_type");
    let name = raw.text("action_type").unwrap_or_else(|| "custom_action".into());
    let migration = match (raw.number("migrate_to_id"), raw.number("migrate_from_id")) {
        (Some(to), _) => Some(Migration::To(marked(to, PeerId::channel))),
        (None, Some(from)) => Some(Migration::From(marked(from, PeerId::group))),
        (None, None) => None,
    };
    let mut extra = Extra::default();
    if !written.is_empty() {
        extra.insert("message", written.into());
    }
    Some(Box::new(Action {
        name,
        users: Vec::new(),
        title: raw.text("new_title"),
        migration,
        photo: None,
        extra,
    }))
}

fn marked(id: i64, mark: impl Fn(i64) -> PeerId) -> PeerId {
    if id < 0 { PeerId(id) } else { mark(id) }
}

/// Up to version 5.
fn inline_media(row: &mut Fields) -> Option<Fields> {
    let kind = row.text("media_type").filter(|kind| !kind.is_empty())?;
    let path = row.text("media_path");
    Fields::of(serde_json::json!({ "type": kind, "file_path": path }))
}

/// What the JSON beside the columns tells of media.
fn detail(message: &mut Message, raw: &mut Fields) {
    if let Some(asked) = raw.get("poll").cloned().and_then(Fields::of).and_then(poll) {
        raw.take("poll");
        let mut media = blank::media(MediaKind::Poll);
        media.detail = Some(Box::new(Detail::Poll(asked)));
        message.media = Some(Box::new(media));
    }
    if message.media.is_none()
        && let Some(page) = raw.object("webpage").and_then(web_page)
    {
        message.media = Some(Box::new(page));
    }
}

fn web_page(mut page: Fields) -> Option<Media> {
    let url = page.text("url")?;
    let mut media = blank::media(MediaKind::WebPage);
    media.detail = Some(Box::new(Detail::WebPage(WebPage {
        id: 0,
        display_url: page.text("display_url").unwrap_or_default(),
        url,
        kind: None,
        site: page.text("site_name"),
        title: page.text("title"),
        description: page.text("description"),
        author: None,
    })));
    Some(media)
}

fn poll(mut fields: Fields) -> Option<Poll> {
    let plain = |text: String| RichText { text, entities: Vec::new() };
    let option = |fields: &mut Fields| serde_json::from_value::<Blob>(fields.take("option")?).ok();
    let question = plain(fields.text("question")?);
    let mut answers = Vec::new();
    for answer in fields.list("answers")? {
        let mut answer = Fields::of(answer)?;
        let number = u8::try_from(answers.len()).ok()?;
        let option = option(&mut answer).unwrap_or_else(|| Blob(vec![number]));
        answers.push(PollAnswer {
            text: plain(answer.text("text").unwrap_or_default()),
            option,
            extra: answer.rest().into(),
        });
    }
    let mut results = fields.object("results").unwrap_or_default();
    let vote = |value: Value| {
        let mut vote = Fields::of(value)?;
        Some(PollVotes {
            option: option(&mut vote)?,
            voters: vote.small("voters"),
            recent: None,
            is_chosen: vote.flag("chosen"),
            is_correct: vote.flag("correct"),
        })
    };
    let votes = results.list("results").map(|votes| votes.into_iter().filter_map(vote).collect());
    Some(Poll {
        id: fields.number("id").unwrap_or(0),
        question,
        answers,
        is_closed: fields.flag("closed"),
        is_quiz: fields.flag("quiz"),
        is_multiple_choice: fields.flag("multiple_choice"),
        has_public_voters: fields.flag("public_voters"),
        close_date: None,
        results: PollResults { total: results.small("total_voters"), votes, ..PollResults::default() },
        extra: fields.rest().into(),
    })
}

/// Old versions had a row for each person. Those that were taken back are no reactions any more.
fn reactions(rows: Vec<Fields>) -> Option<Box<Reactions>> {
    let mut counts: Vec<ReactionCount> = Vec::new();
    for mut row in rows {
        if row.has("removed_at") {
            continue;
        }
        let Some(emoji) = row.text("emoji") else { continue };
        let count = row.small("count").filter(|count| *count > 0).unwrap_or(1);
        let reaction = match emoji.strip_prefix("custom_").and_then(|id| id.parse().ok()) {
            Some(document) => Reaction::Custom(document),
            None if emoji == "paid" => Reaction::Paid,
            None => Reaction::Emoji(emoji),
        };
        match counts.iter_mut().find(|it| it.reaction == reaction) {
            Some(same) => same.count = same.count.saturating_add(count),
            None => counts.push(ReactionCount { reaction, count, chosen: None }),
        }
    }
    (!counts.is_empty()).then(|| Box::new(Reactions { counts, is_partial: true, ..Reactions::default() }))
}

fn version(mut row: Fields) -> Option<Version> {
    let since = take_moment(&mut row, "date")?;
    let text = text::unrendered(&row.text("text")?);
    let captured = take_moment(&mut row, "captured_at").unwrap_or(since);
    Some(Version { text: text.text, entities: text.entities, since, captured })
}
