//! Pauses that Telegram asks for.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use grammers_tl_types::{
    enums::InputPeer,
    functions::{account::InitTakeoutSession, messages::GetHistory, updates::GetState},
};
use jiff::SignedDuration;
use tapedeck::{
    clock::{Clock as _, ManualClock, SystemClock},
    jobs::client_of_run,
    scheduler::Reporter,
    telegram::{Error, Patience, client::Waiting},
};
use tapedeck_sim::telegram::Fault;

use crate::support::{ADA, Scene, soon, until};

fn history() -> GetHistory {
    GetHistory {
        peer: InputPeer::PeerSelf,
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 10,
        max_id: 0,
        min_id: 0,
        hash: 0,
    }
}

#[tokio::test]
async fn wait_is_seen_and_then_over() {
    let mut scene = Scene::open().await;
    let clock = ManualClock::at(SystemClock.now());
    scene.clock = clock.clone();
    scene.telegram(|t| t.faults.add(Fault::flood(31).on("messages.getHistory").strict()));
    let told = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&told);
    let client = scene.client().telling_waits(Arc::new(move |waiting: Option<&Waiting>| {
        hear.lock().unwrap().push(waiting.map(|waiting| waiting.seconds));
    }));
    let call = history();
    let waiting = client.invoke(&call);
    let passing = async {
        until(|| !told.lock().unwrap().is_empty()).await;
        let state = client.governor().borrow().clone();
        let waiting = state.waiting.unwrap();
        assert_eq!((waiting.seconds, waiting.method.as_str(), state.floods), (31, "messages.getHistory", 1));
        assert_eq!(waiting.until, clock.now() + SignedDuration::from_millis(31_500));
        // Calls of another kind go on.
        client.invoke(&GetState {}).await.unwrap();
        clock.advance(SignedDuration::from_secs(32));
    };
    let (answer, ()) = soon(async { tokio::join!(waiting, passing) }).await;
    answer.unwrap();
    assert_eq!(*told.lock().unwrap(), [Some(31), None]);
    assert_eq!(client.governor().borrow().waiting, None);
    scene.finish();
}

#[tokio::test]
async fn closing_ends_a_wait() {
    let mut scene = Scene::open().await;
    scene.clock = ManualClock::at(SystemClock.now());
    scene.telegram(|t| t.faults.add(Fault::flood(3_100).on("messages.getHistory").strict()));
    let client = scene.client();
    let call = history();
    let closing = async {
        until(|| client.governor().borrow().waiting.is_some()).await;
        client.close();
    };
    let (answer, ()) = soon(async { tokio::join!(client.invoke(&call), closing) }).await;
    assert!(matches!(answer, Err(Error::Closed)), "{answer:?}");
    scene.finish();
}

#[tokio::test]
async fn run_shows_what_it_waits_for() {
    let mut scene = Scene::open().await;
    let clock = ManualClock::at(SystemClock.now());
    scene.clock = clock.clone();
    scene.telegram(|t| t.faults.add(Fault::flood(212).on("messages.getHistory").strict()));
    let (report, mut reports) = Reporter::new();
    let client = client_of_run(&scene.client(), &report);
    let call = history();
    let watching = async {
        let waiting =
            reports.wait_for(|report| report.waiting.is_some()).await.unwrap().waiting.clone().unwrap();
        assert_eq!(waiting.service.as_deref(), Some("Telegram"));
        assert_eq!(waiting.until, clock.now() + SignedDuration::from_millis(212_500));
        assert_eq!(waiting.reason, "it asked for 212 s after messages.getHistory");
        clock.advance(SignedDuration::from_secs(213));
    };
    let (answer, ()) = soon(async { tokio::join!(client.invoke(&call), watching) }).await;
    answer.unwrap();
    assert_eq!(reports.borrow().waiting, None);
    scene.finish();
}

#[tokio::test]
async fn wait_holds_over_a_restart() {
    let scene = Scene::open().await;
    scene.telegram(|t| t.faults.add(Fault::flood(300).on("messages.getHistory").strict()));
    let impatient = Patience::UpTo(Duration::from_secs(1));
    for _ in 0..2 {
        let client = scene.client().with_patience(impatient);
        let error = soon(client.invoke(&history())).await.unwrap_err();
        assert!(matches!(error, Error::Flood { method: "messages.getHistory", .. }), "{error}");
        assert_eq!(client.governor().borrow().waiting.as_ref().unwrap().seconds, 300);
        client.close();
    }
    assert_eq!(scene.calls("messages.getHistory"), 1, "the second one did not ask");
    scene.finish();
}

#[tokio::test]
async fn short_waits_end_by_themselves() {
    let scene = Scene::open().await;
    scene.telegram(|t| t.faults.add(Fault::flood_premium(0).on("messages.getHistory").strict()));
    let client = scene.client();
    let started = Instant::now();
    soon(client.invoke(&history())).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(500), "Telegram's second may be later than ours");
    scene.finish();
}

/// Their names have nothing in common, their code has.
#[tokio::test]
async fn waits_of_every_name_are_waited_out() {
    for name in
        ["FLOOD_TEST_PHONE_WAIT_31", "TAKEOUT_INIT_DELAY_31", "SLOWMODE_WAIT_31", "FLOOD_PREMIUM_WAIT_31"]
    {
        let mut scene = Scene::open().await;
        let clock = ManualClock::at(SystemClock.now());
        scene.clock = clock.clone();
        scene.telegram(|t| t.faults.add(Fault::refuse(420, name).on("updates.getState").strict()));
        let client = scene.client();
        let impatient = client.with_patience(Patience::UpTo(Duration::from_secs(1)));
        let error = soon(impatient.invoke(&GetState {})).await.unwrap_err();
        assert!(matches!(error, Error::Flood { .. }) && error.is_temporary(), "{name}: {error}");
        let passing = async {
            assert_eq!(client.governor().borrow().waiting.as_ref().map(|it| it.seconds), Some(31), "{name}");
            clock.advance(SignedDuration::from_secs(32));
        };
        let (answer, ()) = soon(async { tokio::join!(client.invoke(&GetState {}), passing) }).await;
        answer.unwrap();
        scene.finish();
    }
}

#[tokio::test]
async fn takeout_begins_when_telegram_lets_it() {
    let mut scene = Scene::open().await;
    let clock = ManualClock::at(SystemClock.now());
    scene.clock = clock.clone();
    let now = scene.telegram(|t| t.now());
    scene.telegram(|t| {
        t.set_now(now);
        t.boxes.entry(ADA).or_default().takeout_after = now + 86_400;
    });
    let client = scene.client();
    let takeout = InitTakeoutSession {
        contacts: false,
        message_users: true,
        message_chats: false,
        message_megagroups: false,
        message_channels: false,
        files: false,
        file_max_size: None,
    };
    let passing = async {
        until(|| client.governor().borrow().waiting.is_some()).await;
        let waiting = client.governor().borrow().waiting.clone().unwrap();
        assert_eq!((waiting.seconds, waiting.method.as_str()), (86_400, "account.initTakeoutSession"));
        scene.telegram(|t| t.advance(86_401));
        clock.advance(SignedDuration::from_secs(86_401));
    };
    let (answer, ()) = soon(async { tokio::join!(client.invoke(&takeout), passing) }).await;
    answer.unwrap();
    assert_eq!(scene.calls("account.initTakeoutSession"), 2);
    scene.finish();
}
