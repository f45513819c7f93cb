//! One file per world: it exports the interface of one kind and takes types and imports from
//! [`capability`]. What a plugin exports besides is of no interest, so a plugin of several kinds
//! fits several worlds.

pub(crate) mod capability;
pub mod chat_filter;
pub mod chat_filter_records;
pub mod describe;
pub mod exporter;
pub mod probe;
pub mod probe_async;
pub mod track_backend;
