//! What exporters that write for people say of a message in the same way.

use tapedeck_plugin::{MediaKind, Message, chats::Chat, marks};

use crate::{Forward, Media, People, Reactions, facts};

/// What a chat is called; its id where it has no title.
pub fn title(chat: &Chat) -> String {
    if chat.title.is_empty() { chat.id.to_string() } else { chat.title.clone() }
}

/// Whose it was, of a message that was forwarded: empty where nobody says.
pub fn forwarded<'a>(message: &Message<'_>, people: &'a People) -> Option<std::borrow::Cow<'a, str>> {
    if !message.is(marks::FORWARDED) {
        return None;
    }
    let forward: Forward = facts(message, "forward").unwrap_or_default();
    Some(match forward.from_name {
        Some(name) => name.into(),
        None => forward.from.map_or("", |id| people.named(id).name).into(),
    })
}

/// Telegram moves the date of the edit when reactions come, and says so.
pub fn is_edited(message: &Message<'_>) -> bool {
    message.edit_date().is_some() && !message.is(marks::HIDES_EDIT)
}

/// What hangs on a message; the preview of a link says nothing that the link does not.
pub fn attached(message: &Message<'_>) -> Option<Media> {
    match message.media() {
        MediaKind::Nothing | MediaKind::WebPage => None,
        _ => facts(message, "media"),
    }
}

/// `👍 3  ❤ 1`
pub fn reacted(message: &Message<'_>) -> Option<String> {
    if !message.is(marks::HAS_REACTIONS) {
        return None;
    }
    let reactions: Reactions = facts(message, "reactions").unwrap_or_default();
    let counts = reactions.counts.iter().map(|it| format!("{} {}", it.reaction.shown(), it.count));
    Some(counts.collect::<Vec<_>>().join("  "))
}

#[cfg(test)]
mod tests {
    use tapedeck_plugin::testing::{Batch, Draft, message};

    use super::*;

    fn of<T>(draft: Draft, ask: impl Fn(&Message<'_>) -> T) -> T {
        let batch: Batch = [draft].into_iter().collect();
        let messages = batch.messages();
        ask(&messages.iter().next().unwrap())
    }

    #[test]
    fn origins_have_names_or_none() {
        let people = People::of_account(None);
        let whose = |draft| of(draft, |message| forwarded(message, &people).map(String::from));
        assert_eq!(whose(message("x")), None);
        assert_eq!(whose(message("x").mark(marks::FORWARDED)).as_deref(), Some(""));
        let named = message("x").mark(marks::FORWARDED).extra("forward", r#"{"from_name":"Ada"}"#);
        assert_eq!(whose(named).as_deref(), Some("Ada"));
    }

    #[test]
    fn reactions_stand_in_a_line() {
        let counts =
            r#"{"counts":[{"reaction":{"emoji":"👍"},"count":3},{"reaction":{"emoji":"❤"},"count":1}]}"#;
        let draft = message("x").mark(marks::HAS_REACTIONS).extra("reactions", counts);
        assert_eq!(of(draft, reacted).as_deref(), Some("👍 3  ❤ 1"));
        assert_eq!(of(message("x"), reacted), None);
    }

    #[test]
    fn chats_without_a_title_have_their_id() {
        let chat = Chat { id: -7, ..Chat::default() };
        assert_eq!(title(&chat), "-7");
    }
}
