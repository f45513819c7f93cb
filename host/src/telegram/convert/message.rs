//! A message of any kind.

use grammers_tl_types::{enums as tl, types};

use super::{
    action::action,
    date,
    entity::{entities, rich_text},
    json::Further as _,
    media::media,
    peer,
    reaction::reactions,
    reply::{comments, forward, reply},
};
use crate::model::{Extra, FactCheck, Fetched, Marks, Message, MessageId, PeerId, Restriction};

pub fn fetched(source: tl::Message) -> Fetched {
    match source {
        tl::Message::Message(source) => Fetched::Message(Box::new(ordinary(source))),
        tl::Message::Service(source) => Fetched::Message(Box::new(service(source))),
        tl::Message::Empty(types::MessageEmpty { id, peer_id }) => {
            Fetched::Missing { id: MessageId(id), chat: peer_id.map(peer) }
        }
    }
}

fn ordinary(source: types::Message) -> Message {
    let types::Message {
        out,
        mentioned,
        media_unread,
        silent,
        post,
        from_scheduled,
        legacy,
        edit_hide,
        pinned,
        noforwards,
        invert_media,
        offline,
        video_processing_pending,
        paid_suggested_post_stars,
        paid_suggested_post_ton,
        id,
        from_id,
        from_boosts_applied,
        from_rank,
        peer_id,
        saved_peer_id,
        fwd_from,
        via_bot_id,
        via_business_bot_id,
        guestchat_via_from,
        reply_to,
        date: sent,
        message: text,
        media: attached,
        reply_markup,
        entities: marks,
        views,
        forwards,
        replies,
        edit_date,
        post_author,
        grouped_id,
        reactions: given,
        restriction_reason,
        ttl_period,
        quick_reply_shortcut_id,
        effect,
        factcheck,
        report_delivery_until_date,
        paid_message_stars,
        suggested_post,
        schedule_repeat_period,
        summary_from_language,
        rich_message,
    } = source;
    let mut extra = Extra::default();
    extra.flag("legacy", legacy);
    extra.flag("offline", offline);
    extra.flag("video_processing_pending", video_processing_pending);
    extra.flag("paid_suggested_post_stars", paid_suggested_post_stars);
    extra.flag("paid_suggested_post_ton", paid_suggested_post_ton);
    extra.some("from_boosts_applied", from_boosts_applied);
    extra.some("from_rank", from_rank);
    extra.some("via_business_bot_id", via_business_bot_id);
    extra.some("guestchat_via_from", guestchat_via_from);
    extra.some("reply_markup", reply_markup);
    extra.some("quick_reply_shortcut_id", quick_reply_shortcut_id);
    extra.some("report_delivery_until_date", report_delivery_until_date);
    extra.some("paid_message_stars", paid_message_stars);
    extra.some("suggested_post", suggested_post);
    extra.some("schedule_repeat_period", schedule_repeat_period);
    extra.some("summary_from_language", summary_from_language);
    extra.some("rich_message", rich_message);
    Message {
        id: MessageId(id),
        chat: peer(peer_id),
        date: date(sent),
        edited: edit_date.map(date),
        sender: from_id.map(peer),
        text,
        entities: marks.map(entities).unwrap_or_default(),
        marks: Marks {
            is_outgoing: out,
            is_pinned: pinned,
            is_post: post,
            is_silent: silent,
            is_mention: mentioned,
            is_media_unread: media_unread,
            is_from_scheduled: from_scheduled,
            hides_edit: edit_hide,
            is_protected: noforwards,
            has_caption_above: invert_media,
        },
        media: attached.map(media).map(Box::new),
        action: None,
        reply: reply_to.map(reply).map(Box::new),
        forward: fwd_from.map(forward).map(Box::new),
        reactions: given.map(reactions).map(Box::new),
        comments: replies.map(comments).map(Box::new),
        views,
        forwards,
        album: grouped_id,
        signature: post_author,
        via_bot: via_bot_id.map(PeerId::user),
        saved_peer: saved_peer_id.map(peer),
        ttl_seconds: ttl_period,
        effect,
        fact_check: factcheck.map(fact_check).map(Box::new),
        restrictions: restrictions(restriction_reason),
        extra,
    }
}

fn service(source: types::MessageService) -> Message {
    let types::MessageService {
        out,
        mentioned,
        media_unread,
        reactions_are_possible,
        silent,
        post,
        legacy,
        id,
        from_id,
        peer_id,
        saved_peer_id,
        reply_to,
        date: sent,
        action: done,
        reactions: given,
        ttl_period,
    } = source;
    let mut extra = Extra::default();
    extra.flag("reactions_are_possible", reactions_are_possible);
    extra.flag("legacy", legacy);
    Message {
        id: MessageId(id),
        chat: peer(peer_id),
        date: date(sent),
        edited: None,
        sender: from_id.map(peer),
        text: String::new(),
        entities: Vec::new(),
        marks: Marks {
            is_outgoing: out,
            is_post: post,
            is_silent: silent,
            is_mention: mentioned,
            is_media_unread: media_unread,
            ..Marks::default()
        },
        media: None,
        action: Some(Box::new(action(&done))),
        reply: reply_to.map(reply).map(Box::new),
        forward: None,
        reactions: given.map(reactions).map(Box::new),
        comments: None,
        views: None,
        forwards: None,
        album: None,
        signature: None,
        via_bot: None,
        saved_peer: saved_peer_id.map(peer),
        ttl_seconds: ttl_period,
        effect: None,
        fact_check: None,
        restrictions: Vec::new(),
        extra,
    }
}

pub(super) fn restrictions(source: Option<Vec<tl::RestrictionReason>>) -> Vec<Restriction> {
    let one = |reason| {
        let tl::RestrictionReason::Reason(types::RestrictionReason { platform, reason, text }) = reason;
        Restriction { platform, reason, text }
    };
    source.into_iter().flatten().map(one).collect()
}

fn fact_check(source: tl::FactCheck) -> FactCheck {
    let tl::FactCheck::Check(types::FactCheck { need_check, country, text, hash }) = source;
    FactCheck { hash, is_pending: need_check, country, text: text.map(rich_text) }
}
