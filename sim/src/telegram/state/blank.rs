//! Objects with nothing set: the generated types have no default.

use grammers_tl_types::{self as tl, Deserializable, Identifiable, Serializable};

use super::peer::Peer;

const ZEROS: &[u8] = &[0; 64];
const EMPTY_TEXT: &[u8] = &[0; 4];
const EMPTY_LIST: &[u8] = &[0x15, 0xc4, 0xb5, 0x1c, 0, 0, 0, 0];

/// An object whose optional fields are all absent, from the bytes of the others.
fn decoded<T: Deserializable>(parts: &[&[u8]]) -> T {
    T::from_bytes(&parts.concat()).expect("a blank object can be decoded")
}

fn id_of<T: Identifiable>() -> [u8; 4] {
    T::CONSTRUCTOR_ID.to_le_bytes()
}

pub fn user(id: i64, first_name: &str) -> tl::types::User {
    let blank: tl::types::User = decoded(&[ZEROS]);
    tl::types::User { id, first_name: Some(first_name.to_owned()), ..blank }
}

pub fn group(id: i64, title: &str, date: i32) -> tl::types::Chat {
    let blank: tl::types::Chat =
        decoded(&[&ZEROS[..12], EMPTY_TEXT, &id_of::<tl::types::ChatPhotoEmpty>(), &ZEROS[..12]]);
    tl::types::Chat { id, title: title.to_owned(), date, version: 1, ..blank }
}

pub fn channel(id: i64, title: &str, date: i32) -> tl::types::Channel {
    let blank: tl::types::Channel =
        decoded(&[&ZEROS[..16], EMPTY_TEXT, &id_of::<tl::types::ChatPhotoEmpty>(), &ZEROS[..4]]);
    tl::types::Channel { id, title: title.to_owned(), date, ..blank }
}

pub fn message(id: i32, peer: Peer, date: i32, text: &str) -> tl::types::Message {
    let blank: tl::types::Message = decoded(&[&ZEROS[..12], &peer.tl().to_bytes(), &ZEROS[..4], EMPTY_TEXT]);
    tl::types::Message { id, date, message: text.to_owned(), ..blank }
}

pub fn service(
    id: i32,
    peer: Peer,
    date: i32,
    action: tl::enums::MessageAction,
) -> tl::types::MessageService {
    tl::types::MessageService {
        out: false,
        mentioned: false,
        media_unread: false,
        reactions_are_possible: false,
        silent: false,
        post: false,
        legacy: false,
        id,
        from_id: None,
        peer_id: peer.tl(),
        saved_peer_id: None,
        reply_to: None,
        date,
        action,
        reactions: None,
        ttl_period: None,
    }
}

pub fn notify_settings() -> tl::enums::PeerNotifySettings {
    let blank: tl::types::PeerNotifySettings = decoded(&[ZEROS]);
    blank.into()
}

pub fn peer_settings() -> tl::enums::PeerSettings {
    let blank: tl::types::PeerSettings = decoded(&[ZEROS]);
    blank.into()
}

pub fn banned_rights() -> tl::types::ChatBannedRights {
    decoded(&[ZEROS])
}

pub fn admin_rights() -> tl::types::ChatAdminRights {
    decoded(&[ZEROS])
}

pub fn user_full(id: i64) -> tl::types::UserFull {
    let blank: tl::types::UserFull =
        decoded(&[&ZEROS[..16], &peer_settings().to_bytes(), &notify_settings().to_bytes(), &ZEROS[..4]]);
    tl::types::UserFull { id, ..blank }
}

pub fn group_full(id: i64, about: &str, participants: tl::enums::ChatParticipants) -> tl::types::ChatFull {
    let blank: tl::types::ChatFull =
        decoded(&[&ZEROS[..12], EMPTY_TEXT, &participants.to_bytes(), &notify_settings().to_bytes()]);
    tl::types::ChatFull { id, about: about.to_owned(), ..blank }
}

pub fn channel_full(id: i64, about: &str) -> tl::types::ChannelFull {
    let no_photo: tl::enums::Photo = tl::types::PhotoEmpty { id: 0 }.into();
    let blank: tl::types::ChannelFull = decoded(&[
        &ZEROS[..16],
        EMPTY_TEXT,
        &ZEROS[..12],
        &no_photo.to_bytes(),
        &notify_settings().to_bytes(),
        EMPTY_LIST,
        &ZEROS[..4],
    ]);
    tl::types::ChannelFull { id, about: about.to_owned(), ..blank }
}

pub fn topic(id: i32, title: &str, date: i32, peer: Peer, from: Peer) -> tl::types::ForumTopic {
    tl::types::ForumTopic {
        my: false,
        closed: false,
        pinned: false,
        short: false,
        hidden: false,
        title_missing: false,
        id,
        date,
        peer: peer.tl(),
        title: title.to_owned(),
        icon_color: 0x6f_b9_f0,
        icon_emoji_id: None,
        top_message: id,
        read_inbox_max_id: 0,
        read_outbox_max_id: 0,
        unread_count: 0,
        unread_mentions_count: 0,
        unread_reactions_count: 0,
        unread_poll_votes_count: 0,
        from_id: from.tl(),
        notify_settings: notify_settings(),
        draft: None,
    }
}

/// An answer to a message of the same chat.
pub fn reply_header(to: i32) -> tl::types::MessageReplyHeader {
    let blank: tl::types::MessageReplyHeader = decoded(&[ZEROS]);
    tl::types::MessageReplyHeader { reply_to_msg_id: Some(to), ..blank }
}

pub fn forward_header(date: i32) -> tl::types::MessageFwdHeader {
    let blank: tl::types::MessageFwdHeader = decoded(&[ZEROS]);
    tl::types::MessageFwdHeader { date, ..blank }
}

pub fn text(text: &str) -> tl::enums::TextWithEntities {
    tl::types::TextWithEntities { text: text.to_owned(), entities: Vec::new() }.into()
}

pub fn poll(id: i64, question: &str, answers: &[&str]) -> tl::types::Poll {
    let blank: tl::types::Poll =
        decoded(&[&ZEROS[..12], &text(question).to_bytes(), EMPTY_LIST, &ZEROS[..8]]);
    let answer = |(place, answer): (usize, &&str)| {
        tl::types::PollAnswer {
            text: text(answer),
            option: place.to_string().into_bytes(),
            media: None,
            added_by: None,
            date: None,
        }
        .into()
    };
    tl::types::Poll { id, answers: answers.iter().enumerate().map(answer).collect(), ..blank }
}

pub fn poll_results() -> tl::types::PollResults {
    decoded(&[ZEROS])
}

pub fn media_document(document: tl::enums::Document) -> tl::types::MessageMediaDocument {
    let blank: tl::types::MessageMediaDocument = decoded(&[ZEROS]);
    tl::types::MessageMediaDocument { document: Some(document), ..blank }
}

pub fn media_photo(photo: tl::enums::Photo) -> tl::types::MessageMediaPhoto {
    let blank: tl::types::MessageMediaPhoto = decoded(&[ZEROS]);
    tl::types::MessageMediaPhoto { photo: Some(photo), ..blank }
}

pub fn web_page(id: i64, url: &str, title: &str) -> tl::types::WebPage {
    let blank: tl::types::WebPage = decoded(&[ZEROS]);
    let (url, title) = (url.to_owned(), Some(title.to_owned()));
    tl::types::WebPage { id, display_url: url.clone(), url, title, ..blank }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_objects_survive_the_wire() {
        let message = message(7, Peer::Channel(3), 5, "text");
        assert_eq!(tl::types::Message::from_bytes(&message.to_bytes()).unwrap(), message);
        assert_eq!((message.peer_id, message.media), (Peer::Channel(3).tl(), None));
        assert_eq!(user(1, "Ada").last_name, None);
        assert_eq!(channel(2, "News", 9).date, 9);
        assert_eq!(group(2, "Chess", 9).version, 1);
        assert_eq!(user_full(3).about, None);
        assert_eq!(channel_full(4, "about").pts, 0);
        assert_eq!(poll(5, "?", &["a", "b"]).answers.len(), 2);
        let nobody = tl::types::ChatParticipants { chat_id: 1, participants: vec![], version: 1 };
        assert_eq!(group_full(6, "about", nobody.into()).pinned_msg_id, None);
    }
}
