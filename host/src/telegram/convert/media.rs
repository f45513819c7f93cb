//! Media of every kind.

use grammers_tl_types::{enums as tl, types};

use super::{
    file::{document, photo},
    json::{Further as _, fields},
    page::{place, web_page},
    peer,
    poll::poll,
};
use crate::model::{
    Contact, Detail, Extra, File, FileRole, LivePlace, Media, MediaKind, PeerId, Story, Venue,
};

pub(super) fn media(source: tl::MessageMedia) -> Media {
    use tl::MessageMedia as Has;
    match source {
        Has::Empty => blank(MediaKind::Empty),
        Has::Unsupported => blank(MediaKind::Unsupported),
        Has::Photo(it) => of_photo(it),
        Has::Document(it) => of_document(it),
        Has::Contact(it) => contact(it),
        Has::Geo(types::MessageMediaGeo { geo }) => place(MediaKind::Place, geo, None, None),
        Has::Venue(it) => venue(it),
        Has::GeoLive(it) => live_place(it),
        Has::WebPage(it) => web_page(it),
        Has::Poll(it) => of_poll(*it),
        Has::Dice(types::MessageMediaDice { value, emoticon, game_outcome }) => {
            let mut media = blank(MediaKind::Dice);
            media.extra.some("game_outcome", game_outcome);
            media.with(Detail::Dice { emoji: emoticon, value })
        }
        Has::Story(it) => {
            let story = Story { peer: peer(it.peer.clone()), id: it.id };
            rest(MediaKind::Story, Has::Story(it)).with(Detail::Story(story))
        }
        other @ Has::Game(_) => rest(MediaKind::Game, other),
        other @ Has::Invoice(_) => rest(MediaKind::Invoice, other),
        other @ Has::Giveaway(_) => rest(MediaKind::Giveaway, other),
        other @ Has::GiveawayResults(_) => rest(MediaKind::GiveawayResults, other),
        other @ Has::PaidMedia(_) => rest(MediaKind::Paid, other),
        other @ Has::ToDo(_) => rest(MediaKind::ToDo, other),
        other @ Has::VideoStream(_) => rest(MediaKind::VideoStream, other),
    }
}

pub(super) fn blank(kind: MediaKind) -> Media {
    Media {
        kind,
        file: None,
        more_files: Vec::new(),
        is_spoiler: false,
        ttl_seconds: None,
        detail: None,
        extra: Extra::default(),
    }
}

impl Media {
    pub(super) fn with(mut self, detail: Detail) -> Self {
        self.detail = Some(Box::new(detail));
        self
    }

    pub(super) fn add_photo(&mut self, name: &str, source: tl::Photo, role: FileRole) {
        match photo(source, role) {
            Ok(file) => self.add(file),
            Err(empty) => self.extra.put(name, &empty),
        }
    }

    pub(super) fn add_document(&mut self, name: &str, source: tl::Document, role: FileRole) {
        match document(source, role) {
            Ok(file) => self.add(file),
            Err(empty) => self.extra.put(name, &empty),
        }
    }

    fn add(&mut self, file: File) {
        if file.role == FileRole::Main && self.file.is_none() {
            self.file = Some(Box::new(file));
        } else {
            self.more_files.push(file);
        }
    }
}

/// A rare kind: all of it as JSON, and the files in it once more as files.
fn rest(kind: MediaKind, source: tl::MessageMedia) -> Media {
    let mut media = blank(kind);
    media.extra = fields(&source).1.into();
    media.more_files = parts(source);
    media
}

/// The files inside media, as parts of something greater.
fn parts(source: tl::MessageMedia) -> Vec<File> {
    use tl::MessageMedia as Has;
    let extended = match source {
        Has::Game(types::MessageMediaGame { game: tl::Game::Game(game) }) => {
            let photo = photo(game.photo, FileRole::Part).ok();
            let document = game.document.and_then(|it| document(it, FileRole::Part).ok());
            return photo.into_iter().chain(document).collect();
        }
        Has::Story(it) => {
            let Some(tl::StoryItem::Item(item)) = it.story else { return Vec::new() };
            let music = item.music.and_then(|it| document(it, FileRole::Part).ok());
            return files_of(item.media).into_iter().chain(music).collect();
        }
        Has::Invoice(it) => it.extended_media.into_iter().collect(),
        Has::PaidMedia(it) => it.extended_media,
        _ => return Vec::new(),
    };
    let inner = extended.into_iter().filter_map(|media| match media {
        tl::MessageExtendedMedia::Media(media) => Some(media.media),
        tl::MessageExtendedMedia::Preview(_) => None,
    });
    inner.flat_map(files_of).collect()
}

fn files_of(source: tl::MessageMedia) -> Vec<File> {
    let media = media(source);
    let mut files: Vec<File> = media.file.into_iter().map(|file| *file).chain(media.more_files).collect();
    for file in &mut files {
        file.role = FileRole::Part;
    }
    files
}

fn of_photo(source: types::MessageMediaPhoto) -> Media {
    let types::MessageMediaPhoto { spoiler, live_photo, photo, ttl_seconds, video } = source;
    let mut media = blank(MediaKind::Photo);
    media.is_spoiler = spoiler;
    media.ttl_seconds = ttl_seconds;
    media.extra.flag("live_photo", live_photo);
    if let Some(photo) = photo {
        media.add_photo("photo", photo, FileRole::Main);
    }
    if let Some(video) = video {
        media.add_document("video", video, FileRole::LivePhoto);
    }
    media
}

fn of_document(source: types::MessageMediaDocument) -> Media {
    let types::MessageMediaDocument {
        nopremium,
        spoiler,
        video,
        round,
        voice,
        document,
        alt_documents,
        video_cover,
        video_timestamp,
        ttl_seconds,
    } = source;
    let mut media = blank(MediaKind::Document);
    media.is_spoiler = spoiler;
    media.ttl_seconds = ttl_seconds;
    media.extra.flag("nopremium", nopremium);
    media.extra.some("video_timestamp", video_timestamp);
    if let Some(document) = document {
        media.add_document("document", document, FileRole::Main);
    }
    if let Some(cover) = video_cover {
        media.add_photo("video_cover", cover, FileRole::Cover);
    }
    for other in alt_documents.into_iter().flatten() {
        match super::file::document(other, FileRole::Quality) {
            Ok(file) => media.add(file),
            Err(empty) => media.extra.push("alt_documents", super::json::json(&empty)),
        }
    }
    let said = Said { video, round, voice };
    media.kind = said.kind(media.file.as_deref());
    // What the kind tells already is not said twice.
    let told = Said::told_by(media.kind);
    media.extra.flag("video", video && !told.video);
    media.extra.flag("round", round && !told.round);
    media.extra.flag("voice", voice && !told.voice);
    for (name, is_missing) in
        [("video", told.video && !video), ("round", told.round && !round), ("voice", told.voice && !voice)]
    {
        if is_missing {
            media.extra.insert(name, false.into());
        }
    }
    media
}

/// What the media says of its document; it stays when the document itself is gone.
#[derive(Clone, Copy)]
struct Said {
    video: bool,
    round: bool,
    voice: bool,
}

impl Said {
    fn kind(self, file: Option<&File>) -> MediaKind {
        let video = file.and_then(|file| file.video.as_deref());
        let audio = file.and_then(|file| file.audio.as_deref());
        if file.is_some_and(|file| file.sticker.is_some()) {
            MediaKind::Sticker
        } else if self.round || video.is_some_and(|video| video.is_round) {
            MediaKind::VideoNote
        } else if self.voice || audio.is_some_and(|audio| audio.is_voice) {
            MediaKind::Voice
        } else if file.is_some_and(|file| file.is_animated) {
            MediaKind::Animation
        } else if self.video || video.is_some() {
            MediaKind::Video
        } else if audio.is_some() {
            MediaKind::Audio
        } else {
            MediaKind::Document
        }
    }

    fn told_by(kind: MediaKind) -> Self {
        Self {
            video: matches!(kind, MediaKind::Video | MediaKind::VideoNote),
            round: kind == MediaKind::VideoNote,
            voice: kind == MediaKind::Voice,
        }
    }
}

fn contact(source: types::MessageMediaContact) -> Media {
    let types::MessageMediaContact { phone_number, first_name, last_name, vcard, user_id } = source;
    let user = PeerId::user(user_id);
    let contact = Contact { phone: phone_number, first_name, last_name, vcard, user };
    blank(MediaKind::Contact).with(Detail::Contact(contact))
}

fn venue(source: types::MessageMediaVenue) -> Media {
    let types::MessageMediaVenue { geo, title, address, provider, venue_id, venue_type } = source;
    let venue = Venue { title, address, provider, id: venue_id, kind: venue_type };
    place(MediaKind::Venue, geo, Some(venue), None)
}

fn live_place(source: types::MessageMediaGeoLive) -> Media {
    let types::MessageMediaGeoLive { geo, heading, period, proximity_notification_radius } = source;
    let live = LivePlace {
        period_seconds: period,
        heading_degrees: heading,
        alert_meters: proximity_notification_radius,
    };
    place(MediaKind::LivePlace, geo, None, Some(live))
}

fn of_poll(source: types::MessageMediaPoll) -> Media {
    let types::MessageMediaPoll { poll: asked, results, attached_media } = source;
    let mut media = blank(MediaKind::Poll);
    let tl::PollResults::Results(outcome) = &results;
    let tl::Poll::Poll(question) = &asked;
    let answers = question.answers.iter().filter_map(|answer| match answer {
        tl::PollAnswer::Answer(answer) => answer.media.clone(),
        tl::PollAnswer::InputPollAnswer(_) => None,
    });
    let all = attached_media.iter().cloned().chain(outcome.solution_media.clone()).chain(answers);
    media.more_files = all.flat_map(files_of).collect();
    media.extra.some("attached_media", attached_media);
    media.with(Detail::Poll(poll(asked, results)))
}
