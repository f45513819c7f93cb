use std::sync::mpsc;

use super::*;

fn crew() -> Crew {
    Crew::start(&Handle::current())
}

#[tokio::test]
async fn works_beside_the_runtime() {
    let (crew, lane) = (crew(), Lane::new());
    let here = Handle::current().id();
    let about = move |n| {
        assert_eq!(Handle::try_current().unwrap().id(), here, "it knows the runtime");
        (n, thread::current().name().map(str::to_owned))
    };
    let all = (0..100_u64).map(|n| crew.run(&lane, move || about(n)));
    for (n, (same, name)) in futures_util::future::join_all(all).await.into_iter().enumerate() {
        assert_eq!(same, n as u64);
        assert_eq!(name.unwrap(), "plugin-call");
    }
}

#[tokio::test]
async fn panics_go_back_to_who_asked() {
    let (crew, lane) = (crew(), Lane::new());
    for _ in 0..64 {
        let panicking = tokio::task::JoinSet::from_iter([{
            let (crew, lane) = (crew.clone(), lane.clone());
            async move { crew.run(&lane, || panic!("on purpose")).await }
        }]);
        let panicked = panicking.join_all();
        let caught = AssertUnwindSafe(panicked);
        assert!(futures_util::FutureExt::catch_unwind(caught).await.is_err());
    }
    assert_eq!(crew.run(&lane, || 7).await, 7);
}

#[tokio::test]
async fn stuck_plugins_keep_nobody_waiting() {
    let (crew, stuck, other) = (crew(), Lane::new(), Lane::new());
    let (release, held) = mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (crew, stuck, held) = (crew.clone(), stuck.clone(), held.clone());
        calls.spawn(async move { crew.run(&stuck, move || held.lock().unwrap().recv().is_err()).await });
    }
    tokio::task::yield_now().await;
    assert_eq!(crew.run(&other, || 7).await, 7);
    drop(release);
    assert_eq!(calls.join_all().await, [true; 20]);
}

#[tokio::test]
async fn calls_that_nobody_waits_for_are_not_made() {
    let (crew, lane) = (crew(), Lane::new());
    let (release, held) = mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let mut busy = tokio::task::JoinSet::new();
    for _ in 0..lane.turns.available_permits() {
        let (crew, lane, held) = (crew.clone(), lane.clone(), held.clone());
        busy.spawn(async move { crew.run(&lane, move || held.lock().unwrap().recv().is_err()).await });
    }
    while lane.turns.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let (told, was_made) = mpsc::channel();
    let given_up = tokio::time::timeout(Duration::from_millis(1), crew.run(&lane, move || told.send(())));
    assert!(given_up.await.is_err());
    drop(release);
    busy.join_all().await;
    assert!(was_made.recv().is_err(), "it was dropped unasked");
}

#[tokio::test]
async fn who_went_wrong_leaves_processors_free() {
    let (crew, lane) = (crew(), Lane::new());
    lane.keep_behind(true);
    let most = lane.turns_beside.available_permits();
    assert!(most == 1 || most < lane.turns.available_permits());
    let (release, held) = mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let (began, beginnings) = mpsc::channel();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (crew, lane, held, began) = (crew.clone(), lane.clone(), held.clone(), began.clone());
        let work = move || (began.send(()), held.lock().unwrap().recv().is_err()).1;
        calls.spawn(async move { crew.run(&lane, work).await });
    }
    while lane.turns_beside.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..most {
        beginnings.recv().unwrap();
    }
    assert!(beginnings.try_recv().is_err(), "no more at once");
    drop(release);
    assert_eq!(calls.join_all().await, [true; 20]);
}

/// How many of twenty calls of a plugin run at once.
async fn at_once(crew: &Crew, lane: &Lane) -> usize {
    let (release, held) = mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let begun = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (crew, lane, held, begun) = (crew.clone(), lane.clone(), held.clone(), begun.clone());
        let work = move || (begun.fetch_add(1, Relaxed), held.lock().unwrap().recv().is_err()).1;
        calls.spawn(async move { crew.run(&lane, work).await });
    }
    while lane.turns.available_permits() > 0 && lane.turns_beside.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let most = Lane::new().turns.available_permits() - lane.turns.available_permits();
    drop(release);
    calls.join_all().await;
    assert_eq!(begun.load(Relaxed), 20);
    most
}

#[tokio::test]
async fn plugins_that_are_called_together_leave_each_other_processors() {
    let (crew, one, other) = (crew(), Lane::new(), Lane::new());
    let processors = one.turns.available_permits();
    assert_eq!(at_once(&crew, &one).await, processors, "alone, it has them all");
    assert_eq!(crew.run(&other, || 7).await, 7);
    assert_eq!(at_once(&crew, &one).await, (processors / 2).max(1));
}

#[test]
fn who_was_called_long_ago_is_nobody_to_make_room_for() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (crew, one, other) = (Crew::start(runtime.handle()), Lane::new(), Lane::new());
    let (shared, now) = (&crew.shared, Instant::now());
    assert!(!shared.note_call(&one, now) && !shared.note_call(&one, now));
    assert!(shared.note_call(&other, now), "one was called just now");
    assert!(shared.note_call(&other, now + STILL / 2));
    assert!(!shared.note_call(&other, now + STILL));
    assert!(shared.note_call(&one, now + STILL));
}

#[test]
fn half_of_a_moment_is_busy_and_for_some_seconds_still() {
    let (mut spent, now) = (Spent::default(), Instant::now());
    let bit = Duration::from_millis(1);
    spent.add(MUCH, now);
    assert!(!spent.is_much(now));
    let then = now + WINDOW - bit;
    spent.add(bit, then);
    assert!(spent.is_much(then) && spent.is_much(then + BUSY_STILL - bit));
    assert!(!spent.is_much(then + BUSY_STILL), "that is long ago");
    let mut spent = Spent::default();
    for n in 0..100 {
        spent.add(MUCH, now + WINDOW * n);
        assert!(!spent.is_much(now + WINDOW * n), "half of the time, again and again, is not more than half");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_keeps_a_processor_busy_lets_others_go_first() {
    let (crew, busy, other) = (crew(), Lane::new(), Lane::new());
    let niceness = || rustix::process::getpriority_process(None).unwrap();
    let usual = crew.run(&busy, niceness).await;
    busy.spend(MUCH * 2, Instant::now());
    assert_eq!(crew.run(&busy, niceness).await, usual, "there are no others");
    assert_eq!(crew.run(&other, niceness).await, usual);
    assert_eq!(crew.run(&busy, niceness).await, (usual + STEP_BACK).min(19));
    assert_eq!(crew.run(&other, niceness).await, usual);
}

#[tokio::test]
async fn calls_that_wait_hold_nobody_up() {
    let (crew, lane) = (crew(), Lane::new());
    let (release, held) = tokio::sync::watch::channel(());
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..MOST_WAITING {
        let (crew, lane, mut held) = (crew.clone(), lane.clone(), held.clone());
        let name = || thread::current().name().map(str::to_owned);
        waiting.spawn(async move {
            crew.wait_for(&lane, async move { (held.changed().await.is_err(), name()).1 }).await
        });
    }
    while lane.turns_to_wait.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(crew.run(&lane, || 7).await, 7);
    drop(release);
    assert!(waiting.join_all().await.into_iter().all(|name| name.unwrap() == "plugin-call"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_takes_long_gives_way_for_good() {
    let (crew, lane) = (crew(), Lane::new());
    let niceness = || rustix::process::getpriority_process(None).unwrap();
    let ours = niceness();
    let usual = (ours + NICENESS).min(19);
    let behind = (usual + STEP_BACK).min(19);
    assert_eq!(crew.run(&lane, niceness).await, usual);
    // On a busy machine a call of nothing may take long as well.
    lane.keep_behind(false);
    let (long, now) = crew.run(&lane, move || (give_way(), (thread::current().id(), niceness())).1).await;
    assert_eq!(now, behind);
    for _ in 0..10 {
        lane.keep_behind(false);
        let (after, now) = crew.run(&lane, move || (thread::current().id(), niceness())).await;
        assert!(after != long && now == usual, "another thread, as the first was");
    }
    lane.keep_behind(true);
    for _ in 0..10 {
        assert_eq!(crew.run(&lane, niceness).await, behind, "from its start");
    }
    lane.keep_behind(false);
    assert_eq!(crew.run(&lane, niceness).await, usual);
    give_way();
    assert_eq!(niceness(), ours, "this thread is nobody's");
}

#[tokio::test]
async fn threads_end_with_the_last_clone() {
    let (crew, lane) = (crew(), Lane::new());
    let shared = Arc::downgrade(&crew.shared);
    crew.run(&lane, || ()).await;
    drop(crew);
    let began = Instant::now();
    while shared.strong_count() > 0 {
        assert!(began.elapsed() < KEPT / 2, "they wait for work that never comes");
        tokio::task::yield_now().await;
    }
}
