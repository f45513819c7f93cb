use serde::Deserialize;

use crate::model::Policy;

/// A `[jobs.<name>]` table: the kind, the keys that every job has, and the kind's own settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct JobSection {
    pub kind: String,
    #[serde(flatten)]
    pub policy: Policy,
    /// What only this kind understands, secrets resolved. Checked against the kind's schema.
    #[serde(skip)]
    pub settings: serde_json::Value,
}
