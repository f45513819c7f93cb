//! What a schema may cost, before anything follows it. It comes from a file, and what builds and checks it only does
//! as it says: ten lines that each name the line before twice take a thousand steps, forty of them a lifetime.

use serde_json::{Map, Value};

/// As compact JSON. Real ones have some kilobytes.
const LARGEST: usize = 64 << 10;
/// Values of `pattern` and keys of `patternProperties`.
const MOST_PATTERNS: usize = 100;
/// How often following all of it comes to a schema inside of it, each as often as it is led to.
const MOST_VISITS: u64 = 10_000;
/// The same for settings, where each value counts: long lists of words are settings too.
const MOST_CHECKS: u64 = 250_000;
/// Schemas inside of schemas, and what they lead to. Whatever checks them calls itself.
const DEEPEST: usize = 300;

const IN_PLACE: [&str; 4] = ["not", "if", "then", "else"];
const IN_PLACE_LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const IN_PLACE_MAPS: [&str; 2] = ["dependentSchemas", "dependencies"];
const OF_ITEMS: [&str; 4] = ["items", "additionalItems", "unevaluatedItems", "contains"];
const OF_MEMBERS: [&str; 2] = ["additionalProperties", "unevaluatedProperties"];
/// What is looked through whole at each visit.
const LISTS: [&str; 6] =
    ["enum", "required", "properties", "dependencies", "dependentSchemas", "dependentRequired"];

/// Whether a schema can be built and followed at all.
pub(super) fn check_schema(schema: &Value) -> Result<(), String> {
    let bytes = schema.to_string().len();
    if bytes > LARGEST {
        return Err(format!("{bytes} bytes are more than {LARGEST}"));
    }
    let mut patterns = 0;
    look_over(schema, is_draft_4(schema), true, &mut patterns)?;
    if patterns > MOST_PATTERNS {
        return Err(format!("{patterns} patterns are more than {MOST_PATTERNS}"));
    }
    let mut walk = Walk::new(schema, MOST_VISITS);
    walk.visit(schema, None).map_err(|stop| match stop {
        Stop::Steps => format!(
            "following it takes more than {MOST_VISITS} steps: what is led to several times counts as often; make it \
             simpler"
        ),
        Stop::Other(reason) => reason,
    })
}

/// Whether `settings` can be checked against a schema that [`check_schema`] took: one that leads to itself is followed
/// as deep as they go.
pub(super) fn check_settings(schema: &Value, settings: &Value) -> Result<(), String> {
    Walk::new(schema, MOST_CHECKS).visit(schema, Some(settings)).map_err(|stop| match stop {
        Stop::Steps => {
            format!("checking them takes more than {MOST_CHECKS} steps; make them or their schema shorter")
        }
        Stop::Other(reason) => reason,
    })
}

fn is_draft_4(schema: &Value) -> bool {
    schema.get("$schema").and_then(Value::as_str).is_some_and(|draft| draft.contains("draft-04"))
}

/// Counts patterns, wherever they are, and refuses what would make references mean something else than they say.
fn look_over(value: &Value, is_draft_4: bool, is_root: bool, patterns: &mut usize) -> Result<(), String> {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match (key.as_str(), member) {
                    ("pattern", Value::String(_)) => *patterns += 1,
                    ("patternProperties", Value::Object(inner)) => *patterns += inner.len(),
                    ("$dynamicRef" | "$recursiveRef", Value::String(_)) => {
                        return Err(format!("`{key}` is not known here; use `$ref`"));
                    }
                    ("$id", Value::String(_)) if !is_root => {
                        return Err("only the schema itself can have an `$id`, not one inside of it".into());
                    }
                    ("id", Value::String(_)) if !is_root && is_draft_4 => {
                        return Err("only the schema itself can have an `id`, not one inside of it".into());
                    }
                    _ => {}
                }
                look_over(member, is_draft_4, false, patterns)?;
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(|it| look_over(it, is_draft_4, false, patterns)),
        _ => Ok(()),
    }
}

enum Stop {
    Steps,
    Other(String),
}

/// Goes where a validator would go, and a little further.
struct Walk<'a> {
    root: &'a Value,
    left: u64,
    depth: usize,
    /// References that are being followed, and the value that each is followed for: no second time.
    open: Vec<(*const Value, Option<*const Value>)>,
}

impl<'a> Walk<'a> {
    fn new(root: &'a Value, steps: u64) -> Self {
        Self { root, left: steps, depth: 0, open: Vec::new() }
    }

    /// For the value `on`, or for whatever there could be.
    fn visit(&mut self, schema: &'a Value, on: Option<&Value>) -> Result<(), Stop> {
        self.left = self.left.checked_sub(cost(schema, on)).ok_or(Stop::Steps)?;
        let Some(schema) = schema.as_object() else { return Ok(()) };
        if self.depth == DEEPEST {
            return Err(Stop::Other(format!("it leads deeper than {DEEPEST} schemas inside of schemas")));
        }
        self.depth += 1;
        // To know what nobody has looked at, what looks in the same place is asked once more, and again inside of it.
        let rounds = if schema.keys().any(|key| key.starts_with("unevaluated")) { 3 } else { 1 };
        for _ in 0..rounds {
            self.visit_in_place(schema, on)?;
        }
        self.visit_items(schema, on)?;
        self.visit_members(schema, on)?;
        self.depth -= 1;
        Ok(())
    }

    fn visit_in_place(&mut self, schema: &'a Map<String, Value>, on: Option<&Value>) -> Result<(), Stop> {
        let single = IN_PLACE.iter().filter_map(|key| schema.get(*key));
        let lists = IN_PLACE_LISTS.iter().filter_map(|key| schema.get(*key)?.as_array()).flatten();
        let maps = IN_PLACE_MAPS.iter().filter_map(|key| schema.get(*key)?.as_object()).flat_map(Map::values);
        for inner in single.chain(lists).chain(maps) {
            self.visit(inner, on)?;
        }
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return Ok(()) };
        let target = self.find(reference).map_err(Stop::Other)?;
        let step = (std::ptr::from_ref(target), on.map(std::ptr::from_ref));
        if self.open.contains(&step) {
            return Ok(());
        }
        self.open.push(step);
        self.visit(target, on)?;
        self.open.pop();
        Ok(())
    }

    fn visit_items(&mut self, schema: &'a Map<String, Value>, on: Option<&Value>) -> Result<(), Stop> {
        let items = match on {
            Some(Value::Array(items)) => Some(items),
            Some(_) => return Ok(()),
            None => None,
        };
        for inner in OF_ITEMS.iter().filter_map(|key| schema.get(*key)).filter(|it| !it.is_array()) {
            self.visit_each(inner, items.map(|items| items.iter()))?;
        }
        let lists = ["prefixItems", "items"].iter().filter_map(|key| schema.get(*key)?.as_array());
        for (index, inner) in lists.flat_map(|list| list.iter().enumerate()) {
            self.visit_each(inner, items.map(|items| items.get(index).into_iter()))?;
        }
        Ok(())
    }

    fn visit_members(&mut self, schema: &'a Map<String, Value>, on: Option<&Value>) -> Result<(), Stop> {
        let members = match on {
            Some(Value::Object(members)) => Some(members),
            Some(_) => return Ok(()),
            None => None,
        };
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (key, inner) in properties {
                self.visit_each(inner, members.map(|members| members.get(key).into_iter()))?;
            }
        }
        let single = OF_MEMBERS.iter().filter_map(|key| schema.get(*key));
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        for inner in single.chain(patterns.into_iter().flat_map(Map::values)) {
            self.visit_each(inner, members.map(Map::values))?;
        }
        if let Some(inner) = schema.get("propertyNames") {
            for _ in 0..members.map_or(1, Map::len) {
                self.visit(inner, None)?;
            }
        }
        Ok(())
    }

    /// For each of these values, or once for whatever there could be.
    fn visit_each<'v>(
        &mut self,
        inner: &'a Value,
        values: Option<impl Iterator<Item = &'v Value>>,
    ) -> Result<(), Stop> {
        match values {
            Some(mut values) => values.try_for_each(|value| self.visit(inner, Some(value))),
            None => self.visit(inner, None),
        }
    }

    fn find(&self, reference: &str) -> Result<&'a Value, String> {
        let elsewhere = || format!("`$ref` leads to {reference:.100}; it can only lead to `#` or `#/…`");
        let place = reference.strip_prefix('#').ok_or_else(elsewhere)?;
        if !place.is_empty() && !place.starts_with('/') {
            return Err(elsewhere());
        }
        let place = unescaped(place).ok_or_else(elsewhere)?;
        self.root
            .pointer(&place)
            .ok_or_else(|| format!("`$ref` leads to {reference:.100}, and nothing is there"))
    }
}

/// One visit, and what is looked through in it.
fn cost(schema: &Value, on: Option<&Value>) -> u64 {
    let Some(schema) = schema.as_object() else { return 1 };
    let length = |value: &Value| value.as_array().map(Vec::len).or(value.as_object().map(Map::len));
    let lists: usize = LISTS.iter().filter_map(|key| length(schema.get(*key)?)).sum();
    let patterns = schema.get("patternProperties").and_then(Value::as_object).map_or(0, Map::len)
        + usize::from(schema.contains_key("propertyNames"));
    let letters = match on {
        Some(Value::String(text)) if schema.contains_key("pattern") => text.len(),
        Some(Value::Object(members)) => patterns * members.keys().map(String::len).sum::<usize>(),
        _ => 0,
    };
    (1 + lists / 16 + letters / 4) as u64
}

/// With what stands there as `%2F`.
fn unescaped(place: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(place.len());
    let mut rest = place.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;

    use super::{super::Schema, *};

    /// `d0`, and others that each are made by `next` from a reference to the one before.
    fn chain(length: usize, next: impl Fn(Value) -> Value) -> Value {
        let mut defs = Map::new();
        defs.insert("d0".into(), json!({ "type": "object" }));
        for number in 1..length {
            defs.insert(format!("d{number}"), next(json!({ "$ref": format!("#/$defs/d{}", number - 1) })));
        }
        json!({ "$ref": format!("#/$defs/d{}", length - 1), "$defs": defs })
    }

    #[test]
    fn schemas_that_double_are_refused() {
        for doubling in [
            (|inner| json!({ "allOf": [inner, inner] })) as fn(Value) -> Value,
            |inner| json!({ "if": inner, "then": inner }),
            |inner| json!({ "properties": { "a": inner, "b": inner } }),
            |inner| json!({ "anyOf": [inner], "unevaluatedProperties": false }),
        ] {
            let refused = Schema::build(&chain(40, doubling)).unwrap_err();
            assert!(refused.contains("more than 10000 steps"), "{refused}");
            assert_eq!(check_schema(&chain(6, doubling)), Ok(()));
        }
    }

    #[test]
    fn settings_do_not_double_what_leads_to_itself() {
        let twice = json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] });
        let schema = json!({ "type": "object", "properties": { "a": twice } });
        let built = Schema::build(&schema).unwrap();
        let nested = |depth| (0..depth).fold(json!({}), |inner, _| json!({ "a": inner }));
        assert_eq!(built.check(&nested(8)), Ok(()));
        let refused = built.check(&nested(60)).unwrap_err().join(" ");
        assert!(refused.contains("more than 250000 steps"), "{refused}");
    }

    #[test]
    fn what_is_not_refused_does_not_take_long() {
        let began = Instant::now();
        // As deep, and as long, as it may be.
        let deep = chain(DEEPEST - 1, |inner| json!({ "anyOf": [inner] }));
        assert!(check_schema(&deep).unwrap_err().contains("deeper than"));
        let deep = chain(DEEPEST / 2 - 1, |inner| json!({ "anyOf": [inner] }));
        assert_eq!(Schema::build(&deep).unwrap().check(&json!({})), Ok(()));
        let words = vec![json!("word"); 50_000];
        let list = json!({ "properties": { "words": { "items": { "type": "string", "pattern": "^w" } } } });
        assert_eq!(Schema::build(&list).unwrap().check(&json!({ "words": words })), Ok(()));
        let unevaluated = chain(7, |inner| json!({ "anyOf": [inner], "unevaluatedProperties": false }));
        assert!(Schema::build(&unevaluated).unwrap().check(&json!({ "a": 1 })).is_err());
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }

    #[test]
    fn patterns_are_few_and_small() {
        let with = |count: usize, pattern: &str| {
            let property = |number| (format!("k{number}"), json!({ "type": "string", "pattern": pattern }));
            Schema::build(&json!({ "properties": (0..count).map(property).collect::<Map<_, _>>() })).map(drop)
        };
        assert_eq!(with(100, "^[a-z0-9_.-]{1,64}@\\w+$"), Ok(()));
        let refused = with(101, "x").unwrap_err();
        assert!(refused.contains("101 patterns are more than 100"), "{refused}");
        let refused = with(1, r"\pL{90}1").unwrap_err();
        assert!(refused.contains("262144 bytes"), "{refused}");
        for usual in [r"^\S{20,100}$", r"^\p{L}+$"] {
            assert_eq!(with(1, usual), Ok(()), "{usual}");
        }
        for large in [r"^\p{L}{100}$", r"\p{L}{1,300}", r"(\p{L}+\p{N}){90}"] {
            assert!(with(1, large).is_err(), "{large}");
        }
        let keys: Map<_, _> = (0..101).map(|number| (format!("^{number}"), json!(true))).collect();
        assert!(Schema::build(&json!({ "items": { "patternProperties": keys } })).is_err());
        assert!(Schema::build(&json!({ "patternProperties": { r"\pL{90}": true } })).is_err());
    }

    #[test]
    fn schemas_of_megabytes_are_refused() {
        let refused = Schema::build(&json!({ "description": "x".repeat(LARGEST) })).unwrap_err();
        assert!(refused.contains("bytes are more than 65536"), "{refused}");
    }

    #[test]
    fn references_lead_into_the_schema_itself() {
        let named =
            |reference: &str| json!({ "$ref": reference, "$defs": { "a b/c": { "type": "object" } } });
        assert_eq!(check_schema(&named("#/$defs/a%20b~1c")), Ok(()));
        for (schema, told) in [
            (named("#/$defs/z"), "nothing is there"),
            (named("#name"), "can only lead to"),
            (named("https://json-schema.org/draft/2020-12/schema"), "can only lead to"),
            (json!({ "$dynamicRef": "#x" }), "`$dynamicRef`"),
            (json!({ "$defs": { "a": { "$id": "https://example.com/a" } } }), "`$id`"),
            (json!({ "$schema": "http://json-schema.org/draft-04/schema#", "not": { "id": "a" } }), "`id`"),
        ] {
            let refused = check_schema(&schema).unwrap_err();
            assert!(refused.contains(told), "{refused}");
        }
        let own = json!({ "$id": "https://example.com/settings", "properties": { "id": { "default": { "id": "x" } } } });
        assert_eq!(check_schema(&own), Ok(()));
    }
}
