//! Service messages: Telegram Desktop's words for what happened, and Telegram's own.

use serde_json::{Map, Value};

use super::peer;
use crate::{
    import::fields::Fields,
    model::{Action, Extra, PeerId},
};

/// Telegram Desktop's name, and Telegram's where it is another.
const NAMES: &[(&str, &str)] = &[
    ("create_group", "chat_create"),
    ("edit_group_title", "chat_edit_title"),
    ("edit_group_photo", "chat_edit_photo"),
    ("delete_group_photo", "chat_delete_photo"),
    ("invite_members", "chat_add_user"),
    ("remove_members", "chat_delete_user"),
    ("join_group_by_link", "chat_joined_by_link"),
    ("join_group_by_request", "chat_joined_by_request"),
    ("create_channel", "channel_create"),
    ("migrate_to_supergroup", "chat_migrate_to"),
    ("migrate_from_group", "channel_migrate_from"),
    ("pin_message", "pin_message"),
    ("clear_history", "history_clear"),
    ("score_in_game", "game_score"),
    ("send_payment", "payment_sent"),
    ("refunded_payment", "payment_refunded"),
    ("phone_call", "phone_call"),
    ("conference_call", "conference_call"),
    ("take_screenshot", "screenshot_taken"),
    ("custom_action", "custom_action"),
    ("attach_menu_bot_allowed", "bot_allowed"),
    ("web_app_bot_allowed", "bot_allowed"),
    ("allow_sending_messages", "bot_allowed"),
    ("send_passport_values", "secure_values_sent"),
    ("joined_telegram", "contact_sign_up"),
    ("requested_phone_number", "contact_sign_up"),
    ("proximity_reached", "geo_proximity_reached"),
    ("group_call", "group_call"),
    ("invite_to_group_call", "invite_to_group_call"),
    ("group_call_scheduled", "group_call_scheduled"),
    ("set_messages_ttl", "set_messages_ttl"),
    ("edit_chat_theme", "set_chat_theme"),
    ("send_webview_data", "web_view_data_sent"),
    ("send_premium_gift", "gift_premium"),
    ("topic_created", "topic_create"),
    ("topic_edit", "topic_edit"),
    ("suggest_profile_photo", "suggest_profile_photo"),
    ("set_chat_wallpaper", "set_chat_wall_paper"),
    ("set_same_chat_wallpaper", "set_chat_wall_paper"),
    ("requested_peer", "requested_peer"),
    ("gift_code_prize", "gift_code"),
    ("send_gift_code", "gift_code"),
    ("giveaway_launch", "giveaway_launch"),
    ("giveaway_results", "giveaway_results"),
    ("boost_apply", "boost_apply"),
    ("send_stars_gift", "gift_stars"),
    ("send_ton_gift", "gift_ton"),
    ("stars_prize", "prize_stars"),
    ("send_star_gift", "star_gift"),
    ("star_gift_unique", "star_gift_unique"),
    ("paid_messages_refund", "paid_messages_refunded"),
    ("paid_messages_price_change", "paid_messages_price"),
    ("todo_completions", "todo_completions"),
    ("todo_append_tasks", "todo_append_tasks"),
    ("suggested_post_approval", "suggested_post_approval"),
    ("suggested_post_success", "suggested_post_success"),
    ("suggested_post_refund", "suggested_post_refund"),
    ("suggest_birthday", "suggest_birthday"),
    ("no_forwards_toggle", "no_forwards_toggle"),
    ("no_forwards_request", "no_forwards_request"),
];

/// A name that nobody knows yet stays as it is.
pub(super) fn name(desktop: &str) -> String {
    let known = NAMES.iter().find(|(theirs, _)| *theirs == desktop);
    known.map_or(desktop, |(_, ours)| ours).to_owned()
}

/// All fields of the service message that are not of every message.
pub(super) fn action(desktop_name: &str, mut fields: Fields) -> Action {
    let title =
        fields.get("title").or_else(|| fields.get("new_title")).and_then(Value::as_str).map(str::to_owned);
    let users = users(&mut fields);
    let mut extra: Map<String, Value> = fields.rest();
    let name = name(desktop_name);
    if name != desktop_name {
        extra.insert("action".into(), desktop_name.into());
    }
    Action { name, users, title, migration: None, photo: None, extra: Extra::from(extra) }
}

/// Members are told by name alone; these are the few ids there are.
fn users(fields: &mut Fields) -> Vec<PeerId> {
    ["from_id", "to_id", "boost_peer_id"].iter().filter_map(|name| peer::peer(fields.get(name)?)).collect()
}
