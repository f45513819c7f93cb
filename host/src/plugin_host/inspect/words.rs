//! What a manifest says to people: it stands beside our own words, on the page, in the terminal and where grants are
//! approved, and must not turn them around or play with them.

use std::mem;

use serde_json::Value;

use super::Manifest;

/// Stands for a letter that nobody gets to see.
const INSTEAD: char = '\u{fffd}';

/// Takes what is no writing out of all texts that people read.
pub(super) fn soothe(manifest: &mut Manifest) {
    plain(&mut manifest.summary);
    manifest.sdk.iter_mut().for_each(plain);
    let wants = &mut manifest.wants;
    wants.http.iter_mut().filter_map(|want| want.why.as_mut()).for_each(plain);
    wants.run.iter_mut().filter_map(|want| want.why.as_mut()).for_each(plain);
    let spaces = wants.kv.iter_mut().chain(&mut wants.scratch);
    spaces.filter_map(|want| want.why.as_mut()).for_each(plain);
    let named = |(mut name, value)| {
        plain(&mut name);
        (name, value)
    };
    wants.unknown = mem::take(&mut wants.unknown).into_iter().map(named).collect();
    manifest.settings_schema.iter_mut().for_each(|own| own.change(schema));
}

/// A schema's words are its titles and descriptions; what its values have to be stays as it is.
fn schema(value: &mut Value) {
    match value {
        Value::Object(keys) => {
            for (key, value) in keys {
                match (key.as_str(), value) {
                    ("title" | "description" | "$comment", Value::String(text)) => plain(text),
                    ("default" | "const" | "enum" | "examples", _) => {}
                    // Here keys are names of settings, which may be called like anything.
                    ("properties" | "patternProperties" | "$defs" | "definitions", Value::Object(named)) => {
                        named.values_mut().for_each(schema);
                    }
                    (_, value) => schema(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(schema),
        _ => {}
    }
}

fn plain(text: &mut String) {
    if text.contains(|c| sound(c) != c) {
        *text = text.chars().map(sound).collect();
    }
}

/// Lines end as words do. Controls, and marks that change the direction of what follows, are no writing.
fn sound(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' => ' ',
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => INSTEAD,
        c if c.is_control() => INSTEAD,
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    #[test]
    fn no_word_turns_the_approval_around() {
        let turned = "\u{202e}.gro.live ot gnihtyna sdneS";
        let described = json!({
            "description": turned,
            "properties": { "default": { "description": turned }, "mode": { "title": turned, "enum": ["\u{200f}"], "default": "\u{200f}" } }
        });
        let manifest = json!({
            "id": "sly", "version": "1.0.0", "summary": turned, "sdk": "1\u{1b}[2J",
            "wants": {
                "http": [{ "host": "a.org", "why": turned }], "run": [{ "program": "sh", "why": turned }],
                "kv": { "bytes": 1, "why": turned }, "scratch": { "bytes": 1, "why": turned }, "\u{2067}fly": {}
            },
            "settings_schema": described
        });
        let manifest = Manifest::parse(Path::new("x.wasm"), &serde_json::to_vec(&manifest).unwrap()).unwrap();
        let harmless = "\u{fffd}.gro.live ot gnihtyna sdneS";
        let lines = manifest.wants.lines();
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|(_, why)| *why == Some(harmless)), "{lines:?}");
        assert_eq!(manifest.summary, harmless);
        assert_eq!(manifest.sdk.as_deref(), Some("1\u{fffd}[2J"));
        assert!(manifest.wants.unknown.contains_key("\u{fffd}fly"));
        let schema = manifest.settings_schema.unwrap();
        let schema = schema.json();
        assert_eq!(schema["description"], harmless);
        assert_eq!(schema["properties"]["default"]["description"], harmless);
        let mode = &schema["properties"]["mode"];
        assert_eq!(mode["title"], harmless);
        assert_eq!((&mode["enum"][0], &mode["default"]), (&json!("\u{200f}"), &json!("\u{200f}")));
    }

    #[test]
    fn writing_stays_as_it_is() {
        let mut text = "Zeigt \u{5e9}\u{5dc}\u{5d5}\u{5dd} und \u{1f3b5}\nin zwei Zeilen".to_owned();
        plain(&mut text);
        assert_eq!(text, "Zeigt \u{5e9}\u{5dc}\u{5d5}\u{5dd} und \u{1f3b5} in zwei Zeilen");
    }
}
