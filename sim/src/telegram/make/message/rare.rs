use grammers_tl_types::{
    enums::{PageBlock, RichText},
    types,
};

use super::{
    super::scene::{Scene, user},
    Spot,
};

/// Fields that few messages have, some at a time.
pub(super) fn mark(spot: &Spot<'_>, scene: &mut Scene<'_>, message: &mut types::Message) {
    match spot.turn(8) {
        0 => {
            message.ttl_period = Some(604_800);
            message.effect = Some(scene.dice.long());
        }
        1 => {
            message.via_bot_id = Some(scene.member());
            message.silent = true;
        }
        2 => {
            let fact = types::FactCheck {
                need_check: false,
                country: Some("ES".into()),
                text: Some(scene.words()),
                hash: scene.dice.long(),
            };
            message.factcheck = Some(fact.into());
        }
        3 => {
            let reason = types::RestrictionReason {
                platform: "ios".into(),
                reason: "porn".into(),
                text: "This message could not be displayed.".into(),
            };
            message.restriction_reason = Some(vec![reason.into()]);
        }
        4 => {
            message.noforwards = true;
            message.from_scheduled = true;
            message.invert_media = true;
        }
        5 => {
            message.from_boosts_applied = Some(2);
            message.from_rank = Some("Librarian".into());
            message.paid_message_stars = Some(10);
        }
        6 => {
            let price = types::StarsAmount { amount: 100, nanos: 0 };
            let suggested = types::SuggestedPost {
                accepted: true,
                rejected: false,
                price: Some(price.into()),
                schedule_date: None,
            };
            message.suggested_post = Some(suggested.into());
            message.via_business_bot_id = Some(scene.member());
            message.guestchat_via_from = Some(user(scene.from));
        }
        _ => {
            let words = |text: String| RichText::TextPlain(types::TextPlain { text });
            let blocks: Vec<PageBlock> = vec![
                types::PageBlockTitle { text: words(scene.label()) }.into(),
                types::PageBlockParagraph { text: words(scene.say()) }.into(),
            ];
            let photos = vec![scene.photo()];
            let rich = types::RichMessage { rtl: false, part: false, blocks, photos, documents: Vec::new() };
            message.rich_message = Some(rich.into());
            message.summary_from_language = Some("en".into());
        }
    }
}
