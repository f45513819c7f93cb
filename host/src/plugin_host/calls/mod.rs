//! Calls of plugins by their kind, in the model's own types. A call takes the code that is current
//! when it begins, and believes an answer only after it was checked.

mod answer;
mod batch;
mod codes;
mod crew;
mod extra;
mod people;
mod record;
mod redact;
#[cfg(test)]
mod samples;
mod verdict;

pub use extra::Names;
pub use redact::redact;
pub use verdict::{Cut, Decision, Verdict, settle};

pub(crate) use crew::Crew;
