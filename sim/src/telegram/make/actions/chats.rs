//! What happens to a chat and its members.

use grammers_tl_types::{
    enums::{InputGroupCall, MessageAction},
    types,
};

use super::Scene;

pub(crate) fn group_created(title: &str, users: &[i64]) -> MessageAction {
    types::MessageActionChatCreate { title: title.into(), users: users.to_vec() }.into()
}

pub(crate) fn channel_created(title: &str) -> MessageAction {
    types::MessageActionChannelCreate { title: title.into() }.into()
}

pub(crate) fn migrated_to(channel_id: i64) -> MessageAction {
    types::MessageActionChatMigrateTo { channel_id }.into()
}

pub(crate) fn migrated_from(title: &str, chat_id: i64) -> MessageAction {
    types::MessageActionChannelMigrateFrom { title: title.into(), chat_id }.into()
}

pub(crate) fn topic_created(title: &str, color: usize) -> MessageAction {
    let icon_color = [0x6f_b9f0, 0xff_d67e, 0xcb_86db, 0x8e_ee98, 0xff_93b2, 0xfb_6f5f][color % 6];
    let (title_missing, icon_emoji_id) = (false, None);
    types::MessageActionTopicCreate { title_missing, title: title.into(), icon_color, icon_emoji_id }.into()
}

pub(super) fn add_user(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionChatAddUser { users: vec![scene.member()] }.into()
}

pub(super) fn delete_user(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionChatDeleteUser { user_id: scene.member() }.into()
}

pub(super) fn joined_by_link(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionChatJoinedByLink { inviter_id: scene.member() }.into()
}

pub(super) fn edit_title(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionChatEditTitle { title: scene.label() }.into()
}

pub(super) fn edit_photo(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionChatEditPhoto { photo: scene.photo() }.into()
}

pub(super) fn edit_topic(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionTopicEdit {
        title: Some(scene.label()),
        icon_emoji_id: Some(scene.dice.long()),
        closed: Some(scene.dice.one_in(2)),
        hidden: None,
    }
    .into()
}

fn call(scene: &mut Scene<'_>) -> InputGroupCall {
    types::InputGroupCall { id: scene.dice.long(), access_hash: scene.dice.long() }.into()
}

pub(super) fn group_call(scene: &mut Scene<'_>) -> MessageAction {
    let duration = scene.dice.one_in(2).then_some(754);
    types::MessageActionGroupCall { call: call(scene), duration }.into()
}

pub(super) fn invite_to_call(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionInviteToGroupCall { call: call(scene), users: vec![scene.member(), scene.me] }.into()
}

pub(super) fn call_scheduled(scene: &mut Scene<'_>) -> MessageAction {
    let schedule_date = scene.date + 3_600;
    types::MessageActionGroupCallScheduled { call: call(scene), schedule_date }.into()
}

pub(super) fn set_ttl(scene: &mut Scene<'_>) -> MessageAction {
    let period = scene.dice.pick(&[0, 86_400, 604_800]);
    let auto_setting_from = scene.dice.one_in(2).then_some(scene.from);
    types::MessageActionSetMessagesTtl { period, auto_setting_from }.into()
}

pub(super) fn set_theme(_: &mut Scene<'_>) -> MessageAction {
    let theme = types::ChatTheme { emoticon: "🌷".into() }.into();
    types::MessageActionSetChatTheme { theme }.into()
}

pub(super) fn wallpaper(scene: &mut Scene<'_>) -> MessageAction {
    let settings = types::WallPaperSettings {
        blur: false,
        motion: true,
        background_color: Some(0x12_3456),
        second_background_color: Some(0x65_4321),
        third_background_color: None,
        fourth_background_color: None,
        intensity: Some(40),
        rotation: Some(45),
        emoticon: None,
    };
    let (default, dark) = (false, true);
    let wallpaper =
        types::WallPaperNoFile { id: scene.dice.long(), default, dark, settings: Some(settings.into()) };
    let (same, for_both) = (false, true);
    types::MessageActionSetChatWallPaper { same, for_both, wallpaper: wallpaper.into() }.into()
}

pub(super) fn boost(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionBoostApply { boosts: scene.dice.between(1, 9) }.into()
}

pub(super) fn creator_pending(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionNewCreatorPending { new_creator_id: scene.member() }.into()
}

pub(super) fn creator_changed(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionChangeCreator { new_creator_id: scene.member() }.into()
}

pub(super) fn no_forwards(_: &mut Scene<'_>) -> MessageAction {
    types::MessageActionNoForwardsToggle { prev_value: false, new_value: true }.into()
}

pub(super) fn no_forwards_request(scene: &mut Scene<'_>) -> MessageAction {
    let expired = scene.dice.one_in(2);
    types::MessageActionNoForwardsRequest { expired, prev_value: true, new_value: false }.into()
}

pub(super) fn community(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionChangeCommunity { community_id: Some(scene.channel) }.into()
}

pub(super) fn joined_via_community(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionChatJoinedViaCommunity { community_id: scene.channel }.into()
}
