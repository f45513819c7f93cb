//! Calls of plugins by their kind, in the model's own types. A call takes the code that is current
//! when it begins, and believes an answer only after it was checked.

mod answer;
mod apart;
mod backend;
mod batch;
mod codes;
#[cfg(test)]
mod contract_tests;
mod crew;
mod exporter;
mod extra;
mod filter;
mod people;
mod pieces;
mod record;
mod redact;
#[cfg(test)]
pub(crate) mod samples;
mod seat;
#[cfg(test)]
mod tests;
mod verdict;

pub use apart::{Apart, Panicked};
pub use backend::{BackendHandle, CallTerms};
pub use exporter::{ExportOptions, ExporterHandle, ExporterSession, FileFormat};
pub use extra::{Archived, Beside, Names};
pub use filter::FilterHandle;
pub use pieces::Piece;
pub use redact::redact;
pub use verdict::{Cut, Decision, Verdict, settle};

pub(crate) use answer::bad_settings;
pub(crate) use crew::{Crew, Lane, PATIENCE, give_way};
pub(crate) use seat::{Idle, KEPT};
