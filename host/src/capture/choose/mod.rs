//! Which chats are in.
//!
//! Five questions, the first answer counts: left out everywhere, left out in the lists of its type, taken
//! everywhere, taken in the lists of its type, of a type that is taken. Before them stands the strict list:
//! when there is one, it alone decides. Nothing here asks anybody; the same facts give the same answer.

mod explain;
mod name;
mod rules;

pub use explain::{Explanation, Said, Step};
pub use name::{ChatName, SkippedTopic};
pub use rules::{Facts, RuleError, Rules};
