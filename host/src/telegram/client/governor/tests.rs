use std::sync::Arc;

use futures_util::{FutureExt as _, poll};
use grammers_tl_types::{self as tl, RemoteCall};

use super::*;
use crate::{
    clock::{Clock as _, ManualClock},
    state::State,
};

fn call(call: &impl RemoteCall) -> Call {
    Call::of(call).unwrap()
}

fn history() -> Call {
    let peer = tl::enums::InputPeer::PeerSelf;
    call(&tl::functions::messages::GetHistory {
        peer,
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 100,
        max_id: 0,
        min_id: 0,
        hash: 0,
    })
}

fn difference() -> Call {
    call(&tl::functions::updates::GetState {})
}

fn greeting(chat_id: i64) -> Call {
    let peer: tl::enums::InputPeer = tl::types::InputPeerChat { chat_id }.into();
    // The constructor and the flags.
    let mut bytes = vec![0; 8];
    tl::Serializable::serialize(&peer, &mut bytes);
    Call { method: "messages.sendMessage", body: bytes }
}

struct World {
    clock: Arc<ManualClock>,
    state: State,
    _folder: tempfile::TempDir,
}

impl World {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        Self { clock: ManualClock::at(Timestamp::from_second(1_000_000).unwrap()), state, _folder: folder }
    }

    fn governor(&self) -> Governor {
        let waits = Some(self.state.telegram_waits.clone());
        Governor::new(&AccountName::main(), Pacing::UNLIMITED, waits, self.clock.clone())
    }

    fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }
}

#[tokio::test]
async fn pause_holds_back_its_own_kind() {
    let world = World::open();
    let governor = world.governor();
    governor.note_flood(&history(), "FLOOD_WAIT", Some(31));
    assert!(governor.admit(&difference(), Patience::Endless, None).now_or_never().is_some());
    let history = history();
    let mut waiting = Box::pin(governor.admit(&history, Patience::Endless, None));
    assert!(poll!(&mut waiting).is_pending());
    world.pass(31);
    assert!(poll!(&mut waiting).is_pending(), "Telegram's seconds may end later than ours");
    world.pass(1);
    assert!(waiting.await.is_ok());
    let state = governor.state().borrow().clone();
    assert_eq!((state.calls, state.floods, state.waiting), (2, 1, None));
}

#[tokio::test]
async fn pause_empties_the_line() {
    let world = World::open();
    let read = Some(Rate { per_second: 200.0, burst: 1 });
    let pacing = Pacing { read, ..Pacing::UNLIMITED };
    let governor = Governor::new(&AccountName::main(), pacing, None, world.clock.clone());
    let calls = [history(), history(), history()];
    let mut line: Vec<_> =
        calls.iter().map(|call| Box::pin(governor.admit(call, Patience::Endless, None))).collect();
    assert!(poll!(&mut line[0]).is_ready());
    let mut in_line = line.split_off(1);
    for waiting in &mut in_line {
        assert!(poll!(waiting).is_pending());
    }
    governor.note_flood(&history(), "FLOOD_WAIT", Some(5));
    // Longer than the line was.
    let all = futures_util::future::join_all(in_line.iter_mut());
    assert!(tokio::time::timeout(Duration::from_millis(30), all).await.is_err());
    world.pass(6);
    for waiting in &mut in_line {
        assert!(poll!(waiting).is_pending(), "the places from before the pause hold no more");
    }
}

#[tokio::test]
async fn pause_survives_a_restart() {
    let world = World::open();
    world.governor().note_flood(&history(), "FLOOD_WAIT", Some(300));
    let governor = world.governor();
    let waiting = governor.state().borrow().waiting.clone().unwrap();
    assert_eq!((waiting.method.as_str(), waiting.seconds), ("messages.getHistory", 300));
    assert!(governor.admit(&history(), Patience::Endless, None).now_or_never().is_none());
    world.pass(301);
    assert!(governor.admit(&history(), Patience::Endless, None).now_or_never().is_some());
    assert_eq!(world.state.telegram_waits.of_account("main").unwrap(), []);
}

#[tokio::test]
async fn impatient_callers_hear_until_when() {
    let world = World::open();
    let governor = world.governor();
    governor.note_flood(&history(), "FLOOD_WAIT", Some(60));
    let patience = Patience::UpTo(Duration::from_secs(5));
    let Err(Error::Flood { until, method }) = governor.admit(&history(), patience, None).await else {
        panic!("it was admitted");
    };
    assert_eq!(method, "messages.getHistory");
    assert_eq!(until, world.clock.now() + SignedDuration::from_millis(60_500));
    let patience = Patience::UpTo(Duration::from_secs(61));
    assert!(governor.admit(&history(), patience, None).now_or_never().is_none(), "this one waits");
}

#[tokio::test]
async fn slow_mode_holds_back_one_chat() {
    let world = World::open();
    let governor = world.governor();
    governor.note_flood(&greeting(7), "SLOWMODE_WAIT", Some(10));
    assert!(governor.admit(&greeting(8), Patience::Endless, None).now_or_never().is_some());
    assert!(governor.admit(&greeting(7), Patience::Endless, None).now_or_never().is_none());
}

#[tokio::test]
async fn owners_hear_of_their_waits() {
    let world = World::open();
    let governor = world.governor();
    governor.note_flood(&history(), "FLOOD_PREMIUM_WAIT", Some(5));
    let told = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&told);
    let teller = Teller::new(Arc::new(move |waiting: Option<&Waiting>| {
        hear.lock().unwrap().push(waiting.map(|waiting| waiting.seconds));
    }));
    let (first, second) = (history(), history());
    let mut both = Box::pin(async {
        tokio::join!(
            governor.admit(&first, Patience::Endless, Some(&teller)),
            governor.admit(&second, Patience::Endless, Some(&teller)),
        )
    });
    assert!(poll!(&mut both).is_pending());
    assert_eq!(*told.lock().unwrap(), [Some(5), Some(5)]);
    drop(both);
    assert_eq!(*told.lock().unwrap(), [Some(5), Some(5), None]);
    assert_eq!(governor.state().borrow().in_flight, 0);
}
