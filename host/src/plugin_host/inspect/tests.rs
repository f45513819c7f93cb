use std::fs;

use super::*;
use crate::plugin_host::guest::Guest;

fn looked_at(bytes: &[u8]) -> Result<Inspection, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.wasm");
    fs::write(&path, bytes).unwrap();
    inspect(&path, 1 << 20).map_err(|problem| problem.to_string())
}

fn filter() -> Guest {
    Guest::plugin("keywords", "1.2.0", "chat-filter")
}

#[test]
fn components_and_modules_tell_the_same() {
    for (bytes, was_core_module) in [(filter().component(), false), (filter().module(), true)] {
        let found = looked_at(&bytes).unwrap();
        assert_eq!(found.was_core_module, was_core_module);
        assert_eq!(found.kinds, [PluginKind::ChatFilter]);
        assert_eq!(found.manifest.unwrap().id, "keywords");
        assert!(found.is_pure && found.capabilities.is_empty());
        assert_eq!(found.sha256, hex(&Sha256::digest(&bytes)));
    }
}

#[test]
fn imports_have_to_be_asked_for() {
    let with = |wants: &str| {
        let json = format!(r#"{{"id":"a","version":"1.0.0","summary":"","wants":{wants}}}"#);
        Guest::of_wit_beside(
            "package test:guest; world guest {
                import tapedeck:plugin/run@1.0.0;
                import tapedeck:plugin/kv@1.0.0;
                export tapedeck:plugin/chat-filter@1.0.0;
            }",
        )
        .imports("tapedeck:plugin/kv@1.0.0#remove")
        .manifest(&json)
    };
    let refused = looked_at(&with("{}").component()).unwrap_err();
    assert!(refused.contains("imports kv without asking for it in `wants`"), "{refused}");
    // The import of `run`, which nothing calls, is not there.
    let found = looked_at(&with(r#"{"kv":{"bytes":1024}}"#).component()).unwrap();
    assert_eq!(found.capabilities, ["kv"]);
    assert!(!found.is_pure, "what it remembers is not nothing");
}

#[test]
fn every_cut_is_told_from_damage() {
    let whole = filter().component();
    let mut truncated = 0;
    for length in (0..whole.len()).step_by(7) {
        let refused = looked_at(&whole[..length]).unwrap_err();
        truncated += usize::from(refused.contains("ends in the middle"));
        assert!(refused.contains("x.wasm"), "{refused}");
    }
    assert!(truncated * 7 > whole.len() * 9 / 10, "only {truncated} were called truncated");
}

#[test]
fn damage_is_told() {
    let mut damaged = filter().component();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    let refused = looked_at(&damaged).unwrap_err();
    assert!(refused.contains("damaged or no valid"), "{refused}");
    let refused = looked_at(b"\0asm\x07\0\0\0").unwrap_err();
    assert!(refused.contains("not known"), "{refused}");
}

#[test]
fn code_that_is_not_valid_is_told() {
    let mut invalid = filter().component();
    let bodies: Vec<_> = wasmparser::Parser::new(0)
        .parse_all(&filter().component())
        .filter_map(|payload| match payload.unwrap() {
            wasmparser::Payload::CodeSectionEntry(body) => Some(body.range()),
            _ => None,
        })
        .filter(|body| body.len() > 2)
        .collect();
    assert!(!bodies.is_empty());
    for body in bodies {
        // How many locals there are comes first, the end last.
        invalid[body.start + 1..body.end - 1].fill(0xff);
    }
    assert!(look(Path::new("x.wasm"), &invalid).is_ok(), "its sections are as they should be");
    let refused = looked_at(&invalid).unwrap_err();
    assert!(refused.contains("damaged or no valid"), "{refused}");
}

#[test]
fn switched_off_features_are_named() {
    let mut module = wasm_encoder::Module::new();
    let mut memories = wasm_encoder::MemorySection::new();
    memories.memory(wasm_encoder::MemoryType {
        minimum: 1,
        maximum: None,
        memory64: true,
        shared: false,
        page_size_log2: None,
    });
    module.section(&memories);
    let refused = looked_at(&module.finish()).unwrap_err();
    assert!(refused.contains("memory64") && refused.contains("switched off here"), "{refused}");
}

#[test]
fn modules_without_description_are_refused() {
    let refused = looked_at(&filter().bare_module()).unwrap_err();
    assert!(refused.contains("core module without the description"), "{refused}");
}

#[test]
fn who_says_nothing_of_itself_is_refused() {
    let wit = "package test:guest; world guest { export tapedeck:plugin/chat-filter@1.0.0; }";
    let refused = looked_at(&Guest::of_wit_beside(wit).component()).unwrap_err();
    assert!(refused.contains("does not export `describe` either"), "{refused}");
    let wit = "package test:guest; world guest {
        export tapedeck:plugin/chat-filter@1.0.0; export tapedeck:plugin/describe@1.0.0;
    }";
    assert!(looked_at(&Guest::of_wit_beside(wit).component()).unwrap().manifest.is_none());
}

#[test]
fn other_worlds_are_named() {
    for (wit, told) in [
        (
            "package acme:widgets@1.0.0; interface frob { go: func(); } world w { export frob; }",
            "exports no known plugin interface (exports: acme:widgets/frob@1.0.0)",
        ),
        (
            "package tapedeck:plugin@2.1.0; interface chat-filter { go: func(); } world w { export chat-filter; }",
            "was built for tapedeck:plugin 2.x, this daemon speaks tapedeck:plugin 1.0: update the daemon",
        ),
        (
            "package tapedeck:plugin@1.3.0; interface chat-sieve { go: func(); } world w { export chat-sieve; }",
            "needs chat-sieve 1.3, this daemon has only tapedeck:plugin 1.0: update the daemon",
        ),
        ("package acme:widgets@1.0.0; world w { }", "(exports: none)"),
    ] {
        let refused = looked_at(&Guest::of_wit(wit).component()).unwrap_err();
        assert!(refused.contains(told), "{refused}");
    }
}

#[test]
fn packages_that_lead_in_circles_are_refused() {
    // Two packages that use one another cannot be written, so one name is changed after the writing.
    let wit = "package acme:one@1.0.0;
        interface a { record x { n: u32 } }
        interface c { use acme:two/b@1.0.0.{y}; go: func(y: y); }
        world w { export c; }";
    let two = "package acme:two@1.0.0; interface b { use acme:zzz/a@1.0.0.{x}; type y = x; }";
    let zzz = "package acme:zzz@1.0.0; interface a { record x { n: u32 } }";
    let module = Guest::of_packages(&[zzz, two, wit]).module();
    assert!(
        looked_at(&module).unwrap_err().contains("interfaces of several packages: acme:one@1.0.0, acme:")
    );
    let circle = replaced(&module, b"acme:zzz/a@1.0.0", b"acme:one/a@1.0.0");
    assert!(looked_at(&circle).unwrap_err().contains("several packages"));
}

fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|at| bytes[at..at + old.len()].copy_from_slice(new));
    bytes
}

#[test]
fn types_nested_without_end_are_refused() {
    for kind in [0x41, 0x42] {
        are_refused_nested(kind);
    }
}

/// Each type is one that declares a type.
fn are_refused_nested(kind: u8) {
    let mut ty = [kind, 1, 1].repeat(200_000);
    ty.extend([kind, 0]);
    let mut section = vec![1];
    section.extend(ty);
    let mut component = wasm_encoder::Component::new();
    component.section(&wasm_encoder::RawSection { id: 7, data: &section });
    let bytes = component.finish();
    let refused = validate(Path::new("x.wasm"), &bytes).unwrap_err().to_string();
    assert!(refused.contains("damaged or no valid WebAssembly"), "{refused}");
    let refused = walk::functions_of(Path::new("x.wasm"), &bytes, "x").unwrap_err().to_string();
    assert!(refused.contains("types inside of types"), "{refused}");
    let mut module = wasm_encoder::Module::new();
    let name = "component-type:deep".into();
    module.section(&wasm_encoder::CustomSection { name, data: bytes.into() });
    let refused = looked_at(&module.finish()).unwrap_err();
    assert!(refused.contains("core module without the description"), "{refused}");
}
