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

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn load(&self) -> Loaded {
        self.load_with(&vocabulary())
    }

    pub(super) fn load_with(&self, vocabulary: &Vocabulary) -> Loaded {
        let environment = self.environment.iter().map(|(name, value)| (name, value)).collect();
        load(&Sources::new(Some(self.path("config.toml")), environment), vocabulary)
    }

    pub(super) fn config(&self) -> Config {
        let loaded = self.load();
        loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.problems))
    }

    /// The problems as people see them.
    pub(super) fn problems(&self) -> String {
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

#[test]
fn reports_twelve_mistakes_at_once() {
    let world = World::with(
        r#"[server]
listn = "127.0.0.1:80"
trusted_proxies = "10.0.0.1"

[scheduler]
timezone = "Europe/Madird"
max_running = 0

[log]
level = "verbose"
format = "jsno"

[jobs.a]
kind = "call"
url = "ftp://example.com"
crn = "* * * * *"
every = "0s"
timeout = 30
after = ["bb"]

[jobs.b]
kind = "cal"

[jobs."C D"]
kind = "call"
url = "https://example.com"
cron = "* * *"
"#,
    );
    insta::assert_snapshot!(world.problems(), @r#"
    config.toml:2:1: error: server.listn: unknown key. Did you mean `listen`?
    config.toml:3:19: error: server.trusted_proxies: a list of texts belongs here, not a text. Write it in brackets: ["10.0.0.1"].
    config.toml:6:12: error: scheduler.timezone: `Europe/Madird` is not a time zone. Did you mean `Europe/Madrid`?
    config.toml:7:15: error: scheduler.max_running: 0 is out of range. Write a number between 1 and 4294967295.
    config.toml:10:9: error: log.level: `verbose` is not a log filter. Write a level (error, warn, info, debug, trace), or "info,tapedeck::scheduler=debug".
    config.toml:11:10: error: log.format: `jsno` is not known here. Did you mean `json`?
    config.toml:15:7: error: jobs.a.url: the address is neither http nor https. Write a whole address, such as "https://example.com/path".
    config.toml:16:1: error: jobs.a.crn: unknown key. Did you mean `cron`?
    config.toml:17:9: error: jobs.a.every: the interval is shorter than a second. Write at least "1s".
    config.toml:18:11: error: jobs.a.timeout: a text in quotes belongs here, not an integer. Write a unit too, in quotes, such as "30s" or "30m".
    config.toml:19:10: error: jobs.a.after: there is no job `bb`. Did you mean `b`?
    config.toml:22:8: error: jobs.b.kind: `cal` is not known here. Did you mean `call`?
    config.toml:24:7: error: jobs."C D": `C D` is not a job name. Use 1 to 64 lower-case letters, digits, `-` and `_`, starting with a letter or a digit, such as "c-d".
    config.toml:27:8: error: jobs."C D".cron: `* * *` has 3 fields. Write, for example, "0 */6 * * *" or "@daily".
    "#);
}

#[test]
fn explains_every_syntax_error() {
    insta::assert_snapshot!(World::with("level = info\n[log\nx = [1,\n[server]\nlisten = \"a\nb = 'c\nc\nd = { a = 1\n").problems(), @r#"
    config.toml:1:9: error: this is not TOML: the value is neither a number, a date, `true`, `false` nor a text in quotes. Put a text in quotes: "…".
    config.toml:2:5: error: this is not TOML: unclosed table, expected `]`. Write a table's name as `[name]` on a line of its own.
    config.toml:4:2: error: this is not TOML: the value is neither a number, a date, `true`, `false` nor a text in quotes. Put a text in quotes: "…".
    config.toml:5:1: error: this is not TOML: missing comma between array elements, expected `,`. Separate the entries by commas, and close the list with `]`.
    "#);
    insta::assert_snapshot!(World::with("[log]\nlevel = \"info\"\nlevel = \"warn\"\n[log]\n").problems(), @"config.toml:3:1: error: this is not TOML: duplicate key. Keep one of the two.");
    insta::assert_snapshot!(World::with("[data]\nfolder = \"C:\\Users\"\n[log]\nlevel = 'a\nformat = \"b\n").problems(), @r#"
    config.toml:2:15: error: this is not TOML: too few unicode value digits, expected unicode hexadecimal value. A backslash in double quotes is written `\\`; in single quotes it stands for itself.
    config.toml:4:11: error: this is not TOML: invalid literal string, expected `'`. Close the text with `'` on the same line.
    config.toml:5:12: error: this is not TOML: invalid basic string, expected `"`. Close the text with `"` on the same line; a backslash is written `\\`.
    "#);
    insta::assert_snapshot!(World::with("a\0b = 1").problems(), @"config.toml:1:2: error: this is not TOML: invalid unquoted key, expected letters, numbers, `-`, `_`. Write settings as `key = value`, texts in quotes, sections as `[name]`.");
    insta::assert_snapshot!(World::with(format!("a = {}", "[".repeat(100_000))).problems(), @"config.toml:1:85: error: this is not TOML: cannot recurse further; max recursion depth met. Nest less deeply.");
    insta::assert_snapshot!(World::with(format!("[{}a]", "a.".repeat(100_000))).problems(), @"config.toml:1:200004: error: this is not TOML: recursion limit. Nest less deeply.");
    insta::assert_snapshot!(World::with(format!("a = {}1", "{a=".repeat(50_000))).problems(), @"config.toml:1:245: error: this is not TOML: cannot recurse further; max recursion depth met. Nest less deeply.");
    insta::assert_snapshot!(World::with(format!("{}a = 1", "a.".repeat(100_000))).problems(), @"config.toml:1:200006: error: this is not TOML: recursion limit. Nest less deeply.");
}

#[test]
fn explains_unreadable_files() {
    insta::assert_snapshot!(World::with(b"[log]\nlevel = \"\xff\"").problems(), @"config.toml:2:10: error: this is not UTF-8 text. Save the file as UTF-8.");
    insta::assert_snapshot!(World::with(b"\xff\xfe[\0l\0").problems(), @"config.toml: error: this is not UTF-8 text. It is UTF-16: save it as UTF-8.");
    insta::assert_snapshot!(World::with(vec![b'#'; (4 << 20) + 1]).problems(), @"config.toml: error: this is larger than 4 MiB. A configuration is a short text: is this the right file?");
    let world = World::empty();
    fs::create_dir(world.path("config.toml")).unwrap();
    insta::assert_snapshot!(world.problems().replace(&world.path("").display().to_string(), ""), @"config.toml: error: this is a folder, not a file. Name the file in it, such as `config.toml/config.toml`.");
}

#[test]
fn explains_secrets_that_cannot_be_had() {
    let world = World::with("auth.username = \"me\"\nauth.password = { env = \"NOWHERE\" }");
    insta::assert_snapshot!(world.problems(), @"config.toml:2:17: error: auth.password: the environment variable `NOWHERE` is not set. Set NOWHERE.");
    let world = World::with("auth.username = \"me\"\nauth.password_file = \"nowhere\"");
    insta::assert_snapshot!(world.problems(), @"config.toml:2:22: error: auth.password_file: the file nowhere cannot be read: No such file or directory (os error 2). Correct the path or the file's permissions.");
    let world =
        World::with("auth.username = \"me\"\nauth.password = \"a\"\nauth.password_file = \"nowhere\"");
    insta::assert_snapshot!(world.problems(), @"config.toml:3:6: error: auth.password_file: `password` and `password_file` are both given. Keep one of the two.");
    let world = World::with("auth.username = \"me\"\nauth.password = { enf = \"X\" }");
    insta::assert_snapshot!(world.problems(), @r#"
    config.toml:2:17: error: auth.password: this does not say where the secret is. Write `{ env = "NAME" }`, or `{ file = "path" }`, or the text itself.
    config.toml:2:19: error: auth.password.enf: unknown key. Did you mean `env`?
    "#);
    let world = World::with("auth.username = \"me\"\nauth.password = 1234");
    insta::assert_snapshot!(world.problems(), @"config.toml:2:17: error: auth.password: a text in quotes belongs here, not an integer. Replace it by a text in quotes.");
    let world =
        World::with("auth.username = \"me\"\nauth.password = { env = \"EMPTY\" }").variable("EMPTY", "");
    insta::assert_snapshot!(world.problems(), @"config.toml:2:17: error: auth.password: the environment variable `EMPTY` is empty. Set EMPTY.");
    insta::assert_snapshot!(World::with("auth.username = \"me\"").problems(), @"config.toml:1:6: error: auth.username: `username` is given without `password`. Add `password`, or remove both and use `tapedeck user add`.");
    insta::assert_snapshot!(World::with("").variable("VIEWER_PASSWORD", "long enough").problems(), @"VIEWER_PASSWORD: error: auth.password: `password` is given without `username`. Add `username`, or remove both and use `tapedeck user add`.");
}

#[test]
fn explains_jobs_that_wait_for_each_other() {
    let call = "kind = \"call\"\nurl = \"https://example.com/\"\n";
    let text = format!(
        "[jobs.a]\n{call}after = [\"c\"]\n[jobs.b]\n{call}after = [\"a\"]\n[jobs.c]\n{call}after = [\"b\"]\n\
         [jobs.d]\n{call}after = [\"d\"]\non_failure = [\"e\"]\n[jobs.e]\n{call}on_failure = [\"d\", \"off\"]\n\
         [jobs.off]\n{call}enabled = false\n"
    );
    insta::assert_snapshot!(World::with(text).problems(), @r"
    config.toml:4:10: error: jobs.a.after: jobs start each other in a circle: a -> b -> c -> a. Remove one of these `after` or `on_failure` entries.
    config.toml:16:10: error: jobs.d.after: the job waits for itself. Remove it: `every` or `cron` repeat a job.
    config.toml:17:15: error: jobs.d.on_failure: jobs start each other in a circle: d -> e -> d. Remove one of these `after` or `on_failure` entries.
    config.toml:21:20: warning: jobs.e.on_failure: `off` is disabled and never runs. Set `enabled = true` in [jobs.off], or remove this.
    ");
}

#[test]
fn warns_about_keys_without_effect() {
    let text = job(
        "timezone = \"UTC\"\nmissed = \"all\"\nmissed_limit = 3\nqueue_limit = 3\nretry = { first_delay = \"1h\" }",
    );
    insta::assert_snapshot!(World::with(text).problems(), @r#"
    config.toml:4:1: warning: jobs.a.timezone: it has no effect without `cron`. Remove it, or add `cron`.
    config.toml:5:1: warning: jobs.a.missed: it has no effect without `cron` or `every`. Remove it.
    config.toml:6:1: warning: jobs.a.missed_limit: it has no effect without `cron` or `every`. Remove it.
    config.toml:7:1: warning: jobs.a.queue_limit: it has no effect without `overlap = "queue"`. Remove it, or add that.
    config.toml:8:1: warning: jobs.a.retry: `first_delay` is longer than `max_delay`, which wins. Raise `max_delay`, or lower `first_delay`.
    config.toml:8:1: warning: jobs.a.retry: the pauses have no effect without `times`. Add `times = 3`, for example.
    "#);
    let text =
        job("every = \"1m\"\njitter = \"2m\"\nmissed_window = \"0s\"\nmissed_limit = 0\ntimeout = \"0s\"\n");
    insta::assert_snapshot!(World::with(text).problems(), @r#"
    config.toml:5:1: warning: jobs.a.jitter: the delay can be longer than the interval `every`. Choose a shorter one.
    config.toml:6:1: warning: jobs.a.missed_window: missed fires are only recorded. Write `missed = "skip"` to say so.
    config.toml:7:1: warning: jobs.a.missed_limit: it has no effect without `missed = "all"`. Remove it, or add that.
    config.toml:8:11: error: jobs.a.timeout: no run could ever succeed. Leave it out when there is no limit.
    "#);
}

#[test]
fn explains_wrong_types_and_ranges() {
    let text = "size = 11\nmethod = \"get\"\narguments = \"one\"\nat_start = \"true\"\nqueue_limit = \"7\"\n\
                overlap = 3\nmissed_limit = -1\ndescription = 2026-01-01\nevery = \"10\"\nping = \"https://example.com\"\n\
                jitter = 1.5\nheaders = { A = 1, B = { env = 1 } }\non = [\"Track Started\", 3]\n";
    insta::assert_snapshot!(World::with(job(text)).problems(), @r#"
    config.toml:4:8: error: jobs.a.size: 11 is out of range. Write a number between 1 and 10.
    config.toml:5:10: error: jobs.a.method: `get` is not known here. Did you mean `GET`?
    config.toml:6:13: error: jobs.a.arguments: a list of texts belongs here, not a text. Write it in brackets: ["one"].
    config.toml:7:12: error: jobs.a.at_start: `true` or `false` belongs here, not a text. Write true without quotes.
    config.toml:8:15: error: jobs.a.queue_limit: an integer belongs here, not a text. Write 7 without quotes.
    config.toml:9:11: error: jobs.a.overlap: a text in quotes belongs here, not an integer. Replace it by a text in quotes.
    config.toml:10:16: error: jobs.a.missed_limit: -1 is out of range. Write a number between 0 and 4294967295.
    config.toml:11:15: error: jobs.a.description: a text in quotes belongs here, not a date. Replace it by a text in quotes.
    config.toml:12:9: error: jobs.a.every: `10` is not a length of time. Add a unit, such as "10s" or "10m".
    config.toml:13:8: error: jobs.a.ping: a table belongs here, not a text. Replace it by a table.
    config.toml:14:10: error: jobs.a.jitter: a text in quotes belongs here, not a number with a fraction. Write a text in quotes, such as "90s".
    config.toml:15:17: error: jobs.a.headers.A: a text in quotes belongs here, not an integer. Replace it by a text in quotes.
    config.toml:15:24: error: jobs.a.headers.B: this does not say where the secret is. Write `{ env = "NAME" }`, or `{ file = "path" }`, or the text itself.
    config.toml:15:32: error: jobs.a.headers.B.env: a text in quotes belongs here, not an integer. Replace it by a text in quotes.
    config.toml:16:7: error: jobs.a.on[0]: `Track Started` is not an event name. Use 1 to 64 lower-case letters, digits, `-` and `_`, starting with a letter or a digit, such as "track-started".
    config.toml:16:24: error: jobs.a.on[1]: a text in quotes belongs here, not an integer. Write a text in quotes, such as "track-started".
    "#);
    insta::assert_snapshot!(World::with("[jobs.a]\nkind = \"call\"\n[jobs.b]\n[jobs.c]\nkind = 3\n").problems(), @r#"
    config.toml:1:7: error: jobs.a: `url` is missing. Add `url = "https://example.com/"`, for example.
    config.toml:3:7: error: jobs.b: `kind` is missing. Add `kind = …`. Only `call` is known here.
    config.toml:5:8: error: jobs.c.kind: a text in quotes belongs here, not an integer. Replace it by a text in quotes.
    "#);
    insta::assert_snapshot!(World::with("jobs = 3\nserver = []\n[[log]]\nx = 1\n").problems(), @r"
    config.toml:1:8: error: jobs: a table belongs here, not an integer. Replace it by a table.
    config.toml:2:10: error: server: a table belongs here, not a list. Replace it by a table.
    config.toml:3:1: error: log: a table belongs here, not a list. Replace it by a table.
    ");
    let text = "[server]\nlisten = \"localhost:8484\"\npublic_url = \"example.com\"\ntrusted_proxies = [\"10.0.0.0/8\"]\n\
                [auth]\nsession_lifetime = \"1s\"\n[scheduler]\ntimezone = \"Madrid\"\n";
    insta::assert_snapshot!(World::with(text).problems(), @r#"
    config.toml:2:10: error: server.listen: `localhost:8484` is not an address with a port. Did you mean "127.0.0.1:8484"?
    config.toml:3:14: error: server.public_url: this is not an address: relative URL without a base. Write a whole address, such as "https://example.com/path".
    config.toml:4:20: error: server.trusted_proxies[0]: `10.0.0.0/8` is not an IP address. Write one address, such as "10.0.0.2" or "::1": neither a name nor a range.
    config.toml:6:20: error: auth.session_lifetime: sessions would end while people use them. Write at least "1m".
    config.toml:8:12: error: scheduler.timezone: `Madrid` is not a time zone. Did you mean `Europe/Madrid`?
    "#);
}

#[test]
fn variables_find_their_way_by_the_schema() {
    let world = World::with(job("").replace("jobs.a", "jobs.nightly-call"))
        .variable("TAPEDECK__JOBS__NIGHTLY_CALL__SIZE", "4")
        .variable("TAPEDECK__JOBS__NIGHTLY_CALL__AT_START", "true")
        .variable("TAPEDECK__JOBS__NIGHTLY_CALL__RETRY__TIMES", "2")
        .variable("TAPEDECK__JOBS__NIGHTLY_CALL__DESCRIPTION", "42")
        .variable("TAPEDECK__JOBS__NIGHTLY_CALL__ON", "[\"played\"]")
        .variable("TAPEDECK__JOBS__NIGHTLY_CALL__TOKEN__ENV", "TOKEN")
        .variable("TAPEDECK__JOBS__NIGHTLY_CALL__HEADERS__X-Id", "7")
        .variable("TAPEDECK__JOBS__NEW_ONE__URL", "https://example.com/new")
        .variable("TAPEDECK__JOBS__NEW_ONE__KIND", "call")
        .variable("tapedeck__server__listen", "[::1]:1")
        .variable("TAPEDECK__AUTH__USERNAME", "me")
        .variable("TAPEDECK__AUTH__PASSWORD_FILE", "password")
        .variable("TOKEN", "the token");
    world.file("password", "12345678");
    let config = world.config();
    let job = &config.jobs["nightly-call"];
    assert_eq!(job.settings["size"], 4);
    assert_eq!(job.settings["token"], "the token");
    assert_eq!(job.settings["headers"]["X-Id"], "7");
    assert!(job.policy.at_start && job.policy.retry.times == 2 && job.policy.on.len() == 1);
    assert_eq!(job.policy.description.as_deref(), Some("42"));
    assert_eq!(config.jobs["new_one"].settings["url"], "https://example.com/new");
    assert_eq!(config.server.listen.to_string(), "[::1]:1");
    assert_eq!(config.auth.password.unwrap().expose_secret(), "12345678");
}

#[test]
fn explains_wrong_variables() {
    let world = World::with("")
        .variable("TAPEDECK__SERVR__LISTEN", "127.0.0.1:1")
        .variable("TAPEDECK__SERVER__LISTN", "127.0.0.1:1")
        .variable("TAPEDECK__SERVER", "3")
        .variable("TAPEDECK__", "3")
        .variable("TAPEDECK__SCHEDULER__MAX_RUNNING", "many")
        .variable("TAPEDECK__LOG__LEVEL__DEEPER", "info")
        .variable("TAPEDECK__JOBS__X__CRON", "* * * * *")
        .variable("LOG_LEVEL", "LOUD")
        .variable("AUTH_SESSION_DAYS", "0")
        .variable("TELEGRAM_API_ID", "later");
    insta::assert_snapshot!(world.problems(), @r"
    AUTH_SESSION_DAYS: warning: auth.session_lifetime: this variable is not used: it is not a number of days between 1 and 3650. Correct or unset AUTH_SESSION_DAYS, or set `auth.session_lifetime` in the file.
    LOG_LEVEL: warning: log.level: this variable is not used: it is none of DEBUG, INFO, WARNING and ERROR. Correct or unset LOG_LEVEL, or set `log.level` in the file.
    TAPEDECK__: error: a part of the variable's name is missing. Write the whole key, such as TAPEDECK__SERVER__LISTEN.
    TAPEDECK__JOBS__X__CRON: error: jobs.x: `kind` is missing. Add `kind = …`. Only `call` is known here.
    TAPEDECK__LOG__LEVEL__DEEPER: error: log.level.deeper: `log.level` has no keys of its own. Remove `__DEEPER` from the variable's name.
    TAPEDECK__SCHEDULER__MAX_RUNNING: error: scheduler.max_running: an integer belongs here, not a text. Replace it by an integer.
    TAPEDECK__SERVER: error: server: a table belongs here, not a text. Replace it by a table.
    TAPEDECK__SERVER__LISTN: error: server.listn: unknown key. Did you mean `listen`?
    TAPEDECK__SERVR__LISTEN: error: servr: unknown key. Did you mean `server`?
    TELEGRAM_API_ID: warning: telegram.api_id: this variable is not used: it is not the number of an application. Correct or unset TELEGRAM_API_ID, or set `telegram.api_id` in the file.
    ");
}

#[test]
fn upper_layer_of_a_secret_wins() {
    let world = World::with("auth.username = \"me\"\nauth.password_file = \"password\"")
        .variable("VIEWER_PASSWORD", "x");
    world.file("password", "from the file");
    assert_eq!(world.config().auth.password.unwrap().expose_secret(), "from the file");
    let world = world.variable("TAPEDECK__AUTH__PASSWORD", "from above");
    assert_eq!(world.config().auth.password.unwrap().expose_secret(), "from above");
}

#[test]
fn names_what_needs_a_restart() {
    let old = World::with("data.folder = \"/a\"\nlog.level = \"info\"").config();
    let new = World::with("data.folder = \"/b\"\nlog.level = \"warn\"\nserver.listen = \"[::1]:1\"").config();
    assert_eq!(Config::restart_needed(&old, &new), ["data.folder", "server.listen"]);
    assert!(Config::restart_needed(&new, &new).is_empty());
    let [old, new] = ["/a", "/b"]
        .map(|cache| World::with(format!("data.folder = \"/a\"\nplugin_host.cache = \"{cache}\"")).config());
    assert_eq!(Config::restart_needed(&old, &new), ["plugin_host.cache"]);
    let [old, new, without] =
        ["telegram.passphrase = \"one\"", "telegram.passphrase = \"two\"", "telegram.key_file = \"/key\""]
            .map(|text| World::with(format!("data.folder = \"/a\"\n{text}")).config());
    assert_eq!(Config::restart_needed(&old, &new), ["telegram.passphrase"]);
    assert_eq!(Config::restart_needed(&old, &without), ["telegram.key_file", "telegram.passphrase"]);
    assert!(Config::restart_needed(&old, &old).is_empty());
}

#[test]
fn defaults_are_what_their_comments_say() {
    let schema = schema(&vocabulary());
    let mut checked: u32 = 0;
    let job = &schema["properties"]["jobs"]["additionalProperties"]["allOf"][0]["then"];
    let sections = schema["properties"]
        .as_object()
        .unwrap()
        .values()
        .filter(|section| section["properties"].is_object());
    for (key, property) in sections.chain([job]).flat_map(|table| table["properties"].as_object().unwrap()) {
        let description = property["description"].as_str().unwrap_or_default();
        let Some((_, said)) = description.rsplit_once("Default: ") else { continue };
        let said = said.trim_end_matches('.');
        let literal = said.starts_with(['"', 't', 'f', '0', '1', '5']);
        if let Some(default) = property.get("default").filter(|_| literal) {
            let said: serde_json::Value = serde_json::from_str(said).unwrap();
            let period =
                |value: &serde_json::Value| value.as_str().and_then(|text| text.parse::<Period>().ok());
            let is_same = *default == said || (period(default).is_some() && period(default) == period(&said));
            assert!(is_same, "{key}: the comment says {said}, the default is {default}");
            checked += 1;
        }
    }
    assert!(checked > 12, "only {checked} defaults are documented");
}

#[test]
fn schema_tells_editors_how_secrets_are_written() {
    let schema = schema(&vocabulary());
    let password = &schema["properties"]["auth"]["properties"]["password"]["anyOf"];
    assert_eq!(password[0]["type"], "string");
    assert_eq!(password[1]["required"], json!(["env"]));
    assert!(schema["properties"]["auth"]["properties"]["password_file"].is_object());
    let jobs = &schema["properties"]["jobs"]["additionalProperties"]["allOf"][0];
    assert_eq!(jobs["if"]["properties"]["kind"]["const"], "call");
    assert_eq!(jobs["then"]["required"], json!(["url", "kind"]));
    assert_eq!(jobs["then"]["additionalProperties"], false);
}

#[test]
fn configured_passwords_have_limits() {
    let with = |password: &str| World::with(format!("auth.username = \"me\"\nauth.password = {password}"));
    insta::assert_snapshot!(with("\"\"").problems(), @"config.toml:2:17: error: auth.password: the password is empty. Use at least 8 characters.");
    insta::assert_snapshot!(with("\"seven77\"").problems(), @"config.toml:2:17: error: auth.password: the password is too short. Use at least 8 characters.");
    let long = format!("\"{}\"", "x".repeat(1025));
    insta::assert_snapshot!(with(&long).problems(), @"config.toml:2:17: error: auth.password: the password is too long. Use at most 1024 bytes.");
    let world = with("{ file = \"short\" }");
    world.file("short", "seven77\n");
    insta::assert_snapshot!(world.problems(), @"config.toml:2:17: error: auth.password: the password is too short. Use at least 8 characters.");
    let world = World::with("auth.username = \"me\"").variable("VIEWER_PASSWORD", "short");
    insta::assert_snapshot!(world.problems(), @"VIEWER_PASSWORD: error: auth.password: the password is too short. Use at least 8 characters.");
}

#[test]
fn secrets_come_from_regular_files_only() {
    let world = World::with("auth.username = \"me\"\nauth.password_file = \"pipe\"");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, world.path("pipe"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    insta::assert_snapshot!(world.problems(), @"config.toml:2:22: error: auth.password_file: the file pipe cannot be read: it is not a regular file. Correct the path or the file's permissions.");
}

#[test]
fn explains_telegram_settings() {
    let world = World::with(
        r#"
        [telegram]
        api_id = 12345
        key_file = "key"
        passphrase = "secret"
        proxy = "http://proxy:8080"
        pace = "slow"
        login_timeout = "3s"
        [telegram.accounts.Work]
        api_hash = "not a hash"
        phone = "call me"
        "#,
    );
    insta::assert_snapshot!(world.problems(), @r#"
    config.toml:3:9: error: telegram.api_id: `api_id` is given without `api_hash`. Add `api_hash`. Both stand on https://my.telegram.org → API development tools, after logging in there with your phone number.
    config.toml:4:9: error: telegram.key_file: `key_file` and `passphrase` are both given. Keep the one that your sessions are sealed with.
    config.toml:6:17: error: telegram.proxy: the proxy is not a SOCKS5 one, and no other kind is supported. Write "socks5://host:port", or "socks5://user:password@host:port".
    config.toml:7:16: error: telegram.pace: `slow` is not known here. Known here: `gentle`, `normal` and `fast`.
    config.toml:8:25: error: telegram.login_timeout: nothing could be done in that time. Write at least "30s".
    config.toml:9:28: error: telegram.accounts.Work: `Work` is not an account name. Use 1 to 64 lower-case letters, digits, `-` and `_`, starting with a letter or a digit, such as "work".
    config.toml:10:9: error: telegram.accounts.Work.api_hash: `api_hash` is given without `api_id`. Add `api_id`. Both stand on https://my.telegram.org → API development tools, after logging in there with your phone number.
    config.toml:10:20: error: telegram.accounts.Work.api_hash: this is not an API hash. It has 32 digits and letters from a to f. Both stand on https://my.telegram.org → API development tools, after logging in there with your phone number.
    config.toml:11:17: error: telegram.accounts.Work.phone: this is not a phone number. Write it with its country code, such as "+34 600 123 456".
    "#);
    insta::assert_snapshot!(World::with("[telegram]\npassphrase = \"\"").problems(), @r#"config.toml:2:14: error: telegram.passphrase: an empty passphrase keeps nobody out. Write one, or remove the key."#);
    insta::assert_snapshot!(World::with("[telegram]\nkey_file = \"\"").problems(), @r#"config.toml:2:12: error: telegram.key_file: this is a folder, not a file. Name the file with the key."#);
    let world = World::with("[telegram.accounts.work]\npace = \"fast\"");
    insta::assert_snapshot!(world.problems(), @r"
    config.toml:1:20: warning: telegram.accounts.work: nobody can log in to it: `telegram.api_id` and `telegram.api_hash` are missing. Both stand on https://my.telegram.org → API development tools, after logging in there with your phone number.
    ");
}
