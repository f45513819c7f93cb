//! What people and bots do to one another.

use grammers_tl_types::{
    enums::{MessageAction, PhoneCallDiscardReason, PollAnswer, SecureValueType},
    types,
};

use super::{super::scene::user, Scene};

pub(super) fn phone_call(scene: &mut Scene<'_>) -> MessageAction {
    let is_missed = scene.dice.one_in(3);
    let reason = if is_missed { PhoneCallDiscardReason::Missed } else { PhoneCallDiscardReason::Hangup };
    types::MessageActionPhoneCall {
        video: scene.dice.one_in(3),
        call_id: scene.dice.long(),
        reason: Some(reason),
        duration: (!is_missed).then_some(312),
    }
    .into()
}

pub(super) fn conference_call(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionConferenceCall {
        missed: false,
        active: false,
        video: true,
        call_id: scene.dice.long(),
        duration: Some(1_200),
        other_participants: Some(vec![scene.peer_of_member()]),
    }
    .into()
}

pub(super) fn custom(_: &mut Scene<'_>) -> MessageAction {
    types::MessageActionCustomAction { message: "Ann took a screenshot!".into() }.into()
}

pub(super) fn bot_allowed(scene: &mut Scene<'_>) -> MessageAction {
    let app = types::BotApp {
        id: scene.dice.long(),
        access_hash: scene.dice.long(),
        short_name: "player".into(),
        title: "Tape player".into(),
        description: scene.say(),
        photo: scene.photo(),
        document: None,
        hash: scene.dice.long(),
    };
    let with_app = scene.dice.one_in(2);
    types::MessageActionBotAllowed {
        attach_menu: false,
        from_request: with_app,
        domain: (!with_app).then(|| "example.org".into()),
        app: with_app.then(|| app.into()),
    }
    .into()
}

pub(super) fn secure_values_sent(_: &mut Scene<'_>) -> MessageAction {
    let types = vec![SecureValueType::Passport, SecureValueType::Address];
    types::MessageActionSecureValuesSent { types }.into()
}

pub(super) fn secure_values_sent_me(scene: &mut Scene<'_>) -> MessageAction {
    let value = types::SecureValue {
        r#type: SecureValueType::Phone,
        data: None,
        front_side: None,
        reverse_side: None,
        selfie: None,
        translation: None,
        files: None,
        plain_data: Some(types::SecurePlainPhone { phone: "34600000000".into() }.into()),
        hash: scene.dice.bytes(32),
    };
    let credentials = types::SecureCredentialsEncrypted {
        data: scene.dice.bytes(48),
        hash: scene.dice.bytes(32),
        secret: scene.dice.bytes(32),
    };
    types::MessageActionSecureValuesSentMe { values: vec![value.into()], credentials: credentials.into() }
        .into()
}

pub(super) fn proximity(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionGeoProximityReached {
        from_id: scene.peer_of_member(),
        to_id: user(scene.me),
        distance: 120,
    }
    .into()
}

pub(super) fn game_score(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionGameScore { game_id: scene.dice.long(), score: scene.dice.between(1, 9_000) }.into()
}

pub(super) fn web_view_data_sent_me(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionWebViewDataSentMe { text: scene.label(), data: r#"{"side":"b"}"#.into() }.into()
}

pub(super) fn web_view_data_sent(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionWebViewDataSent { text: scene.label() }.into()
}

pub(super) fn suggest_photo(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionSuggestProfilePhoto { photo: scene.photo() }.into()
}

pub(super) fn suggest_birthday(_: &mut Scene<'_>) -> MessageAction {
    let birthday = types::Birthday { day: 12, month: 5, year: Some(1979) };
    types::MessageActionSuggestBirthday { birthday: birthday.into() }.into()
}

pub(super) fn requested_peer(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionRequestedPeer { button_id: 3, peers: vec![scene.peer_of_member()] }.into()
}

pub(super) fn requested_peer_sent_me(scene: &mut Scene<'_>) -> MessageAction {
    let person = types::RequestedPeerUser {
        user_id: scene.member(),
        first_name: Some("Ann".into()),
        last_name: Some(scene.label()),
        username: Some("ann".into()),
        photo: Some(scene.photo()),
    };
    types::MessageActionRequestedPeerSentMe { button_id: 3, peers: vec![person.into()] }.into()
}

pub(super) fn to_do_done(_: &mut Scene<'_>) -> MessageAction {
    types::MessageActionTodoCompletions { completed: vec![1, 2], incompleted: vec![3] }.into()
}

pub(super) fn to_do_added(scene: &mut Scene<'_>) -> MessageAction {
    let item = types::TodoItem { id: 4, title: scene.words() };
    types::MessageActionTodoAppendTasks { list: vec![item.into()] }.into()
}

fn answer(scene: &mut Scene<'_>) -> PollAnswer {
    types::PollAnswer {
        text: scene.words(),
        option: b"5".to_vec(),
        media: None,
        added_by: Some(user(scene.from)),
        date: Some(scene.date),
    }
    .into()
}

pub(super) fn poll_answer_added(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionPollAppendAnswer { answer: answer(scene) }.into()
}

pub(super) fn poll_answer_deleted(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionPollDeleteAnswer { answer: answer(scene) }.into()
}

pub(super) fn bot_created(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionManagedBotCreated { bot_id: scene.member() }.into()
}
