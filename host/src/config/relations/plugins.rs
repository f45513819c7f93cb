//! Rules of `[plugin_host]` and `[plugins.<name>]` that one value alone cannot break.

use std::{collections::BTreeSet, path::Path};

use crate::{
    config::{
        BreakerSection,
        node::{Node, Value, join},
        problem::{Problem, Problems},
    },
    model::{ByteSize, Period},
};

/// Less memory than this is less than an empty component needs.
const LEAST_MEMORY: ByteSize = ByteSize(64 << 10);
/// What comes with Tapedeck needs less to be compiled.
const LEAST_TO_COMPILE: ByteSize = ByteSize::from_mib(64);
/// Plugins that do next to nothing are a little larger.
const LEAST_FILE: ByteSize = ByteSize(1 << 10);

pub(super) fn check(tree: &Node, problems: &mut Problems) {
    if let Some(host) = tree.get("plugin_host") {
        bundled(host, problems);
        largest_file(host, problems);
        compile_deadline(host, problems);
        compile_memory(host, problems);
        if let Some(limits) = host.get("limits") {
            check_limits("plugin_host.limits", limits, problems);
        }
        if let Some(breaker) = host.get("breaker") {
            check_breaker(breaker, problems);
        }
    }
    for (name, plugin) in tree.get("plugins").and_then(Node::as_table).into_iter().flatten() {
        let path = join("plugins", name);
        file(&path, plugin, problems);
        if let Some(limits) = plugin.get("limits") {
            check_limits(&join(&path, "limits"), limits, problems);
        }
        if let Some(grants) = plugin.get("grants") {
            check_grants(&join(&path, "grants"), grants, problems);
        }
    }
}

fn bundled(host: &Node, problems: &mut Problems) {
    let is_off = matches!(host.get("bundled").map(|node| &node.value), Some(Value::Boolean(false)));
    if is_off && let Some(folder) = host.get("bundled_folder") {
        let message = "it has no effect with `bundled = false`";
        let problem =
            Problem::at_key(folder, "plugin_host.bundled_folder", message).fix("Remove one of the two.");
        problems.push(problem.into_warning());
    }
}

fn largest_file(host: &Node, problems: &mut Problems) {
    if let Some(node) = host.get("max_file")
        && size(node).is_some_and(|size| size < LEAST_FILE)
    {
        let fix = format!("Write at least \"{LEAST_FILE}\"; leave it out for 64MiB.");
        let message = "no plugin is as small as that";
        problems.push(Problem::at(node, "plugin_host.max_file", message).fix(fix));
    }
}

fn file(path: &str, plugin: &Node, problems: &mut Problems) {
    let Some(node) = plugin.get("file") else { return };
    let Some(name) = node.as_text() else { return };
    let path = join(path, "file");
    if name.is_empty() {
        problems.push(Problem::at(node, &path, "this is empty").fix("Remove it, or name a file."));
    } else if !name.ends_with(".wasm") {
        let message = "a plugin is a file whose name ends with `.wasm`";
        let fix = match Path::new(name).extension() {
            None => format!("Did you mean \"{name}.wasm\"?"),
            Some(_) => "Name a WebAssembly component.".to_owned(),
        };
        problems.push(Problem::at(node, &path, message).fix(fix));
    }
}

fn compile_deadline(host: &Node, problems: &mut Problems) {
    if let Some(node) = host.get("compile_deadline")
        && period(node).is_some_and(|period| period < Period::from_secs(1))
    {
        let fix = "Write at least \"1s\"; leave it out for 5m.";
        let message = "no plugin could be compiled in that time";
        problems.push(Problem::at(node, "plugin_host.compile_deadline", message).fix(fix));
    }
}

fn compile_memory(host: &Node, problems: &mut Problems) {
    if let Some(node) = host.get("compile_memory")
        && size(node).is_some_and(|size| size < LEAST_TO_COMPILE)
    {
        let message = "no plugin could be compiled in that memory";
        let fix = format!("Write at least \"{LEAST_TO_COMPILE}\"; leave it out for 2GiB.");
        problems.push(Problem::at(node, "plugin_host.compile_memory", message).fix(fix));
    }
}

fn check_limits(path: &str, limits: &Node, problems: &mut Problems) {
    for key in ["deadline", "fetch_deadline", "start_deadline"] {
        if let Some(node) = limits.get(key)
            && period(node).is_some_and(|period| period < Period(std::time::Duration::from_millis(50)))
        {
            let fix = "Write at least \"50ms\": time is measured in steps of 10 ms.";
            problems.push(Problem::at(node, &join(path, key), "no call could end in that time").fix(fix));
        }
    }
    for (key, least) in
        [("memory", LEAST_MEMORY), ("result", ByteSize(1 << 10)), ("export_bytes", ByteSize(1 << 10))]
    {
        if let Some(node) = limits.get(key)
            && size(node).is_some_and(|size| size < least)
        {
            let fix = format!("Write at least \"{least}\".");
            problems
                .push(Problem::at(node, &join(path, key), "nothing could be done with so little").fix(fix));
        }
    }
}

fn check_breaker(breaker: &Node, problems: &mut Problems) {
    let path = |key: &str| join("plugin_host.breaker", key);
    for key in ["window", "rest"] {
        if let Some(node) = breaker.get(key)
            && period(node).is_some_and(Period::is_zero)
        {
            let fix = "Write at least \"1s\".";
            problems.push(Problem::at(node, &path(key), "this is no time at all").fix(fix));
        }
    }
    let default = BreakerSection::default();
    let or = |key: &str, default: Period| match breaker.get(key) {
        Some(node) => period(node),
        None => Some(default),
    };
    if let (Some(rest), Some(longest)) = (or("rest", default.rest), or("longest_rest", default.longest_rest))
        && rest > longest
    {
        let node = breaker.get("rest").or(breaker.get("longest_rest")).unwrap_or(breaker);
        let message = format!("the first rest, {rest}, is longer than the longest, {longest}");
        problems
            .push(Problem::at(node, &path("rest"), message).fix("Lower `rest`, or raise `longest_rest`."));
    }
}

fn check_grants(path: &str, grants: &Node, problems: &mut Problems) {
    for key in ["http", "run"] {
        let Some(Value::List(entries)) = grants.get(key).map(|node| &node.value) else { continue };
        let mut seen = BTreeSet::new();
        for (number, entry) in entries.iter().enumerate() {
            let Some(name) = entry.as_text().or_else(|| entry.get("host")?.as_text()) else { continue };
            if !seen.insert(name) {
                let message = format!("`{name}` is granted twice");
                let at = format!("{}[{number}]", join(path, key));
                problems.push(Problem::at(entry, &at, message).fix("Keep one of the two."));
            }
        }
    }
    for key in ["kv", "scratch"] {
        if let Some(node) = grants.get(key)
            && size(node).is_some_and(|size| size.0 == 0)
        {
            let fix = format!("Leave `{key}` out to grant nothing.");
            problems
                .push(Problem::at(node, &join(path, key), "nothing fits into that").fix(fix).into_warning());
        }
    }
}

fn period(node: &Node) -> Option<Period> {
    node.as_text()?.parse().ok()
}

fn size(node: &Node) -> Option<ByteSize> {
    node.as_text()?.parse().ok()
}
