//! The configuration as a whole: text and variables in, values or problems out.

use std::{fs, path::PathBuf};

use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::*;
use crate::model::{Missed, Period};

/// What a kind of job looks like to the configuration.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Call {
    /// Where to.
    #[schemars(extend("format" = "uri"))]
    url: String,
    #[serde(default)]
    method: Method,
    #[schemars(extend("format" = "secret"))]
    token: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, Secret>,
    #[serde(default)]
    arguments: Vec<String>,
    #[schemars(range(min = 1, max = 10))]
    size: Option<u32>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Secret(#[schemars(extend("format" = "secret"))] String);

#[derive(JsonSchema, Default)]
#[serde(rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "only its schema is used")]
enum Method {
    #[default]
    Get,
    Post,
}

pub(super) fn vocabulary() -> Vocabulary {
    let check_cron = |text: &str| match text.split_whitespace().count() {
        1 | 5 | 6 => Ok(()),
        count => Err(format!("`{text}` has {count} fields")),
    };
    Vocabulary { kinds: vec![("call", schemars::schema_for!(Call))], check_cron }
}

/// A folder with a `config.toml`, and an environment.
pub(super) struct World {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl World {
    pub(super) fn with(text: impl AsRef<[u8]>) -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap(), environment: Vec::new() };
        world.file("config.toml", text);
        world
    }

    fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn load(&self) -> Loaded {
        let environment = self.environment.iter().map(|(name, value)| (name, value)).collect();
        load(&Sources::new(Some(self.path("config.toml")), environment), &vocabulary())
    }

    fn config(&self) -> Config {
        let loaded = self.load();
        loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.problems))
    }

    /// The problems as people see them.
    fn problems(&self) -> String {
        let lines: Vec<String> = self.load().problems.iter().map(ToString::to_string).collect();
        lines.join("\n").replace(&format!("{}/", self.folder.path().display()), "")
    }

    fn source_of(&self, key: &str) -> String {
        let loaded = self.load();
        let value = loaded.values.iter().find(|value| value.key == key).expect("the key has a value");
        let source = value.source.to_string().replace(&format!("{}/", self.folder.path().display()), "");
        format!("{} from {source}", value.value)
    }
}

fn job(lines: &str) -> String {
    format!("[jobs.a]\nkind = \"call\"\nurl = \"https://example.com/\"\n{lines}\n")
}

#[test]
fn empty_file_means_defaults() {
    for text in ["", "\u{feff}", "\n# nothing\n"] {
        let config = World::with(text).config();
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8484");
        assert_eq!(config.scheduler.max_running, 64);
        assert!(config.jobs.is_empty());
    }
}

#[test]
fn reads_jobs_with_policy_and_settings() {
    let text = job("missed = \"all\"\ntimeout = \"1h 30m\"\nretry = { times = 3 }\nsize = 3");
    let config = World::with(text).config();
    let job = &config.jobs["a"];
    assert_eq!(job.kind, "call");
    assert_eq!(job.policy.missed, Missed::All);
    assert_eq!(job.policy.timeout, Some(Period::from_secs(5400)));
    assert_eq!(job.policy.retry.times, 3);
    assert_eq!(job.settings, json!({ "size": 3, "url": "https://example.com/" }));
}

#[test]
fn relative_data_folder_counts_from_the_file() {
    let world = World::with("data.folder = \"here\"");
    assert_eq!(world.config().data.folder, world.path("here"));
    assert_eq!(World::with("data.folder = \"/there\"").config().data.folder, PathBuf::from("/there"));
}

#[test]
fn missing_file_is_fine_unless_named() {
    let world = World::empty();
    insta::assert_snapshot!(world.problems(), @"config.toml: error: there is no such file. `tapedeck init` writes one to start from.");
    let sources = Sources {
        is_file_required: false,
        ..Sources::new(Some(world.path("x.toml")), Environment::default())
    };
    let loaded = load(&sources, &vocabulary());
    assert!(loaded.config.is_some() && !loaded.has_file);
}

#[test]
fn upper_layers_win() {
    let world = World::with("[log]\nlevel = \"warn\"").variable("LOG_LEVEL", "DEBUG");
    assert_eq!(world.source_of("log.level"), r#""warn" from config.toml:2"#);
    let world = world.variable("TAPEDECK__LOG__LEVEL", "error");
    assert_eq!(world.source_of("log.level"), r#""error" from variable TAPEDECK__LOG__LEVEL"#);
    let world = World::with("").variable("LOG_LEVEL", "WARNING");
    assert_eq!(world.source_of("log.level"), r#""warn" from variable LOG_LEVEL"#);
    assert_eq!(world.source_of("log.format"), r#""text" from default"#);
}

#[test]
fn resolves_secrets_and_shows_none() {
    let text = job("token_file = \"token\"\nheaders = { A = \"literal-secret\", B = { env = \"B_TOKEN\" } }");
    let world = World::with(format!("auth.username = \"me\"\nauth.password = \"literal-secret\"\n{text}"))
        .variable("B_TOKEN", "variable-secret");
    world.file("token", "file-secret\n");
    let loaded = world.load();
    let config = loaded.config.as_ref().unwrap();
    assert_eq!(config.auth.password.as_ref().unwrap().expose_secret(), "literal-secret");
    let settings = &config.jobs["a"].settings;
    assert_eq!(settings["token"], "file-secret");
    assert_eq!(settings["headers"], json!({ "A": "literal-secret", "B": "variable-secret" }));
    let shown = format!("{loaded:?}{}", serde_json::to_string(&loaded.values).unwrap());
    assert!(shown.contains("•••") && !shown.contains("-secret"), "{shown}");
}
