//! What a message answers, and where it was before.

use grammers_tl_types::{enums as tl, types};

use super::{date, entity::entities, json::Further as _, media::media, peer};
use crate::model::{Blob, Comments, Extra, Forward, MessageId, PeerId, Reply, Story};

pub(super) fn reply(source: tl::MessageReplyHeader) -> Reply {
    match source {
        tl::MessageReplyHeader::Header(header) => to_message(header),
        tl::MessageReplyHeader::MessageReplyStoryHeader(types::MessageReplyStoryHeader {
            peer: of,
            story_id,
        }) => Reply { story: Some(Story { peer: peer(of), id: story_id }), ..Reply::default() },
    }
}

fn to_message(source: types::MessageReplyHeader) -> Reply {
    let types::MessageReplyHeader {
        reply_to_scheduled,
        forum_topic,
        quote,
        reply_to_ephemeral,
        reply_to_msg_id,
        reply_to_peer_id,
        reply_from,
        reply_media,
        reply_to_top_id,
        quote_text,
        quote_entities,
        quote_offset,
        todo_item_id,
        poll_option,
    } = source;
    let mut extra = Extra::default();
    extra.flag("reply_to_scheduled", reply_to_scheduled);
    extra.flag("reply_to_ephemeral", reply_to_ephemeral);
    Reply {
        message: reply_to_msg_id.map(MessageId),
        chat: reply_to_peer_id.map(peer),
        thread: reply_to_top_id.map(MessageId),
        is_in_topic: forum_topic,
        is_quote: quote,
        quote_text,
        quote_entities: quote_entities.map(entities),
        quote_offset,
        from: reply_from.map(forward).map(Box::new),
        media: reply_media.map(media).map(Box::new),
        story: None,
        todo_item: todo_item_id,
        poll_option: poll_option.map(Blob),
        extra,
    }
}

pub(super) fn forward(source: tl::MessageFwdHeader) -> Forward {
    let tl::MessageFwdHeader::Header(types::MessageFwdHeader {
        imported,
        saved_out,
        from_id,
        from_name,
        date: written,
        channel_post,
        post_author,
        saved_from_peer,
        saved_from_msg_id,
        saved_from_id,
        saved_from_name,
        saved_date,
        psa_type,
    }) = source;
    Forward {
        date: date(written),
        from: from_id.map(peer),
        from_name,
        post: channel_post.map(MessageId),
        signature: post_author,
        saved_from_chat: saved_from_peer.map(peer),
        saved_from_message: saved_from_msg_id.map(MessageId),
        saved_from: saved_from_id.map(peer),
        saved_from_name,
        saved_date: saved_date.map(date),
        announcement: psa_type,
        is_imported: imported,
        was_outgoing: saved_out,
    }
}

pub(super) fn comments(source: tl::MessageReplies) -> Comments {
    let tl::MessageReplies::Replies(types::MessageReplies {
        comments,
        replies,
        replies_pts,
        recent_repliers,
        channel_id,
        max_id,
        read_max_id,
    }) = source;
    let mut extra = Extra::default();
    if replies_pts != 0 {
        extra.put("replies_pts", &replies_pts);
    }
    extra.some("read_max_id", read_max_id);
    Comments {
        count: replies,
        are_comments: comments,
        chat: channel_id.map(PeerId::channel),
        newest: max_id.map(MessageId),
        recent: recent_repliers.map(|them| them.into_iter().map(peer).collect()),
        extra,
    }
}
