//! The archive, written out by exporters: one pass over it feeds all of them.
//!
//! - What is being written lies in a `.part` folder beside its goal until all of it is on the disk; then it takes
//!   the goal's place at once. Whatever goes wrong before leaves the export of before as it was.
//! - Nothing is replaced or deleted that does not carry our mark: `mark.rs` puts it into every folder that we write.
//! - Exporters are strangers: what they write are files that we made for it, and never a link that leads elsewhere.
//! - Memory does not grow with messages: one page is read while the ones before are written.
//! - An incremental export appends what the change feed tells since the last one: as one more file, or onto the pages
//!   that it belongs to. Formats whose files have to be whole are written anew, and only if there is something new.

mod append;
mod choose;
mod error;
mod extent;
mod facts;
mod formats;
mod goal;
mod increment;
mod mark;
mod media;
mod pages;
mod pass;
mod people;
mod place;
mod reader;
mod request;
mod run;
mod sheet;
mod space;
mod staging;
mod writer;

pub use choose::{Chosen, Namesake, choose, is_title, named};
pub use error::ExportError;
pub use formats::{Offer, Offers, offers, wanted};
pub use goal::{Template, UnknownPlace};
pub use mark::Mark;
pub use media::MediaMode;
pub use request::{Filter, FormatUse, Goal, Growth, Request, moment};
pub use run::{ExportParts, Exported, Place, Progress, Watch, export};

#[cfg(test)]
mod tests;
