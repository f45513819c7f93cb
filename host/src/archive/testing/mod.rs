//! What tests of the archive need from the rest of the crate.

pub(crate) mod worlds;
