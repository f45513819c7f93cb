//! Runs other people's code, so that nothing can go wrong but that code.
//!
//! Promises: a file is read, checked and only then compiled, never run to find out what it is
//! (but for `describe`, in an instance that may do nothing); what a plugin may do was both asked
//! for in its file and granted by the operator; every call has a deadline and bounds, and its
//! failure is an error that names plugin and version; new code takes over between two calls, and
//! broken code never does. Types of wasmtime stay in here and in `host/bindings`.

mod bounded;
mod cache;
mod calls;
mod capability;
mod compile;
mod describe;
mod engine;
mod error;
mod figures;
mod folders;
mod grants;
#[cfg(test)]
#[path = "../../tests/plugins/support/guest.rs"]
pub(crate) mod guest;
mod inspect;
mod limits;
mod link;
mod registry;
mod schema;
mod secrets;
mod settings;
mod store;
mod survey;
#[cfg(test)]
mod tests;

pub(crate) use cache::check_folder as check_cache_folder;
pub use calls::{
    Apart, Archived, BackendHandle, Beside, CallTerms, Cut, Decision, ExportOptions, ExporterHandle,
    ExporterSession, FileFormat, FilterHandle, Names, Panicked, Piece, Verdict, redact, settle,
};
pub use capability::{
    OutsideError,
    http::{Lookup, system_lookup},
};
pub use compile::{COMMAND as COMPILE_COMMAND, compile_apart, compile_for_parent};
pub use error::{Failure, FileProblem, GuestFailure, Limit, PluginError, Who};
pub use grants::Giving;
pub use inspect::{Inspection, Manifest, inspect};
pub use registry::{Plugins, PluginsParts, remains};
pub use schema::SettingsSchema;
pub use secrets::Secrets;
pub use settings::{BreakerSettings, HostSettings, PluginSettings};
pub use survey::{Complaint, Surveyed, survey};
