//! The compiler in a process of its own, which is this very program: it can be ended at any moment, what it takes is
//! bounded and goes with it, and if it crashes, nobody else does.

use std::{
    fmt,
    io::{self, Read as _, Write as _},
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
};

use rustix::process::{Resource, Rlimit, Signal};

use super::{STACK, make};

/// The command of the program that compiles.
pub const COMMAND: &str = "compile-plugin";
/// What the answer begins with.
const CODE: u8 = 0;
const REFUSED: u8 = 1;
/// Of what it says on its way down, as much as tells why.
const LAST_WORDS: u64 = 4 << 10;

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// From here on, plugins are compiled by processes of this program, which understands [`COMMAND`].
pub fn compile_apart(program: PathBuf) {
    // The first one counts.
    let _ = PROGRAM.set(program);
}

/// Why there is no code.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no such process, here or now.
    NoProcess(String),
    Refused(String),
}

/// Where to compile, if not here.
pub(super) fn program() -> Option<PathBuf> {
    // A newer version may lie where the program was, or none.
    let own = PathBuf::from("/proc/self/exe");
    PROGRAM.get().map(|program| if own.exists() { own } else { program.clone() })
}

/// A process that compiles, as long as it does.
#[derive(Debug, Default)]
pub(super) struct Worker(Mutex<Stage>);

#[derive(Debug, Default)]
struct Stage {
    child: Option<Child>,
    is_over: bool,
}

impl Worker {
    /// Starts one and waits for what it says. It has the priority of the calling thread.
    pub(super) fn compile(&self, mut command: Command, wasm: &[u8], memory: u64) -> Result<Vec<u8>, Trouble> {
        let no_process = |error: io::Error| Trouble::NoProcess(error.to_string());
        command.arg(COMMAND).arg(memory.to_string()).env_clear().current_dir("/");
        // A signal that the terminal sends to everybody is the daemon's to act upon.
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut stage = self.lock();
        if stage.is_over {
            return Err(stopped());
        }
        let mut child = command.spawn().map_err(no_process)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        stage.child = Some(child);
        drop(stage);
        let (Some(mut stdin), Some(mut stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            return Err(Trouble::NoProcess("it has no pipes".into()));
        };
        // One that is gone says why below.
        let _ = stdin.write_all(wasm);
        drop(stdin);
        let (mut answer, mut words) = (Vec::new(), Vec::new());
        let heard =
            stdout.read_to_end(&mut answer).and_then(|_| stderr.take(LAST_WORDS).read_to_end(&mut words));
        let (child, is_over) = {
            let mut stage = self.lock();
            (stage.child.take(), stage.is_over)
        };
        let status = child.map(|mut child| {
            if heard.is_err() {
                // It may have ended by itself.
                let _ = child.kill();
            }
            child.wait()
        });
        match (heard, status, answer.split_first()) {
            _ if is_over => Err(stopped()),
            (Ok(_), Some(Ok(status)), Some((&CODE, _))) if status.success() => {
                answer.remove(0);
                Ok(answer)
            }
            (Ok(_), Some(Ok(status)), Some((&REFUSED, reason))) if status.success() => {
                Err(Trouble::Refused(String::from_utf8_lossy(reason).into_owned()))
            }
            (Ok(_), Some(Ok(status)), _) => Err(Trouble::Refused(Fall { status, words, memory }.to_string())),
            (Err(error), _, _) | (_, Some(Err(error)), _) => Err(no_process(error)),
            (_, None, _) => Err(stopped()),
        }
    }

    /// Whatever it is at. Who waits for it buries it.
    pub(super) fn end(&self) {
        let mut stage = self.lock();
        stage.is_over = true;
        if let Some(child) = &mut stage.child {
            // It may have ended by itself.
            let _ = child.kill();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody waits for that.
fn stopped() -> Trouble {
    Trouble::Refused("it was stopped".into())
}

/// How a process ended that gave no answer.
struct Fall {
    status: ExitStatus,
    words: Vec<u8>,
    memory: u64,
}

impl fmt::Display for Fall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = String::from_utf8_lossy(&self.words);
        if words.contains("memory allocation of") {
            let mib = self.memory >> 20;
            return write!(f, "that takes more than {mib} MiB of memory (`plugin_host.compile_memory`)");
        }
        match self.status.signal().and_then(Signal::from_named_raw) {
            Some(Signal::KILL) => {
                f.write_str("the system ended the compiler, as it does when memory is short; reload the plugin to try again")
            }
            _ => write!(f, "the compiler has stopped ({}); please report this file", self.status),
        }
    }
}

/// What such a process does: reads a component, and answers with its code or says why there is none. It may take so
/// much `memory`, and ends with who started it.
pub fn compile_for_parent(memory: u64) -> io::Result<()> {
    bound(memory);
    let mut wasm = Vec::new();
    io::stdin().lock().read_to_end(&mut wasm)?;
    let made = thread::Builder::new().stack_size(STACK).spawn(move || make(&wasm))?.join();
    let (tag, answer) = match made.unwrap_or_else(|_| Err("the compiler gave up".into())) {
        Ok(code) => (CODE, code),
        Err(reason) => (REFUSED, reason.into_bytes()),
    };
    let mut out = io::stdout().lock();
    out.write_all(&[tag])?;
    out.write_all(&answer)?;
    out.flush()
}

/// Whatever of it cannot be had is done without: the deadline is kept by who waits.
fn bound(memory: u64) {
    let at_most = |bytes| Rlimit { current: Some(bytes), maximum: Some(bytes) };
    let _ = rustix::process::setrlimit(Resource::Data, at_most(memory));
    let _ = rustix::process::setrlimit(Resource::Core, at_most(0));
    #[cfg(target_os = "linux")]
    {
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
        // When memory is short, this goes first.
        let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, sync::Arc};

    use super::*;

    /// In place of the program.
    fn script(text: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", text, "sh"]);
        command
    }

    fn compile(text: &str) -> Result<Vec<u8>, Trouble> {
        Worker::default().compile(script(text), &[b'x'; 1 << 20], 64 << 20)
    }

    fn refusal(text: &str) -> String {
        match compile(text) {
            Err(Trouble::Refused(reason)) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn answers_are_code_or_reasons() {
        assert_eq!(compile(r"cat > /dev/null; printf '\000code'"), Ok(b"code".to_vec()));
        assert_eq!(
            compile("printf '\\000'; printf %s \"$1 $2 $HOME\""),
            Ok(b"compile-plugin 67108864 ".to_vec())
        );
        assert_eq!(compile(r"printf '\000'; wc -c | tr -d '\n'"), Ok(b"1048576".to_vec()));
        assert_eq!(refusal(r"printf '\001too odd'"), "too odd");
    }

    #[test]
    fn who_falls_without_an_answer_is_told_by_how() {
        let short = "echo 'memory allocation of 1073741824 bytes failed' >&2; kill -ABRT $$";
        assert_eq!(refusal(short), "that takes more than 64 MiB of memory (`plugin_host.compile_memory`)");
        let ended =
            "the system ended the compiler, as it does when memory is short; reload the plugin to try again";
        assert_eq!(refusal("kill -KILL $$"), ended);
        for text in ["kill -SEGV $$", r"printf '\000half'; exit 3", "exit 0", r"printf '\002what'"] {
            assert!(refusal(text).contains("please report this file"), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_started_is_no_refusal() {
        let none = Worker::default().compile(Command::new("/does/not/exist"), b"x", 64 << 20);
        assert!(matches!(none, Err(Trouble::NoProcess(_))), "{none:?}");
    }

    #[test]
    fn who_is_at_work_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let worker = Arc::new(Worker::default());
        let text = format!("echo $$ > {}; exec sleep 1000", pipe.display());
        let waiting = thread::spawn({
            let worker = worker.clone();
            move || worker.compile(script(&text), b"x", 64 << 20)
        });
        let id = fs::read_to_string(&pipe).unwrap();
        worker.end();
        assert_eq!(waiting.join().unwrap(), Err(stopped()));
        assert!(!Path::new("/proc").join(id.trim()).exists(), "{id}");
        let begun = folder.path().join("begun");
        let late = worker.compile(script(&format!("touch {}", begun.display())), b"x", 64 << 20);
        assert_eq!(late, Err(stopped()));
        assert!(!begun.exists(), "nobody waits for it");
    }
}
