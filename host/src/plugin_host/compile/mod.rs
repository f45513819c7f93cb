//! Makes machine code of components, each in a process that everything else goes before. Who orders it sees to it
//! that it is one at a time.
//!
//! What is late is ended, and the same is not compiled again. Where there is no such process, which only the program
//! itself can be, a thread does it. Nothing can stop that one: it goes on after everything else, and what comes of it
//! is not used.

mod apart;

use std::{
    collections::BTreeMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::{sync::oneshot, time::timeout};
use wasmtime::component::Component;

use super::{engine::Engine, error::FileProblem, inspect};
use apart::{Trouble, Worker};

pub use apart::{COMMAND, compile_apart, compile_for_parent};

/// Deeply nested code takes deep recursion to compile.
const STACK: usize = 16 << 20;
/// Further back there is nothing.
const LAST: i32 = 19;

type Work = dyn Fn(&Order, &Worker) -> Result<Compiled, FileProblem> + Send + Sync;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Compiler {
    niceness: i32,
    work: Arc<Work>,
    /// What took longer than so long.
    late: Arc<Mutex<BTreeMap<Vec<u8>, Duration>>>,
}

/// What to compile.
pub(crate) struct Order {
    pub(crate) path: PathBuf,
    /// Of the content.
    pub(crate) key: Vec<u8>,
    pub(crate) wasm: Vec<u8>,
    pub(crate) deadline: Duration,
    /// So much may a process take that compiles it.
    pub(crate) memory: u64,
}

pub(crate) struct Compiled {
    pub(crate) component: Component,
    pub(crate) took: Duration,
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiler").field("niceness", &self.niceness).finish_non_exhaustive()
    }
}

impl Compiler {
    /// On threads that step back so far, from 0 to 19.
    pub(crate) fn new(engine: Engine, niceness: i32) -> Self {
        let work = move |order: &Order, worker: &Worker| match apart::program() {
            Some(program) => compile_beside(&engine, order, worker, Command::new(program)),
            None => compile(&engine, &order.path, &order.wasm),
        };
        Self::of(work, niceness)
    }

    fn of(
        work: impl Fn(&Order, &Worker) -> Result<Compiled, FileProblem> + Send + Sync + 'static,
        niceness: i32,
    ) -> Self {
        Self { niceness, work: Arc::new(work), late: Arc::default() }
    }

    /// Whether this has not been too late before, with at least as much time.
    pub(crate) fn check(&self, path: &Path, key: &[u8], deadline: Duration) -> Result<(), FileProblem> {
        let late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        let slow = |limit: &Duration| FileProblem::SlowToCompile { path: path.to_owned(), limit: *limit };
        late.get(key).filter(|limit| **limit >= deadline).map_or(Ok(()), |limit| Err(slow(limit)))
    }

    /// Dropping the future leaves behind what is under way.
    pub(crate) async fn compile(&self, order: Order) -> Result<Compiled, FileProblem> {
        let (path, key, deadline) = (order.path.clone(), order.key.clone(), order.deadline);
        self.check(&path, &key, deadline)?;
        let (answer, compiled) = oneshot::channel();
        let underway = Underway::default();
        let (work, pace, worker, niceness) =
            (self.work.clone(), underway.pace.clone(), underway.worker.clone(), self.niceness);
        let started =
            thread::Builder::new().name("plugin-compiler".into()).stack_size(STACK).spawn(move || {
                Pace::begin(&pace, niceness);
                let made = work(&order, &worker);
                Pace::end(&pace);
                drop(order);
                // Who asked may have given up; then the work was for nothing.
                let _ = answer.send(made);
                give_memory_back();
            });
        let refused = |reason: String| FileProblem::Compile { path: path.clone(), reason };
        started.map_err(|error| refused(format!("no thread to compile on: {error}")))?;
        match timeout(deadline, compiled).await {
            Ok(made) => made
                .unwrap_or_else(|_| Err(refused("the compiler has stopped; please report this file".into()))),
            Err(_) => {
                let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
                late.insert(key, deadline);
                Err(FileProblem::SlowToCompile { path, limit: deadline })
            }
        }
    }
}

/// How far back a thread goes, as long as it is at work.
#[derive(Debug, Default)]
struct Pace {
    thread: Option<rustix::process::Pid>,
    is_left_behind: bool,
    has_ended: bool,
}

impl Pace {
    /// Of the calling thread.
    fn begin(pace: &Mutex<Self>, niceness: i32) {
        let mut pace = pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.thread = this_thread();
        step_back(None, if pace.is_left_behind { LAST } else { niceness });
    }

    /// From here on, its number may be another thread's.
    fn end(pace: &Mutex<Self>) {
        pace.lock().unwrap_or_else(PoisonError::into_inner).has_ended = true;
    }
}

/// Who drops it waits for the work no more.
#[derive(Default)]
struct Underway {
    pace: Arc<Mutex<Pace>>,
    worker: Arc<Worker>,
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.worker.end();
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.is_left_behind = true;
        if let Some(thread) = pace.thread.filter(|_| !pace.has_ended) {
            step_back(Some(thread), LAST);
        }
    }
}

/// In a process of its own. Where none can be started, on the calling thread.
fn compile_beside(
    engine: &Engine,
    order: &Order,
    worker: &Worker,
    command: Command,
) -> Result<Compiled, FileProblem> {
    let began = Instant::now();
    let Order { path, wasm, memory, .. } = order;
    // It says what is wrong better than the compiler does.
    inspect::validate(path, wasm)?;
    let code = match worker.compile(command, wasm, *memory) {
        Ok(code) => Ok(code),
        Err(Trouble::Refused(reason)) => Err(reason),
        Err(Trouble::NoProcess(reason)) => {
            tracing::warn!(reason, "No process to compile a plugin in; it is compiled within this one");
            make(wasm)
        }
    };
    take_over(engine, path, code, began)
}

/// On the calling thread.
pub(crate) fn compile(engine: &Engine, path: &Path, wasm: &[u8]) -> Result<Compiled, FileProblem> {
    let began = Instant::now();
    inspect::validate(path, wasm)?;
    take_over(engine, path, make(wasm), began)
}

/// The machine code, or why there is none.
///
/// An engine keeps what its compiler has worked with, which is as much as the largest function took, so each file
/// has a compiler of its own.
fn make(wasm: &[u8]) -> Result<Vec<u8>, String> {
    // A panic here is a fault of the compiler's, and no reason to lose it for all other files.
    let made = catch_unwind(AssertUnwindSafe(|| Engine::for_compiling()?.precompile_component(wasm)));
    made.map_err(|_| "the compiler gave up; please report this file".to_owned())?
        .map_err(|error| error.root_cause().to_string())
}

fn take_over(
    engine: &Engine,
    path: &Path,
    code: Result<Vec<u8>, String>,
    began: Instant,
) -> Result<Compiled, FileProblem> {
    let refused = |reason: String| FileProblem::Compile { path: path.to_owned(), reason };
    #[expect(unsafe_code, reason = "what was compiled apart has to be taken over")]
    // SAFETY: these are the bytes that the compiler of the same settings has just given, here or in a process that is
    // this program, and whole: it has ended well.
    let component = unsafe { Component::deserialize(engine.inner(), &code.map_err(refused)?) };
    let component = component.map_err(|error| refused(error.root_cause().to_string()))?;
    Ok(Compiled { component, took: began.elapsed() })
}

/// On Linux, niceness belongs to the thread; of `None`, to the calling one. Elsewhere it would hold for the whole
/// process.
fn step_back(thread: Option<rustix::process::Pid>, niceness: i32) {
    #[cfg(target_os = "linux")]
    if niceness > 0
        && let Err(error) = rustix::process::setpriority_process(thread, niceness)
    {
        tracing::debug!(%error, niceness, "A plugin is compiled at the priority that it has");
    }
}

/// As the system counts them, where it says so.
fn this_thread() -> Option<rustix::process::Pid> {
    let link = std::fs::read_link("/proc/thread-self").ok()?;
    rustix::process::Pid::from_raw(link.file_name()?.to_str()?.parse().ok()?)
}

/// Compiling and reading plugins needs tens of megabytes, seldom; the allocator would keep them.
pub(crate) fn give_memory_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "glibc offers it as a foreign function; it takes and gives plain numbers")]
    // SAFETY: it touches nothing but what is free, under the allocator's own locks.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_host::guest::Guest;

    fn order(path: &str, wasm: Vec<u8>, deadline: Duration) -> Order {
        Order { path: path.into(), key: path.into(), wasm, deadline, memory: 1 << 30 }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn compiles_off_the_thread() {
        let compiler = Compiler::new(Engine::build().unwrap(), 15);
        let wasm = Guest::plugin("a", "1.0.0", "chat-filter").component();
        let compiled = compiler.compile(order("x.wasm", wasm, LONG)).await.unwrap();
        assert!(!compiled.took.is_zero());
    }

    #[tokio::test]
    async fn refusals_leave_the_compiler_at_work() {
        let compiler = Compiler::new(Engine::build().unwrap(), 15);
        let good = Guest::plugin("a", "1.0.0", "chat-filter").component();
        let (mut wasm, middle) = (good.clone(), good.len() / 2);
        wasm[middle..middle + 64].fill(0xff);
        let refused = compiler.compile(order("x.wasm", wasm, LONG)).await;
        assert!(matches!(refused, Err(FileProblem::Malformed { .. })));
        assert!(compiler.compile(order("y.wasm", good, LONG)).await.is_ok());
    }

    #[test]
    fn without_a_process_it_is_compiled_all_the_same() {
        let engine = Engine::build().unwrap();
        let none = || Command::new("/does/not/exist");
        let good = order("x.wasm", Guest::plugin("a", "1.0.0", "chat-filter").component(), LONG);
        assert!(compile_beside(&engine, &good, &Worker::default(), none()).is_ok());
        let bad = order("x.wasm", b"no wasm".to_vec(), LONG);
        let refused = compile_beside(&engine, &bad, &Worker::default(), none()).err().unwrap();
        assert!(matches!(refused, FileProblem::Malformed { .. }), "{refused}");
    }

    #[tokio::test]
    async fn who_is_late_is_ended() {
        let (ended, ends) = std::sync::mpsc::channel();
        let work = move |order: &Order, worker: &Worker| {
            let mut sleeps = Command::new("/bin/sh");
            sleeps.args(["-c", "exec sleep 1000"]);
            ended.send(worker.compile(sleeps, &order.wasm, order.memory)).unwrap();
            Err(FileProblem::Compile { path: order.path.clone(), reason: "as it should".into() })
        };
        let late =
            Compiler::of(work, 0).compile(order("x.wasm", Vec::new(), Duration::ZERO)).await.err().unwrap();
        assert!(matches!(late, FileProblem::SlowToCompile { .. }), "{late}");
        let stopped = tokio::task::spawn_blocking(move || ends.recv().unwrap()).await.unwrap();
        assert!(matches!(stopped, Err(Trouble::Refused(_))), "{stopped:?}");
    }

    /// Priorities of threads as work begins, and as it ends; it does so when it is released.
    struct Slow {
        compiler: Compiler,
        begins: tokio::sync::mpsc::UnboundedReceiver<i32>,
        ends: tokio::sync::mpsc::UnboundedReceiver<i32>,
        release: std::sync::mpsc::Sender<()>,
    }

    fn slow(niceness: i32) -> Slow {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let ((begun, begins), (ended, ends)) =
            (tokio::sync::mpsc::unbounded_channel(), tokio::sync::mpsc::unbounded_channel());
        let (release, held) = std::sync::mpsc::channel();
        let held = Mutex::new(held);
        let work = move |order: &Order, _: &Worker| {
            begun.send(priority()).unwrap();
            if order.path == Path::new("slow.wasm") {
                held.lock().unwrap().recv().unwrap();
            }
            ended.send(priority()).unwrap();
            Err(FileProblem::Compile { path: order.path.clone(), reason: "as it should".into() })
        };
        Slow { compiler: Compiler::of(work, niceness), begins, ends, release }
    }

    #[tokio::test]
    async fn who_is_late_is_left_behind_and_not_tried_again() {
        let Slow { compiler, mut begins, mut ends, release } = slow(0);
        for _ in 0..2 {
            let refused =
                compiler.compile(order("slow.wasm", Vec::new(), Duration::ZERO)).await.err().unwrap();
            assert!(matches!(refused, FileProblem::SlowToCompile { .. }), "{refused}");
            assert!(refused.to_string().contains("`plugin_host.compile_deadline`"), "{refused}");
        }
        begins.recv().await.unwrap();
        let other = compiler.compile(order("other.wasm", Vec::new(), LONG)).await.err().unwrap();
        assert!(matches!(other, FileProblem::Compile { .. }), "{other}: it waits for nobody");
        ends.recv().await.unwrap();
        release.send(()).unwrap();
        let last = ends.recv().await.unwrap();
        #[cfg(target_os = "linux")]
        assert_eq!(last, LAST);
        begins.recv().await.unwrap();
        drop(compiler);
        assert_eq!(begins.recv().await, None, "that it was tried once");
    }

    #[tokio::test]
    async fn who_is_given_more_time_is_tried_again() {
        let Slow { compiler, begins: _begins, ends: _ends, release } = slow(0);
        let late = compiler.compile(order("slow.wasm", Vec::new(), Duration::ZERO)).await.err().unwrap();
        assert!(matches!(late, FileProblem::SlowToCompile { .. }), "{late}");
        assert!(compiler.check(Path::new("slow.wasm"), b"slow.wasm", Duration::ZERO).is_err());
        // One for each try.
        (0..2).for_each(|_| release.send(()).unwrap());
        let tried = compiler.compile(order("slow.wasm", Vec::new(), LONG)).await.err().unwrap();
        assert!(matches!(tried, FileProblem::Compile { .. }), "{tried}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_compiler_steps_back() {
        let Slow { compiler, mut begins, mut ends, release } = slow(15);
        let before = rustix::process::getpriority_process(None).unwrap();
        let compiling = compiler.compile(order("slow.wasm", Vec::new(), LONG));
        tokio::select! {
            _ = compiling => panic!("it waits"),
            priority = begins.recv() => assert_eq!(priority, Some(15.max(before))),
        }
        release.send(()).unwrap();
        assert_eq!(ends.recv().await, Some(LAST), "nobody waits any more");
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), before, "of this thread");
    }
}
