//! Service actions by the names that Telegram Desktop has for them.

use tapedeck_messages::{Action, Files, People};
use tapedeck_plugin::{Message, json};

use crate::{media, named, nullable};

/// Names that say everything, with nothing behind.
const PLAIN: &[(&str, &str)] = &[
    ("chat_delete_photo", "delete_group_photo"),
    ("chat_joined_by_request", "join_group_by_request"),
    ("chat_migrate_to", "migrate_to_supergroup"),
    ("history_clear", "clear_history"),
    ("screenshot_taken", "take_screenshot"),
    ("contact_sign_up", "joined_telegram"),
    ("set_chat_wall_paper", "set_chat_wallpaper"),
    ("bot_allowed", "allow_sending_messages"),
    ("secure_values_sent", "send_passport_values"),
    ("secure_values_sent_me", "send_passport_values"),
    ("group_call", "group_call"),
    ("giveaway_launch", "giveaway_launch"),
    ("star_gift", "send_star_gift"),
    ("star_gift_unique", "send_star_gift"),
    ("suggest_birthday", "suggest_birthday"),
];

pub(crate) fn write(object: &mut json::Object<'_>, action: &Action, message: &Message<'_>, people: &People) {
    let title = || action.title.as_deref().or_else(|| action.text("title")).unwrap_or_default();
    let mut known = |name: &str| object.string("action", name);
    match action.name.as_str() {
        "chat_create" => {
            known("create_group");
            object.string("title", title());
            members(object, action, people);
        }
        "channel_create" => titled(object, "create_channel", title()),
        "channel_migrate_from" => titled(object, "migrate_from_group", title()),
        "chat_edit_title" => titled(object, "edit_group_title", title()),
        "topic_create" => titled(object, "topic_created", title()),
        "topic_edit" => {
            known("topic_edit");
            if !title().is_empty() {
                object.string("new_title", title());
            }
            if let Some(icon) = action.number("icon_emoji_id") {
                object.integer("new_icon_emoji_id", icon);
            }
        }
        name @ ("chat_edit_photo" | "suggest_profile_photo") => {
            known(if name == "chat_edit_photo" { "edit_group_photo" } else { "suggest_profile_photo" });
            if let Some(photo) = &action.photo {
                media::write_photo(object, photo, &Files::of(message));
            }
        }
        "chat_add_user" => {
            known("invite_members");
            members(object, action, people);
        }
        "chat_delete_user" => {
            known("remove_members");
            members(object, action, people);
        }
        "chat_joined_by_link" => {
            known("join_group_by_link");
            let inviter = action.users.first().map_or("Group", |&id| people.named(id).name);
            nullable(object, "inviter", inviter);
        }
        "invite_to_group_call" => {
            known("invite_to_group_call");
            members(object, action, people);
        }
        "pin_message" => {
            known("pin_message");
            if let Some(id) = message.reply_to_id() {
                object.integer("message_id", id);
            }
        }
        "game_score" => {
            known("score_in_game");
            if let Some(id) = message.reply_to_id() {
                object.integer("game_message_id", id);
            }
            numbers(object, action, &[("score", "score")]);
        }
        "payment_sent" | "payment_sent_me" => {
            known("send_payment");
            numbers(object, action, &[("total_amount", "amount")]);
            texts(object, action, &[("currency", "currency")]);
            if let Some(id) = message.reply_to_id() {
                object.integer("invoice_message_id", id);
            }
        }
        "phone_call" => {
            known("phone_call");
            numbers(object, action, &[("duration", "duration_seconds")]);
            let reason = match action.constructor("reason") {
                Some("phoneCallDiscardReasonBusy") => "busy",
                Some("phoneCallDiscardReasonDisconnect") => "disconnect",
                Some("phoneCallDiscardReasonHangup") => "hangup",
                Some("phoneCallDiscardReasonMissed") => "missed",
                _ => "",
            };
            if !reason.is_empty() {
                object.string("discard_reason", reason);
            }
        }
        "geo_proximity_reached" => {
            known("proximity_reached");
            for (field, names) in [("from_id", ["from", "from_id"]), ("to_id", ["to", "to_id"])] {
                if let Some(id) = action.peer(field) {
                    named(object, names, people.named(id));
                }
            }
            numbers(object, action, &[("distance", "distance")]);
        }
        "set_messages_ttl" => counted(object, action, "set_messages_ttl", &[("period", "period")]),
        "group_call_scheduled" => {
            counted(object, action, "group_call_scheduled", &[("schedule_date", "schedule_date")]);
        }
        "boost_apply" => counted(object, action, "boost_apply", &[("boosts", "boosts")]),
        "gift_premium" => {
            counted(object, action, "send_premium_gift", &[("amount", "cost"), ("months", "months")]);
        }
        "gift_stars" => counted(object, action, "send_stars_gift", &[("amount", "cost"), ("stars", "stars")]),
        "gift_code" => counted(object, action, "gift_code_prize", &[("months", "months")]),
        "giveaway_results" => counted(
            object,
            action,
            "giveaway_results",
            &[("winners_count", "winners"), ("unclaimed_count", "unclaimed")],
        ),
        "payment_refunded" => {
            counted(object, action, "refunded_payment", &[("total_amount", "amount")]);
            texts(object, action, &[("currency", "currency")]);
        }
        "set_chat_theme" => {
            known("edit_chat_theme");
            texts(object, action, &[("emoticon", "emoticon")]);
        }
        "web_view_data_sent" | "web_view_data_sent_me" => {
            known("send_webview_data");
            texts(object, action, &[("text", "text_of_button")]);
        }
        "requested_peer" | "requested_peer_sent_me" => {
            counted(object, action, "requested_peer", &[("button_id", "button_id")]);
        }
        "custom_action" => {
            known("custom_action");
            texts(object, action, &[("message", "message")]);
        }
        name => match PLAIN.iter().find(|(ours, _)| *ours == name) {
            Some((_, theirs)) => {
                known(theirs);
                numbers(object, action, &[("duration", "duration")]);
            }
            // Newer than this: by Telegram's own name.
            None => known(name),
        },
    }
}

fn titled(object: &mut json::Object<'_>, name: &str, title: &str) {
    object.string("action", name);
    object.string("title", title);
}

fn counted(object: &mut json::Object<'_>, action: &Action, name: &str, fields: &[(&str, &str)]) {
    object.string("action", name);
    numbers(object, action, fields);
}

fn numbers(object: &mut json::Object<'_>, action: &Action, fields: &[(&str, &str)]) {
    for (theirs, ours) in fields {
        action.number(theirs).iter().for_each(|&number| object.integer(ours, number));
    }
}

fn texts(object: &mut json::Object<'_>, action: &Action, fields: &[(&str, &str)]) {
    for (theirs, ours) in fields {
        action.text(theirs).iter().for_each(|text| object.string(ours, text));
    }
}

/// Names alone, null for who has none.
fn members(object: &mut json::Object<'_>, action: &Action, people: &People) {
    object.array("members", |list| {
        for &id in &action.users {
            match people.named(id).name {
                "" => list.raw(b"null"),
                name => list.string(name),
            }
        }
    });
}
