//! The JSON schema of the whole configuration. Sections and kinds describe themselves; this puts
//! them together, for the checks here and for editors.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    ArchiveSection, AuthSection, BackendSection, CaptureSection, DataSection, HistorySection, LogSection,
    PlayerSection, PluginHostSection, PluginSection, SchedulerSection, ServerSection, SpotifySection,
    TelegramSection,
};
use crate::model::Policy;

/// What the configuration cannot know by itself: the kinds of jobs, and cron's grammar.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// Name and schema of the settings of each kind of job.
    pub kinds: Vec<(&'static str, Schema)>,
    /// Says what is wrong with an expression.
    pub check_cron: fn(&str) -> Result<(), String>,
}

/// Deeper nesting is a schema that refers to itself.
const DEEPEST: usize = 32;

/// For editors: completes, explains and underlines `config.toml`.
pub fn schema(vocabulary: &Vocabulary) -> Value {
    let mut properties = with_secret_forms(sections());
    properties["properties"]["jobs"] = json!({
        "description": "Jobs by name. Each has a kind, the keys that every job understands, and those of its kind.",
        "type": "object",
        "propertyNames": { "pattern": "^[a-z0-9][a-z0-9_-]{0,63}$" },
        "additionalProperties": job_for_editors(vocabulary),
    });
    properties["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    properties["title"] = json!("Tapedeck's config.toml");
    properties
}

fn job_for_editors(vocabulary: &Vocabulary) -> Value {
    let names: Vec<&str> = vocabulary.kinds.iter().map(|(name, _)| *name).collect();
    let by_kind: Vec<Value> = jobs(vocabulary)
        .into_iter()
        .map(|(name, schema)| {
            let is_kind = json!({ "properties": { "kind": { "const": name } }, "required": ["kind"] });
            json!({ "if": is_kind, "then": with_secret_forms(schema) })
        })
        .collect();
    json!({
        "type": "object",
        "required": ["kind"],
        "properties": { "kind": { "enum": names, "description": KIND } },
        "allOf": by_kind,
    })
}

const KIND: &str = "What the job does.";

/// Everything but `[jobs]`.
pub(super) fn sections() -> Value {
    let mut properties = Map::new();
    let mut add = |name: &str, schema: Value| properties.insert(name.to_owned(), schema);
    add("data", of::<DataSection>());
    add("archive", of::<ArchiveSection>());
    add("server", of::<ServerSection>());
    add("auth", of::<AuthSection>());
    add("log", of::<LogSection>());
    add("history", of::<HistorySection>());
    add("scheduler", of::<SchedulerSection>());
    add("telegram", of::<TelegramSection>());
    add("spotify", of::<SpotifySection>());
    add("player", of::<PlayerSection>());
    add("capture", of::<CaptureSection>());
    add("plugin_host", of::<PluginHostSection>());
    add("plugins", plugins());
    add("backends", backends());
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn plugins() -> Value {
    json!({
        "description": "Plugins by name. One that needs neither settings nor grants does not have to be here.",
        "type": "object",
        "propertyNames": { "type": "string", "format": "plugin-name" },
        "additionalProperties": of::<PluginSection>(),
    })
}

fn backends() -> Value {
    json!({
        "description": "Sources of recordings that are no plugins, by name: a music folder, a program.",
        "type": "object",
        "propertyNames": { "type": "string", "format": "plugin-name" },
        "additionalProperties": of::<BackendSection>(),
    })
}

/// The complete table of a job of each kind: `kind`, policy, settings.
pub(super) fn jobs(vocabulary: &Vocabulary) -> Vec<(&'static str, Value)> {
    let common = policy();
    let job = |(name, schema): &(&'static str, Schema)| {
        let mut job = inline(schema.as_value());
        if !job.is_object() {
            job = json!({});
        }
        job["type"] = json!("object");
        let mut properties = common["properties"].clone();
        properties["kind"] = json!({ "type": "string", "enum": [name], "description": KIND });
        for (key, own) in job["properties"].as_object().into_iter().flatten() {
            properties[key] = own.clone();
        }
        job["properties"] = properties;
        let mut required = job["required"].as_array().cloned().unwrap_or_default();
        required.push(json!("kind"));
        job["required"] = required.into();
        job["additionalProperties"] = json!(false);
        (*name, job)
    };
    vocabulary.kinds.iter().map(job).collect()
}

pub(super) fn policy() -> Value {
    of::<Policy>()
}

fn of<T: JsonSchema>() -> Value {
    inline(SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().as_value())
}

/// Replaces references by what they refer to, and drops "or null": TOML has no null.
fn inline(schema: &Value) -> Value {
    let mut schema = schema.clone();
    let mut definitions = Map::new();
    for name in ["$defs", "definitions"] {
        if let Some(Value::Object(found)) = schema.as_object_mut().and_then(|schema| schema.remove(name)) {
            definitions.extend(found);
        }
    }
    for name in ["$schema", "title"] {
        schema.as_object_mut().and_then(|schema| schema.remove(name));
    }
    resolve(schema, &definitions, 0)
}

fn resolve(schema: Value, definitions: &Map<String, Value>, depth: usize) -> Value {
    let below = |value| resolve(value, definitions, depth + 1);
    match schema {
        _ if depth > DEEPEST => Value::Bool(true),
        Value::Array(list) => list.into_iter().map(below).collect(),
        Value::Object(mut map) => {
            let name = map.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
            if let Some(Value::Object(target)) = name.and_then(|name| definitions.get(name)) {
                let target = target.clone();
                map.remove("$ref");
                for (key, value) in target {
                    map.entry(key).or_insert(value);
                }
                map.remove("title");
                return below(Value::Object(map));
            }
            without_null(map.into_iter().map(|(key, value)| (key, below(value))).collect())
        }
        plain => plain,
    }
}

fn without_null(mut schema: Map<String, Value>) -> Value {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    for combination in ["anyOf", "oneOf"] {
        let Some(Value::Array(choices)) = schema.get_mut(combination) else { continue };
        choices.retain(|choice| choice["type"] != "null");
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.remove(combination);
            for (key, value) in only {
                schema.entry(key).or_insert(value);
            }
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("enum") {
        choices.retain(|choice| !choice.is_null());
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    Value::Object(schema)
}

/// A secret may be text, `{ env = … }`, `{ file = … }`, or stand in the file that `<key>_file` names.
fn with_secret_forms(schema: Value) -> Value {
    match schema {
        Value::Array(list) => list.into_iter().map(with_secret_forms).collect(),
        Value::Object(map) if map.get("format").is_some_and(|format| format == "secret") => {
            secret_forms(&map)
        }
        Value::Object(mut map) => {
            let files: Vec<(String, Value)> = map
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .filter(|(_, property)| property["format"] == "secret")
                .map(|(key, _)| {
                    let description = format!("A file that holds `{key}`.");
                    (format!("{key}_file"), json!({ "type": "string", "description": description }))
                })
                .collect();
            if let Some(Value::Object(properties)) = map.get_mut("properties") {
                properties.extend(files);
            }
            // Secrets can come from their `_file` twin, so editors must not insist on the key itself.
            map.remove("required")
                .map(|required| map.insert("required".into(), without_secrets(required, &map)));
            Value::Object(map.into_iter().map(|(key, value)| (key, with_secret_forms(value))).collect())
        }
        plain => plain,
    }
}

fn without_secrets(required: Value, schema: &Map<String, Value>) -> Value {
    let Value::Array(names) = required else { return required };
    let is_secret =
        |name: &Value| name.as_str().is_some_and(|name| schema["properties"][name]["format"] == "secret");
    names.into_iter().filter(|name| !is_secret(name)).collect()
}

fn secret_forms(schema: &Map<String, Value>) -> Value {
    let reference = |key: &str, description: &str| {
        json!({
            "type": "object",
            "properties": { key: { "type": "string", "description": description } },
            "required": [key],
            "additionalProperties": false,
        })
    };
    json!({
        "description": schema.get("description"),
        "anyOf": [
            { "type": "string" },
            reference("env", "The environment variable that holds it."),
            reference("file", "The file that holds it."),
        ],
    })
}
