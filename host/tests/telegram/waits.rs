//! Pauses that Telegram asks for.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use grammers_tl_types::{
    enums::InputPeer,
    functions::{messages::GetHistory, updates::GetState},
};
use jiff::SignedDuration;
use tapedeck::{
    clock::{Clock as _, ManualClock, SystemClock},
    jobs::client_of_run,
    scheduler::Reporter,
    telegram::{Error, Patience, client::Waiting},
};
use tapedeck_sim::telegram::Fault;

use crate::support::{Scene, soon, until};

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
