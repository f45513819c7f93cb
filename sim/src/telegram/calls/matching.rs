//! Whether a message is what a search looks for.

use grammers_tl_types as tl;
use tl::enums::{DocumentAttribute as Attribute, MessageMedia as Media, MessagesFilter as Filter};

use crate::telegram::{Peer, message};

/// What is looked for.
pub(super) struct Wanted<'a> {
    pub(super) words: Vec<String>,
    pub(super) from: Option<Peer>,
    pub(super) filter: &'a Filter,
    pub(super) dates: (i32, i32),
    pub(super) reactions: &'a [tl::enums::Reaction],
}

impl Wanted<'_> {
    pub(super) fn is_met_by(&self, me: i64, peer: Peer, kept: &tl::enums::Message) -> bool {
        let date = message::date_of(kept);
        let (min, max) = self.dates;
        // Telegram leaves the end dates themselves out.
        (min <= 0 || date > min)
            && (max <= 0 || date < max)
            && has_kind(me, self.filter, kept)
            && self.from.is_none_or(|from| author(me, peer, kept) == Some(from))
            && has_words(&self.words, kept)
            && self.reactions.iter().all(|reaction| has_reaction(reaction, kept))
    }
}

pub(super) fn words_of(query: &str) -> Vec<String> {
    query.split_whitespace().map(str::to_lowercase).collect()
}

/// Every word asked for begins a word of the text, as Telegram matches.
fn has_words(words: &[String], kept: &tl::enums::Message) -> bool {
    if words.is_empty() {
        return true;
    }
    let text = message::text_of(kept).to_lowercase();
    let name = message::media_of(kept).and_then(file_name).unwrap_or_default().to_lowercase();
    let inside: Vec<&str> = text
        .split(|sign: char| !sign.is_alphanumeric())
        .chain(name.split(|sign: char| !sign.is_alphanumeric()))
        .collect();
    let is_word = |word: &String| word.chars().all(char::is_alphanumeric);
    words.iter().all(|word| {
        if is_word(word) && word.is_ascii() {
            inside.iter().any(|part| part.starts_with(word.as_str()))
        } else {
            text.contains(word.as_str()) || name.contains(word.as_str())
        }
    })
}

fn has_reaction(reaction: &tl::enums::Reaction, kept: &tl::enums::Message) -> bool {
    let tl::enums::Message::Message(kept) = kept else { return false };
    let Some(tl::enums::MessageReactions::Reactions(reactions)) = &kept.reactions else { return false };
    reactions.results.iter().any(|tl::enums::ReactionCount::Count(count)| count.reaction == *reaction)
}

/// Who wrote it; private messages say it only by their direction.
fn author(me: i64, peer: Peer, kept: &tl::enums::Message) -> Option<Peer> {
    message::from_of(kept).or(match peer {
        Peer::User(_) if message::is_out(kept) => Some(Peer::User(me)),
        other => Some(other),
    })
}

fn attributes(media: &Media) -> &[Attribute] {
    match media {
        Media::Document(media) => match &media.document {
            Some(tl::enums::Document::Document(document)) => &document.attributes,
            _ => &[],
        },
        _ => &[],
    }
}

fn file_name(media: &Media) -> Option<&str> {
    attributes(media).iter().find_map(|attribute| match attribute {
        Attribute::Filename(name) => Some(name.file_name.as_str()),
        _ => None,
    })
}

fn has_kind(me: i64, filter: &Filter, kept: &tl::enums::Message) -> bool {
    use tl::enums::MessageAction as Action;
    if let tl::enums::Message::Service(service) = kept {
        return match filter {
            Filter::InputMessagesFilterEmpty => true,
            Filter::InputMessagesFilterChatPhotos => matches!(service.action, Action::ChatEditPhoto(_)),
            Filter::InputMessagesFilterPhoneCalls(calls) => match &service.action {
                Action::PhoneCall(call) => {
                    !calls.missed || matches!(call.reason, Some(tl::enums::PhoneCallDiscardReason::Missed))
                }
                _ => false,
            },
            _ => false,
        };
    }
    let tl::enums::Message::Message(content) = kept else { return false };
    let media = content.media.as_ref();
    let attributes = media.map(attributes).unwrap_or_default();
    let audio =
        |voice| attributes.iter().any(|it| matches!(it, Attribute::Audio(audio) if audio.voice == voice));
    let video = |round| {
        attributes.iter().any(|it| matches!(it, Attribute::Video(video) if video.round_message == round))
            && !attributes.contains(&Attribute::Animated)
    };
    let is_photo = matches!(media, Some(Media::Photo(_)));
    let is_sticker = attributes.iter().any(|it| matches!(it, Attribute::Sticker(_)));
    let is_gif = attributes.contains(&Attribute::Animated);
    match filter {
        Filter::InputMessagesFilterEmpty => true,
        Filter::InputMessagesFilterPhotos => is_photo,
        Filter::InputMessagesFilterVideo => video(false),
        Filter::InputMessagesFilterPhotoVideo => is_photo || video(false),
        Filter::InputMessagesFilterDocument => {
            matches!(media, Some(Media::Document(_)))
                && !audio(true)
                && !audio(false)
                && !video(true)
                && !video(false)
                && !is_gif
                && !is_sticker
        }
        Filter::InputMessagesFilterUrl => {
            matches!(media, Some(Media::WebPage(_)))
                || content.entities.iter().flatten().any(|entity| {
                    matches!(entity, tl::enums::MessageEntity::Url(_) | tl::enums::MessageEntity::TextUrl(_))
                })
        }
        Filter::InputMessagesFilterGif => is_gif,
        Filter::InputMessagesFilterVoice => audio(true),
        Filter::InputMessagesFilterMusic => audio(false),
        Filter::InputMessagesFilterRoundVideo => video(true),
        Filter::InputMessagesFilterRoundVoice => video(true) || audio(true),
        Filter::InputMessagesFilterMyMentions => {
            content.mentioned && message::from_of(kept) != Some(Peer::User(me))
        }
        Filter::InputMessagesFilterGeo => {
            matches!(media, Some(Media::Geo(_) | Media::GeoLive(_) | Media::Venue(_)))
        }
        Filter::InputMessagesFilterContacts => matches!(media, Some(Media::Contact(_))),
        Filter::InputMessagesFilterPinned => content.pinned,
        Filter::InputMessagesFilterPoll => matches!(media, Some(Media::Poll(_))),
        Filter::InputMessagesFilterChatPhotos | Filter::InputMessagesFilterPhoneCalls(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::{Content, Telegram, blank};

    fn said(text: &str) -> tl::enums::Message {
        blank::message(1, Peer::User(2), 100, text).into()
    }

    #[test]
    fn words_are_found_by_their_beginnings() {
        let finds = |query: &str, text: &str| has_words(&words_of(query), &said(text));
        assert!(finds("boat", "Two Boats, one sail") && finds("SAIL boats", "Two boats: sailing!"));
        assert!(!finds("oats", "Two boats") && !finds("boat car", "Two boats"));
        assert!(finds("Лодк", "две лодки") && finds("磁带", "第十二盘磁带") && finds("", "anything"));
    }

    #[test]
    fn every_filter_knows_its_own() {
        let mut t = Telegram::default();
        let audio = |voice| {
            let blank = tl::types::DocumentAttributeAudio {
                voice,
                duration: 1,
                title: None,
                performer: None,
                waveform: None,
            };
            vec![Attribute::Audio(blank)]
        };
        let mut with = |mime: &str, attributes: Vec<Attribute>, photo: bool| {
            let file = t.add_file(Content::from(vec![1]), mime, attributes, photo.then_some((4, 3)));
            let mut message = blank::message(1, Peer::User(2), 100, "");
            message.media = Some(t.files.media(&file));
            tl::enums::Message::from(message)
        };
        let named = tl::types::DocumentAttributeFilename { file_name: "a.zip".into() };
        let (photo, music) = (with("image/jpeg", Vec::new(), true), with("audio/mpeg", audio(false), false));
        let (voice, gif) =
            (with("audio/ogg", audio(true), false), with("video/mp4", vec![Attribute::Animated], false));
        let file = with("application/zip", vec![named.into()], false);
        let kinds = [
            (Filter::InputMessagesFilterPhotos, &photo),
            (Filter::InputMessagesFilterMusic, &music),
            (Filter::InputMessagesFilterVoice, &voice),
            (Filter::InputMessagesFilterGif, &gif),
            (Filter::InputMessagesFilterDocument, &file),
        ];
        for (filter, _) in &kinds {
            for (own, kept) in &kinds {
                assert_eq!(has_kind(1, filter, kept), filter == own, "{filter:?} {own:?}");
            }
        }
        assert!(has_words(&words_of("a.zip"), &file));
    }

    #[test]
    fn dates_and_authors_narrow_a_search() {
        let any = Filter::InputMessagesFilterEmpty;
        let wanted = |from, dates| Wanted { words: Vec::new(), from, filter: &any, dates, reactions: &[] };
        let (me, peer, kept) = (1, Peer::User(2), said("text"));
        assert!(wanted(None, (99, 101)).is_met_by(me, peer, &kept));
        assert!(!wanted(None, (100, 0)).is_met_by(me, peer, &kept));
        assert!(!wanted(None, (0, 100)).is_met_by(me, peer, &kept));
        assert!(wanted(Some(peer), (0, 0)).is_met_by(me, peer, &kept));
        assert!(!wanted(Some(Peer::User(me)), (0, 0)).is_met_by(me, peer, &kept));
    }
}
