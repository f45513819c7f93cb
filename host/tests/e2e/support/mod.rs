//! A daemon as a child process, in a folder of its own, on a port of its own.

pub(crate) mod demo;
pub(crate) mod music;
pub(crate) mod sources;
pub(crate) mod spotify;
pub(crate) mod telegram;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// Nothing here takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(15);

/// Compiled plugins, for daemons that run those that are bundled.
pub(crate) fn plugin_cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugin-cache")
}

pub(crate) fn tapedeck() -> Command {
    tapedeck_at(Path::new(env!("CARGO_BIN_EXE_tapedeck")))
}

/// The same program, put somewhere else.
pub(crate) fn tapedeck_at(program: &Path) -> Command {
    let mut command = Command::new(program);
    // What the developer has set must not decide a test.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TAPEDECK") {
            command.env_remove(name);
        }
    }
    command.env("NO_COLOR", "1");
    command
}

/// A folder with a `config.toml`.
pub(crate) struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    /// `jobs` is the part of the file that matters to the test.
    pub(crate) fn with(jobs: &str) -> Self {
        let folder = Self { folder: tempfile::tempdir().unwrap() };
        folder.write_config(jobs);
        folder
    }

    pub(crate) fn write_config(&self, jobs: &str) {
        let text = format!("{jobs}\n[server]\nlisten = \"127.0.0.1:0\"\n");
        // As editors do: written beside, then renamed.
        fs::write(self.path("config.toml.new"), text).unwrap();
        fs::rename(self.path("config.toml.new"), self.path("config.toml")).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("tapedeck-data")
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = tapedeck();
        // Compiling them takes each daemon seconds; tests about plugins bring their own.
        command.env("TAPEDECK__PLUGIN_HOST__BUNDLED", "false");
        command.arg("--config").arg(self.path("config.toml")).current_dir(self.folder.path());
        command
    }

    /// Bytes in all files of the data folder.
    pub(crate) fn data_size(&self) -> u64 {
        fn size(path: &Path) -> u64 {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            let sizes = entries.map(|entry| match entry.metadata() {
                Ok(metadata) if metadata.is_file() => metadata.len(),
                Ok(_) => size(&entry.path()),
                Err(_) => 0,
            });
            sizes.sum()
        }
        size(&self.data())
    }

    pub(crate) fn start(&self) -> Daemon {
        Daemon::start(self.command(), &self.data(), &self.path("daemon.log"))
    }

    /// Runs a subcommand to its end.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    pub(crate) fn cli_json(&self, arguments: &[&str]) -> Value {
        let output = self.cli(&[&["--json"], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        fs::read_to_string(self.path(name)).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn http_client() -> reqwest::Client {
    // It is installed already when another test was faster.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(PATIENCE).build().unwrap()
}

pub(crate) struct Daemon {
    child: Option<Child>,
    log: PathBuf,
    url: String,
    token: String,
}

impl Daemon {
    /// Returns when it is ready.
    pub(crate) fn start(mut command: Command, data: &Path, log: &Path) -> Self {
        let published = data.join("daemon.json");
        let before = fs::read(&published).unwrap_or_default();
        let log_file = fs::File::options().create(true).append(true).open(log).unwrap();
        let child =
            command.arg("run").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log_file).spawn().unwrap();
        let mut daemon =
            Self { child: Some(child), log: log.to_owned(), url: String::new(), token: String::new() };
        daemon.wait_until("it is ready", |daemon| {
            let child = daemon.child.as_mut().unwrap();
            assert!(child.try_wait().unwrap().is_none(), "the daemon ended: {}", daemon.log());
            let now = fs::read(&published).unwrap_or_default();
            if now.is_empty() || now == before {
                return false;
            }
            let file: Value = serde_json::from_slice(&now).unwrap();
            daemon.url = file["url"].as_str().unwrap().to_owned();
            daemon.token = file["token"].as_str().unwrap().to_owned();
            true
        });
        daemon
    }

    pub(crate) fn wait_until(&mut self, what: &str, condition: impl FnMut(&mut Self) -> bool) {
        self.wait_for(PATIENCE, what, condition);
    }

    pub(crate) fn wait_for(
        &mut self,
        patience: Duration,
        what: &str,
        mut condition: impl FnMut(&mut Self) -> bool,
    ) {
        let started = Instant::now();
        while !condition(self) {
            assert!(started.elapsed() < patience, "waited in vain until {what}; log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The most memory that it ever held, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let id = self.child.as_ref().unwrap().id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let response = self.get_text(path);
        serde_json::from_str(&response).unwrap_or_else(|error| panic!("{path}: {error}: {response}"))
    }

    pub(crate) fn get_text(&self, path: &str) -> String {
        self.ask(reqwest::Method::GET, path, &Value::Null)
    }

    pub(crate) fn text(&self, path: &str) -> String {
        self.ask(reqwest::Method::GET, path, &serde_json::json!({}))
    }

    pub(crate) fn post(&self, path: &str) -> Value {
        self.post_json(path, &serde_json::json!({}))
    }

    pub(crate) fn post_json(&self, path: &str, body: &Value) -> Value {
        let response = self.ask(reqwest::Method::POST, path, body);
        serde_json::from_str(&response).unwrap_or_else(|error| panic!("{path}: {error}: {response}"))
    }

    fn ask(&self, method: reqwest::Method, path: &str, body: &Value) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let request =
                http_client().request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
            let request = request.header("content-type", "application/json").body(body.to_string());
            request.send().await.unwrap().text().await.unwrap()
        })
    }

    /// Sends listens, as to ListenBrainz. Answers the status; none when the daemon is gone.
    pub(crate) fn submit(&self, token: &str, body: &Value) -> Option<u16> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let request = http_client().post(format!("{}/1/submit-listens", self.url));
            let request = request.header("authorization", format!("Token {token}")).body(body.to_string());
            request.send().await.ok().map(|answer| answer.status().as_u16())
        })
    }

    /// Oldest first.
    pub(crate) fn runs(&self, job: &str) -> Vec<Value> {
        let answer = self.get(&format!("/api/v1/runs?job={job}&limit=1000"));
        let mut runs = answer["runs"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        runs.reverse();
        runs
    }

    pub(crate) fn statuses(&self, job: &str) -> Vec<String> {
        self.runs(job).iter().map(|run| run["status"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(self.child.as_ref().unwrap());
        rustix::process::kill_process(pid, signal).unwrap();
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Waits for its end; the exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let mut status = None;
        self.wait_until("it has ended", |daemon| {
            status = daemon.child.as_mut().unwrap().try_wait().unwrap();
            status.is_some()
        });
        self.child = None;
        status.unwrap().code()
    }

    pub(crate) fn kill(mut self) {
        self.signal(rustix::process::Signal::KILL);
        self.ended();
    }

    /// Ends it as a service manager would, and insists that it went well.
    pub(crate) fn stop(mut self) {
        self.signal(rustix::process::Signal::TERM);
        assert_eq!(self.ended(), Some(0), "{}", self.log());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
