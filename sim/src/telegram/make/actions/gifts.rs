//! Presents, prizes and what they are made of.

use grammers_tl_types::{
    enums::{MessageAction, StarGift, StarGiftAttributeRarity},
    types,
};

use super::{
    super::{
        super::blank,
        media::Kind,
        scene::{channel, user},
    },
    Scene,
};

pub(super) fn premium(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionGiftPremium {
        currency: "EUR".into(),
        amount: 1_399,
        days: 90,
        crypto_currency: None,
        crypto_amount: None,
        message: Some(scene.words()),
    }
    .into()
}

pub(super) fn code(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionGiftCode {
        via_giveaway: true,
        unclaimed: false,
        boost_peer: Some(channel(scene.channel)),
        days: 90,
        slug: format!("{:x}", scene.dice.long()),
        currency: Some("EUR".into()),
        amount: Some(1_399),
        crypto_currency: None,
        crypto_amount: None,
        message: None,
    }
    .into()
}

pub(super) fn giveaway_launch(_: &mut Scene<'_>) -> MessageAction {
    types::MessageActionGiveawayLaunch { stars: Some(500) }.into()
}

pub(super) fn giveaway_results(_: &mut Scene<'_>) -> MessageAction {
    types::MessageActionGiveawayResults { stars: true, winners_count: 5, unclaimed_count: 1 }.into()
}

pub(super) fn stars(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionGiftStars {
        currency: "EUR".into(),
        amount: 999,
        stars: 500,
        crypto_currency: Some("TON".into()),
        crypto_amount: Some(2_000_000_000),
        transaction_id: Some(scene.dice.long().to_string()),
    }
    .into()
}

pub(super) fn prize_stars(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionPrizeStars {
        unclaimed: scene.dice.one_in(2),
        stars: 500,
        transaction_id: scene.dice.long().to_string(),
        boost_peer: channel(scene.channel),
        giveaway_msg_id: 3,
    }
    .into()
}

pub(super) fn ton(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionGiftTon {
        currency: "USD".into(),
        amount: 499,
        crypto_currency: "TON".into(),
        crypto_amount: 1_500_000_000,
        transaction_id: Some(scene.dice.long().to_string()),
    }
    .into()
}

fn gift(scene: &mut Scene<'_>) -> StarGift {
    types::StarGift {
        limited: true,
        sold_out: false,
        birthday: false,
        require_premium: false,
        limited_per_user: false,
        peer_color_available: false,
        auction: false,
        id: scene.dice.long(),
        sticker: scene.document(Kind::AnimatedSticker),
        stars: 250,
        availability_remains: Some(12),
        availability_total: Some(5_000),
        availability_resale: None,
        convert_stars: 200,
        first_sale_date: None,
        last_sale_date: None,
        upgrade_stars: Some(100),
        resell_min_stars: None,
        title: Some("Golden Reel".into()),
        released_by: None,
        per_user_total: None,
        per_user_remains: None,
        locked_until_date: None,
        auction_slug: None,
        gifts_per_round: None,
        auction_start_date: None,
        upgrade_variants: None,
        background: None,
    }
    .into()
}

fn unique_gift(scene: &mut Scene<'_>) -> StarGift {
    let permille = types::StarGiftAttributeRarity { permille: 15 };
    let model = types::StarGiftAttributeModel {
        crafted: false,
        name: "Chrome".into(),
        document: scene.document(Kind::AnimatedSticker),
        rarity: permille.into(),
    };
    let pattern = types::StarGiftAttributePattern {
        name: "Notes".into(),
        document: scene.document(Kind::AnimatedSticker),
        rarity: StarGiftAttributeRarity::Rare,
    };
    let backdrop = types::StarGiftAttributeBackdrop {
        name: "Night".into(),
        backdrop_id: 3,
        center_color: 0x12_3456,
        edge_color: 0x65_4321,
        pattern_color: 0x11_1111,
        text_color: 0xff_ffff,
        rarity: StarGiftAttributeRarity::Epic,
    };
    let details = types::StarGiftAttributeOriginalDetails {
        sender_id: Some(user(scene.from)),
        recipient_id: user(scene.me),
        date: scene.date,
        message: Some(scene.words()),
    };
    types::StarGiftUnique {
        require_premium: false,
        resale_ton_only: false,
        theme_available: false,
        burned: false,
        crafted: false,
        id: scene.dice.long(),
        gift_id: scene.dice.long(),
        title: "Golden Reel".into(),
        slug: "GoldenReel-12".into(),
        num: 12,
        owner_id: Some(user(scene.me)),
        owner_name: None,
        owner_address: None,
        attributes: vec![model.into(), pattern.into(), backdrop.into(), details.into()],
        availability_issued: 40,
        availability_total: 5_000,
        gift_address: None,
        resell_amount: None,
        released_by: None,
        value_amount: None,
        value_currency: None,
        value_usd_amount: None,
        theme_peer: None,
        peer_color: None,
        host_id: None,
        offer_min_stars: None,
        craft_chance_permille: None,
    }
    .into()
}

pub(super) fn star_gift(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionStarGift {
        name_hidden: false,
        saved: true,
        converted: false,
        upgraded: false,
        refunded: false,
        can_upgrade: true,
        prepaid_upgrade: false,
        upgrade_separate: false,
        auction_acquired: false,
        gift: gift(scene),
        message: Some(scene.words()),
        convert_stars: Some(200),
        upgrade_msg_id: None,
        upgrade_stars: Some(100),
        from_id: Some(user(scene.from)),
        peer: None,
        saved_id: None,
        prepaid_upgrade_hash: None,
        gift_msg_id: None,
        to_id: None,
        gift_num: Some(4),
    }
    .into()
}

pub(super) fn unique_star_gift(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionStarGiftUnique {
        upgrade: true,
        transferred: false,
        saved: true,
        refunded: false,
        prepaid_upgrade: false,
        assigned: false,
        from_offer: false,
        craft: false,
        name_hidden: false,
        gift: unique_gift(scene),
        can_export_at: Some(scene.date + 86_400),
        transfer_stars: Some(25),
        from_id: Some(user(scene.from)),
        peer: Some(channel(scene.channel)),
        saved_id: Some(scene.dice.long()),
        resale_amount: None,
        can_transfer_at: None,
        can_resell_at: None,
        drop_original_details_stars: None,
        can_craft_at: None,
        message: None,
    }
    .into()
}

pub(super) fn purchase_offer(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionStarGiftPurchaseOffer {
        accepted: false,
        declined: false,
        gift: unique_gift(scene),
        price: types::StarsAmount { amount: 700, nanos: 0 }.into(),
        expires_at: scene.date + 86_400,
    }
    .into()
}

pub(super) fn purchase_declined(scene: &mut Scene<'_>) -> MessageAction {
    let mut price: types::StarsTonAmount = blank();
    price.amount = 3_000_000_000;
    types::MessageActionStarGiftPurchaseOfferDeclined {
        expired: true,
        gift: unique_gift(scene),
        price: price.into(),
    }
    .into()
}
