//! What a client wants to send, as what a message holds.

use grammers_tl_types as tl;
use tl::enums::{InputMedia, MessageMedia};

use super::{Caller, Refusal, inputs, upload};
use crate::telegram::{Content, File, Telegram, Thumb, blank};

const MEDIA_INVALID: Refusal = Refusal::new(400, "MEDIA_INVALID");

pub(super) fn upload_media(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::messages::UploadMedia,
) -> Result<MessageMedia, Refusal> {
    let me = caller.me()?;
    inputs::peer(t, me, &call.peer)?;
    made(t, me, &call.media)
}

pub(super) fn made(t: &mut Telegram, me: i64, media: &InputMedia) -> Result<MessageMedia, Refusal> {
    Ok(match media {
        InputMedia::Empty => return Err(Refusal::new(400, "MEDIA_EMPTY")),
        InputMedia::UploadedPhoto(input) => {
            let (content, _) = upload::assembled(t, me, &input.file)?;
            let size = picture_size(&content).ok_or(Refusal::new(400, "PHOTO_INVALID_DIMENSIONS"))?;
            let file = kept(t, me, content, "image/jpeg", Vec::new(), Some(size));
            let photo = t.files.photo(&file).map(Into::into);
            let blank = blank::media_photo(tl::types::PhotoEmpty { id: 0 }.into());
            let (spoiler, ttl_seconds) = (input.spoiler, input.ttl_seconds);
            tl::types::MessageMediaPhoto { photo, spoiler, ttl_seconds, ..blank }.into()
        }
        InputMedia::Photo(input) => {
            let file = inputs::photo(t, &input.id)?;
            let photo = t.files.photo(&file).ok_or(Refusal::new(400, "PHOTO_INVALID"))?;
            let (spoiler, ttl_seconds) = (input.spoiler, input.ttl_seconds);
            tl::types::MessageMediaPhoto { spoiler, ttl_seconds, ..blank::media_photo(photo.into()) }.into()
        }
        InputMedia::UploadedDocument(input) => uploaded_document(t, me, input)?,
        InputMedia::Document(input) => {
            let file = inputs::document(t, &input.id)?;
            let mut media = t.files.media(&file);
            if let MessageMedia::Document(media) = &mut media {
                (media.spoiler, media.ttl_seconds) = (input.spoiler, input.ttl_seconds);
            }
            media
        }
        InputMedia::GeoPoint(input) => tl::types::MessageMediaGeo { geo: point(&input.geo_point)? }.into(),
        InputMedia::GeoLive(input) => tl::types::MessageMediaGeoLive {
            geo: point(&input.geo_point)?,
            heading: input.heading,
            period: input.period.unwrap_or(0),
            proximity_notification_radius: input.proximity_notification_radius,
        }
        .into(),
        InputMedia::Venue(input) => tl::types::MessageMediaVenue {
            geo: point(&input.geo_point)?,
            title: input.title.clone(),
            address: input.address.clone(),
            provider: input.provider.clone(),
            venue_id: input.venue_id.clone(),
            venue_type: input.venue_type.clone(),
        }
        .into(),
        InputMedia::Contact(input) => {
            let phone = input.phone_number.trim_start_matches('+');
            let user = t.accounts.iter().find(|(_, account)| account.phone == phone).map(|(user, _)| *user);
            tl::types::MessageMediaContact {
                phone_number: input.phone_number.clone(),
                first_name: input.first_name.clone(),
                last_name: input.last_name.clone(),
                vcard: input.vcard.clone(),
                user_id: user.unwrap_or(0),
            }
            .into()
        }
        InputMedia::Poll(input) => poll(t, input)?,
        InputMedia::Dice(input) => {
            let sides = if input.emoticon == "🎰" { 64 } else { 6 };
            let value = i32::try_from(t.next_id() % sides).unwrap_or(0) + 1;
            tl::types::MessageMediaDice { value, emoticon: input.emoticon.clone(), game_outcome: None }.into()
        }
        InputMedia::WebPage(input) => {
            let page = t.web_pages.get(&input.url).cloned();
            let page = page.ok_or(Refusal::new(400, "WEBPAGE_NOT_FOUND"))?;
            tl::types::MessageMediaWebPage {
                force_large_media: input.force_large_media,
                force_small_media: input.force_small_media,
                manual: true,
                safe: false,
                webpage: page.into(),
            }
            .into()
        }
        InputMedia::PhotoExternal(_) | InputMedia::DocumentExternal(_) => {
            // There is no world outside this one to fetch it from.
            return Err(Refusal::new(400, "WEBPAGE_CURL_FAILED"));
        }
        _ => return Err(MEDIA_INVALID),
    })
}

/// What somebody sends lives where they are at home.
fn kept(
    t: &mut Telegram,
    me: i64,
    content: Content,
    mime: &str,
    attributes: Vec<tl::enums::DocumentAttribute>,
    photo: Option<(i32, i32)>,
) -> File {
    let mut file = t.add_file(content, mime, attributes, photo);
    file.dc = t.accounts.get(&me).map_or(file.dc, |account| account.home_dc);
    t.files.add(file.clone());
    file
}

fn uploaded_document(
    t: &mut Telegram,
    me: i64,
    input: &tl::types::InputMediaUploadedDocument,
) -> Result<MessageMedia, Refusal> {
    let (content, name) = upload::assembled(t, me, &input.file)?;
    let mut attributes = input.attributes.clone();
    let is_named =
        |it: &tl::enums::DocumentAttribute| matches!(it, tl::enums::DocumentAttribute::Filename(_));
    if !name.is_empty() && !attributes.iter().any(is_named) {
        attributes.push(tl::types::DocumentAttributeFilename { file_name: name }.into());
    }
    let mut file = kept(t, me, content, &input.mime_type, attributes, None);
    if let Some(thumb) = &input.thumb {
        let (content, _) = upload::assembled(t, me, thumb)?;
        let (width, height) = picture_size(&content).unwrap_or((320, 320));
        file.thumbs = vec![Thumb { kind: "m".to_owned(), width, height, content }];
        t.files.add(file.clone());
    }
    let mut media = t.files.media(&file);
    if let MessageMedia::Document(media) = &mut media {
        (media.spoiler, media.ttl_seconds) = (input.spoiler, input.ttl_seconds);
    }
    Ok(media)
}

fn point(input: &tl::enums::InputGeoPoint) -> Result<tl::enums::GeoPoint, Refusal> {
    let tl::enums::InputGeoPoint::Point(input) = input else { return Err(MEDIA_INVALID) };
    if !(-90.0..=90.0).contains(&input.lat) || !(-180.0..=180.0).contains(&input.long) {
        return Err(MEDIA_INVALID);
    }
    Ok(tl::types::GeoPoint {
        lat: input.lat,
        long: input.long,
        access_hash: 0,
        accuracy_radius: input.accuracy_radius,
    }
    .into())
}

fn poll(t: &mut Telegram, input: &tl::types::InputMediaPoll) -> Result<MessageMedia, Refusal> {
    let tl::enums::Poll::Poll(mut poll) = input.poll.clone();
    if !(1..=12).contains(&poll.answers.len()) {
        return Err(Refusal::new(400, "POLL_ANSWERS_INVALID"));
    }
    poll.id = 6_000_000_000_000_000_000 + t.next_id();
    for (place, answer) in poll.answers.iter_mut().enumerate() {
        if let tl::enums::PollAnswer::InputPollAnswer(given) = answer {
            *answer = tl::types::PollAnswer {
                text: given.text.clone(),
                option: place.to_string().into_bytes(),
                media: None,
                added_by: None,
                date: None,
            }
            .into();
        }
    }
    let mut results = blank::poll_results();
    if let Some(correct) = &input.correct_answers {
        let voters = poll.answers.iter().enumerate().filter_map(|(place, answer)| match answer {
            tl::enums::PollAnswer::Answer(answer) => Some((place, answer)),
            _ => None,
        });
        let voters = voters.map(|(place, answer)| {
            tl::types::PollAnswerVoters {
                chosen: false,
                correct: correct.iter().any(|right| usize::try_from(*right) == Ok(place)),
                option: answer.option.clone(),
                voters: Some(0),
                recent_voters: Some(Vec::new()),
            }
            .into()
        });
        results.results = Some(voters.collect());
        results.solution = Some(input.solution.clone().unwrap_or_default());
        results.solution_entities = Some(input.solution_entities.clone().unwrap_or_default());
    }
    results.total_voters = Some(0);
    Ok(tl::types::MessageMediaPoll { poll: poll.into(), results: results.into(), attached_media: None }
        .into())
}

/// Width and height of a JPEG or PNG, as its header says.
fn picture_size(content: &Content) -> Option<(i32, i32)> {
    let bytes = content.read(0..content.len());
    let word = |at: usize| Some(i32::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])));
    if bytes.starts_with(b"\x89PNG") {
        return Some((word(18)?, word(22)?));
    }
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return None;
    }
    let mut at = 2;
    loop {
        let (mark, kind) = (*bytes.get(at)?, *bytes.get(at + 1)?);
        if mark != 0xff {
            return None;
        }
        // The frame header, in any of its codings; c4, c8 and cc are something else.
        if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) {
            return Some((word(at + 7)?, word(at + 5)?));
        }
        at += 2 + usize::try_from(word(at + 2)?).ok()?;
    }
}

impl Telegram {
    /// Sets what a link shows when somebody sends it.
    pub fn add_web_page(&mut self, url: &str, title: &str) {
        let page = blank::web_page(self.next_id(), url, title);
        self.web_pages.insert(url.to_owned(), page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picture_sizes_are_read_from_headers() {
        let jpeg = [&[0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2][..], &[0xff, 0xc0, 0, 17, 8, 1, 0, 2, 0]].concat();
        assert_eq!(picture_size(&jpeg.into()), Some((512, 256)));
        let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &[0, 0, 0, 9, 0, 0, 0, 7]].concat();
        assert_eq!(picture_size(&png.into()), Some((9, 7)));
        assert_eq!(picture_size(&b"text".to_vec().into()), None);
    }
}
