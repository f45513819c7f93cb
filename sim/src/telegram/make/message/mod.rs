//! The message at a place of a chat.
//!
//! The places of a chat repeat in blocks: in each block there are an album, a forward, a reply with a quote, an
//! edited message, service messages and so on, at fixed places, and ordinary talk between them. Where the layer
//! has several kinds of one thing, the blocks take turns.

mod forward;
mod markup;
mod rare;
mod react;
mod reply;

use grammers_tl_types::{
    enums::{Message, MessageAction, MessageMedia, Peer},
    types,
};

use super::{
    actions,
    attach::{FILE_VARIANTS, file_media},
    dice::Dice,
    people::{ME, full_name},
    plan::{BLOCK, ChatKind, Plan, PlannedChat},
    scene::{Scene, channel, group, user},
    text::{ENTITY_KINDS, Text, push_entity},
    things::{THING_VARIANTS, thing},
};

/// Topics of a forum, besides the general one.
pub(super) const TOPICS: usize = 4;
/// Every so many blocks there is a pinned message.
const PIN_BLOCKS: usize = 50;
const PINNED: usize = 37;
const ALBUM: std::ops::Range<usize> = 10..14;

/// Where a message is.
pub(super) struct Spot<'a> {
    pub(super) plan: &'a Plan,
    pub(super) number: usize,
    pub(super) chat: &'a PlannedChat,
    pub(super) place: usize,
}

impl Spot<'_> {
    fn block(&self) -> usize {
        self.place / BLOCK
    }

    fn within(&self) -> usize {
        self.place % BLOCK
    }

    fn everything(&self) -> bool {
        self.plan.recipe.everything
    }

    /// Takes turns between blocks, each chat beginning elsewhere.
    fn turn(&self, of: usize) -> usize {
        (self.block() + self.number * 7) % of
    }

    /// The id of a message some places ago.
    fn before(&self, places: usize) -> Option<i32> {
        let place = self.place.checked_sub(places)?;
        self.chat.has(place).then(|| self.plan.id(self.number, place))
    }

    /// The id of a message some places ago that can be answered here: one of the same topic.
    fn answerable(&self, places: usize) -> Option<i32> {
        let earlier = Self { place: self.place.checked_sub(places)?, ..*self };
        let is_near = self.chat.kind != ChatKind::Forum || earlier.topic() == self.topic();
        if is_near { self.before(places) } else { None }
    }

    /// The topic a message belongs to; 0 is the general one.
    fn topic(&self) -> usize {
        if self.place <= TOPICS { 0 } else { (self.place / 3) % (TOPICS + 1) }
    }
}

pub(super) fn message(plan: &Plan, number: usize, place: usize) -> Message {
    let chat = &plan.chats[number];
    let spot = Spot { plan, number, chat, place };
    let mut scene = scene(&spot);
    match service(&spot, &mut scene) {
        Some(action) => service_message(&spot, &mut scene, action),
        None => text_message(&spot, &mut scene),
    }
}

/// The pinned messages of a chat, by place.
pub(super) fn pinned(chat: &PlannedChat) -> impl Iterator<Item = usize> {
    (PINNED..chat.places.saturating_sub(1)).step_by(PIN_BLOCKS * BLOCK)
}

fn scene<'a>(spot: &Spot<'a>) -> Scene<'a> {
    let (plan, chat) = (spot.plan, spot.chat);
    let id = plan.id(spot.number, spot.place);
    let mut dice = Dice::at(plan.recipe.seed, &[chat.id, i64::from(chat.kind.is_channel()), i64::from(id)]);
    // People speak in runs.
    let mut speaker = Dice::at(plan.recipe.seed, &[chat.id, i64::try_from(spot.place / 2).unwrap_or(0)]);
    let from = if chat.members.is_empty() { ME } else { speaker.pick(&chat.members) };
    let from =
        if ALBUM.contains(&spot.within()) { chat.members[spot.block() % chat.members.len()] } else { from };
    let other = plan.chats.iter().find(|other| other.kind == ChatKind::Channel && other.id != chat.id);
    let _ = dice.throw();
    Scene {
        tongue: chat.tongue,
        id,
        date: plan.date(spot.number, id),
        from,
        me: ME,
        members: &chat.members,
        channel: other.map_or(chat.id, |other| other.id),
        dice,
    }
}

fn service(spot: &Spot<'_>, scene: &mut Scene<'_>) -> Option<MessageAction> {
    let (chat, place) = (spot.chat, spot.place);
    let is_last = place + 1 == chat.places;
    match chat.kind {
        ChatKind::OldGroup if is_last => {
            return Some(actions::migrated_to(spot.plan.chats[spot.number + 1].id));
        }
        ChatKind::NewGroup if place == 0 => {
            return Some(actions::migrated_from(&chat.title, spot.plan.chats[spot.number - 1].id));
        }
        ChatKind::Group | ChatKind::OldGroup if place == 0 => {
            return Some(actions::group_created(&chat.title, &chat.members));
        }
        kind if kind.is_channel() && place == 0 => return Some(actions::channel_created(&chat.title)),
        ChatKind::Forum if place <= TOPICS => {
            return Some(actions::topic_created(&topic_title(spot.plan, spot.number, place), place));
        }
        ChatKind::Saved => return None,
        _ => {}
    }
    let first = place - spot.within();
    match spot.within() {
        38 if spot.block().is_multiple_of(PIN_BLOCKS) => Some(MessageAction::PinMessage),
        0 if first > 0 && !spot.everything() => {
            Some(actions::EVERYDAY[1 + spot.turn(actions::EVERYDAY.len() - 1)](scene))
        }
        0 | 20 if first > 0 && spot.everything() => {
            let turn = (spot.block() * 2 + usize::from(spot.within() == 20) + spot.number * 13)
                % (actions::EVERYDAY.len() + actions::SELDOM.len() - 1);
            let make = actions::EVERYDAY[1..].iter().chain(&actions::SELDOM).nth(turn)?;
            Some(make(scene))
        }
        _ => None,
    }
}

/// The name of a topic; topics are counted from 1.
pub(super) fn topic_title(plan: &Plan, chat: usize, topic: usize) -> String {
    let mut dice = Dice::at(0x746f_7069, &[i64::try_from(chat * 10 + topic).unwrap_or(0)]);
    format!("{} {topic}", plan.chats[chat].tongue.label(&mut dice))
}

fn service_message(spot: &Spot<'_>, scene: &mut Scene<'_>, action: MessageAction) -> Message {
    let (out, from_id, peer) = sides(spot, scene);
    let pins = matches!(action, MessageAction::PinMessage);
    let reply_to = if pins { spot.before(1).map(|id| reply::header(spot, id)) } else { reply::topic(spot) };
    types::MessageService {
        out,
        mentioned: false,
        media_unread: false,
        reactions_are_possible: spot.everything() && scene.dice.one_in(3),
        silent: pins,
        post: spot.chat.kind == ChatKind::Channel,
        legacy: false,
        id: scene.id,
        from_id,
        peer_id: peer,
        saved_peer_id: None,
        reply_to,
        date: scene.date,
        action,
        reactions: None,
        ttl_period: None,
    }
    .into()
}

fn text_message(spot: &Spot<'_>, scene: &mut Scene<'_>) -> Message {
    let (out, from_id, peer_id) = sides(spot, scene);
    let mut text = Text::default();
    let mut message = crate::telegram::state::blank::message(scene.id, (&peer_id).into(), scene.date, "");
    (message.out, message.from_id) = (out, from_id);
    message.reply_to = reply::topic(spot);
    message.media = media(spot, scene);
    if needs_text(spot, message.media.as_ref()) {
        text.push(&scene.say());
        if let Some(kind) = entity_kind(spot, scene) {
            push_entity(&mut text, kind, scene.tongue, &mut scene.dice);
            if scene.dice.one_in(2) {
                text.push(&scene.label());
            }
        }
    }
    match spot.within() {
        5 => forward::mark(spot, scene, &mut message),
        17 => message.reply_to = reply::with_quote(spot, scene).or(message.reply_to),
        26 => message.edit_date = Some(scene.date + scene.dice.between(20, 900)),
        30 => message.reactions = react::many(scene),
        PINNED => {
            message.pinned = spot.block().is_multiple_of(PIN_BLOCKS) && spot.place + 1 < spot.chat.places
        }
        within if ALBUM.contains(&within) => message.grouped_id = Some(album_id(spot)),
        8 if spot.everything() => rare::mark(spot, scene, &mut message),
        _ if scene.dice.one_in(6) => {
            let ago = scene.dice.below(4) + 1;
            message.reply_to = spot.answerable(ago).map(|id| reply::header(spot, id)).or(message.reply_to);
        }
        _ => {}
    }
    if message.reactions.is_none() && scene.dice.one_in(5) && spot.chat.kind != ChatKind::Saved {
        message.reactions = react::few(scene);
    }
    match spot.chat.kind {
        ChatKind::Channel => as_post(spot, scene, &mut message),
        ChatKind::Bot if !message.out => message.reply_markup = markup::keyboard(spot.within(), scene),
        ChatKind::Saved => message.saved_peer_id = Some(saved_peer(&message)),
        _ => {}
    }
    message.edit_hide = message.edit_date.is_none() && message.reactions.is_some() && spot.within() == 30;
    message.edit_date = message.edit_date.or(message.edit_hide.then_some(scene.date + 5));
    message.entities = text.entities();
    message.message = text.text;
    message.into()
}

/// Whether it is one's own, who wrote it, and where.
fn sides(spot: &Spot<'_>, scene: &mut Scene<'_>) -> (bool, Option<Peer>, Peer) {
    let id = spot.chat.id;
    match spot.chat.kind {
        ChatKind::Saved => (false, Some(user(ME)), user(ME)),
        ChatKind::Private | ChatKind::Bot => {
            let is_mine = scene.from == ME;
            (is_mine, is_mine.then(|| user(ME)), user(id))
        }
        ChatKind::Group | ChatKind::OldGroup => (scene.from == ME, Some(user(scene.from)), group(id)),
        ChatKind::Channel => (false, None, channel(id)),
        // One of the administrators writes for the group itself.
        _ if spot.everything() && spot.within() == 3 => (false, Some(channel(id)), channel(id)),
        _ => (scene.from == ME, Some(user(scene.from)), channel(id)),
    }
}

fn media(spot: &Spot<'_>, scene: &mut Scene<'_>) -> Option<MessageMedia> {
    let everyday = [0, 0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    Some(match spot.within() {
        within if ALBUM.contains(&within) => file_media(usize::from(within == ALBUM.end - 1), scene),
        23 if spot.everything() => file_media(spot.turn(FILE_VARIANTS), scene),
        23 | 33 => {
            let variant = scene.dice.pick(&everyday);
            file_media(variant, scene)
        }
        28 if spot.everything() => thing(spot.turn(THING_VARIANTS), scene),
        28 => thing(spot.turn(13), scene),
        _ => return None,
    })
}

fn needs_text(spot: &Spot<'_>, media: Option<&MessageMedia>) -> bool {
    match media {
        None | Some(MessageMedia::WebPage(_)) => true,
        Some(MessageMedia::Photo(_) | MessageMedia::Document(_)) => {
            let is_later_in_album = ALBUM.contains(&spot.within()) && spot.within() != ALBUM.start;
            !is_later_in_album && spot.within() != 33
        }
        Some(_) => false,
    }
}

fn entity_kind(spot: &Spot<'_>, scene: &mut Scene<'_>) -> Option<usize> {
    // What people's programs find by themselves, and what they mark by hand.
    let everyday = [1, 2, 4, 5, 6, 7, 8, 10, 12, 15, 17, 18, 19];
    match spot.within() {
        34 if spot.everything() => Some(spot.turn(ENTITY_KINDS)),
        7 if spot.everything() => Some((spot.turn(ENTITY_KINDS) + 12) % ENTITY_KINDS),
        34 | 7 => Some(scene.dice.pick(&everyday)),
        _ => scene.dice.one_in(12).then(|| scene.dice.pick(&everyday)),
    }
}

fn as_post(spot: &Spot<'_>, scene: &mut Scene<'_>, message: &mut types::Message) {
    message.post = true;
    message.views = Some(scene.dice.between(40, 9_000));
    message.forwards = Some(scene.dice.between(0, 90));
    message.post_author = spot.block().is_multiple_of(2).then(|| full_name(scene.from));
    if spot.number.is_multiple_of(2) {
        message.replies = Some(
            types::MessageReplies {
                comments: false,
                replies: scene.dice.between(0, 40),
                replies_pts: scene.dice.between(1, 900),
                recent_repliers: Some(vec![scene.peer_of_member()]),
                channel_id: None,
                max_id: None,
                read_max_id: None,
            }
            .into(),
        );
    }
}

/// Saved messages are sorted by whom they came from.
fn saved_peer(message: &types::Message) -> Peer {
    let Some(grammers_tl_types::enums::MessageFwdHeader::Header(header)) = &message.fwd_from else {
        return user(ME);
    };
    // Telegram's own place for those whose name is hidden.
    header.saved_from_peer.clone().or(header.from_id.clone()).unwrap_or(user(2_666_000))
}

fn album_id(spot: &Spot<'_>) -> i64 {
    let block = i64::try_from(spot.block()).unwrap_or(0);
    Dice::at(spot.plan.recipe.seed, &[0x616c_6275, spot.chat.id, block]).long()
}

#[cfg(test)]
mod tests;
