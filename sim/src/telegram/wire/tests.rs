use std::time::{Duration, Instant};

use grammers_tl_types::{
    self as tl, Cursor, Deserializable as _, Identifiable as _, Serializable as _, functions as f, types,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::telegram::{
    Fault, Refusal, Silence,
    testing::{Client, Incoming, introduced, keys, world},
};

const GET_CONFIG: f::help::GetConfig = f::help::GetConfig {};
const NEAREST: f::help::GetNearestDc = f::help::GetNearestDc {};

fn id_of(message: &Incoming) -> u32 {
    u32::from_bytes(&message.body).unwrap()
}

fn me() -> f::users::GetUsers {
    f::users::GetUsers { id: vec![tl::enums::InputUser::UserSelf] }
}

#[tokio::test]
async fn first_salt_is_corrected_and_session_greeted() {
    let (world, server) = world().await;
    let mut client = Client::connect(&server, &keys(&world, None), 2).await;
    let msg_id = client.send(&introduced(GET_CONFIG)).await;
    let salt = types::BadServerSalt::deserialize(&mut Cursor::from_slice(
        &client.receive().await.unwrap().body[4..],
    ))
    .unwrap();
    assert_eq!((salt.bad_msg_id, salt.bad_msg_seqno, salt.error_code), (msg_id, 1, 48));
    client.salt = salt.new_server_salt;
    let msg_id = client.send(&introduced(GET_CONFIG)).await;
    let greeting = client.receive().await.unwrap();
    let answer = client.receive().await.unwrap();
    assert_eq!(id_of(&greeting), types::NewSessionCreated::CONSTRUCTOR_ID);
    assert_eq!((greeting.msg_id & 3, greeting.seq_no & 1, greeting.together), (3, 1, 2));
    assert_eq!((answer.msg_id & 3, answer.seq_no & 1), (1, 1));
    assert_eq!(i64::from_bytes(&answer.body[4..]).unwrap(), msg_id);
    client.call(&NEAREST).await.unwrap();
    assert!(client.aside.is_empty(), "one greeting is enough");
    world.finish().unwrap();
}

#[tokio::test]
async fn config_names_every_data_center() {
    let (world, server) = world().await;
    let mut client = Client::connect(&server, &keys(&world, None), 3).await;
    let tl::enums::Config::Config(config) = client.call(&GET_CONFIG).await.unwrap();
    assert_eq!(config.this_dc, 3);
    for dc in &server.servers().data_centers {
        let told = config.dc_options.iter().any(|option| {
            let tl::enums::DcOption::Option(option) = option;
            (option.id, option.port) == (dc.id, i32::from(dc.address.port())) && option.r#static
        });
        assert!(told, "{dc:?}");
    }
}

#[tokio::test]
async fn containers_are_answered_together() {
    let (world, server) = world().await;
    let mut client = Client::connect(&server, &keys(&world, None), 2).await;
    client.call(&NEAREST).await.unwrap();
    let ack = tl::enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![client.last_id] }).to_bytes();
    let (msg_id, seq_no) = client.number(false);
    client.send_as(msg_id, seq_no, &ack).await;
    let ids = client.send_together(&[NEAREST.to_bytes(), NEAREST.to_bytes(), NEAREST.to_bytes()]).await;
    for id in ids {
        let answer = client.receive().await.unwrap();
        assert_eq!((i64::from_bytes(&answer.body[4..]).unwrap(), answer.together), (id, 3));
    }
    assert_eq!(world.telegram(|t| t.calls.count("help.getNearestDc")), 4);
}

#[tokio::test]
async fn gzip_is_understood_and_spoken() {
    let (world, server) = world().await;
    let mut client = Client::connect(&server, &keys(&world, Some(1)), 2).await;
    client.call(&NEAREST).await.unwrap();
    let many = f::users::GetUsers { id: vec![tl::enums::InputUser::UserSelf; 100] };
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &many.to_bytes()).unwrap();
    let mut body = 0x3072_cfa1_u32.to_bytes();
    packed.finish().unwrap().serialize(&mut body);
    client.send(&body).await;
    let answer = client.receive().await.unwrap();
    assert_eq!(u32::from_bytes(&answer.body[12..]).unwrap(), 0x3072_cfa1);
    assert_eq!(client.call(&many).await.unwrap().len(), 100);
    world.telegram(|t| t.plain_answers = true);
    client.send(&many.to_bytes()).await;
    assert!(client.receive().await.unwrap().body.len() > 1000);
}

#[tokio::test]
async fn pings_and_salts_are_answered_bare() {
    let (world, server) = world().await;
    let mut client = Client::connect(&server, &keys(&world, None), 2).await;
    client.call(&NEAREST).await.unwrap();
    let msg_id = client.send(&f::Ping { ping_id: 77 }.to_bytes()).await;
    let pong = tl::enums::Pong::from_bytes(&client.receive().await.unwrap().body).unwrap();
    assert_eq!(pong, tl::enums::Pong::Pong(types::Pong { msg_id, ping_id: 77 }));
    let msg_id = client.send(&f::GetFutureSalts { num: 1 }.to_bytes()).await;
    let salts = client.receive().await.unwrap();
    let tl::enums::FutureSalts::Salts(salts) = tl::enums::FutureSalts::from_bytes(&salts.body).unwrap();
    assert_eq!((salts.req_msg_id, salts.salts.0.len()), (msg_id, 2));
    assert_eq!(salts.salts.0[0].salt, client.salt);
    assert!(salts.salts.0[0].valid_until > salts.salts.0[1].valid_since);
    client.send(&f::PingDelayDisconnect { ping_id: 1, disconnect_delay: 0 }.to_bytes()).await;
    client.receive().await.unwrap();
    assert_eq!(client.receive().await.unwrap_err(), 0);
}

#[tokio::test]
async fn sessions_are_known_and_destroyed() {
    let (world, server) = world().await;
    let keys = keys(&world, None);
    let mut first = Client::connect(&server, &keys, 2).await;
    first.call(&NEAREST).await.unwrap();
    let mut second = Client::connect(&server, &keys, 2).await;
    second.call(&NEAREST).await.unwrap();
    for was_known in [true, false] {
        second.send(&f::DestroySession { session_id: first.session }.to_bytes()).await;
        let answer = tl::enums::DestroySessionRes::from_bytes(&second.receive().await.unwrap().body).unwrap();
        assert_eq!(matches!(answer, tl::enums::DestroySessionRes::DestroySessionOk(_)), was_known);
    }
    let heard = second.last_id;
    let asked = types::MsgsStateReq { msg_ids: vec![heard, heard + 400, 4] };
    second.send(&tl::enums::MsgsStateReq::Req(asked).to_bytes()).await;
    let answer = tl::enums::MsgsStateInfo::from_bytes(&second.receive().await.unwrap().body).unwrap();
    let tl::enums::MsgsStateInfo::Info(info) = answer;
    assert_eq!(info.info, [4, 2, 1]);
}

#[tokio::test]
async fn wrongly_numbered_messages_are_ignored() {
    let (world, server) = world().await;
    let mut client = Client::connect(&server, &keys(&world, None), 2).await;
    client.call(&NEAREST).await.unwrap();
    let (id, seq) = client.number(true);
    client.send_as(id, seq, &NEAREST.to_bytes()).await;
    client.receive().await.unwrap();
    let hour = 3600_i64 << 32;
    let wrong = [
        (id + 1, seq + 2, 18),
        (id - hour, seq + 2, 16),
        (id + hour, seq + 2, 17),
        (id + 4, seq, 32),
        (id - 4, seq + 2, 33),
        (id + 4, seq + 1, 35),
    ];
    for (msg_id, seq_no, code) in wrong {
        client.send_as(msg_id, seq_no, &NEAREST.to_bytes()).await;
        let answer = client.receive().await.unwrap();
        let bad = tl::enums::BadMsgNotification::from_bytes(&answer.body).unwrap();
        assert_eq!(
            bad,
            types::BadMsgNotification { bad_msg_id: msg_id, bad_msg_seqno: seq_no, error_code: code }.into()
        );
    }
    // The same message again is not done again; an odd acknowledgement makes no sense.
    client.send_as(id, seq, &NEAREST.to_bytes()).await;
    let ack = tl::enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![1] }).to_bytes();
    client.send_as(id + 8, seq + 4, &[0x73f1_f8dc_u32.to_bytes(), 9_u32.to_bytes()].concat()).await;
    let bad = tl::enums::BadMsgNotification::from_bytes(&client.receive().await.unwrap().body).unwrap();
    assert_eq!(bad.error_code(), 34);
    client.send_as(id + 8, seq + 3, &[0x73f1_f8dc_u32.to_bytes(), 9_u32.to_bytes()].concat()).await;
    let bad = tl::enums::BadMsgNotification::from_bytes(&client.receive().await.unwrap().body).unwrap();
    assert_eq!(bad.error_code(), 64);
    client.send_as(id + 12, seq + 1, &ack).await;
    client.content += 4;
    client.last_id += 16;
    client.call(&NEAREST).await.unwrap();
    assert_eq!(world.telegram(|t| t.calls.count("help.getNearestDc")), 3);
}

#[tokio::test]
async fn unknown_keys_hear_a_bare_404() {
    let (world, server) = world().await;
    let mut foreign = keys(&world, None);
    let of_three = foreign[&3];
    foreign.insert(2, [9; 256]);
    let mut client = Client::connect(&server, &foreign, 2).await;
    assert_eq!(client.try_call(&NEAREST).await.unwrap_err(), -404);
    // A key belongs to one data centre.
    foreign.insert(2, of_three);
    let mut client = Client::connect(&server, &foreign, 2).await;
    assert_eq!(client.try_call(&NEAREST).await.unwrap_err(), -404);
    let mut client = Client::connect(&server, &foreign, 4).await;
    client.call(&NEAREST).await.unwrap();
    world.telegram(|t| t.faults.add(Fault::key_unknown().on("help.getNearestDc").strict()));
    assert_eq!(client.try_call(&NEAREST).await.unwrap_err(), -404);
    let mut client = Client::connect(&server, &foreign, 4).await;
    assert_eq!(client.try_call(&NEAREST).await.unwrap_err(), -404);
    world.finish().unwrap();
}

#[tokio::test]
async fn other_transports_get_quick_acks() {
    let (world, server) = world().await;
    let keys = keys(&world, None);
    for is_abridged in [true, false] {
        let mut client = Client::connect(&server, &keys, 2).await;
        let (msg_id, seq_no) = client.number(true);
        let sealed = client.seal(msg_id, seq_no, &introduced(NEAREST));
        let mut packet = Vec::new();
        let words = (sealed.len() / 4) as u8;
        match is_abridged {
            true => packet.extend([0xef, words | 0x80]),
            false => {
                packet.extend([0xee; 4]);
                packet.extend((sealed.len() as u32 | 1 << 31).to_le_bytes());
            }
        }
        packet.extend(sealed);
        client.stream.write_all(&packet).await.unwrap();
        let mut ack = [0; 4];
        client.stream.read_exact(&mut ack).await.unwrap();
        assert_eq!(if is_abridged { ack[0] } else { ack[3] } & 0x80, 0x80);
        let length = match is_abridged {
            true => usize::from(client.stream.read_u8().await.unwrap()) * 4,
            false => client.stream.read_u32_le().await.unwrap() as usize,
        };
        let mut answer = vec![0; length];
        client.stream.read_exact(&mut answer).await.unwrap();
        let plain = grammers_crypto::decrypt_data_v2(&mut answer, &client.key).unwrap();
        assert_eq!(u32::from_bytes(&plain[32..]).unwrap(), types::BadServerSalt::CONSTRUCTOR_ID);
    }
}

#[tokio::test]
async fn calls_need_an_introduction() {
    let (world, server) = world().await;
    let mut client = Client::connect(&server, &keys(&world, Some(1)), 2).await;
    let mut msg_id = client.send(&NEAREST.to_bytes()).await;
    assert_eq!(client.answer_to(msg_id).await.unwrap_err(), 48);
    msg_id = client.send(&NEAREST.to_bytes()).await;
    let refusal = client.answer_to(msg_id).await.unwrap().unwrap_err();
    assert_eq!(refusal, Refusal::new(400, "CONNECTION_NOT_INITED"));
    assert_eq!(client.call(&me()).await.unwrap().len(), 1);
    assert_eq!(client.call(&me()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn unknown_calls_fail_by_name() {
    let (world, server) = world().await;
    let mut client = Client::connect(&server, &keys(&world, Some(1)), 2).await;
    let refusal = client.call(&f::help::GetInviteText {}).await.unwrap_err();
    assert_eq!(refusal, Refusal::new(400, "INPUT_METHOD_INVALID_help.getInviteText"));
    let unexpected = world.finish().unwrap_err();
    assert!(unexpected.to_string().contains("help.getInviteText"), "{unexpected}");
}

#[tokio::test]
async fn flood_strikes_as_planned() {
    let (world, server) = world().await;
    let mut client = Client::connect(&server, &keys(&world, None), 2).await;
    world.telegram(|t| {
        t.faults.add(Fault::flood(31).on("help.getNearestDc").at_call(2).times(2).strict());
        t.faults.add(Fault::flood_premium(5).on("help.getConfig").in_dc(2).strict());
        t.faults.add(Fault::refuse(500, "INTERNAL").in_dc(4).strict());
    });
    client.call(&NEAREST).await.unwrap();
    for _ in 0..2 {
        assert_eq!(client.call(&NEAREST).await.unwrap_err(), Refusal::new(420, "FLOOD_WAIT_31"));
    }
    client.call(&NEAREST).await.unwrap();
    assert_eq!(client.call(&GET_CONFIG).await.unwrap_err(), Refusal::new(420, "FLOOD_PREMIUM_WAIT_5"));
    client.call(&GET_CONFIG).await.unwrap();
    let unmet = world.finish().unwrap_err().to_string();
    assert!(unmet.contains("INTERNAL") && !unmet.contains("FLOOD"), "{unmet}");
}

#[tokio::test]
async fn connections_are_cut_as_planned() {
    let (world, server) = world().await;
    let keys = keys(&world, None);
    let is_done_before_cut_by = async |fault: Fault| {
        let mut client = Client::connect(&server, &keys, 2).await;
        client.call(&NEAREST).await.unwrap();
        let phone = format!("+15551{:03}", world.telegram(|t| t.calls.made().len()));
        world.telegram(|t| t.faults.add(fault.on("auth.sendCode").strict()));
        let settings = crate::telegram::blank::<types::CodeSettings>().into();
        let (phone_number, api_hash) = (phone.clone(), "hash".to_owned());
        let call = f::auth::SendCode { phone_number, api_id: 1, api_hash, settings };
        assert_eq!(client.try_call(&call).await.unwrap_err(), 0);
        world.telegram(|t| t.last_code(&phone)).is_some()
    };
    assert!(!is_done_before_cut_by(Fault::close_before()).await);
    assert!(is_done_before_cut_by(Fault::close_after()).await);
    assert!(is_done_before_cut_by(Fault::close_after_bytes(100)).await);
    assert_eq!(world.telegram(|t| (t.calls.count("auth.sendCode"), t.calls.lost("auth.sendCode"))), (2, 1));
    world.finish().unwrap();
}

#[tokio::test]
async fn wrong_salt_sends_the_call_again() {
    let (world, server) = world().await;
    let mut client = Client::connect(&server, &keys(&world, None), 2).await;
    client.call(&NEAREST).await.unwrap();
    let before = client.salt;
    world.telegram(|t| t.faults.add(Fault::wrong_salt().strict()));
    client.call(&NEAREST).await.unwrap();
    assert_ne!(client.salt, before);
    assert_eq!(world.telegram(|t| t.calls.count("help.getNearestDc")), 2);
    world.finish().unwrap();
}

#[tokio::test]
async fn silence_is_kept_where_planned() {
    let (world, server) = world().await;
    let keys = keys(&world, None);
    let mut client = Client::connect(&server, &keys, 2).await;
    client.call(&NEAREST).await.unwrap();
    world.telegram(|t| t.faults.add(Fault::silent().on("help.getConfig")));
    let unheard = client.send(&GET_CONFIG.to_bytes()).await;
    client.call(&NEAREST).await.unwrap();
    assert!(client.aside.iter().all(|message| i64::from_bytes(&message.body[4..]).ok() != Some(unheard)));
    let drop = client.send(&f::RpcDropAnswer { req_msg_id: unheard }.to_bytes()).await;
    let answer = client.answer_to(drop).await.unwrap().unwrap();
    let answer = tl::enums::RpcDropAnswer::from_bytes(&answer).unwrap();
    assert_eq!(answer, tl::enums::RpcDropAnswer::RpcAnswerDroppedRunning);
    world.telegram(|t| t.faults.silent.insert(2, Silence::OnCalls));
    client.send(&NEAREST.to_bytes()).await;
    client.send(&f::Ping { ping_id: 3 }.to_bytes()).await;
    assert_eq!(id_of(&client.receive().await.unwrap()), types::Pong::CONSTRUCTOR_ID);
    world.telegram(|t| t.faults.silent.insert(2, Silence::OnAccept));
    client.send(&f::Ping { ping_id: 4 }.to_bytes()).await;
    let nothing = tokio::time::timeout(Duration::from_millis(100), client.stream.read_u8()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    world.telegram(|t| t.faults.silent.insert(2, Silence::Refuses));
    let mut refused = Client::connect(&server, &keys, 2).await;
    assert!(matches!(refused.stream.read(&mut [0]).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn latency_holds_up_no_other_call() {
    let (world, server) = world().await;
    let mut client = Client::connect(&server, &keys(&world, None), 2).await;
    client.call(&NEAREST).await.unwrap();
    world.telegram(|t| t.faults.latency.insert(2, Duration::from_millis(100)));
    let before = Instant::now();
    let mut ids = Vec::new();
    for _ in 0..8 {
        ids.push(client.send(&NEAREST.to_bytes()).await);
    }
    for id in ids {
        client.answer_to(id).await.unwrap().unwrap();
    }
    let took = before.elapsed();
    assert!(took >= Duration::from_millis(100) && took < Duration::from_millis(600), "{took:?}");
    world.telegram(|t| t.faults.latency.clear());
    world.telegram(|t| t.faults.add(Fault::delay(Duration::from_millis(50)).on("help.getConfig")));
    let late = client.send(&GET_CONFIG.to_bytes()).await;
    let soon = client.send(&NEAREST.to_bytes()).await;
    client.answer_to(soon).await.unwrap().unwrap();
    client.answer_to(late).await.unwrap().unwrap();
    world.telegram(|t| t.faults.add(Fault::delay(Duration::from_secs(60)).on("help.getConfig")));
    let never = client.send(&GET_CONFIG.to_bytes()).await;
    for is_held in [true, false] {
        let drop = client.send(&f::RpcDropAnswer { req_msg_id: never }.to_bytes()).await;
        let answer = client.answer_to(drop).await.unwrap().unwrap();
        let answer = tl::enums::RpcDropAnswer::from_bytes(&answer).unwrap();
        assert_eq!(matches!(answer, tl::enums::RpcDropAnswer::RpcAnswerDropped(_)), is_held);
    }
}

#[tokio::test]
async fn updates_reach_whoever_asked_for_them() {
    let (world, server) = world().await;
    let keys = keys(&world, Some(1));
    let mut listening = Client::connect(&server, &keys, 2).await;
    listening.call(&me()).await.unwrap();
    let mut deaf = Client::connect(&server, &keys, 2).await;
    deaf.call(&f::InvokeWithoutUpdates { query: NEAREST }).await.unwrap();
    let update = types::UpdateDeleteMessages { messages: vec![1], pts: 0, pts_count: 1 };
    let pts = world.telegram(|t| t.push(1, update.clone()));
    let received = format!("{:?}", listening.updates().await);
    assert!(received.contains("DeleteMessages") && received.contains(&format!("pts: {pts}")), "{received}");
    deaf.call(&f::InvokeWithoutUpdates { query: NEAREST }).await.unwrap();
    assert!(!deaf.aside.iter().any(|message| tl::enums::Updates::from_bytes(&message.body).is_ok()));
    world.telegram(|t| t.push_too_long(1));
    assert_eq!(listening.updates().await, tl::enums::Updates::TooLong);
    world.telegram(|t| t.faults.lose_updates = true);
    assert_eq!(world.telegram(|t| t.push(1, update)), pts + 1);
    listening.call(&me()).await.unwrap();
    assert!(listening.aside.is_empty());
}

#[tokio::test]
async fn restart_forgets_sessions_and_keeps_logins() {
    let (world, server) = world().await;
    let keys = keys(&world, Some(1));
    let mut client = Client::connect(&server, &keys, 2).await;
    client.call(&me()).await.unwrap();
    server.restart().await;
    assert_eq!(client.try_call(&me()).await.unwrap_err(), 0);
    let mut again = Client::connect(&server, &keys, 2).await;
    (again.session, again.salt) = (client.session, client.salt);
    assert_eq!(again.call(&me()).await.unwrap().len(), 1);
    assert_ne!(again.salt, client.salt);
    assert!(again.aside.iter().any(|message| id_of(message) == types::NewSessionCreated::CONSTRUCTOR_ID));
    let address = server.servers().data_centers[1].address;
    server.close();
    assert_eq!(again.try_call(&me()).await.unwrap_err(), 0);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn accounts_are_served_at_home() {
    let (world, server) = world().await;
    let keys = keys(&world, Some(2));
    let mut away = Client::connect(&server, &keys, 2).await;
    assert_eq!(away.call(&me()).await.unwrap_err(), Refusal::new(303, "USER_MIGRATE_4"));
    away.call(&NEAREST).await.unwrap();
    let mut home = Client::connect(&server, &keys, 4).await;
    assert_eq!(home.call(&me()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn pages_hold_one_message_of_an_unknown_kind() {
    let (world, server) = world().await;
    let peer = crate::telegram::Peer::User(1);
    world.telegram(|t| {
        t.add_user(7, "Bob");
        for n in 0..5 {
            t.say(peer, 7, &format!("message {n}"));
        }
        t.faults.add(Fault::unknown_constructor(2).on("messages.getHistory").at_call(2).strict());
    });
    let mut client = Client::connect(&server, &keys(&world, Some(1)), 2).await;
    let access_hash = crate::telegram::access_hash(1, 7);
    let history = f::messages::GetHistory {
        peer: types::InputPeerUser { user_id: 7, access_hash }.into(),
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 5,
        max_id: 0,
        min_id: 0,
        hash: 0,
    };
    let whole = client.call(&history).await.unwrap().to_bytes();
    let msg_id = client.send(&history.to_bytes()).await;
    let damaged = client.answer_to(msg_id).await.unwrap().unwrap();
    assert_eq!(damaged.len(), whole.len());
    let error = tl::enums::messages::Messages::from_bytes(&damaged).unwrap_err();
    assert!(error.to_string().contains("deadbeef"), "{error}");
    client.call(&history).await.unwrap();
    world.finish().unwrap();
}

#[tokio::test]
async fn parts_come_short_and_references_expire() {
    let (world, server) = world().await;
    let (id, access_hash) = world.telegram(|t| {
        let file = t.add_document(vec![7; 8192], "audio/mpeg", Vec::new());
        (file.id, file.access_hash)
    });
    let mut client = Client::connect(&server, &keys(&world, Some(1)), 2).await;
    let mut part = async |offset| {
        let location = types::InputDocumentFileLocation {
            id,
            access_hash,
            file_reference: world.telegram(|t| t.files.reference(id)),
            thumb_size: String::new(),
        };
        let (precise, cdn_supported) = (false, false);
        let call =
            f::upload::GetFile { precise, cdn_supported, location: location.into(), offset, limit: 4096 };
        client.call(&call).await.map(|file| match file {
            tl::enums::upload::File::File(file) => file.bytes.len(),
            other => panic!("{other:?}"),
        })
    };
    let before = world.telegram(|t| t.files.reference(id));
    world.telegram(|t| {
        t.faults.add(Fault::short_part(100).on("upload.getFile").at_call(2).strict());
        t.faults.add(Fault::expired_reference().on("upload.getFile").at_call(3).strict());
    });
    assert_eq!(part(0).await, Ok(4096));
    assert_eq!(part(4096).await, Ok(100));
    assert_eq!(part(4096).await, Err(Refusal::new(400, "FILE_REFERENCE_EXPIRED")));
    assert_eq!(part(4096).await, Ok(4096));
    assert_ne!(world.telegram(|t| t.files.reference(id)), before);
    world.finish().unwrap();
}

#[tokio::test]
async fn calls_that_panic_fail_the_test() {
    #[derive(Debug)]
    struct Broken;
    impl crate::telegram::Shelf for Broken {
        fn file(&self, id: i64) -> Option<crate::telegram::File> {
            panic!("the file {id} is asked for")
        }
    }
    let (world, server) = world().await;
    world.telegram(|t| t.files.add_shelf(std::sync::Arc::new(Broken)));
    let mut client = Client::connect(&server, &keys(&world, Some(1)), 2).await;
    let (precise, cdn_supported, offset, limit) = (false, false, 0, 4096);
    let location = types::InputDocumentFileLocation {
        id: 5,
        access_hash: 5,
        file_reference: vec![0],
        thumb_size: String::new(),
    }
    .into();
    let call = f::upload::GetFile { precise, cdn_supported, location, offset, limit };
    assert_eq!(client.try_call(&call).await.unwrap_err(), 0);
    world.wait_for_telegram(|t| !t.unexpected().is_empty()).await;
    assert!(world.finish().unwrap_err().to_string().contains("panic"));
    let mut next = Client::connect(&server, &keys(&world, Some(1)), 2).await;
    next.call(&NEAREST).await.unwrap();
}
