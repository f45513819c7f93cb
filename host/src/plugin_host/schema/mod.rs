//! Settings of a plugin against the schema that its file brings.

mod bounds;

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// No more complaints than somebody reads.
const MOST_COMPLAINTS: usize = 10;
/// Of one pattern when it is compiled, and of what it remembers of its states. A repeated `\pL` has megabytes.
const LARGEST_PATTERN: usize = 256 << 10;

/// As a file has it, and what was made of it: once, for all clones.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SettingsSchema {
    json: Value,
    #[serde(skip)]
    built: Arc<OnceLock<Result<Schema, String>>>,
}

impl SettingsSchema {
    pub fn json(&self) -> &Value {
        &self.json
    }

    pub(crate) fn change(&mut self, by: impl FnOnce(&mut Value)) {
        by(&mut self.json);
        self.built = Arc::default();
    }

    /// Whether it can be used.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.built().map(drop)
    }

    /// The settings that the plugin gets for these, or what is wrong with them.
    pub(crate) fn settle(&self, settings: Value) -> Result<Value, Vec<String>> {
        let settings = with_defaults(&self.json, settings);
        self.built().map_err(|error| vec![error])?.check(&settings)?;
        Ok(settings)
    }

    fn built(&self) -> Result<&Schema, String> {
        self.built.get_or_init(|| Schema::build(&self.json)).as_ref().map_err(Clone::clone)
    }
}

impl PartialEq for SettingsSchema {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

/// A JSON schema that can be used. It comes from a file: it fetches nothing, and neither it nor its patterns can
/// take for ever.
#[derive(Debug)]
struct Schema {
    json: Value,
    validator: jsonschema::Validator,
}

impl Schema {
    fn build(json: &Value) -> Result<Self, String> {
        if !json.is_object() && !json.is_boolean() {
            return Err("a schema is an object".into());
        }
        bounds::check_schema(json)?;
        let patterns = jsonschema::PatternOptions::regex();
        let built = jsonschema::options()
            .offline()
            .with_pattern_options(patterns.size_limit(LARGEST_PATTERN).dfa_size_limit(LARGEST_PATTERN))
            .build(json);
        let validator = built.map_err(|error| {
            // Of a pattern it knows only that one; whether it makes no sense or too much, it says in the same words.
            let (found, made) = (error.instance_path().as_str(), error.schema_path().as_str());
            let at = if found.is_empty() { made } else { found };
            let is_pattern = at.split('/').any(|part| matches!(part, "pattern" | "patternProperties"));
            let hint = match is_pattern {
                true => format!(", or of more than {LARGEST_PATTERN} bytes once it is compiled"),
                false => String::new(),
            };
            format!("{}{hint} at {}", cut(&error.to_string()), place(at))
        })?;
        Ok(Self { json: json.clone(), validator })
    }

    /// Every complaint names the key, as in the configuration.
    fn check(&self, settings: &Value) -> Result<(), Vec<String>> {
        bounds::check_settings(&self.json, settings).map_err(|reason| vec![format!("settings: {reason}")])?;
        let complaint = |error: jsonschema::ValidationError<'_>| {
            // A setting may be a secret: what it is stays out.
            format!("{}: {}", place(error.instance_path().as_str()), cut(&error.masked().to_string()))
        };
        let complaints: Vec<String> =
            self.validator.iter_errors(settings).take(MOST_COMPLAINTS).map(complaint).collect();
        if complaints.is_empty() { Ok(()) } else { Err(complaints) }
    }
}

/// The operator's settings with the schema's defaults in the places that were left empty, at any depth.
fn with_defaults(schema: &Value, mut settings: Value) -> Value {
    fill(schema, &mut settings, 0);
    settings
}

/// Deeper schemas are not looked into: no settings are.
const DEEPEST: usize = 32;

fn fill(schema: &Value, value: &mut Value, depth: usize) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let Some(table) = value.as_object_mut().filter(|_| depth < DEEPEST) else { return };
    for (key, schema) in properties {
        match (table.get_mut(key), schema.get("default")) {
            (Some(value), _) => fill(schema, value, depth + 1),
            (None, Some(default)) => drop(table.insert(key.clone(), default.clone())),
            (None, None) => {}
        }
    }
}

/// `/words/0` as `settings.words[0]`.
fn place(pointer: &str) -> String {
    let mut place = "settings".to_owned();
    for part in pointer.split('/').skip(1) {
        if part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty() {
            place.push_str(&format!("[{part}]"));
        } else {
            place.push('.');
            place.push_str(&part.replace("~1", "/").replace("~0", "~"));
        }
    }
    place
}

fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(300);
    if end < text.len() { format!("{}…", &text[..end]) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["words"],
            "properties": {
                "words": { "type": "array", "items": { "type": "string" } },
                "token": { "type": "string", "minLength": 8 },
                "case": { "type": "boolean", "default": false },
                "reply": { "type": "object", "properties": { "text": { "type": "string", "default": "no" } } },
            },
        })
    }

    fn complaints(settings: &Value) -> Vec<String> {
        Schema::build(&schema()).unwrap().check(settings).unwrap_err()
    }

    #[test]
    fn complaints_name_the_key() {
        let found = complaints(&json!({ "words": ["a", 7], "extra": 1 }));
        assert!(found.iter().any(|it| it.starts_with("settings.words[1]: ")), "{found:?}");
        assert!(found.iter().any(|it| it.starts_with("settings: ") && it.contains("extra")), "{found:?}");
        assert!(complaints(&json!({})).iter().any(|it| it.contains("words")));
    }

    #[test]
    fn complaints_keep_values_to_themselves() {
        let found = complaints(&json!({ "words": [], "token": "hunter2" })).join(" ");
        assert!(found.contains("settings.token") && !found.contains("hunter2"), "{found}");
    }

    #[test]
    fn defaults_fill_what_was_left_out() {
        let filled = with_defaults(&schema(), json!({ "words": ["x"], "reply": {} }));
        assert_eq!(filled, json!({ "words": ["x"], "reply": { "text": "no" }, "case": false }));
        let kept = with_defaults(&schema(), json!({ "words": [], "case": true }));
        assert_eq!(kept["case"], true);
    }

    #[test]
    fn schemas_fetch_nothing() {
        for schema in [
            json!({ "$ref": "http://127.0.0.1:1/schema.json" }),
            json!({ "$ref": "file:///etc/passwd" }),
            json!({ "type": "strang" }),
            json!("object"),
        ] {
            assert!(Schema::build(&schema).is_err(), "{schema}");
        }
    }

    #[test]
    fn patterns_cannot_take_for_ever() {
        let schema = json!({ "properties": { "x": { "type": "string", "pattern": "^(a+)+$" } } });
        let settings = json!({ "x": "a".repeat(50_000) + "b" });
        assert!(Schema::build(&schema).unwrap().check(&settings).is_err());
        for references_itself in [
            json!({ "$ref": "#" }),
            json!({ "allOf": [{ "$ref": "#" }] }),
            json!({ "$ref": "#/$defs/a", "$defs": {
                "a": { "anyOf": [{ "$ref": "#/$defs/b" }] }, "b": { "not": { "$ref": "#/$defs/a" } } } }),
        ] {
            let _ = Schema::build(&references_itself).map(|schema| schema.check(&json!({})));
        }
    }

    #[test]
    fn schemas_that_lead_to_themselves_end() {
        let draft = "https://json-schema.org/draft/2019-09/schema";
        for schema in [
            json!({ "$ref": "#" }),
            json!({ "allOf": [{ "$ref": "#" }] }),
            json!({ "not": { "$ref": "#" }, "properties": { "a": { "$ref": "#" } } }),
            json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
            json!({ "$dynamicAnchor": "x", "$dynamicRef": "#x" }),
            json!({ "$schema": draft, "$recursiveAnchor": true, "anyOf": [{ "$recursiveRef": "#" }] }),
        ] {
            // Refused or not: it comes to an end.
            if let Ok(schema) = Schema::build(&schema) {
                drop(schema.check(&json!({ "a": { "a": [] } })));
            }
        }
    }

    #[test]
    fn a_schema_is_built_once() {
        let schema: SettingsSchema = serde_json::from_value(schema()).unwrap();
        let (first, clone) = (std::ptr::from_ref(schema.built().unwrap()), schema.clone());
        assert_eq!(first, std::ptr::from_ref(clone.built().unwrap()));
        assert_eq!(serde_json::to_value(&clone).unwrap(), *schema.json());
        assert_eq!(clone.settle(json!({ "words": [] })).unwrap()["case"], false);
        assert!(clone.settle(json!({ "words": 1 })).is_err());
    }

    #[test]
    fn complaints_are_few_and_short() {
        let found = complaints(&json!({ "words": vec![7; 50] }));
        assert_eq!(found.len(), MOST_COMPLAINTS);
        let keys: serde_json::Map<_, _> = (0..200).map(|it| (format!("key-{it}"), json!(1))).collect();
        let found = complaints(&keys.into());
        assert!(found.iter().all(|it| it.len() < 400), "{found:?}");
    }
}
