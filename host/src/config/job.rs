use std::fmt;

use serde_json::Value;

use crate::model::Policy;

/// A `[jobs.<name>]` table: the kind, the keys that every job has, and the kind's own settings.
#[derive(Clone, PartialEq)]
pub struct JobSection {
    pub kind: String,
    pub policy: Policy,
    /// What only this kind understands: checked against its schema, secrets in plain text.
    pub settings: Value,
    /// The same for people: secrets are masked.
    pub shown_settings: Value,
}

impl fmt::Debug for JobSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobSection")
            .field("kind", &self.kind)
            .field("policy", &self.policy)
            .field("settings", &self.shown_settings)
            .finish_non_exhaustive()
    }
}
