//! Components for other versions of the contract: which load, and what those that do not are told.

use wasm_encoder::Instruction as I;
use wasmtime::component::Linker;

use super::*;
use crate::plugin_host::{Failure, FileProblem, guest::ZEROS};

const MANIFEST: &str = r#"{"id":"guest","version":"6.6.6","summary":"Is of another time."}"#;

/// A filter for this version; it writes `hello` to the log and answers `fine`.
fn filter(version: &str, changes: &[(&str, &str)], log: &str) -> Guest {
    let at = |interface: &str| format!("tapedeck:plugin/{interface}@{version}");
    let wit = format!(
        "package test:guest; world guest {{ import {}; export {}; export {}; }}",
        at("log"),
        at("describe"),
        at("chat-filter")
    );
    let (log, describe) = (format!("{}#{log}", at("log")), format!("{}#describe", at("describe")));
    let written = log.clone();
    Guest::of_version(version, changes, &wit).manifest(MANIFEST).imports(&log).data("hello").does(
        &describe,
        move |names| {
            vec![
                I::I32Const(3),
                I::I32Const(crate::plugin_host::guest::DATA),
                I::I32Const(5),
                I::Call(names.of(&written)),
                I::I32Const(ZEROS),
            ]
        },
    )
}

async fn works(guest: &Guest) {
    let loaded = Bench::new().load(guest).await.unwrap();
    assert_eq!(call(&loaded).unwrap(), "");
    assert_eq!(loaded.profile.figures.log_lines().len(), 1);
}

async fn refusal(guest: &Guest) -> (Failure, String) {
    let refused = Bench::new().load(guest).await.unwrap_err();
    let text = refused.to_string();
    assert!(text.starts_with("plugin guest") && text.contains("guest.wasm"), "{text}");
    (refused.failure, text)
}

#[tokio::test]
async fn older_and_smaller_contracts_keep_loading() {
    // As if what is missing here had come with a later version.
    let smaller = [
        ("remove: func(key: string) -> result<bool, plugin-error>;", ""),
        ("  import http;\n", ""),
        ("download: func(request: request, path: string) -> result<response, plugin-error>;", ""),
    ];
    works(&filter("1.0.0", &smaller, "write")).await;
}

#[tokio::test]
async fn linkers_of_later_versions_have_the_older_names() {
    let engine = Engine::build().unwrap();
    let component =
        |guest: &Guest| wasmtime::component::Component::new(engine.inner(), guest.component()).unwrap();
    let shout = [(
        "write: func(level: u8, message: string);",
        "write: func(level: u8, message: string);
        shout: func(level: u8, message: string);",
    )];
    let mut later = Linker::<()>::new(engine.inner());
    later.define_unknown_imports_as_traps(&component(&filter("1.3.0", &shout, "write"))).unwrap();
    for version in ["1.0.0", "1.2.0"] {
        assert!(later.instantiate_pre(&component(&filter(version, &[], "write"))).is_ok(), "{version}");
    }
    assert!(later.instantiate_pre(&component(&filter("2.0.0", &[], "write"))).is_err());
}

#[tokio::test]
async fn newer_minor_versions_load_without_news() {
    works(&filter("1.7.0", &[], "write")).await;
    works(&filter("1.0.9", &[], "write")).await;
}

#[tokio::test]
async fn describe_of_newer_versions_is_asked() {
    let wit = "package test:guest; world guest {
        export tapedeck:plugin/describe@1.7.0; export tapedeck:plugin/exporter@1.7.0;
    }";
    let script =
        Guest::of_version("1.7.0", &[], wit).says("tapedeck:plugin/describe@1.7.0#describe", MANIFEST);
    let loaded = Bench::new().load(&script).await.unwrap();
    assert_eq!(loaded.about.manifest.version, "6.6.6");
}

#[tokio::test]
async fn newer_functions_are_named() {
    let shout = [("write: func(level: u8, message: string);", "shout: func(level: u8, message: string);")];
    let (failure, text) = refusal(&filter("1.7.0", &shout, "shout")).await;
    assert!(matches!(failure, Failure::File(problem) if matches!(*problem, FileProblem::TooNew { .. })));
    assert!(text.contains("it needs `shout` of log 1.7, this daemon has 1.0: update the daemon"), "{text}");
}

#[tokio::test]
async fn changed_functions_are_told_from_newer_ones() {
    let changed = [("write: func(level: u8, message: string);", "write: func(message: string, level: u8);")];
    let (failure, text) = refusal(&filter("1.0.0", &changed, "write")).await;
    assert!(
        matches!(failure, Failure::File(problem) if matches!(*problem, FileProblem::ChangedContract { .. }))
    );
    assert!(text.contains("with a changed copy of the contract"), "{text}");
}

#[tokio::test]
async fn other_majors_say_which_is_to_be_updated() {
    for (version, fix) in [("2.0.0", "update the daemon"), ("0.9.0", "build the plugin anew")] {
        let (failure, text) = refusal(&filter(version, &[], "write")).await;
        assert!(
            matches!(failure, Failure::File(problem) if matches!(*problem, FileProblem::OtherMajor { .. }))
        );
        assert!(text.contains("this daemon speaks tapedeck:plugin 1.0") && text.contains(fix), "{text}");
    }
}
