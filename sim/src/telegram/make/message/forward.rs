use grammers_tl_types::{enums::MessageFwdHeader, types};

use super::{
    super::scene::{Scene, channel, user},
    ChatKind, Spot,
};
use crate::telegram::state::blank;

/// Makes the message one that was forwarded, from origins of every sort by turns.
pub(super) fn mark(spot: &Spot<'_>, scene: &mut Scene<'_>, message: &mut types::Message) {
    let turn = spot.turn(if spot.everything() { 6 } else { 4 });
    let mut header = match turn {
        0 => from_user(scene),
        1 => hidden(scene),
        2 => from_channel(scene),
        3 => from_channel_with_signature(scene),
        4 => imported(scene),
        _ => announced(scene),
    };
    if spot.chat.kind == ChatKind::Saved {
        let MessageFwdHeader::Header(header) = &mut header;
        header.saved_from_peer = Some(channel(scene.channel));
        header.saved_from_msg_id = Some(scene.dice.between(1, 300));
        header.saved_from_id = Some(user(scene.from));
        header.saved_from_name = Some("Ann".into());
        header.saved_date = Some(scene.date - 60);
        header.saved_out = scene.dice.one_in(2);
    }
    message.fwd_from = Some(header);
}

fn header(scene: &mut Scene<'_>) -> types::MessageFwdHeader {
    blank::forward_header(scene.date - scene.dice.between(60, 90_000))
}

fn from_user(scene: &mut Scene<'_>) -> MessageFwdHeader {
    types::MessageFwdHeader { from_id: Some(scene.peer_of_member()), ..header(scene) }.into()
}

/// The writer does not want to be linked to.
pub(super) fn hidden(scene: &mut Scene<'_>) -> MessageFwdHeader {
    types::MessageFwdHeader { from_name: Some("Someone's aunt".into()), ..header(scene) }.into()
}

pub(super) fn from_channel(scene: &mut Scene<'_>) -> MessageFwdHeader {
    let channel_post = Some(scene.dice.between(1, 300));
    types::MessageFwdHeader { from_id: Some(channel(scene.channel)), channel_post, ..header(scene) }.into()
}

fn from_channel_with_signature(scene: &mut Scene<'_>) -> MessageFwdHeader {
    let MessageFwdHeader::Header(from) = from_channel(scene);
    types::MessageFwdHeader { post_author: Some("The editor".into()), ..from }.into()
}

/// From the history of another messenger.
fn imported(scene: &mut Scene<'_>) -> MessageFwdHeader {
    types::MessageFwdHeader { imported: true, from_name: Some("Ann (work)".into()), ..header(scene) }.into()
}

/// A public service announcement.
fn announced(scene: &mut Scene<'_>) -> MessageFwdHeader {
    let MessageFwdHeader::Header(from) = from_channel(scene);
    types::MessageFwdHeader { psa_type: Some("covid".into()), ..from }.into()
}
