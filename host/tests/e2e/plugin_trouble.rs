//! Plugins, and what machines do to a daemon: it is killed, its disk is full, its cache is damaged.

use std::fs;

use serde_json::{Value, json};

use crate::{disk::on_a_small_disk, guest::Guest, support::*};

const ALONE: &str = "[plugin_host]\nbundled = false\n";

fn filter(id: &str, version: &str) -> Vec<u8> {
    Guest::plugin(id, version, "chat-filter").component()
}

fn put(folder: &Folder, name: &str, bytes: &[u8]) {
    let plugins = folder.data().join("plugins");
    fs::create_dir_all(&plugins).unwrap();
    fs::write(plugins.join(format!(".{name}")), bytes).unwrap();
    fs::rename(plugins.join(format!(".{name}")), plugins.join(name)).unwrap();
}

fn versions(daemon: &Daemon) -> Vec<Value> {
    let list = daemon.get("/api/v1/plugins");
    list["plugins"].as_array().unwrap().iter().map(|it| json!([it["state"], it["version"]])).collect()
}

#[test]
fn kills_at_any_moment_leave_a_usable_cache() {
    let folder = Folder::with(ALONE);
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..10 {
        let version = format!("1.{round}.0");
        ["a", "b", "c"].iter().for_each(|id| put(&folder, &format!("{id}.wasm"), &filter(id, &version)));
        let daemon = folder.start();
        // In the middle of reading, compiling, writing, swapping.
        put(&folder, "a.wasm", &filter("a", &format!("{version}-again")));
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(std::time::Duration::from_millis(random >> 55));
        daemon.kill();
    }
    let mut daemon = folder.start();
    let wanted = [json!(["ready", "1.9.0-again"]), json!(["ready", "1.9.0"]), json!(["ready", "1.9.0"])];
    daemon.wait_until("all are there", |daemon| versions(daemon) == wanted);
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
    let unfinished = fs::read_dir(folder.data().join("plugin-cache")).unwrap();
    let unfinished: Vec<_> = unfinished.map(|it| it.unwrap().path()).collect();
    assert!(unfinished.iter().all(|path| path.extension().unwrap() != "part"), "{unfinished:?}");
    daemon.stop();
}

#[test]
fn damaged_cache_costs_only_time() {
    let folder = Folder::with(ALONE);
    put(&folder, "a.wasm", &filter("a", "1.0.0"));
    let is_ready = |daemon: &mut Daemon| versions(daemon) == [json!(["ready", "1.0.0"])];
    let mut daemon = folder.start();
    daemon.wait_until("it is compiled", is_ready);
    daemon.stop();
    for damage in ["half", "bit"] {
        let entries = fs::read_dir(folder.data().join("plugin-cache")).unwrap();
        let code =
            entries.map(|it| it.unwrap().path()).find(|path| path.extension().unwrap() == "cwasm").unwrap();
        let mut bytes = fs::read(&code).unwrap();
        let middle = bytes.len() / 2;
        if damage == "half" {
            bytes.truncate(middle)
        } else {
            bytes[middle] ^= 1
        }
        fs::write(&code, bytes).unwrap();
        let mut daemon = folder.start();
        daemon.wait_until("it is compiled again", is_ready);
        assert!(daemon.log().contains("Compiled code was damaged"), "{}", daemon.log());
        daemon.stop();
    }
}

#[test]
fn full_disk_under_the_cache_costs_only_time() {
    let folder = Folder::with("[plugin_host]\nbundled = false\nfolder = \"plugins\"\ncache = \"cache\"\n");
    ["plugins", "cache"].iter().for_each(|name| fs::create_dir(folder.path(name)).unwrap());
    fs::write(folder.path("plugins/a.wasm"), filter("a", "1.0.0")).unwrap();
    let output = on_a_small_disk(
        &folder,
        r#"
mount -t tmpfs -o size=8k,mode=700 tmpfs cache || exit 97
"$TAPEDECK" run & daemon=$!
i=0; until "$TAPEDECK" --json plugins list 2>/dev/null | grep -q '"ready"'; do
  i=$((i+1)); [ $i -lt 200 ] || { kill -9 $daemon; exit 95; }; sleep 0.05
done
ls cache; kill $daemon; wait $daemon; echo "ended with $?"
"#,
    );
    let (said, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{:?}\n{said}\n{errors}", output.status);
    assert_eq!(said.trim(), "ended with 0", "nothing half is left: {errors}");
    assert!(errors.contains("Compiled code cannot be kept"), "{errors}");
}

#[test]
fn check_says_which_version_is_wanted() {
    let folder = Folder::with("");
    let manifest = r#"{"id":"guest","version":"6.6.6","summary":"Is of another time."}"#;
    let shout = [("write: func(level: u8, message: string);", "shout: func(level: u8, message: string);")];
    let of = |version: &str, changes: &[(&str, &str)], function: &str| {
        let (log, kind) =
            (format!("tapedeck:plugin/log@{version}"), format!("tapedeck:plugin/chat-filter@{version}"));
        let wit = format!("package test:guest; world guest {{ import {log}; export {kind}; }}");
        let guest = Guest::of_version(version, changes, &wit).manifest(manifest);
        guest.imports(&format!("{log}#{function}")).component()
    };
    let other =
        Guest::of_wit("package acme:widgets@1.0.0; interface frob { go: func(); } world w { export frob; }");
    for (bytes, told) in [
        (of("1.0.0", &[], "write"), None),
        (of("1.6.0", &[], "write"), None),
        (
            of("1.6.0", &shout, "shout"),
            Some("it needs `shout` of log 1.6, this daemon has 1.0: update the daemon"),
        ),
        (
            of("2.0.0", &[], "write"),
            Some("it was built for tapedeck:plugin 2.x, this daemon speaks tapedeck:plugin 1.0"),
        ),
        (other.component(), Some("exports no known plugin interface (exports: acme:widgets/frob@1.0.0)")),
    ] {
        let file = folder.path("guest.wasm");
        fs::write(&file, bytes).unwrap();
        let checked = folder.cli(&["plugins", "check", file.to_str().unwrap()]);
        let said = text(&checked.stderr);
        assert_eq!(checked.status.code(), Some(i32::from(told.is_some())), "{said}");
        assert!(said.contains(told.unwrap_or_default()), "{said}");
    }
}

/// A function over whose parts the compiler broods: each of its blocks may come from any other.
fn brooded_over(id: &str, blocks: i32) -> Vec<u8> {
    use wasm_encoder::{BlockType::Empty, Instruction as I, ValType};
    const VARIABLES: u32 = 1_000;
    let body = move |_: &crate::guest::Names| {
        let mut body = vec![I::Loop(Empty)];
        for block in 0..blocks {
            let variable = block as u32 % VARIABLES;
            let steps = [
                I::LocalGet(variable),
                I::I32Const(block),
                I::I32Add,
                I::LocalTee((variable * 7) % VARIABLES),
            ];
            body.extend(steps);
            body.push(I::BrIf(0));
        }
        body.extend([I::End, I::Unreachable]);
        body
    };
    let function = "tapedeck:plugin/chat-filter@1.0.0#configure";
    Guest::plugin(id, "1.0.0", "chat-filter")
        .does_with(function, &[ValType::I32; VARIABLES as usize], body)
        .component()
}

/// Processes of the daemon that compile.
#[cfg(target_os = "linux")]
fn compilers(daemon: &Daemon) -> Vec<std::path::PathBuf> {
    let parent = format!("PPid:\t{}\n", daemon.id());
    let is_one = |folder: &std::path::PathBuf| {
        let told = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
        told("status").contains(&parent) && told("cmdline").contains("compile-plugin")
    };
    fs::read_dir("/proc").unwrap().map(|it| it.unwrap().path()).filter(is_one).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn who_takes_too_long_to_compile_is_ended_and_costs_only_its_own_plugin() {
    let folder = Folder::with(&format!("{ALONE}compile_deadline = \"6s\"\n"));
    put(&folder, "a.wasm", &brooded_over("a", 20_000));
    put(&folder, "b.wasm", &filter("b", "1.0.0"));
    let mut daemon = folder.start();
    daemon.wait_until("both were tried", |daemon| {
        let told = daemon.get("/api/v1/plugins")["plugins"][0].to_string();
        told.contains("plugin_host.compile_deadline") && versions(daemon)[1] == json!(["ready", "1.0.0"])
    });
    daemon.wait_until("what is late goes on nowhere", |daemon| compilers(daemon).is_empty());
    daemon.stop();
}

#[test]
#[cfg(target_os = "linux")]
fn who_takes_too_much_memory_to_compile_is_refused() {
    let folder = Folder::with(&format!("{ALONE}compile_memory = \"64MiB\"\n"));
    put(&folder, "a.wasm", &brooded_over("a", 20_000));
    put(&folder, "b.wasm", &filter("b", "1.0.0"));
    let mut daemon = folder.start();
    daemon.wait_until("both were tried", |daemon| {
        let told = daemon.get("/api/v1/plugins")["plugins"][0].to_string();
        told.contains("takes more than 64 MiB of memory (`plugin_host.compile_memory`)")
            && versions(daemon)[1] == json!(["ready", "1.0.0"])
    });
    daemon.stop();
}

#[test]
#[cfg(target_os = "linux")]
fn compilers_end_with_a_daemon_that_is_killed() {
    let folder = Folder::with(ALONE);
    put(&folder, "a.wasm", &brooded_over("a", 20_000));
    let mut daemon = folder.start();
    let mut begun = Vec::new();
    daemon.wait_until("one is at work", |daemon| {
        begun = compilers(daemon);
        !begun.is_empty()
    });
    daemon.kill();
    let of = |id: &std::path::Path| fs::read_to_string(id.join("cmdline")).unwrap_or_default();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while of(&begun[0]).contains("compile-plugin") {
        assert!(std::time::Instant::now() < until, "{begun:?} goes on");
        std::thread::yield_now();
    }
}
