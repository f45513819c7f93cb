//! Makes machine code of components: one at a time, on a thread that everything else goes before.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};
use wasmtime::component::Component;

use super::{engine::Engine, error::FileProblem, inspect};

/// Each plugin waits for at most one answer, so few ever wait here.
const QUEUE: usize = 64;
/// Deeply nested code takes deep recursion to compile.
const STACK: usize = 16 << 20;

/// Cheap to clone. The thread ends with the last clone.
#[derive(Clone, Debug)]
pub(crate) struct Compiler {
    jobs: mpsc::Sender<Job>,
}

struct Job {
    path: PathBuf,
    wasm: Arc<[u8]>,
    started: oneshot::Sender<()>,
    answer: oneshot::Sender<Result<Compiled, FileProblem>>,
}

pub(crate) struct Compiled {
    pub(crate) component: Component,
    pub(crate) took: Duration,
}

impl Compiler {
    /// On a thread that steps back so far, from 0 to 19.
    pub(crate) fn spawn(engine: Engine, niceness: i32) -> std::io::Result<Self> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        thread::Builder::new().name("plugin-compiler".into()).stack_size(STACK).spawn(move || {
            step_back(niceness);
            while let Some(job) = queue.blocking_recv() {
                // Nobody waits any more: the file has changed again, or the daemon stops.
                if job.answer.is_closed() {
                    continue;
                }
                // Who asked may have given up between these two; then the work was for nothing.
                let _ = job.started.send(());
                let _ = job.answer.send(compile(&engine, &job.path, &job.wasm));
                drop(job.wasm);
                give_memory_back();
            }
        })?;
        Ok(Self { jobs })
    }

    /// Waits for its turn, says when that has come, and compiles. Dropping the future gives up the turn.
    pub(crate) async fn compile(
        &self,
        path: &Path,
        wasm: Arc<[u8]>,
        on_turn: impl FnOnce(),
    ) -> Result<Compiled, FileProblem> {
        let (started, turn) = oneshot::channel();
        let (answer, compiled) = oneshot::channel();
        let stopped = || FileProblem::Compile {
            path: path.to_owned(),
            reason: "the compiler has stopped; restart the daemon".into(),
        };
        let job = Job { path: path.to_owned(), wasm, started, answer };
        self.jobs.send(job).await.map_err(|_| stopped())?;
        if turn.await.is_ok() {
            on_turn();
        }
        compiled.await.unwrap_or_else(|_| Err(stopped()))
    }
}

/// On the calling thread.
///
/// An engine keeps what its compiler has worked with, which is as much as the largest function took, so each file
/// has a compiler of its own.
pub(crate) fn compile(engine: &Engine, path: &Path, wasm: &[u8]) -> Result<Compiled, FileProblem> {
    let began = Instant::now();
    // It says what is wrong better than the compiler does.
    inspect::validate(path, wasm)?;
    let refused = |reason: String| FileProblem::Compile { path: path.to_owned(), reason };
    // A panic here is a fault of the compiler's, and no reason to lose it for all other files.
    let made = catch_unwind(AssertUnwindSafe(|| -> wasmtime::Result<Component> {
        let code = Engine::for_compiling()?.precompile_component(wasm)?;
        #[expect(unsafe_code, reason = "what was compiled apart has to be taken over")]
        // SAFETY: these are the bytes that the compiler of the same settings has just given.
        let component = unsafe { Component::deserialize(engine.inner(), &code) }?;
        Ok(component)
    }));
    let component = made
        .map_err(|_| refused("the compiler gave up; please report this file".into()))?
        .map_err(|error| refused(error.root_cause().to_string()))?;
    Ok(Compiled { component, took: began.elapsed() })
}

/// On Linux, niceness belongs to the thread. Elsewhere it would hold for the whole process.
fn step_back(niceness: i32) {
    #[cfg(target_os = "linux")]
    if niceness > 0
        && let Err(error) = rustix::process::setpriority_process(None, niceness)
    {
        tracing::debug!(%error, "Plugins are compiled at normal priority");
    }
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

    #[tokio::test]
    async fn compiles_off_the_thread() {
        let engine = Engine::build().unwrap();
        let compiler = Compiler::spawn(engine, 15).unwrap();
        let wasm: Arc<[u8]> = Guest::plugin("a", "1.0.0", "chat-filter").component().into();
        let mut is_told = false;
        let compiled = compiler.compile(Path::new("x.wasm"), wasm, || is_told = true).await.unwrap();
        assert!(is_told && !compiled.took.is_zero());
    }

    #[tokio::test]
    async fn refusals_leave_the_compiler_at_work() {
        let compiler = Compiler::spawn(Engine::build().unwrap(), 15).unwrap();
        let mut wasm = Guest::plugin("a", "1.0.0", "chat-filter").component();
        let good: Arc<[u8]> = wasm.clone().into();
        let middle = wasm.len() / 2;
        wasm[middle..middle + 64].fill(0xff);
        let refused = compiler.compile(Path::new("x.wasm"), wasm.into(), || {}).await;
        assert!(matches!(refused, Err(FileProblem::Malformed { .. })));
        assert!(compiler.compile(Path::new("x.wasm"), good, || {}).await.is_ok());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_its_own_thread_steps_back() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let before = priority();
        assert_eq!(thread::spawn(move || (step_back(15), priority()).1).join().unwrap(), 15.max(before));
        assert_eq!(priority(), before);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_compiler_steps_back() {
        // Of the other tests' compilers none steps back so far, and none can come forward again.
        let niceness = 13.max(rustix::process::getpriority_process(None).unwrap());
        let compiler = Compiler::spawn(Engine::build().unwrap(), niceness).unwrap();
        let wasm: Arc<[u8]> = Guest::plugin("a", "1.0.0", "chat-filter").component().into();
        compiler.compile(Path::new("x.wasm"), wasm, || {}).await.unwrap();
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let stats = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("stat")).ok());
        let nice = |stat: String| {
            let (name, numbers) = stat.rsplit_once(") ")?;
            name.ends_with("(plugin-compiler")
                .then(|| numbers.split(' ').nth(16).unwrap_or_default().to_owned())
        };
        assert!(stats.filter_map(nice).any(|nice| nice == niceness.to_string()));
    }
}
