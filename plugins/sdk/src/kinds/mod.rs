//! What a plugin can be: one trait each.

mod backend;
pub(crate) mod exporter;
pub(crate) mod filter;

pub use backend::{Sink, TrackBackend};
pub use exporter::{Exporter, Output};
pub use filter::{ChatFilter, Verdicts};
