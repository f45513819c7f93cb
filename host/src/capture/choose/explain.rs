//! Why a chat is in or out, step by step.

use std::fmt;

use serde::Serialize;

/// What a step said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// Nothing: the next step decides.
    Nothing,
    Takes,
    LeavesOut,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The key of the configuration that it asks.
    pub asks: String,
    pub said: Said,
    pub why: String,
}

/// All steps that were asked; the last one has decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub is_in: bool,
    pub steps: Vec<Step>,
    /// Its place among those that come first, from 1.
    pub priority: Option<usize>,
    /// Why its files are left out.
    pub without_media: Option<String>,
    /// Topics of it that are not kept.
    pub skipped_topics: Vec<i32>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            let said = match step.said {
                Said::Nothing => "no answer",
                Said::Takes => "in",
                Said::LeavesOut => "out",
            };
            writeln!(f, "{}. {}: {said}; {}", number + 1, step.asks, step.why)?;
        }
        f.write_str(if self.is_in { "So it is captured" } else { "So it is not captured" })?;
        if !self.is_in {
            return Ok(());
        }
        if let Some(place) = self.priority {
            write!(f, ", as number {place} of those that come first")?;
        }
        if let Some(why) = &self.without_media {
            write!(f, ", without files: {why}")?;
        }
        if !self.skipped_topics.is_empty() {
            let topics: Vec<String> = self.skipped_topics.iter().map(ToString::to_string).collect();
            write!(f, ", without topics {}", topics.join(", "))?;
        }
        Ok(())
    }
}
