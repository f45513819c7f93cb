//! `tapedeck demo`, which ends whatever a test thinks of it.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
};

use serde_json::Value;

use super::{tapedeck, text};

pub(crate) struct Demo {
    pub(crate) child: Child,
    told: Value,
}

impl Demo {
    /// Returns when it is ready.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = tapedeck();
        command.args(["demo", "--port", "0", "--json"]).args(arguments);
        command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
        let mut demo = Self { child: command.spawn().unwrap(), told: Value::Null };
        let mut line = String::new();
        BufReader::new(demo.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        demo.told = serde_json::from_str(&line).unwrap();
        demo
    }

    pub(crate) fn folder(&self) -> &Path {
        Path::new(self.told["folder"].as_str().unwrap())
    }

    /// Everything that a subcommand says.
    pub(crate) fn say(&self, words: &[&str]) -> String {
        let mut command = tapedeck();
        command.args(["--url", self.told["url"].as_str().unwrap(), "--json"]).args(words);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    pub(crate) fn ask(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.say(words)).unwrap()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
