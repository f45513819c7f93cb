//! What a file says of itself.

use std::{collections::BTreeSet, path::Path};

use serde::{Deserialize, Serialize};

use super::{walk::MANIFEST_SECTION, words};
use crate::{
    model::{PluginName, Wants},
    plugin_host::{FileProblem, schema::SettingsSchema},
};

/// Larger ones are no manifests.
const LARGEST: usize = 1 << 20;
const LONGEST_SUMMARY: usize = 1000;
const LONGEST_WHY: usize = 500;
/// Of each kind of wish, of columns, and of letters in the name of one.
const MOST: usize = 100;

/// The custom section `tapedeck:manifest`, or the answer to `describe`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub id: String,
    pub version: String,
    pub summary: String,
    /// The version of the kit that it was written with.
    #[serde(default)]
    pub sdk: Option<String>,
    #[serde(default)]
    pub wants: Wants,
    /// Facts that it reads from `extra` of batches and messages.
    #[serde(default)]
    pub columns: Vec<String>,
    #[serde(default)]
    pub settings_schema: Option<SettingsSchema>,
}

impl Manifest {
    /// From the sections of that name and the depth of each. The outermost counts: it was put there on purpose.
    pub(super) fn of_sections(
        path: &Path,
        sections: &[(usize, Vec<u8>)],
    ) -> Result<Option<Self>, FileProblem> {
        let Some(depth) = sections.iter().map(|(depth, _)| *depth).min() else { return Ok(None) };
        let mut outermost: Vec<&[u8]> =
            sections.iter().filter(|(at, _)| *at == depth).map(|(_, data)| &data[..]).collect();
        outermost.dedup();
        let [section] = outermost[..] else {
            let reason = format!("{} different sections {MANIFEST_SECTION}", outermost.len());
            return Err(bad(path, reason));
        };
        if section.len() > LARGEST {
            return Err(bad(path, format!("{} bytes are more than {LARGEST}", section.len())));
        }
        Self::parse(path, section).map(Some)
    }

    /// Unknown keys belong to later versions.
    pub(crate) fn parse(path: &Path, json: &[u8]) -> Result<Self, FileProblem> {
        let mut manifest: Self =
            serde_json::from_slice(json).map_err(|error| bad(path, error.to_string()))?;
        words::soothe(&mut manifest);
        manifest.check().map_err(|reason| bad(path, reason))?;
        // Each is filled once for every message, however often it is named.
        let mut seen = BTreeSet::new();
        manifest.columns.retain(|name| seen.insert(name.clone()));
        Ok(manifest)
    }

    /// For an instance that nobody knows yet.
    pub(crate) fn nobody() -> Self {
        Self {
            id: "unknown".into(),
            version: "0.0.0".into(),
            summary: String::new(),
            sdk: None,
            wants: Wants::default(),
            columns: Vec::new(),
            settings_schema: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        self.id.parse::<PluginName>().map_err(|error| format!("`id`: {error}"))?;
        if !is_version(&self.version) {
            let version = super::contract::shown(&self.version);
            return Err(format!("`version`: `{version}` is none; write it as 1.2.3"));
        }
        if self.summary.chars().count() > LONGEST_SUMMARY {
            return Err(format!("`summary` has more than {LONGEST_SUMMARY} letters"));
        }
        let wants = &self.wants;
        let columns = self.columns.len().max(self.columns.iter().map(String::len).max().unwrap_or(0));
        for (key, count) in [
            ("sdk", self.sdk.as_ref().map_or(0, String::len)),
            ("columns", columns),
            ("wants.http", wants.http.len()),
            ("wants.run", wants.run.len()),
            ("wants", wants.unknown.len()),
        ] {
            if count > MOST {
                return Err(format!("`{key}` is longer than {MOST}"));
            }
        }
        if wants.lines().iter().any(|(_, why)| why.is_some_and(|why| why.chars().count() > LONGEST_WHY)) {
            return Err(format!("a `why` has more than {LONGEST_WHY} letters"));
        }
        if let Some(schema) = &self.settings_schema {
            schema.check().map_err(|error| format!("`settings_schema`: {error}"))?;
        }
        Ok(())
    }
}

fn bad(path: &Path, reason: String) -> FileProblem {
    FileProblem::BadManifest { path: path.to_owned(), reason }
}

/// Semver, as far as people and logs need it.
fn is_version(text: &str) -> bool {
    let (core, rest) = text.split_at(text.find(['-', '+']).unwrap_or(text.len()));
    let is_number =
        |part: &str| !part.is_empty() && part.len() <= 10 && part.bytes().all(|b| b.is_ascii_digit());
    let is_tail = |c: char| c.is_ascii_alphanumeric() || "-+.".contains(c);
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        && rest.len() <= 64
        && rest.chars().all(is_tail)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(value: &Value) -> Result<Manifest, String> {
        let json = serde_json::to_vec(value).unwrap();
        Manifest::parse(Path::new("x.wasm"), &json).map_err(|problem| problem.to_string())
    }

    fn with(key: &str, value: Value) -> Value {
        let mut whole = json!({ "id": "keywords", "version": "1.2.0", "summary": "Keeps and drops." });
        whole[key] = value;
        whole
    }

    #[test]
    fn the_least_is_enough() {
        let manifest = parse(&with("later", json!(1))).unwrap();
        assert_eq!((manifest.id.as_str(), manifest.sdk), ("keywords", None));
        assert_eq!(manifest.wants, Wants::default());
        let twice = parse(&with("columns", json!(["mime", "json", "mime"]))).unwrap();
        assert_eq!(twice.columns, ["mime", "json"]);
    }

    #[test]
    fn wrong_ones_say_what_is_wrong() {
        for (key, value, told) in [
            ("id", json!("No Id"), "`id`"),
            ("version", json!("one"), "write it as 1.2.3"),
            ("version", json!("1.2.3 \u{1b}"), "write it as 1.2.3"),
            ("summary", json!("x".repeat(1001)), "`summary`"),
            ("summary", json!(7), "string"),
            ("wants", json!({ "kv": true }), "SpaceWant"),
            ("settings_schema", json!({ "type": 7 }), "`settings_schema`"),
            ("settings_schema", json!({ "enum": ["x".repeat(1 << 16)] }), "65536"),
            ("columns", json!(vec!["json"; 101]), "`columns`"),
            ("columns", json!(["x".repeat(101)]), "`columns`"),
            ("version", json!(format!("1.2.3-{}", "x".repeat(64))), "write it as 1.2.3"),
            ("wants", json!({ "http": vec![json!({ "host": "a.org" }); 101] }), "`wants.http`"),
            ("wants", (0..101).map(|it| (format!("later-{it}"), json!(1))).collect(), "`wants`"),
            ("sdk", json!("1".repeat(101)), "`sdk`"),
            ("wants", json!({ "run": vec![json!({ "program": "sh" }); 101] }), "`wants.run`"),
            ("wants", json!({ "kv": { "bytes": 1, "why": "x".repeat(501) } }), "`why`"),
        ] {
            let text = parse(&with(key, value)).unwrap_err();
            assert!(text.starts_with("x.wasm: its manifest") && text.contains(told), "{text}");
        }
        assert!(Manifest::parse(Path::new("x"), b"{").unwrap_err().to_string().contains("EOF"));
    }

    #[test]
    fn the_outermost_section_counts() {
        let of = |sections: &[(usize, Value)]| {
            let sections: Vec<_> =
                sections.iter().map(|(depth, json)| (*depth, serde_json::to_vec(json).unwrap())).collect();
            Manifest::of_sections(Path::new("x.wasm"), &sections)
        };
        let (one, two) = (with("id", json!("one")), with("id", json!("two")));
        assert_eq!(of(&[(2, one.clone()), (1, two.clone())]).unwrap().unwrap().id, "two");
        assert_eq!(of(&[(2, one.clone()), (2, one.clone())]).unwrap().unwrap().id, "one");
        assert!(of(&[(2, one), (2, two)]).unwrap_err().to_string().contains("2 different"));
        assert!(of(&[]).unwrap().is_none());
    }

    #[test]
    fn manifests_of_megabytes_are_not_read() {
        let mut section = serde_json::to_vec(&with("later", json!(1))).unwrap();
        section.resize(LARGEST, b' ');
        assert!(Manifest::of_sections(Path::new("x.wasm"), &[(1, section.clone())]).is_ok());
        section.push(b' ');
        let refused = Manifest::of_sections(Path::new("x.wasm"), &[(1, section)]).unwrap_err().to_string();
        assert!(refused.contains("1048577 bytes are more than 1048576"), "{refused}");
    }
}
