use serde::{Deserialize, Serialize};

/// What becomes of the messages that a filter failed on.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// They count as kept.
    Keep,
    /// They count as dropped.
    Drop,
    /// The run fails: nothing is lost without a word.
    #[default]
    FailRun,
}
