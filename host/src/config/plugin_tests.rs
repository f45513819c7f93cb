//! `[plugin_host]` and `[plugins.<name>]`: text in, values or problems out.

use serde_json::json;

use super::{tests::World, *};
use crate::model::{ByteSize, Grants, OnError, Period, PluginLimits};

fn section(text: &str) -> PluginSection {
    let mut config = World::with(text).config();
    assert_eq!(config.plugins.len(), 1, "{text}");
    config.plugins.pop_first().unwrap().1
}

#[test]
fn plugins_are_read_whole() {
    let plugin = section(
        r#"[plugins.shouting]
file = "keywords.wasm"
settings = { words = ["SALE"], depth = 2 }
on_error = "keep"
[plugins.shouting.grants]
http = ["api.example.com", { host = "*.example.org:8443", methods = ["GET"], max_bytes = "1MiB", private = true }]
run = ["yt-dlp"]
kv = "1MiB"
scratch = "100MiB"
[plugins.shouting.limits]
deadline = "2s"
memory = "32MiB"
log_lines_per_minute = 50
log_bytes_per_minute = "64KiB"
resources = 400
export_bytes = "2GiB"
export_files = 500
"#,
    );
    assert_eq!(plugin.file.as_deref(), Some("keywords.wasm".as_ref()), "a name is looked for in the folders");
    assert_eq!(json!(plugin.settings), json!({ "words": ["SALE"], "depth": 2 }));
    assert_eq!(plugin.on_error, OnError::Keep);
    let granted: Vec<String> = plugin.grants.lines().iter().map(ToString::to_string).collect();
    assert_eq!(
        granted,
        [
            "http=api.example.com",
            "http=*.example.org:8443,methods=GET,max_bytes=1MiB,private",
            "run=yt-dlp",
            "kv=1MiB",
            "scratch=100MiB"
        ]
    );
    let limits = plugin.limits.over(PluginLimits::default());
    assert_eq!((limits.deadline, limits.memory_bytes), (Period::from_secs(2), 32 << 20));
    assert_eq!(
        (limits.log_lines_per_minute, limits.log_bytes_per_minute, limits.resources),
        (50, 65_536, 400)
    );
    assert_eq!((limits.export_bytes, limits.export_files), (2 << 30, 500));
    assert_eq!(limits.host_calls, PluginLimits::default().host_calls);
}

#[test]
fn nothing_is_granted_by_default() {
    let plugin = section("[plugins.a]\n");
    assert_eq!((plugin.grants, plugin.on_error), (Grants::default(), OnError::FailRun));
    assert!(plugin.enabled);
}

#[test]
fn paths_count_from_the_file() {
    let world = World::with("[plugins.a]\nfile = \"mine/a.wasm\"\n[plugin_host]\nfolder = \"wasm\"\n");
    let config = world.config();
    let plugin = config.plugins.values().next().unwrap();
    assert_eq!(plugin.file.as_deref(), Some(world.path("mine/a.wasm").as_path()));
    assert_eq!(config.plugin_host.folder.as_deref(), Some(world.path("wasm").as_path()));
}

#[test]
fn secrets_of_plugins_are_masked() {
    let world = World::with(
        "[plugins.a.settings]\nname = \"me\"\nkeys = [{ env = \"API_KEY\" }]\nenv = { env = \"no\", other = 1 }\n",
    )
    .variable("API_KEY", "hidden");
    let loaded = world.load();
    let config = loaded.config.as_ref().unwrap();
    let plugin = config.plugins.values().next().unwrap();
    let own = json!({ "env": { "env": "no", "other": 1 }, "keys": ["hidden"], "name": "me" });
    assert_eq!(json!(plugin.settings), own, "a table with more in it is no reference");
    assert_eq!(plugin.shown_settings["keys"], json!(["•••"]));
    assert!(config.private_variables.contains("API_KEY"));
    assert!(!format!("{loaded:?}").contains("hidden"));
}

#[test]
fn plugin_mistakes_are_listed_at_once() {
    let said = World::with(
        r#"[plugin_host]
folder = 3
max_file = 64
[plugin_host.limits]
deadline = "1ms"
memory = "1KiB"
[plugin_host.breaker]
failures = 0
rest = "2h"
[plugins."My Filter"]
fil = "x.wasm"
on_error = "ignore"
[plugins.a]
file = "a.so"
[plugins.a.grants]
http = ["https://api.example.com/v1", "api.example.com/v1", "*", { host = "b.example.com", methods = ["get"], privat = true }]
run = ["/usr/bin/yt-dlp", "yt-dlp -x", "ffmpeg", "ffmpeg"]
kv = "1 parsec"
scratch = "0B"
[plugins.a.limits]
resources = 3
export_bytes = "1B"
export_files = 0
"#,
    )
    .problems();
    insta::assert_snapshot!(said, @r#"
    config.toml:2:10: error: plugin_host.folder: a text in quotes belongs here, not an integer. Replace it by a text in quotes.
    config.toml:3:12: error: plugin_host.max_file: a text in quotes belongs here, not an integer. Write a unit too, in quotes, such as "64KiB" or "64MiB".
    config.toml:5:12: error: plugin_host.limits.deadline: no call could end in that time. Write at least "50ms": time is measured in steps of 10 ms.
    config.toml:6:10: error: plugin_host.limits.memory: nothing could be done with so little. Write at least "64KiB".
    config.toml:8:12: error: plugin_host.breaker.failures: 0 is out of range. Write a number between 1 and 1000.
    config.toml:9:8: error: plugin_host.breaker.rest: the first rest, 2h, is longer than the longest, 1h. Lower `rest`, or raise `longest_rest`.
    config.toml:10:10: error: plugins."My Filter": `My Filter` is not a plugin name. Use 1 to 64 lower-case letters, digits, `-` and `_`, starting with a letter or a digit, such as "my-filter".
    config.toml:11:1: error: plugins."My Filter".fil: unknown key. Did you mean `file`?
    config.toml:12:12: error: plugins."My Filter".on_error: `ignore` is not known here. Known here: `keep`, `drop` and `fail-run`.
    config.toml:14:8: error: plugins.a.file: a plugin is a file whose name ends with `.wasm`. Name a WebAssembly component.
    config.toml:16:9: error: plugins.a.grants.http[0]: `https://api.example.com/v1` names no servers: paths, users and queries cannot be part of it. Write it as `api.example.com`, `*.example.com`, `example.com:8443` or `http://example.com`.
    config.toml:16:39: error: plugins.a.grants.http[1]: `api.example.com/v1` names no servers: paths, users and queries cannot be part of it. Write it as `api.example.com`, `*.example.com`, `example.com:8443` or `http://example.com`.
    config.toml:16:103: error: plugins.a.grants.http[3].methods[0]: `get` is not known here. Did you mean `GET`?
    config.toml:16:111: error: plugins.a.grants.http[3].privat: unknown key. Did you mean `private`?
    config.toml:17:8: error: plugins.a.grants.run[0]: `/usr/bin/yt-dlp` is not the name of a program. Write it as you would type it, such as `yt-dlp`, without a path and arguments.
    config.toml:17:27: error: plugins.a.grants.run[1]: `yt-dlp -x` is not the name of a program. Write it as you would type it, such as `yt-dlp`, without a path and arguments.
    config.toml:17:50: error: plugins.a.grants.run[3]: `ffmpeg` is granted twice. Keep one of the two.
    config.toml:18:6: error: plugins.a.grants.kv: `1 parsec` is not a size. Write a whole number with a unit (B, KiB, MiB, GiB, kB, MB, GB), such as "512KiB" or "1MiB".
    config.toml:19:11: warning: plugins.a.grants.scratch: nothing fits into that. Leave `scratch` out to grant nothing.
    config.toml:21:13: error: plugins.a.limits.resources: 3 is out of range. Write a number between 16 and 10000000.
    config.toml:22:16: error: plugins.a.limits.export_bytes: nothing could be done with so little. Write at least "1KiB".
    config.toml:23:16: error: plugins.a.limits.export_files: 0 is out of range. Write a number between 1 and 1000000000.
    "#);
}

#[test]
fn files_may_be_large_enough_for_a_plugin() {
    for (size, is_fine) in [("0B", false), ("1023B", false), ("1KiB", true)] {
        let loaded = World::with(format!("[plugin_host]\nmax_file = \"{size}\"\n")).load();
        assert_eq!(loaded.problems.is_empty(), is_fine, "{size}: {:?}", loaded.problems);
        assert!(is_fine || loaded.problems[0].key.as_deref() == Some("plugin_host.max_file"));
    }
}

#[test]
fn compiling_may_take_some_time() {
    for (time, is_fine) in [("0s", false), ("999ms", false), ("1s", true), ("1h", true)] {
        let loaded = World::with(format!("[plugin_host]\ncompile_deadline = \"{time}\"\n")).load();
        assert_eq!(loaded.problems.is_empty(), is_fine, "{time}: {:?}", loaded.problems);
        assert!(is_fine || loaded.problems[0].key.as_deref() == Some("plugin_host.compile_deadline"));
    }
    assert_eq!(World::with("").config().plugin_host.compile_deadline, Period::from_secs(300));
}

#[test]
fn compiling_may_take_some_memory() {
    for (size, is_fine) in [("0B", false), ("63MiB", false), ("64MiB", true), ("8GiB", true)] {
        let loaded = World::with(format!("[plugin_host]\ncompile_memory = \"{size}\"\n")).load();
        assert_eq!(loaded.problems.is_empty(), is_fine, "{size}: {:?}", loaded.problems);
        assert!(is_fine || loaded.problems[0].key.as_deref() == Some("plugin_host.compile_memory"));
    }
    assert_eq!(World::with("").config().plugin_host.compile_memory, ByteSize::from_mib(2048));
}

#[test]
fn variables_reach_plugins() {
    let config = World::with("[plugins.my-filter]\n")
        .variable("TAPEDECK__PLUGINS__MY_FILTER__SETTINGS__WORDS", "[\"a\"]")
        .variable("TAPEDECK__PLUGINS__MY_FILTER__GRANTS__KV", "2MiB")
        .variable("TAPEDECK__PLUGIN_HOST__BUNDLED", "false")
        .config();
    let plugin = &config.plugins["my-filter"];
    assert_eq!(plugin.settings["words"], json!(["a"]));
    assert_eq!(plugin.grants.kv, Some(ByteSize::from_mib(2)));
    assert!(!config.plugin_host.bundled);
}

#[test]
fn problems_of_files_have_a_line() {
    let world = World::with("[plugins.a]\nenabled = true\n\n[plugins.a.settings]\nwords = 3\n");
    let mut loaded = world.load();
    let name = "a".parse().unwrap();
    loaded.note_plugin(&name, "settings.words[0]", Severity::Warning, "no list", None);
    assert!(loaded.config.is_some(), "a warning takes nothing back");
    loaded.note_plugin(&name, "grants.http", Severity::Error, "it does not ask", Some("Remove it.".into()));
    let said: Vec<_> =
        loaded.problems.iter().map(|problem| (problem.line, problem.key.clone().unwrap())).collect();
    assert_eq!(
        said,
        [(Some(5), "plugins.a.settings.words[0]".into()), (Some(2), "plugins.a.grants.http".into())]
    );
    assert!(loaded.config.is_none());
}
