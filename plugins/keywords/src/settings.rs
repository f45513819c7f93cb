//! What the operator may set.

use schemars::JsonSchema;
use serde::Deserialize;

/// Rules are tried in their order. Those that redact add up; the first that keeps or drops decides.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// What becomes of messages that no rule matches.
    #[serde(default)]
    pub otherwise: Otherwise,
}

/// A rule matches a message that has one of its words or patterns.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Given as the reason; `rule 1` and so on if there is none.
    #[serde(default)]
    pub name: String,
    pub action: Action,
    /// Words or phrases, as they are written.
    #[serde(default)]
    pub words: Vec<String>,
    /// Regular expressions, in the syntax of Rust's `regex`.
    #[serde(default)]
    pub patterns: Vec<String>,
    /// Whether a word must stand by itself. `cat` is then not found in `concatenate`. Between
    /// characters of scripts without spaces, such as Chinese, every place will do.
    #[serde(default = "yes")]
    pub whole_words: bool,
    /// Whether capitals differ from small letters.
    #[serde(default)]
    pub match_case: bool,
    /// What a rule that redacts writes instead.
    #[serde(default = "black")]
    pub replacement: String,
    /// Only in these chats; empty for all.
    #[serde(default)]
    pub chats: Vec<i64>,
    /// Not in these chats.
    #[serde(default)]
    pub except_chats: Vec<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Keeps the message, whatever later rules say.
    Keep,
    /// Does not store the message.
    Drop,
    /// Stores it with what was found blacked out.
    Redact,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Otherwise {
    #[default]
    Keep,
    Drop,
}

fn yes() -> bool {
    true
}

fn black() -> String {
    "███".to_owned()
}
