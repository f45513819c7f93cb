//! Service messages as sentences.

use crate::{amount::clock, facts::Action, people::People};

/// What happened, told by who did it: `Ana added Bo`.
pub fn sentence(action: &Action, actor: &str, people: &People) -> String {
    let actor = if actor.is_empty() { "Somebody" } else { actor };
    let name = |id: i64| match people.named(id).name {
        "" => format!("user {id}"),
        name => name.to_owned(),
    };
    let users = || match action.users.as_slice() {
        [] => "somebody".to_owned(),
        users => users.iter().map(|&id| name(id)).collect::<Vec<_>>().join(", "),
    };
    let title = action.title.as_deref().or_else(|| action.text("title")).unwrap_or_default();
    let number = |name| action.number(name).unwrap_or(0);
    let text = |name| action.text(name).unwrap_or_default();
    let peer = |field| action.peer(field).map_or_else(|| "somebody".to_owned(), name);
    let is_alone = |id: i64| people.named(id).name == actor;
    match action.name.as_str() {
        "chat_create" => format!("{actor} made the group “{title}”"),
        "channel_create" => format!("“{title}” was made"),
        "chat_edit_title" => format!("{actor} changed the title to “{title}”"),
        "chat_edit_photo" => format!("{actor} changed the picture"),
        "chat_delete_photo" => format!("{actor} removed the picture"),
        "chat_add_user" if action.users.iter().all(|&id| is_alone(id)) => format!("{actor} joined"),
        "chat_add_user" => format!("{actor} added {}", users()),
        "chat_delete_user" if action.users.iter().all(|&id| is_alone(id)) => format!("{actor} left"),
        "chat_delete_user" => format!("{actor} removed {}", users()),
        "chat_joined_by_link" => format!("{actor} joined by a link"),
        "chat_joined_by_request" => format!("{actor} was let in"),
        "chat_migrate_to" => "The group became a supergroup".to_owned(),
        "channel_migrate_from" => format!("The group “{title}” became this supergroup"),
        "pin_message" => format!("{actor} pinned a message"),
        "history_clear" => "The history was cleared".to_owned(),
        "game_score" => format!("{actor} scored {}", number("score")),
        "payment_sent" | "payment_sent_me" => {
            format!("{actor} paid {} {}", number("total_amount"), text("currency"))
        }
        "phone_call" => match action.number("duration") {
            Some(seconds) => format!("Call, {}", clock(seconds.unsigned_abs())),
            None => format!("Call, {}", call_end(action.constructor("reason"))),
        },
        "screenshot_taken" => format!("{actor} took a screenshot"),
        "bot_allowed" => format!("{actor} let the bot write"),
        "contact_sign_up" => format!("{actor} joined Telegram"),
        "geo_proximity_reached" => {
            format!("{} came within {} m of {}", peer("from_id"), number("distance"), peer("to_id"))
        }
        "group_call" => match action.number("duration") {
            Some(seconds) => format!("Group call, {}", clock(seconds.unsigned_abs())),
            None => format!("{actor} started a group call"),
        },
        "group_call_scheduled" => format!("{actor} planned a group call"),
        "invite_to_group_call" => format!("{actor} invited {} to the call", users()),
        "set_messages_ttl" => match number("period") {
            0 => format!("{actor} switched off the automatic deletion of messages"),
            seconds => format!("{actor} made messages delete themselves after {}", period(seconds)),
        },
        "set_chat_theme" => format!("{actor} changed the theme"),
        "set_chat_wall_paper" => format!("{actor} changed the wallpaper"),
        "topic_create" => format!("{actor} made the topic “{title}”"),
        "topic_edit" if title.is_empty() => format!("{actor} changed the topic"),
        "topic_edit" => format!("{actor} called the topic “{title}”"),
        "suggest_profile_photo" => format!("{actor} suggested a picture"),
        "gift_premium" => format!("{actor} gave Premium for {} months", number("months")),
        "gift_stars" => format!("{actor} gave {} stars", number("stars")),
        "star_gift" | "star_gift_unique" => format!("{actor} sent a gift"),
        "gift_code" => format!("A gift code for {} months of Premium", number("months")),
        "giveaway_launch" => format!("{actor} started a giveaway"),
        "giveaway_results" => format!("The giveaway has {} winners", number("winners_count")),
        "boost_apply" => format!("{actor} boosted {} times", number("boosts").max(1)),
        "payment_refunded" => {
            format!("{} was paid back {} {}", peer("peer"), number("total_amount"), text("currency"))
        }
        "custom_action" => text("message").to_owned(),
        "web_view_data_sent" | "web_view_data_sent_me" => {
            format!("{actor} sent data to the bot: {}", text("text"))
        }
        "secure_values_sent" | "secure_values_sent_me" => format!("{actor} sent documents to the bot"),
        "requested_peer" | "requested_peer_sent_me" => format!("{actor} shared somebody with the bot"),
        other => format!("{actor}: {}", other.replace('_', " ")),
    }
}

fn call_end(reason: Option<&str>) -> &'static str {
    match reason {
        Some("phoneCallDiscardReasonMissed") => "missed",
        Some("phoneCallDiscardReasonBusy") => "declined",
        Some("phoneCallDiscardReasonDisconnect") => "disconnected",
        _ => "ended",
    }
}

fn period(seconds: i64) -> String {
    let said =
        |number: i64, unit: &str| if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") };
    match seconds {
        s if s % 86_400 == 0 => said(s / 86_400, "day"),
        s if s % 3_600 == 0 => said(s / 3_600, "hour"),
        s if s % 60 == 0 => said(s / 60, "minute"),
        s => said(s, "second"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tapedeck_plugin::chats::Person;

    use super::*;

    fn said(action: Value) -> String {
        let mut people = People::default();
        for (id, name) in [(7, "Ana"), (8, "Bo")] {
            people.introduce(vec![Person { id, name: name.into(), ..Person::default() }]);
        }
        sentence(&serde_json::from_value(action).unwrap(), "Ana", &people)
    }

    #[test]
    fn actions_read_as_sentences() {
        for (action, words) in [
            (json!({ "name": "chat_add_user", "users": [8, 9] }), "Ana added Bo, user 9"),
            (json!({ "name": "chat_add_user", "users": [7] }), "Ana joined"),
            (json!({ "name": "chat_delete_user", "users": [7] }), "Ana left"),
            (json!({ "name": "chat_edit_title", "title": "Tea" }), "Ana changed the title to “Tea”"),
            (json!({ "name": "phone_call", "extra": { "duration": 65 } }), "Call, 1:05"),
            (
                json!({ "name": "phone_call", "extra": { "reason": { "_": "phoneCallDiscardReasonMissed" } } }),
                "Call, missed",
            ),
            (
                json!({ "name": "set_messages_ttl", "extra": { "period": 86400 } }),
                "Ana made messages delete themselves after 1 day",
            ),
            (json!({ "name": "something_newer" }), "Ana: something newer"),
        ] {
            assert_eq!(said(action), words);
        }
    }
}
