//! Media that are no files: places, contacts, polls, pages, lists, money.

use grammers_tl_types::{
    enums::{self, MessageExtendedMedia, MessageMedia, PageBlock, RichText},
    types,
};

use super::{
    super::blank,
    media::Kind,
    scene::{Scene, channel, user},
    text::Text,
};

/// How many variants of media without files there are.
pub(crate) const THING_VARIANTS: usize = 31;

/// What people send most comes first.
pub(crate) fn thing(variant: usize, scene: &mut Scene<'_>) -> MessageMedia {
    match variant {
        0 => web_page(scene),
        1 => poll(scene, PollKind::Open),
        2 => types::MessageMediaGeo { geo: place(scene) }.into(),
        3 => contact(scene),
        4 => dice(scene, "🎲"),
        5 => venue(scene),
        6 => poll(scene, PollKind::Quiz),
        7 => live_place(scene),
        8 => poll(scene, PollKind::Multiple),
        9 => game(scene),
        10 => to_do(scene),
        11 => poll(scene, PollKind::Closed),
        12 => story(scene),
        13 => invoice(scene),
        14 => giveaway(scene),
        15 => giveaway_results(scene),
        16 => paid(scene),
        17 => dice(scene, "🎰"),
        18 => plain_page(types::WebPageEmpty { id: scene.dice.long(), url: Some(URL.into()) }),
        19 => plain_page(types::WebPagePending { id: scene.dice.long(), url: None, date: scene.date }),
        20 => plain_page(types::WebPageNotModified { cached_page_views: None }),
        21 => article(scene),
        22 => MessageMedia::Empty,
        23 => MessageMedia::Unsupported,
        24 => types::MessageMediaGeo { geo: enums::GeoPoint::Empty }.into(),
        25 => video_stream(scene),
        26 => poll(scene, PollKind::Pictures),
        27 => paid_invoice(scene),
        28 => types::MessageMediaContact {
            phone_number: "34600000000".into(),
            first_name: "未注册".into(),
            last_name: String::new(),
            vcard: String::new(),
            user_id: 0,
        }
        .into(),
        29 => dice(scene, "🎯"),
        _ => forwarded_story(scene),
    }
}

const URL: &str = "https://example.org/tapes";

fn web_page(scene: &mut Scene<'_>) -> MessageMedia {
    let mut page: types::WebPage = blank();
    page.id = scene.dice.long();
    page.url = format!("{URL}/{}", scene.dice.between(1, 999));
    page.display_url = page.url.trim_start_matches("https://").to_owned();
    page.r#type = Some("article".into());
    page.site_name = Some("Example".into());
    page.title = Some(scene.label());
    page.description = Some(scene.say());
    page.photo = scene.dice.one_in(2).then(|| scene.photo());
    types::MessageMediaWebPage {
        force_large_media: false,
        force_small_media: scene.dice.one_in(3),
        manual: false,
        safe: true,
        webpage: page.into(),
    }
    .into()
}

fn plain_page(page: impl Into<enums::WebPage>) -> MessageMedia {
    let (force_large_media, force_small_media, manual, safe) = (false, false, false, false);
    let webpage = page.into();
    types::MessageMediaWebPage { force_large_media, force_small_media, manual, safe, webpage }.into()
}

/// With a page that can be read inside Telegram.
fn article(scene: &mut Scene<'_>) -> MessageMedia {
    let MessageMedia::WebPage(mut media) = web_page(scene) else { unreachable!("made just above") };
    let text = |text: String| RichText::TextPlain(types::TextPlain { text });
    let photo = scene.photo();
    let caption = types::PageCaption { text: text(scene.label()), credit: RichText::TextEmpty };
    let blocks: Vec<PageBlock> = vec![
        types::PageBlockTitle { text: text(scene.label()) }.into(),
        types::PageBlockParagraph {
            text: types::TextConcat {
                texts: vec![text(scene.say()), types::TextBold { text: text(scene.label()) }.into()],
            }
            .into(),
        }
        .into(),
        types::PageBlockPhoto {
            spoiler: false,
            photo_id: photo.id(),
            caption: caption.into(),
            url: None,
            webpage_id: None,
        }
        .into(),
        PageBlock::Divider,
    ];
    let page = types::Page {
        part: false,
        rtl: false,
        v2: true,
        url: URL.into(),
        blocks,
        photos: vec![photo],
        documents: vec![scene.document(Kind::Music)],
        views: Some(321),
    };
    if let enums::WebPage::Page(whole) = &mut media.webpage {
        whole.cached_page = Some(page.into());
        whole.has_large_media = true;
    }
    media.force_large_media = true;
    media.into()
}

fn place(scene: &mut Scene<'_>) -> enums::GeoPoint {
    let degrees =
        |dice: &mut super::dice::Dice, limit: i32| f64::from(dice.between(-limit, limit)) / 10_000.0;
    types::GeoPoint {
        long: degrees(&mut scene.dice, 1_800_000),
        lat: degrees(&mut scene.dice, 850_000),
        access_hash: scene.dice.long(),
        accuracy_radius: scene.dice.one_in(2).then_some(25),
    }
    .into()
}

fn live_place(scene: &mut Scene<'_>) -> MessageMedia {
    types::MessageMediaGeoLive {
        geo: place(scene),
        heading: Some(scene.dice.between(1, 360)),
        period: 900,
        proximity_notification_radius: scene.dice.one_in(2).then_some(200),
    }
    .into()
}

fn venue(scene: &mut Scene<'_>) -> MessageMedia {
    types::MessageMediaVenue {
        geo: place(scene),
        title: scene.label(),
        address: "Calle Mayor 12".into(),
        provider: "foursquare".into(),
        venue_id: format!("{:x}", scene.dice.long()),
        venue_type: "arts_entertainment/music_venue".into(),
    }
    .into()
}

fn contact(scene: &mut Scene<'_>) -> MessageMedia {
    types::MessageMediaContact {
        phone_number: format!("34600{:06}", scene.dice.below(1_000_000)),
        first_name: "Ann".into(),
        last_name: scene.label(),
        vcard: "BEGIN:VCARD\nVERSION:3.0\nFN:Ann\nEND:VCARD".into(),
        user_id: scene.member(),
    }
    .into()
}

fn dice(scene: &mut Scene<'_>, emoticon: &str) -> MessageMedia {
    let highest = if emoticon == "🎰" { 64 } else { 6 };
    let outcome = types::messages::EmojiGameOutcome {
        seed: scene.dice.bytes(32),
        stake_ton_amount: 1_000_000,
        ton_amount: 0,
    };
    types::MessageMediaDice {
        value: scene.dice.between(1, highest),
        emoticon: emoticon.into(),
        game_outcome: (emoticon == "🎯").then(|| outcome.into()),
    }
    .into()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PollKind {
    Open,
    Quiz,
    Multiple,
    Closed,
    Pictures,
}

fn poll(scene: &mut Scene<'_>, kind: PollKind) -> MessageMedia {
    let mut answers = Vec::new();
    let mut results = Vec::new();
    for option in b'0'..b'4' {
        let mut answer: types::PollAnswer = types::PollAnswer {
            text: scene.words(),
            option: vec![option],
            media: None,
            added_by: None,
            date: None,
        };
        if kind == PollKind::Pictures {
            answer.media = Some(super::attach::file_media(0, scene));
            answer.added_by = Some(scene.peer_of_member());
            answer.date = Some(scene.date);
        }
        answers.push(answer.into());
        let voters = scene.dice.between(0, 20);
        results.push(
            types::PollAnswerVoters {
                chosen: option == b'1',
                correct: kind == PollKind::Quiz && option == b'2',
                option: vec![option],
                voters: Some(voters),
                recent_voters: Some(vec![scene.peer_of_member()]),
            }
            .into(),
        );
    }
    let mut solution = Text::plain(scene.say());
    super::text::push_entity(&mut solution, 6, scene.tongue, &mut scene.dice);
    let is_quiz = kind == PollKind::Quiz;
    let poll = types::Poll {
        id: scene.dice.long(),
        closed: kind == PollKind::Closed,
        public_voters: scene.dice.one_in(2),
        multiple_choice: kind == PollKind::Multiple,
        quiz: is_quiz,
        open_answers: kind == PollKind::Pictures,
        revoting_disabled: is_quiz,
        shuffle_answers: false,
        hide_results_until_close: false,
        creator: false,
        subscribers_only: false,
        question: Text::plain(scene.say()).into(),
        answers,
        close_period: is_quiz.then_some(600),
        close_date: is_quiz.then_some(scene.date + 600),
        countries_iso2: None,
        hash: scene.dice.long(),
    };
    let results = types::PollResults {
        min: false,
        has_unread_votes: false,
        can_view_stats: false,
        results: Some(results),
        total_voters: Some(31),
        recent_voters: Some(vec![scene.peer_of_member(), scene.peer_of_member()]),
        solution: is_quiz.then(|| solution.text.clone()),
        solution_entities: is_quiz.then(|| solution.entities.clone()),
        solution_media: None,
    };
    let attached_media = (kind == PollKind::Pictures).then(|| super::attach::file_media(1, scene));
    types::MessageMediaPoll { poll: poll.into(), results: results.into(), attached_media }.into()
}

fn game(scene: &mut Scene<'_>) -> MessageMedia {
    let game = types::Game {
        id: scene.dice.long(),
        access_hash: scene.dice.long(),
        short_name: "reels".into(),
        title: "Reels".into(),
        description: scene.say(),
        photo: scene.photo(),
        document: Some(scene.document(Kind::Animation)),
    };
    types::MessageMediaGame { game: game.into() }.into()
}

fn to_do(scene: &mut Scene<'_>) -> MessageMedia {
    let list = (1..=3).map(|id| types::TodoItem { id, title: scene.words() }.into()).collect();
    let todo =
        types::TodoList { others_can_append: true, others_can_complete: true, title: scene.words(), list };
    let done = types::TodoCompletion { id: 2, completed_by: scene.peer_of_member(), date: scene.date };
    types::MessageMediaToDo { todo: todo.into(), completions: Some(vec![done.into()]) }.into()
}

fn story(scene: &mut Scene<'_>) -> MessageMedia {
    let (peer, id) = (channel(scene.channel), scene.dice.between(1, 90));
    types::MessageMediaStory { via_mention: scene.dice.one_in(2), peer, id, story: None }.into()
}

/// With the story itself inside.
fn forwarded_story(scene: &mut Scene<'_>) -> MessageMedia {
    let id = scene.dice.between(1, 90);
    let story = types::StoryItem {
        pinned: true,
        public: true,
        close_friends: false,
        min: false,
        noforwards: false,
        edited: false,
        contacts: false,
        selected_contacts: false,
        out: false,
        id,
        date: scene.date,
        from_id: Some(user(scene.from)),
        fwd_from: None,
        expire_date: scene.date + 86_400,
        caption: Some(scene.say()),
        entities: None,
        media: super::attach::file_media(1, scene),
        media_areas: None,
        privacy: None,
        views: None,
        sent_reaction: None,
        albums: None,
        music: Some(scene.document(Kind::Music)),
    };
    let peer = user(scene.from);
    types::MessageMediaStory { via_mention: false, peer, id, story: Some(story.into()) }.into()
}

fn invoice(scene: &mut Scene<'_>) -> MessageMedia {
    let picture = types::WebDocument {
        url: "https://example.org/tape.jpg".into(),
        access_hash: scene.dice.long(),
        size: 4321,
        mime_type: "image/jpeg".into(),
        attributes: vec![types::DocumentAttributeImageSize { w: 200, h: 200 }.into()],
    };
    types::MessageMediaInvoice {
        shipping_address_requested: true,
        test: true,
        title: scene.label(),
        description: scene.say(),
        photo: Some(picture.into()),
        receipt_msg_id: None,
        currency: "EUR".into(),
        total_amount: i64::from(scene.dice.between(100, 9_900)),
        start_param: "tape".into(),
        extended_media: None,
    }
    .into()
}

fn paid_invoice(scene: &mut Scene<'_>) -> MessageMedia {
    let MessageMedia::Invoice(mut media) = invoice(scene) else { unreachable!("made just above") };
    media.currency = "XTR".into();
    media.receipt_msg_id = Some(scene.id.saturating_sub(1));
    media.photo = None;
    media.extended_media = Some(extended(scene));
    MessageMedia::Invoice(media)
}

fn extended(scene: &mut Scene<'_>) -> MessageExtendedMedia {
    types::MessageExtendedMedia { media: super::attach::file_media(0, scene) }.into()
}

fn paid(scene: &mut Scene<'_>) -> MessageMedia {
    let thumb = types::PhotoStrippedSize {
        r#type: "i".into(),
        bytes: scene.file(Kind::Photo).stripped().unwrap_or_default().to_vec(),
    };
    let hidden = types::MessageExtendedMediaPreview {
        w: Some(480),
        h: Some(360),
        thumb: Some(thumb.into()),
        video_duration: Some(1),
    };
    types::MessageMediaPaidMedia { stars_amount: 50, extended_media: vec![hidden.into(), extended(scene)] }
        .into()
}

fn giveaway(scene: &mut Scene<'_>) -> MessageMedia {
    types::MessageMediaGiveaway {
        only_new_subscribers: true,
        winners_are_visible: true,
        channels: vec![scene.channel],
        countries_iso2: Some(vec!["ES".into(), "EG".into()]),
        prize_description: Some(scene.label()),
        quantity: 5,
        months: Some(3),
        stars: None,
        until_date: scene.date + 604_800,
    }
    .into()
}

fn giveaway_results(scene: &mut Scene<'_>) -> MessageMedia {
    types::MessageMediaGiveawayResults {
        only_new_subscribers: true,
        refunded: false,
        channel_id: scene.channel,
        additional_peers_count: Some(1),
        launch_msg_id: scene.id.saturating_sub(1).max(1),
        winners_count: 2,
        unclaimed_count: 0,
        winners: vec![scene.member(), scene.me],
        months: None,
        stars: Some(500),
        prize_description: Some(scene.label()),
        until_date: scene.date,
    }
    .into()
}

fn video_stream(scene: &mut Scene<'_>) -> MessageMedia {
    let call = types::InputGroupCall { id: scene.dice.long(), access_hash: scene.dice.long() };
    types::MessageMediaVideoStream { rtmp_stream: true, call: call.into() }.into()
}

#[cfg(test)]
mod tests {
    use grammers_tl_types::{Deserializable as _, Serializable as _};

    use super::{
        super::{
            attach::{FILE_VARIANTS, file_media},
            scene::sample,
        },
        *,
    };

    #[test]
    fn every_kind_of_media_is_made() {
        let files = (0..FILE_VARIANTS).map(|variant| file_media(variant, &mut sample(1)));
        let things = (0..THING_VARIANTS).map(|variant| thing(variant, &mut sample(1)));
        let mut found = [0; 19];
        for media in files.chain(things) {
            found[place(&media)] += 1;
            assert_eq!(MessageMedia::from_bytes(&media.to_bytes()).unwrap(), media);
        }
        assert!(found.iter().all(|count| *count > 0), "{found:?}");
    }

    #[test]
    fn variants_differ_by_seed() {
        assert_eq!(thing(1, &mut sample(1)), thing(1, &mut sample(1)));
        assert_ne!(thing(1, &mut sample(1)), thing(1, &mut sample(2)));
    }

    /// A new constructor in a later layer does not compile here: give it a variant above.
    fn place(media: &MessageMedia) -> usize {
        match media {
            MessageMedia::Empty => 0,
            MessageMedia::Photo(_) => 1,
            MessageMedia::Geo(_) => 2,
            MessageMedia::Contact(_) => 3,
            MessageMedia::Unsupported => 4,
            MessageMedia::Document(_) => 5,
            MessageMedia::WebPage(_) => 6,
            MessageMedia::Venue(_) => 7,
            MessageMedia::Game(_) => 8,
            MessageMedia::Invoice(_) => 9,
            MessageMedia::GeoLive(_) => 10,
            MessageMedia::Poll(_) => 11,
            MessageMedia::Dice(_) => 12,
            MessageMedia::Story(_) => 13,
            MessageMedia::Giveaway(_) => 14,
            MessageMedia::GiveawayResults(_) => 15,
            MessageMedia::PaidMedia(_) => 16,
            MessageMedia::ToDo(_) => 17,
            MessageMedia::VideoStream(_) => 18,
        }
    }
}
