//! What a plugin asks for, and what the operator gives.

use serde::{Deserialize, Serialize};

/// `wants` of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wants {
    pub http: Vec<HttpWant>,
    pub run: Vec<RunWant>,
    pub kv: Option<SpaceWant>,
    pub scratch: Option<SpaceWant>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpWant {
    pub host: String,
    #[serde(default)]
    pub methods: Vec<String>,
    #[serde(default)]
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunWant {
    pub program: String,
    #[serde(default)]
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceWant {
    pub bytes: u64,
    #[serde(default)]
    pub why: String,
}

/// What the operator gives one plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {}

impl Wants {
    /// Whether it asks for anything of `capability`: "http", "run", "kv" or "scratch".
    pub fn asks_for(&self, capability: &str) -> bool {
        match capability {
            "http" => !self.http.is_empty(),
            "run" => !self.run.is_empty(),
            "kv" => self.kv.is_some(),
            "scratch" => self.scratch.is_some(),
            _ => false,
        }
    }
}
