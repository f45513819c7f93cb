use std::time::Instant;

use tokio_util::sync::CancellationToken;
use wasm_encoder::{BlockType::Empty, Instruction as I, ValType};

use super::*;
use crate::plugin_host::{Failure, FileProblem, Limit};

const LOG: &str = "tapedeck:plugin/log@1.0.0#write";
const SETTINGS: &str = "tapedeck:plugin/settings@1.0.0#get";

/// Loads it, calls it, and gives what went wrong; whatever it is, nothing else may suffer.
async fn failure(edit: impl FnOnce(&mut Bench), guest: &Guest) -> Failure {
    let mut bench = Bench::new();
    edit(&mut bench);
    let failed = match bench.load(guest).await {
        Ok(loaded) => call(&loaded).unwrap_err(),
        Err(error) => error,
    };
    let text = failed.to_string();
    assert!(
        text.starts_with("plugin guest 6.6.6: ") || text.starts_with("plugin guest (guest 6.6.6)"),
        "{text}"
    );
    is_unharmed(&Bench { limits: PluginLimits::default(), ..bench }).await;
    failed.failure
}

fn filter() -> Guest {
    guest("chat-filter")
}

#[tokio::test]
async fn changed_contracts_never_load() {
    let wit = "package tapedeck:plugin@1.0.0;
        interface chat-filter { judge: func(text: string) -> bool; }
        world guest { export chat-filter; }";
    let changed = Guest::of_wit(wit).manifest(r#"{"id":"guest","version":"6.6.6","summary":""}"#);
    let refused = Bench::new().load(&changed).await.unwrap_err().to_string();
    assert!(refused.contains("built with a changed copy of the contract"), "{refused}");
}

#[tokio::test]
async fn endless_loops_are_stopped() {
    let began = Instant::now();
    let failure = failure(|_| {}, &filter().loops(DESCRIBE)).await;
    assert!(matches!(failure, Failure::Timeout { limit, .. } if limit.as_millis() == 200), "{failure}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn loops_at_the_start_are_stopped() {
    // Code that an instance runs before anybody calls it.
    let failure = failure(|_| {}, &filter().starts_with_loop()).await;
    assert!(matches!(failure, Failure::Timeout { .. }), "{failure}");
}

#[tokio::test]
async fn memory_bombs_are_refused() {
    let bomb = filter().does(DESCRIBE, |_| {
        vec![
            I::Loop(Empty),
            I::I32Const(16),
            I::MemoryGrow(0),
            I::I32Const(-1),
            I::I32Ne,
            I::BrIf(0),
            I::End,
            I::Unreachable,
        ]
    });
    let failure = failure(|_| {}, &bomb).await;
    assert!(matches!(failure, Failure::Limit { which: Limit::Memory { limit: 16_777_216 } }), "{failure}");
}

#[tokio::test]
async fn deep_recursion_is_stopped() {
    let recursion =
        filter().does(DESCRIBE, |names| vec![I::Call(names.of(DESCRIBE)), I::Drop, I::I32Const(0)]);
    let failure = failure(|_| {}, &recursion).await;
    assert!(matches!(failure, Failure::Limit { which: Limit::Stack }), "{failure}");
}

#[tokio::test]
async fn memories_and_tables_go_up_to_the_limit() {
    let bench = Bench::new();
    assert!(bench.load(&filter().memory(256).says(DESCRIBE, "x")).await.is_ok());
    assert!(bench.load(&filter().table(990).says(DESCRIBE, "x")).await.is_ok());
    let refused = failure(|_| {}, &filter().memory(257)).await;
    assert!(matches!(refused, Failure::Limit { which: Limit::Memory { .. } }), "{refused}");
    let refused = failure(|_| {}, &filter().table(1_001)).await;
    assert!(matches!(refused, Failure::Limit { which: Limit::Table { limit: 1_000 } }), "{refused}");
    // Whoever imports something is made of several.
    let refused = failure(|bench| bench.limits.instances = 1, &chatterbox(1)).await;
    assert!(matches!(refused, Failure::Limit { which: Limit::Instances { limit: 1 } }), "{refused}");
}

#[tokio::test]
async fn results_of_a_gigabyte_are_not_copied() {
    let huge = filter().memory((1 << 14) + 16).does(DESCRIBE, |_| {
        vec![
            I::I32Const(8),
            I::I32Const(1 << 30),
            I::I32Store(crate::plugin_host::guest::at(4)),
            I::I32Const(8),
        ]
    });
    let failed = failure(|bench| bench.limits.memory_bytes = 2 << 30, &huge).await;
    assert!(matches!(failed, Failure::Limit { which: Limit::Result { limit: 67_108_864 } }), "{failed}");
    // One that points out of its own memory.
    let beyond = filter().does(DESCRIBE, |_| {
        vec![
            I::I32Const(8),
            I::I32Const(1 << 24),
            I::I32Store(crate::plugin_host::guest::at(4)),
            I::I32Const(8),
        ]
    });
    let failed = failure(|_| {}, &beyond).await;
    assert!(matches!(failed, Failure::Trap { .. }), "{failed}");
}

/// Writes `lines` lines to the log, then answers.
fn chatterbox(lines: i32) -> Guest {
    filter().imports(LOG).data("hello").does_with(DESCRIBE, &[ValType::I32], move |names| {
        vec![
            I::Loop(Empty),
            I::I32Const(3),
            I::I32Const(crate::plugin_host::guest::DATA),
            I::I32Const(5),
            I::Call(names.of(LOG)),
            I::LocalGet(0),
            I::I32Const(1),
            I::I32Add,
            I::LocalTee(0),
            I::I32Const(lines),
            I::I32LtU,
            I::BrIf(0),
            I::End,
            I::I32Const(crate::plugin_host::guest::ZEROS),
        ]
    })
}

#[tokio::test]
async fn host_call_storms_end() {
    let asking = filter().imports(SETTINGS).does(DESCRIBE, |names| {
        vec![I::Loop(Empty), I::I32Const(8), I::Call(names.of(SETTINGS)), I::Br(0), I::End, I::Unreachable]
    });
    let failed = failure(|bench| bench.limits.host_calls = 500, &asking).await;
    assert!(matches!(failed, Failure::Limit { which: Limit::HostCalls { limit: 500 } }), "{failed}");
    // Lines have a limit of their own, after which they cost nothing but time.
    let failed = failure(|_| {}, &chatterbox(-1)).await;
    assert!(matches!(failed, Failure::Timeout { .. }), "{failed}");
}

#[tokio::test]
async fn storms_of_chance_end() {
    // What WASI gives is no call of the host's: its only bound is time.
    const RANDOM: &str = "wasi:random/random@0.2.6#get-random-u64";
    let wit = "package test:guest;
        world guest {
            import wasi:random/random@0.2.6;
            export tapedeck:plugin/describe@1.0.0; export tapedeck:plugin/chat-filter@1.0.0;
        }
        package wasi:random@0.2.6 { interface random { get-random-u64: func() -> u64; } }";
    let gambler = Guest::of_wit_beside(wit)
        .manifest(r#"{"id":"guest","version":"6.6.6","summary":"Means no good."}"#)
        .imports(RANDOM)
        .does(DESCRIBE, |names| {
            vec![I::Loop(Empty), I::Call(names.of(RANDOM)), I::Drop, I::Br(0), I::End, I::Unreachable]
        });
    let failure = failure(|bench| bench.limits.host_calls = 1, &gambler).await;
    assert!(matches!(failure, Failure::Timeout { limit, .. } if limit.as_millis() == 200), "{failure}");
}

#[tokio::test]
async fn files_that_never_start_take_turns() {
    const CONFIGURE: &str = "tapedeck:plugin/chat-filter@1.0.0#configure";
    let mut bench = Bench::new();
    let limit = Duration::from_millis(100);
    bench.limits.start_deadline = Period(limit);
    let bad = filter().loops(CONFIGURE).component();
    bench.load_bytes(&bad).await.unwrap_err();
    // All are compiled now. Were two of them started at once, it would take less time.
    let began = Instant::now();
    let loads = ["a.wasm", "b.wasm", "c.wasm", "d.wasm"].map(|name| bench.load_file(name, &bad));
    for refused in futures_util::future::join_all(loads).await {
        assert!(matches!(refused.unwrap_err().failure, Failure::Timeout { .. }));
    }
    assert!(began.elapsed() >= 4 * limit, "{:?}", began.elapsed());
    is_unharmed(&Bench { limits: PluginLimits::default(), ..bench }).await;
}

#[tokio::test]
async fn slow_compiles_leave_their_turn_to_others() {
    let mut bench = Bench::new();
    bench.host.compile_deadline = Duration::ZERO;
    for _ in 0..2 {
        let failure = bench.load(&filter()).await.unwrap_err().failure;
        let is_slow = matches!(&failure, Failure::File(problem) if matches!(**problem, FileProblem::SlowToCompile { .. }));
        assert!(is_slow, "{failure}");
    }
    bench.host.compile_deadline = Duration::from_secs(60);
    is_unharmed(&bench).await;
    assert!(bench.load(&filter()).await.is_ok(), "with more time it is tried again");
}

#[tokio::test]
async fn a_million_log_lines_are_counted_not_kept() {
    let mut bench = Bench::new();
    bench.limits.host_calls = 2_000_000;
    bench.limits.deadline = Period::from_secs(60);
    let lines = 1_000_000;
    let loaded = bench.load(&chatterbox(lines)).await.unwrap();
    call(&loaded).unwrap();
    let figures = loaded.profile.figures.view();
    assert!(figures.log_lines_dropped >= lines as u64 - 1_000, "{}", figures.log_lines_dropped);
    assert!(loaded.profile.figures.log_lines().len() <= crate::model::PluginView::LOG_LINES);
}

#[tokio::test]
async fn traps_of_every_sort_are_told() {
    for body in [
        vec![I::Unreachable],
        vec![I::I32Const(1), I::I32Const(0), I::I32DivU],
        vec![I::I32Const(-4), I::I32Load(crate::plugin_host::guest::at(0))],
        vec![I::I32Const(-1)],
    ] {
        let failed = failure(|_| {}, &filter().does(DESCRIBE, move |_| body.clone())).await;
        assert!(matches!(failed, Failure::Trap { .. }), "{failed}");
    }
}

#[tokio::test]
async fn spent_stores_do_no_more() {
    let bench = Bench::new();
    let loaded = bench.load(&filter().does(DESCRIBE, |_| vec![I::Unreachable])).await.unwrap();
    let (_, interface) = loaded.component.get_export(None, "tapedeck:plugin/describe@1.0.0").unwrap();
    let (_, function) = loaded.component.get_export(Some(&interface), "describe").unwrap();
    let mut store = loaded.new_store(Flavour::Sync);
    let mut instance = None;
    for told in ["unreachable", "cannot enter component"] {
        let failed = bounded::call(&mut store, Terms::call(&loaded.profile), |store| {
            let instance = match instance {
                Some(instance) => instance,
                None => *instance.insert(loaded.pre(Flavour::Sync).instantiate(&mut *store)?),
            };
            let describe: TypedFunc<(), (String,)> = instance.get_typed_func(&mut *store, function)?;
            Ok(Ok(describe.call(&mut *store, ())?.0))
        })
        .unwrap_err();
        assert!(bounded::is_spent(&failed) && failed.to_string().contains(told), "{failed}");
    }
}

#[tokio::test]
async fn cancelling_stops_a_loop_in_a_tick() {
    let mut bench = Bench::new();
    bench.limits.deadline = Period::from_secs(60);
    let loaded = bench.load(&filter().loops(DESCRIBE)).await.unwrap();
    let (_, interface) = loaded.component.get_export(None, "tapedeck:plugin/describe@1.0.0").unwrap();
    let (_, function) = loaded.component.get_export(Some(&interface), "describe").unwrap();
    let token = CancellationToken::new();
    let mut store = loaded.new_store(Flavour::Sync);
    let canceller = std::thread::spawn({
        let token = token.clone();
        move || token.cancel()
    });
    let terms = Terms::call(&loaded.profile).cancelled_by(token);
    let failed = bounded::call(&mut store, terms, |store| {
        let instance = loaded.pre(Flavour::Sync).instantiate(&mut *store)?;
        let describe: TypedFunc<(), (String,)> = instance.get_typed_func(&mut *store, function)?;
        Ok(Ok(describe.call(&mut *store, ())?.0))
    });
    canceller.join().unwrap();
    assert!(matches!(failed.unwrap_err().failure, Failure::Cancelled));
}

/// A probe whose `thing` can be made, used and dropped by hand.
fn thing(act: Vec<I<'static>>) -> Guest {
    const PROBE: &str = "tapedeck:plugin/probe@1.0.0";
    let new = format!("[export]{PROBE}#[resource-new]thing");
    let made = new.clone();
    guest("probe")
        .imports(&new)
        .does(&format!("{PROBE}#[constructor]thing"), move |names| {
            vec![I::I32Const(7), I::Call(names.of(&made))]
        })
        .does(&format!("{PROBE}#[method]thing.act"), move |_| act.clone())
}

#[tokio::test]
async fn hoarders_of_resources_are_stopped() {
    let new = "[export]tapedeck:plugin/probe@1.0.0#[resource-new]thing";
    let hoarder = thing(vec![I::I32Const(crate::plugin_host::guest::ZEROS)]).does(DESCRIBE, move |names| {
        vec![
            I::Loop(Empty),
            I::I32Const(7),
            I::Call(names.of(new)),
            I::Drop,
            I::Br(0),
            I::End,
            I::Unreachable,
        ]
    });
    for limit in [10_000, 100] {
        let failed = failure(|bench| bench.limits.resources = limit, &hoarder).await;
        let is_that =
            matches!(failed, Failure::Limit { which: Limit::Resources { limit: by } } if by == limit);
        assert!(is_that, "{limit}: {failed}");
    }
}

#[tokio::test]
async fn traps_in_the_middle_of_a_resource_end_it() {
    let bench = Bench::new();
    let loaded = bench.load(&thing(vec![I::Unreachable])).await.unwrap();
    let mut store = loaded.new_store(Flavour::Sync);
    let outcomes = with_thing(&loaded, &mut store, |store, functions, thing| {
        let mut result = [Val::Bool(false)];
        let first = functions.1.call(&mut *store, &[thing.clone(), Val::String("x".into())], &mut result);
        let second = functions.1.call(&mut *store, &[thing, Val::String("x".into())], &mut result);
        [first, second].map(|it| it.unwrap_err().root_cause().to_string())
    });
    assert!(outcomes[0].contains("unreachable"), "{outcomes:?}");
    assert!(outcomes[1].contains("cannot enter"), "{outcomes:?}");
    is_unharmed(&bench).await;
}

#[tokio::test]
async fn use_after_drop_is_refused() {
    let bench = Bench::new();
    let loaded = bench.load(&thing(vec![I::I32Const(crate::plugin_host::guest::ZEROS)])).await.unwrap();
    let mut store = loaded.new_store(Flavour::Sync);
    let refused = with_thing(&loaded, &mut store, |store, functions, thing| {
        let mut result = [Val::Bool(false)];
        let works = functions.1.call(&mut *store, &[thing.clone(), Val::String("x".into())], &mut result);
        works.unwrap();
        let Val::Resource(resource) = &thing else { panic!("{thing:?}") };
        resource.resource_drop(&mut *store).unwrap();
        functions.1.call(&mut *store, &[thing, Val::String("x".into())], &mut result).unwrap_err().to_string()
    });
    assert!(refused.contains("handle") || refused.contains("resource"), "{refused}");
    is_unharmed(&bench).await;
}

type Functions = (wasmtime::component::Func, wasmtime::component::Func);

/// Makes a thing and does something with it, by the untyped interface.
fn with_thing<T>(
    loaded: &Loaded,
    store: &mut wasmtime::Store<crate::plugin_host::store::HostState>,
    act: impl FnOnce(&mut wasmtime::Store<crate::plugin_host::store::HostState>, &Functions, Val) -> T,
) -> T {
    let outcome = bounded::call(store, Terms::call(&loaded.profile), |store| {
        let instance = loaded.pre(Flavour::Sync).instantiate(&mut *store)?;
        let (_, probe) = loaded.component.get_export(None, "tapedeck:plugin/probe@1.0.0").unwrap();
        let function = |store: &mut wasmtime::Store<_>, name: &str| {
            let (_, index) = loaded.component.get_export(Some(&probe), name).unwrap();
            instance.get_func(store, index).unwrap()
        };
        let functions = (function(store, "[constructor]thing"), function(store, "[method]thing.act"));
        let mut made = [Val::Bool(false)];
        functions.0.call(&mut *store, &[Val::String("it".into())], &mut made)?;
        let [thing] = made;
        Ok(Ok(act(store, &functions, thing)))
    });
    outcome.unwrap()
}
