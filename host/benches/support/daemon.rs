//! The real daemon as a child.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

pub(crate) struct Daemon {
    child: Child,
    published: PathBuf,
    pub(crate) ready_after: Duration,
}

impl Daemon {
    /// Returns when the daemon has published its address.
    pub(crate) fn start(folder: &Path, jobs: &str) -> Self {
        let config = folder.join("config.toml");
        let text = format!("[server]\nlisten = \"127.0.0.1:0\"\n[log]\nlevel = \"warn\"\n{jobs}");
        fs::write(&config, text).expect("a config");
        let published = folder.join("tapedeck-data/daemon.json");
        let _ = fs::remove_file(&published);
        let started = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_tapedeck"))
            .arg("--config")
            .arg(&config)
            .arg("run")
            .stdout(Stdio::null())
            .spawn()
            .expect("the daemon starts");
        while !published.exists() {
            assert!(started.elapsed() < Duration::from_secs(60), "the daemon does not get ready");
            std::thread::sleep(Duration::from_micros(200));
        }
        Self { child, published, ready_after: started.elapsed() }
    }

    /// Its address, and what opens it.
    pub(crate) fn door(&self) -> (String, String) {
        let file = fs::read(&self.published).expect("it is ready");
        let file: serde_json::Value = serde_json::from_slice(&file).expect("it is JSON");
        let field = |name: &str| file[name].as_str().expect("a text").to_owned();
        (field("url"), field("token"))
    }

    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it lives");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("a name").split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().expect("a number")).sum();
        Duration::from_millis(ticks * 10)
    }

    pub(crate) fn resident_mib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it lives");
        let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("it has memory");
        let kib: f64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
        kib / 1024.0
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // The measurement is over; how it ends is tested elsewhere.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
