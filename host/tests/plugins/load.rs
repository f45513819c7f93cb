use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tapedeck::{model::Period, plugin_host::Failure};

use crate::support::{Deck, filter, messages, probe::NAME};

const JUDGE: &str = "tapedeck:plugin/chat-filter@1.0.0#judge";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_work_while_one_misbehaves() {
    let deck = Deck::start(|host| {
        host.limits.deadline = Period(Duration::from_millis(100));
        host.breaker.failures = u32::MAX;
    });
    deck.put("good.wasm", &filter("good", "1.0.0"));
    deck.put("bad.wasm", &filter("bad", "6.6.6").loops(JUDGE));
    deck.until("both are there", |deck| deck.view("good").is_some() && deck.view("bad").is_some()).await;
    deck.plugins.settled().await;
    let batch = messages(100);
    let stop = Arc::new(AtomicBool::new(false));
    let bad = thread::spawn({
        let (filter, stop, batch) =
            (deck.plugins.filter(&"bad".parse().unwrap()), stop.clone(), batch.clone());
        move || {
            while !stop.load(Ordering::Relaxed) {
                let failed = filter.judge_here(&batch, None).unwrap_err();
                assert!(matches!(failed.failure, Failure::Timeout { .. }), "{failed}");
                assert!(failed.to_string().starts_with("plugin bad 6.6.6: "), "{failed}");
            }
        }
    });
    let good = deck.plugins.filter(&"good".parse().unwrap());
    let times = thread::spawn(move || {
        let call = || {
            let began = Instant::now();
            assert!(good.judge_here(&batch, None).unwrap().is_empty());
            began.elapsed()
        };
        let mut times: Vec<Duration> = (0..1_000).map(|_| call()).collect();
        times.sort();
        times
    });
    let times = times.join().unwrap();
    stop.store(true, Ordering::Relaxed);
    bad.join().unwrap();
    // How close it stays to a host without the other is measured by `make bench`; here nothing may wait for it.
    assert!(times[500] < Duration::from_millis(10), "median {:?}", times[500]);
    assert_eq!(deck.view("good").unwrap().figures.errors, 0);
    assert!(deck.view("bad").unwrap().figures.errors > 0);
    deck.finish().await;
}

/// How nice those threads of plugins are that have stepped back twice.
#[cfg(target_os = "linux")]
fn threads_that_give_way() -> usize {
    let niceness = |stat: &str| -> i32 {
        // What follows the name: the state is the first, niceness the 17th.
        stat.rsplit_once(") ").unwrap().1.split(' ').nth(16).unwrap().parse().unwrap()
    };
    let ours = niceness(&std::fs::read_to_string("/proc/self/stat").unwrap());
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok());
    stats.filter(|stat| stat.contains("(plugin-call)") && niceness(stat) == (ours + 15).min(19)).count()
}

/// What the worst that a filter can do costs another: nothing but a bit of the processors.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stuck_filters_hold_no_others_up() {
    let deck = Deck::start(|host| {
        host.limits.deadline = Period(Duration::from_millis(1_500));
        host.breaker.failures = u32::MAX;
    });
    deck.put("good.wasm", &filter("good", "1.0.0"));
    deck.put("bad.wasm", &filter("bad", "6.6.6").loops(JUDGE));
    deck.until("both are there", |deck| deck.view("good").is_some() && deck.view("bad").is_some()).await;
    deck.plugins.settled().await;
    let batch: Arc<[_]> = messages(100).into();
    let bad = deck.plugins.filter(&"bad".parse().unwrap());
    let mut stuck = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (bad, batch) = (bad.clone(), batch.clone());
        stuck.spawn(async move { bad.judge(batch, None).await });
    }
    tokio::task::yield_now().await;
    let good = deck.plugins.filter(&"good".parse().unwrap());
    let began = Instant::now();
    for _ in 0..100 {
        assert!(good.judge(batch.clone(), None).await.unwrap().is_empty());
    }
    // Whatever the machine is busy with: had one of these waited for a stuck one, it would have been longer.
    assert!(began.elapsed() < Duration::from_millis(1_400), "{:?}", began.elapsed());
    #[cfg(target_os = "linux")]
    deck.until("the stuck ones give way", |_| threads_that_give_way() > 0).await;
    stuck.abort_all();
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swaps_lose_no_call() {
    let deck = Deck::start(|_| {});
    deck.put("a.wasm", &filter("a", "1.0.0"));
    deck.until("loaded", |deck| deck.view("a").is_some_and(|it| it.version.is_some())).await;
    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let worker = thread::spawn({
        let (filter, stop, calls) = (deck.plugins.filter(&"a".parse().unwrap()), stop.clone(), calls.clone());
        move || {
            let batch = messages(10);
            // A thousand a second: each has its moment, and what was late is made up for.
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    return began.elapsed();
                }
                assert!(filter.judge_here(&batch, None).unwrap().is_empty());
                calls.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(number).saturating_sub(began.elapsed()));
            }
            unreachable!("it goes on until it is told")
        }
    });
    for version in ["2.0.0", "3.0.0"] {
        deck.put("a.wasm", &filter("a", version));
        deck.until(version, |deck| deck.view("a").unwrap().version.as_deref() == Some(version)).await;
        let before = calls.load(Ordering::Relaxed);
        deck.until("calls go on", |_| calls.load(Ordering::Relaxed) > before + 20).await;
    }
    stop.store(true, Ordering::Relaxed);
    let took = worker.join().unwrap();
    let rate = calls.load(Ordering::Relaxed) as f64 / took.as_secs_f64();
    assert!(rate > 900.0, "{rate} calls a second");
    let figures = deck.view("a").unwrap().figures;
    assert_eq!((figures.errors, figures.swaps), (0, 2));
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_have_taken_much_make_way() {
    let deck = Deck::with_probe(&[]).await;
    let made = |deck: &Deck| deck.view(NAME).unwrap().figures.instances_made;
    deck.judge(&["leak 10"]).await.unwrap();
    let first = made(&deck);
    // More than half of the 64 MiB that it may have.
    deck.judge(&["leak 40"]).await.unwrap();
    assert_eq!(made(&deck), first, "until then it is used again");
    deck.judge(&["nothing"]).await.unwrap();
    assert_eq!(made(&deck), first + 1);
    deck.finish().await;
}
