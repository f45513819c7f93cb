//! What is sent, uploaded, changed and removed, and by whom.

use super::*;

#[test]
fn strangers_and_the_thrown_out_are_refused() {
    let mut t = world();
    let chat = t.add_supergroup(60, "Harbour", ADA);
    t.join(chat, GRACE);
    let page = |t: &mut Telegram, peer| {
        let call = f::messages::GetHistory {
            peer,
            offset_id: 0,
            offset_date: 0,
            add_offset: 0,
            limit: 10,
            max_id: 0,
            min_id: 0,
            hash: 0,
        };
        history::get_history(t, &grace(), call)
    };
    let right = inputs::of(&t, GRACE, chat);
    let adas = inputs::of(&t, ADA, chat);
    assert!(page(&mut t, right.clone()).is_ok());
    assert_eq!(page(&mut t, adas).unwrap_err().name, "CHANNEL_INVALID");
    t.leave(chat, GRACE, Role::Banned);
    assert_eq!(page(&mut t, right).unwrap_err().name, "CHANNEL_PRIVATE");
    let nobody = Caller { user: None, ..grace() };
    let call = f::users::GetUsers { id: vec![tl::enums::InputUser::UserSelf] };
    assert_eq!(users::get_users(&mut t, &nobody, call).unwrap_err().code, 401);
}

#[test]
fn export_runs_until_it_is_finished() {
    let mut t = world();
    let start = || f::account::InitTakeoutSession {
        contacts: true,
        message_users: true,
        message_chats: false,
        message_megagroups: false,
        message_channels: false,
        files: false,
        file_max_size: None,
    };
    t.mailbox(ADA).takeout_after = t.now() + 30;
    let refusal = takeout::init_takeout_session(&mut t, &ada(), start()).unwrap_err();
    assert_eq!((refusal.code, refusal.name.as_ref()), (420, "TAKEOUT_INIT_DELAY_30"));
    t.advance(30);
    let tl::enums::account::Takeout::Takeout(takeout) =
        takeout::init_takeout_session(&mut t, &ada(), start()).unwrap();
    let inside = Caller { takeout: Some(takeout.id), ..ada() };
    assert_eq!(takeout::check(&t, &inside), Ok(()));
    takeout::finish_takeout_session(&mut t, &inside, f::account::FinishTakeoutSession { success: true })
        .unwrap();
    assert_eq!(takeout::check(&t, &inside).unwrap_err().name, "TAKEOUT_INVALID");
}

#[test]
fn albums_and_forwards_keep_their_order() {
    let mut t = world();
    let chat = t.add_channel(60, "News", ADA);
    let posts: Vec<i32> = (0..3).map(|number| t.say(chat, ADA, &number.to_string()).id()).collect();
    let call = f::messages::ForwardMessages {
        silent: false,
        background: false,
        with_my_score: false,
        drop_author: false,
        drop_media_captions: false,
        noforwards: false,
        allow_paid_floodskip: false,
        from_ephemeral: false,
        from_peer: inputs::of(&t, ADA, chat),
        id: posts.clone(),
        random_id: vec![1, 2, 3],
        to_peer: inputs::of(&t, ADA, Peer::User(GRACE)),
        top_msg_id: None,
        reply_to: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        video_timestamp: None,
        allow_paid_stars: None,
        suggested_post: None,
    };
    let tl::enums::Updates::Updates(answer) = forward::forward_messages(&mut t, &ada(), call).unwrap() else {
        panic!("no updates")
    };
    assert_eq!(answer.updates.len(), 6);
    assert_eq!(texts(&t, GRACE, Peer::User(ADA)), ["0", "1", "2"]);
    let newest = t.history(GRACE, Peer::User(ADA)).unwrap().top();
    let Some(tl::enums::Message::Message(copy)) = t.message(GRACE, Peer::User(ADA), newest) else {
        panic!("none")
    };
    let Some(tl::enums::MessageFwdHeader::Header(header)) = copy.fwd_from else { panic!("no origin") };
    assert_eq!((header.from_id, header.channel_post), (Some(chat.tl()), Some(posts[2])));
}

fn upload(t: &mut Telegram, file_id: i64, bytes: &[u8]) -> tl::enums::InputFile {
    let mut parts = 0;
    for part in bytes.chunks(1024) {
        let call = f::upload::SaveFilePart { file_id, file_part: parts, bytes: part.to_vec() };
        assert!(upload::save_file_part(t, &ada(), call).unwrap());
        parts += 1;
    }
    let md5_checksum = format!("{:x}", md5::compute(bytes));
    tl::types::InputFile { id: file_id, parts, name: "song.mp3".to_owned(), md5_checksum }.into()
}

fn uploaded(file: tl::enums::InputFile) -> tl::enums::InputMedia {
    let audio = tl::types::DocumentAttributeAudio {
        voice: false,
        duration: 3,
        title: Some("Song".to_owned()),
        performer: None,
        waveform: None,
    };
    tl::types::InputMediaUploadedDocument {
        nosound_video: false,
        force_file: false,
        spoiler: false,
        file,
        thumb: None,
        mime_type: "audio/mpeg".to_owned(),
        attributes: vec![audio.into()],
        stickers: None,
        video_cover: None,
        video_timestamp: None,
        ttl_seconds: None,
    }
    .into()
}

#[test]
fn uploaded_song_is_sent_once_and_saved() {
    let mut t = world();
    let bytes: Vec<u8> = (0..5_000_u32).map(|place| place.to_le_bytes()[0]).collect();
    let media = uploaded(upload(&mut t, 11, &bytes));
    let plain = blank_send(tl::enums::InputPeer::PeerSelf);
    let call = f::messages::SendMedia {
        silent: false,
        background: false,
        clear_draft: false,
        noforwards: false,
        update_stickersets_order: false,
        invert_media: false,
        allow_paid_floodskip: false,
        peer: plain.peer,
        reply_to: None,
        media,
        message: "listen".to_owned(),
        random_id: 5,
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        allow_paid_stars: None,
        suggested_post: None,
    };
    send::send_media(&mut t, &ada(), call.clone()).unwrap();
    assert_eq!(send::send_media(&mut t, &ada(), call).unwrap_err().name, "RANDOM_ID_DUPLICATE");
    let history = t.history(ADA, Peer::User(ADA)).unwrap();
    assert_eq!(history.len(), 1);
    let kept = history.get(history.top()).unwrap().into_owned();
    let Some(tl::enums::MessageMedia::Document(media)) = message::media_of(&kept) else { panic!("{kept:?}") };
    let Some(tl::enums::Document::Document(document)) = &media.document else { panic!("{media:?}") };
    assert_eq!((document.size, document.dc_id), (5_000, 1));
    assert_eq!(t.files.get(document.id).unwrap().content.read(0..9_000), bytes);

    let input = |file_reference: Vec<u8>| -> tl::enums::InputDocument {
        tl::types::InputDocument { id: document.id, access_hash: document.access_hash, file_reference }.into()
    };
    let save = |id, unsave| f::account::SaveMusic { unsave, id, after_id: None };
    let saved = |t: &mut Telegram| {
        let call =
            f::users::GetSavedMusic { id: tl::enums::InputUser::UserSelf, offset: 0, limit: 10, hash: 0 };
        match music::get_saved_music(t, &ada(), call).unwrap() {
            tl::enums::users::SavedMusic::Music(it) => it.documents,
            other => panic!("{other:?}"),
        }
    };
    music::save_music(&mut t, &ada(), save(input(document.file_reference.clone()), false)).unwrap();
    t.files.expire_references();
    let refused =
        music::save_music(&mut t, &ada(), save(input(document.file_reference.clone()), true)).unwrap_err();
    assert_eq!(refused.name, "FILE_REFERENCE_EXPIRED");
    let documents = vec![input(Vec::new())];
    let call = f::users::GetSavedMusicById { id: tl::enums::InputUser::UserSelf, documents };
    let tl::enums::users::SavedMusic::Music(renewed) =
        music::get_saved_music_by_id(&mut t, &ada(), call).unwrap()
    else {
        panic!("not modified")
    };
    let Some(tl::enums::Document::Document(renewed)) = renewed.documents.first() else { panic!("not saved") };
    assert_eq!(saved(&mut t).len(), 1);
    music::save_music(&mut t, &ada(), save(input(renewed.file_reference.clone()), true)).unwrap();
    assert!(saved(&mut t).is_empty());
}

#[test]
fn long_histories_are_cleared_in_turns() {
    let mut t = world();
    for number in 0..2_500 {
        t.say(Peer::User(ADA), BOB, &number.to_string());
    }
    let peer = inputs::of(&t, ADA, Peer::User(BOB));
    let call = f::messages::DeleteHistory {
        just_clear: false,
        revoke: false,
        peer,
        max_id: 0,
        min_date: None,
        max_date: None,
    };
    let mut left = Vec::new();
    while left.last() != Some(&0) {
        let tl::enums::messages::AffectedHistory::History(affected) =
            edit::delete_history(&mut t, &ada(), call.clone()).unwrap();
        left.push(affected.offset);
    }
    assert_eq!(left, [1_500, 500, 0]);
    assert!(t.history(ADA, Peer::User(BOB)).unwrap().is_empty());
    assert!(!t.boxes[&ADA].talks.contains_key(&Peer::User(BOB)));
}

#[test]
fn only_authors_and_admins_change_messages() {
    let mut t = world();
    let chat = t.add_supergroup(60, "Harbour", ADA);
    t.join(chat, GRACE);
    let said = t.say(chat, ADA, "mine");
    let own = t.say(chat, GRACE, "hers");
    let peer = inputs::of(&t, GRACE, chat);
    let change = |id, text: &str| f::messages::EditMessage {
        no_webpage: false,
        invert_media: false,
        peer: peer.clone(),
        id,
        message: Some(text.to_owned()),
        media: None,
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        quick_reply_shortcut_id: None,
        rich_message: None,
    };
    let mut edited =
        |call| edit::edit_message(&mut t, &grace(), call).map_err(|refusal| refusal.name.into_owned());
    assert_eq!(edited(change(said.id(), "no")).unwrap_err(), "MESSAGE_AUTHOR_REQUIRED");
    assert_eq!(edited(change(own.id(), "hers")).unwrap_err(), "MESSAGE_NOT_MODIFIED");
    assert_eq!(edited(change(999, "none")).unwrap_err(), "MESSAGE_ID_INVALID");
    edited(change(own.id(), "hers, changed")).unwrap();
    let channel = |viewer, t: &Telegram| -> tl::enums::InputChannel {
        let access_hash = t.access_hash(viewer, chat);
        tl::types::InputChannel { channel_id: 60, access_hash }.into()
    };
    let (hers, adas) = (channel(GRACE, &t), channel(ADA, &t));
    let delete = |channel| f::channels::DeleteMessages { channel, id: vec![said.id(), own.id()] };
    let refused = edit::delete_channel_messages(&mut t, &grace(), delete(hers)).unwrap_err();
    assert_eq!(refused.name, "MESSAGE_DELETE_FORBIDDEN");
    let tl::enums::messages::AffectedMessages::Messages(gone) =
        edit::delete_channel_messages(&mut t, &ada(), delete(adas)).unwrap();
    assert_eq!((gone.pts_count, gone.pts), (2, t.channels[&60].pts));
}

#[test]
fn private_messages_can_be_changed_for_two_days() {
    let mut t = world();
    let change = |t: &mut Telegram, to: Peer, id| {
        let call = f::messages::EditMessage {
            no_webpage: false,
            invert_media: false,
            peer: inputs::of(t, ADA, to),
            id,
            message: Some("changed".into()),
            media: None,
            reply_markup: None,
            entities: None,
            schedule_date: None,
            schedule_repeat_period: None,
            quick_reply_shortcut_id: None,
            rich_message: None,
        };
        edit::edit_message(t, &ada(), call).map(drop).map_err(|refusal| refusal.name.into_owned())
    };
    let to_grace = t.say(Peer::User(GRACE), ADA, "hello").id();
    let saved = t.say(Peer::User(ADA), ADA, "a note").id();
    t.advance(2 * 24 * 60 * 60 + 1);
    let refused = change(&mut t, Peer::User(GRACE), to_grace).unwrap_err();
    assert_eq!(refused, "MESSAGE_EDIT_TIME_EXPIRED");
    change(&mut t, Peer::User(ADA), saved).unwrap();
}

#[test]
fn a_pinned_message_is_pinned_once() {
    let mut t = world();
    let id = t.say(Peer::User(ADA), ADA, "a note").id();
    let mut pin = |id, unpin| {
        let peer = tl::enums::InputPeer::PeerSelf;
        let call = f::messages::UpdatePinnedMessage { silent: true, unpin, pm_oneside: true, peer, id };
        edit::update_pinned_message(&mut t, &ada(), call)
            .map(drop)
            .map_err(|refusal| refusal.name.into_owned())
    };
    pin(id, false).unwrap();
    assert_eq!(pin(id, false).unwrap_err(), "CHAT_NOT_MODIFIED");
    assert_eq!(pin(id + 1, false).unwrap_err(), "MESSAGE_ID_INVALID");
    pin(id, true).unwrap();
    assert_eq!(texts(&t, ADA, Peer::User(ADA)), ["a note"], "nobody is told");
}

#[test]
fn bios_have_a_length() {
    let mut t = world();
    let write = |t: &mut Telegram, about: String| {
        let call = f::account::UpdateProfile { first_name: None, last_name: None, about: Some(about) };
        users::update_profile(t, &ada(), call).map(drop).map_err(|refusal| refusal.name.into_owned())
    };
    write(&mut t, format!(" {} ", "é".repeat(70))).unwrap();
    assert_eq!(t.profiles[&ADA].about, "é".repeat(70));
    assert_eq!(write(&mut t, "é".repeat(71)).unwrap_err(), "ABOUT_TOO_LONG");
    t.users.get_mut(&ADA).unwrap().premium = true;
    write(&mut t, "é".repeat(140)).unwrap();
    assert_eq!(write(&mut t, "é".repeat(141)).unwrap_err(), "ABOUT_TOO_LONG");
}

#[test]
fn unchanged_lists_are_not_sent_again() {
    let mut t = world();
    let ids: Vec<i64> =
        (0..3).map(|number| i64::from(t.say(Peer::User(ADA), BOB, &number.to_string()).id())).collect();
    t.add_contact(ADA, BOB, true);
    let peer = inputs::of(&t, ADA, Peer::User(BOB));
    let newest_first = ids.into_iter().rev();
    let call = f::messages::GetHistory {
        peer,
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 10,
        max_id: 0,
        min_id: 0,
        hash: paging::hash_of(newest_first),
    };
    let answer = history::get_history(&mut t, &ada(), call.clone()).unwrap();
    assert!(matches!(answer, tl::enums::messages::Messages::NotModified(it) if it.count == 3));
    t.say(Peer::User(ADA), BOB, "one more");
    let answer = history::get_history(&mut t, &ada(), call).unwrap();
    assert!(matches!(answer, tl::enums::messages::Messages::Messages(it) if it.messages.len() == 4));
    let hash = paging::hash_of([1, BOB]);
    let contacts = contacts::get_contacts(&mut t, &ada(), f::contacts::GetContacts { hash }).unwrap();
    assert!(matches!(contacts, tl::enums::contacts::Contacts::NotModified));
}
